"""Pages of numbers that nobody wrote: what is on them and where is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from classifier.ink import drawings
from classifier.synthetic import handwriting, pages
from classifier.synthetic.pages import Page
from classifier.synthetic.sheets import Sheet, render

SAMPLES = drawings.from_strokes([handwriting.sample_digit(k) for k in range(10)], np.arange(10))
PAGE = Page(shape=(300, 400), lines=("12 30", "45"), noise=0, blur=0, quality=None)


def written(*lines: str, **changes) -> Sheet:
    return render(replace(PAGE, lines=lines or PAGE.lines, **changes), SAMPLES)


def test_the_same_seed_gives_the_same_page_and_another_another():
    drawn = handwriting.generate(200, seed=1)
    page = pages.at_random("all at once", np.random.default_rng(4))
    one, same, other = (render(replace(page, seed=seed), drawn) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.picture, same.picture)
    np.testing.assert_array_equal(one.boxes, same.boxes)
    assert not np.array_equal(one.picture, other.picture)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("12 30", "45"), "12 30\n45"),
        (("-6,25",), "625"),
        (("3.5 -7", "-", "8"), "35 7\n8"),
    ],
)
def test_the_text_is_as_it_is_to_be_read(lines, text):
    sheet = written(*lines)
    assert sheet.text == text
    assert len(sheet.boxes) == sum(map(str.isdigit, text))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"turn": 15.0},
        {"tilt": 0.08},
        {"slope_of_lines": 0.1, "bend": 0.4},
        {"desk": (40, 30, 20), "beside": (0.1, 0.2, 0.1, 0.05)},
        {"cells": "boxes"},
        {"x": 0.0, "y": 1.0, "turn": -15.0},
    ],
    ids=str,
)
def test_the_boxes_lie_around_the_ink_of_each_digit(changes):
    sheet = written(**changes)
    assert len(sheet.boxes) == 6
    rest = sheet.ink > 0.5
    for left, top, right, bottom in np.rint(sheet.boxes).astype(int):
        rows, columns = np.nonzero(sheet.ink[top:bottom, left:right] > 0.5)
        assert (*rows[[0, -1]], columns.min(), columns.max()) == pytest.approx(
            (0, bottom - top - 1, 0, right - left - 1), abs=3
        )
        rest[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
    assert not rest.any()


@pytest.mark.parametrize("kind", pages.KINDS)
def test_each_kind_of_page_shows_all_of_its_digits(kind):
    rng = np.random.default_rng(3)
    page = replace(pages.at_random(kind, rng), shape=(300, 400))
    sheet = render(page, SAMPLES)
    assert sheet.picture.shape == (300, 400, 3)
    assert sheet.picture.dtype == np.uint8
    assert len(sheet.boxes) == sum(map(str.isdigit, sheet.text)) > 0
    middles = (sheet.boxes[:, :2] + sheet.boxes[:, 2:]) / 2
    assert ((middles > 0) & (middles < (400, 300))).all()


def test_digits_that_touch_are_in_one_piece_and_others_are_not():
    for touching, pieces in ((True, 1), (False, 4)):
        ink = written("7003", touching=touching, turn=0.0).ink
        assert cv2.connectedComponents((ink > 0.5).astype(np.uint8))[0] - 1 == pieces


def test_chalk_is_lighter_than_its_board_and_ink_darker_than_its_paper():
    for kind, lighter in (("chalk", True), ("coloured", False), ("whiteboard", False)):
        page = pages.at_random(kind, np.random.default_rng(0))
        sheet = render(replace(page, shape=(300, 400), glare=0.0), SAMPLES)
        grey = sheet.picture.mean(axis=2)
        written_on = np.median(grey[sheet.ink > 0.9])
        assert (written_on > np.median(grey[sheet.ink < 0.01])) == lighter


def test_glare_whitens_a_part_of_a_board():
    plain, mirrored = (written(paper=(180, 180, 180), glare=glare).picture for glare in (0.0, 0.9))
    assert plain.max() < 200
    assert mirrored.max() > 230


def test_the_desk_is_beside_the_sheet():
    picture = written(desk=(40, 30, 20), beside=(0.2, 0, 0, 0)).picture
    assert picture[:, :60].mean() < 50
    assert picture[:, 100:].mean() > 150


@pytest.mark.parametrize("cells", ["boxes", "table"])
def test_cells_are_printed_around_digits_or_numbers(cells):
    plain, printed = (written(cells=c, strength=1.0, tilt=0.0) for c in ("none", cells))
    dark = (printed.picture.mean(axis=2) < 160) & (printed.ink < 0.01)
    assert dark.sum() > 500
    assert ((plain.picture.mean(axis=2) < 160) & (plain.ink < 0.01)).sum() < 50


@pytest.mark.parametrize(
    ("lines", "message"),
    [(("1a",), "'a' is neither a digit"), (("",), "nothing to write"), ((), "nothing to write")],
)
def test_what_cannot_be_written_is_refused_in_words(lines, message):
    with pytest.raises(ValueError, match=message):
        render(replace(PAGE, lines=lines), SAMPLES)


def test_a_digit_that_nobody_drew_is_refused_in_words():
    only_ones = drawings.from_strokes([handwriting.sample_digit(1)], np.array([1]))
    with pytest.raises(ValueError, match="No drawing is labelled 2"):
        render(replace(PAGE, lines=("12",)), only_ones)


def test_a_page_is_written_by_one_hand_where_that_has_all_digits():
    """Of two writers of whom one writes zeros alone, the other writes 01."""
    zero, one = handwriting.sample_digit(0), handwriting.sample_digit(1)
    tall = [stroke * np.array([0.2, 1]) for stroke in zero]
    drawn = drawings.from_strokes([tall] * 20 + [zero, one], np.array([0] * 21 + [1]),
                                  np.array([0] * 20 + [1, 1], np.int32))  # fmt: skip
    for seed in range(4):
        box = render(replace(PAGE, lines=("01",), seed=seed), drawn).boxes[0]
        assert box[2] - box[0] > 0.4 * (box[3] - box[1])
