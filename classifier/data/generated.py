"""Digits that nobody drew, as a data set or as some to mix in; and drawings of other things, for a
detector to tell from digits. Knows no other source."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from classifier.config import KINDS
from classifier.data.dataset import Batch, Dataset, Draw, Mixture
from classifier.ink import rendering
from classifier.ink.drawings import Drawings
from classifier.synthetic import doodles, handwriting

TRAIN = 20_000
TEST = 4_000
MOST = 60_000
EVENNESS = 0.5  # of digits that are mixed in: of rare ways to write one, a network sees too few
TEST_SEED = 2**31  # beyond the seeds that a config takes, so no run trains on the test digits


def load(train: int = TRAIN, seed: int = 0) -> Dataset:
    """Digits that nobody drew: `train` for training and 4,000 others, always the same, to test."""
    if train > MOST:
        raise ValueError(f"train_size is {train}: at most {MOST:,} digits are generated.")
    train_images, train_labels = draw(train, seed)
    return Dataset(train_images, train_labels, *for_testing(), "generated", "generated digits")


def for_testing() -> tuple[np.ndarray, np.ndarray]:
    """The generated digits, images and labels, that every model is tested on and none trains on."""
    return draw(TEST, TEST_SEED)


def draw(count: int, seed: int, evenness: float = 0.0) -> Batch:
    """Some of them; evenness: as of `handwriting.generate`. Same seed, same images."""
    drawn = handwriting.generate(count, seed, evenness)
    return rendered(drawn, seed), drawn.labels


def some(count: int, rng: np.random.Generator) -> Batch:
    """Some of them to mix in, others at each call."""
    return draw(count, int(rng.integers(TEST_SEED)), EVENNESS)


def rendered(drawn: Drawings, seed: int) -> np.ndarray:
    """Images (N, 28, 28) uint8 of drawings, with a pen for each writer."""
    writer = np.arange(len(drawn)) if drawn.writer is None else drawn.writer
    pens = handwriting.draw_pens(writer, np.random.default_rng(seed))
    return rendering.render_drawings(drawn, *pens)


def with_others(dataset: Dataset, kinds: Sequence[str] = tuple(KINDS)) -> Dataset:
    """The data of a detector: label 0 for every digit, and as many drawings of other things,
    with label 1 and on for the kinds of `config.KINDS`, both to train and to test.

    kinds: those to train on; the test has them all
    """

    def draw(count: int, rng: np.random.Generator) -> Batch:
        return draw_others(count, int(rng.integers(TEST_SEED)), kinds)

    mixed = [
        dataclasses.replace(
            mixture,
            share=mixture.share / 2,
            draw=_relabelled(mixture.draw),
            kept=mixture.kept and (mixture.kept[0], np.zeros_like(mixture.kept[1])),
        )
        for mixture in dataset.mixed
    ]
    test_images, test_kinds = draw_others(len(dataset.test_labels), TEST_SEED)
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


def draw_others(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Batch:
    """Images (count, 28, 28) uint8 of drawings that are no digit, of these kinds, with a
    detector's labels (count,). Same seed, same images. Raises ValueError as `doodles.generate`."""
    drawn = doodles.generate(count, seed, kinds)
    return rendered(drawn, seed), drawn.labels + np.uint8(1)
