"""Ink to the MNIST convention: its box, its pen, and its middle."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.ink import convention, rendering
from classifier.ink.convention import BOX, PEN
from classifier.ink.preparing import prepare, prepare_strokes
from tests.ink import DIGITS, drawn, network_input, pen_of, photographed


@pytest.mark.parametrize("pen", [2, 4, 8, 18, 36, 48])
def test_pen_is_brought_to_mnists_range(pen):
    """To within half a pixel of 28, as far as a width can be measured."""
    for digit in DIGITS:
        assert PEN[0] - 0.5 < pen_of(prepare(photographed(drawn(digit), pen))) < PEN[1] + 0.5


def test_pen_within_the_range_is_left_as_it_is():
    ink = convention.crop_to_ink(rendering.render_strokes(drawn(3), CANVAS, 24))
    assert convention.adjust_pen(ink) is ink


def test_pen_outside_the_range_is_redrawn_as_asked():
    for digit in DIGITS:
        ink = convention.crop_to_ink(rendering.render_strokes(drawn(digit), CANVAS, 12))
        for wanted in (3.0, 4.0):
            box = convention.adjust_pen(ink, (wanted, wanted))
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
