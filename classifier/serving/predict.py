"""LiteRT's interpreter, for all who ask a network, and the answers of saved models: no TensorFlow
is imported. How often they are right about labelled drawings.

Knows nothing of pictures' making (`ink.preparing`), of where models come from (`store`) or of whose
drawings they read.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.config import CLASSES, KINDS
from classifier.ink import touching
from classifier.ink.preparing import Prepared, Verdict
from classifier.serving import evaluation

WEIGHTS = "weights_"  # what the inputs are called, with a number, that take weights
CLOSE = 0.8  # a lead of the likeliest digit over the next below this leaves both open
_BATCH = 64  # larger ones are no quicker, and take memory
_KINDS = ("", *KINDS)  # what the outputs of a detector stand for; the first: a digit


def as_input(images: Any) -> Any:
    """Grey levels as networks take them, 0–1. images: (N, 28, 28), 0–255, a NumPy array of uint8,
    which gives float32, or a float32 tensor of TensorFlow."""
    return images / np.float32(255)


class Network:
    """A network that LiteRT runs. Safe to share between threads: an interpreter keeps its tensors,
    so one asks at a time."""

    def __init__(self, tflite: bytes, threads: int = 1) -> None:
        """Raises ValueError if `tflite` is no network of pictures."""
        from ai_edge_litert.interpreter import Interpreter

        self._lock = threading.Lock()
        self._interpreter = Interpreter(model_content=tflite, num_threads=threads)
        inputs = self._interpreter.get_input_details()
        images = [one for one in inputs if not one["name"].startswith(WEIGHTS)]
        outputs = self._interpreter.get_output_details()
        if not images or not outputs:
            raise ValueError("it takes no picture, or gives no answer")
        self._indices = {one["name"]: one["index"] for one in inputs}
        self._input, self._output = images[0]["index"], outputs[0]["index"]
        self._batch = 0
        self.input_shape = tuple(map(int, images[0]["shape"][1:]))  # of one image
        self.classes = math.prod(map(int, outputs[0]["shape"][1:]))  # values given for each image

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Give float32 weights to a network that takes them beside the image, one at a time.
        Raises KeyError or ValueError if they do not fit."""
        with self._lock:
            self._make_room(1)
            for number, array in enumerate(weights):
                self._interpreter.set_tensor(self._indices[f"{WEIGHTS}{number}"], array)

    def run(
        self, images: np.ndarray, batch: int, tensors: Sequence[int] = ()
    ) -> Iterator[list[np.ndarray]]:
        """Copies of these tensors, or of the answer where none is named, for one batch of images
        (N, 28, 28) uint8 after the other."""
        for start in range(0, len(images), batch):
            some = as_input(images[start : start + batch])
            with self._lock:
                self._make_room(len(some))
                self._interpreter.set_tensor(self._input, some.reshape(-1, *self.input_shape))
                self._interpreter.invoke()
                wanted = tensors or (self._output,)
                found = [self._interpreter.get_tensor(tensor) for tensor in wanted]
            yield found

    def _make_room(self, batch: int) -> None:
        if batch != self._batch:
            self._interpreter.resize_tensor_input(self._input, (batch, *self.input_shape))
            self._interpreter.allocate_tensors()
            self._batch = batch


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


class Pairs:
    """Tells which two digits that touch are: a network of its own, whichever model reads digits."""

    def __init__(self, tflite: bytes) -> None:
        """Raises ValueError if `tflite` is no such network."""
        self._predictor = Predictor(tflite)
        if self._predictor.classes != touching.OTHERS + 1:
            raise ValueError(f"a network of pairs tells {touching.OTHERS + 1} classes apart, this "
                             f"one {self._predictor.classes}")  # fmt: skip

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """How probable each two digits are, the left one first, in pictures of `touching.picture`,
        (N, 28, 28) uint8: (N, 10, 10) float32. What is missing from 1 is that there are others."""
        rows = self._predictor.probabilities(images)
        return rows[:, CLASSES:-1].reshape(-1, CLASSES, CLASSES)

    def are_two(self, ink: np.ndarray) -> bool:
        """Whether ink (H, W) float32 is two digits rather than one, or something else. There must
        be some."""
        return bool(self.probabilities(touching.picture(ink)[None]).sum() > 0.5)


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


def tally(readings: np.ndarray, labels: np.ndarray) -> Tally:
    """Judge N drawings, but for those that are UNREAD or LEARNED.

    readings: (N,) int8, as of `Readings`; labels: (N,) int, 0–9
    """
    counts = (readings != UNREAD) & (readings != LEARNED)
    right = labels[readings == labels]
    return Tally(
        np.bincount(labels[counts], minlength=CLASSES), np.bincount(right, minlength=CLASSES)
    )


# What a drawing may be read as besides 0–9: not yet; there is no digit to see; the model has
# learned from this very drawing, which so does not say how well it reads.
UNREAD, NOTHING, LEARNED = -1, 10, 11
_SETS = 4  # for which readings are remembered


class Readings:
    """What models read drawings as, remembered: each drawing is read once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, key: str, numbers: np.ndarray) -> np.ndarray:
        """What is known of a set of drawings: (N,) int8, 0–9, UNREAD, NOTHING or LEARNED. Whoever
        reads one writes it in there. Of a set whatever is in it no more is forgotten, and so is the
        set that was asked for the longest time ago.

        key: tells sets and models apart; numbers: (N,) int64, rising, tell drawings apart
        """
        readings = np.full(len(numbers), UNREAD, np.int8)
        known, as_read = self._known.pop(key, (numbers, readings))
        at = np.searchsorted(known, numbers)
        there = at < len(known)
        there[there] = known[at[there]] == numbers[there]
        readings[there] = as_read[at[there]]
        self._known[key] = numbers, readings
        if len(self._known) > _SETS:
            del self._known[next(iter(self._known))]
        return readings
