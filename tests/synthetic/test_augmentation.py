"""Augmentation: new images each time, near what they were, within the MNIST convention."""

import numpy as np

from classifier.synthetic import augmentation


def test_augmented_images_keep_shape_type_and_ink(tiny_arrays):
    images = tiny_arrays["x_train"]
    before = images.copy()
    changed = augmentation.augment(images, np.random.default_rng(0))
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    np.testing.assert_array_equal(images, before)
    assert (changed != images).any(axis=(1, 2)).all(), "every image is changed"
    ink = changed.sum(axis=(1, 2)) / images.sum(axis=(1, 2), dtype=float)
    assert 0.4 < ink.min() < ink.max() < 2


def test_augmented_images_stay_near_what_they_were(tiny_arrays):
    images = tiny_arrays["x_train"].astype(float)
    changed = augmentation.augment(tiny_arrays["x_train"], np.random.default_rng(0)).astype(float)
    rows = np.arange(28)

    def middles(pictures: np.ndarray) -> np.ndarray:
        mass = pictures.sum(axis=(1, 2))
        return np.stack([pictures.sum(axis=axis) @ rows / mass for axis in (2, 1)], axis=1)

    shifts = middles(changed) - middles(images)
    assert np.abs(shifts).max() < 3.5
    assert np.abs(shifts.mean(axis=0)).max() < 0.3, "no direction is preferred"


def test_augmentation_is_repeatable_and_new_each_time(tiny_arrays):
    images = tiny_arrays["x_train"][:20]
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    first, second = augmentation.augment(images, rng), augmentation.augment(images, rng)
    np.testing.assert_array_equal(first, augmentation.augment(images, same))
    assert (first != second).any()


def test_nothing_can_be_augmented():
    none = augmentation.augment(np.zeros((0, 28, 28), np.uint8), np.random.default_rng(0))
    assert none.shape == (0, 28, 28)
