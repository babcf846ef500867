"""A number of several digits to its digits, from left to right, each read by itself.

By over-segmentation: strokes, or pieces of ink, are put in order from left to right, every few
neighbours are a candidate for a digit, and the row of candidates with the least cost is taken.
A candidate costs what the networks doubt of it, and what is odd about its size; a cut costs what
ties the two sides together. Knows nothing of where strokes and pictures come from.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.ink import convention, finding, pieces, preparing, rendering
from classifier.ink.preparing import Prepared

Score = Callable[[np.ndarray], np.ndarray]

_MOST_STROKES = 4  # of a digit: three, and one that was broken
_MOST_CUTS = 8  # pieces of a digit in a picture: a round one is easily cut in five
_WIDEST_GAP = 0.35  # of the line's height, between the pieces of a digit, sideways
_WIDEST = 1.8  # of the line's height: no digit is wider
_DOUBT = 11.0  # the most that a network's doubt costs: a probability of 0.00002
_ALONE = 4.0  # what the reader's doubt counts for where there is no detector
_PER_DIGIT = 0.5  # each digit costs so much: in doubt there are fewer
_TIE, _NEAR = 1.1, 0.011  # a cut between strokes that meet costs so much, and less the farther
_WIDE, _LOW, _APART = 4.0, 12.0, 10.0  # for each height of the line over or under what is usual
_SAMPLES = 40  # points along a stroke that distances are taken from


@dataclass(frozen=True)
class Part:
    """One digit of a number.

    prepared: its own way to the network input
    probabilities: (10,) float32
    box: left, top, right, bottom in pixels of the canvas or of the picture's ink
    touching: it was cut out of ink that was in one piece with its neighbour's
    """

    prepared: Prepared
    probabilities: np.ndarray
    box: tuple[float, float, float, float]
    touching: bool


def read_strokes(
    strokes: Sequence[np.ndarray],
    size: int,
    pen: float,
    score: Score,
    is_digit: Score | None = None,
) -> list[Part]:
    """The digits drawn on a canvas, from left to right; strokes, size and pen as for
    `preparing.prepare_strokes`. Empty if there is nothing to read.

    score: images (N, 28, 28) uint8 to probabilities (N, 10), as a `Predictor` gives them
    is_digit: images to the probability (N,) that each is a digit, as a `Detector` gives them
    """
    if not strokes:
        return []
    strokes = rendering.drop_stray_strokes(strokes)
    middles = [stroke[:, 0].min() + stroke[:, 0].max() for stroke in strokes]
    strokes = [strokes[k] for k in np.argsort(middles, kind="stable")]
    boxes = np.array([(*stroke.min(axis=0), *stroke.max(axis=0)) for stroke in strokes], float)
    few = len(strokes) <= pieces.MOST
    # Of what is taken whole, no stroke has one beside it.
    distances = _distances(strokes) if few else np.zeros((len(strokes), 0))

    def pictures(candidates: list[tuple[int, int]]) -> np.ndarray:
        return rendering.render_drawings(strokes[first:end] for first, end in candidates)

    ties = _ties(distances / _line_height(boxes))
    parts = []
    for first, end, probabilities in _cut(boxes, ties, _MOST_STROKES, pictures, score, is_digit):
        prepared = preparing.prepare_strokes(strokes[first:end], size, pen)
        if prepared.network_input is not None:
            others = np.r_[distances[first:end, :first].ravel(), distances[first:end, end:].ravel()]
            touching = bool(others.min(initial=np.inf) < pen)
            parts.append(Part(prepared, probabilities, _around(boxes[first:end]), touching))
    return parts


def read_ink(ink: np.ndarray, score: Score, is_digit: Score | None = None) -> list[Part]:
    """The digits in a picture's ink (H, W) float32, as in `Prepared`, from left to right; the rest
    as for `read_strokes`. Boxes are in the ink's pixels."""
    piece_of, boxes, whole, ties = pieces.pieces(finding.drop_specks(ink))
    if not len(boxes):
        return []

    def only(
        first: int, end: int, here: tuple[slice, slice] = (slice(None), slice(None))
    ) -> np.ndarray:
        mine = (piece_of[here] >= first) & (piece_of[here] < end)
        return np.where(mine, ink[here], np.float32(0))

    def picture(first: int, end: int) -> np.ndarray:
        left, top, right, bottom = map(int, _around(boxes[first:end]))
        some = only(first, end, (slice(top, bottom), slice(left, right)))
        box = convention.widen_pen(convention.crop_to_ink(some))
        return convention.centre(convention.scale_to_box(box))

    def pictures(candidates: list[tuple[int, int]]) -> np.ndarray:
        return np.array([picture(*candidate) for candidate in candidates])

    parts = []
    for first, end, probabilities in _cut(boxes, ties, _MOST_CUTS, pictures, score, is_digit):
        prepared = preparing.prepare_ink(only(first, end))
        if prepared.network_input is not None:
            touching = bool(np.isin(whole[first:end], [*whole[:first], *whole[end:]]).any())
            parts.append(Part(prepared, probabilities, _around(boxes[first:end]), touching))
    return parts


def _around(boxes: np.ndarray) -> tuple[float, float, float, float]:
    """The box around boxes (n, 4)."""
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _line_height(boxes: np.ndarray) -> float:
    return max(float((boxes[:, 3] - boxes[:, 1]).max()), 1e-6)


def _distances(strokes: Sequence[np.ndarray]) -> np.ndarray:
    """Least distances between strokes' middle lines, (n, n), 0 of each to itself."""
    lines = [_along(stroke) for stroke in strokes]
    found = np.zeros((len(lines), len(lines)))
    for k, j in itertools.combinations(range(len(lines)), 2):
        apart = lines[k][:, None] - lines[j]
        found[k, j] = found[j, k] = np.sqrt((apart**2).sum(axis=2).min())
    return found


def _along(stroke: np.ndarray) -> np.ndarray:
    """Points at even distances along a stroke."""
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    at = np.linspace(0, way[-1], _SAMPLES)
    return np.stack([np.interp(at, way, stroke[:, axis]) for axis in (0, 1)], axis=1)


def _ties(distances: np.ndarray) -> np.ndarray:
    """What it costs to cut before each piece, (n,), where those on both sides are near.

    distances: (n, n), in heights of the line
    """
    near = _TIE * np.exp(-distances / _NEAR)
    return np.array([near[:k, k:].max(initial=0) for k in range(len(near))])


def _cut(
    boxes: np.ndarray,
    ties: np.ndarray,
    most: int,
    pictures: Callable[[list[tuple[int, int]]], np.ndarray],
    score: Score,
    is_digit: Score | None,
) -> list[tuple[int, int, np.ndarray]]:
    """The row of candidates that costs least: first and end of each, and its probabilities (10,).

    boxes: (n, 4) of pieces from left to right; ties: (n,), what a cut before each costs;
    most: pieces of one digit; pictures: firsts and ends of candidates to their network inputs
    """
    count = len(boxes)
    if count > pieces.MOST:
        candidates, odd = [(0, count)], [0.0]
    else:
        candidates, odd = _candidates(boxes, most)
    images = pictures(candidates)
    probabilities = score(images)
    doubt = _doubt(probabilities.max(axis=1))
    doubt = _ALONE * doubt if is_digit is None else doubt + _doubt(is_digit(images))
    costs = _PER_DIGIT + np.array(odd) + doubt
    least = [0.0] + [np.inf] * count  # to have read so many pieces
    last = [0] * (count + 1)
    for k in sorted(range(len(candidates)), key=lambda k: candidates[k]):
        first, end = candidates[k]
        cost = least[first] + costs[k] + ties[first]
        if cost < least[end]:
            least[end], last[end] = cost, k
    chosen = []
    while count:
        chosen.append(last[count])
        count = candidates[last[count]][0]
    return [(*candidates[k], probabilities[k]) for k in reversed(chosen)]


def _doubt(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(probabilities.clip(np.exp(-_DOUBT))))


def _candidates(boxes: np.ndarray, most: int) -> tuple[list[tuple[int, int]], list[float]]:
    """First and end of what may be a digit, and what is odd about its size."""
    height = _line_height(boxes)
    found, odd = [], []
    for first in range(len(boxes)):
        for end in range(first + 1, min(first + most, len(boxes)) + 1):
            some = boxes[first:end]
            wide, high = (some[:, 2:].max(axis=0) - some[:, :2].min(axis=0)) / height
            gap = _gap(some) / height
            if end > first + 1 and (gap > _WIDEST_GAP or wide > _WIDEST):
                continue
            found.append((first, end))
            odd.append(
                _WIDE * max(wide - 1, 0) + _LOW * max(0.6 - high, 0) + _APART * max(gap - 0.05, 0)
            )
    return found, odd


def _gap(boxes: np.ndarray) -> float:
    """The widest gap between boxes, sideways."""
    some = boxes[np.argsort(boxes[:, 0])]
    reach = np.maximum.accumulate(some[:, 2])
    return float((some[1:, 0] - reach[:-1]).max(initial=0))
