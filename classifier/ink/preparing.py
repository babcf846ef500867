"""Any picture, or strokes, to the MNIST convention, step by step.

The convention (http://yann.lecun.com/exdb/mnist): light ink on black, the ink's box scaled with
its aspect kept to 20×20 with anti-aliasing, placed in 28×28 so that the ink's centre of mass is in
the middle. To that comes the pen, brought to the width that MNIST's writers used.

"Ink" here is always (H, W) float32, 0 for paper to 1 for full ink. Knows nothing of files,
networks or the page.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import paper

BOX = 20  # pixels: longer side of the ink's box in the network input
WORK = 8  # the ink is handled at this many times the network's resolution, then averaged down
PEN = (1.9, 4.35)  # pixels of 28: widths left as they are; the 5th and 95th percentile in MNIST
PEN_OF_STROKES = 2.0  # pixels of 28: width in which strokes are rendered
_LONGEST_SIDE = 640  # pixels: larger pictures are reduced first
_LEAST_CONTRAST = 0.12  # of full scale between paper and ink: less is paper noise
_FINE_PEN = 1.0  # pixels of 28: fine enough to keep the gaps between strokes open
_DOT = 0.025  # of the canvas's side: strokes that stay within this are taps
_FAINT = 0.1  # of full ink: less is paper
_INK = 0.5  # from here on a pixel counts as ink where a yes or no is needed


class Verdict(enum.Enum):
    """Whether there is one digit to read, before any network is asked."""

    READABLE = "readable"  # there is one shape
    BLANK = "blank"  # there is no ink
    DOT = "dot"  # all ink lies within a dot
    FULL = "full"  # there is so much ink that it has no shape
    SEVERAL = "several"  # two digits or more stand side by side


@dataclass(frozen=True)
class Prepared:
    """What became of a picture, each step by itself. Steps after the verdict are None if not
    READABLE, except for SEVERAL.

    ink: (H, W) float32, what was found
    box: (h, w) float32, cropped to the ink, its pen within MNIST's range
    scaled: (h, w) uint8, longer side BOX
    network_input: (28, 28) uint8, 0–255, ink is high
    """

    verdict: Verdict
    ink: np.ndarray
    box: np.ndarray | None = None
    scaled: np.ndarray | None = None
    network_input: np.ndarray | None = None


def prepare(picture: np.ndarray) -> Prepared:
    """Take a picture all the way; see `find_ink` for what a picture may be."""
    return prepare_ink(drop_specks(find_ink(picture)))


def prepare_ink(ink: np.ndarray) -> Prepared:
    """Take ink that was found, (H, W) float32, the rest of the way."""
    verdict = judge(ink)
    if verdict not in (Verdict.READABLE, Verdict.SEVERAL):
        return Prepared(verdict, ink)
    return _finish(verdict, ink, adjust_pen(crop_to_ink(ink)))


def prepare_strokes(strokes: Sequence[np.ndarray], size: int, pen: float) -> Prepared:
    """Take strokes, each (k, 2) in pixels of a square canvas, all the way.

    size: side of the canvas, pixels; pen: width of its pen, pixels.
    The canvas as it looks decides the verdict. The network input is rendered from the strokes'
    middle lines, so it does not depend on place, scale or pen at all.
    """
    if not strokes:
        return Prepared(Verdict.BLANK, np.zeros((size, size), np.float32))
    ink = render_strokes(strokes, size, pen)
    strokes = drop_stray_strokes(strokes)
    if np.ptp(np.concatenate(strokes), axis=0).max() < _DOT * size:
        return Prepared(Verdict.DOT, ink)
    verdict = judge(ink, render_box(strokes, _FINE_PEN))
    if verdict not in (Verdict.READABLE, Verdict.SEVERAL):
        return Prepared(verdict, ink)
    return _finish(verdict, ink, render_box(strokes))


def draw_over(image: np.ndarray, strokes: Sequence[np.ndarray], size: int, pen: float) -> Prepared:
    """Take a network input (28, 28) uint8 as it is, with strokes drawn over it on a canvas on which
    it fills the square; arguments otherwise as for `prepare_strokes`. It has no steps between."""
    drawn = render_strokes(strokes, size, pen)
    pixels = cv2.resize(drawn, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    result = np.maximum(image, np.rint(pixels * 255).astype(np.uint8))
    if not result.any():
        return Prepared(Verdict.BLANK, drawn)
    fine = cv2.resize(image, (size, size), interpolation=cv2.INTER_NEAREST) / np.float32(255)
    return Prepared(Verdict.READABLE, np.maximum(fine, drawn), network_input=result)


def _finish(verdict: Verdict, ink: np.ndarray, box: np.ndarray) -> Prepared:
    scaled = scale_to_box(box)
    return Prepared(verdict, ink, box, scaled, centre(scaled))


def find_ink(picture: np.ndarray) -> np.ndarray:
    """Ink of a picture, whatever its colours: (H, W) float32, 0–1.

    picture: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or float 0–1.
    Paper is the colour that prevails along the edge; ink is what differs from it, in any channel.
    Where parts are transparent, either the opaque parts are the ink, or, if these show a contrast
    of their own, they lie on paper of their prevailing colour. All zero if nothing stands out.
    """
    colours = _to_unit(picture)
    colours = _reduce(colours)
    if colours.shape[2] == 4:
        opacity = colours[..., 3]
        colours = colours[..., :3]
        if opacity.min() < 0.5:
            solid = opacity >= 0.5
            if not solid.any():
                return np.zeros(opacity.shape, np.float32)
            spread = np.percentile(colours[solid], [2, 98], axis=0)
            if (spread[1] - spread[0]).max() < 0.3:
                return _stretch(opacity)
            sheet = np.median(colours[solid], axis=0)
            colours = colours * opacity[..., None] + sheet * (1 - opacity[..., None])
            return _stretch(np.abs(colours - sheet).max(axis=2))
    if paper.is_photo(colours.mean(axis=2)):
        return paper.find_ink(colours)
    edge = np.concatenate([colours[0], colours[-1], colours[1:-1, 0], colours[1:-1, -1]])
    return _stretch(np.abs(colours - np.median(edge, axis=0)).max(axis=2))


def _to_unit(picture: np.ndarray) -> np.ndarray:
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4) or 0 in picture.shape:
        raise ValueError(
            f"a picture must have shape (H, W), (H, W, 3) or (H, W, 4), not {picture.shape}"
        )
    scale = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(picture.dtype)
    if scale is None:
        return np.nan_to_num(picture.astype(np.float32)).clip(0, 1)
    return picture.astype(np.float32) / np.float32(scale)  # in range: checks would take most time


def _reduce(colours: np.ndarray) -> np.ndarray:
    height, width, channels = colours.shape
    factor = _LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return colours
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], channels)


def _stretch(difference: np.ndarray) -> np.ndarray:
    """Differences from paper to ink: the faint ones are paper, the strongest is full ink."""
    strongest = float(np.percentile(difference, 99.9))
    if strongest < _LEAST_CONTRAST:
        strongest = float(difference.max())  # little ink on much paper
    if strongest < _LEAST_CONTRAST:
        return np.zeros(difference.shape, np.float32)
    ink = np.minimum(difference / strongest, 1).astype(np.float32)
    return np.where(ink < _FAINT, np.float32(0), ink)


def drop_specks(ink: np.ndarray) -> np.ndarray:
    """The ink without stray specks: parts with under 4 % of the largest part's ink and under a
    sixth of its extent."""
    mask = (ink > 0.25).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:
        return ink
    area = stats[:, cv2.CC_STAT_AREA]
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    largest = 1 + int(np.argmax(area[1:]))
    speck = (area < 0.04 * area[largest]) & (extent < extent[largest] / 6)
    speck[0] = False
    if not speck.any():
        return ink
    # The soft rim of a speck lies just outside its mask.
    rim = cv2.dilate(speck[parts].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return np.where(rim & ((parts == 0) | speck[parts]), np.float32(0), ink)


def judge(ink: np.ndarray, shape: np.ndarray | None = None) -> Verdict:
    """Whether the ink can be one digit, from its looks alone.

    ink: (H, W) the whole picture; shape: the box of the ink in fine lines if it is known from
    strokes, else it is cut from `ink`.
    """
    mask = ink >= _INK
    if not mask.any():
        return Verdict.BLANK
    if mask.mean() > 0.6:
        return Verdict.FULL
    extent = max(np.ptp(np.argwhere(mask), axis=0)) / max(mask.shape)
    small = extent < 0.25
    if extent < _DOT:
        return Verdict.DOT
    box = _resize(crop_to_ink(ink) if shape is None else shape, BOX * WORK)
    # A disc or a square has 0.67, a small one less, since its soft rim does not count.
    if pen_width(box) > (0.5 if small else 0.6) * max(box.shape):
        return Verdict.DOT if small else Verdict.FULL
    return Verdict.SEVERAL if _side_by_side(box >= _INK) else Verdict.READABLE


def _side_by_side(mask: np.ndarray) -> bool:
    """Two tall parts with paper between them from top to bottom.

    The bounds flag none of 8,788 real single digits rendered in fine lines, and 94 % of pairs.
    """
    height = mask.shape[0]
    columns = np.flatnonzero(mask.any(axis=0))
    for gap in np.flatnonzero(np.diff(columns) > 1 + 0.04 * height):
        sides = mask[:, : columns[gap] + 1], mask[:, columns[gap + 1] :]
        rows = [np.flatnonzero(side.any(axis=1)) for side in sides]
        if min(np.ptp(r) + 1 for r in rows) > 0.7 * height:
            return True
    return False


def crop_to_ink(ink: np.ndarray) -> np.ndarray:
    """The part of a picture that its ink fills, (h, w) float32. There must be some ink."""
    mask = ink >= _FAINT
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resize(picture: np.ndarray, longer: int) -> np.ndarray:
    height, width = picture.shape
    factor = longer / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, size, interpolation=how)


def pen_width(ink: np.ndarray) -> float:
    """Mean width of the pen in pixels of `ink`.

    In a line of width w the distances to its edge average w / 4.
    """
    mask = np.pad((ink >= _INK).astype(np.uint8), 1)  # the picture's edge is an edge of the ink
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    inside = distance[distance > 0]
    return 4 * float(inside.mean()) if inside.size else 0.0


def adjust_pen(box: np.ndarray, pen: tuple[float, float] = PEN) -> np.ndarray:
    """Redraw the ink of a box with a pen within `pen` (pixels of 28) if its own is outside.

    box: (h, w) float32, as cropped. It comes back as it is if its pen is within, else redrawn
    with a longer side of about BOX * WORK. A thick pen is replaced along the line's middle, so
    that thin parts do not break.
    """
    fine = _resize(box, BOX * WORK)
    width = pen_width(fine)
    if width == 0 or pen[0] * WORK <= width <= pen[1] * WORK:
        return box
    # The pen is part of the box whose scale says what a width means: solve for both.
    wanted = pen[0] if width < pen[0] * WORK else pen[1]
    wanted = wanted / (BOX - wanted) * max(BOX * WORK - width, 1.0)  # in pixels of `fine`
    margin = int(np.ceil(max(wanted - width, 0) / 2)) + 2
    mask = np.pad((fine >= _INK).astype(np.uint8), margin)
    if wanted > width:
        line, reach = mask, (wanted - width) / 2
    else:
        line, reach = _middle_line(mask), wanted / 2
    distance = cv2.distanceTransform(1 - line, cv2.DIST_L2, 5)
    return crop_to_ink((reach + 0.5 - distance).clip(0, 1))


def _middle_line(mask: np.ndarray) -> np.ndarray:
    """Ridge of the distance to the edge: 1 where no neighbour lies clearly deeper inside."""
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    slope = cv2.magnitude(
        cv2.Sobel(distance, cv2.CV_32F, 1, 0, scale=1 / 8),
        cv2.Sobel(distance, cv2.CV_32F, 0, 1, scale=1 / 8),
    )
    ridge = (slope < 0.75) & (distance > 1.5)
    return ridge.astype(np.uint8)


def scale_to_box(box: np.ndarray) -> np.ndarray:
    """Reduce to a longer side of BOX pixels, averaging: (h, w) uint8, 0–255."""
    return _greys(_resize(box, BOX))


def _greys(ink: np.ndarray) -> np.ndarray:
    return np.rint(ink * 255).astype(np.uint8)


def centre(scaled: np.ndarray) -> np.ndarray:
    """Place a box of at most 20×20 in 28×28 with its centre of mass in the middle: uint8.

    To the nearest pixel, as in MNIST, and never over the edge.
    """
    height, width = scaled.shape
    moments = cv2.moments(scaled)
    mass = moments["m00"]
    row = moments["m01"] / mass if mass else (height - 1) / 2
    column = moments["m10"] / mass if mass else (width - 1) / 2
    middle = IMAGE_SIZE / 2  # in MNIST the means of row and column lie within 13.5 and 14.5
    top = int(np.clip(np.rint(middle - row), 0, IMAGE_SIZE - height))
    left = int(np.clip(np.rint(middle - column), 0, IMAGE_SIZE - width))
    return _placed(scaled, top, left)


def _placed(scaled: np.ndarray, top: int, left: int) -> np.ndarray:
    height, width = scaled.shape
    picture = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    picture[top : top + height, left : left + width] = scaled
    return picture


@dataclass(frozen=True)
class Rung:
    """A drawing on its way to the network input: a picture that a network could be asked about.

    image: (28, 28) uint8, 0–255, ink is high; why: what this step is for, in a sentence
    """

    name: str
    image: np.ndarray
    why: str


def ladder(ink: np.ndarray, network_input: np.ndarray) -> list[Rung]:
    """A drawing's way as pictures, each a step further, to see what each step is good for.

    ink: (H, W) float32, as in `Prepared`; network_input: (28, 28) uint8, what became of it.
    Raw is the whole picture, squeezed where it is not square. Empty if there is no ink.
    """
    if not (ink >= _FAINT).any():
        return []
    box = crop_to_ink(ink)
    scaled = scale_to_box(box)
    raw = cv2.resize(ink, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    large = _resize(box, IMAGE_SIZE)
    pen = scale_to_box(adjust_pen(box))
    return [
        Rung("raw", _greys(raw), "The whole picture made small: place and size are as drawn."),
        Rung("ink box", _middle(_greys(large)), "Cut out: place and size no longer matter."),
        Rung("20 × 20", _middle(scaled), "As large as MNIST's digits, with paper around it."),
        Rung("centre of mass", centre(scaled), "Balanced about the middle, as MNIST's digits are."),
        Rung("pen", centre(pen), "Lines finer or wider than any in MNIST are redrawn."),
        Rung(
            "network input",
            network_input,
            "What the network gets; canvas lines are redrawn with MNIST's pen.",
        ),
    ]


def _middle(scaled: np.ndarray) -> np.ndarray:
    """A box of at most 28×28 in the middle of 28×28."""
    height, width = scaled.shape
    return _placed(scaled, (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2)


_SHIFT = 4  # cv2 takes coordinates in 1/16 pixel
_PIECES = 5  # of a stroke, each with a width of its own under pressure


@cache
def _pieces(points: int, count: int) -> list[slice]:
    """A line of so many points cut into pieces that share their ends."""
    ends = np.linspace(0, points - 1, count + 1).astype(int)
    return [slice(start, max(end, start + 1) + 1) for start, end in itertools.pairwise(ends)]


def _polylines(
    lines: Iterable[np.ndarray],
    height: int,
    width: int,
    thickness: float,
    pressure: float = 0.0,
    edge: int = cv2.LINE_AA,
) -> np.ndarray:
    """Lines, each (k, 2) in pixels, drawn as (height, width) float32 ink."""
    picture = np.zeros((height, width), np.uint8)
    # Under pressure a line is drawn in pieces, each a little finer than the one before.
    count = _PIECES if pressure else 1
    widths = [
        max(1, round(thickness * (1 + pressure * (1 - 2 * k / max(count - 1, 1)))))
        for k in range(count)
    ]
    for line in lines:
        points = np.rint(line * (1 << _SHIFT)).astype(np.int32)
        if len(points) == 1:  # cv2 draws nothing for a line without a second point: a tap
            points = np.repeat(points, 2, axis=0)
        for piece, width_here in zip(_pieces(len(points), count), widths, strict=True):
            cv2.polylines(picture, [points[piece]], False, 255, width_here, edge, _SHIFT)
    return picture.astype(np.float32) / 255


def render_strokes(strokes: Sequence[np.ndarray], size: int, pen: float) -> np.ndarray:
    """The canvas as it looks: (size, size) float32 ink. Strokes (k, 2) and pen in its pixels."""
    return _polylines(strokes, size, size, pen)


def drop_stray_strokes(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The strokes without taps: those shorter than a fifteenth of the longest, in extent."""
    extents = [float(np.ptp(stroke, axis=0).max()) for stroke in strokes]
    least = max(extents) / 15
    return [s for s, extent in zip(strokes, extents, strict=True) if extent >= least]


def render_box(
    strokes: Sequence[np.ndarray], pen: float = PEN_OF_STROKES, pressure: float = 0.0
) -> np.ndarray:
    """Strokes in any unit rendered by their middle lines with a pen given in pixels of 28.

    pressure: -0.5 to 0.5; each stroke begins wider by this share of the pen and ends finer by it.
    Returns (h, w) float32 ink with a longer side of BOX * WORK pixels.
    """
    points = np.concatenate(strokes, dtype=np.float64)
    low = points.min(axis=0)
    extent = points.max(axis=0) - low
    thickness = pen * WORK
    scale = (BOX * WORK - thickness) / max(extent.max(), 1e-6)
    width, height = np.ceil(extent * scale + thickness).astype(int)
    points = (points - low) * scale + (thickness - 1) / 2
    ends = list(itertools.accumulate(map(len, strokes)))
    moved = [points[end - len(stroke) : end] for end, stroke in zip(ends, strokes, strict=True)]
    # Averaged down later, so that hard edges do as well as smooth ones, which take twice the time.
    return _polylines(moved, height, width, thickness, pressure, cv2.LINE_8)


def render_drawings(
    drawings: Iterable[Sequence[np.ndarray]],
    pens: np.ndarray | float = PEN_OF_STROKES,
    pressures: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Network inputs (N, 28, 28) uint8 of N drawings, each a list of strokes.

    pens: width or widths (N,) in pixels of 28; pressures: as in `render_box`, one or (N,).
    """
    drawings = list(drawings)
    pens = np.broadcast_to(pens, len(drawings))
    pressures = np.broadcast_to(pressures, len(drawings))
    pictures = np.empty((len(drawings), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    # One after the other: threads would wait for each other, and take twice the time.
    for i, (strokes, pen, pressure) in enumerate(zip(drawings, pens, pressures, strict=True)):
        pictures[i] = centre(scale_to_box(render_box(drop_stray_strokes(strokes), pen, pressure)))
    return pictures
