"""Ink to the MNIST convention: its box, its pen, and its middle."""

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.ink import convention, rendering
from classifier.ink.convention import BOX, PEN
from classifier.ink.preparing import Prepared, Verdict, prepare, prepare_strokes
from tests.ink import (
    DIGITS,
    difference,
    drawn,
    network_input,
    pen_of,
    photographed,
    rungs,
)


@pytest.mark.parametrize("side", [CANVAS, 640])
@pytest.mark.parametrize("pen", [1, 2, 4, 8])
def test_a_fine_pen_is_widened_to_mnists_least(pen, side):
    """To within half a pixel of 28, as far as a width can be measured."""
    for digit in DIGITS:
        strokes = [stroke * side / CANVAS for stroke in drawn(digit)]
        ink = rendering.render_strokes(strokes, side, pen)
        assert pen_of(prepare(1 - ink)) == pytest.approx(PEN, abs=0.5)


@pytest.mark.parametrize("pen", [24, 36, 48])
def test_a_wide_pen_is_left_as_it_is(pen):
    for digit in DIGITS:
        ink = convention.crop_to_ink(rendering.render_strokes(drawn(digit), CANVAS, pen))
        assert convention.widen_pen(ink) is ink


@pytest.mark.parametrize("pen", range(13, 25))
def test_a_pen_about_as_wide_stays_full_ink(pen):
    for digit in DIGITS:
        for size in (60, 160):
            ink = rendering.render_strokes(drawn(digit, size, 20, 20), CANVAS, pen * size / 160)
            assert (convention.widen_pen(convention.crop_to_ink(ink)) > 0.99).mean() > 0.05


@pytest.mark.parametrize("step", [10, 16, 24])
@pytest.mark.parametrize("side", [160, 171, 200])
def test_a_width_that_seems_greater_on_the_finer_grid_takes_no_ink_away(step, side):
    """As in an 8 whose holes are nearly closed."""
    box = np.ones((side, side - 20), np.float32)
    box[step::step, step::step] = 0
    limit = convention.pen_width(convention.at_work(box)) / convention.WORK
    assert (convention.widen_pen(box, limit + 1e-3) > 0.99).mean() > 0.8


def test_ink_that_is_but_for_a_hair_is_left_as_it_is():
    """On the finer grid of the pen nothing of it was ink any more."""
    faint = np.full((160, 160), 0.2, np.float32)
    faint[80, 80] = convention.INK
    assert convention.network_input(faint).any()


def test_a_finer_pen_is_redrawn_as_asked():
    for digit in DIGITS:
        ink = convention.crop_to_ink(rendering.render_strokes(drawn(digit), CANVAS, 12))
        for wanted in (3.0, 4.0):
            box = convention.widen_pen(ink, wanted)
            width = convention.pen_width(box) * BOX / max(box.shape)
            assert width == pytest.approx(wanted, abs=0.3)


@pytest.mark.parametrize("pen", [4, 12, 36])
def test_longer_side_is_20_and_the_middle_of_mass_is_the_middle(pen):
    for digit in DIGITS:
        for prepared in (
            prepare(photographed(drawn(digit), pen)),
            prepare_strokes(drawn(digit), CANVAS, pen),
        ):
            picture = network_input(prepared).astype(float)
            rows, columns = np.nonzero(picture)
            assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX == max(prepared.scaled.shape)
            middle = np.array(np.nonzero(picture)) @ picture[rows, columns] / picture.sum()
            assert np.abs(middle - 14).max() <= 0.5


def test_a_1_stays_thin():
    one = [np.array([[140, 40], [140, 240]], float)]
    for prepared in (prepare(photographed(one)), prepare_strokes(one, CANVAS, 12)):
        assert prepared.scaled.shape[0] == BOX
        assert prepared.scaled.shape[1] <= 3


@pytest.mark.parametrize("digit", DIGITS)
def test_aspect_is_kept(digit):
    ink = convention.crop_to_ink(rendering.render_strokes(drawn(digit), CANVAS, 12))
    scaled = convention.scale_to_box(ink)
    height, width = ink.shape
    assert scaled.shape == (BOX, round(width * BOX / height))


def test_a_wide_shape_fills_the_width():
    dash = [np.array([[40, 140], [240, 140]], float)]
    assert prepare(photographed(dash)).scaled.shape[1] == BOX


def test_edges_are_smoothed():
    """Anti-aliasing: a slanted line has greys, as MNIST's have."""
    picture = network_input(prepare_strokes(drawn(7), CANVAS, 12))
    assert len(np.unique(picture)) > 30


def test_scaling_down_averages():
    box = np.zeros((40, 40), np.float32)
    box[:, ::2] = 1  # stripes finer than the pixels of the result
    np.testing.assert_array_equal(convention.scale_to_box(box), np.full((BOX, BOX), 128))


@pytest.mark.parametrize("turns", range(4))
def test_heavy_ends_are_never_pushed_over_the_edge(turns):
    heavy = np.full((BOX, BOX), 1, np.uint8)
    heavy[-1] = 255
    heavy = np.rot90(heavy, turns)
    picture = convention.centre(heavy)
    assert picture.shape == (IMAGE_SIZE, IMAGE_SIZE)
    assert picture.sum() == heavy.sum(dtype=int)


def test_an_empty_box_can_be_placed():
    assert not convention.centre(np.zeros((BOX, 4), np.uint8)).any()


@pytest.mark.parametrize("width", [4, 9, 16, 30])
def test_pen_width_of_a_bar_is_its_width_within_two_pixels(width):
    bar = np.zeros((400, 60), np.float32)
    bar[20:380, 20 : 20 + width] = 1
    assert convention.pen_width(bar) == pytest.approx(width, abs=2.1)


def test_pen_width_of_nothing_is_nothing():
    assert convention.pen_width(np.zeros((9, 9), np.float32)) == 0


def test_mnists_own_pictures_stay_nearly_as_they_are(real_mnist):
    """Measured on the first 300 test images: mean 1.6, 19 of 20 under 11, the rest moved by a
    pixel, where two different ones differ by 40."""
    with np.load(real_mnist) as file:
        pictures = file["x_test"][:300]
    prepared = np.array([network_input(prepare(picture)) for picture in pictures], float)
    changes = np.abs(prepared - pictures).mean(axis=(1, 2))
    assert changes.mean() < 2
    assert np.quantile(changes, 0.95) < 12


# The way as pictures


def test_a_ladder_goes_from_the_picture_to_the_network_input():
    prepared = prepare_strokes(drawn(5), CANVAS, 18)
    found = convention.rungs(prepared.ink, prepared.network_input)
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


def test_only_the_pen_rung_changes_the_pen():
    found = rungs(prepare(photographed(drawn(3), 5)))

    def width(name: str) -> float:
        return convention.pen_width(cv2.resize(found[name] / np.float32(255), (224, 224))) / 8

    assert width("centre of mass") < PEN - 0.5
    assert width("pen") == pytest.approx(PEN, abs=0.5)


def test_a_wide_picture_is_squeezed_at_first_and_keeps_its_aspect_then():
    square = photographed(drawn(5, 120, 80, 80))
    wide = np.pad(square, ((0, 0), (0, CANVAS)), constant_values=255)
    one, other = rungs(prepare(square)), rungs(prepare(wide))
    assert np.ptp(np.nonzero(other["raw"])[1]) < 0.7 * np.ptp(np.nonzero(one["raw"])[1])
    for name in list(one)[1:]:
        np.testing.assert_array_equal(one[name], other[name])


def test_without_ink_there_is_no_ladder():
    blank = np.zeros((28, 28), np.uint8)
    assert convention.rungs(np.zeros((CANVAS, CANVAS), np.float32), blank) == []


@pytest.mark.parametrize("size", [1, 3, 40, 280])
@pytest.mark.parametrize("value", [0.2, 1])
def test_any_ink_has_a_ladder(size, value):
    ink = np.zeros((CANVAS, CANVAS), np.float32)
    ink[:size, -size:] = value
    assert len(convention.rungs(ink, np.zeros((28, 28), np.uint8))) == 6
