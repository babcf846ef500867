"""Digits that touch in a picture are told apart, and what is one digit stays one."""

import time

import numpy as np
import pytest

from classifier.ink import preparing, touching
from classifier.serving import sheets
from classifier.synthetic import handwriting
from tests.benchmarks import touching as benchmark
from tests.benchmarks.touching import Kind
from tests.networks import shipped

NOT_ASKED = np.zeros((0, 0))  # of a network of pairs


@pytest.fixture(scope="module")
def networks():
    return shipped()


def share_read(kind: Kind, networks, count: int) -> float:
    """How many of so many numbers of a kind, in generated handwriting, are read rightly."""
    written = handwriting.generate(600, seed=11)
    read = [
        sheets.read(preparing.prepare_ink(ink), *networks).sheet.text == "".join(map(str, labels))
        for (ink, _), labels in benchmark.draw(written, kind, count, seed=1)
    ]
    return sum(read) / count


def test_pairs_that_touch_are_read(networks):
    assert share_read(Kind("pairs"), networks, 12) >= 0.6, "generated hands are wild"


def test_zeros_that_touch_are_two(networks):
    assert share_read(Kind("zeros", digits="0"), networks, 5) >= 0.8


def test_both_digits_have_the_ink_where_they_meet(networks):
    predictor, detector, _ = networks
    written = handwriting.generate(600, seed=11)
    for (ink, _), _ in benchmark.draw(written, Kind("zeros", digits="0"), 2, seed=1):
        pair = touching.tell_apart(
            ink, benchmark._HEIGHT, predictor.probabilities, detector.digit_probabilities, NOT_ASKED
        )
        assert pair is not None
        left, right = pair.masks
        assert (left & right).any()
        assert ((left | right) == (ink > 0)).mean() > 0.99


def test_they_are_the_two_that_are_seen_together(networks):
    predictor, detector, _ = networks
    written = handwriting.generate(600, seed=11)
    for (ink, _), labels in benchmark.draw(written, Kind("pairs"), 6, seed=1):
        together = np.zeros((10, 10), np.float32)
        together[tuple(labels)] = 1
        pair = touching.tell_apart(
            ink, benchmark._HEIGHT, predictor.probabilities, detector.digit_probabilities, together
        )
        assert pair.probabilities.argmax(axis=1).tolist() == labels.tolist()
        np.testing.assert_allclose(pair.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_single_digits_are_not_torn_apart(networks):
    written = handwriting.generate(200, seed=3)

    def read(ink: np.ndarray):
        return sheets.read(preparing.prepare_ink(ink), *networks).sheet

    torn, count = benchmark.singles(written, 60, read)
    assert torn <= 0.03 * count, "generated hands are wilder than people's"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_what_is_no_pair_is_told_at_once(share, networks):
    predictor, detector, _ = networks
    begun = time.process_time()
    for side in (1, 3, 60):
        ink = (np.random.default_rng(0).random((side, side + 9)) < share).astype(np.float32)
        touching.tell_apart(
            ink, side, predictor.probabilities, detector.digit_probabilities, NOT_ASKED
        )
    assert time.process_time() - begun < 3
