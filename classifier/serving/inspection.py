"""What goes on inside a served model, for a learner to look at: its layers, what each makes of a
picture, which pictures look alike to it.

By LiteRT: no TensorFlow is imported. Knows nothing of pictures' making (`ink.preparing`), of where
models are (`store`) or of the page.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.serving.meta import KerasLayer
from classifier.serving.predict import Network

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import OperatorT

_BATCH = 16  # keeps the maps of a batch under 4 MB; larger ones are no quicker
_ROWS = 1024  # of features compared at once: a few MB

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
# The layers of Keras that each of these may be; any other operation may be an activation.
_CLASSES = {
    _DENSE: {"Dense"},
    _CONVOLUTION: {"Conv2D"},
    "depthwise convolution": {"DepthwiseConv2D"},
    "max pooling": {"MaxPooling2D"},
    "average pooling": {"AveragePooling2D"},
    "mean": {"GlobalAveragePooling2D"},
    _FLATTEN: {"Flatten", "Reshape"},
    "reshape": {"Flatten", "Reshape"},
}
_WITH_OPERATION = set[str]().union(*_CLASSES.values())
_NOT_SERVED = {"InputLayer", "Dropout", "BatchNormalization"}


@dataclass(frozen=True)
class Layer:
    """One layer as it is served; arrays are read-only.

    name: as Keras calls it
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
    """Shows what each layer of a served network puts out. Safe to share between threads."""

    def __init__(self, tflite: bytes, layers: Sequence[KerasLayer] = ()) -> None:
        """tflite, layers: as `SavedModel` has them; what is no layer of these is called by its
        kind. Raises ValueError if it is no model, or none of a picture."""
        # The file's reader checks nothing, so that what is no model must not get to it.
        shape = Network(tflite).input_shape
        if math.prod(shape) != IMAGE_SIZE * IMAGE_SIZE:
            raise ValueError(
                f"the network takes inputs of shape {shape}, "
                f"not pictures of {IMAGE_SIZE}×{IMAGE_SIZE}"
            )
        graph = _Graph(tflite)
        groups = graph.groups(layers)
        self.layers: tuple[Layer, ...] = tuple(
            graph.layer(name, operators) for name, operators in groups.items()
        )
        self._outputs = [operators[-1].outputs[0] for operators in groups.values()]
        self._features = list(groups.values())[-1][0].inputs[0]
        self._width = math.prod(graph.shape(self._features))
        # To keep all tensors, an interpreter has to do without the fast kernels, which join
        # operations: the shipped `conv` then takes 900 images/s in place of 3,450, `dense` 37,000
        # in place of 150,000. The fast ones leave alone what is an output of the model.
        self._network = Network(graph.with_outputs(self._outputs))

    def activations(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What each layer puts out, under its name: (N, *output_shape) float32; of the last layer
        the probabilities. images: (N, 28, 28) uint8, 0–255, ink is high."""
        batches = self._network.run(images, _BATCH, self._outputs)
        return {
            layer.name: np.concatenate([np.zeros((0, *layer.output_shape), np.float32), *parts])
            for layer, *parts in zip(self.layers, *batches, strict=True)
        }

    def features(self, images: np.ndarray) -> np.ndarray:
        """What goes into the last layer, all that the answer is made of: (N, D) float32.

        images: (N, 28, 28) uint8, 0–255, ink is high.
        """
        parts = self._network.run(images, _BATCH, [self._features])
        flat = (part.reshape(-1, self._width) for (part,) in parts)
        return np.concatenate([np.zeros((0, self._width), np.float32), *flat])


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
        self._activations: dict[int, str] = _words(schema.ActivationFunctionType) | {
            schema.ActivationFunctionType.NONE: ""
        }

    def groups(self, layers: Sequence[KerasLayer]) -> dict[str, list[OperatorT]]:
        """The operations that make up each layer, under its name, in the order in which they run.

        layers: those of Keras in that order. Some are part of the operation before them: a batch
        normalisation, and most activations; a softmax is an operation of its own, but in Keras
        belongs to the dense layer before it.
        """
        waiting = [layer for layer in layers if layer[1] not in _NOT_SERVED]
        groups: dict[str, list[OperatorT]] = {}
        last: list[OperatorT] = []
        for operator in self._operators:
            if self._tensors[operator.outputs[0]].type != self._float32:
                continue  # bookkeeping: the shape that a flattening needs
            kind = self._kind(operator)
            found = [n for n, layer in enumerate(waiting) if layer[1] in _CLASSES.get(kind, ())]
            if kind not in _CLASSES and waiting and waiting[0][1] not in _WITH_OPERATION:
                found = [0]
            if not found and kind not in _CLASSES and last and self._weights(last[0]):
                last.append(operator)
                continue
            name = waiting[found[0]][0] if found else kind
            waiting = waiting[found[0] + 1 :] if found else waiting
            if name in groups:
                numbered = (f"{name} {number}" for number in itertools.count(2))
                name = next(other for other in numbered if other not in groups)
            last = groups[name] = [operator]
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
        kind: str = self._kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        is_reshape = kind == _FLATTEN and len(self.shape(operator.outputs[0])) != 1
        return "reshape" if is_reshape else kind

    def _fused_activation(self, operator: OperatorT) -> str:
        return self._activations[getattr(operator.builtinOptions, "fusedActivationFunction", 0)]

    def _weights(self, operator: OperatorT) -> dict[int, np.ndarray]:
        """The float32 arrays that are stored in the model, under their places among the inputs."""
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
    adds: np.ndarray = activations[:, None] * layer.kernel
    return adds


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
