"""A sheet of digits: each is there, in its row, and what was misread is framed."""

import cv2
import numpy as np
import pytest

from classifier.ink import printing, rendering
from classifier.synthetic import handwriting

MARGIN, CELL, SIDE = printing._MARGIN, printing._CELL, printing._SIDE


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return rendering.render_drawings([handwriting.sample_digit(digit) for digit in range(10)])


def read(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def place(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    top, left = MARGIN + row * CELL, MARGIN + column * CELL
    return sheet[top : top + SIDE, left : left + SIDE]


def test_digits_stand_in_rows_dark_on_white_and_the_misread_are_framed(images):
    labels = np.array([3, 1, 3])
    sheet = read(printing.png(images[labels], labels, np.array([3, 1, 8])))
    assert sheet.shape == (MARGIN + 2 * CELL, MARGIN + 20 * CELL + 8, 3)
    for row, column, digit in ((0, 0, 1), (1, 0, 3)):
        np.testing.assert_array_equal(place(sheet, row, column)[::2, ::2, 0], 255 - images[digit])
    misread = place(sheet, 1, 1)
    assert (misread[0, :] == printing._WRONG).all(), "its upper edge"
    assert (place(sheet, 0, 1) == 255).all(), "nothing else is there"


def test_what_nothing_answered_is_not_framed(images):
    one = np.array([5])
    sheet = read(printing.png(images[one], one, np.array([-1])))
    np.testing.assert_array_equal(place(sheet, 0, 0)[::2, ::2, 0], 255 - images[5])


def test_a_sheet_has_room_for_so_many_and_refuses_more(images):
    labels = np.arange(printing.MOST) % 10
    sheet = read(printing.png(images[labels], labels, labels))
    assert sheet.shape[0] * sheet.shape[1] < 11_000_000
    for count in (0, printing.MOST + 1):
        some = np.zeros(count, int)
        with pytest.raises(ValueError, match=f"1 to 2,000 drawings, not {count:,}"):
            printing.png(images[some], some, some)
