"""What a sweep of the page would be: the values that are offered, its runs, and how long they take.

Draws nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from classifier.config import TrainConfig
from classifier.jobs import grid
from classifier.jobs.grid import SEED, Value
from classifier.serving.saved import SavedModel
from classifier.settings import Setting

_LENGTH = {"data", "epochs", "seconds", "train_size"}  # of the form, whichever network it is
# Seconds that an epoch of 60,000 images takes where nothing was trained yet, and that a run takes
# before and after its epochs: to load TensorFlow, to test and to save. On two cores.
PACE: Mapping[str, float] = {"dense": 1.0, "conv": 1.5, "deep": 40.0}
_BESIDE, _IMAGES = 8.0, 60_000


def can_vary(told: Setting, network: str) -> bool:
    """Whether a sweep from that network's form may try several values of a setting."""
    return told.on_page and told.name != SEED and (not told.networks or network in told.networks)


def offered(told: Setting, standard: object) -> list[float]:
    """Values to begin with, around the form's."""
    if told.kind == "float" and told.step:  # shares
        return [0.0, 0.25, 0.5]
    value = standard if isinstance(standard, int | float) else 100 * max(told.low, 1)
    if told.kind == "int":
        near = [value // 2, value, 2 * value]
    else:
        near = [float(f"{one:.2g}") for one in (value / 3, value, 3 * value)]
    return list(dict.fromkeys(min(max(one, told.low), told.high) for one in near))


def planned(
    lists: Mapping[str, Sequence[Value]], asked: Mapping[str, object]
) -> tuple[list[dict[str, Value]], list[TrainConfig]]:
    """What differs between the runs, and the settings of each. Raises ValueError."""
    kept = set(asked) if "network" not in lists else _LENGTH  # each network has its standards
    if {"epochs", "seconds"} & lists.keys():  # one of the two
        kept = kept - {"epochs", "seconds"}
    others: dict[str, Any] = {name: value for name, value in asked.items() if name in kept}
    values = grid.combinations(lists)
    return values, [grid.titled(TrainConfig.of(**{**others, **one}), one) for one in values]


def about(configs: Sequence[TrainConfig], models: Sequence[SavedModel]) -> float:
    """Seconds that runs with these settings take, one after the other, by what the newest of these
    models with the same network took."""
    pace = dict(PACE)
    for model in sorted(models, key=lambda model: model.meta.created):
        took, of = model.meta.metrics.seconds, model.meta.config
        if took and model.meta.history and not model.shipped and of.get("train_size") is None:
            pace[str(of.get("network"))] = took / len(model.meta.history)
    return sum(_BESIDE + (config.seconds or _by_epochs(config, pace)) for config in configs)


def _by_epochs(config: TrainConfig, pace: Mapping[str, float]) -> float:
    images = config.train_size or _IMAGES
    return (config.epochs or 0) * pace.get(config.network, 1.0) * images / _IMAGES
