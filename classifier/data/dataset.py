"""What there is to learn from: images with labels, and digits that are mixed in.

A data set has images of its own, and may have digits mixed in that are drawn anew in every epoch.
Knows nothing of where they are from. Everything here is uint8, ink high, in the MNIST convention.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

VALIDATION_SHARE = 1 / 12  # of the training images: 5,000 of MNIST's 60,000
Batch = tuple[np.ndarray, np.ndarray]  # images (n, 28, 28) uint8 and labels (n,) uint8
Draw = Callable[[int, np.random.Generator], Batch]  # so many, anew at each call
Notify = Callable[[str, float | None], None]  # a sentence, and the share done or None


@dataclass(frozen=True)
class Mixture:
    """Digits mixed into every epoch.

    share: of an epoch's images, 0–1; description: in words, for the reader
    fingerprint: SHA-256 of what they are made from, as hex, or "" for generated digits
    draw: some of them, as many as it is asked for, anew at each call
    kept: those held out for validation, if any
    """

    share: float
    description: str
    fingerprint: str
    draw: Draw
    kept: Batch | None = None


@dataclass(frozen=True)
class Alone:
    """Drawings that are trained on in place of a data set's own images.

    images: (N, 28, 28) uint8; labels: (N,) uint8; digests: what tells each from others, hex
    description: in words, for the reader
    fingerprint: SHA-256 of the file that they are from, as hex
    """

    images: np.ndarray
    labels: np.ndarray
    digests: tuple[str, ...]
    description: str
    fingerprint: str


@dataclass(frozen=True)
class Drawn:
    """Drawings for a network that goes on from another one, and how it is judged by them: each of
    them by a network that trained without it.

    images: (N, 28, 28) uint8; labels: (N,) uint8; digests: what tells each from others, hex
    fold: (N,) int, from 0: the drawings of one fold are held out together
    by_writer: whether all that one person drew are in one fold
    by_sheet: whether all that were cut from one picture are, where it does not go by who drew
    writers: how many people drew them; left_out: how many others have no digit to be seen
    without: for each fold, all that is to be mixed into an epoch, with the others' drawings alone
    """

    images: np.ndarray
    labels: np.ndarray
    digests: tuple[str, ...]
    fold: np.ndarray
    by_writer: bool
    by_sheet: bool
    writers: int
    left_out: int
    without: tuple[tuple[Mixture, ...], ...]


@dataclass(frozen=True)
class Dataset:
    """Images (N, 28, 28) uint8, 0–255, ink is high, with labels (N,) uint8, 0–9.

    source: "mnist" or "generated"; description: in words, for the reader
    mixed: what every epoch of training has beside `train_images`
    drawn: the drawings among that, for a network that goes on from another one
    alone: what is trained on in place of `train_images`, if anything
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    description: str
    mixed: tuple[Mixture, ...] = ()
    drawn: Drawn | None = None
    alone: Alone | None = None

    def fingerprint(self) -> str:
        """SHA-256 over all its own images and labels, as hex."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """What a model's meta says of its data: every source it saw, without the images."""
        mixed = [
            {"description": m.description, "share": m.share, "fingerprint": m.fingerprint}
            for m in self.mixed
        ]
        if self.alone is not None:
            told = {"description": self.alone.description, "share": 1.0}
            mixed.append(told | {"fingerprint": self.alone.fingerprint})
        return {
            "source": self.source,
            "description": self.description,
            "fingerprint": self.fingerprint(),
            "mixed": mixed,
        }


class DataUnavailableError(RuntimeError):
    """The data cannot be had; the message says why and what to do."""


def split_validation(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of `count` training images to train on, and of those held out for validation."""
    order = np.random.default_rng(seed).permutation(count)
    kept = max(1, round(count * VALIDATION_SHARE))
    return order[kept:], order[:kept]
