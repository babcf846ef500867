"""Going on from a saved model with drawings."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from classifier.config import CLASSES, TrainConfig
from classifier.data.dataset import Dataset, Drawn, Notify
from classifier.events import Event, Progress
from classifier.learning import networks
from classifier.learning.trainer import check_stop, fit
from classifier.serving import store


def take_weights(model, config: TrainConfig, base: store.SavedModel) -> None:
    try:
        model.set_weights(networks.learned(config, base.keras()).get_weights())
    except ValueError as error:
        raise ValueError(f"{base.name} cannot be gone on from: {error}.") from error


def unspoilt(base: store.SavedModel, drawn: Drawn, tell: Notify) -> store.SavedModel:
    """`base`, or, where that has learned from some of these drawings already, the model that it
    came from: what a model has seen says nothing of how well it reads. Raises ValueError."""
    first = base
    while not set(base.meta.get("learned_from", [])).isdisjoint(drawn.digests):
        origin = base.meta["base"]
        # Shipped models have no id, and keep their names.
        same = "id" if origin["id"] else "name"
        found = [m for m in store.list_models()[0] if getattr(m, same) == origin[same]]
        if not found:
            raise ValueError(
                f"{first.name} has learned from these drawings already, and the model that it came "
                f"from, {origin['name']}, is gone: choose another to go on from."
            )
        base = found[0]
    if base is not first:
        tell(f"{first.name} knows some of these drawings: going on from {base.name} instead.", None)
    return base


def compare(
    model,
    read: Callable,
    learn: Callable,
    forget: Callable[[], None],
    config: TrainConfig,
    dataset: Dataset,
    emit: Callable[[Event], None],
    stop: threading.Event,
) -> tuple[dict, dict[str, list[bool]]]:
    """How well drawings are read before and after training on the others, fold by fold, and the
    test images before; and for each drawing, by its digest, whether it was read rightly before and
    after. The model has its first weights again in the end."""
    drawn, weights = dataset.drawn, model.get_weights()
    learned = dataset.train_images, dataset.train_labels
    before = read(drawn.images).argmax(axis=1) == drawn.labels
    test_before = read(dataset.test_images).argmax(axis=1) == dataset.test_labels
    after = np.zeros(len(drawn.labels), bool)
    for number, mixed in enumerate(drawn.without):
        check_stop(stop)
        emit(Progress(stage="folds", fraction=number / len(drawn.without)))
        held = drawn.fold == number
        validation = drawn.images[held], drawn.labels[held]
        fit(read, learn, config, learned, mixed, validation, _hear_nothing, _hear_nothing, stop)
        after[held] = read(validation[0]).argmax(axis=1) == validation[1]
        model.set_weights(weights)
        forget()

    def by_digit(values: np.ndarray) -> list[int]:
        return np.bincount(drawn.labels, values, CLASSES).astype(int).tolist()

    pairs = zip(before.tolist(), after.tolist(), strict=True)
    each = dict(zip(drawn.digests, map(list, pairs), strict=True))
    return {
        "n": by_digit(np.ones(len(after))),
        "before": by_digit(before),
        "after": by_digit(after),
        "folds": len(drawn.without),
        "by_writer": drawn.by_writer,
        "writers": drawn.writers,
        "left_out": drawn.left_out,
        "test_before": float(test_before.mean()),
    }, each


def _hear_nothing(event: Event) -> None:
    pass
