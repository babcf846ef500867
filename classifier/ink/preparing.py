"""A picture, or strokes, to a network input, and whether there is one digit to read in it.

"Ink" here is always (H, W) float32, 0 for paper to 1 for full ink. Knows nothing of files,
networks or the page.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import convention, finding, rendering

_FINE_PEN = 1.0  # pixels of 28: fine enough to keep the gaps between strokes open
_DOT = 0.025  # of the canvas's side: strokes that stay within this are taps


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
    box: (h, w) float32, cropped to the ink, its pen as wide as in MNIST at least
    scaled: (h, w) uint8, longer side `convention.BOX`
    network_input: (28, 28) uint8, 0–255, ink is high
    """

    verdict: Verdict
    ink: np.ndarray
    box: np.ndarray | None = None
    scaled: np.ndarray | None = None
    network_input: np.ndarray | None = None


def prepare(picture: np.ndarray) -> Prepared:
    """Take a picture all the way; see `find_ink` for what a picture may be."""
    return prepare_ink(finding.drop_specks(finding.find_ink(picture)))


def prepare_ink(ink: np.ndarray) -> Prepared:
    """Take ink that was found, (H, W) float32, the rest of the way."""
    verdict = judge(ink)
    if verdict not in (Verdict.READABLE, Verdict.SEVERAL):
        return Prepared(verdict, ink)
    return _finish(verdict, ink, convention.widen_pen(convention.crop_to_ink(ink)))


def prepare_strokes(strokes: Sequence[np.ndarray], size: int, pen: float) -> Prepared:
    """Take strokes, each (k, 2) in pixels of a square canvas, all the way.

    size: side of the canvas, pixels; pen: width of its pen, pixels.
    The canvas as it looks decides the verdict. The network input is rendered from the strokes'
    middle lines, so it does not depend on place, scale or pen at all.
    """
    if not strokes:
        return Prepared(Verdict.BLANK, np.zeros((size, size), np.float32))
    ink = rendering.render_strokes(strokes, size, pen)
    strokes = rendering.drop_stray_strokes(strokes)
    if np.ptp(np.concatenate(strokes), axis=0).max() < _DOT * size:
        return Prepared(Verdict.DOT, ink)
    verdict = judge(ink, rendering.render_box(strokes, _FINE_PEN))
    if verdict not in (Verdict.READABLE, Verdict.SEVERAL):
        return Prepared(verdict, ink)
    return _finish(verdict, ink, rendering.render_box(strokes))


def draw_over(image: np.ndarray, strokes: Sequence[np.ndarray], size: int, pen: float) -> Prepared:
    """Take a network input (28, 28) uint8 as it is, with strokes drawn over it on a canvas on which
    it fills the square; arguments otherwise as for `prepare_strokes`. It has no steps between."""
    drawn = rendering.render_strokes(strokes, size, pen)
    pixels = cv2.resize(drawn, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    result = np.maximum(image, np.rint(pixels * 255).astype(np.uint8))
    if not result.any():
        return Prepared(Verdict.BLANK, drawn)
    fine = cv2.resize(image, (size, size), interpolation=cv2.INTER_NEAREST) / np.float32(255)
    return Prepared(Verdict.READABLE, np.maximum(fine, drawn), network_input=result)


def _finish(verdict: Verdict, ink: np.ndarray, box: np.ndarray) -> Prepared:
    scaled = convention.scale_to_box(box)
    return Prepared(verdict, ink, box, scaled, convention.centre(scaled))


def judge(ink: np.ndarray, shape: np.ndarray | None = None) -> Verdict:
    """Whether the ink can be one digit, from its looks alone.

    ink: (H, W) the whole picture; shape: the box of the ink in fine lines if it is known from
    strokes, else it is cut from `ink`.
    """
    mask = ink >= convention.INK
    if not mask.any():
        return Verdict.BLANK
    if mask.mean() > 0.6:
        return Verdict.FULL
    extent = max(np.ptp(np.argwhere(mask), axis=0)) / max(mask.shape)
    small = extent < 0.25
    if extent < _DOT:
        return Verdict.DOT
    box = convention.at_work(convention.crop_to_ink(ink) if shape is None else shape)
    # A disc or a square has 0.67, a small one less, since its soft rim does not count.
    if convention.pen_width(box) > (0.5 if small else 0.6) * max(box.shape):
        return Verdict.DOT if small else Verdict.FULL
    return Verdict.SEVERAL if _side_by_side(box >= convention.INK) else Verdict.READABLE


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
