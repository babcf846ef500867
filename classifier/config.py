"""What a training run is, the choices it has, and where files live.

Knows nothing of Keras, Streamlit, files' contents or how a run is carried out.
"""

from __future__ import annotations

import dataclasses
import math
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

IMAGE_SIZE = 28  # pixels: side of a network input
CLASSES = 10
CANVAS = 280  # pixels: side of the page's canvas
CANVAS_PEN = 18  # pixels: its pen, unless another is chosen

PROJECT = Path(__file__).resolve().parent.parent
ASSETS = PROJECT / "assets"
SHIPPED_MODELS = ASSETS / "models"

# Each choice with the line that the page and `--help` show beside it.
NETWORKS: dict[str, str] = {
    "dense": "The article's network: 512 hidden units, then 10 outputs. Learns in seconds.",
    "conv": "A small convolutional network: looks at neighbouring pixels together. More accurate.",
    "deep": "Five convolutional layers: the most accurate, and takes minutes.",
}
DETECTOR = "detector"  # a network that tells digits from other drawings, and gives no digit
# What a drawing may be that is no digit: how the page calls it.
KINDS: dict[str, str] = {
    "letters": "a letter",
    "symbols": "a symbol",
    "shapes": "a shape",
    "scribbles": "a scribble",
    "several": "several digits",
    "parts": "a piece of something",
}
DATA_SOURCES: dict[str, str] = {
    "auto": "MNIST when it is at hand or can be downloaded, generated digits otherwise.",
    "mnist": "60,000 digits that people wrote, and 10,000 more for the test.",
    "generated": "Digits that this program draws itself: needs no file and no network.",
}
OPTIMIZERS: dict[str, str] = {
    "rmsprop": "The article's choice.",
    "adam": "Usually the quickest to converge.",
    "sgd": "Plain gradient descent: slow and instructive.",
}
ACTIVATIONS: dict[str, str] = {
    "relu": "What is below zero becomes zero: lets layers make more of each other.",
    "linear": "None: however many layers, together they can do no more than one.",
}
SCHEDULES: dict[str, str] = {
    "constant": "The same step size throughout, as in the article.",
    "one-cycle": "Rises, then falls to nearly nothing: more accurate in few epochs.",
}

# Units of the hidden dense layer; the networks that have none are not here.
HIDDEN_UNITS: dict[str, int] = {"dense": 512, "conv": 256}

# What the form and the command line offer unless told otherwise.
DEFAULTS: dict[str, dict] = {
    # The article's own settings are the fields' defaults below; these learn more in less time.
    "dense": {
        "optimizer": "adam",
        "learning_rate": 0.016,
        "schedule": "one-cycle",
        "batch_size": 512,
    },
    "conv": {
        "epochs": 4,
        "optimizer": "adam",
        "learning_rate": 0.008,
        "schedule": "one-cycle",
        "batch_size": 256,
        "dropout": 0.25,
        "styles": 0.1,
    },
    "deep": {
        "epochs": 15,
        "optimizer": "adam",
        "learning_rate": 0.003,
        "schedule": "one-cycle",
        "dropout": 0.25,
        "styles": 0.2,
        "augment": True,
    },
}
DEFAULTS[DETECTOR] = DEFAULTS["deep"] | {"epochs": 6, "train_size": 20_000}
# What a run that goes on from another model takes unless told otherwise. The more of the old images
# it sees the less it forgets, and six networks are trained, one for each fold of drawings and the
# one that is saved: so each has as many images as take a second or less.
_GOING_ON = {
    "epochs": 1,
    "drawings_share": 0.1,
    "optimizer": "adam",
    "schedule": "one-cycle",
    "augment": True,
}
FINE_TUNING: dict[str, dict] = {
    "dense": _GOING_ON | {"batch_size": 256, "learning_rate": 0.002},
    "conv": _GOING_ON | {"train_size": 15_000, "batch_size": 256, "learning_rate": 0.001},
    "deep": _GOING_ON | {"train_size": 1_000, "batch_size": 32, "learning_rate": 0.0003},
}

_STEPS = 100  # least of an epoch: standard batches are halved until it has so many,
_LEAST_BATCH = 32  # but not below this
MAX_EPOCHS = 1000
MAX_SECONDS = 24 * 3600.0
MAX_BATCH_SIZE = 60_000
MAX_IMAGES = 10**9  # more than any data set has
MAX_UNITS = 4096
MAX_SHARE = 0.9  # of an epoch's images that may be mixed into the data set's own
LONGEST_NAME = 64  # characters of a model's name


def home() -> Path:
    """Folder for everything the program writes: saved models and runs.

    `DIGIT_CLASSIFIER_HOME` names it; otherwise it is a dot-folder in the project.
    """
    named = os.environ.get("DIGIT_CLASSIFIER_HOME")
    return Path(named).absolute() if named else PROJECT / ".digit-classifier"


def models_folder() -> Path:
    """Folder of the models trained here."""
    return home() / "models"


def collection_file() -> Path:
    """The file of the drawings that people confirmed, and of their classes."""
    return home() / "collection.sqlite3"


def runs_folder() -> Path:
    """Folder of the training runs started from the page."""
    return home() / "runs"


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run; equal configs give equal models on one machine.

    Raises ValueError, naming the field, its value and what is allowed.
    """

    network: str = "dense"
    base: str | None = None  # a saved model to go on from, of this network; None: from scratch
    data: str = "auto"
    mnist: str | None = None  # an MNIST .npz; None: MNIST_NPZ, Keras' cache, then a download
    drawings: str | None = None  # a file of drawings, mixed into the training images
    drawings_share: float = 0.2  # of an epoch's images are from that file, if one is named
    styles: float = 0.0  # share of an epoch's images that are generated digits, anew each epoch
    train_size: int | None = None  # images trained on, validation included; None: all there are
    epochs: int | None = None  # None: 5, unless `seconds` says how long
    seconds: float | None = None  # training time in place of epochs
    batch_size: int = 128
    optimizer: str = "rmsprop"
    learning_rate: float = 0.001
    schedule: str = "constant"
    dropout: float = 0.0  # share of the last hidden units left out at each step
    hidden_units: int | None = None  # of the hidden dense layer; None: HIDDEN_UNITS
    activation: str = "relu"  # of the hidden layers
    shuffle_labels: bool = False  # of the training images: nothing is left but to learn by heart
    # Small random changes of the images, anew in every epoch; with a base, of those mixed in
    # alone: its own it knows as they are, and would read them worse.
    augment: bool = False
    seed: int = 0
    name: str | None = None  # of the saved model; None: made from network, data and time

    def __post_init__(self) -> None:
        for field, choices in (
            ("network", {**NETWORKS, DETECTOR: ""}),
            ("data", DATA_SOURCES),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("activation", ACTIVATIONS),
        ):
            if getattr(self, field) not in choices:
                raise ValueError(
                    f"{field} is {getattr(self, field)!r}: choose one of {', '.join(choices)}."
                )
        if self.epochs is not None and self.seconds is not None:
            raise ValueError(
                f"epochs is {self.epochs} and seconds is {self.seconds}: give one of the two."
            )
        if self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", 5)
        if self.epochs is not None:
            _check_integer("epochs", self.epochs, 1, MAX_EPOCHS)
        if self.seconds is not None:
            _check_number("seconds", self.seconds, 0.0, MAX_SECONDS, open_below=True)
        if self.train_size is not None:
            _check_integer("train_size", self.train_size, CLASSES, MAX_IMAGES)
        if self.network in HIDDEN_UNITS:
            units = HIDDEN_UNITS[self.network] if self.hidden_units is None else self.hidden_units
            _check_integer("hidden_units", units, 1, MAX_UNITS)
            if units == HIDDEN_UNITS[self.network]:  # equal settings are written alike
                object.__setattr__(self, "hidden_units", None)
        elif self.hidden_units is not None or self.activation != "relu":
            raise ValueError(
                f"hidden_units is {self.hidden_units} and activation is {self.activation!r}: only "
                f"{' and '.join(HIDDEN_UNITS)} take others."
            )
        mixes = self.styles or self.drawings is not None or self.network == DETECTOR
        if self.shuffle_labels and mixes:
            raise ValueError(
                f"shuffle_labels is on with network {self.network}, styles {self.styles} and "
                f"drawings {self.drawings}: what is mixed in keeps its labels, so take styles 0, "
                "no drawings, and no detector."
            )
        _check_integer("batch_size", self.batch_size, 1, MAX_BATCH_SIZE)
        _check_number("learning_rate", self.learning_rate, 0.0, 100.0, open_below=True)
        _check_number("dropout", self.dropout, 0.0, 0.95)
        _check_number("drawings_share", self.drawings_share, 0.0, MAX_SHARE, open_below=True)
        _check_number("styles", self.styles, 0.0, MAX_SHARE)
        if self.drawings is not None and self.styles + self.drawings_share > MAX_SHARE:
            raise ValueError(
                f"styles is {self.styles} and drawings_share is {self.drawings_share}: together "
                f"they may be at most {MAX_SHARE}."
            )
        _check_integer("seed", self.seed, 0, 2**31 - 1)
        for field in ("augment", "shuffle_labels"):
            if not isinstance(getattr(self, field), bool):
                raise ValueError(f"{field} is {getattr(self, field)!r}: it must be true or false.")
        if self.base is not None:
            check_name(self.base)
            if self.drawings is None or self.network == DETECTOR or self.shuffle_labels:
                raise ValueError(
                    f"base is {self.base!r}: what goes on from another model learns from drawings. "
                    "Name a file of them, keep the labels as they are, and choose no detector."
                )
        for field in ("mnist", "drawings"):
            if not isinstance(getattr(self, field), str | None):
                raise ValueError(f"{field} is {getattr(self, field)!r}: it must name a file.")
        if self.name is not None:
            check_name(self.name)

    def to_dict(self) -> dict:
        """The fields as a dict that JSON can hold; `TrainConfig(**d)` gives the config back."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, network: str, **chosen: object) -> TrainConfig:
        """The network's DEFAULTS with those values that were chosen, that is, are not None.

        Few training images come in smaller batches, so that an epoch still has many steps.
        """
        chosen = {field: value for field, value in chosen.items() if value is not None}
        defaults = dict(DEFAULTS.get(network, {}))
        if "seconds" in chosen:
            defaults.pop("epochs", None)
        if "train_size" in chosen and "batch_size" in defaults:
            while defaults["batch_size"] > max(_LEAST_BATCH, chosen["train_size"] / _STEPS):
                defaults["batch_size"] //= 2
        return cls(**{**defaults, "network": network, **chosen})

    @classmethod
    def fine_tuning(
        cls, base: str, trained: dict, source: str, drawings: str, **chosen: object
    ) -> TrainConfig:
        """Settings to go on from a saved model with a file of drawings.

        base: that model's name; trained, source: its settings and which data it found, as in its
        meta; chosen: what is to differ from its network's FINE_TUNING, that is, is not None
        """
        kept = ("network", "hidden_units", "activation", "mnist")  # what it is, and where from
        values = {field: trained[field] for field in kept if field in trained}
        values["data"] = "generated" if source == "generated" else "auto"
        values |= {field: value for field, value in chosen.items() if value is not None}
        standard = dict(FINE_TUNING.get(values.get("network"), {}))
        if "seconds" in values:
            standard.pop("epochs", None)
        return cls(**{**standard, **values, "base": base, "drawings": drawings})

    def command(self) -> str:
        """The shell command that repeats this run."""
        words = ["python -m classifier train"]
        if self.base is None:
            words.append(f"--network {self.network}")
            standard = TrainConfig.of(self.network, train_size=self.train_size)
            named = {"train_size"}  # the standard batch depends on it
        else:
            standard = TrainConfig.fine_tuning(self.base, self.to_dict(), self.data, self.drawings)
            named = {"base", "drawings"}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if item.name == "network" or value is None:
                continue
            if value != getattr(standard, item.name) or item.name in named:
                option = "--from" if item.name == "base" else "--" + item.name.replace("_", "-")
                if isinstance(value, bool):
                    words.append(option if value else option.replace("--", "--no-", 1))
                else:
                    words.append(f"{option} {shlex.quote(str(value))}")
        return " ".join(words)


def _check_integer(field: str, value: object, least: int, most: int) -> None:
    allowed = f"a whole number from {least} to {most}"
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or value > most:
        raise ValueError(f"{field} is {value!r}: it must be {allowed}.")


def _check_number(
    field: str, value: object, least: float, most: float, *, open_below: bool = False
) -> None:
    allowed = f"a number {'above' if open_below else 'from'} {least:g} to {most:g}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not number
        or not math.isfinite(value)
        or value < least
        or value > most
        or (open_below and value == least)
    ):
        raise ValueError(f"{field} is {value!r}: it must be {allowed}.")


# Windows refuses these as file names, with or without an extension.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)}


def check_name(name: str) -> str:
    """Return `name` if it can name a model's folder on every file system.

    Allowed: 1 to 64 of the letters a–z, digits, dot, hyphen and underscore, beginning with a
    letter or digit, not ending with a dot, and no device name of Windows. Lower case alone,
    since some file systems do not tell the cases apart. Raises ValueError otherwise.
    """
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    good = (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST_NAME
        and name[0] in letters
        and not name.endswith(".")
        and all(c in letters + "-_." for c in name)
        and name.split(".")[0] not in _RESERVED
    )
    if not good:
        raise ValueError(
            f"{name!r} cannot name a model: use 1 to {LONGEST_NAME} of a–z, 0–9, '-', '_' and '.', "
            "beginning with a letter or digit and not ending with a dot."
        )
    return name
