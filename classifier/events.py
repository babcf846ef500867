"""What a training run says while it goes on: five events, each one line of JSON.

Knows nothing of who speaks or who listens; the shell, the page and the tests read the same lines.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Started:
    """The run was accepted; nothing heavy has been loaded yet."""

    config: dict  # TrainConfig.to_dict()
    time: float  # seconds since 1970


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where the run is now: several a second while it trains."""

    stage: str  # one of STAGES
    note: str = ""  # one sentence for the reader, such as which data was found
    place: int | None = None  # runs that go first, while waiting
    epoch: int | None = None  # from 1
    epochs: int | None = None  # None where a budget of seconds decides
    images_seen: int | None = None  # in this run
    images_per_second: float | None = None
    seconds_left: float | None = None  # of training
    fraction: float | None = None  # of training or download done, 0–1
    loss: float | None = None  # of the current epoch so far
    accuracy: float | None = None  # of the current epoch so far, 0–1


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """One pass over the training images is done, or the part of it that was reached."""

    epoch: int  # from 1
    loss: float
    accuracy: float  # 0–1, on training images, averaged over the epoch
    val_loss: float
    val_accuracy: float  # 0–1, on images cut from the training set and not trained on
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The model is trained, tested and saved."""

    model: str  # its name in the store
    test_accuracy: float  # 0–1
    train_accuracy: float  # 0–1, of the final network on the images it trained on
    gap: float  # train_accuracy - test_accuracy
    seconds: float  # of training alone
    stages: dict[str, float]  # seconds spent in each stage
    confusion: list[list[int]]  # (10, 10) test images: row is the label, column the answer
    data: str  # which data the model saw, in words
    train_images: int
    test_images: int
    drawings_accuracy: float | None = None  # 0–1, on drawings that were kept back; None: no file
    # Of a run that went on from another model: drawings `n` by label, and how many of those were
    # read rightly `before` and `after` by networks that had not learned from them; in how many
    # `folds`, whether `by_writer`, of how many `writers`, how many drawings were `left_out`; and
    # the test accuracy, 0–1, `test_before` and `test_after`.
    tuned: dict | None = None
    stopped: bool = False  # ended early on request
    source: str = ""  # "mnist" or "generated"
    id: str = ""  # of the model, whatever it may be named later


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The run ended with nothing saved; the sentence says why and what to do."""

    error: str


Event = Started | Progress | EpochEnded | Finished | Failed

# In order. Each with the words that the page shows.
STAGES: dict[str, str] = {
    "waiting": "Waiting for its turn",
    "starting": "Starting TensorFlow",
    "data": "Loading the data",
    "folds": "Judging it by drawings that it did not learn from",
    "training": "Training",
    "testing": "Testing on digits it never saw",
    "saving": "Saving the model",
}

_NAMES = {
    "started": Started,
    "progress": Progress,
    "epoch": EpochEnded,
    "finished": Finished,
    "failed": Failed,
}
_NAME_OF = {kind: name for name, kind in _NAMES.items()}


def to_json(event: Event) -> str:
    """One line without a line break; absent values are left out, NaN and infinities become null."""
    values = {"event": _NAME_OF[type(event)]}
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if isinstance(value, float) and not math.isfinite(value):
            value = None
        elif value is None and item.default is None:
            continue
        values[item.name] = value
    return json.dumps(values, ensure_ascii=False)


def from_json(line: str) -> Event:
    """The event that `to_json` wrote. Raises ValueError for anything else."""
    try:
        values = json.loads(line)
        kind = _NAMES[values.pop("event")]
        return kind(**values)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event: {line[:100]!r}") from error


@dataclass
class History:
    """What a listener has heard so far, folded together for drawing."""

    started: Started | None = None
    progress: Progress | None = None
    epochs: list[EpochEnded] = field(default_factory=list)
    end: Finished | Failed | None = None

    def add(self, event: Event) -> None:
        """Take in the next event of the run."""
        match event:
            case Started():
                self.started = event
            case Progress():
                self.progress = event
            case EpochEnded():
                self.epochs.append(event)
            case Finished() | Failed():
                self.end = event
