"""The ink of a number in pieces: what is apart, and what is cut."""

import time

import numpy as np

from classifier.ink import pieces


def ink(*parts: tuple[slice, slice]) -> np.ndarray:
    picture = np.zeros((60, 120), np.float32)
    for part in parts:
        picture[part] = 1
    return picture


def only_line(picture: np.ndarray) -> pieces.Line:
    (line,) = pieces.pieces(picture, 500)
    return line


def test_what_is_apart_is_in_pieces_from_left_to_right():
    bars = [(slice(10, 50), slice(x, x + 4)) for x in (80, 20, 50)]
    line = only_line(ink(*bars))
    assert line.boxes[:, 0].tolist() == [20, 50, 80]
    assert len(set(line.whole.tolist())) == 3
    assert line.ties.tolist() == [0, 0, 0]
    assert line.corner == (20, 10)
    assert [line.piece_of[20, x - 20] for x in (21, 40, 51, 81)] == [0, -1, 1, 2]


def test_wide_ink_in_one_piece_is_cut_where_it_is_thin_at_a_cost():
    blocks = [(slice(10, 50), slice(10, 40)), (slice(10, 50), slice(70, 100))]
    picture = ink(*blocks, (slice(28, 32), slice(40, 70)))
    line = only_line(picture)
    assert len(line.boxes) > 1
    assert len(set(line.whole.tolist())) == 1
    assert (line.ties[1:] > 0).all()
    assert line.piece_of[10, 10] != line.piece_of[10, 80]
    assert ((line.piece_of >= 0) == (picture[10:50, 10:100] > 0)).all()


def test_paper_has_no_lines():
    assert pieces.pieces(ink(), 500) == []


def test_a_line_of_dots_is_one_piece_at_once():
    """By dots it took 20 seconds."""
    sheet = np.zeros((640, 640), np.float32)
    sheet[10:-10:3, 20:-20:3] = 1
    begun = time.perf_counter()
    assert pieces.pieces(sheet, 500) is None, "a whole sheet of them is more than is looked at"
    line = only_line(np.where(np.arange(640)[:, None] < 12, sheet, 0))
    assert time.perf_counter() - begun < 2
    assert line.boxes.tolist() == [[20, 10, 618, 11]]
    assert len(line.whole) == len(line.ties) == 1
    assert ((line.piece_of == 0) == (sheet[10:11, 20:618] > 0)).all()
