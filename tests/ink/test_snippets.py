"""Digits that came as pictures, as they are kept: small, alike, and read as they were."""

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS
from classifier.ink import preparing, rendering, snippets
from classifier.synthetic import handwriting


def ink_of(digit: int, side: int = 300, pen: float = 16) -> np.ndarray:
    strokes = [stroke * 0.7 * side + 0.15 * side for stroke in handwriting.sample_digit(digit)]
    return rendering.render_strokes(strokes, side, pen)


@pytest.mark.parametrize("side", [24, 60, 300, 1500])
def test_a_snippet_cut_once_more_is_itself(side):
    for digit in (1, 4, 8):
        snippet = snippets.cut(ink_of(digit, side, side / 18))
        assert snippet.shape == (64, 64)
        assert snippets.is_one(snippet)
        np.testing.assert_array_equal(snippets.of_picture(snippet), snippet)


def test_where_a_digit_stands_on_its_sheet_is_no_matter():
    ink = ink_of(3)
    moved = np.zeros((700, 900), np.float32)
    moved[120:420, 333:633] = ink
    np.testing.assert_array_equal(snippets.cut(ink), snippets.cut(moved))


@pytest.mark.parametrize("pen", [2, 5, 16, 40])
def test_it_gives_the_network_what_the_picture_gave(pen):
    for digit in (1, 4, 8):
        ink = ink_of(digit, 400, pen)
        before = preparing.prepare_ink(ink).network_input
        after = snippets.prepared(snippets.cut(ink)).network_input
        assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95


def test_a_picture_of_a_digit_in_any_colours_becomes_one():
    paper = np.rint(230 - 190 * ink_of(5)).astype(np.uint8)
    snippet = snippets.of_picture(paper)
    assert snippets.is_one(snippet)
    assert not snippets.is_one(paper)
    assert not snippets.is_one(np.zeros((64, 64), np.uint8))
    assert not snippets.is_one(np.full((64, 64), 255, np.uint8))


def test_without_ink_there_is_none():
    with pytest.raises(ValueError, match="no ink"):
        snippets.cut(np.zeros((30, 30), np.float32))
    with pytest.raises(ValueError, match="no ink"):
        snippets.of_picture(np.full((30, 30), 200, np.uint8))


def test_as_lines_it_looks_the_same():
    snippet = snippets.cut(ink_of(7))
    lines, pen = snippets.as_lines(snippet)
    drawn = cv2.resize(rendering.render_strokes(lines, CANVAS, pen), (64, 64))
    assert np.corrcoef(drawn.ravel(), snippet.ravel())[0, 1] > 0.9
    assert sum(map(len, lines)) < 400
