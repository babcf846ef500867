"""Drawings of other things than digits, for a detector to tell from digits."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from classifier.config import KINDS
from classifier.data.dataset import Batch, Dataset, Draw, Mixture
from classifier.data.generated import TEST_SEED, rendered
from classifier.synthetic import doodles


def with_others(dataset: Dataset, kinds: Sequence[str] = tuple(KINDS)) -> Dataset:
    """The data of a detector: label 0 for every digit, and as many drawings of other things,
    with label 1 and on for the kinds of `config.KINDS`, both to train and to test.

    kinds: those to train on; the test has them all
    """

    def draw(count: int, rng: np.random.Generator) -> Batch:
        return generate(count, int(rng.integers(TEST_SEED)), kinds)

    mixed = [
        dataclasses.replace(
            mixture,
            share=mixture.share / 2,
            draw=_relabelled(mixture.draw),
            kept=mixture.kept and (mixture.kept[0], np.zeros_like(mixture.kept[1])),
        )
        for mixture in dataset.mixed
    ]
    test_images, test_kinds = generate(len(dataset.test_labels), TEST_SEED)
    return dataclasses.replace(
        dataset,
        train_labels=np.zeros_like(dataset.train_labels),
        test_images=np.concatenate([dataset.test_images, test_images]),
        test_labels=np.concatenate([np.zeros_like(dataset.test_labels), test_kinds]),
        description=f"{dataset.description}, against as many drawings of other things",
        mixed=(*mixed, Mixture(0.5, "drawings of other things", "", draw)),
    )


def _relabelled(draw: Draw) -> Draw:
    def draw_zeros(count: int, rng: np.random.Generator) -> Batch:
        images, labels = draw(count, rng)
        return images, np.zeros_like(labels)

    return draw_zeros


def generate(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Batch:
    """Images (count, 28, 28) uint8 of drawings that are no digit, of these kinds, with a
    detector's labels (count,). Same seed, same images. Raises ValueError as `doodles.generate`."""
    drawn = doodles.generate(count, seed, kinds)
    return rendered(drawn, seed), drawn.labels + np.uint8(1)
