"""What each epoch has: the data set's images, and what is mixed in, made while another trains."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from classifier.config import TrainConfig
from classifier.data.dataset import Batch, Mixture
from classifier.synthetic import augmentation

T = TypeVar("T")


def size(own: int, mixed: tuple[Mixture, ...]) -> int:
    """How many images an epoch has if `own` of them are the data set's."""
    return own + sum(_counts(own, mixed))


def _counts(own: int, mixed: Sequence[Mixture]) -> list[int]:
    """How many images of each mixture come on top of the data set's own."""
    total = own / (1 - sum(mixture.share for mixture in mixed))
    return [round(mixture.share * total) for mixture in mixed]


def together(own: Batch, mixed: Sequence[Mixture], rng: np.random.Generator) -> Batch:
    """A data set's own images, and what is mixed in, made now."""
    counts = _counts(len(own[1]), mixed)
    parts = [own, *(mixture.draw(n, rng) for mixture, n in zip(mixed, counts, strict=True))]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return images, labels


def feed(own: Batch, mixed: tuple[Mixture, ...], config: TrainConfig) -> Iterator[Batch]:
    """The images and labels of one epoch of `config` after the other; without end if it has only
    seconds.

    own: the data set's; augmentation leaves them as they are if the network knows them already
    Each epoch is made in a thread while the one before is trained on. The same arrays are given
    again where there is nothing to mix in or to change.
    """
    if not mixed and not config.augment:
        yield from itertools.repeat(own, *[] if config.epochs is None else [config.epochs])
        return
    rng = np.random.default_rng(config.seed)
    changed = slice(0 if config.base is None else len(own[1]), None)

    def make() -> Batch:
        images, labels = together(own, mixed, rng)
        if config.augment:
            images[changed] = augmentation.augment(images[changed], rng)
        return images, labels

    making = in_thread(make)
    for number in itertools.count(1):
        epoch = making.result()
        if number == config.epochs:
            yield epoch
            return
        making = in_thread(make)
        yield epoch


def in_thread(make: Callable[[], T]) -> Future[T]:
    """What `make` returns or raises, from a thread of its own.

    A process that ends waits for the thread: native code that is cut off in the middle, such as
    TensorFlow's import, aborts the whole process.
    """
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(make)
    finally:
        executor.shutdown(wait=False)  # the thread ends with its work
