"""Numbers of several digits: told apart, read from left to right, and nothing else is taken for
one."""

import time
from dataclasses import replace

import numpy as np
import pytest

from classifier.config import CANVAS, CANVAS_PEN, CLASSES, DETECTOR
from classifier.ink import layout, preparing, rendering
from classifier.ink.preparing import Verdict
from classifier.serving import predict, store
from classifier.synthetic import handwriting
from tests import paper
from tests.benchmarks import numbers as benchmark
from tests.watching import Watch

PEN = 6


@pytest.fixture(scope="module")
def networks():
    """What the shipped models say: score and is_digit."""
    saved = store.get(DETECTOR)
    detector = saved.detector()
    return predict.Predictor(
        store.get("shipped-deep").tflite()
    ).probabilities, detector.digit_probabilities


def row(digits: str, size: float = 50, gap: float = 12, left: float = 8) -> list[list[np.ndarray]]:
    """The strokes of each of these sample digits, beside one another."""
    placed = []
    for digit in digits:
        strokes = [stroke * size for stroke in handwriting.sample_digit(int(digit))]
        points = np.concatenate(strokes)
        placed.append([s + np.array([left - points[:, 0].min(), 100]) for s in strokes])
        left += np.ptp(points[:, 0]) + gap
    return placed


def flat(digits: list[list[np.ndarray]]) -> list[np.ndarray]:
    return [stroke for strokes in digits for stroke in strokes]


def text(parts: list[layout.Part]) -> str:
    return "".join(str(part.probabilities.argmax()) for part in parts)


def read_both(digits: list[list[np.ndarray]], networks) -> list[list[layout.Part]]:
    """From strokes, and from a picture of them."""
    ink = rendering.render_strokes(flat(digits), CANVAS, PEN)
    return [
        layout.read_strokes(flat(digits), CANVAS, PEN, *networks),
        layout.read_ink(ink, *networks),
    ]


@pytest.mark.parametrize("number", ["12", "2047", "31", "5678", "90210", "444", "1000", "700"])
def test_a_number_is_read_from_left_to_right(number, networks):
    digits = row(number, 36)
    for parts in read_both(digits, networks):
        assert text(parts) == number
        lefts = [part.box[0] for part in parts]
        assert lefts == sorted(lefts)
        assert not any(part.touching for part in parts)


def test_the_order_in_which_strokes_were_drawn_does_not_matter(networks):
    strokes = flat(row("4571", 48))
    expected = layout.read_strokes(strokes, CANVAS, PEN, *networks)
    for seed in range(5):
        mixed = [strokes[k] for k in np.random.default_rng(seed).permutation(len(strokes))]
        parts = layout.read_strokes(mixed, CANVAS, PEN, *networks)
        assert text(parts) == "4571"
        for part, before in zip(parts, expected, strict=True):
            np.testing.assert_array_equal(
                part.prepared.network_input, before.prepared.network_input
            )


@pytest.mark.parametrize("digit", range(CLASSES))
def test_one_digit_stays_one(digit, networks):
    for size in (40, 90):
        for parts in read_both(row(str(digit), size, left=60), networks):
            assert text(parts) == str(digit)


def test_written_digits_of_two_strokes_stay_whole(networks):
    """Of many writers at most three in a hundred fall into two, and no more when there is no
    detector: some hands set a hat or a second ring far apart."""
    written = [strokes for strokes in handwriting.generate(4000, seed=5) if len(strokes) > 1][::5]
    score, is_digit = networks
    for asked in ((score, is_digit), (score, None)):
        split = [len(benchmark.read_single(strokes, "strokes", asked)) != 1 for strokes in written]
        assert np.mean(split) <= 0.03


def test_the_digits_of_written_numbers_are_cut_rightly(networks):
    """From strokes and from pictures, at the bounds of what was measured on real handwriting."""
    written = handwriting.generate(1000, seed=7)
    rng = np.random.default_rng(0)
    for way, least in (("strokes", 0.96), ("ink", 0.9)):
        cut = [
            benchmark.read(number, way, networks, rng)[0]
            for length in (2, 4, 6)
            for number in benchmark.compose(written, length, 8, "natural", seed=length)
        ]
        assert sum(cut) >= least * 8 * (2 + 4 + 6)


def test_a_part_takes_the_same_way_as_a_digit_alone(networks):
    digits = row("385", 60)
    for part, strokes in zip(
        layout.read_strokes(flat(digits), CANVAS, PEN, *networks), digits, strict=True
    ):
        alone = preparing.prepare_strokes(strokes, CANVAS, PEN)
        np.testing.assert_array_equal(part.prepared.network_input, alone.network_input)
        np.testing.assert_array_equal(part.prepared.ink, alone.ink)
        score = networks[0](alone.network_input[None])[0]
        np.testing.assert_allclose(part.probabilities, score, atol=1e-5)
        points = np.concatenate(strokes)
        assert part.box == pytest.approx((*points.min(axis=0), *points.max(axis=0)))


def test_boxes_of_a_picture_lie_around_the_ink_and_parts_share_none(networks):
    digits = row("385", 60)
    ink = rendering.render_strokes(flat(digits), CANVAS, PEN)
    parts = layout.read_ink(ink, *networks)
    for part, strokes in zip(parts, digits, strict=True):
        points = np.concatenate(strokes)
        around = (*points.min(axis=0) - PEN / 2, *points.max(axis=0) + PEN / 2)
        assert part.box == pytest.approx(around, abs=2)
        assert part.prepared.verdict is Verdict.READABLE
    whole = np.zeros_like(ink)
    for part in parts:
        left, top, right, bottom = map(int, part.box)
        rim = max(bottom - top, right - left) // 2
        whole[top:bottom, left:right] += part.prepared.ink[rim:-rim, rim:-rim]
    assert np.abs(whole - ink).max() <= 0.25, "only the soft rim may be left out"


@pytest.mark.parametrize("pair", ["23", "35", "56", "25", "95"])
def test_digits_that_touch_are_cut_and_flagged(pair, networks):
    digits = row(pair, 60, gap=0, left=20) + row("5", 60, left=200)
    for parts in read_both(digits, networks):
        assert text(parts) == pair + "5"
        assert [part.touching for part in parts] == [True, True, False]


@pytest.mark.parametrize("kind", ["ruled", "pencil, squared", "shadow"])
def test_a_number_on_photographed_paper_is_read(kind, networks):
    photo = paper.at_random(kind, np.random.default_rng(3))
    photo = replace(photo, shape=(600, 800), size=0.8, thickness=0.02)
    picture, _ = paper.photograph(flat(row("2047", 60)), photo)
    assert text(layout.read_ink(preparing.prepare(picture).ink, *networks)) == "2047"


def test_a_wide_digit_in_one_piece_is_one(networks):
    """A flat 2 of a real form was cut into two."""
    two = [stroke * np.array([2.4, 1]) for stroke in row("2", 40, left=10)[0]]
    zero = [stroke + np.array([150, 0]) for stroke in row("0", 40, left=10)[0]]
    ink = rendering.render_strokes([*two, *zero], CANVAS, 4)
    assert text(layout.read_ink(ink, *networks)) == "20"


def test_numbers_are_read_without_a_detector(networks):
    for parts in read_both(row("2047", 48, gap=20), networks[:1]):
        assert text(parts) == "2047"


def test_a_tap_beside_the_number_is_no_digit(networks):
    digits = [*row("27", 60), [np.array([[270.0, 30.0]])]]
    for parts in read_both(digits, networks):
        assert text(parts) == "27"


def test_of_nothing_there_are_no_digits(networks):
    assert layout.read_strokes([], CANVAS, CANVAS_PEN, *networks) == []
    assert layout.read_strokes([np.array([[9.0, 9.0]])], CANVAS, CANVAS_PEN, *networks) == []
    assert layout.read_ink(np.zeros((CANVAS, CANVAS), np.float32), *networks) == []


def test_six_digits_take_few_candidates(networks):
    """All are asked about at once, and hardly more than one for each stroke."""
    asked = []

    def score(images: np.ndarray) -> np.ndarray:
        asked.append(len(images))
        return networks[0](images)

    strokes = flat(row("123456", 36))
    assert text(layout.read_strokes(strokes, CANVAS, PEN, score, networks[1])) == "123456"
    assert len(asked) == 1
    assert asked[0] <= 2 * len(strokes)


def scrawl(count: int, seed: int = 0) -> list[np.ndarray]:
    """Strokes all over the canvas."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, CANVAS, (rng.integers(1, 30), 2)) for _ in range(count)]


@pytest.mark.parametrize(
    "strokes",
    [
        scrawl(100),
        scrawl(1000),
        scrawl(59),
        [np.array([[0.0, 140.0], [280.0, 141.0]]), *flat(row("12"))],
        [np.array([[140.0, -1e6], [140.0, 1e6]]), *flat(row("12"))],
        [np.array([[50.0, 50.0]])] * 60,
        [np.array([[x, 40.0], [x, 240.0]]) for x in range(10, 270, 7)],
        [np.full((3, 2), 70.0), np.array([[10.0, 10.0], [10.0, 10.0]])],
    ],
    ids=[
        "100 strokes",
        "1000 strokes",
        "59 strokes",
        "line",
        "huge line",
        "taps",
        "fence",
        "no extent",
    ],
)
def test_what_is_no_number_is_quick_and_raises_nothing(strokes, networks):
    begun = time.perf_counter()
    for parts in (
        layout.read_strokes(strokes, CANVAS, PEN, *networks),
        layout.read_ink(rendering.render_strokes(strokes, CANVAS, PEN), *networks),
    ):
        for part in parts:
            assert part.probabilities.shape == (CLASSES,)
            assert np.isfinite(part.box).all()
    assert time.perf_counter() - begun < 2


def test_random_ink_raises_nothing(networks):
    rng = np.random.default_rng(0)
    for side in (1, 2, 5, 30, 200):
        for share in (0.01, 0.3, 0.9):
            ink = (rng.random((side, side + 3)) < share).astype(np.float32)
            layout.read_ink(ink, *networks)


def test_thousands_of_strokes_take_little_time_and_memory():
    """In two columns, so that they look like a number: they took 14 seconds and 570 MB."""
    strokes = [np.array([[10, y], [20, y + 3]]) for y in np.linspace(5, 255, 5000)]
    strokes = [stroke + np.array([150 * (k % 2), 0]) for k, stroke in enumerate(strokes)]
    with Watch() as watch:
        parts = layout.read_strokes(strokes, CANVAS, PEN, lambda x: np.full((len(x), 10), 0.1))
    assert len(parts) == 1
    assert not parts[0].touching
    assert watch.seconds < 3
    assert watch.growth < 60_000_000
