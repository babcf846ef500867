"""Digits that nobody drew: the same for the same seed, and never those of the test."""

from __future__ import annotations

import numpy as np

from classifier.data import generated


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
