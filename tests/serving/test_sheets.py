"""Sheets, boards and forms are read as people read them.

Each of the ways in which real photos were misread has a picture here that is rendered after it.
"""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS, CANVAS_PEN
from classifier.ink import drawings, layout, preparing, rendering, surroundings
from classifier.ink.preparing import Verdict
from classifier.serving import robustness, sheets
from classifier.synthetic import handwriting
from classifier.synthetic.pages import Page
from classifier.synthetic.sheets import render
from tests import networks
from tests.paper import Photo, photograph

PHOTO = Photo(shape=(480, 640), thickness=0.02, size=0.7, noise=2, quality=None)


@pytest.fixture(scope="module")
def read():
    """What the shipped models read on a picture."""
    readers = networks.shipped()
    return lambda picture: sheets.read(preparing.prepare(picture), *readers)


def written(*rows: str, gap: float = 0.35, slope: float = 0.0) -> list[np.ndarray]:
    """Strokes of lines of sample digits that are one high; a space is two digits wide."""
    strokes = []
    for line, row in enumerate(rows):
        x = 0.0
        for character in row:
            if character == " ":
                x += 2
                continue
            digit = handwriting.sample_digit(int(character))
            left = min(stroke[:, 0].min() for stroke in digit)
            place = np.array([x - left, 1.7 * line + slope * x])
            strokes += [stroke + place for stroke in digit]
            x = max(stroke[:, 0].max() for stroke in strokes[-len(digit) :]) + gap
    return strokes


def picture(strokes: list[np.ndarray], **changes) -> np.ndarray:
    return photograph(strokes, replace(PHOTO, **changes))[0]


@pytest.mark.parametrize("digit", [2, 4, 5])
def test_a_large_marker_digit_that_is_cut_close_is_read(digit, read):
    """Its ink fills the picture: it was a symbol, or a 1."""
    sheet, ink = photograph(
        handwriting.sample_digit(digit), replace(PHOTO, pen="marker", thickness=0.16)
    )
    rows, columns = np.nonzero(ink > 0.5)
    cut = sheet[rows.min() - 6 : rows.max() + 7, columns.min() - 6 : columns.max() + 7]
    assert read(cut).sheet.text == str(digit)


def test_the_last_digit_at_the_edge_of_a_picture_is_read(read):
    sheet, ink = photograph(written("12345"), replace(PHOTO, thickness=0.012))
    edge = np.nonzero(ink > 0.5)[1].max() + 3
    assert read(sheet[:, :edge]).sheet.text == "12345"


@pytest.mark.parametrize("slope", [0, 0.12, -0.12], ids=["level", "falling", "rising"])
def test_lines_are_read_one_after_the_other(slope, read):
    found = read(picture(written("12345", "67890", slope=slope), thickness=0.012)).sheet
    assert found.text == "12345\n67890"


def test_numbers_of_a_line_are_told_apart_by_their_gaps(read):
    found = read(picture(written("12 345", "67 890"), thickness=0.01, size=0.9)).sheet
    assert found.text == "12 345\n67 890"
    assert [part.number for part in found.digits] == [0, 0, 1, 1, 1] * 2


@pytest.mark.parametrize("ruling", ["ruled", "squared"])
def test_ruling_and_the_borders_of_a_table_are_no_digits(ruling, read):
    sheet = picture(
        written("2047"), ruling=ruling, strength=1.0, ruling_colour=(50, 60, 90), spacing=0.2
    )
    assert read(sheet).sheet.text == "2047"


@pytest.mark.parametrize("cells", ["boxes", "table"])
@pytest.mark.parametrize("turn", [-5.0, 0.0, 3.0])
def test_printed_boxes_and_tables_in_the_middle_of_a_sheet_are_no_digits(cells, turn, read):
    """Their upright lines were ones."""
    page = Page(
        lines=("20 475",) if cells == "table" else ("20475",),
        height=0.2,
        gap=0.4,
        cells=cells,
        strength=0.9,
        turn=turn,
    )
    drawn = drawings.from_strokes([handwriting.sample_digit(k) for k in range(10)], np.arange(10))
    sheet = render(page, drawn)
    assert read(sheet.picture).sheet.text == sheet.text


@pytest.mark.parametrize("number", ["24", "17", "35"])
@pytest.mark.parametrize("ends", [(4, -3), (3, -2), (5, 0)])
def test_borders_along_the_edge_are_no_ink_though_digits_stand_on_them(number, ends, read):
    """Their digits were dropped with them, or the paper between the borders was taken for ink."""
    sheet, ink = photograph(written(number), replace(PHOTO, shape=(300, 300), size=0.84))
    rows = np.flatnonzero((ink > 0.5).any(axis=1))
    cell = sheet[rows[0] - 22 : rows[-1] + 5].copy()
    low, right = cell.shape[:2]
    for upper, lower in ((low + ends[0], low + ends[1]), (-ends[0], -ends[1] - 1)):
        cv2.line(cell, (-5, upper), (right + 5, lower), (52, 46, 60), 9, cv2.LINE_AA)
    assert read(cell).sheet.text == number


@pytest.mark.parametrize("number", ["25", "35", "47"])
def test_ink_of_another_box_that_runs_into_a_digit_is_left_out_without_it(number, read):
    photo = replace(PHOTO, shape=(220, 380), size=0.68, thickness=0.05, y=0.56)
    sheet, ink = photograph(written(number), photo)
    rows, columns = np.nonzero(ink > 0.5)
    top = int(rows.min())
    x = int(columns[rows < top + 20].max()) - 20
    faint = round(0.6 * int(sheet[5:60].max()))
    smudge = np.full_like(sheet, 255)
    cv2.line(smudge, (x - 20, top - 10), (x, top + 4), (faint, faint - 6, faint + 6), 12)
    cv2.ellipse(smudge, (x - 30, -10), (45, top - 4), 0, 0, 180, (70, 60, 120), 10, cv2.LINE_AA)
    assert read(np.minimum(sheet, smudge)).sheet.text == number


def test_a_decimal_comma_is_left_out_and_told(read):
    strokes = written("62", gap=0.7)
    edge = max(stroke[:, 0].max() for stroke in handwriting.sample_digit(6))
    left = min(stroke[:, 0].min() for stroke in handwriting.sample_digit(6))
    x = edge - left + 0.35
    comma = np.array([[x, 0.85], [x - 0.06, 1.1]])
    found = read(picture([*strokes, comma], thickness=0.03, size=0.5)).sheet
    assert found.text == "62"
    assert len(found.left_out) == 1


def test_faint_small_writing_on_a_large_sheet_is_found(read):
    sheet = picture(written("13579"), shape=(1600, 2000), size=0.11, thickness=0.012, pen="pencil")
    assert read(sheet).sheet.text == "13579"


def test_digits_that_stand_far_apart_are_one_number(read):
    found = read(picture(written("2468", gap=1.5), thickness=0.012)).sheet
    assert found.text == "2468"


def test_zeros_that_touch_are_two(read):
    found = read(picture(written("700", gap=0.07), thickness=0.05)).sheet
    assert found.text == "700"


@pytest.mark.parametrize("desk", [0, 60, 110])
def test_the_desk_around_a_sheet_is_no_ink(desk, read):
    for number in ("3", "27"):
        sheet = picture(written(number), thickness=0.05, size=0.5)
        around = cv2.copyMakeBorder(sheet, *[70] * 4, cv2.BORDER_CONSTANT, value=[desk] * 3)
        assert read(around).sheet.text == number


@pytest.mark.parametrize("ruling", ["plain", "ruled"])
def test_the_margin_of_a_sheet_on_a_desk_is_no_ink(ruling, read):
    """It runs from edge to edge of the sheet, and not of the picture: it was a 1."""
    sheet = picture(
        written("27"), thickness=0.04, size=0.5, ruling=ruling, margin=True, strength=1.0
    )
    around = cv2.copyMakeBorder(sheet, *[70] * 4, cv2.BORDER_CONSTANT, value=[40] * 3)
    assert read(around).sheet.text == "27"


@pytest.mark.parametrize("bars", [(60, 0), (0, 60), (0, 90)])
def test_bars_beside_a_picture_are_no_ink(bars, read):
    plain = np.full((300, 300), 255, np.uint8)
    for stroke in handwriting.sample_digit(5):
        cv2.polylines(plain, [np.rint(90 + 120 * stroke).astype(np.int32)], False, 0, 10)
    high, wide = bars
    barred = cv2.copyMakeBorder(plain, high, high, wide, wide, cv2.BORDER_CONSTANT, value=0)
    assert read(barred).sheet.text == "5"


def even(number: str) -> np.ndarray:
    """A number on a page as a tablet or a good scanner has it: white, without light or grain."""
    page = np.full((420, 900), 255, np.uint8)
    strokes = [np.rint(stroke * 130 + (80, 150)).astype(np.int32) for stroke in written(number)]
    cv2.polylines(page, strokes, False, 0, 9, cv2.LINE_AA)
    return page


@pytest.mark.parametrize("step", [40, 65])
@pytest.mark.parametrize("line", [1, 3])
@pytest.mark.parametrize("number", ["20746", "13589"])
def test_the_squares_of_an_even_page_are_no_ink(step, line, number, read):
    """It was one digit, with all squares as its ink."""
    squares = np.full((420, 900), 255, np.uint8)
    for start in range(step // 2, 900, step):
        cv2.line(squares, (start, 0), (start, 899), 170, line)
        cv2.line(squares, (0, start), (899, start), 170, line)
    assert read(np.minimum(even(number), squares)).sheet.text == number


@pytest.mark.parametrize("gap", [30, 10, 0])
def test_the_boxes_of_an_even_form_are_no_ones(gap, read):
    page = np.full((420, 1000), 255, np.uint8)
    for place, digit in enumerate("20746"):
        left = 60 + 170 * place
        cv2.rectangle(page, (left, 140 - gap), (left + 170, 290 + gap), 90, 2)
        for stroke in handwriting.sample_digit(int(digit)):
            points = np.rint(stroke * 130 + (left + 30, 150)).astype(np.int32)
            cv2.polylines(page, [points], False, 0, 9, cv2.LINE_AA)
    assert read(page).sheet.text == "20746"


@pytest.mark.parametrize("wide", [4, 15, 40])
@pytest.mark.parametrize("sides", ["left", "right", "left right", "top bottom", "all"])
def test_the_dark_edges_of_an_even_scan_are_no_ink(wide, sides, read):
    """A strip was a 1, for which the line was struck out; or the paper between was the ink."""
    page = even("20746")
    for side, strip in {
        "left": np.s_[:, :wide],
        "right": np.s_[:, -wide:],
        "top": np.s_[:wide],
        "bottom": np.s_[-wide:],
    }.items():
        if side in sides or sides == "all":
            page[strip] = 30
    assert read(page).sheet.text == "20746"


@pytest.mark.parametrize("squares", [True, False])
def test_even_paper_with_lines_alone_has_nothing_to_read(squares, read):
    page = np.full((420, 900), 255, np.uint8)
    page[20::40] = page[21::40] = 170
    if squares:
        page[:, 20::40] = 170
    assert read(page).prepared.verdict is Verdict.BLANK


@pytest.mark.parametrize("line", [1, 4])
def test_a_frame_around_a_digit_is_no_ink(line, read):
    framed = np.full((280, 280), 255, np.uint8)
    cv2.rectangle(framed, (12, 12), (267, 267), 0, line)
    for stroke in handwriting.sample_digit(3):
        cv2.polylines(framed, [np.rint(80 + 120 * stroke).astype(np.int32)], False, 0, 10)
    assert read(framed).sheet.text == "3"


def test_a_round_digit_is_no_frame():
    zero = np.zeros((200, 200), np.uint8)
    cv2.ellipse(zero, (100, 100), (60, 90), 0, 0, 360, 1, 12)
    cv2.circle(zero, (100, 100), 16, 1, -1)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(zero)
    assert not surroundings.frames(parts, stats).any()


@pytest.mark.parametrize("corner", ["top left", "top right", "bottom left", "bottom right"])
def test_a_canvas_with_a_digit_in_its_corner_is_no_sheet_on_a_desk(corner):
    """The paper, without that corner, was taken for a sheet, and half of the digit for a desk."""
    for hand in handwriting.generate(40, seed=3):
        strokes = robustness.place(hand, robustness.CONDITIONS[f"place {corner}"])
        drawn = rendering.render_strokes(strokes, CANVAS, CANVAS_PEN)
        assert surroundings.beside_the_sheet(drawn[..., None]) is None


def test_a_sheet_of_two_thousand_digits_is_answered_in_a_sentence(read):
    small = cv2.resize(picture(written("8"), size=0.9), (24, 32), interpolation=cv2.INTER_AREA)
    found = read(np.tile(small, (40, 50, 1)))
    assert len(found.sheet.digits) <= layout.MOST
    assert found.sheet.digits or found.sheet.crowded or not found.answer.is_digit
