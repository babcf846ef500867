"""A drawing's way to the network input, as pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.ink import convention, ladder
from classifier.ink.convention import BOX, PEN
from classifier.ink.preparing import Prepared, Verdict, prepare, prepare_strokes
from tests.ink import (
    DIGITS,
    difference,
    drawn,
    network_input,
    photographed,
    rungs,
)


def test_a_ladder_goes_from_the_picture_to_the_network_input():
    prepared = prepare_strokes(drawn(5), CANVAS, 18)
    found = ladder.rungs(prepared.ink, prepared.network_input)
    names = ["raw", "ink box", "20 × 20", "centre of mass", "pen", "network input"]
    assert [rung.name for rung in found] == names
    assert found[-1].image is prepared.network_input
    for rung in found:
        assert rung.image.shape == (IMAGE_SIZE, IMAGE_SIZE)
        assert rung.image.dtype == np.uint8
        assert rung.image.max() > 200
        assert rung.why.endswith(".")
        assert len(rung.why.split()) <= 12


@pytest.mark.parametrize("digit", DIGITS)
def test_a_ladder_shows_size_and_place_of_each_step(digit):
    prepared = prepare_strokes(drawn(digit, 90, 170, 20), CANVAS, 12)
    found = rungs(prepared)

    def extent(image: np.ndarray) -> tuple[int, np.ndarray]:
        places = np.argwhere(image)
        low, high = places.min(axis=0), places.max(axis=0)
        return max(high - low) + 1, (low + high) / 2

    raw = cv2.resize(prepared.ink, (28, 28), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(found["raw"], np.rint(raw * 255))
    for name, size in (("ink box", IMAGE_SIZE), ("20 × 20", BOX)):
        side, middle = extent(found[name])
        assert side == size
        assert np.abs(middle - 13.5).max() <= 0.5
    for name in ("centre of mass", "pen"):
        picture = found[name].astype(float)
        rows, columns = np.nonzero(picture)
        middle = np.array([rows, columns]) @ picture[rows, columns] / picture.sum()
        assert np.abs(middle - 14).max() <= 0.5
    moved = extent(found["centre of mass"])[1] - extent(found["20 × 20"])[1]
    same = np.roll(found["20 × 20"], tuple(moved.astype(int)), (0, 1))
    np.testing.assert_array_equal(same, found["centre of mass"])


@pytest.mark.parametrize("digit", DIGITS)
def test_rungs_after_the_raw_one_do_not_depend_on_place(digit):
    corner, middle = (rungs(prepare_strokes(drawn(digit, 60, x, x), CANVAS, 10)) for x in (12, 110))
    assert np.abs(corner["raw"].astype(float) - middle["raw"]).mean() > 5
    for name in list(corner)[1:]:
        np.testing.assert_array_equal(corner[name], middle[name])


@pytest.mark.parametrize("digit", DIGITS)
def test_a_picture_as_in_mnist_is_hardly_changed_on_its_way(digit):
    """Only enlarging takes it far; 20 × 20 is the same a few pixels aside, as tested above."""
    picture = network_input(prepare_strokes(drawn(digit), CANVAS, 12))
    found = rungs(Prepared(Verdict.READABLE, picture / np.float32(255), network_input=picture))
    np.testing.assert_array_equal(found["raw"], picture)
    for name in ("centre of mass", "pen", "network input"):
        assert difference(found[name], picture) < 4
    assert difference(found["ink box"], picture) > 10


@pytest.mark.parametrize("pen", [5, 60])
def test_only_the_pen_rung_changes_the_pen(pen):
    found = rungs(prepare(photographed(drawn(3), pen)))
    bounds = PEN[0] - 0.5, PEN[1] + 0.5

    def width(name: str) -> float:
        return convention.pen_width(cv2.resize(found[name] / np.float32(255), (224, 224))) / 8

    assert not bounds[0] < width("centre of mass") < bounds[1]
    assert bounds[0] < width("pen") < bounds[1]


def test_a_wide_picture_is_squeezed_at_first_and_keeps_its_aspect_then():
    square = photographed(drawn(5, 120, 80, 80))
    wide = np.pad(square, ((0, 0), (0, CANVAS)), constant_values=255)
    one, other = rungs(prepare(square)), rungs(prepare(wide))
    assert np.ptp(np.nonzero(other["raw"])[1]) < 0.7 * np.ptp(np.nonzero(one["raw"])[1])
    for name in list(one)[1:]:
        np.testing.assert_array_equal(one[name], other[name])


def test_without_ink_there_is_no_ladder():
    blank = np.zeros((28, 28), np.uint8)
    assert ladder.rungs(np.zeros((CANVAS, CANVAS), np.float32), blank) == []


@pytest.mark.parametrize("size", [1, 3, 40, 280])
@pytest.mark.parametrize("value", [0.2, 1])
def test_any_ink_has_a_ladder(size, value):
    ink = np.zeros((CANVAS, CANVAS), np.float32)
    ink[:size, -size:] = value
    assert len(ladder.rungs(ink, np.zeros((28, 28), np.uint8))) == 6
