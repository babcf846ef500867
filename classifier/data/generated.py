"""Digits that nobody drew, as a data set or as some to mix in. Knows no other source."""

import numpy as np

from classifier.data.dataset import Batch, Dataset
from classifier.ink import rendering
from classifier.ink.drawings import Drawings
from classifier.synthetic import handwriting

TRAIN = 20_000
TEST = 4_000
MOST = 60_000
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


def draw(count: int, seed: int) -> Batch:
    """Some of them. Same seed, same images."""
    drawn = handwriting.generate(count, seed)
    return rendered(drawn, seed), drawn.labels


def some(count: int, rng: np.random.Generator) -> Batch:
    """Some of them, others at each call."""
    return draw(count, int(rng.integers(TEST_SEED)))


def rendered(drawn: Drawings, seed: int) -> np.ndarray:
    """Images (N, 28, 28) uint8 of drawings, with a pen for each writer."""
    writer = np.arange(len(drawn)) if drawn.writer is None else drawn.writer
    pens = handwriting.draw_pens(writer, np.random.default_rng(seed))
    return rendering.render_drawings(drawn, *pens)
