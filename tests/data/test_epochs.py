"""What each epoch has, and that the next is made meanwhile."""

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data import epochs
from classifier.data.dataset import Mixture
from tests.data import load_tiny, shares


def test_an_epoch_has_the_stated_shares(tiny_mnist, drawn):
    dataset = load_tiny(tiny_mnist, drawings=str(drawn), drawings_share=0.2, styles=0.4)
    two = shares(dataset)
    assert len(two) == 2
    for images, labels in two:
        assert len(images) == len(labels) == epochs.size(120, dataset.mixed) == 300
        np.testing.assert_array_equal(images[:120], dataset.train_images)
        np.testing.assert_array_equal(np.bincount(labels[120:240]), np.full(10, 12))
    assert (two[0][0][120:] != two[1][0][120:]).any(), "what is mixed in is made anew"


def test_epochs_are_the_same_for_the_same_seed(tiny_mnist):
    dataset = load_tiny(tiny_mnist, styles=0.2)
    for first, again in zip(
        shares(dataset, augment=True), shares(dataset, augment=True), strict=True
    ):
        np.testing.assert_array_equal(first[0], again[0])


def test_what_a_network_knows_already_stays_as_it_is(tiny_mnist, drawn):
    """With a base, augmentation is for what is mixed in alone, and changes all of that."""
    dataset = load_tiny(tiny_mnist, drawings=str(drawn), drawings_share=0.5)
    ((before, labels),) = shares(dataset, count=1)
    ((after, same),) = shares(dataset, count=1, augment=True, base="dense", drawings=str(drawn))
    np.testing.assert_array_equal(same, labels)
    np.testing.assert_array_equal(after[:120], dataset.train_images)
    assert (after[120:] != before[120:]).any(axis=(1, 2)).all()
    ((everything, _),) = shares(dataset, count=1, augment=True)
    assert (everything[:120] != dataset.train_images).any(axis=(1, 2)).mean() > 0.9


def test_epochs_without_an_end_go_on(tiny_mnist):
    dataset = load_tiny(tiny_mnist)
    own = dataset.train_images, dataset.train_labels
    endless = epochs.feed(own, (), TrainConfig(seconds=1, augment=True))
    assert len([next(endless) for _ in range(4)]) == 4


def test_what_fails_in_the_thread_is_raised(tiny_mnist):
    def fail(count, rng):
        raise MemoryError("no room")

    dataset = load_tiny(tiny_mnist)
    mixed = (Mixture(0.5, "nothing", "", fail),)
    with pytest.raises(MemoryError, match="no room"):
        next(epochs.feed((dataset.train_images, dataset.train_labels), mixed, TrainConfig()))
