"""What the tests of this folder share: drawn digits, and how alike two network inputs are."""

from itertools import product

import numpy as np

from classifier.config import CANVAS, CLASSES
from classifier.ink import convention, rendering
from classifier.ink.convention import BOX
from classifier.ink.preparing import Prepared, Verdict
from classifier.synthetic import handwriting

DIGITS = range(CLASSES)


def drawn(digit: int, size: float = 160, x: float = 60, y: float = 60) -> list[np.ndarray]:
    """A sample digit with its box of `size` pixels at (x, y) on the canvas."""
    return [stroke * size + np.array([x, y]) for stroke in handwriting.sample_digit(digit)]


def photographed(strokes: list[np.ndarray], pen: float = 12) -> np.ndarray:
    """Black ink on white paper, (CANVAS, CANVAS) uint8."""
    return np.rint(255 * (1 - rendering.render_strokes(strokes, CANVAS, pen))).astype(np.uint8)


def network_input(prepared: Prepared) -> np.ndarray:
    assert prepared.verdict is Verdict.READABLE
    return prepared.network_input


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference when one input is laid over the other as well as one pixel allows:
    the middle is taken to the nearest pixel, so a hair's breadth can move it by one."""
    return min(
        np.abs(one.astype(float) - np.roll(other, shift, (0, 1))).mean()
        for shift in product((-1, 0, 1), repeat=2)
    )


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation, the best within a pixel's shift."""
    return max(
        np.corrcoef(one.ravel(), np.roll(other, shift, (0, 1)).ravel())[0, 1]
        for shift in product((-1, 0, 1), repeat=2)
    )


def pen_of(prepared: Prepared) -> float:
    """Width of the pen in the cropped box, in pixels of the network input."""
    return convention.pen_width(prepared.box) * BOX / max(prepared.box.shape)


def rungs(prepared: Prepared) -> dict[str, np.ndarray]:
    """The pictures of the ladder, by their names."""
    found = convention.rungs(prepared.ink, prepared.network_input)
    return {rung.name: rung.image for rung in found}
