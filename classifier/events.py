"""What a training run says while it goes on: six events, each one line of JSON.

Knows nothing of who speaks or who listens; the shell, the page and the tests read the same lines.
"""

import dataclasses
import enum
import json
import math
from dataclasses import dataclass
from typing import Annotated, Any

from classifier.config import CLASSES
from classifier.records import parsed, record

# A number and its bounds, which are allowed, too.
Share = Annotated[float, (0, 1)]
Count = Annotated[int, (0, 2**53)]


@dataclass(frozen=True, kw_only=True)
class Started:
    """The run was accepted; nothing heavy has been loaded yet."""

    config: dict[str, str | int | float | bool | None]  # TrainConfig.to_dict()
    time: float  # seconds since 1970


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where the run is now: several a second while it trains."""

    stage: str  # one of STAGES
    note: str = ""  # one sentence for the reader, such as which data was found
    place: Count | None = None  # runs that go first, while waiting
    epoch: Count | None = None  # from 1
    epochs: Count | None = None  # None where a budget of seconds decides
    images_seen: Count | None = None  # in this run
    images_per_second: float | None = None
    seconds_left: float | None = None  # of training
    fraction: Share | None = None  # of training or download done
    loss: float | None = None  # of the current epoch so far
    accuracy: Share | None = None  # of the current epoch so far


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """One pass over the training images is done, or the part of it that was reached."""

    epoch: Count  # from 1
    loss: float
    accuracy: Share  # on training images, averaged over the epoch
    val_loss: float
    val_accuracy: Share  # on images cut from the training set and not trained on
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The model is trained, tested and saved."""

    model: str  # its name in the store
    test_accuracy: Share
    train_accuracy: Share  # of the final network on the images it trained on
    gap: float  # train_accuracy - test_accuracy
    seconds: float  # of training alone
    stages: dict[str, float]  # seconds spent in each stage
    confusion: list[list[Count]]  # (10, 10) test images: row is the label, column the answer
    data: str  # which data the model saw, in words
    train_images: Count
    test_images: Count
    drawings_accuracy: Share | None = None  # on drawings that were held out; None: no file
    # Of a run that went on from another model: drawings `n` by label, and how many of those were
    # read rightly `before` and `after` by networks that had not learned from them; in how many
    # `folds`, whether `by_writer` or `by_sheet`, of how many `writers`, how many drawings were
    # `left_out`; and the test accuracy, 0–1, `test_before` and `test_after`.
    tuned: dict[str, Any] | None = None
    stopped: bool = False  # ended early on request
    source: str = ""  # "mnist" or "generated"
    id: str = ""  # of the model, whatever it may be named later


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The run ended with nothing saved; the sentence says why and what to do."""

    error: str


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """The machine that carried it out is gone: the run begins anew on another, and what was told
    before counts no more."""

    attempt: Count  # from 2


Event = Started | Progress | EpochEnded | Finished | Failed | Restarted

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
    "restarted": Restarted,
}
_LONGEST = 1_000_000  # characters of a line; the longest, of a model that is finished, has 10,000
_NAME_OF = {kind: name for name, kind in _NAMES.items()}


def to_json(event: Event) -> str:
    """One line without a line break; absent values are left out, NaN and infinities become null."""
    values: dict[str, object] = {"event": _NAME_OF[type(event)]}
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
        values = parsed(line, _LONGEST)
        event: Event = record(_NAMES[values.pop("event")], values, strict=True)
        if isinstance(event, Progress) and event.stage not in STAGES:
            raise ValueError(event.stage)
        return event
    # Whatever a line makes it stumble over: one that is damaged costs only itself.
    except Exception as error:
        raise ValueError(f"not an event: {line[:100]!r}") from error


class Fit(enum.Enum):
    """What the gap between training and test accuracy says of a network."""

    NOTHING = "it has learned nothing yet, chance is 10 %"
    CLOSE = "no overfitting to speak of"
    WEAK = "it has learned too little to call that overfitting"
    OVERFITTING = "overfitting"


def gap(train_accuracy: float, test_accuracy: float) -> float:
    """Percentage points by which a network, its accuracies 0–1, is better on images it trained on
    than on the test images. The only gap that the program speaks of."""
    return round(100 * (train_accuracy - test_accuracy), 2) + 0.0  # no -0.00


def fit(train_accuracy: float, test_accuracy: float, test_images: int) -> Fit:
    """What two accuracies, 0–1, say of a network.

    NOTHING: even in training it is right less than half as often again as chance. CLOSE: the gap is
    within noise, two binomial standard errors of the test accuracy. OVERFITTING: it is beyond
    noise, and the training accuracy is 80 % or more. WEAK: it is beyond noise, but that is less.
    """
    noise = 2 * math.sqrt(test_accuracy * (1 - test_accuracy) / max(test_images, 1))
    if train_accuracy < 1.5 / CLASSES:
        return Fit.NOTHING
    if train_accuracy - test_accuracy <= noise:
        return Fit.CLOSE
    return Fit.OVERFITTING if train_accuracy >= 0.8 else Fit.WEAK


def gap_in_words(train_accuracy: float, test_accuracy: float, test_images: int) -> str:
    """Both as one clause, for every place that tells of a network's gap."""
    points = gap(train_accuracy, test_accuracy)
    meaning = fit(train_accuracy, test_accuracy, test_images)
    return f"a gap of {points:.2f} points: {meaning.value}"
