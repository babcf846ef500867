"""A served network with other weights: as it was at an earlier epoch, to be looked into.

Weights are Keras' own arrays, as snapshots have them. Knows nothing of where they are kept.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

# That of Keras' batch normalisation, which no network here changes.
_EPSILON = 1e-3
_WEIGHTED = {"FULLY_CONNECTED", "CONV_2D"}


def with_weights(tflite: bytes, weights: Sequence[np.ndarray]) -> bytes:
    """The network in `tflite`, of dense layers and convolutions, with these weights.

    weights: float32, in the order of Keras: for each layer its kernel, perhaps its bias, and what a
    batch normalisation after it has. Raises ValueError if they are not of this network.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    graph = model.subgraphs[0]
    codes = {getattr(schema.BuiltinOperator, name) for name in _WEIGHTED}
    used = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    operators = [one for one in graph.operators if used[one.opcodeIndex] in codes]
    pairs = _melted(weights)
    if len(operators) != len(pairs):
        raise ValueError(f"there are weights of {len(pairs)} layers, not of {len(operators)}")
    moved = np.zeros(0, np.float32)  # a bias that is served in the next layer
    for operator, (kernel, bias) in zip(operators, pairs, strict=True):
        is_dense = kernel.ndim == 2
        if is_dense and len(moved) == len(kernel):
            bias = bias + moved @ kernel
        moved = moved[:0]
        arrays = [kernel.T if is_dense else kernel.transpose(3, 0, 1, 2), bias]
        inputs = [int(index) for index in operator.inputs]
        if len(inputs) < 3 or inputs[2] < 0:
            if bias.any():
                moved = bias
            del arrays[1]
        for place, array in enumerate(arrays, 1):
            # A copy, since layers may share what is equal in them.
            tensor = copy.copy(graph.tensors[inputs[place]])
            if tuple(tensor.shape) != array.shape:
                raise ValueError(f"there is a {array.shape} for a {tuple(tensor.shape)}")
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(array, np.float32).tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
            inputs[place] = len(graph.tensors)
            graph.tensors.append(tensor)
        operator.inputs = inputs
    if moved.any():
        raise ValueError("there is a bias that no layer takes")
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _melted(weights: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer; a batch normalisation has melted into both."""
    groups: list[list[np.ndarray]] = []
    for array in weights:
        if array.ndim in (2, 4):
            groups.append([array])
        elif array.ndim == 1 and groups:
            groups[-1].append(array)
        else:
            raise ValueError(f"there are weights of shape {array.shape}")
    return [_pair(*group) for group in groups]


def _pair(kernel: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    units = kernel.shape[-1]
    if len(others) not in (0, 1, 4, 5) or any(one.shape != (units,) for one in others):
        raise ValueError(f"{[one.shape for one in others]} does not belong to {kernel.shape}")
    bias = others[0] if len(others) % 4 else np.zeros(units, np.float32)
    if len(others) >= 4:
        gamma, beta, mean, variance = others[-4:]
        scale = gamma / np.sqrt(variance + np.float32(_EPSILON))
        kernel, bias = kernel * scale, beta + (bias - mean) * scale
    return kernel, bias
