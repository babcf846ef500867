"""The networks that can be trained, and in which precision. Knows nothing of data or training.

Keras is imported when a network is built, not before.
"""

from __future__ import annotations

import dataclasses
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.config import CLASSES, DETECTOR, IMAGE_SIZE, KINDS, PAIRS, TrainConfig
from classifier.ink.touching import OTHERS
from classifier.standards import HIDDEN_UNITS

if TYPE_CHECKING:
    import keras

_PROCESSOR = Path("/proc/cpuinfo")  # what it can do, as Linux says
_CLASSES = {DETECTOR: 1 + len(KINDS), PAIRS: OTHERS + 1}  # of the networks that give no digit
_WITHOUT_BFLOAT16 = {  # of oneDNN's names for instruction sets
    "SSE41",
    "AVX",
    "AVX2",
    "AVX2_VNNI",
    "AVX2_VNNI_2",
    "AVX512_CORE",
    "AVX512_CORE_VNNI",
}


def dense(config: TrainConfig) -> keras.Sequential:
    """The article's network: (N, 784) in 0–1 to (N, 10) softmax; 407,050 parameters.

    Two dense layers as in F. Chollet, Deep Learning with Python, section 2.1.
    """
    from keras import Input, Sequential

    return Sequential(
        [
            Input((IMAGE_SIZE * IMAGE_SIZE,)),
            *_hidden(config),
            *_dropout(config.dropout),
            *_softmax(CLASSES),
        ],
        name="dense",
    )


def conv(config: TrainConfig) -> keras.Sequential:
    """A small convolutional network: (N, 28, 28, 1) in 0–1 to (N, 10) softmax; 173,834 parameters.

    The first layer halves the picture and is thin, since on a CPU most time goes into large maps;
    the small maps at the end go into a dense layer, which is quicker than one more convolution;
    there is no batch normalisation, which costs more there than it gains in a few epochs.
    """
    from keras import Input, Sequential, layers

    same = {"padding": "same", "activation": config.activation}
    return Sequential(
        [
            Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            layers.Conv2D(16, 5, strides=2, **same, name="convolution-1"),
            layers.Conv2D(32, 3, **same, name="convolution-2"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(64, 3, **same, name="convolution-3"),
            layers.MaxPooling2D(name="pool-again"),
            layers.Flatten(name="flat"),
            *_hidden(config),
            *_dropout(config.dropout),
            *_softmax(CLASSES),
        ],
        name="conv",
    )


def deep(config: TrainConfig) -> keras.Sequential:
    """Five convolutions with batch normalisation: (N, 28, 28, 1) in 0–1 to (N, 10) softmax;
    205,834 parameters. As a detector it tells a digit from other drawings, with a softmax of
    (N, 1 + kinds): the digits as one class, then `config.KINDS`. As a network of pairs its softmax
    is (N, 111), with the labels of `ink.touching`."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            *_convolution(32, 5, 1, strides=2),
            *_convolution(48, 3, 2),
            *_convolution(64, 3, 3),
            layers.MaxPooling2D(name="pool"),
            *_convolution(96, 3, 4),
            *_convolution(112, 3, 5),
            layers.MaxPooling2D(name="pool-again"),
            layers.Flatten(name="flat"),
            *_dropout(config.dropout),
            *_softmax(_CLASSES.get(config.network, CLASSES)),
        ],
        name=config.network,
    )


def _convolution(
    filters: int, size: int, number: int, strides: int = 1
) -> list[keras.layers.Layer]:
    """A convolution, batch normalisation and ReLU; number: which one of its network."""
    from keras import layers

    name = f"convolution-{number}"
    # The normalisation has the bias; without training it melts into the convolution.
    return [
        layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, name=name),
        layers.BatchNormalization(name=f"{name}-normal"),
        layers.ReLU(name=f"{name}-relu"),
    ]


def _hidden(config: TrainConfig) -> list[keras.layers.Layer]:
    from keras import layers

    units = config.hidden_units or HIDDEN_UNITS[config.network]
    return [layers.Dense(units, activation=config.activation, name="hidden")]


def _dropout(share: float) -> list[keras.layers.Layer]:
    from keras import layers

    return [layers.Dropout(share)] if share else []


def _softmax(classes: int) -> list[keras.layers.Layer]:
    """The last layer, always in float32: a probability has more digits than bfloat16."""
    from keras import layers

    return [layers.Dense(classes, activation="softmax", name="digits", dtype="float32")]


BUILDERS: dict[str, Callable[[TrainConfig], keras.Sequential]] = {
    "dense": dense,
    "conv": conv,
    "deep": deep,
    DETECTOR: deep,
    PAIRS: deep,
}


def build(config: TrainConfig) -> keras.Sequential:
    """A fresh network as `config` names and shapes it, with random weights."""
    return BUILDERS[config.network](config)


def for_serving(config: TrainConfig) -> keras.Sequential:
    """The same network, to be given learned weights: without dropout, and in float32 if that is
    Keras' policy at the time."""
    return build(dataclasses.replace(config, dropout=0.0))


def learned(config: TrainConfig, saved: bytes) -> keras.Sequential:
    """The same with the weights of a network that Keras saved: they alone are read from the file,
    never code. Raises ValueError if the file is none, or of a network of another shape."""
    network = for_serving(config)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(io.BytesIO(saved)) as file:
                path = file.extract("model.weights.h5", folder)
            network.load_weights(path)
        # Keras and h5py raise whatever a damaged file makes them stumble over.
        except Exception as error:
            said = str(error).split("\n")[0][:200]
            raise ValueError(
                f"its weights do not fit the network {config.network} ({said})"
            ) from error
    return network


class Trained:
    """A network with what it has learned, to be put into files."""

    def __init__(self, network: keras.Sequential) -> None:
        self.network = network

    def save(self, path: Path) -> None:
        """As Keras reads it."""
        self.network.save(path)

    def export(self, path: Path) -> None:
        """As LiteRT reads it: any number of images to probabilities."""
        import tensorflow as tf

        # Keras' own export goes by a SavedModel, which takes several times as long.
        shape = (None, *self.network.input_shape[1:])
        path.write_bytes(_converted(_answering(self.network), [tf.TensorSpec(shape, tf.float32)]))


def forward(network: keras.Sequential) -> bytes:
    """A network's way from one image to probabilities, for LiteRT: a function of the image and of
    all weights, in the order of `network.weights`, so that it serves for any weights."""
    import tensorflow as tf

    shapes = [(1, *network.input_shape[1:]), *(weight.shape for weight in network.weights)]
    return _converted(_answering(network), [tf.TensorSpec(shape, tf.float32) for shape in shapes])


def _answering(network: keras.Sequential) -> Callable[..., Any]:
    """A network's way from images to probabilities: a function of the images, and perhaps of
    weights in place of its own, which are constants."""
    own = {id(variable): variable.numpy() for variable in network.variables}

    def answer(x: Any, *weights: Any) -> Any:
        values = own | dict(zip(map(id, network.weights if weights else ()), weights, strict=True))
        trainable, other = (
            [values[id(variable)] for variable in variables]
            for variables in (network.trainable_variables, network.non_trainable_variables)
        )
        return network.stateless_call(trainable, other, x, training=False)[0]

    return answer


def _converted(function: Callable[..., Any], specs: list[Any]) -> bytes:
    """A function of tensors of these specifications, as LiteRT reads it."""
    import tensorflow as tf

    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    converted: bytes = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
    return converted


def policy() -> str:
    """Keras' policy: bfloat16 halves the work where the processor has it, float32 elsewhere.

    Where oneDNN is told to do without by ONEDNN_MAX_CPU_ISA, so does this:
    https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
    """
    try:
        flags = set(_PROCESSOR.read_text(encoding="utf-8").split())
    except OSError:  # no Linux: nothing says so
        flags = set()
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper() not in _WITHOUT_BFLOAT16
    native = flags & {"avx512_bf16", "amx_bf16"}
    return "mixed_bfloat16" if native and allowed else "float32"
