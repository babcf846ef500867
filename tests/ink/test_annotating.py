"""A picture with what was read on it."""

import numpy as np
import pytest

from classifier.ink import annotating
from classifier.ink.layout import Part, Sheet
from classifier.ink.preparing import Prepared, Verdict


def part(digit: int, sure: float, box: tuple) -> Part:
    row = np.full(10, (1 - sure) / 9, np.float32)
    row[digit] = sure
    return Part(Prepared(Verdict.READABLE, np.zeros((2, 2))), row, box, touching=False)


SHEET = Sheet([part(7, 0.99, (10, 10, 30, 40)), part(1, 0.4, (50, 10, 60, 40))], [(34, 30, 40, 44)])


@pytest.mark.parametrize(
    "picture",
    [
        np.full((100, 160), 255, np.uint8),
        np.full((100, 160), 4000, np.uint16),
        np.full((100, 160, 3), 255, np.uint8),
        np.zeros((100, 160, 4), np.uint8),
    ],
    ids=["grey", "16 bits", "colour", "transparent"],
)
def test_digits_have_boxes_by_how_sure_they_are_and_the_rest_is_struck(picture):
    before = picture.copy()
    drawn = annotating.annotated(picture, SHEET, [True, True], (2.0, 2.0)).astype(int)
    assert drawn.shape == (100, 160, 3)
    np.testing.assert_array_equal(picture, before)
    red, green, blue = drawn[50, 20]
    assert green > red, "at the left edge of the sure digit"
    assert green > blue
    assert drawn[50, 100, 0] > drawn[50, 100, 1] + 50, "at that of the unsure one"
    assert np.ptp(drawn[70, 68]) == 0, "what is left out is grey"
    assert drawn[70, 68, 0] < 200
    assert (drawn[74:80, 72:76] < 200).any(), "and struck through"


def test_what_passes_for_no_digit_is_red_however_sure_it_is():
    picture = np.full((100, 160), 255, np.uint8)
    drawn = annotating.annotated(picture, SHEET, [False, True], (2.0, 2.0)).astype(int)
    assert drawn[50, 20, 0] > drawn[50, 20, 1] + 50
