"""What each network takes unless told otherwise, by the names of the settings."""

from typing import Any

# Units of the hidden dense layer; the networks that have none are not here.
HIDDEN_UNITS: dict[str, int] = {"dense": 512, "conv": 256}

_ONE_CYCLE = {"optimizer": "adam", "schedule": "one-cycle"}
_DEEP = _ONE_CYCLE | {"learning_rate": 0.003, "dropout": 0.25, "styles": 0.2, "augment": True}
# What the form and the command line offer unless told otherwise. The article's own settings are the
# fields' defaults in `config`; these learn more in less time.
DEFAULTS: dict[str, dict[str, Any]] = {
    "dense": _ONE_CYCLE | {"learning_rate": 0.016, "batch_size": 512},
    "conv": _ONE_CYCLE
    | {"optimizer": "muon", "learning_rate": 0.012, "batch_size": 192, "epochs": 3, "styles": 0.1},
    "deep": _DEEP | {"epochs": 15},
    "pairs": _DEEP | {"epochs": 24, "styles": 0.15},
    "detector": _DEEP | {"epochs": 6, "train_size": 20_000},
}
# What a run that goes on from another model takes unless told otherwise. The more of the old images
# it sees the less it forgets, and six networks are trained, one for each fold of drawings and the
# one that is saved: so each has as many images as take a second or less.
_GOING_ON = _ONE_CYCLE | {"epochs": 1, "drawings_share": 0.1, "augment": True}
FINE_TUNING: dict[str, dict[str, Any]] = {
    "dense": _GOING_ON | {"batch_size": 256, "learning_rate": 0.002},
    "conv": _GOING_ON | {"train_size": 15_000, "batch_size": 256, "learning_rate": 0.001},
    "deep": _GOING_ON | {"train_size": 1_000, "batch_size": 32, "learning_rate": 0.0003},
}
