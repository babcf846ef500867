"""LiteRT's interpreter, for all who ask a network. Knows nothing of what its answers mean."""

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

WEIGHTS = "weights_"  # what the inputs are called, with a number, that take weights


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
