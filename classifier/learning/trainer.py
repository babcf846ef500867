"""A network in training."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from classifier.config import IMAGE_SIZE, TrainConfig
from classifier.data import epochs
from classifier.data.dataset import Batch, Mixture
from classifier.events import EpochEnded
from classifier.learning.course import Course
from classifier.learning.steps import calls, to_input

_PER_READING = 250  # images answered in one call: a cache holds what lies between layers


class StoppedError(RuntimeError):
    """The run was stopped before it had learned anything."""


def check_stop(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedError("Stopped before it had learned anything: nothing was saved.")


def reader(model) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function from images (N, 28, 28) uint8, N >= 1, to probabilities (N, classes).

    One for the whole run: `model.predict` and `evaluate` would each compile a program of their own
    first, which takes longer than these few batches, and `deep`, called directly, is half as fast.
    """
    import tensorflow as tf

    answer = tf.function(
        lambda images: model(to_input(model, images), training=False),
        input_signature=[tf.TensorSpec([None, IMAGE_SIZE, IMAGE_SIZE], tf.uint8)],
        autograph=False,
    )

    def read(images: np.ndarray) -> np.ndarray:
        batches = (images[i : i + _PER_READING] for i in range(0, len(images), _PER_READING))
        return np.concatenate([np.asarray(answer(batch)) for batch in batches])

    return read


def fit(
    read,
    learn,
    config: TrainConfig,
    learned: Batch,
    mixed: tuple[Mixture, ...],
    validation: Batch,
    emit,
    note,
    stop,
) -> None:
    """Epoch after epoch, until the config's epochs or seconds are over or `stop` is set.

    learned: what is trained on, beside what is mixed in; validation: what is asked after each epoch
    emit: hears of the progress; note: hears of each epoch's end
    """
    import tensorflow as tf

    held_images, held_labels = validation
    feed = epochs.feed(
        *learned,
        mixed,
        count=config.epochs,
        augment=config.augment,
        seed=config.seed,
        plain=config.base is not None,
    )
    size = epochs.size(len(learned[1]), mixed)
    course = Course(config, size, stop)
    order = np.random.default_rng(config.seed)
    epoch, given = 0, None
    check_stop(stop)
    # At least a few batches, however short the time: an untrained network is not worth saving.
    while epoch == 0 or not (course.done() or epoch == config.epochs):
        epoch += 1
        begun = time.perf_counter()
        last, given = given, next(feed)
        if given is not last:
            images, labels = (tf.constant(array) for array in given)
        loss_sum, right, seen = 0.0, 0, 0
        for batches in calls(order.permutation(size), config.batch_size):
            figures = learn(images, labels, batches, course.rates(*batches.shape))
            loss_sum, right = loss_sum + float(figures[0]), right + int(figures[1])
            seen += batches.size
            course.advance(batches.size)
            if course.to_tell():
                emit(course.progress(epoch, loss_sum / seen, right / seen))
            if course.done():
                break
        said = read(held_images)
        # Categorical cross-entropy, with the least probability that Keras too takes it at.
        val_loss = -np.log(said[np.arange(len(said)), held_labels].clip(1e-7)).mean()
        val_accuracy = (said.argmax(axis=1) == held_labels).mean()
        # The epoch's own loss was taken before its last step; the validation's was taken after.
        if not np.isfinite([loss_sum, val_loss]).all():
            raise FloatingPointError(
                f"The loss is no number any more with a learning rate of {config.learning_rate:g}: "
                "try one ten times smaller."
            )
        note(
            EpochEnded(
                epoch=epoch,
                loss=loss_sum / seen,
                accuracy=right / seen,
                val_loss=float(val_loss),
                val_accuracy=float(val_accuracy),
                seconds=round(time.perf_counter() - begun, 3),
            )
        )
