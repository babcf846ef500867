"""Answers of saved models, by LiteRT: no TensorFlow is imported; and how often they are right about
labelled drawings.

Knows nothing of pictures' making (`ink.preparing`), of where models come from (`store`) or of whose
drawings they read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.config import CLASSES, KINDS
from classifier.ink.preparing import Prepared, Verdict
from classifier.serving import evaluation
from classifier.serving.litert import Network

CLOSE = 0.5  # a lead of the likeliest digit over the next below this leaves both open
_BATCH = 64  # larger ones are no quicker, and take memory
_KINDS = ("", *KINDS)  # what the outputs of a detector stand for; the first: a digit


class Predictor(Network):
    """The softmax probabilities that a network gives to each network input. Safe to share between
    threads. More than one `threads` of its own pay for thousands of images; a digit takes well
    under a millisecond."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """images (N, 28, 28) uint8, 0–255, ink is high; returns (N, classes) float32, rows sum
        to 1."""
        rows = [answers for (answers,) in self.run(images, _BATCH)]
        return np.concatenate(rows or [np.zeros((0, self.classes), np.float32)])


class Detector:
    """Tells digits from other drawings: a network of its own, whichever model reads the digit."""

    def __init__(self, tflite: bytes, threshold: float, false_alarms: float) -> None:
        """threshold: least probability, 0–1, at which a drawing passes for a digit;
        false_alarms: share of digits, 0–1, that it takes for something else at that threshold.
        Raises ValueError if `tflite` is no detector."""
        self._predictor = Predictor(tflite)
        if self._predictor.classes != len(_KINDS):
            raise ValueError(f"a detector tells {len(_KINDS)} classes apart, this one "
                             f"{self._predictor.classes}")  # fmt: skip
        self.threshold = threshold
        self.false_alarms = false_alarms

    def digit_probabilities(self, images: np.ndarray) -> np.ndarray:
        """How sure it is, 0–1, that each of images (N, 28, 28) uint8 is a digit: (N,) float32."""
        return self._predictor.probabilities(images)[:, 0]

    def kinds(self, images: np.ndarray) -> list[str | None]:
        """What images (N, 28, 28) uint8 show: None for a digit, else the likeliest of
        `config.KINDS`."""
        rows = self._predictor.probabilities(images)
        others = rows[:, 1:].argmax(axis=1) + 1
        return [
            None if row[0] >= self.threshold else _KINDS[other]
            for row, other in zip(rows, others, strict=True)
        ]


@dataclass(frozen=True)
class Answer:
    """What a model says to one picture.

    probabilities: (10,) float32; None if there is nothing to ask it about
    kind: of `config.KINDS`, if it was taken for something else than a digit
    """

    verdict: Verdict
    probabilities: np.ndarray | None
    kind: str | None = None

    @property
    def is_digit(self) -> bool:
        """Whether the picture can be taken for one digit."""
        return self.verdict is Verdict.READABLE and self.kind is None

    @property
    def digit(self) -> int | None:
        """The likeliest digit; None if there is nothing to read."""
        return None if self.probabilities is None else int(self.probabilities.argmax())

    @property
    def rival(self) -> int | None:
        """The second likeliest digit if the likeliest leads by less than CLOSE, else None."""
        if self.probabilities is None:
            return None
        second, first = np.argsort(self.probabilities)[-2:]
        close = self.probabilities[first] - self.probabilities[second] < CLOSE
        return int(second) if close else None


def answer(predictor: Predictor, prepared: Prepared, detector: Detector | None = None) -> Answer:
    """Ask about a prepared picture; the models are asked nothing if that cannot be one digit."""
    if prepared.verdict is not Verdict.READABLE or prepared.network_input is None:
        return Answer(prepared.verdict, None)
    image = prepared.network_input[None]
    kind = detector.kinds(image)[0] if detector else None
    return Answer(prepared.verdict, predictor.probabilities(image)[0], kind)


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
    """What models read drawings as, remembered: each drawing is read once."""

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
