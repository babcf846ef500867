"""Going on from a saved model with drawings: which model, from which weights, and how the new one
is judged: each drawing by a network that has not learned from it.

Knows nothing of how a network is trained.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from classifier.config import CLASSES, TrainConfig
from classifier.data.dataset import Dataset, Drawn, Notify
from classifier.learning import networks
from classifier.learning.trainer import Trainer
from classifier.serving import store
from classifier.serving.saved import SavedModel


def meant(name: str, model_id: str) -> SavedModel:
    """The model that was called so when it had this id; without one, what is called so now. Raises
    ValueError if it is gone, or as `store.get`."""
    if not model_id:
        return store.get(name)
    found = store.followed(name, model_id)
    if found is None:
        raise ValueError(f"{name}, from which to go on, was deleted: choose another.")
    return found


def unspoilt(base: SavedModel, drawn: Drawn, tell: Notify) -> SavedModel:
    """`base`, or, where that has learned from some of these drawings already, the model that it
    is from: what a model has seen says nothing of how well it reads. Raises ValueError."""
    first = base
    while not set(base.meta.learned_from).isdisjoint(drawn.digests):
        origin = base.meta.base
        if origin is None:
            raise ValueError(
                f"{first.name} has learned from these drawings already: choose another model to go "
                "on from."
            )
        found = store.followed(origin.name, origin.id)
        if found is None:
            raise ValueError(
                f"{first.name} has learned from these drawings already, and the model that it came "
                f"from, {origin.name}, is gone: choose another to go on from."
            )
        base = found
    if base is not first:
        tell(f"{first.name} knows some of these drawings: going on from {base.name} instead.", None)
    return base


def weights_of(base: SavedModel, config: TrainConfig) -> list[np.ndarray]:
    """What `base` has learned, for a network as `config` shapes it. Raises ValueError."""
    try:
        weights: list[np.ndarray] = networks.learned(config, base.keras()).get_weights()
    except ValueError as error:
        raise ValueError(f"{base.name} cannot be gone on from: {error}.") from error
    return weights


def compare(
    trainer: Trainer, dataset: Dataset, drawn: Drawn, tell: Callable[[float], None]
) -> tuple[dict[str, Any], dict[str, list[bool]]]:
    """How well drawings are read before and after training on the others, fold by fold, and the
    test images before: `Finished.tuned`. And for each drawing, by its digest, whether it was read
    rightly before and after. The trainer has its first weights again in the end.

    tell: hears the share of the folds that is done, 0–1, before each
    """
    weights = trainer.model.get_weights()
    before = trainer.right(drawn.images, drawn.labels)
    test_before = trainer.right(dataset.test_images, dataset.test_labels)
    after = np.zeros(len(drawn.labels), np.bool_)
    for number, mixed in enumerate(drawn.without):
        tell(number / len(drawn.without))
        held = drawn.fold == number
        validation = drawn.images[held], drawn.labels[held]
        trainer.fit((dataset.train_images, dataset.train_labels), mixed, validation)
        after[held] = trainer.right(*validation)
        trainer.restart(weights)

    def by_digit(values: np.ndarray) -> list[int]:
        return [int(sum_) for sum_ in np.bincount(drawn.labels, values, CLASSES)]

    pairs = zip(before.tolist(), after.tolist(), strict=True)
    each = dict(zip(drawn.digests, map(list, pairs), strict=True))
    return {
        "n": by_digit(np.ones(len(after))),
        "before": by_digit(before),
        "after": by_digit(after),
        "folds": len(drawn.without),
        "by_writer": drawn.by_writer,
        "by_sheet": drawn.by_sheet,
        "writers": drawn.writers,
        "left_out": drawn.left_out,
        "test_before": float(test_before.mean()),
    }, each
