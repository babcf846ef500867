"""What each epoch has: the data set's images, and what is mixed in, made while another trains."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

import numpy as np

from classifier.data.dataset import Batch, Mixture
from classifier.synthetic import augmentation

T = TypeVar("T")


def size(own: int, mixed: tuple[Mixture, ...]) -> int:
    """How many images an epoch has if `own` of them are the data set's."""
    return own + sum(_counts(own, mixed))


def _counts(own: int, mixed: tuple[Mixture, ...]) -> list[int]:
    """How many images of each mixture come on top of the data set's own."""
    total = own / (1 - sum(mixture.share for mixture in mixed))
    return [round(mixture.share * total) for mixture in mixed]


def feed(
    images: np.ndarray,
    labels: np.ndarray,
    mixed: tuple[Mixture, ...],
    *,
    count: int | None,
    augment: bool,
    seed: int,
    plain: bool = False,
) -> Iterator[Batch]:
    """The images and labels of `count` epochs, one after the other; None: without end.

    plain: the images themselves stay as they are, and only what is mixed in is augmented
    Each is made in a thread while the one before is trained on; the same arrays come again where
    there is nothing to mix in or change.
    """
    if not mixed and not augment:
        yield from itertools.repeat((images, labels), *[] if count is None else [count])
        return
    rng = np.random.default_rng(seed)
    counts = _counts(len(labels), mixed)

    def make() -> Batch:
        parts = [(images, labels)]
        parts += [mixture.draw(n, rng) for mixture, n in zip(mixed, counts, strict=True)]
        pictures, answers = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if augment:
            changed = slice(len(images) if plain else 0, None)
            pictures[changed] = augmentation.augment(pictures[changed], rng)
        return pictures, answers

    coming = in_thread(make)
    for number in itertools.count(1):
        batch = coming.result()
        if number != count:
            coming = in_thread(make)
        yield batch
        if number == count:
            return


def in_thread(make: Callable[[], T]) -> Future[T]:
    """What `make` returns or raises. The thread does not keep a process that ends waiting."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="in-thread", daemon=True).start()
    return future
