"""Two digits that touch, as data of a network that tells which two they are. Knows no source."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from classifier.data import epochs, generated
from classifier.data.dataset import Batch, Dataset, Mixture
from classifier.ink import touching
from classifier.synthetic import touching as synthetic

_ONES, _OTHERS = 0.2, 0.1  # share of pictures that show one digit, and something else
_THREES = 0.35  # of those: three digits that touch
_KINDS = ("letters", "symbols", "shapes", "scribbles", "parts")  # the rest of them
_ANEW = 0.5  # share of an epoch that is made for it
_SEED = 0  # of what is not made anew


def with_pairs(dataset: Dataset) -> Dataset:
    """The data of a network of pairs, with the labels of `touching`: pictures of two digits of
    the data set that touch, of one, and of other things. Half of each epoch is made for it."""
    train = dataset.train_images, dataset.train_labels
    rng = np.random.default_rng(_SEED)
    own = _make(train, dataset.mixed, len(train[1]) // 2, rng)
    test = _make((dataset.test_images, dataset.test_labels), (), len(dataset.test_labels), rng)

    def draw(count: int, rng: np.random.Generator) -> Batch:
        return _make(train, dataset.mixed, count, rng)

    # Who is held out is in no pair that is trained on, and in pairs by which it is judged.
    held = [mixture.kept for mixture in dataset.mixed if mixture.kept is not None]
    kept = _make(held[0], (), len(held[0][1]), rng) if held else None
    drawings = "".join(mixture.fingerprint for mixture in dataset.mixed)
    return dataclasses.replace(
        dataset,
        train_images=own[0],
        train_labels=own[1],
        test_images=test[0],
        test_labels=test[1],
        description=f"pairs that touch of {dataset.description}",
        mixed=(Mixture(_ANEW, "others in each epoch", drawings, draw, kept),),
    )


def _make(digits: Batch, mixed: Sequence[Mixture], count: int, rng: np.random.Generator) -> Batch:
    """So many pictures with labels, of these digits and of those that are mixed in."""
    images, labels = epochs.together(digits, mixed, rng)
    ones, others = round(_ONES * count), round(_OTHERS * count)
    threes = round(_THREES * others)
    chosen = rng.integers(len(labels), size=(count - ones - others, 2))
    alone = rng.integers(len(labels), size=ones)
    three = rng.integers(len(labels), size=(threes, 3))
    seed = int(rng.integers(generated.TEST_SEED))
    drawn, _ = generated.draw_others(others - threes, seed, _KINDS)
    made = [synthetic.beside(images[a], images[b], rng) for a, b in chosen]
    made += [
        synthetic.beside(synthetic.beside(images[a], images[b], rng), images[c], rng)
        for a, b, c in three
    ]
    pictures = [touching.of_greys(one) for one in [*made, *images[alone], *drawn]]
    left, right = labels[chosen].T
    order = rng.permutation(count)
    every = np.concatenate(
        [
            touching.label(left, right),
            np.full(threes, touching.OTHERS),
            labels[alone],
            np.full(others - threes, touching.OTHERS),
        ]
    )
    return np.array(pictures)[order], every.astype(np.uint8)[order]
