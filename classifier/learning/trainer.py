"""A network in training: its weights, its optimizer's memory, how far it is on its way through the
epochs, and the learning rates of its next steps.

Knows nothing of where images are from, of files, or of the run that it is trained for.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from classifier.config import IMAGE_SIZE, TrainConfig
from classifier.data import epochs
from classifier.data.dataset import Batch, Mixture
from classifier.events import EpochEnded, Progress
from classifier.learning import networks
from classifier.learning.steps import Steps, batches, to_input

_TELL_EVERY = 0.2  # seconds between progress events within an epoch
_PER_READING = 250  # images answered in one call: a cache holds what lies between layers


class Course:
    """One way through the epochs: how much of it is over, and what is told of that.

    epoch: the one under way, from 1; 0 before the first
    """

    def __init__(self, config: TrainConfig, size: int, stop: threading.Event) -> None:
        """size: images of an epoch; stop: ends the course when it is set."""
        self.epoch = 0
        self._config, self._stop = config, stop
        self._total = None if config.epochs is None else size * config.epochs
        self._seconds = config.seconds or 0.0  # what counts where there is no total
        self._seen = 0
        self._begun = time.perf_counter()
        self._told = -_TELL_EVERY
        self._since: tuple[float, int] | None = None

    def _share_done(self, ahead: int = 0) -> float:
        """Share of the course that is over, 0–1, `ahead` images from now; a course by time cannot
        look ahead."""
        if self._total is None:
            return min(1.0, (time.perf_counter() - self._begun) / self._seconds)
        return min(1.0, (self._seen + ahead) / self._total)

    def done(self) -> bool:
        """Whether the config's epochs or seconds are over, or `stop` is set."""
        return self._stop.is_set() or self._share_done() >= 1

    def rates(self, steps: int, batch_size: int) -> np.ndarray:
        """The learning rate of each of the next steps, float32 (steps,)."""
        factors = np.ones(steps, np.float32)
        if self._config.schedule == "one-cycle":
            shares = [self._share_done(step * batch_size) for step in range(steps)]
            factors = np.array([one_cycle(share) for share in shares], np.float32)
        return np.float32(self._config.learning_rate) * factors

    def advance(self, images: int) -> None:
        """Count so many images as learned from."""
        self._seen += images
        if self._since is None:  # the first call compiles, which is no measure of speed
            self._since = time.perf_counter(), self._seen

    def to_tell(self) -> bool:
        """Whether it is time for progress to be told: now and then, and at the end."""
        now = time.perf_counter()
        if now - self._told < _TELL_EVERY and not self.done():
            return False
        self._told = now
        return True

    def progress(self, loss: float, accuracy: float) -> Progress:
        """What is to be told now; loss and accuracy: of the epoch so far."""
        now = time.perf_counter()
        since, before = self._since or (now, self._seen)
        rate = (self._seen - before) / (now - since) if now > since else None
        left = None
        if self._total is None:
            left = max(0.0, self._seconds - (now - self._begun))
        elif rate:
            left = (self._total - self._seen) / rate
        return Progress(
            stage="training",
            epoch=self.epoch,
            epochs=self._config.epochs,
            images_seen=self._seen,
            images_per_second=rate,
            seconds_left=left,
            fraction=self._share_done(),
            loss=loss,
            accuracy=accuracy,
        )


def one_cycle(share_done: float) -> float:
    """Factor of the learning rate: up from 0.1 to 1 in the first fifth, down to 0.01 by a cosine.

    After L. N. Smith, Super-Convergence (arXiv:1708.07120).
    """
    if share_done < 0.2:
        return 0.1 + 0.9 * share_done / 0.2
    return float(0.01 + 0.99 * (1 + np.cos(np.pi * (share_done - 0.2) / 0.8)) / 2)


class StoppedError(RuntimeError):
    """The run was stopped before it had learned anything."""


def check_stop(stop: threading.Event) -> None:
    """Raise StoppedError if `stop` is set."""
    if stop.is_set():
        raise StoppedError("Stopped before it had learned anything: nothing was saved.")


class Trainer:
    """The network of one run, from its random weights to its last.

    `fit` may be called again and again: each call goes on from the weights and from the
    optimizer's memory that the one before left, unless `restart` lies between them.
    model: the network; it is the trainer's to change
    """

    def __init__(self, config: TrainConfig, stop: threading.Event) -> None:
        """Build the network. Sets Keras' seed and leaves its policy at float32.

        stop: set it to end `fit` within a few batches
        """
        import keras

        self._config, self._stop = config, stop
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(networks.policy())
        self.model = networks.build(config)
        keras.config.set_dtype_policy("float32")
        self._steps = Steps(self.model, config.optimizer)
        self._answer = _compiled(self.model)

    def read(self, images: np.ndarray) -> np.ndarray:
        """Probabilities (N, classes) float32 of images (N, 28, 28) uint8, N >= 1."""
        parts = (images[i : i + _PER_READING] for i in range(0, len(images), _PER_READING))
        return np.concatenate([np.asarray(self._answer(part)) for part in parts])

    def right(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of N images (N, 28, 28) uint8 are read as their labels (N,) say: (N,) bool."""
        right: np.ndarray = self.read(images).argmax(axis=1) == labels
        return right

    def restart(self, weights: list[np.ndarray]) -> None:
        """Go back to these weights, with an optimizer that remembers nothing."""
        self.model.set_weights(weights)
        self._steps.forget()

    def fit(
        self,
        own: Batch,
        mixed: tuple[Mixture, ...],
        held: Batch,
        hear: Callable[[Progress | EpochEnded], None] = lambda event: None,
    ) -> None:
        """Epoch after epoch, until the config's epochs or seconds are over or `stop` is set.

        own: what is trained on, beside what is mixed in; held: what is asked after each epoch
        hear: is told of progress within each epoch, and of its end
        Raises StoppedError if `stop` is set before the first batch, or FloatingPointError if the
        loss is no number any more.
        """
        import tensorflow as tf

        feed = epochs.feed(own, mixed, self._config)
        size = epochs.size(len(own[1]), mixed)
        course = Course(self._config, size, self._stop)
        order = np.random.default_rng(self._config.seed)
        check_stop(self._stop)
        given = None
        # At least a few batches, however short the time: an untrained network is worth nothing.
        while course.epoch == 0 or not course.done():
            course.epoch += 1
            begun = time.perf_counter()
            last, given = given, next(feed)
            if given is not last:
                images, labels = (tf.constant(array) for array in given)
            loss, accuracy = self._epoch(images, labels, order.permutation(size), course, hear)
            val_loss, val_accuracy = self._judge(held)
            # The epoch's own loss was taken before its last step; the validation's after it.
            if not np.isfinite([loss, val_loss]).all():
                raise FloatingPointError(
                    "The loss is no number any more with a learning rate of "
                    f"{self._config.learning_rate:g}: try one ten times smaller."
                )
            hear(
                EpochEnded(
                    epoch=course.epoch,
                    loss=loss,
                    accuracy=accuracy,
                    val_loss=val_loss,
                    val_accuracy=val_accuracy,
                    seconds=round(time.perf_counter() - begun, 3),
                )
            )

    def _epoch(
        self,
        images: Any,
        labels: Any,
        order: np.ndarray,
        course: Course,
        hear: Callable[[Progress], None],
    ) -> tuple[float, float]:
        """Learn from the images in this order, or from some of them if the time is over before;
        returns the mean loss and the accuracy."""
        loss_sum, right, seen = 0.0, 0, 0
        for some in batches(order, self._config.batch_size):
            losses, agree = self._steps.take(images, labels, some, course.rates(*some.shape))
            loss_sum, right, seen = loss_sum + losses, right + agree, seen + some.size
            course.advance(some.size)
            if course.to_tell():
                hear(course.progress(loss_sum / seen, right / seen))
            if course.done():
                break
        return loss_sum / seen, right / seen

    def _judge(self, held: Batch) -> tuple[float, float]:
        """Loss and accuracy on images and labels."""
        images, labels = held
        probabilities = self.read(images)
        # Categorical cross-entropy, with the least probability that Keras too takes it at.
        losses = -np.log(probabilities[np.arange(len(labels)), labels].clip(1e-7))
        right = probabilities.argmax(axis=1) == labels
        return float(losses.mean()), float(right.mean())


def _compiled(model: Any) -> Callable[[np.ndarray], Any]:
    """A compiled function from images (N, 28, 28) uint8 to probabilities (N, classes).

    One for the whole run: `model.predict` and `evaluate` would each compile a program of their own
    first, which takes longer than these few batches, and `deep`, called directly, is half as fast.
    """
    import tensorflow as tf

    compiled: Callable[[np.ndarray], Any] = tf.function(
        lambda images: model(to_input(model, images), training=False),
        input_signature=[tf.TensorSpec([None, IMAGE_SIZE, IMAGE_SIZE], tf.uint8)],
        autograph=False,
    )
    return compiled
