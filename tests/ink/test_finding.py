"""The ink of pictures in any colours, and without specks."""

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS
from classifier.ink import convention, finding, rendering
from classifier.ink.preparing import prepare
from tests.ink import DIGITS, difference, drawn, network_input, photographed


def coloured(grey: np.ndarray, ink: tuple, paper: tuple) -> np.ndarray:
    share = 1 - grey[..., None] / 255
    return np.rint(share * np.array(ink) + (1 - share) * np.array(paper)).astype(np.uint8)


@pytest.mark.parametrize("digit", [1, 4, 8])
def test_colours_of_ink_and_paper_do_not_matter(digit):
    grey = photographed(drawn(digit))
    base = network_input(prepare(grey))
    transparent = np.zeros((*grey.shape, 4), np.uint8)
    transparent[..., 3] = 255 - grey
    pictures = {
        "light on dark": 255 - grey,
        "RGB": np.repeat(grey[..., None], 3, axis=2),
        "opaque RGBA": np.dstack([grey, grey, grey, np.full_like(grey, 255)]),
        "black on transparent": transparent,
        "white on transparent": np.dstack([np.full((*grey.shape, 3), 255, np.uint8), 255 - grey]),
        "blue on white": np.dstack([grey, grey, np.full_like(grey, 255)]),
        "16 bits": grey.astype(np.uint16) * 257,
        "float 0–1": grey.astype(np.float32) / 255,
    }
    for name, picture in pictures.items():
        np.testing.assert_array_equal(network_input(prepare(picture)), base, err_msg=name)


@pytest.mark.parametrize("digit", [3, 5])
def test_files_that_use_a_part_of_their_range_are_read(digit):
    """Faint alpha, and 16 bits of which a scanner uses 8 or 12."""
    grey = photographed(drawn(digit))
    base = network_input(prepare(grey))
    faint = np.zeros((*grey.shape, 4), np.uint8)
    faint[..., 3] = np.rint(0.45 * (255 - grey.astype(float)))
    for name, picture in {
        "45 % alpha": faint,
        "8 of 16 bits": grey.astype(np.uint16),
        "12 of 16 bits": grey.astype(np.uint16) * 16,
    }.items():
        assert difference(network_input(prepare(picture)), base) < 1, name


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((200, 30, 30), (40, 140, 60)),  # red on green, of like brightness
        ((255, 255, 0), (255, 255, 255)),  # yellow on white
        ((90, 90, 90), (150, 150, 150)),  # pencil on grey paper
        ((240, 240, 235), (20, 60, 40)),  # chalk
    ],
)
def test_any_two_colours_give_nearly_the_same_input(ink, paper):
    grey = photographed(drawn(5))
    prepared = prepare(coloured(grey, ink, paper))
    assert difference(network_input(prepared), network_input(prepare(grey))) < 1


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_transparent_surroundings_of_opaque_paper_are_paper(ink, paper):
    """A cut-out note: the paper is opaque, and transparent around."""
    grey = photographed(drawn(5))
    values = coloured(grey, (ink,) * 3, (paper,) * 3)
    cut_out = np.dstack([values, np.zeros_like(grey)])
    cut_out[20:260, 20:260, 3] = 255
    np.testing.assert_array_equal(network_input(prepare(cut_out)), network_input(prepare(grey)))


def test_unevenness_of_paper_is_not_ink():
    grey = photographed(drawn(5)).astype(float)
    noise = np.random.default_rng(0).normal(0, 3, grey.shape)
    noisy = (grey * 0.9 + 10 + noise).clip(0, 255).astype(np.uint8)
    assert difference(network_input(prepare(noisy)), network_input(prepare(grey))) < 3


def test_what_is_faint_beside_the_ink_is_paper():
    picture = np.full((40, 30), 255, np.uint8)
    picture[5:35, 20:25] = 235  # the other side of the sheet shines through
    picture[10:20, 5:8] = 0
    np.testing.assert_array_equal(finding.find_ink(picture), (picture == 0))


def test_large_pictures_give_nearly_the_same_input():
    grey = photographed(drawn(5))
    large = cv2.resize(grey, (1400, 1400), interpolation=cv2.INTER_LINEAR)
    assert finding.find_ink(large).size == pytest.approx(450_000, rel=0.01)
    assert difference(network_input(prepare(large)), network_input(prepare(grey))) < 4


def test_pictures_need_not_be_square():
    grey = photographed(drawn(5, 120, 80, 80))
    wide = np.pad(grey[60:220], ((0, 0), (100, 200)), constant_values=255)
    np.testing.assert_array_equal(network_input(prepare(wide)), network_input(prepare(grey)))


@pytest.mark.parametrize("shape", [(28,), (0, 28), (28, 28, 2), (1, 28, 28, 3)])
def test_array_that_is_no_picture_is_refused_by_its_shape(shape):
    with pytest.raises(ValueError) as refusal:
        prepare(np.zeros(shape, np.uint8))
    assert f"not {shape}" in str(refusal.value) or f"not {(*shape, 1)}" in str(refusal.value)


def test_values_that_are_no_numbers_are_no_ink():
    picture = photographed(drawn(5)).astype(np.float32) / 255
    base = network_input(prepare(255 - photographed(drawn(5))))
    inverted = 1 - picture
    inverted[3, 3] = np.nan
    np.testing.assert_array_equal(network_input(prepare(inverted)), base)


@pytest.mark.parametrize("digit", DIGITS)
def test_stray_specks_change_nothing(digit):
    grey = photographed(drawn(digit))
    specked = grey.copy()
    for row, column in ((20, 20), (260, 30), (15, 250), (265, 265)):
        cv2.circle(specked, (column, row), 2, 0, -1, cv2.LINE_AA)
    np.testing.assert_array_equal(network_input(prepare(specked)), network_input(prepare(grey)))


def test_specks_are_dropped_and_strokes_apart_are_kept():
    ink = rendering.render_strokes(drawn(5), CANVAS, 12)
    apart = ink.copy()
    apart[20:32, 100:180] = 1  # the hat of a 5, lifted
    speck = apart.copy()
    speck[250:254, 20:24] = 1
    np.testing.assert_array_equal(finding.drop_specks(speck), apart)


def test_ink_is_found_where_it_is():
    picture = np.full((40, 30), 230, np.uint8)
    picture[10:20, 5:8] = 20
    ink = finding.find_ink(picture)
    np.testing.assert_array_equal(ink, (picture == 20).astype(np.float32))
    assert convention.crop_to_ink(ink).shape == (10, 3)
