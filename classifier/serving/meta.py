"""What a saved model tells of itself: its meta.json, read, checked and upgraded here alone.

Without what every reader needs it is refused; any other part that makes no sense is left out.
Knows nothing of folders.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from classifier import names
from classifier.config import CLASSES, JUDGES
from classifier.events import EpochEnded
from classifier.records import parsed, record

FORMAT = 1  # of meta.json
FILES = ("model.keras", "model.tflite")  # whose checksums it holds
# Bytes of a meta.json; each drawing that a model learned from takes a hundred, `deep` has 2,600.
LONGEST = 4_000_000
_LONGEST_LAYERS = 1_000_000  # bytes of the description of a network's layers; `deep` has 14,000

KerasLayer = tuple[str, str]  # name and class, such as "convolution-1" and "Conv2D"
# What former versions called convolutions, as if anybody knew what each looks for.
_FORMER_LAYERS = {"strokes", "corners", "bows", "parts", "shapes"}


@dataclass(frozen=True)
class Tuned:
    """What going on from another model changed, judged by drawings, each of them read by a network
    that had not learned from it."""

    n: tuple[int, ...]  # (10,) by label: how many drawings,
    before: tuple[int, ...]  # how many of them were read rightly before,
    after: tuple[int, ...]  # and after
    by_writer: bool  # whether all that one person drew were held out together,
    folds: int  # in one of so many folds
    test_before: float  # accuracy on the test images, 0–1
    test_after: float
    by_sheet: bool = False  # whether all that were cut from one picture were held out together

    def __post_init__(self) -> None:
        if not sum(self.n) or not len(self.n) == len(self.before) == len(self.after) == CLASSES:
            raise ValueError(f"there must be drawings, and {CLASSES} labels")


@dataclass(frozen=True)
class Metrics:
    """A model's figures; None where none was saved that makes sense."""

    test_accuracy: float  # 0–1, on its own test images
    train_accuracy: float | None = None  # 0–1
    test_images: int | None = None
    seconds: float | None = None  # of training
    stopped: bool = False  # ended early on request
    confusion: tuple[tuple[int, ...], ...] = ()  # test images: row is the label, column the answer
    tuned: Tuned | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.test_accuracy <= 1:
            said = f"test_accuracy is {self.test_accuracy}"
            raise ValueError(f"has values that make no sense: {said}")

    @property
    def digits_confusion(self) -> np.ndarray | None:
        """The confusion matrix of the ten digits: (10, 10) int; None if there is no such."""
        square = [len(row) for row in self.confusion] == [CLASSES] * CLASSES
        return np.array(self.confusion) if square and min(map(min, self.confusion)) >= 0 else None


@dataclass(frozen=True)
class Data:
    """What a model learned from."""

    description: str  # in words, for the reader
    source: str = ""  # "mnist" or "generated"; "" if unknown
    fingerprint: str = ""  # SHA-256 of the data set's own images and labels, hex; "" if unknown


@dataclass(frozen=True)
class Base:
    """The model that another one went on from."""

    name: str
    id: str = ""  # "" if it was shipped

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "name", names.FORMER.get(self.name, self.name))


@dataclass(frozen=True)
class Threshold:
    """Where a detector draws the line: see `predict.Detector`."""

    threshold: float
    false_alarms: float


@dataclass(frozen=True)
class ModelMeta:
    """All that is known of a saved model beside its networks."""

    created: str  # ISO 8601
    config: Mapping[str, Any]  # `TrainConfig.to_dict`, perhaps of a version with other settings
    files: Mapping[str, str]  # SHA-256 of each of FILES, hex
    metrics: Metrics
    data: Data
    saved: Mapping[str, Any] = field(repr=False)  # the JSON as it is, to be written and printed
    id: str = ""  # what no other model has; "" if it was saved without
    owner: str = ""  # digest of the visitor whose run made it; "" for nobody
    command: str | None = None  # what repeats the run in a shell
    history: tuple[EpochEnded, ...] = ()  # of the run; empty if it was not saved
    base: Base | None = None  # None: from scratch
    learned_from: tuple[str, ...] = ()  # digests of drawings: its own, and those of its bases
    # Its own drawings by digest: whether each was read rightly before and after.
    held_out: Mapping[str, tuple[bool, bool]] | None = None
    detector: Threshold | None = None  # None: it reads digits
    layers: tuple[KerasLayer, ...] = ()  # in order; empty if it was saved before they were noted

    def __post_init__(self) -> None:
        for file in FILES:
            if file not in self.files:
                raise ValueError(f"lacks {file!r}")

    @property
    def reads_digits(self) -> bool:
        """Whether it is one of the networks that do, and none of the JUDGES."""
        return self.config.get("network") not in list(JUDGES)  # it may be anything

    def told(self) -> dict[str, Any]:
        """What others may hear of it: not whose it is, nor where files were."""
        config = {**self.config}
        for name in ("drawings", "mnist"):
            if isinstance(config.get(name), str):
                config[name] = Path(config[name]).name
        return {name: part for name, part in self.saved.items() if name != "owner"} | {
            "config": config
        }

    @staticmethod
    def read(content: bytes) -> "ModelMeta":
        """From a file's content. Raises ValueError whose words go on after "its meta.json"."""
        try:
            saved = parsed(content, LONGEST)
            if not isinstance(saved, dict):
                raise ValueError("it is no object")
        except ValueError as error:
            raise ValueError(f"cannot be read ({error})") from error
        if saved.get("format") != FORMAT:
            raise ValueError(
                f"has format {saved.get('format')!r:.80}, but this version reads format {FORMAT}: "
                "use the one that made it"
            )
        return record(ModelMeta, saved | {"saved": saved})


def written(meta: Mapping[str, Any]) -> bytes:
    """What `ModelMeta.read` reads."""
    return (json.dumps(meta, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def plainly_named(layers: Sequence[KerasLayer]) -> tuple[KerasLayer, ...]:
    """The same layers; convolutions are numbered in which a former version said it saw more."""
    number, found = 0, []
    for name, kind in layers:
        first, hyphen, rest = name.partition("-")
        if first in _FORMER_LAYERS:
            number += kind == "Conv2D"
            name = f"convolution-{number}{hyphen}{rest}"
        found.append((name, kind))
    return tuple(found)


def layers_of(keras_file: bytes) -> tuple[KerasLayer, ...]:
    """The layers of a network that Keras saved, in order; empty if the file is none. Only their
    description is read, as JSON: none of the file's code runs."""
    try:
        with zipfile.ZipFile(io.BytesIO(keras_file)) as parts, parts.open("config.json") as file:
            described = parsed(file.read(_LONGEST_LAYERS + 1), _LONGEST_LAYERS)
        layers = described["config"]["layers"]
        return tuple((str(one["config"]["name"]), str(one["class_name"])) for one in layers)
    except Exception:  # a damaged archive makes its readers raise whatever they stumble over
        return ()
