"""Ink to the MNIST convention, and the way as pictures, to see what each step is good for.

The convention (http://yann.lecun.com/exdb/mnist): light ink on black, the ink's box scaled with
its aspect unchanged to 20×20 with anti-aliasing, placed in 28×28 so that the ink's centre of mass
is in the middle. To that comes the pen, brought to the width that MNIST's writers used.

Ink is (H, W) float32, 0 for paper to 1 for full ink. Knows nothing of where it is from.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink.finding import FAINT

BOX = 20  # pixels: longer side of the ink's box in the network input
WORK = 8  # the ink is handled at this many times the network's resolution, then averaged down
PEN = (1.9, 4.35)  # pixels of 28: widths left as they are; the 5th and 95th percentile in MNIST
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


def pen_width(ink: np.ndarray) -> float:
    """Mean width of the pen in pixels of `ink`.

    In a line of width w the distances to its edge average w / 4.
    """
    mask = np.pad((ink >= INK).astype(np.uint8), 1)  # the picture's edge is an edge of the ink
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    inside = distance[distance > 0]
    return 4 * float(inside.mean()) if inside.size else 0.0


def adjust_pen(box: np.ndarray, pen: tuple[float, float] = PEN) -> np.ndarray:
    """Redraw the ink of a box with a pen within `pen` (pixels of 28) if its own is outside.

    box: (h, w) float32, as cropped. It comes back as it is if its pen is within, else redrawn
    with a longer side of about BOX * WORK. A thick pen is replaced along the line's middle, so
    that thin parts do not break.
    """
    fine = resize(box, BOX * WORK)
    width = pen_width(fine)
    if width == 0 or pen[0] * WORK <= width <= pen[1] * WORK:
        return box
    # The pen is part of the box whose scale says what a width means: solve for both.
    wanted = pen[0] if width < pen[0] * WORK else pen[1]
    wanted = wanted / (BOX - wanted) * max(BOX * WORK - width, 1.0)  # in pixels of `fine`
    margin = int(np.ceil(max(wanted - width, 0) / 2)) + 2
    mask = np.pad((fine >= INK).astype(np.uint8), margin)
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
    return np.asarray((slope < 0.75) & (distance > 1.5), np.uint8)


def scale_to_box(box: np.ndarray) -> np.ndarray:
    """Reduce to a longer side of BOX pixels, averaging: (h, w) uint8, 0–255."""
    return greys(resize(box, BOX))


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
    pen = scale_to_box(adjust_pen(box))
    return [
        Rung("raw", greys(raw), "The whole picture made small: place and size are as drawn."),
        Rung("ink box", _middle(greys(large)), "Cut out: place and size no longer matter."),
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
    return placed(scaled, (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2)
