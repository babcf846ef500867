"""What goes on inside a served model, for a learner to look at: its layers, what each makes of a
picture, what an answer hangs on, which pictures look alike to it.

By LiteRT: no TensorFlow is imported. Knows nothing of pictures' making (`preprocess`), of where
models come from (`store`) or of the page.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from classifier.config import IMAGE_SIZE

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

    from classifier.predict import Predictor

# Pixels: side of the square that occlusion hides. Pens are 2 to 4 wide, so that 7 takes away a
# piece of line, where 5 leaves its rim, and is a third of the 20 that a digit fills. Of 60 of
# MNIST's test images, hiding 5, 7 and 9 pixels changes the shipped `conv`'s answer in 40, 65 and
# 78 %.
PATCH = 7
_BATCH = 64  # keeps what the shipped `conv` needs at 25 MB; larger ones are no quicker
_THREADS = 2
_ROWS = 1024  # of features compared at once: a few MB
_IMAGE = (IMAGE_SIZE, IMAGE_SIZE)

# LiteRT's operations under the names that Keras has for them; any other keeps its own.
_DENSE, _CONVOLUTION, _FLATTEN = "dense", "convolution", "flatten"
_KINDS = {
    "FULLY_CONNECTED": _DENSE,
    "CONV_2D": _CONVOLUTION,
    "DEPTHWISE_CONV_2D": "depthwise convolution",
    "MAX_POOL_2D": "max pooling",
    "AVERAGE_POOL_2D": "average pooling",
    "LOGISTIC": "sigmoid",
    "RESHAPE": _FLATTEN,
}


@dataclass(frozen=True)
class Layer:
    """One layer as it is served; arrays are read-only.

    name: as Keras called it
    kind: in plain words: "dense", "convolution", "max pooling", "flatten" …
    output_shape: without the batch
    parameters: how many weights and biases there are. A batch normalisation has melted into the
        convolution before it; between two dense layers without an activation, the first one's bias
        has gone into the second's; a bias of zeros is served as none.
    activation: "relu", "softmax" …; "" for none
    kernel: float32 weights in Keras' order: (inputs, units) of a dense layer, (rows, columns,
        channels in, channels out) of a convolution; None of any other
    bias: (units,) or (channels out,) float32, or None
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    activation: str = ""
    kernel: np.ndarray | None = None
    bias: np.ndarray | None = None


class Inspector:
    """A served network that shows what each of its layers puts out.

    Safe to share between threads: an interpreter keeps its tensors, so one asks at a time.
    """

    def __init__(self, tflite: bytes) -> None:
        """tflite: the model, as `SavedModel.tflite()` gives it. Raises ValueError if it is none, or
        none of a picture."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=tflite,
            num_threads=_THREADS,
            # Without the default delegate: its fast kernels join operations, and what is between
            # them is never written down.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        self._input = self._interpreter.get_input_details()[0]
        shape = tuple(map(int, self._input["shape"][1:]))
        if math.prod(shape) != IMAGE_SIZE * IMAGE_SIZE:
            raise ValueError(
                f"the network takes inputs of shape {shape}, "
                f"not pictures of {IMAGE_SIZE}×{IMAGE_SIZE}"
            )
        self._interpreter.allocate_tensors()
        self._batch = 1
        self._lock = threading.Lock()
        groups = _groups(_operations(self._interpreter))
        self.layers: tuple[Layer, ...] = tuple(itertools.starmap(_layer, groups.items()))
        self._outputs = [operations[-1].output for operations in groups.values()]
        firsts = [operations[0] for operations in groups.values()]
        dense = [operation for operation in firsts if operation.kind == _DENSE]
        self._features = (dense or firsts)[-1].input
        shapes = {
            tensor["index"]: tensor["shape"] for tensor in self._interpreter.get_tensor_details()
        }
        self._width = math.prod(map(int, shapes[self._features][1:]))

    def activations(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What each layer puts out, under its name: (N, *output_shape) float32; of the last layer
        the probabilities. images: (N, 28, 28) uint8, 0–255, ink is high."""
        batches = self._run(images, self._outputs)
        return {
            layer.name: np.concatenate([np.zeros((0, *layer.output_shape), np.float32), *parts])
            for layer, *parts in zip(self.layers, *batches, strict=True)
        }

    def features(self, images: np.ndarray) -> np.ndarray:
        """What goes into the last dense layer, all that the answer is made of: (N, D) float32.

        images: (N, 28, 28) uint8, 0–255, ink is high.
        """
        rows = np.empty((len(images), self._width), np.float32)
        starts = range(0, len(images), _BATCH)
        for start, (part,) in zip(starts, self._run(images, [self._features]), strict=True):
            rows[start : start + len(part)] = part.reshape(len(part), -1)
        return rows

    def _run(self, images: np.ndarray, tensors: list[int]) -> Iterator[list[np.ndarray]]:
        """Copies of these tensors, batch by batch."""
        index = self._input["index"]
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            shape = (len(batch), *self._input["shape"][1:])
            with self._lock:
                if len(batch) != self._batch:
                    self._interpreter.resize_tensor_input(index, shape)
                    self._interpreter.allocate_tensors()
                    self._batch = len(batch)
                pixels = batch.astype(np.float32).reshape(shape) / np.float32(255)
                self._interpreter.set_tensor(index, pixels)
                self._interpreter.invoke()
                found = [self._interpreter.get_tensor(tensor) for tensor in tensors]
            yield found


class _Operation(NamedTuple):
    """One of LiteRT's operations.

    kind: as in `Layer`; name: of the Keras layer that it belongs to, "" if it does not say
    activation: that it does besides; input, output: numbers of its tensors
    shape: of its output, without the batch
    arrays: float32, that came with the model, under their places among the inputs
    """

    kind: str
    name: str
    activation: str
    input: int
    output: int
    shape: tuple[int, ...]
    arrays: dict[int, np.ndarray]


def _operations(interpreter: Interpreter) -> Iterator[_Operation]:
    """A model's operations in the order in which they run."""
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    computed = {tensor["index"] for tensor in interpreter.get_input_details()}
    computed |= {int(index) for operator in operators for index in operator["outputs"]}
    for operator in operators:
        output = tensors[operator["outputs"][0]]
        if output["dtype"] != np.float32:
            continue  # bookkeeping: the shape that a flattening needs
        arrays, names = {}, [output["name"]]
        for place, index in enumerate(operator["inputs"]):
            if index not in tensors or index in computed or not len(tensors[index]["shape"]):
                continue  # left out, not the model's own, or a constant of an operation
            array = interpreter.get_tensor(index)
            # Exported, a dense layer loses a bias of zeros, and a convolution without gains one.
            if array.dtype == np.float32 and (array.ndim > 1 or array.any()):
                array.flags.writeable = False
                arrays[place] = array
                names.append(tensors[index]["name"])
        shape = tuple(map(int, output["shape"][1:]))
        kind = operator["op_name"]
        kind = _KINDS.get(kind, kind.lower().replace("_", " "))
        kind = "reshape" if kind == _FLATTEN and len(shape) != 1 else kind
        name, activation = _read(";".join(names))
        yield _Operation(
            kind, name, activation, int(operator["inputs"][0]), output["index"], shape, arrays
        )


def _read(names: str) -> tuple[str, str]:
    """Name of a Keras layer and its activation, from names of tensors such as
    `conv_1/strokes_1/convolution;conv_1/strokes_1/Relu`; "" for what they do not say.

    Where several layers have become one operation, the one with the weights counts.
    """
    # The model's output is named anew, but its weights are not.
    paths = [path for name in names.split(";") if len(path := name.split("/")) > 2]
    weighted = [path for path in paths if path[-1].startswith(("MatMul", "convolution"))]
    name = re.sub(r"_\d+$", "", (weighted or paths)[0][1]) if paths else ""  # all are numbered
    relu = re.search(r"/(Relu6?)\d*(;|$)", names)
    return name, relu[1].lower() if relu else ""


def _groups(operations: Iterable[_Operation]) -> dict[str, list[_Operation]]:
    """The operations that make up each layer, under its name.

    A softmax is an operation of its own, but in Keras belongs to the dense layer before it.
    """
    groups: dict[str, list[_Operation]] = {}
    last = ""
    for operation in operations:
        name = operation.name
        if not name:
            name = last if last and groups[last][0].arrays else operation.kind
        if name != last and name in groups:
            numbered = (f"{name} {number}" for number in itertools.count(2))
            name = next(other for other in numbered if other not in groups)
        groups.setdefault(name, []).append(operation)
        last = name
    return groups


def _layer(name: str, operations: list[_Operation]) -> Layer:
    first, *after = operations
    parameters = sum(array.size for operation in operations for array in operation.arrays.values())
    kernel, bias, activation = None, None, ""
    if first.kind in (_DENSE, _CONVOLUTION):
        kernel, bias = first.arrays.get(1), first.arrays.get(2)
        if kernel is not None:
            kernel = kernel.T if first.kind == _DENSE else kernel.transpose(1, 2, 3, 0)
        steps = [first.activation, *(operation.kind for operation in after)]
        activation = ", ".join(filter(None, steps))
    return Layer(name, first.kind, operations[-1].shape, parameters, activation, kernel, bias)


def contributions(layer: Layer, activations: np.ndarray) -> np.ndarray:
    """What each unit adds to each digit's logit, the number that softmax turns into a probability:
    (units, digits) float32. Their sum over the units, and the bias, is the logit.

    layer: the last one, dense; activations: (units,) float32 that go into it, of one picture.
    Raises ValueError if the two do not fit.
    """
    if layer.kind != _DENSE or layer.kernel is None:
        raise ValueError(f"{layer.name!r} must be a dense layer, not {layer.kind}")
    if activations.shape != layer.kernel.shape[:1]:
        raise ValueError(
            f"{layer.name!r} takes ({len(layer.kernel)},) activations, not {activations.shape}"
        )
    return activations[:, None] * layer.kernel


@dataclass(frozen=True)
class Occlusion:
    """A network's answers with a square patch hidden at each place.

    patch: pixels, the square's side
    whole: (10,) float32 probabilities with nothing hidden
    probabilities: (28, 28, 10) float32; [row, column] with the patch centred there
    """

    patch: int
    whole: np.ndarray
    probabilities: np.ndarray

    @property
    def digit(self) -> int:
        """The answer with nothing hidden."""
        return int(self.whole.argmax())

    @property
    def drop(self) -> np.ndarray:
        """How much of that answer's probability is lost: (28, 28) float32, -1 to 1."""
        return self.whole[self.digit] - self.probabilities[..., self.digit]

    @property
    def answer(self) -> np.ndarray:
        """The digit that is answered instead, or still: (28, 28) int."""
        return self.probabilities.argmax(axis=2)

    @property
    def changes(self) -> bool:
        """Whether some patch changes the answer."""
        return bool((self.answer != self.digit).any())

    @property
    def weakest(self) -> tuple[int, int]:
        """Row and column where the answer loses most; if some patches change it, among those."""
        counted = (self.answer != self.digit) | (not self.changes)
        row, column = np.unravel_index(np.where(counted, self.drop, -np.inf).argmax(), _IMAGE)
        return int(row), int(column)

    @property
    def becomes(self) -> int:
        """What is answered at the weakest place: `digit` if no patch changes it."""
        return int(self.answer[self.weakest])


def occlude(image: np.ndarray, patch: int, fill: int = 0) -> np.ndarray:
    """The image with a square hidden, at every place: (28, 28, 28, 28) uint8, the first two being
    row and column of the square's middle. It is cut off at the edge.

    image: (28, 28) uint8; patch: pixels, odd; fill: 0–255, what the square shows; 0 is paper.
    Raises ValueError for a patch that has no middle.
    """
    if patch < 1 or patch % 2 == 0:
        raise ValueError(f"patch must be an odd number of pixels, not {patch}")
    places = np.arange(IMAGE_SIZE)
    near = np.abs(places[:, None] - places) <= patch // 2
    hidden = near[:, None, :, None] & near[None, :, None, :]
    return np.where(hidden, np.uint8(fill), image)


def occlusion(predictor: Predictor, image: np.ndarray, patch: int = PATCH) -> Occlusion:
    """Find what an answer hangs on by hiding one part of the image (28, 28) uint8 after the other.

    After M. Zeiler and R. Fergus, Visualizing and Understanding Convolutional Networks (2014),
    arXiv:1311.2901, section 4.2; theirs hid under grey, here it is as if nothing were drawn there.
    """
    pictures = occlude(image, patch)
    hides_ink = (pictures != image).any(axis=(2, 3))  # elsewhere the answer stays as it is
    rows = predictor.probabilities(np.concatenate([image[None], pictures[hides_ink]]))
    probabilities = np.broadcast_to(rows[0], (*_IMAGE, rows.shape[1])).copy()
    probabilities[hides_ink] = rows[1:]
    return Occlusion(patch, rows[0], probabilities)


def nearest(features: np.ndarray, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of features (N, D), float16 or float32, nearest to query (D,) by Euclidean distance.

    Returns their indices and their distances, each (count,) or (N,) if that is less, closest first.
    Raises ValueError if the query is no such row: another network's features.
    """
    if query.shape != features.shape[1:]:
        raise ValueError(f"the query must have shape {features.shape[1:]}, not {query.shape}")
    query = query.astype(np.float32)  # float16 has no room for squares
    distances = np.empty(len(features), np.float32)
    for start in range(0, len(features), _ROWS):
        part = slice(start, start + _ROWS)
        distances[part] = np.linalg.norm(features[part] - query, axis=1)
    closest = np.argsort(distances, kind="stable")[:count]
    return closest, distances[closest]
