"""Answers of a saved model, by LiteRT: no TensorFlow is imported.

Knows nothing of pictures' making (`preprocess`) or of where models come from (`store`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from classifier.preprocess import Prepared, Verdict

_BATCH = 256


class Predictor:
    """Ten softmax probabilities for each network input.

    Safe to share between threads: an interpreter keeps its tensors, so one answers at a time.
    """

    def __init__(self, tflite: bytes) -> None:
        """tflite: the model, as `SavedModel.tflite()` gives it. Raises ValueError if it is none."""
        from ai_edge_litert.interpreter import Interpreter

        self._lock = threading.Lock()
        # One thread: a digit takes well under a millisecond, and the class has the other cores.
        self._interpreter = Interpreter(model_content=tflite, num_threads=1)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._batch = 0

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """images (N, 28, 28) uint8, 0–255, ink is high; returns (N, 10) float32, rows sum to 1."""
        rows = [self._run(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, 10), np.float32)

    def _run(self, images: np.ndarray) -> np.ndarray:
        index = self._input["index"]
        shape = (len(images), *self._input["shape"][1:])
        with self._lock:
            if len(images) != self._batch:
                self._interpreter.resize_tensor_input(index, shape)
                self._interpreter.allocate_tensors()
                self._batch = len(images)
            pixels = images.astype(np.float32).reshape(shape) / np.float32(255)
            self._interpreter.set_tensor(index, pixels)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output)


@dataclass(frozen=True)
class Answer:
    """What a model says to one picture. `probabilities` (10,) float32 is None if there is nothing
    to ask it about."""

    verdict: Verdict
    probabilities: np.ndarray | None

    @property
    def is_digit(self) -> bool:
        """Whether the picture can be taken for one digit."""
        return self.verdict is Verdict.READABLE

    @property
    def digit(self) -> int | None:
        """The likeliest digit; None if there is nothing to read."""
        return None if self.probabilities is None else int(self.probabilities.argmax())


def answer(predictor: Predictor, prepared: Prepared) -> Answer:
    """Ask a model about a prepared picture; it is asked nothing if that cannot be one digit."""
    if prepared.verdict is not Verdict.READABLE:
        return Answer(prepared.verdict, None)
    row = predictor.probabilities(prepared.network_input[None])[0]
    return Answer(prepared.verdict, row)
