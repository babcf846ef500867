"""How fast each network learns: `python -m tests.benchmarks.throughput`.

Images per second through the training loop, the arithmetic that they take, and its share of what
the machine reaches in a large matrix product of the same precision. Takes a minute.
"""

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from classifier.cli.evaluate import print_table
from classifier.config import IMAGE_SIZE, NETWORKS, TrainConfig
from classifier.learning import networks, steps

_SIDE = 2048  # of the matrices multiplied
_SECONDS = 3.0  # for each figure
_IMAGES = 2048  # learned from in one call


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    policies = dict.fromkeys(["float32", networks.policy()])
    peaks = {policy: matrix_product(policy) for policy in policies}
    rows = []
    for name in NETWORKS:
        for policy in policies:
            operations, speed = learning(name, policy)
            rows.append(
                {
                    "network": name,
                    "precision": policy.removeprefix("mixed_"),
                    "images/s": f"{speed:,.0f}",
                    "operations per image, million": f"{operations / 1e6:.1f}",
                    "GFLOP/s": f"{speed * operations / 1e9:.0f}",
                    "matrix product, GFLOP/s": f"{peaks[policy] / 1e9:.0f}",
                    "share of it": f"{speed * operations / peaks[policy]:.0%}",
                }
            )
    print_table(rows)


def rate(call: Callable[[], object], amount: float) -> float:
    """Amount per second, if each call does so much: the median over many calls."""
    for _ in range(3):
        call()
    times, begun = [], time.perf_counter()
    while time.perf_counter() - begun < _SECONDS:
        last = time.perf_counter()
        call()
        times.append(time.perf_counter() - last)
    return amount / statistics.median(times)


def matrix_product(policy: str) -> float:
    """Floating-point operations per second in the product of two large matrices."""
    import tensorflow as tf

    kind = tf.bfloat16 if "bfloat16" in policy else tf.float32
    left, right = (tf.cast(tf.random.normal((_SIDE, _SIDE)), kind) for _ in range(2))
    return rate(lambda: tf.matmul(left, right).numpy(), 2 * _SIDE**3)


def learning(name: str, policy: str) -> tuple[int, float]:
    """Operations that learning from one image takes, and images per second."""
    import keras

    config = TrainConfig.of(name)
    keras.config.set_dtype_policy(policy)
    model = networks.build(config)
    keras.config.set_dtype_policy("float32")
    learner = steps.Steps(model, config.optimizer)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (_IMAGES, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    labels = rng.integers(0, 10, _IMAGES, np.uint8)
    batches = rng.permutation(_IMAGES).astype(np.int32).reshape(-1, config.batch_size)
    rates = np.full(len(batches), 1e-4, np.float32)
    speed = rate(lambda: learner.take(images, labels, batches, rates), _IMAGES)
    return operations(model), speed


def operations(model) -> int:
    """Multiplications and additions of products with weights, to learn from one image: forwards,
    and twice that backwards, to the weights and to the input, which the first layer spares."""
    forwards = []
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            places = np.prod(layer.output.shape[1:-1], dtype=int)  # that a kernel is applied to
            forwards.append(2 * int(places) * int(np.prod(layer.kernel.shape)))
    return 3 * sum(forwards) - forwards[0]


if __name__ == "__main__":
    main()
