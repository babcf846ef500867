"""What the compiled loop and its fused optimizers win: `python -m tests.benchmarks.steps`.

First an epoch of MNIST by Keras' `fit`, plain and with many steps in a call, and by the loop of
`learning.steps`. Then a call of that loop with Keras' own optimizers and as it is. What is compared
runs in turn in one process, so that other work on the machine meets all alike; figures are medians.
MNIST_NPZ should name MNIST. Takes two minutes.
"""

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from classifier.cli.evaluate import print_table
from classifier.config import TrainConfig
from classifier.data import mnist
from classifier.learning import networks, steps

_IMAGES = 2048  # in a call
_SECONDS = 8.0  # for each row, and
_ROUNDS = 3  # at least
_RATE = np.float32(1e-4)
_AS_IT_IS = dict(steps._OPTIMIZERS)


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    dataset = mnist.load()
    images, labels = dataset.train_images[:55_000], dataset.train_labels[:55_000]
    rows = []
    for network, size, optimizer in (("dense", 128, "rmsprop"), ("conv", 256, "adam")):
        seconds = in_turn(
            {
                "fit": by_fit(network, optimizer, size, images, labels, 1),
                "fit, many steps in a call": by_fit(
                    network, optimizer, size, images, labels, _IMAGES // size
                ),
                "the loop": by_steps(network, optimizer, size, images, labels),
            }
        )
        cells = {name: f"{each:.2f} s" for name, each in seconds.items()}
        rows.append({"an epoch": f"{network}, {optimizer}, batches of {size}"} | cells)
    print_table(rows)
    images, labels = images[:_IMAGES], labels[:_IMAGES]
    rows = []
    for network, size in (("dense", 512), ("dense", 128), ("conv", 256)):
        for optimizer in ("rmsprop", "adam", "sgd"):  # Keras' Muon does something else
            as_it_is = by_steps(network, optimizer, size, images, labels)
            steps._OPTIMIZERS[optimizer] = keras_own(optimizer)
            own = by_steps(network, optimizer, size, images, labels)
            steps._OPTIMIZERS[optimizer] = _AS_IT_IS[optimizer]
            seconds = in_turn({"Keras' optimizer": own, "as it is": as_it_is})
            ratio = seconds["Keras' optimizer"] / seconds["as it is"]
            cells = {name: f"{each * 1e3:.1f} ms" for name, each in seconds.items()}
            name = f"{network}, {optimizer}, batches of {size}"
            rows.append({"2,048 images": name} | cells | {"ratio": f"{ratio:.2f}"})
    print_table(rows)


def in_turn(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median seconds of each call, one after the other, after one call of each to warm up."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or len(next(iter(times.values()))) < _ROUNDS:
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def built(network: str):
    """A fresh network in the precision that this processor trains in."""
    import keras

    keras.config.set_dtype_policy(networks.policy())
    model = networks.build(TrainConfig.of(network))
    keras.config.set_dtype_policy("float32")
    return model


def by_fit(network: str, optimizer: str, size: int, images, labels, steps_per_call: int):
    """One epoch by `fit`."""
    import keras

    model = built(network)
    model.compile(
        keras.optimizers.get(optimizer),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_call,
        jit_compile=False,
    )
    model.optimizer.learning_rate = _RATE
    inputs = np.asarray(steps.to_input(model, images))
    return lambda: model.fit(inputs, labels, batch_size=size, verbose=0)


def by_steps(network: str, optimizer: str, size: int, images, labels):
    """The same by the loop."""
    import tensorflow as tf

    learner = steps.Steps(built(network), optimizer)
    given = tf.constant(images), tf.constant(labels)
    rng = np.random.default_rng(0)

    def epoch() -> None:
        for some in steps.batches(rng.permutation(len(labels)), size):
            learner.take(*given, some, np.full(len(some), _RATE))

    return epoch


def keras_own(optimizer: str):
    """Keras' optimizer of that name, as `steps` wants one."""
    import keras

    def of(model):
        one = keras.optimizers.get(optimizer)
        one.build(model.trainable_variables)

        def update(gradients, rate) -> None:
            one.learning_rate.assign(rate)
            one.apply(gradients, model.trainable_variables)

        return update, []

    return of


if __name__ == "__main__":
    main()
