"""What a training run is, the choices it has, and where files live.

Knows nothing of Keras, Streamlit, files' contents or how a run is carried out.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.names import check_name, check_title
from classifier.settings import Setting, table
from classifier.standards import DEFAULTS, FINE_TUNING, HIDDEN_UNITS

IMAGE_SIZE = 28  # pixels: side of a network input
CLASSES = 10
CANVAS = 280  # pixels: side of the page's canvas
CANVAS_PEN = 18  # pixels: its pen, unless another is chosen

PROJECT = Path(__file__).resolve().parent.parent
ASSETS = PROJECT / "assets"
SHIPPED_MODELS = ASSETS / "models"
READER = ASSETS / "read_digit.py"  # a program that asks a model beside it

# Each choice with the line that the page and `--help` show beside it.
NETWORKS: dict[str, str] = {
    "dense": "The article's network: 512 hidden units, then 10 outputs. Learns in seconds.",
    "conv": "A small convolutional network: looks at neighbouring pixels together. More accurate.",
    "deep": "Five convolutional layers: the most accurate, and takes minutes.",
}
DETECTOR, PAIRS = "detector", "pairs"
# Networks that give no digit: they stand beside one that does.
JUDGES: dict[str, str] = {
    DETECTOR: "Tells digits from other drawings.",
    PAIRS: "Tells which two digits that touch are.",
}
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
    "adam": "A step size for each weight: quick to converge.",
    "muon": "Steps alike in all directions of a layer: fewest epochs, each a little slower.",
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

_STEPS = 100  # least of an epoch: standard batches are halved until it has so many,
_LEAST_BATCH = 32  # but not below this
MAX_SHARE = 0.9  # of an epoch's images that may be mixed into the data set's own


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


def mnist_places(file: str | None = None) -> list[Path]:
    """Where MNIST is looked for: in `file`, in the file that `MNIST_NPZ` names, if they are given,
    and in the cache of Keras, whose folder `KERAS_HOME` may name."""
    named = (file, os.environ.get("MNIST_NPZ"))
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return [*(Path(path) for path in named if path), keras / "datasets" / "mnist.npz"]


def mnist_at_hand(file: str | None = None) -> Path | None:
    """Where MNIST is on this disk; None if it is in none of its places."""
    # `isfile`, unlike `Path.is_file`, answers for paths of any kind.
    return next(filter(os.path.isfile, mnist_places(file)), None)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run; equal configs give equal models on one machine.

    Raises ValueError, naming the field, its value and what is allowed.
    """

    network: str = Setting("Network", choices=NETWORKS | JUDGES).of("dense")
    base: str | None = Setting(
        "Goes on from",
        "A saved model to go on from, with drawings and with standards of its own.",
        flag="from",
        metavar="NAME",
        on_page=False,
    ).of(None)
    data: str = Setting("Data", choices=DATA_SOURCES).of("auto")
    mnist: str | None = Setting(
        "MNIST",
        "A file in Keras' layout (MNIST_NPZ, Keras' cache, then a download).",
        metavar="FILE.npz",
        on_page=False,
    ).of(None)
    drawings: str | None = Setting(
        "Drawings",
        "A file of them, mixed into the training images.",
        metavar="FILE.npz",
        on_page=False,
    ).of(None)
    drawings_share: float = Setting(
        "Share of drawings",
        "Of an epoch's images; with --from 0.1.",
        0,
        MAX_SHARE,
        above=True,
        on_page=False,
    ).of(0.2)
    drawings_alone: bool = Setting(
        "Drawings alone",
        "Learn from all drawings of the file and from nothing else; the data's images are for the "
        "test.",
        on_page=False,
    ).of(False)
    train_size: int | None = Setting(
        "Training images", "Fewer images: quicker, and more overfitting.", CLASSES, 10**9, step=1000
    ).of(None)
    # None: 5, unless `seconds` says how long.
    epochs: int | None = Setting(
        "Epochs", "How many times it sees every training image.", 1, 1000
    ).of(None)
    seconds: float | None = Setting(
        "Seconds", "Train for some seconds in place of epochs.", 0, 24 * 3600, above=True
    ).of(None)
    batch_size: int = Setting("Batch size", "Images for each step.", 1, 60_000).of(128)
    optimizer: str = Setting("Optimizer", choices=OPTIMIZERS).of("rmsprop")
    learning_rate: float = Setting(
        "Learning rate", "How far each step goes.", 0, 100, above=True
    ).of(0.001)
    schedule: str = Setting("Learning rate over time", choices=SCHEDULES).of("constant")
    dropout: float = Setting(
        "Dropout",
        "Share of units left out at each step: works against overfitting.",
        0,
        0.95,
        step=0.05,
    ).of(0.0)
    # Going on from a model, of the images mixed in alone: its own it knows as they are, and would
    # read them worse.
    augment: bool = Setting(
        "Vary the images", "Turns, stretches and shifts each image a little, anew in every epoch."
    ).of(False)
    styles: float = Setting(
        "Other handwriting",
        "Share of generated digits among the images: for styles that the data lack.",
        0,
        MAX_SHARE,
        step=0.05,
    ).of(0.0)
    hidden_units: int | None = Setting(
        "Hidden units",
        "Of the layer before the ten outputs: more can tell more apart.",
        1,
        4096,
        networks=HIDDEN_UNITS,
    ).of(None)
    activation: str = Setting("Activation", choices=ACTIVATIONS, networks=HIDDEN_UNITS).of("relu")
    shuffle_labels: bool = Setting(
        "Shuffle the labels",
        "Gives each training image another one's label: nothing is left to understand.",
    ).of(False)
    seed: int = Setting("Seed", "The same seed gives the same result.", 0, 2**31 - 1).of(0)
    name: str | None = Setting(
        "Name", "Of the saved model (made from network, data and time).", on_page=False
    ).of(None)
    title: str | None = Setting(
        "Title", "What the page calls it, where its name is made.", on_page=False, metavar="WORDS"
    ).of(None)

    def __post_init__(self) -> None:
        if self.epochs is not None and self.seconds is not None:
            raise ValueError(
                f"epochs is {self.epochs} and seconds is {self.seconds}: give one of the two."
            )
        if self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", 5)
        for field, told in SETTINGS.items():
            value = getattr(self, field)
            told.check(value)
            if not told.networks:
                continue
            if self.network not in told.networks:
                if value != told.default:
                    raise ValueError(
                        f"{field} is {value!r}: only {' and '.join(told.networks)} take another."
                    )
            elif value == told.networks[self.network]:  # equal settings are written alike
                object.__setattr__(self, field, None)
        mixes = self.styles or self.drawings is not None or self.network in JUDGES
        if self.shuffle_labels and mixes:
            raise ValueError(
                f"shuffle_labels is on with network {self.network}, styles {self.styles} and "
                f"drawings {self.drawings}: what is mixed in keeps its labels, so take styles 0, "
                "no drawings, and a network that reads digits."
            )
        if self.drawings is not None and self.styles + self.drawings_share > MAX_SHARE:
            raise ValueError(
                f"styles is {self.styles} and drawings_share is {self.drawings_share}: together "
                f"they may be at most {MAX_SHARE}."
            )
        if self.drawings_alone and (
            self.drawings is None
            or self.base is not None
            or self.styles
            or self.train_size is not None
            or self.network in JUDGES
        ):
            raise ValueError(
                "drawings_alone is True: name a file of drawings, and take no model to go on from, "
                "styles 0, no size, and a network that reads digits."
            )
        if self.base is not None:
            check_name(self.base)
            if self.drawings is None or self.network in JUDGES or self.shuffle_labels:
                raise ValueError(
                    f"base is {self.base!r}: what goes on from another model learns from drawings. "
                    "Name a file of them, keep the labels as they are, and choose a network that "
                    "reads digits."
                )
        if self.name is not None:
            check_name(self.name)
        if self.title is not None:
            check_title(self.title)

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dict that JSON can hold; `TrainConfig(**d)` gives the config back."""
        return dataclasses.asdict(self)

    def told(self) -> TrainConfig:
        """The same as others may hear of it: of files only their names."""
        drawings, mnist = (path and Path(path).name for path in (self.drawings, self.mnist))
        return dataclasses.replace(self, drawings=drawings, mnist=mnist)

    @classmethod
    def of(cls, network: str, **chosen: Any) -> TrainConfig:
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
        cls, base: str, trained: Mapping[str, Any], source: str, drawings: str | None, **chosen: Any
    ) -> TrainConfig:
        """Settings to go on from a saved model with a file of drawings.

        base: that model's name; trained, source: its settings and which data it found, as in its
        meta; chosen: what is to differ from its network's FINE_TUNING, that is, is not None
        """
        kept = ("network", "hidden_units", "activation", "mnist")  # what it is, and where from
        values = {field: trained[field] for field in kept if field in trained}
        values["data"] = "generated" if source == "generated" else "auto"
        values |= {field: value for field, value in chosen.items() if value is not None}
        standard = dict(FINE_TUNING.get(str(values.get("network")), {}))
        if "seconds" in values:
            standard.pop("epochs", None)
        return cls(**{**standard, **values, "base": base, "drawings": drawings})

    def command(self) -> str:
        """The shell command that repeats this run."""
        words = ["python -m classifier train"]
        if self.base is None or self.drawings is None:  # no base is without drawings
            words.append(f"--network {self.network}")
            standard = TrainConfig.of(self.network, train_size=self.train_size)
            named = {"train_size"}  # the standard batch depends on it
        else:
            standard = TrainConfig.fine_tuning(self.base, self.to_dict(), self.data, self.drawings)
            named = {"base", "drawings"}
        for field, told in SETTINGS.items():
            value = getattr(self, field)
            if field == "network" or value is None:
                continue
            if value != getattr(standard, field) or field in named:
                if isinstance(value, bool):
                    words.append(told.option if value else told.option.replace("--", "--no-", 1))
                else:
                    words.append(f"{told.option} {shlex.quote(str(value))}")
        return " ".join(words)


SETTINGS: dict[str, Setting] = table(TrainConfig)
