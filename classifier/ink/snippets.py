"""A digit that came as a picture, as it is kept: a snippet of its ink, small and always alike.

The same digit gives the same snippet, and a snippet taken once more is itself, so that it can go
into files and come back. Knows nothing of files and of what is read.
"""

import numpy as np

from classifier.config import CANVAS
from classifier.ink import convention, finding, preparing
from classifier.ink.preparing import Prepared

SIDE = 64  # pixels
_MARGIN = 4  # pixels of paper around the ink, at least
_LONGEST = SIDE - 2 * _MARGIN
_PEN = 1.3 * CANVAS / SIDE  # canvas pixels: rows of ink drawn so leave no gaps


def cut(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) float32, 0–1, as a snippet: (SIDE, SIDE) uint8, 0–255, ink is high, in the middle.
    Raises ValueError if there is none."""
    if not (ink >= finding.FAINT).any():
        raise ValueError("has no ink")
    box = convention.crop_to_ink(ink)
    if max(box.shape) > _LONGEST:
        box = convention.unpaled(box, _LONGEST)
    box = box / max(float(box.max()), 1e-6)
    box = convention.crop_to_ink(np.where(box < finding.FAINT, 0, box))
    snippet = np.zeros((SIDE, SIDE), np.uint8)
    top, left = ((SIDE - side) // 2 for side in box.shape)
    snippet[top : top + box.shape[0], left : left + box.shape[1]] = np.rint(255 * box)
    return snippet


def of_picture(picture: np.ndarray) -> np.ndarray:
    """A picture of one digit, see `finding.find_ink`, as a snippet. Raises ValueError."""
    return picture if is_one(picture) else cut(finding.drop_specks(finding.find_ink(picture)))


def is_one(picture: np.ndarray) -> bool:
    """Whether a picture is a snippet already."""
    if picture.shape != (SIDE, SIDE) or picture.dtype != np.uint8 or not picture.any():
        return False
    if picture[0].any() or picture[:, 0].any():  # most others are told at once
        return False
    return np.array_equal(cut(picture / np.float32(255)), picture)


def prepared(snippet: np.ndarray) -> Prepared:
    """A snippet's way to the network input."""
    return preparing.prepare_ink(snippet / np.float32(255))


def as_lines(snippet: np.ndarray) -> tuple[list[np.ndarray], float]:
    """A snippet for what can only draw lines: each row's ink as strokes (2, 2) float32 in canvas
    pixels, and the pen's width there."""
    step, lines = CANVAS / SIDE, []
    for y, row in enumerate(snippet >= 255 * convention.INK):
        edges = np.flatnonzero(np.diff(np.pad(row.astype(np.int8), 1)))
        for first, end in edges.reshape(-1, 2).tolist():
            lines.append(np.array([[first + 0.5, y + 0.5], [end - 0.5, y + 0.5]]) * step)
    return [line.astype(np.float32) for line in lines], _PEN
