"""The ink of a number in pieces: what is apart, and what is cut."""

import time

import numpy as np

from classifier.ink import pieces


def ink(*parts: tuple[slice, slice]) -> np.ndarray:
    picture = np.zeros((60, 120), np.float32)
    for part in parts:
        picture[part] = 1
    return picture


def test_what_is_apart_is_in_pieces_from_left_to_right():
    bars = [(slice(10, 50), slice(x, x + 4)) for x in (80, 20, 50)]
    piece_of, boxes, whole, ties = pieces.pieces(ink(*bars))
    assert boxes[:, 0].tolist() == [20, 50, 80]
    assert len(set(whole.tolist())) == 3
    assert ties.tolist() == [0, 0, 0]
    assert [piece_of[30, x] for x in (0, 21, 51, 81)] == [-1, 0, 1, 2]


def test_wide_ink_in_one_piece_is_cut_where_it_is_thin_at_a_cost():
    blocks = [(slice(10, 50), slice(10, 40)), (slice(10, 50), slice(70, 100))]
    piece_of, boxes, whole, ties = pieces.pieces(ink(*blocks, (slice(28, 32), slice(40, 70))))
    assert len(boxes) > 1
    assert len(set(whole.tolist())) == 1
    assert (ties[1:] > 0).all()
    assert piece_of[20, 20] != piece_of[20, 90]
    assert ((piece_of >= 0) == (ink(*blocks, (slice(28, 32), slice(40, 70))) > 0)).all()


def test_paper_has_no_pieces():
    _, boxes, whole, ties = pieces.pieces(ink())
    assert len(boxes) == len(whole) == len(ties) == 0


def test_a_sheet_of_dots_is_one_piece_at_once():
    """By dots it took 20 seconds."""
    sheet = np.zeros((640, 640), np.float32)
    sheet[10:-10:3, 20:-20:3] = 1
    begun = time.perf_counter()
    piece_of, boxes, whole, ties = pieces.pieces(sheet)
    assert time.perf_counter() - begun < 2
    assert boxes.tolist() == [[20, 10, 618, 629]]
    assert len(whole) == len(ties) == 1
    assert ((piece_of == 0) == (sheet > 0)).all()
    assert ((piece_of == -1) == (sheet == 0)).all()
