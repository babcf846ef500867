"""Strokes to ink, with a pen of any width. Knows nothing of pictures, and of what ink is."""

import itertools
from collections.abc import Iterable, Sequence
from functools import cache

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink.convention import BOX, PEN, WORK, centre, scale_to_box

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
    strokes: Sequence[np.ndarray], pen: float = PEN, pressure: float = 0.0
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
    pens: np.ndarray | float = PEN,
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
