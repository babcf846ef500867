"""How often a model reads labelled drawings rightly; each drawing is read once.

Knows nothing of whose drawings they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.config import CLASSES
from classifier.serving import evaluation
from classifier.serving.predict import Predictor


@dataclass(frozen=True)
class Tally:
    """How many drawings there are of each digit, and how many were read rightly: (10,) int each."""

    total: np.ndarray
    right: np.ndarray

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of all that is read rightly, 0–1, lies with 95 % confidence."""
        return evaluation.interval(int(self.right.sum()), int(self.total.sum()))

    @property
    def shares(self) -> list[float | None]:
        """The share of each digit that was read rightly, 0–1; None of a digit without drawings."""
        pairs = zip(self.right.tolist(), self.total.tolist(), strict=True)
        return [right / total if total else None for right, total in pairs]


class Readings:
    """What models read drawings as, remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}

    def judge(
        self,
        predictor: Predictor,
        checksum: str,
        drawings: Sequence[str],
        images: Sequence[np.ndarray | None],
        labels: np.ndarray,
    ) -> Tally:
        """Judge N >= 1 drawings, of which `predictor` is asked about those that are new to it.

        checksum: tells the model from others; drawings: tell each drawing from others
        images: network inputs (28, 28) uint8; None is read wrongly; labels: (N,) int, 0–9
        """
        keys = [(checksum, drawing) for drawing in drawings]
        new = {
            key: image
            for key, image in zip(keys, images, strict=True)
            if image is not None and key not in self._known
        }
        if new:
            answers = predictor.probabilities(np.array([*new.values()])).argmax(axis=1)
            self._known.update(zip(new, answers.tolist(), strict=True))
        right = [self._known.get(key) == label for key, label in zip(keys, labels, strict=True)]
        return Tally(
            np.bincount(labels, minlength=CLASSES), np.bincount(labels[right], minlength=CLASSES)
        )
