"""Digits that nobody drew: the same for the same seed, and never those of the test; and a
detector's data: digits against drawings of other things."""

import numpy as np
import pytest

from classifier.data import generated
from tests.data import load_tiny, shares


def test_generated_digits_differ_by_seed_but_are_tested_on_the_same(few_generated):
    first, again, other = (generated.load(30, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train_images, again.train_images)
    assert first.fingerprint() == again.fingerprint()
    assert (first.train_images != other.train_images).any()
    np.testing.assert_array_equal(first.test_images, other.test_images)
    images, labels = generated.for_testing()
    np.testing.assert_array_equal(first.test_images, images)
    np.testing.assert_array_equal(first.test_labels, labels)


def test_nobody_trains_on_the_generated_test_digits(few_generated):
    for seed in (0, 1):
        assert (generated.load(20, seed).train_images != generated.for_testing()[0]).any()


def test_a_detector_learns_digits_against_as_many_other_drawings(tiny_mnist, drawn):
    dataset = generated.with_others(load_tiny(tiny_mnist, drawings=str(drawn), styles=0.2))
    (_, labels) = shares(dataset, count=1)[0]
    assert (labels == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert set(labels.tolist()) == set(range(7))
    assert (dataset.test_labels == 0).sum() == 40 == (dataset.test_labels > 0).sum()
    assert not dataset.mixed[1].kept[1].any()


def test_a_kind_can_be_left_out_of_a_detectors_training(tiny_mnist):
    dataset = generated.with_others(load_tiny(tiny_mnist), kinds=["letters", "scribbles"])
    (_, labels) = shares(dataset, count=1)[0]
    assert set(labels.tolist()) == {0, 1, 4}
    assert set(dataset.test_labels.tolist()) == set(range(7))
