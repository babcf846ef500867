"""A sheet to its lines, numbers and digits, in reading order, each digit read by itself.

By over-segmentation: strokes, or pieces of a line's ink, are put in order from left to right, every
few neighbours are a candidate for a digit, and the row of candidates with the least cost is taken.
A candidate costs what the networks doubt of it, and what is odd about its size; a cut costs what
ties the two sides together. In a picture a piece may also be left out, as a comma is, which costs
the more the larger it is. Knows nothing of where strokes and pictures come from.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from classifier.ink import convention, finding, lines, pieces, preparing, rendering, touching
from classifier.ink.preparing import Prepared
from classifier.ink.touching import Pair, Score

Box = tuple[float, float, float, float]  # left, top, right, bottom

MOST = 500  # parts of ink that are looked at on a sheet, and what they are cut into

_MOST_STROKES = 4  # of a digit: three, and one that was broken
_MOST_CUTS = 8  # pieces of a digit in a picture: a round one is easily cut in five
_WIDEST_GAP = 0.35  # of the line's height, between the pieces of a digit, sideways
_WIDEST_DRAWN, _WIDEST_CUT = 1.8, 2.0  # of the line's height: no digit of strokes, of pieces is
_ALONE = 4.0  # what the reader's doubt counts for where there is no detector
_LEFT_OUT = 9.0  # leaving out a piece costs at most so much, and the less the lower it is
# Heights below the middle at which a piece begins that hangs; it costs this share.
_HANGS, _HANGING = 0.1, 0.3
_FULL = 0.8  # of the line's height: from here on so much
_PER_DIGIT = 0.5  # each digit costs so much: in doubt there are fewer
_TIE, _NEAR = 1.1, 0.011  # a cut between strokes that meet costs so much, and less the farther
_WIDE, _LOW, _APART = 3.0, 12.0, 10.0  # for each height of the line over or under what is usual
_MOST_PAIRS, _PAIRS_OF_SHEET = 6, 12  # of a line, and of a sheet, that are looked at
# Ink that costs less as one digit is not looked at as two, unless a network of pairs sees two; and
# that is not asked about what costs even less.
_DOUBTED, _SURE = 1.1, 0.55
_NARROWEST_PAIR, _WIDEST_PAIR = 0.4, 2.2  # of the line's height
_TOUCHING = 1.0  # what it costs that two digits touch
_AS_ONE = 2.0  # what the doubts of the network of pairs count for that it is but one
_AGREED = 5.0  # what that network takes off where it is sure which two they are
_SAMPLES = 40  # points along a stroke that distances are taken from


@dataclass(frozen=True)
class Part:
    """One digit of a number.

    prepared: its own way to the network input
    probabilities: (10,) float32
    box: left, top, right, bottom in pixels of the canvas or of the picture's ink
    touching: it was cut out of ink that was in one piece with its neighbour's
    line, number: which of the sheet's lines, and of that line's numbers, it stands in, from 0 on
    """

    prepared: Prepared
    probabilities: np.ndarray
    box: Box
    touching: bool
    line: int = 0
    number: int = 0

    @property
    def digit(self) -> int:
        """The likeliest digit."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True)
class Sheet:
    """What is written on a sheet.

    digits: in reading order; left_out: boxes of what is no digit, such as a comma
    crowded: there is more on it than is read at once; then there are no digits
    """

    digits: list[Part]
    left_out: list[Box]
    crowded: bool = False

    @property
    def text(self) -> str:
        """All that was read: a line for each line, with a space between its numbers."""
        return text(self.digits)


def text(digits: Sequence[Part]) -> str:
    """Digits in reading order as `Sheet.text`."""
    written = ""
    for before, here in zip([None, *digits], digits, strict=False):
        if before is not None and here.line != before.line:
            written += "\n"
        elif before is not None and here.number != before.number:
            written += " "
        written += str(here.digit)
    return written


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

    ties = _ties(distances / lines.line_height(boxes))
    parts = []
    arcs = _arcs(boxes, _MOST_STROKES, _WIDEST_DRAWN, pictures, score, is_digit)
    for arc in _cheapest(arcs, ties):
        first, end = arc.first, arc.end
        prepared = preparing.prepare_strokes(strokes[first:end], size, pen)
        if prepared.network_input is not None and isinstance(arc.found, np.ndarray):
            others = np.r_[distances[first:end, :first].ravel(), distances[first:end, end:].ravel()]
            near = bool(others.min(initial=np.inf) < pen)
            parts.append(Part(prepared, arc.found, _around(boxes[first:end]), near))
    return parts


def read_ink(
    ink: np.ndarray, score: Score, is_digit: Score | None = None, pairs: Score | None = None
) -> list[Part]:
    """The digits in a picture's ink (H, W) float32, as in `Prepared`, in reading order; the rest
    as for `read_strokes`. Boxes are in the ink's pixels.

    pairs: pictures of `touching.picture`, (N, 28, 28) uint8, to how probable each two digits are,
    (N, 10, 10), the left one first
    """
    return read_sheet(ink, score, is_digit, pairs).digits


def read_sheet(
    ink: np.ndarray, score: Score, is_digit: Score | None = None, pairs: Score | None = None
) -> Sheet:
    """The same, with what was left out."""
    found = pieces.pieces(finding.drop_specks(ink), MOST)
    if found is None:
        return Sheet([], [], crowded=True)
    digits: list[Part] = []
    left_out: list[Box] = []
    most = min(_MOST_PAIRS, _PAIRS_OF_SHEET // max(len(found), 1))
    rows = [_read_line(ink, line, most, score, is_digit, pairs) for line in found]
    rows = [row for row in rows if row[0]]
    numbers = lines.numbers([np.array([part.box for part in parts]) for parts, _ in rows])
    for line, ((parts, others), owners) in enumerate(zip(rows, numbers, strict=True)):
        digits += [
            replace(part, line=line, number=number)
            for part, number in zip(parts, owners, strict=True)
        ]
        left_out += others
    return Sheet(digits, left_out)


def _read_line(
    ink: np.ndarray,
    line: pieces.Line,
    most: int,
    score: Score,
    is_digit: Score | None,
    pairs: Score | None,
) -> tuple[list[Part], list[Box]]:
    """The digits of a line, and the boxes of what was left out; most: pairs that are looked at."""
    boxes = line.boxes

    def only(first: int, end: int) -> np.ndarray:
        """The ink of these pieces, in the box around them."""
        left, top, right, bottom = map(int, _around(boxes[first:end]))
        x, y = line.corner
        piece_of = line.piece_of[top - y : bottom - y, left - x : right - x]
        mine = (piece_of >= first) & (piece_of < end)
        return np.where(mine, ink[top:bottom, left:right], np.float32(0))

    def pictures(candidates: list[tuple[int, int]]) -> np.ndarray:
        return np.array([convention.network_input(only(*candidate)) for candidate in candidates])

    arcs = _arcs(boxes, _MOST_CUTS, _WIDEST_CUT, pictures, score, is_digit)
    arcs = _with_pairs(line, arcs, most, only, score, is_digit, pairs)
    if len(boxes) > 1:
        arcs += [_Arc(k, k + 1, cost, None) for k, cost in enumerate(_marks(line).tolist())]
    parts: list[Part] = []
    left_out: list[Box] = []
    for arc in _cheapest(arcs, line.ties):
        first, end = arc.first, arc.end
        around, mine = _around(boxes[first:end]), only(first, end)
        if arc.found is None:
            left_out.append(around)
        elif isinstance(arc.found, Pair):
            parts += _of_pair(mine, arc.found, around)
        else:
            prepared = _alone(mine)
            if prepared.network_input is not None:
                near = bool(np.isin(line.whole[first:end], line.whole_beside(first, end)).any())
                parts.append(Part(prepared, arc.found, around, near))
    return parts, left_out


def _alone(ink: np.ndarray) -> Prepared:
    """A digit's ink (h, w) with paper around it, as a digit alone has."""
    return preparing.prepare_ink(np.pad(ink, max(ink.shape) // 2))


def _marks(line: pieces.Line) -> np.ndarray:
    """What it costs to leave each piece of a line out, (n,): little where it is small, or hangs
    below the line, as commas do, and is not cut from something larger."""
    boxes = line.boxes
    height = lines.line_height(boxes)
    size = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) / height
    costs = _LEFT_OUT * np.minimum(size / _FULL, 1) ** 2
    high = boxes[:, 3] - boxes[:, 1] > _FULL * height
    if high.any():
        middles = (boxes[high, 1] + boxes[high, 3]) / 2
        costs[~high & (boxes[:, 1] > np.median(middles) + _HANGS * height)] *= _HANGING
    _, owner, count = np.unique(line.whole, return_inverse=True, return_counts=True)
    costs[count[owner] > 1] = _LEFT_OUT
    return np.asarray(costs)


def _around(boxes: np.ndarray) -> tuple[float, float, float, float]:
    """The box around boxes (n, 4)."""
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


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


@dataclass(frozen=True)
class _Arc:
    """What the pieces from first to end may be, and its cost: a digit with its probabilities (10,),
    two digits that touch, or nothing that is read."""

    first: int
    end: int
    cost: float
    found: np.ndarray | Pair | None


def _arcs(
    boxes: np.ndarray,
    most: int,
    widest: float,
    pictures: Callable[[list[tuple[int, int]]], np.ndarray],
    score: Score,
    is_digit: Score | None,
) -> list[_Arc]:
    """All that may be one digit.

    boxes: (n, 4) of pieces from left to right; most: pieces of one digit; widest: of those, in
    heights of the line; pictures: firsts and ends of candidates to their network inputs
    """
    count = len(boxes)
    if count > pieces.MOST:
        candidates, odd = [(0, count)], [0.0]
    else:
        candidates, odd = _candidates(boxes, most, widest)
    images = pictures(candidates)
    probabilities = score(images)
    doubt = touching.doubt(probabilities.max(axis=1))
    doubt = _ALONE * doubt if is_digit is None else doubt + touching.doubt(is_digit(images))
    costs = (_PER_DIGIT + np.array(odd) + doubt).tolist()
    found = zip(candidates, costs, probabilities, strict=True)
    return [_Arc(first, end, cost, row) for (first, end), cost, row in found]


def _with_pairs(
    line: pieces.Line,
    arcs: Sequence[_Arc],
    most: int,
    only: Callable[[int, int], np.ndarray],
    score: Score,
    is_digit: Score | None,
    pairs: Score | None,
) -> list[_Arc]:
    """The same with what may be two digits that touch, of all that hangs together and is doubtful
    as one; most: that are looked at; only: first and end of pieces to their ink."""
    height = lines.line_height(line.boxes)
    doubtful, sure = [], set[int]()

    @cache
    def as_two(k: int) -> np.ndarray:
        """How probable each two digits are, (10, 10), in an arc; where that cannot be asked it is
        none."""
        if pairs is None:
            return np.zeros((0, 0))
        arc = arcs[k]
        return np.asarray(pairs(touching.picture(only(arc.first, arc.end))[None])[0])

    for k, arc in sorted(enumerate(arcs), key=lambda one: one[1].first - one[1].end):  # large first
        mine, others = line.whole[arc.first : arc.end], line.whole_beside(arc.first, arc.end)
        if (mine != mine[0]).any() or mine[0] in sure:
            continue
        is_part = mine[0] in others
        if arc.cost <= _DOUBTED and (is_part or arc.cost <= _SURE or as_two(k).sum() < 0.5):
            if not is_part:
                sure.add(mine[0])
            continue
        left, top, right, bottom = _around(line.boxes[arc.first : arc.end])
        wide, high = (right - left) / height, (bottom - top) / height
        if _NARROWEST_PAIR < wide < _WIDEST_PAIR and high < _WIDEST_PAIR:
            doubtful.append((is_part, -arc.cost, k))
    found = list(arcs)
    for *_, k in sorted(doubtful)[:most]:
        arc = arcs[k]
        together = as_two(k)
        found[k] = replace(arc, cost=arc.cost + _AS_ONE * float(touching.doubt(1 - together.sum())))
        ink = only(arc.first, arc.end)
        pair = touching.tell_apart(ink, height, score, is_digit, together)
        if pair is not None:
            cost = 2 * _PER_DIGIT + _TOUCHING - _AGREED * float(together.max(initial=0))
            found.append(_Arc(arc.first, arc.end, cost + pair.cost, pair))
    return found


def _of_pair(ink: np.ndarray, pair: Pair, around: Box) -> list[Part]:
    """Two digits that touch, whose ink (h, w) is in this box. Where they meet the pen was twice,
    side by side: half of that is each one's."""
    parts = []
    shared = pair.masks[0] & pair.masks[1]
    for mask, probabilities in zip(pair.masks, pair.probabilities, strict=True):
        mine = np.where(mask, ink, np.float32(0))
        prepared = _alone(mine)
        if prepared.network_input is not None:
            own = np.where(shared, np.float32(0), mine)
            boxes = [finding.box(one) for one in (mine, own) if (one >= finding.FAINT).any()]
            left, top, right, bottom = np.mean(boxes, axis=0).tolist()
            x, y = around[:2]
            box = left + x, top + y, right + x, bottom + y
            parts.append(Part(prepared, probabilities, box, touching=True))
    return parts


def _cheapest(arcs: Sequence[_Arc], ties: np.ndarray) -> list[_Arc]:
    """The row of arcs over all pieces that costs least; ties: (n,), what a cut before each
    costs."""
    count = len(ties)
    least = [0.0] + [np.inf] * count  # to have read so many pieces
    last: list[_Arc | None] = [None] * (count + 1)
    for arc in sorted(arcs, key=lambda arc: (arc.first, arc.end)):
        cost = least[arc.first] + arc.cost + ties[arc.first]
        if cost < least[arc.end]:
            least[arc.end], last[arc.end] = cost, arc
    chosen: list[_Arc] = []
    while (taken := last[count]) is not None:
        chosen.append(taken)
        count = taken.first
    return chosen[::-1]


def _candidates(
    boxes: np.ndarray, most: int, widest: float
) -> tuple[list[tuple[int, int]], list[float]]:
    """First and end of what may be a digit, and what is odd about its size."""
    height = lines.line_height(boxes)
    found, odd = [], []
    for first in range(len(boxes)):
        for end in range(first + 1, min(first + most, len(boxes)) + 1):
            some = boxes[first:end]
            wide, high = (some[:, 2:].max(axis=0) - some[:, :2].min(axis=0)) / height
            gap = _gap(some) / height
            # What hangs together may be wider: a 2 may be as wide as two.
            if end > first + 1 and (gap > _WIDEST_GAP or wide > widest):
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
