"""Where lines run on a sheet, and where numbers begin."""

import numpy as np
import pytest

from classifier.ink import lines


def row(count: int, y: float = 0, x: float = 0, step: float = 20, slope: float = 0) -> np.ndarray:
    """Boxes of digits, 12 wide and 20 high."""
    left = x + step * np.arange(count)
    top = y + slope * left
    return np.stack([left, top, left + 12, top + 20], axis=1).astype(float)


def found(*rows: np.ndarray) -> list[list[int]]:
    """The lines of these boxes, whatever their order."""
    boxes = np.concatenate(rows)
    order = np.random.default_rng(0).permutation(len(boxes))
    return [order[line].tolist() for line in lines.find(boxes[order])]


@pytest.mark.parametrize("slope", [-0.25, -0.1, 0, 0.1, 0.25])
def test_lines_are_found_from_top_to_bottom_however_they_slope(slope):
    rows = [row(5, y, slope=slope) for y in (0, 34, 80)]
    assert found(*rows) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]


def test_a_line_that_bends_is_one():
    bent = row(9)
    bent[:, 1::2] += 18 * np.cos(np.linspace(-1.2, 1.2, 9))[:, None]
    assert found(bent) == [list(range(9))]


def test_marks_are_in_the_line_that_they_hang_from():
    comma = np.array([[14.0, 17.0, 17.0, 26.0]])
    assert found(row(3), row(3, 40), comma) == [[0, 6, 1, 2], [3, 4, 5]]


def test_the_halves_of_digits_are_no_lines():
    upper, lower = row(3), row(3)
    upper[:, 3], lower[:, 1] = 9.6, 10.4
    assert [len(line) for line in found(upper, lower)] == [6]


def test_what_is_far_from_every_line_is_in_none():
    speck = np.array([[30.0, 200.0, 33.0, 203.0]])
    assert found(row(4), speck) == [[0, 1, 2, 3]]


def test_on_paper_there_are_no_lines():
    assert lines.find(np.zeros((0, 4))) == []
    assert lines.numbers([]) == []


def test_numbers_are_told_apart_by_gaps_wider_than_others():
    both = np.concatenate([row(2), row(3, x=100)])
    assert lines.numbers([both, row(4)]) == [[0, 0, 1, 1, 1], [0, 0, 0, 0]]
    assert lines.numbers([row(5, step=70)]) == [[0] * 5]
    assert lines.numbers([row(1)]) == [[0]]
