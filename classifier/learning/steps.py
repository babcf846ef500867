"""Many steps of learning in one call: the loop, compiled once, and its optimizers.

What it wins, by `python -m tests.benchmarks.steps`: an epoch of dense takes 0.39 of what `fit`
takes, and 0.50 where that too has many steps in a call; of conv 0.60 and 0.84. Keras' own RMSprop
and Adam would take 1.01 to 1.24 times as long with dense, and as long with conv: TensorFlow has
each as one fused kernel, which goes over a weight once. Keras' SGD is as quick, and is taken; its
Muon would leave convolutions to Adam.
What it costs: each optimizer has to be taught here, and a test holds every one of them to what
`fit` learns from the same batches.
Knows nothing of epochs, of a run's length, or of who listens.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.serving.predict import as_input

if TYPE_CHECKING:
    import keras

_PER_CALL = 2048  # images learned from between two looks at the clock, in whole batches,
_STEPS_PER_CALL = 32  # and at most so many of them
_ROUNDS = 3  # in which Muon makes a step alike in all directions

# One step: takes the gradients and the learning rate.
Update = Callable[[list[Any], Any], None]


class Steps:
    """Takes steps on one network with one optimizer, and holds what the optimizer remembers."""

    def __init__(self, model: keras.Sequential, optimizer: str) -> None:
        """Raises ValueError for an optimizer that is not one of `_OPTIMIZERS`."""
        if optimizer not in _OPTIMIZERS:
            raise ValueError(
                f"optimizer is {optimizer!r}: steps can be taken with {', '.join(_OPTIMIZERS)}."
            )
        update, self._memory = _OPTIMIZERS[optimizer](model)
        self._at_first = [variable.numpy() for variable in self._memory]
        self._take = _compiled(model, update)

    def take(
        self, images: Any, labels: Any, batches: np.ndarray, rates: np.ndarray
    ) -> tuple[float, int]:
        """Take one step for each batch.

        images: (n, 28, 28) uint8 and labels: (n,) uint8, as arrays or tensors
        batches: (steps, batch) int32, the indices of each step's images
        rates: (steps,) float32, the learning rate of each
        Returns the sum of the losses, categorical cross-entropy, and how many answers were right,
        both taken before each step.
        """
        loss_sum, right = self._take(images, labels, batches, rates)
        return float(loss_sum), int(right)

    def forget(self) -> None:
        """Make the optimizer as it was before its first step."""
        for variable, value in zip(self._memory, self._at_first, strict=True):
            variable.assign(value)


def _compiled(model: keras.Sequential, update: Update) -> Callable[..., tuple[Any, Any]]:
    import keras
    import tensorflow as tf

    weights = [variable.value for variable in model.trainable_variables]

    def take(images: Any, labels: Any, batches: Any, rates: Any) -> tuple[Any, Any]:
        def step(number: Any, loss_sum: Any, right: Any) -> tuple[Any, Any, Any]:
            inputs = to_input(model, tf.gather(images, batches[number]))
            answers = tf.one_hot(tf.gather(labels, batches[number]), model.output_shape[-1])
            with tf.GradientTape() as tape:
                output = tf.cast(model(inputs, training=True), tf.float32)
                losses = keras.losses.categorical_crossentropy(answers, output)
                loss = tf.reduce_mean(losses)
            update(tape.gradient(loss, weights), rates[number])
            agree = tf.equal(tf.argmax(answers, axis=1), tf.argmax(output, axis=1))
            right += tf.math.count_nonzero(agree, dtype=tf.int32)
            return number + 1, loss_sum + tf.reduce_sum(losses), right

        steps = tf.shape(rates)[0]
        start = tf.constant(0), tf.constant(0.0), tf.constant(0)
        _, loss_sum, right = tf.while_loop(
            lambda number, *_: number < steps, step, start, parallel_iterations=1
        )
        return loss_sum, right

    # Sizes are left open, so that the last batch of an epoch, which is smaller, and the next
    # epoch's images need no second compilation. XLA would take a dense network's epoch from 0.56
    # to 0.47 s in float32 and from 0.41 to 0.51 s in bfloat16, but compile for 0.4 s longer;
    # convolutions on a CPU it makes four times slower.
    compiled: Callable[..., tuple[Any, Any]] = tf.function(
        take,
        input_signature=[
            tf.TensorSpec([None, IMAGE_SIZE, IMAGE_SIZE], tf.uint8),
            tf.TensorSpec([None], tf.uint8),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.float32),
        ],
        autograph=False,  # it would read all sources anew, for half a second, to find one loop
    )
    return compiled


def to_input(model: keras.Sequential, images: Any) -> Any:
    """Images (N, 28, 28) uint8, 0–255, as the network wants them: float32, 0–1, its own shape."""
    from keras import ops

    return ops.reshape(as_input(ops.cast(images, "float32")), (-1, *model.input_shape[1:]))


# The optimizers with Keras' standard settings: each takes a network, and returns its step, for
# gradients in the order of `trainable_variables`, and the variables that it remembers from one step
# to the next.


def _sgd(model: keras.Sequential) -> tuple[Update, list[Any]]:
    import keras

    variables = model.trainable_variables
    own = keras.optimizers.SGD()
    own.build(variables)

    def update(gradients: list[Any], rate: Any) -> None:
        own.learning_rate.assign(rate)
        own.apply(gradients, variables)

    return update, []


def _rmsprop(model: keras.Sequential) -> tuple[Update, list[Any]]:
    import tensorflow as tf

    variables = model.trainable_variables
    memory = [_zeros(variables), _zeros(variables)]  # mean squares, and momentum
    settings = {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7}

    def update(gradients: list[Any], rate: Any) -> None:
        for weight, grad, ms, m in zip(variables, gradients, *memory, strict=True):
            tf.raw_ops.ResourceApplyRMSProp(
                var=weight.value.handle, ms=ms.handle, mom=m.handle, grad=grad, lr=rate, **settings
            )

    return update, [*memory[0], *memory[1]]


def _adam(model: keras.Sequential) -> tuple[Update, list[Any]]:
    return _adam_of(model.trainable_variables)


def _adam_of(variables: list[Any]) -> tuple[Update, list[Any]]:
    import tensorflow as tf

    memory = [_zeros(variables), _zeros(variables)]  # means, and mean squares
    settings = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    powers = {f"{beta}_power": tf.Variable(settings[beta]) for beta in ("beta1", "beta2")}

    def update(gradients: list[Any], rate: Any) -> None:
        fixed = settings | powers
        for weight, grad, m, v in zip(variables, gradients, *memory, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.value.handle, m=m.handle, v=v.handle, grad=grad, lr=rate, **fixed
            )
        for power, beta in zip(powers.values(), ("beta1", "beta2"), strict=True):
            power.assign(power * settings[beta])

    return update, [*memory[0], *memory[1], *powers.values()]


def _muon(model: keras.Sequential) -> tuple[Update, list[Any]]:
    """Muon for the kernels of hidden layers, as matrices of what a unit looks at by units, and Adam
    for biases and the last layer. After K. Jordan, https://kellerjordan.github.io/posts/muon, with
    0.9 in place of 0.95 as momentum: a run has only some hundred steps.
    """
    import tensorflow as tf

    last = id(model.layers[-1].kernel)
    hidden = [len(each.shape) > 1 and id(each) != last for each in model.trainable_variables]
    others = [not each for each in hidden]
    kernels = list(itertools.compress(model.trainable_variables, hidden))
    by_adam, memory = _adam_of(list(itertools.compress(model.trainable_variables, others)))
    moving = _zeros(kernels)

    def update(gradients: list[Any], rate: Any) -> None:
        by_adam(list(itertools.compress(gradients, others)), rate)
        own = itertools.compress(gradients, hidden)
        for kernel, m, gradient in zip(kernels, moving, own, strict=True):
            m.assign(0.9 * m + gradient)
            matrix = tf.reshape(gradient + 0.9 * m, (-1, kernel.shape[-1]))
            # So that a step changes a weight as much as one of Adam: https://arxiv.org/abs/2502.16982
            size = 0.2 * max(matrix.shape) ** 0.5
            step = _orthogonal(matrix, model.compute_dtype)
            kernel.value.assign_sub(rate * size * tf.reshape(step, kernel.shape))

    return update, [*memory, *moving]


def _orthogonal(matrix: Any, dtype: str) -> Any:
    """The matrix with all its singular values near 1, computed in this type: three rounds of Newton
    and Schulz's iteration, with Jordan's coefficients. With Keras' Muon, which has five and
    transposes in each, an epoch of conv would take a third longer."""
    import tensorflow as tf

    is_tall = matrix.shape[0] > matrix.shape[1]
    x = tf.cast(matrix / (tf.norm(matrix) + 1e-7), dtype)
    x = tf.transpose(x) if is_tall else x
    for _ in range(_ROUNDS):
        square = tf.matmul(x, x, transpose_b=True)
        x = 3.4445 * x + tf.matmul(-4.775 * square + 2.0315 * tf.matmul(square, square), x)
    return tf.cast(tf.transpose(x) if is_tall else x, tf.float32)


def _zeros(variables: list[Any]) -> list[Any]:
    import tensorflow as tf

    return [tf.Variable(tf.zeros_like(variable.value)) for variable in variables]


_OPTIMIZERS: dict[str, Callable[[keras.Sequential], tuple[Update, list[Any]]]] = {
    "rmsprop": _rmsprop,
    "adam": _adam,
    "muon": _muon,
    "sgd": _sgd,
}


def batches(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """An epoch's image indices (n,) as int32 (steps, size) for one call after the other; what is
    left over at the end is a smaller batch of its own."""
    whole = len(order) - len(order) % size
    full = order[:whole].astype(np.int32).reshape(-1, size)
    steps = max(1, min(_STEPS_PER_CALL, _PER_CALL // size))
    for start in range(0, len(full), steps):
        yield full[start : start + steps]
    if whole < len(order):
        yield order[None, whole:].astype(np.int32)
