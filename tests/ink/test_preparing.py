"""Pictures and strokes to network input: the same digit gives the same input, whatever its place,
size, pen and colours; and what is no single digit is said to be none.

Bounds on pictures are mean absolute differences in grey levels, 0–255, over the 28×28 pixels. For
comparison: the nearest two of the ten sample digits differ by 16 when laid over each other, and
two neighbours in MNIST by 40 in the mean.
"""

import cv2
import numpy as np
import pytest

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.ink import convention, drawings, finding, preparing, rendering
from classifier.ink.preparing import Verdict, prepare, prepare_strokes
from classifier.synthetic import handwriting
from tests.ink import (
    DIGITS,
    difference,
    drawn,
    likeness,
    network_input,
    photographed,
    rungs,
)

# Strokes: the network input does not depend on place, size and pen at all.


@pytest.mark.parametrize("digit", DIGITS)
def test_strokes_moved_give_the_same_input(digit):
    base = network_input(prepare_strokes(drawn(digit), CANVAS, 12))
    for x, y in ((8, 8), (110, 10), (33.3, 101.7)):
        moved = prepare_strokes(drawn(digit, 160, x, y), CANVAS, 12)
        np.testing.assert_array_equal(network_input(moved), base)


@pytest.mark.parametrize("digit", DIGITS)
def test_strokes_scaled_give_the_same_input(digit):
    base = network_input(prepare_strokes(drawn(digit), CANVAS, 12))
    for size in (60, 100, 240):
        scaled = prepare_strokes(drawn(digit, size, 20, 20), CANVAS, 12)
        assert np.abs(network_input(scaled).astype(int) - base).max() <= 1


@pytest.mark.parametrize("digit", DIGITS)
def test_strokes_with_a_pen_3_times_thicker_give_the_same_input(digit):
    base = network_input(prepare_strokes(drawn(digit), CANVAS, 12))
    for pen in (4, 36):
        thicker = prepare_strokes(drawn(digit), CANVAS, pen)
        np.testing.assert_array_equal(network_input(thicker), base)


def test_a_larger_canvas_gives_the_same_input():
    base = network_input(prepare_strokes(drawn(5), CANVAS, 12))
    doubled = prepare_strokes([2 * stroke for stroke in drawn(5)], 2 * CANVAS, 24)
    np.testing.assert_array_equal(network_input(doubled), base)


# Rendered pictures: the same up to the bounds stated here.


@pytest.mark.parametrize("digit", DIGITS)
def test_picture_moved_by_whole_pixels_gives_the_same_input(digit):
    base = network_input(prepare(photographed(drawn(digit))))
    for x, y in ((8, 8), (110, 10), (33, 101)):
        moved = prepare(photographed(drawn(digit, 160, x, y)))
        np.testing.assert_array_equal(network_input(moved), base)


@pytest.mark.parametrize("digit", DIGITS)
def test_picture_moved_by_parts_of_a_pixel_differs_by_less_than_5(digit):
    base = network_input(prepare(photographed(drawn(digit))))
    for x, y in ((33.3, 101.7), (10.5, 20.25)):
        moved = prepare(photographed(drawn(digit, 160, x, y)))
        assert difference(network_input(moved), base) < 5


@pytest.mark.parametrize("digit", DIGITS)
def test_picture_scaled_from_a_half_to_one_and_a_half_differs_by_less_than_12(digit):
    base = network_input(prepare(photographed(drawn(digit))))
    for size in (80, 120, 220):
        scaled = prepare(photographed(drawn(digit, size, 30, 30), 12 * size / 160))
        assert difference(network_input(scaled), base) < 12


@pytest.mark.parametrize("digit", DIGITS)
def test_fine_pen_3_times_thicker_differs_by_less_than_4(digit):
    """Pens finer than MNIST's are all brought to the same width."""
    fine = network_input(prepare(photographed(drawn(digit), 4)))
    thicker = network_input(prepare(photographed(drawn(digit), 12)))
    assert difference(fine, thicker) < 4


@pytest.fixture(scope="module")
def thin_inputs() -> list[np.ndarray]:
    return [network_input(prepare(photographed(drawn(digit), 12))) for digit in DIGITS]


@pytest.mark.parametrize("pen", [24, 36])
def test_pens_up_to_3_times_thicker_keep_the_shape(thin_inputs, pen):
    """Pictures keep a pen that is not too fine, so greys differ; the shape does not: each digit is
    liker to itself in a fine pen than to any other, by a correlation of 0.6. Whether networks read
    such pictures, and in pens that are thicker yet, `tests/serving/test_pens.py` asks."""
    for digit in DIGITS:
        thick = network_input(prepare(photographed(drawn(digit), pen)))
        like = [likeness(thick, other) for other in thin_inputs]
        assert int(np.argmax(like)) == digit
        assert like[digit] > 0.6


def test_picture_and_strokes_of_a_digit_agree():
    """One way for a canvas and another for a file would be two meanings of a digit."""
    for digit in DIGITS:
        from_picture = network_input(prepare(photographed(drawn(digit))))
        from_strokes = network_input(prepare_strokes(drawn(digit), CANVAS, 12))
        assert difference(from_picture, from_strokes) < 12


def test_a_tap_beside_the_digit_changes_nothing():
    base = network_input(prepare_strokes(drawn(3), CANVAS, 12))
    tapped = [*drawn(3), np.array([[20.0, 20.0]]), np.array([[270.0, 260.0], [271.0, 260.0]])]
    np.testing.assert_array_equal(network_input(prepare_strokes(tapped, CANVAS, 12)), base)


# Verdicts.


@pytest.mark.parametrize(
    "picture",
    [
        np.full((50, 40), 255, np.uint8),
        np.zeros((50, 40, 3), np.uint8),
        np.zeros((50, 40, 4), np.uint8),
        np.full((50, 40, 4), 255, np.uint8),
        np.full((1, 1), 7, np.uint8),
        np.random.default_rng(0).normal(240, 4, (90, 90)).clip(0, 255).astype(np.uint8),
    ],
    ids=["white", "black", "transparent", "opaque white", "one pixel", "paper grain"],
)
def test_blank_is_blank_and_no_input_is_invented(picture):
    prepared = prepare(picture)
    assert prepared.verdict is Verdict.BLANK
    assert prepared.network_input is prepared.scaled is prepared.box is None
    assert not prepared.ink.any()


def test_no_strokes_are_blank():
    prepared = prepare_strokes([], CANVAS, 18)
    assert prepared.verdict is Verdict.BLANK
    assert prepared.network_input is None
    assert prepared.ink.shape == (CANVAS, CANVAS)


@pytest.mark.parametrize("radius", [2, 3, 4, 6, 9, 14, 24])
def test_a_dot_in_a_picture_is_a_dot(radius):
    for style in (cv2.LINE_AA, cv2.LINE_8):
        picture = np.full((CANVAS, CANVAS), 255, np.uint8)
        cv2.circle(picture, (140, 100), radius, 0, -1, style)
        prepared = prepare(picture)
        assert prepared.verdict is Verdict.DOT
        assert prepared.network_input is None


@pytest.mark.parametrize("pen", [6, 18, 36])
@pytest.mark.parametrize(
    "tap", [[[100.0, 100.0]], [[100.0, 100.0], [103.0, 102.0]]], ids=["still", "shaky"]
)
def test_a_tap_on_the_canvas_is_a_dot(tap, pen):
    prepared = prepare_strokes([np.array(tap)], CANVAS, pen)
    assert prepared.verdict is Verdict.DOT
    assert prepared.network_input is None
    assert prepared.ink.any(), "the page shows what is there"


@pytest.mark.parametrize("digit", DIGITS)
def test_a_small_digit_is_no_dot(digit):
    assert prepare_strokes(drawn(digit, 24, 5, 5), CANVAS, 8).verdict is Verdict.READABLE
    assert prepare(photographed(drawn(digit, 40, 20, 20), 6)).verdict is Verdict.READABLE


def hatching(step: int) -> list[np.ndarray]:
    """One stroke back and forth over the whole canvas, `step` pixels further each time."""
    turns = [(0, CANVAS), (CANVAS, 0)]
    rows = range(0, CANVAS + 1, step)
    return [np.array([[x, y] for k, y in enumerate(rows) for x in turns[k % 2]], float)]


def test_a_canvas_painted_full_is_full():
    painted = np.zeros((CANVAS, CANVAS, 4), np.uint8)
    painted[8:-8, 8:-8] = (0, 0, 0, 255)
    disc = np.full((CANVAS, CANVAS), 255, np.uint8)
    cv2.circle(disc, (140, 140), 80, 0, -1, cv2.LINE_AA)
    for prepared in (
        prepare_strokes(hatching(10), CANVAS, 18),
        prepare_strokes(hatching(40), CANVAS, 30),  # three quarters, and every line to be seen
        prepare(painted),
        prepare(disc),
    ):
        assert prepared.verdict is Verdict.FULL
        assert prepared.network_input is None


@pytest.mark.parametrize("left", DIGITS)
def test_two_digits_side_by_side_are_two(left):
    for right in DIGITS:
        pair = drawn(left, 100, 20, 90) + drawn(right, 100, 160, 90)
        for prepared in (prepare_strokes(pair, CANVAS, 10), prepare(photographed(pair, 10))):
            assert prepared.verdict is Verdict.SEVERAL
            assert prepared.network_input is not None, "it can still be shown"


def test_written_digits_are_readable_single_digits():
    """Gaps between the strokes of one digit do not make it two."""
    written = list(handwriting.generate(100, seed=3))
    for strokes in written:
        low = np.concatenate(strokes).min(axis=0)
        placed = [(stroke - low) * 130 + 30 for stroke in strokes]
        assert prepare_strokes(placed, CANVAS, 12).verdict is Verdict.READABLE


# Each step by itself, and files of drawings.


def test_steps_called_one_by_one_give_what_prepare_gives():
    grey = photographed(drawn(8), 4)
    prepared = prepare(grey)
    ink = finding.drop_specks(finding.find_ink(grey))
    np.testing.assert_array_equal(ink, prepared.ink)
    assert preparing.judge(ink) is prepared.verdict
    box = convention.widen_pen(convention.crop_to_ink(ink))
    np.testing.assert_array_equal(box, prepared.box)
    scaled = convention.scale_to_box(box)
    np.testing.assert_array_equal(scaled, prepared.scaled)
    np.testing.assert_array_equal(convention.centre(scaled), prepared.network_input)


def test_steps_have_the_types_they_promise():
    prepared = prepare(photographed(drawn(8)))
    for ink in (prepared.ink, prepared.box):
        assert ink.dtype == np.float32
        assert (ink.min(), ink.max()) == (0, 1)
    assert prepared.scaled.dtype == prepared.network_input.dtype == np.uint8
    assert prepared.network_input.shape == (IMAGE_SIZE, IMAGE_SIZE)
    assert prepared.network_input.max() > 200, "ink is high"


def test_a_file_of_drawings_takes_the_same_way_as_the_canvas():
    file = drawings.from_strokes([drawn(d) for d in DIGITS], np.arange(10))
    rendered = rendering.render_drawings(file)
    assert rendered.shape == (10, IMAGE_SIZE, IMAGE_SIZE)
    assert rendered.dtype == np.uint8
    for digit, picture in enumerate(rendered):
        canvas = prepare_strokes(drawn(digit), CANVAS, 12)
        np.testing.assert_array_equal(picture, network_input(canvas))


# Drawing over a network input.


def test_a_network_input_with_nothing_drawn_over_it_stays_as_it_is():
    image = network_input(prepare_strokes(drawn(5, 60, 10, 10), CANVAS, 12))
    prepared = preparing.draw_over(image, [], CANVAS, 18)
    np.testing.assert_array_equal(network_input(prepared), image)
    assert prepared.ink.shape == (CANVAS, CANVAS)
    np.testing.assert_array_equal(rungs(prepared)["raw"], image)


def test_strokes_drawn_over_a_network_input_stay_where_they_are_drawn():
    image = network_input(prepare_strokes(drawn(5), CANVAS, 12))
    before = image.copy()
    foot = [np.array([[205, 250], [265, 250]], float)]  # rows 24 and 25, columns 20 to 26
    prepared = preparing.draw_over(image, foot, CANVAS, 20)
    result = network_input(prepared)
    assert (result[24:26, 21:26] > 250).all()
    away = np.ones((IMAGE_SIZE, IMAGE_SIZE), bool)
    away[23:27, 19:28] = False
    np.testing.assert_array_equal(result[away], image[away])
    assert (result >= image).all(), "strokes add ink and take none away"
    np.testing.assert_array_equal(image, before)
    assert prepared.ink.dtype == np.float32
    assert prepared.ink[250, 235] == 1


def test_what_is_drawn_over_a_network_input_takes_no_steps():
    """An image that was put on the canvas keeps its size, place and pen."""
    small = [np.array([[20, 20], [60, 60]], float)]
    prepared = preparing.draw_over(np.zeros((28, 28), np.uint8), small, CANVAS, 12)
    assert prepared.box is prepared.scaled is None
    assert not network_input(prepared)[8:].any()
    reduced = cv2.resize(prepared.ink, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(network_input(prepared), np.rint(reduced * 255))


def test_nothing_drawn_over_an_empty_network_input_is_blank():
    prepared = preparing.draw_over(np.zeros((28, 28), np.uint8), [], CANVAS, 18)
    assert prepared.verdict is Verdict.BLANK
    assert prepared.network_input is None
    assert not prepared.ink.any()
