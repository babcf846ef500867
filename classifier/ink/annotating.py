"""A picture with what was read on it: a box around each digit, and what it was read as.

Knows nothing of files, networks and the page.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from classifier.ink.layout import Box, Part, Sheet

SURE, LIKELY = 0.9, 0.5  # probabilities from which on a box is green, and yellow
_COLOURS = (200, 30, 30), (215, 140, 0), (0, 140, 60)  # red, yellow, green: by `level`
_GREY = (130, 130, 130)
_LINE = 0.003  # of the picture's longer side: width of a box's line
_LETTERS = 0.4  # of a digit's height, and within these bounds, pixels
_SMALLEST, _LARGEST = 12, 60
_FONT_HEIGHT = 21  # pixels of a digit in OpenCV's font of scale 1


def annotated(
    picture: np.ndarray, sheet: Sheet, are_digits: Sequence[bool], scale: tuple[float, float]
) -> np.ndarray:
    """The picture (H, W, 3) RGB uint8 with its boxes: by how sure each answer is green, yellow or
    red, red also what passes for no digit, and grey and struck through what was left out.

    picture: as in `pictures.Picture`; are_digits: of each of the sheet's, whether it passes for one
    scale: pixels of the picture for each of the sheet's, sideways and downwards
    """
    drawn = np.ascontiguousarray(as_rgb(picture))
    line = max(1, round(_LINE * max(drawn.shape)))
    for box in sheet.left_out:
        start, end = _corners(box, scale)
        cv2.rectangle(drawn, start, end, _GREY, line)
        cv2.line(drawn, (start[0], end[1]), (end[0], start[1]), _GREY, line, cv2.LINE_AA)
    for part, is_digit in zip(sheet.digits, are_digits, strict=True):
        start, end = _corners(part.box, scale)
        colour = _COLOURS[level(part, is_digit)]
        cv2.rectangle(drawn, start, end, colour, line)
        high = float(np.clip(_LETTERS * (end[1] - start[1]), _SMALLEST, _LARGEST))
        above = start[1] - 2 * line
        place = start[0], above if above > high else round(start[1] + high + 2 * line)
        cv2.putText(
            drawn, str(part.digit), place, cv2.FONT_HERSHEY_SIMPLEX, high / _FONT_HEIGHT, colour,
            max(1, round(high / 10)), cv2.LINE_AA,
        )  # fmt: skip
    return drawn


def level(part: Part, is_digit: bool) -> int:
    """How sure an answer is: 2 surely, 1 likely, 0 not, or where it passes for no digit."""
    surely = float(part.probabilities.max())
    if not is_digit or surely < LIKELY:
        return 0
    return 2 if surely >= SURE else 1


def as_rgb(picture: np.ndarray) -> np.ndarray:
    """A picture's pixels, as in `pictures.Picture`, as a new (H, W, 3) RGB uint8."""
    if picture.dtype == np.uint16:
        highest = max(int(picture.max()), 1)
        picture = np.rint(picture * (255 / highest)).astype(np.uint8)
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] == 4:  # on white paper
        opacity = picture[..., 3:] / np.float32(255)
        return np.rint(picture[..., :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    return picture.copy()


def _corners(box: Box, scale: tuple[float, float]) -> tuple[tuple[int, int], tuple[int, int]]:
    (left, top, right, bottom), (x, y) = box, scale
    return (round(left * x), round(top * y)), (round(right * x), round(bottom * y))
