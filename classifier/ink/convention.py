"""Ink to the MNIST convention, and the way as pictures, to see what each step is good for.

The convention (http://yann.lecun.com/exdb/mnist): light ink on black, the ink's box scaled with
its aspect unchanged to 20×20 with anti-aliasing, placed in 28×28 so that the ink's centre of mass
is in the middle. To that comes the pen, at least as wide as MNIST's writers' was.

Ink is (H, W) float32, 0 for paper to 1 for full ink. Knows nothing of where it is from.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink.finding import FAINT

BOX = 20  # pixels: longer side of the ink's box in the network input
WORK = 8  # the ink is handled at this many times the network's resolution, then averaged down
PEN = 2.8  # pixels of 28, the median in MNIST: of strokes; finer lines are redrawn with it
_FINEST = 1.9  # pixels of 28: the 5th percentile there
_FINER = 4  # times: the grid on which they are redrawn
_THIN = 1.5  # pixels: finer lines are partly lost when a picture is reduced
INK = 0.5  # of full ink: from here on a pixel counts as ink where a yes or no is needed


def crop_to_ink(ink: np.ndarray) -> np.ndarray:
    """The part of a picture that its ink fills, (h, w) float32. There must be some ink."""
    mask = ink >= FAINT
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def resize(picture: np.ndarray, longer: int) -> np.ndarray:
    """A picture (h, w) with a longer side of so many pixels, the aspect unchanged."""
    height, width = picture.shape
    factor = longer / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, size, interpolation=how)


def at_work(box: np.ndarray) -> np.ndarray:
    """Cropped ink (h, w) with a longer side of BOX * WORK pixels, nothing of it lost."""
    return unpaled(box, BOX * WORK)


def unpaled(box: np.ndarray, longer: int) -> np.ndarray:
    """Cropped ink (h, w) with a longer side of so many pixels.

    A line that is finer than a pixel there would pale away, so it is widened before. Thin ink in
    large pictures is then read as rightly as its strokes are, 99.5 % in place of 96.8 %, by
    `python -m tests.benchmarks.pens`.
    """
    step = max(box.shape) / longer  # pixels that become one
    if step > 1 and pen_width(box) < _THIN * step:
        box = cv2.dilate(box, np.ones([int(np.ceil(step))] * 2, np.uint8))
    return resize(box, longer)


def pen_width(ink: np.ndarray) -> float:
    """Mean width of the pen in pixels of `ink`.

    In a line of width w the distances to its edge average w / 4.
    """
    mask = np.pad((ink >= INK).astype(np.uint8), 1)  # the picture's edge is an edge of the ink
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    inside = distance[distance > 0]
    return 4 * float(inside.mean()) if inside.size else 0.0


def widen_pen(box: np.ndarray, least: float = PEN) -> np.ndarray:
    """Redraw the ink of a box with a pen of `least` (pixels of 28) if its own is finer.

    box: (h, w) float32, as cropped. It comes back as it is if its pen is as wide, else redrawn and
    larger. Ink of MNIST's own size is redrawn only where it is finer than nearly all of that. A
    wide pen is left: redrawn along its middle, small digits lose their shape, and 96 % of them are
    read rightly in place of 99 %, by `python -m tests.benchmarks.pens`.
    """
    fine = at_work(box)
    if max(box.shape) <= BOX:  # as it is in MNIST: only what is finer than nearly all is redrawn
        least = min(least, _FINEST)
    if not 0 < pen_width(fine) < least * WORK:
        return box
    # An edge lies between pixels: on their own grid, ink that is moved by a part of one would be
    # redrawn otherwise.
    finer = cv2.resize(np.pad(fine, 1), None, fx=_FINER, fy=_FINER)
    width, whole = pen_width(finer), BOX * WORK * _FINER
    if not width:  # what was ink but for a hair
        return box
    # The pen is part of the box whose scale says what a width means: solve for both.
    reach = max((least / (BOX - least) * max(whole - width, 1.0) - width) / 2, 0.0)
    mask = np.pad((finer >= INK).astype(np.uint8), int(np.ceil(reach)) + 2)
    distance = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    # What is ink stays so, where there is little or nothing to add.
    return _on_whole_pixels(crop_to_ink(np.maximum((reach + 0.5 - distance).clip(0, 1), mask)))


def _on_whole_pixels(box: np.ndarray) -> np.ndarray:
    """A box with margins, so that both its sides become whole pixels and nothing is stretched."""
    pixel = max(box.shape) / BOX
    missing = [round(np.ceil(side / pixel - 1e-6) * pixel) - side for side in box.shape]
    return np.pad(box, [(more // 2, more - more // 2) for more in missing])


def scale_to_box(box: np.ndarray) -> np.ndarray:
    """Reduce to a longer side of BOX pixels, averaging: (h, w) uint8, 0–255."""
    return greys(resize(box, BOX))


def network_input(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) all the way to a network input (28, 28) uint8. There must be some ink."""
    return centre(scale_to_box(widen_pen(crop_to_ink(ink))))


def greys(ink: np.ndarray) -> np.ndarray:
    """Ink as greys: (H, W) uint8, 0–255."""
    return np.asarray(np.rint(ink * 255), np.uint8)


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
    return placed(scaled, top, left)


def placed(scaled: np.ndarray, top: int, left: int) -> np.ndarray:
    """A box (h, w) uint8 with its corner at a place of a black picture (28, 28)."""
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


def rungs(ink: np.ndarray, network_input: np.ndarray) -> list[Rung]:
    """A drawing's way as pictures, each a step further, to see what each step is good for.

    ink: (H, W) float32, as in `Prepared`; network_input: (28, 28) uint8, what became of it.
    Raw is the whole picture, squeezed where it is not square. Empty if there is no ink.
    """
    if not (ink >= FAINT).any():
        return []
    box = crop_to_ink(ink)
    scaled = scale_to_box(box)
    raw = cv2.resize(ink, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    large = resize(box, IMAGE_SIZE)
    pen = scale_to_box(widen_pen(box))
    return [
        Rung("raw", greys(raw), "The whole picture made small: place and size are as drawn."),
        Rung("ink box", _middle(greys(large)), "Cut out: place and size no longer matter."),
        Rung("20 × 20", _middle(scaled), "As large as MNIST's digits, with paper around it."),
        Rung("centre of mass", centre(scaled), "Balanced about the middle, as MNIST's digits are."),
        Rung("pen", centre(pen), "Lines finer than those in MNIST are redrawn."),
        Rung(
            "network input",
            network_input,
            "What the network gets; canvas lines are redrawn with MNIST's pen.",
        ),
    ]


def _middle(scaled: np.ndarray) -> np.ndarray:
    """A box of at most 28×28 in the middle of 28×28."""
    height, width = scaled.shape
    return placed(scaled, (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2)
