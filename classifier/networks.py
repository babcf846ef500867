"""The networks that can be trained. Knows nothing of data or training.

Keras is imported when a network is built, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from classifier.config import CLASSES, IMAGE_SIZE

if TYPE_CHECKING:
    import keras


def dense(dropout: float = 0.0) -> keras.Sequential:
    """The article's network: (N, 784) in 0–1 to (N, 10) softmax; 407,050 parameters.

    Two dense layers as in F. Chollet, Deep Learning with Python, section 2.1.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((IMAGE_SIZE * IMAGE_SIZE,)),
            layers.Dense(512, activation="relu", name="hidden"),
            *_dropout(dropout),
            layers.Dense(CLASSES, activation="softmax", name="digits"),
        ],
        name="dense",
    )


def conv(dropout: float = 0.0) -> keras.Sequential:
    """A small convolutional network: (N, 28, 28, 1) in 0–1 to (N, 10) softmax; 73,786 parameters.

    The first layer halves the picture, since on a CPU most time goes into full-size maps; there
    is no batch normalisation, which costs more there than it gains.
    """
    from keras import Input, Sequential, layers

    same = {"padding": "same", "activation": "relu"}
    return Sequential(
        [
            Input((IMAGE_SIZE, IMAGE_SIZE, 1)),
            layers.Conv2D(32, 5, strides=2, **same, name="strokes"),
            layers.Conv2D(48, 3, **same, name="parts"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(64, 3, **same, name="shapes"),
            layers.Flatten(name="flat"),
            *_dropout(dropout),
            layers.Dense(CLASSES, activation="softmax", name="digits"),
        ],
        name="conv",
    )


def _dropout(share: float) -> list[keras.layers.Layer]:
    from keras import layers

    return [layers.Dropout(share)] if share else []


BUILDERS: dict[str, Callable[[float], keras.Sequential]] = {"dense": dense, "conv": conv}


def build(name: str, dropout: float = 0.0) -> keras.Sequential:
    """A fresh network of `config.NETWORKS`, with random weights."""
    return BUILDERS[name](dropout)
