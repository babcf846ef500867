"""The eight ways in which real photos were misread: a rendered picture of each is read rightly.

Of the fourth, borders that are printed around numbers are left out: they are still read as ones.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from classifier.ink import drawings, preparing
from classifier.serving import sheets
from classifier.synthetic import handwriting
from classifier.synthetic.pages import Page
from classifier.synthetic.sheets import Sheet, render
from tests import networks

SAMPLES = drawings.from_strokes([handwriting.sample_digit(k) for k in range(10)], np.arange(10))
PAGE = Page(shape=(480, 640), thickness=0.08, noise=2, uneven=0)


def cut(sheet: Sheet, right_only: bool = False) -> Sheet:
    """A sheet cut close to its ink at all sides, or behind its last digit."""
    left, top = (sheet.boxes[:, :2].min(axis=0) - 6).astype(int)
    right, bottom = (sheet.boxes[:, 2:].max(axis=0) + 6).astype(int)
    kept = np.s_[:, : right - 3] if right_only else np.s_[top:bottom, left:right]
    return replace(sheet, picture=sheet.picture[kept])


FAILURES: dict[str, Callable[[], Sheet]] = {
    "a large marker digit cut close to its ink is a symbol or a 1": lambda: cut(
        written("5", height=0.8, pen="marker", thickness=0.16)
    ),
    "the last digit at the picture's edge is dropped": lambda: cut(
        written("12345"), right_only=True
    ),
    "lines are interleaved column by column": lambda: written("12345", "67890", slope_of_lines=0.1),
    "ruling and squares become digits": lambda: written(
        "2047", "385", ruling="squared", strength=0.9, spacing=0.5
    ),
    "a decimal comma becomes a digit": lambda: written("6,2", gap=0.5),
    "faint small writing on a large sheet is not found": lambda: written(
        "13579", shape=(1600, 2000), height=0.025, pen="pencil"
    ),
    "wide-spaced digits are one symbol": lambda: written("2468", gap=1.4),
    "touching zeros are one": lambda: written("500", touching=True),
}


def written(*lines: str, **changes) -> Sheet:
    return render(replace(PAGE, lines=lines, **changes), SAMPLES)


@pytest.fixture(scope="module")
def read() -> Callable[[np.ndarray], str]:
    """The text that the shipped models read on a picture."""
    readers = networks.shipped()
    return lambda picture: sheets.read(preparing.prepare(picture), *readers).sheet.text


@pytest.mark.parametrize("failure", FAILURES)
def test_what_was_misread_on_real_photos_is_read(failure, read):
    sheet = FAILURES[failure]()
    assert read(sheet.picture) == sheet.text
