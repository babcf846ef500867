"""What goes on inside a served model, for a learner to look at: its layers, what each makes of a
picture, what an answer hangs on, which pictures look alike to it.

By LiteRT: no TensorFlow is imported. Knows nothing of pictures' making (`ink.preparing`), of where
models come from (`store`) or of the page.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifier.config import IMAGE_SIZE

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import OperatorT

    from classifier.serving.predict import Predictor

# Pixels: side of the square that occlusion hides. Pens are 2 to 4 wide, so that 7 takes away a
# piece of line, where 5 leaves its rim, and is a third of the 20 that a digit fills. Of 60 of
# MNIST's test images, hiding 5, 7 and 9 pixels changes the shipped `conv`'s answer in 40, 65 and
# 78 %.
PATCH = 7
_BATCH = 16  # keeps the maps of a batch under 4 MB; larger ones are no quicker
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
        from ai_edge_litert.interpreter import Interpreter

        # The file's reader checks nothing, so that what is no model must not come to it.
        shape = Interpreter(model_content=tflite).get_input_details()[0]["shape"][1:]
        if math.prod(shape) != IMAGE_SIZE * IMAGE_SIZE:
            raise ValueError(
                f"the network takes inputs of shape {tuple(map(int, shape))}, "
                f"not pictures of {IMAGE_SIZE}×{IMAGE_SIZE}"
            )
        graph = _Graph(tflite)
        groups = graph.groups()
        self.layers: tuple[Layer, ...] = tuple(
            graph.layer(name, operators) for name, operators in groups.items()
        )
        self._outputs = [operators[-1].outputs[0] for operators in groups.values()]
        self._features = list(groups.values())[-1][0].inputs[0]
        self._width = math.prod(graph.shape(self._features))
        # To keep all tensors, an interpreter has to do without the fast kernels, which join
        # operations: the shipped `conv` then takes 900 images/s in place of 3,450, `dense` 37,000
        # in place of 150,000. The fast ones leave alone what is an output of the model.
        self._interpreter = Interpreter(
            model_content=graph.with_outputs(self._outputs), num_threads=1
        )
        self._input = self._interpreter.get_input_details()[0]
        self._batch = 0
        self._lock = threading.Lock()

    def activations(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What each layer puts out, under its name: (N, *output_shape) float32; of the last layer
        the probabilities. images: (N, 28, 28) uint8, 0–255, ink is high."""
        batches = self._run(images, self._outputs)
        return {
            layer.name: np.concatenate([np.zeros((0, *layer.output_shape), np.float32), *parts])
            for layer, *parts in zip(self.layers, *batches, strict=True)
        }

    def features(self, images: np.ndarray) -> np.ndarray:
        """What goes into the last layer, all that the answer is made of: (N, D) float32.

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


class _Graph:
    """A model's operations and tensors, as its file has them."""

    def __init__(self, tflite: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._model = schema.ModelT.InitFromPackedBuf(tflite, 0)
        self._operators: list[OperatorT] = self._model.subgraphs[0].operators
        self._tensors = self._model.subgraphs[0].tensors
        self._float32 = schema.TensorType.FLOAT32
        self._kinds = _words(schema.BuiltinOperator) | {
            getattr(schema.BuiltinOperator, operation): kind for operation, kind in _KINDS.items()
        }
        self._activations = _words(schema.ActivationFunctionType) | {
            schema.ActivationFunctionType.NONE: ""
        }

    def groups(self) -> dict[str, list[OperatorT]]:
        """The operations that make up each layer, under its name, in the order in which they run.

        A softmax is an operation of its own, but in Keras belongs to the dense layer before it.
        """
        groups: dict[str, list[OperatorT]] = {}
        last = ""
        for operator in self._operators:
            if self._tensors[operator.outputs[0]].type != self._float32:
                continue  # bookkeeping: the shape that a flattening needs
            name = self._keras_name(operator)
            if name is None:
                name = last if last and self._weights(groups[last][0]) else self._kind(operator)
            if name != last and name in groups:
                numbered = (f"{name} {number}" for number in itertools.count(2))
                name = next(other for other in numbered if other not in groups)
            groups.setdefault(name, []).append(operator)
            last = name
        return groups

    def layer(self, name: str, operators: list[OperatorT]) -> Layer:
        """The layer that these operations make up."""
        first, *after = operators
        kind = self._kind(first)
        parameters = sum(
            array.size for operator in operators for array in self._weights(operator).values()
        )
        weights = self._weights(first)
        kernel, bias, activation = None, None, self._fused_activation(first)
        if kind in (_DENSE, _CONVOLUTION):
            kernel, bias = weights.get(1), weights.get(2)
            if kernel is not None:
                kernel = kernel.T if kind == _DENSE else kernel.transpose(1, 2, 3, 0)
            steps = [activation, *(self._kind(operator) for operator in after)]
            activation = ", ".join(step for step in steps if step)
        output_shape = self.shape(operators[-1].outputs[0])
        return Layer(name, kind, output_shape, parameters, activation, kernel, bias)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape without the batch."""
        shape = self._tensors[tensor].shape
        return () if shape is None else tuple(map(int, shape[1:]))

    def with_outputs(self, tensors: list[int]) -> bytes:
        """The same model, that puts out these tensors."""
        import flatbuffers

        self._model.subgraphs[0].outputs = tensors
        builder = flatbuffers.Builder()
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _kind(self, operator: OperatorT) -> str:
        code = self._model.operatorCodes[operator.opcodeIndex]
        # Numbers up to 127 may stand in the older of the two fields alone.
        kind = self._kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        is_reshape = kind == _FLATTEN and len(self.shape(operator.outputs[0])) != 1
        return "reshape" if is_reshape else kind

    def _fused_activation(self, operator: OperatorT) -> str:
        return self._activations[getattr(operator.builtinOptions, "fusedActivationFunction", 0)]

    def _weights(self, operator: OperatorT) -> dict[int, np.ndarray]:
        """The float32 arrays that came with the model, under their places among the inputs."""
        found = {}
        for place, index in enumerate(operator.inputs):
            if index < 0:  # an input that is left out
                continue
            tensor = self._tensors[index]
            data = self._model.buffers[tensor.buffer].data
            is_array = tensor.shape is not None and len(tensor.shape) > 0
            if tensor.type != self._float32 or not is_array or data is None or not len(data):
                continue
            array = np.asarray(data, np.uint8).view(np.float32).reshape(tensor.shape)
            array.flags.writeable = False
            # Exported, a dense layer loses a bias of zeros, and a convolution without gains one.
            if array.ndim > 1 or array.any():
                found[place] = array
        return found

    def _keras_name(self, operator: OperatorT) -> str | None:
        """Name of the Keras layer, from names of tensors such as
        `conv_1/strokes_1/convolution;conv_1/strokes_1/Relu`; None if they have none.

        Where several layers have become one operation, the one with the weights counts.
        """
        # The model's output is named anew, but its weights are not.
        named = [operator.outputs[0], *(operator.inputs[k] for k in self._weights(operator))]
        names = ";".join(self._tensors[index].name.decode() for index in named).split(";")
        paths = [path for name in names if len(path := name.split("/")) > 2]
        if not paths:
            return None
        path = next((p for p in paths if p[-1].startswith(("MatMul", "convolution"))), paths[0])
        return re.sub(r"_\d+$", "", path[1])  # the export numbers all names


def _words(enumeration: type) -> dict[int, str]:
    """The numbers of one of the schema's enumerations, in lower case words."""
    return {
        number: name.lower().replace("_", " ")
        for name, number in vars(enumeration).items()
        if isinstance(number, int)
    }


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
