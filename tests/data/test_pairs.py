"""The data of a network of pairs: two digits of the data set that touch, one, and other things."""

import cv2
import numpy as np
import pytest

from classifier.config import CLASSES
from classifier.data import pairs
from classifier.ink import touching
from classifier.synthetic import touching as synthetic
from tests.data import load_tiny, shares


def test_half_of_an_epoch_is_made_for_it_of_pairs_ones_and_other_things(tiny_mnist, drawn):
    dataset = pairs.with_pairs(load_tiny(tiny_mnist, drawings=str(drawn), styles=0.2))
    (_, first), (_, second) = shares(dataset, count=2)
    assert len(first) == pytest.approx(2 * len(dataset.train_labels), abs=2)
    assert sorted(first) != sorted(second)
    made, labels = dataset.mixed[0].draw(200, np.random.default_rng(0))
    assert made.shape == (200, 28, 28)
    assert (labels < CLASSES).mean() == pytest.approx(0.2)
    assert (labels == touching.OTHERS).mean() == pytest.approx(0.1)
    assert len(np.unique(labels)) > 50
    assert dataset.mixed[0].fingerprint, "of the drawings"


def test_whoever_is_held_out_is_judged_by_pairs_too(tiny_mnist, drawn):
    plain = load_tiny(tiny_mnist, drawings=str(drawn))
    images, labels = pairs.with_pairs(plain).mixed[0].kept
    assert len(images) == len(labels) == len(plain.mixed[-1].kept[1])
    theirs = {*plain.mixed[-1].kept[1].tolist()}
    two = labels[(labels >= CLASSES) & (labels < touching.OTHERS)] - CLASSES
    assert {*(two // CLASSES).tolist(), *(two % CLASSES).tolist()} <= theirs


@pytest.mark.parametrize("size", [10, 11, 19])
def test_few_images_are_enough(tiny_mnist, size):
    dataset = pairs.with_pairs(load_tiny(tiny_mnist, train_size=size))
    assert len(dataset.train_labels) == len(dataset.train_images) >= 2


def test_what_is_made_beside_one_another_touches(tiny_arrays):
    rng = np.random.default_rng(0)
    digits = tiny_arrays["x_train"]
    for _ in range(50):
        left, right = digits[rng.integers(len(digits), size=2)]
        ink = synthetic.beside(left, right, rng)
        largest = cv2.connectedComponentsWithStats((ink > 60).astype(np.uint8))[2][1:, 4].max()
        assert largest > 0.5 * (ink > 60).sum()


def test_labels_name_the_left_digit_first():
    left, right = np.divmod(np.arange(100), 10)
    assert touching.label(left, right).tolist() == list(range(10, 110))
    assert touching.OTHERS == 110
