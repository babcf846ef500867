"""What the compiled loop and its fused optimizers win: `python -m tests.benchmarks.steps`.

The same batches of MNIST through Keras' `fit`, through the loop of `learning.steps` with Keras' own
optimizers, and through that loop as it is: in turn, call by call, so that other work on the machine
meets all three alike. Prints the median milliseconds of a call of 2,048 images. MNIST_NPZ should
name MNIST. Takes two minutes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from classifier.cli.tables import print_table
from classifier.config import OPTIMIZERS, TrainConfig
from classifier.data import mnist
from classifier.learning import networks, precision, steps

_SECONDS = 12.0  # for each row
_IMAGES = 2048  # in a call
_RATE = 1e-4


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    dataset = mnist.load()
    batch = dataset.train_images[:_IMAGES], dataset.train_labels[:_IMAGES]
    rows = []
    for network, size in (("dense", 512), ("dense", 128), ("conv", 256)):
        for optimizer in OPTIMIZERS:
            calls = {
                "Keras' fit": by_fit(network, optimizer, size, *batch),
                "its optimizer in the loop": by_steps(network, optimizer, size, *batch, own=True),
                "as it is": by_steps(network, optimizer, size, *batch, own=False),
            }
            medians = in_turn(calls)
            best = medians["as it is"]
            cells = {name: f"{t * 1e3:.1f} ({t / best:.2f})" for name, t in medians.items()}
            rows.append(
                {"network": f"{network}, batches of {size}", "optimizer": optimizer} | cells
            )
            print_table(rows[-1:])
    print_table(rows)


def in_turn(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median seconds of each call, made one after the other for _SECONDS."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def built(network: str):
    """A fresh network in the precision that this processor trains in."""
    import keras

    keras.config.set_dtype_policy(precision.policy())
    model = networks.build(TrainConfig.of(network))
    keras.config.set_dtype_policy("float32")
    return model


def by_fit(network: str, optimizer: str, size: int, images: np.ndarray, labels: np.ndarray):
    """One epoch of `fit`, with as many steps in a call as the loop takes."""
    import keras

    model = built(network)
    model.compile(
        keras.optimizers.get(optimizer),
        "sparse_categorical_crossentropy",
        steps_per_execution=_IMAGES // size,
        jit_compile=False,
    )
    model.optimizer.learning_rate = _RATE
    inputs = np.asarray(steps.to_input(model, images))
    return lambda: model.fit(inputs, labels, batch_size=size, verbose=0)


def by_steps(network: str, optimizer: str, size: int, images, labels, *, own: bool):
    """The loop, with Keras' own optimizer or with those that it was taught."""
    import keras
    import tensorflow as tf

    def keras_own(variables):
        one = keras.optimizers.get(optimizer)
        one.build(variables)

        def update(gradients, rate) -> None:
            one.learning_rate.assign(rate)
            one.apply(gradients, variables)

        return update, []

    model, taught = built(network), steps._OPTIMIZERS[optimizer]
    steps._OPTIMIZERS[optimizer] = keras_own if own else taught
    taken = steps.Steps(model, optimizer)
    steps._OPTIMIZERS[optimizer] = taught
    given = tf.constant(images), tf.constant(labels)
    (some,) = steps.batches(np.random.default_rng(0).permutation(_IMAGES), size)
    rates = np.full(len(some), _RATE, np.float32)
    return lambda: taken.take(*given, some, rates)


if __name__ == "__main__":
    main()
