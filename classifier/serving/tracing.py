"""One picture's way through a network, stage by stage: what each unit or feature map puts out, and
what it says for and against each digit.

Knows nothing of how it is drawn. All weights and activations come from an `Inspector`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from classifier.config import CLASSES, IMAGE_SIZE
from classifier.serving.inspection import Inspector, Layer
from classifier.serving.predict import as_input

SHOWN_MAPS = 12  # of a layer at most: those that matter most now
MOST_STAGES = 8  # between drawing and digits; the form's networks have 5 at most
_UNITS_OF_DIGIT = 10  # hidden units that are told to speak for or against each digit
_LINKS_OF_UNIT, _LINKS_OF_MAP = 5, 3  # the strongest that lead into one
_PIXELS = IMAGE_SIZE * IMAGE_SIZE


class Kind(Enum):
    """What the members of a stage are."""

    PIXELS = "pixels"  # of the network's input
    MAPS = "maps"  # of a convolution
    UNITS = "units"  # of a dense layer
    DIGITS = "digits"  # the ten outputs


@dataclass(frozen=True)
class Field:
    """What part of the picture a place of a map sees: place n, counted from 0 along a side, sees
    the `size` pixels from `start` + n × `jump` on, of which some may lie beyond the edge."""

    start: int
    jump: int
    size: int

    def after(self, size: int, stride: int, pad: int) -> Field:
        """The same after one more layer, whose window has that size and stride, and so much padding
        before the first place."""
        return Field(
            self.start - pad * self.jump, self.jump * stride, self.size + (size - 1) * self.jump
        )


@dataclass(frozen=True)
class Stage:
    """One column of the picture.

    count: its members; side: rows and columns of each, 1 of a unit
    field: what a place of a map sees; None where that is unknown, or all
    pooled: the side to which max pooling makes the maps smaller before the next stage; 0: none
    layer: its number among the inspector's; -1: none
    """

    name: str
    kind: Kind
    count: int
    side: tuple[int, int] = (1, 1)
    field: Field | None = None
    pooled: int = 0
    layer: int = -1


@dataclass(frozen=True)
class Passed:
    """What became of the picture in one stage.

    values: (count, rows, columns) float32, all that it puts out
    shown: the members that matter now, rising; of maps those that are to be seen, each in its place
    speaks: (shown, 10) float32: what each says for a digit, against it where it is below 0
    links: (L, 2) int, members of the stage before and of this one, and weights (L,) float32: the
    strongest, by activation × weight
    """

    values: np.ndarray
    shown: np.ndarray
    speaks: np.ndarray
    links: np.ndarray
    weights: np.ndarray


class Tracer:
    """Follows pictures through one network. Safe to share between threads."""

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.stages = _stages(inspector.layers)
        # By layer: what a map adds to another, with the mean of the map.
        self._sums = {
            stage.layer: kernel.sum(axis=(0, 1))
            for stage in self.stages
            if (kernel := self._layer(stage).kernel) is not None and kernel.ndim == 4
        }

    def trace(self, image: np.ndarray, places: Sequence[Sequence[int]] = ()) -> list[Passed]:
        """Each stage's, from the picture (28, 28) uint8 to the digits.

        places: what `shown` was for the picture before, so that a map that still matters keeps its
        place
        """
        inputs = self._inputs(image)
        values = [_members(stage, inputs[stage.layer + 1]) for stage in self.stages]
        # From the digits back to the picture: what matters to what matters.
        shown = np.arange(self.stages[-1].count)
        said: np.ndarray | None = np.eye(len(shown), CLASSES, dtype=np.float32)
        passed: list[Passed] = []
        for number in reversed(range(len(self.stages))):
            stage = self.stages[number]
            links, weights = _strongest(self._adds(number, inputs, shown), shown, stage.kind)
            silence = np.zeros((len(shown), CLASSES), np.float32)
            speaks = silence if said is None else said[shown]
            passed.append(Passed(values[number], shown, speaks, links, weights))
            if number:
                said = self._said_before(number, inputs, said)
                known = places[number - 1] if number <= len(places) else ()
                shown = _that_matter(self.stages[number - 1], values[number - 1], said, known)
        return passed[::-1]

    def adds_to(self, image: np.ndarray, number: int, member: int) -> np.ndarray | None:
        """What each member of the stage before adds to this one: (count,) float32; None where that
        cannot be told. number: of the stage, from 1 on."""
        adds = self._adds(number, self._inputs(image), np.array([member]))
        return None if adds is None else adds[:, 0]

    def weights_of(self, number: int, member: int) -> np.ndarray | None:
        """The weights by which a member sees the picture, or, of the maps before it, the one to
        which it listens most: (rows, columns) float32. None where they are no picture."""
        stage = self.stages[number]
        kernel = self._layer(stage).kernel
        if kernel is None:
            return None
        if kernel.ndim == 4:
            loudest = int(np.abs(kernel[..., member]).sum(axis=(0, 1)).argmax())
            of_map: np.ndarray = kernel[:, :, loudest, member]
            return of_map
        if self.stages[number - 1].kind is Kind.PIXELS and len(kernel) == _PIXELS:
            of_unit: np.ndarray = kernel[:, member].reshape(IMAGE_SIZE, IMAGE_SIZE)
            return of_unit
        return None

    def _layer(self, stage: Stage) -> Layer:
        return self.inspector.layers[max(stage.layer, 0)]

    def _inputs(self, image: np.ndarray) -> list[np.ndarray]:
        """What goes into each layer of one picture, and, at the end, what comes out of the last."""
        outputs = self.inspector.activations(image[None]).values()
        return [as_input(image), *(rows[0] for rows in outputs)]

    def _adds(
        self, number: int, inputs: list[np.ndarray], targets: np.ndarray
    ) -> np.ndarray | None:
        """What each member of the stage before adds to these of the stage: (count, targets)."""
        if not number:
            return None
        stage, before = self.stages[number], self.stages[number - 1]
        kernel, given = self._layer(stage).kernel, inputs[stage.layer]
        if kernel is None or not self._fits(number, given):
            return None
        if kernel.ndim == 4:
            means = given.reshape(-1, before.count).mean(axis=0)
            return np.asarray(means[:, None] * self._sums[stage.layer][:, targets])
        adds = given.reshape(-1, 1) * kernel[:, targets]
        return np.asarray(adds.reshape(-1, before.count, len(targets)).sum(axis=0))

    def _fits(self, number: int, given: np.ndarray) -> bool:
        """Whether what goes into a stage is what comes out of the one before it."""
        stage, before = self.stages[number], self.stages[number - 1]
        kernel = self._layer(stage).kernel
        if kernel is None:
            return False
        if kernel.ndim == 4:
            return before.kind is Kind.MAPS and kernel.shape[2] == before.count
        return given.size == len(kernel) and given.size % before.count == 0

    def _said_before(
        self, number: int, inputs: list[np.ndarray], said: np.ndarray | None
    ) -> np.ndarray | None:
        """What each member of the stage before says to each digit, from what those of the stage
        say: (count, 10) float32.

        What a member says is split among those before it as they add to it (layer-wise relevance
        propagation, Bach et al. 2015). With ReLU nothing is lost but what the biases say. Of what
        goes into a convolution it is not told: None.
        """
        stage, before = self.stages[number], self.stages[number - 1]
        layer, given = self._layer(stage), inputs[stage.layer]
        if said is None or layer.kernel is None or layer.kernel.ndim == 4:
            return None
        if not self._fits(number, given):
            return None
        # Only what is not 0 says something: a third of both, which spares a large product.
        is_last = stage.kind is Kind.DIGITS
        flat, puts_out = given.ravel(), inputs[stage.layer + 1]
        loud = np.arange(stage.count) if is_last else np.flatnonzero(puts_out)
        inked = np.flatnonzero(flat)
        kernel = layer.kernel.T[np.ix_(loud, inked)]
        shares = said[loud]
        if not is_last:
            bias = 0 if layer.bias is None else layer.bias[loud]
            shares = _shares(shares, kernel @ flat[inked] + bias)
        split = np.zeros((len(flat), CLASSES), np.float32)
        split[inked] = flat[inked, None] * (shares.T @ kernel).T
        return np.asarray(split.reshape(-1, before.count, CLASSES).sum(axis=0))


def _shares(said: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """What one unit of a whole (N,) says, of all that it says (N, 10)."""
    is_silent = np.abs(whole) < 1e-6
    shares: np.ndarray = said * np.where(is_silent, 0, 1 / np.where(is_silent, 1, whole))[:, None]
    return shares


def _that_matter(
    stage: Stage, values: np.ndarray, said: np.ndarray | None, known: Sequence[int]
) -> np.ndarray:
    """The members of a stage that matter now."""
    if stage.kind is Kind.PIXELS:
        return np.flatnonzero(values)
    loud = values.reshape(stage.count, -1).max(axis=1)[:, None] if said is None else np.abs(said)
    if stage.kind is Kind.MAPS:
        return np.array(keeping(known, loud.max(axis=1), min(SHOWN_MAPS, stage.count)), int)
    return np.unique(loud.argsort(axis=0)[-_UNITS_OF_DIGIT:])


def keeping(known: Sequence[int], matters: np.ndarray, count: int) -> list[int]:
    """So many of those that matter most, each where it was in `known` if it was: whatever is still
    among the first twice as many stays, so that nothing jumps while one draws."""
    ranks = np.argsort(-matters, kind="stable").tolist()
    may_stay = set(ranks[: 2 * count])
    places = [one if one in may_stay else None for one in list(known)[:count]]
    places += [None] * (count - len(places))
    there = set(places)
    new = iter([one for one in ranks if one not in there])
    return [next(new) if one is None else one for one in places]


def _members(stage: Stage, output: np.ndarray) -> np.ndarray:
    """A layer's output as (count, rows, columns)."""
    if stage.kind is Kind.MAPS:
        return output.transpose(2, 0, 1)
    return output.reshape(-1, 1, 1)


def _strongest(
    adds: np.ndarray | None, targets: np.ndarray, kind: Kind
) -> tuple[np.ndarray, np.ndarray]:
    """The strongest of what is added to each target: pairs (L, 2), and how much (L,)."""
    if adds is None or kind is Kind.DIGITS:  # what is added to a digit, `speaks` of the last tells
        return np.zeros((0, 2), int), np.zeros(0, np.float32)
    most = min(_LINKS_OF_MAP if kind is Kind.MAPS else _LINKS_OF_UNIT, len(adds))
    sources = np.argpartition(-np.abs(adds), most - 1, axis=0)[:most]
    weights = np.take_along_axis(adds, sources, axis=0)
    pairs = np.stack([sources, np.broadcast_to(targets, sources.shape)], axis=2).reshape(-1, 2)
    says = weights.ravel() != 0
    return pairs[says], weights.ravel()[says].astype(np.float32)


def _stages(layers: Sequence[Layer]) -> tuple[Stage, ...]:
    """The stages of a network: its picture, convolutions and dense layers, and its digits. What
    only makes maps smaller or flat belongs to the stage before it."""
    side, field = IMAGE_SIZE, Field(0, 1, 1)
    stages = [Stage("drawing", Kind.PIXELS, _PIXELS, (side, side), field)]
    seen: Field | None = field
    for number, layer in enumerate(layers[:-1]):
        shape = layer.output_shape
        if len(shape) == 3:
            seen, side = _seen(seen, side, layer), shape[0]
            if layer.kind.endswith("convolution"):
                stages.append(
                    Stage(layer.name, Kind.MAPS, shape[2], (side, shape[1]), seen, 0, number)
                )
            elif layer.kind.endswith("pooling") and stages[-1].kind is Kind.MAPS:
                stages[-1] = replace(stages[-1], pooled=side)
        elif layer.kind == "dense":
            stages.append(Stage(layer.name, Kind.UNITS, shape[0], layer=number))
    last = layers[-1]
    digits = Stage(last.name, Kind.DIGITS, math.prod(last.output_shape), layer=len(layers) - 1)
    return (*stages[: 1 + MOST_STAGES], digits)


def _seen(before: Field | None, side: int, layer: Layer) -> Field | None:
    """What the places of this layer see, from what those before it see, `side` along a side. Its
    stride is told by the sides, and so is whether it pads."""
    after, is_pool = layer.output_shape[0], layer.kind.endswith("pooling")
    stride = max(round(side / max(after, 1)), 1)
    if before is None or (layer.kernel is None and not is_pool):
        return None
    size = stride if layer.kernel is None else layer.kernel.shape[0]
    pads = after == -(-side // stride) and not is_pool
    pad = max((after - 1) * stride + size - side, 0) // 2 if pads else 0
    return before.after(size, stride, pad)
