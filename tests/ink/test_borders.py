"""Printed borders of boxes and tables are taken out of a photo's contrast, and ink stays."""

import time

import cv2
import numpy as np
import pytest

from classifier.ink import borders
from tests.paper import overlap

NOISE, LEAST, DARK = 0.005, 0.1, 0.8
SHAPE = 300, 600
CORNERS = [(60, 100), (540, 100), (540, 220), (60, 220)]


def lines(*ends: tuple[tuple[int, int], tuple[int, int]], thick: int = 2, dark: float = DARK):
    """Contrast with these lines from end to end, on paper with a little noise."""
    contrast = np.random.default_rng(1).normal(0, NOISE, SHAPE).astype(np.float32)
    for one, other in ends:
        drawn = np.zeros(SHAPE, np.uint8)
        cv2.line(drawn, one, other, 255, thick, cv2.LINE_AA)
        contrast = np.maximum(contrast, dark * drawn.astype(np.float32) / 255)
    return contrast


def boxes(turned: float = 0.0, **given) -> np.ndarray:
    """Three boxes in a row, turned by degrees."""
    turn = cv2.getRotationMatrix2D((300, 160), turned, 1)
    ends = [*zip(CORNERS, CORNERS[1:] + CORNERS[:1], strict=True)]
    ends += [((x, 100), (x, 220)) for x in (220, 380)]
    points = cv2.transform(np.array(ends, np.float32), turn).round().astype(int)
    return lines(*((tuple(a), tuple(b)) for a, b in points.tolist()), **given)


def without(contrast: np.ndarray) -> np.ndarray:
    return borders.without_borders(contrast, NOISE, LEAST)


def longest(contrast: np.ndarray) -> int:
    """Of what may be ink, the longest side of any piece, in pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((contrast > LEAST).astype(np.uint8))
    return int(stats[1:, 2:4].max(initial=0))


def zero(contrast: np.ndarray, at: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The contrast with a thin 0 there, and the 0 alone, as large as a box is high."""
    drawn = np.zeros(SHAPE, np.uint8)
    cv2.ellipse(drawn, at, (34, 50), 0, 0, 360, 255, 5, cv2.LINE_AA)
    alone = drawn.astype(np.float32) / 255
    return np.maximum(contrast, alone), alone


@pytest.mark.parametrize("dark", [0.2, 0.8])
@pytest.mark.parametrize("turned", [-6, 0, 2.5])
def test_boxes_in_a_row_are_taken_out(turned, dark):
    assert boxes(turned, dark=dark).max() >= dark - 0.05
    assert longest(without(boxes(turned, dark=dark))) < 12


def test_a_digit_in_a_box_stays_as_it_is():
    full, alone = zero(boxes(), (300, 160))
    assert overlap(without(full), alone) > 0.9


def test_ink_that_crosses_a_border_stays():
    full, alone = zero(boxes(), (300, 212))
    left = without(full)
    assert overlap(left, alone) > 0.85
    count, *_ = cv2.connectedComponents((left > 0.4).astype(np.uint8))
    assert count == 2  # paper, and one piece of ink


def test_a_table_whose_rows_differ_is_taken_out():
    ends = [((60, y), (x, y)) for y, x in ((60, 300), (130, 540), (133, 540), (210, 540))]
    ends += [((60, 60), (60, 210)), ((300, 60), (300, 130)), ((540, 133), (540, 210))]
    assert longest(without(lines(*ends))) < 12


@pytest.mark.parametrize(
    "ends",
    [
        [((0, 100), (599, 100)), ((0, 220), (599, 220))],
        [((60, 100), (540, 100)), ((60, 220), (540, 220))],
        [((60, 100), (540, 100)), ((60, 100), (60, 220)), ((540, 100), (540, 220))],
        [
            *(((0, y), (599, y)) for y in (60, 120, 180, 240)),
            *(((x, 0), (x, 299)) for x in range(30, 600, 60)),
        ],
    ],
    ids=["ruling", "two dashes", "no floor", "squared paper"],
)
def test_what_is_no_box_is_left_to_others(ends):
    contrast = lines(*ends)
    np.testing.assert_array_equal(without(contrast), contrast)


@pytest.mark.parametrize("thick", [2, 5, 12])
def test_a_round_digit_is_no_box(thick):
    contrast = lines()
    cv2.ellipse(contrast, (300, 160), (60, 90), 0, 0, 360, 1.0, thick)
    np.testing.assert_array_equal(without(contrast), contrast)


def test_a_page_full_of_lines_is_looked_at_in_time():
    ends = [((40, y), (560, y)) for y in range(20, 290, 9)]
    ends += [((x, 20), (x, 281)) for x in range(40, 561, 20)]
    contrast = lines(*ends, thick=1)
    begun = time.process_time()
    without(contrast)
    assert time.process_time() - begun < 2
