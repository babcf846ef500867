"""What the browser is sent of a network and of a drawing in it, small enough to follow the pen.

Arrays travel as bytes in base64, each scaled to its own largest value. Knows nothing of Streamlit.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.serving.exciting import Exciting
from classifier.serving.tracing import SHOWN_MAPS, Field, Kind, Passed, Stage, Tracer

MOST_BYTES = 64_000  # of a frame as JSON; the form's largest network has half of it
_NEAR_LINKS = 16  # that are shown of a unit which is pointed at
_MOST_VALUES = 8192  # of a stage: of larger maps fewer are shown
_BLANK = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


class NotUnderstoodError(ValueError):
    """What no picture of this page asks for; its words say what is wrong with it."""


@dataclass(frozen=True)
class Pointed:
    """What is pointed at: a member of a stage, both counted from 0."""

    stage: int
    member: int


@dataclass
class Watched:
    """The picture as one visitor sees it.

    is_open: whether it is on their page now; else nothing is computed or sent
    of: which network it shows; epoch: of which epoch, None as it answers; numbers: of its frames
    places: the maps that are shown, by stage, each in its place
    pointed: what is asked about now
    """

    is_open: bool = False
    of: str = ""
    epoch: int | None = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    places: list[list[int]] = field(default_factory=list)
    pointed: Pointed | None = None

    def look_at(self, network: str) -> None:
        """Begin anew if it is another network."""
        if network != self.of:
            self.of, self.epoch, self.places, self.pointed = network, None, [], None

    def take_in(self, asked: object, stages: Sequence[Stage], epochs: Sequence[int]) -> None:
        """Take in what the browser asks for: {"pointed": [stage, member] or None, "epoch": one of
        those, or None}. Raises NotUnderstoodError for anything else; then nothing has changed."""
        if not isinstance(asked, Mapping):
            raise NotUnderstoodError("What is asked for is an object.")
        epoch, pointed = asked.get("epoch"), _pointed(asked.get("pointed"), stages)
        if epoch is not None and (type(epoch) is not int or epoch not in epochs):
            raise NotUnderstoodError("An epoch is one of those that are kept, or none.")
        self.epoch, self.pointed = epoch, pointed


def _pointed(sent: object, stages: Sequence[Stage]) -> Pointed | None:
    if sent is None:
        return None
    values = sent if isinstance(sent, list) else []
    if len(values) != 2 or any(type(value) is not int for value in values):
        raise NotUnderstoodError("Pointed at is a stage and a member, or nothing.")
    stage, member = values
    if not 0 < stage < len(stages) or not 0 <= member < stages[stage].count:
        raise NotUnderstoodError(f"There is no member {member} of stage {stage}.")
    return Pointed(stage, member)


def anatomy(tracer: Tracer) -> list[dict[str, Any]]:
    """The stages of a network: name, kind, and what they consist of."""
    return [
        {
            "name": stage.name,
            "kind": stage.kind.value,
            "count": stage.count,
            "rows": stage.side[0],
            "columns": stage.side[1],
            "shown": _shown(stage),
            "pooled": stage.pooled,
            "field": stage.field and [stage.field.start, stage.field.jump, stage.field.size],
        }
        for stage in tracer.stages
    ]


def frame(tracer: Tracer, image: np.ndarray | None, watched: Watched) -> dict[str, Any]:
    """A picture (28, 28) uint8 on its way through the network; without one, an empty one."""
    passed = tracer.trace(_BLANK if image is None else image, watched.places)
    watched.places = [one.shown.tolist() for one in passed]
    stages = zip(tracer.stages, passed, strict=True)
    return {
        "number": next(watched.numbers),
        "epoch": watched.epoch,
        "isDrawn": image is not None,
        "answer": passed[-1].values.ravel().astype(float).round(4).tolist(),
        "stages": [_stage(stage, one) for stage, one in stages],
    }


def _stage(stage: Stage, passed: Passed) -> dict[str, Any]:
    shown = passed.shown
    values = np.abs(passed.values.reshape(stage.count, -1))
    if stage.kind is Kind.MAPS:
        shown = shown[: _shown(stage)]
        values = values[shown]
    values = values.ravel()[:_MOST_VALUES]
    speaks, says = _signed(passed.speaks[: len(shown)])
    weights, _ = _signed(passed.weights)
    return {
        "values": _bytes(np.rint(values / max(float(values.max()), 1e-6) * 255).astype(np.uint8)),
        # The ten digits speak for themselves, and the drawing's pixels are known to be inked.
        "shown": [] if stage.kind in (Kind.DIGITS, Kind.PIXELS) else shown.tolist(),
        "speaks": "" if stage.kind is Kind.DIGITS else _bytes(speaks),
        "says": round(says, 4),
        "links": np.column_stack([passed.links, weights]).ravel().tolist(),
    }


def _shown(stage: Stage) -> int:
    """How many of a stage's members are seen."""
    if stage.kind is not Kind.MAPS:
        return min(stage.count, _MOST_VALUES)
    rows, columns = stage.side
    return min(stage.count, SHOWN_MAPS, max(_MOST_VALUES // (rows * columns), 1))


def near(tracer: Tracer, image: np.ndarray | None, pointed: Pointed) -> dict[str, Any]:
    """What one unit or map is made of: its weights as a picture, and what is added to it."""
    stage, member = pointed.stage, pointed.member
    picture = tracer.weights_of(stage, member)
    adds = tracer.adds_to(_BLANK if image is None else image, stage, member)
    links: list[int] = []
    if adds is not None:
        strongest = np.argsort(-np.abs(adds), kind="stable")[:_NEAR_LINKS]
        signed, _ = _signed(adds[strongest])
        links = np.column_stack([strongest, signed])[signed != 0].ravel().tolist()
    found: dict[str, Any] = {"stage": stage, "member": member, "links": links, "weights": None}
    if picture is not None:
        rows, columns = picture.shape
        values = _bytes(_signed(picture)[0])
        found["weights"] = {"rows": rows, "columns": columns, "values": values}
    return found


def exciting(
    stage: Stage, member: int, found: Exciting, images: np.ndarray, labels: np.ndarray
) -> list[dict[str, Any]]:
    """The training images that excite a member most, each with the part that it sees."""
    which, places = found.which[member].tolist(), found.places[member].tolist()
    return [
        {
            "pixels": _bytes(images[one]),
            "label": int(labels[one]),
            "box": _box(stage.field, *divmod(place, stage.side[1])) if stage.field else None,
        }
        for one, place in zip(which, places, strict=True)
    ]


def _box(seen: Field, row: int, column: int) -> list[int]:
    """Left, top, right and bottom of what a place sees, within the picture."""
    starts = [seen.start + place * seen.jump for place in (column, row)]
    ends = [start + seen.size for start in starts]
    return [min(max(one, 0), IMAGE_SIZE) for one in (*starts, *ends)]


def _signed(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Values as int8, -127 to 127, and what 127 stands for."""
    most = max(float(np.abs(values).max(initial=0)), 1e-6)
    return np.rint(values / most * 127).astype(np.int8), most


def _bytes(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
