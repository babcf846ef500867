"""How well a number's digits are told apart: `python -m tests.benchmarks.numbers DRAWINGS.npz`.

Puts drawings of one writer beside one another to numbers of two to six digits, and reads them from
strokes and from pictures. Prints a table of numbers spaced as people space them and of pairs that
overlap or touch, and the share of single digits that are taken for several.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from classifier.ink import drawings, layout, rendering
from classifier.serving import evaluation
from tests import networks
from tests.benchmarks import carry_out, strokes_of_file

LENGTHS = range(2, 7)
# Between the boxes of neighbours' ink, in heights of a digit: a digit is about 0.6 wide.
SPACINGS: dict[str, tuple[float, float]] = {
    "natural": (0.03, 0.5),
    "close": (-0.25, 0.03),
    "touching": (0, 0),
}
CANVAS = 600  # pixels: wide enough for six digits
_MARGIN = 20  # pixels


@dataclass(frozen=True)
class Number:
    """Digits beside one another.

    digits: the strokes of each, from left to right, in pixels of a canvas of CANVAS
    labels: (n,) uint8; pen: pixels
    """

    digits: list[list[np.ndarray]]
    labels: np.ndarray
    pen: float

    @property
    def boxes(self) -> np.ndarray:
        """Around the middle lines of each digit: (n, 4), left, top, right, bottom."""
        points = [np.concatenate(strokes) for strokes in self.digits]
        return np.array([(*p.min(axis=0), *p.max(axis=0)) for p in points])


def compose(
    drawn: drawings.Drawings, length: int, count: int, spacing: str, seed: int
) -> Iterator[Number]:
    """`count` numbers of `length` drawings by one writer each; SPACINGS says how they stand."""
    rng = np.random.default_rng(seed)
    everything = list(drawn)
    writers = [np.flatnonzero(drawn.writer == person) for person in np.unique(drawn.writer)]
    for _ in range(count):
        chosen = rng.choice(writers[rng.integers(len(writers))], length)
        pen = rng.uniform(0.06, 0.16)
        digits: list[list[np.ndarray]] = []
        for k in chosen:
            points = np.concatenate(everything[k])
            low, extent = points.min(axis=0), np.ptp(points, axis=0)
            height = rng.normal(1, 0.1) / max(extent[1], extent[0] / 2)
            one = [(stroke - low) * height for stroke in everything[k]]
            fall = 1 - extent[1] * height + rng.normal(0, 0.05)  # they stand on a line
            one = [stroke + np.array([0, fall]) for stroke in one]
            if digits:
                one = _beside(digits[-1], one, spacing, pen, rng)
            digits.append(one)
        points = np.concatenate([stroke for one in digits for stroke in one])
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = min(rng.uniform(60, 140), (CANVAS - 2 * _MARGIN) / extent.max())
        corner = _MARGIN + (CANVAS - 2 * _MARGIN - extent * scale) * rng.random(2)
        digits = [[(stroke - low) * scale + corner for stroke in one] for one in digits]
        yield Number(digits, drawn.labels[chosen], pen * scale)


def _beside(left, right, spacing: str, pen: float, rng: np.random.Generator):
    """`right` moved so that it stands to the right of `left`."""
    edge = max(stroke[:, 0].max() for stroke in left)
    if spacing != "touching":
        return _shifted(right, edge + pen + rng.uniform(*SPACINGS[spacing]))
    mine, other = _dense(left), _dense(_shifted(right, edge))
    for gap in np.arange(0, -0.6, -0.02):  # until the ink is in one piece
        distance = np.hypot(*(mine[:, None] - other - np.array([gap, 0])).T)
        if distance.min() < 0.8 * pen:
            break
    return _shifted(right, edge + gap)


def _shifted(strokes, way: float):
    return [stroke + np.array([way, 0]) for stroke in strokes]


def _dense(strokes) -> np.ndarray:
    """Points along strokes, close to one another."""
    found = [
        a + (b - a) * np.linspace(0, 1, 8)[:, None]
        for stroke in strokes
        for a, b in itertools.pairwise(stroke if len(stroke) > 1 else [*stroke, *stroke])
    ]
    return np.concatenate(found)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes, 0–1; a line has a width of two pixels."""
    one, other = (np.add(box, [-1.0, -1, 1, 1]) for box in (one, other))
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(sides.clip(0)))
    areas = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])
    return shared / (areas - shared)


def judge(boxes: np.ndarray, labels: np.ndarray, parts: list, least: float) -> tuple[int, int]:
    """How many digits were cut rightly, their boxes (n, 4) alike by `least` and no other part's
    middle in them, and how many of these were read rightly."""
    cut = read = 0
    for box, label in zip(boxes, labels, strict=True):
        mine = [p for p in parts if _holds(box, p.box)]
        if len(mine) == 1 and overlap(box, mine[0].box) >= least:
            cut += 1
            read += int(mine[0].probabilities.argmax()) == label
    return cut, read


def _holds(box, other) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1


def read(number: Number, way: str, asked: tuple, rng) -> tuple[int, int, int, float]:
    """Digits cut rightly, read rightly and flagged as touching, and the seconds it took."""
    strokes = [stroke for one in number.digits for stroke in one]
    if way == "strokes":
        strokes = [strokes[k] for k in rng.permutation(len(strokes))]  # in any order of time
        begun = time.perf_counter()
        parts = layout.read_strokes(strokes, CANVAS, number.pen, *asked[:2])
        boxes, least = number.boxes, 0.95
    else:
        ink = rendering.render_strokes(strokes, CANVAS, number.pen)
        begun = time.perf_counter()
        parts = layout.read_ink(ink, *asked)
        boxes, least = number.boxes + np.array([-1, -1, 1, 1]) * number.pen / 2, 0.8
    seconds = time.perf_counter() - begun
    return *judge(boxes, number.labels, parts, least), sum(p.touching for p in parts), seconds


def row(title: str, found: list[tuple[int, int, int, float]], digits: int) -> str:
    """A line of the table: a title and what `read` gave for each number."""
    cut, right, touching, _ = np.array(found).sum(axis=0)
    low, high = evaluation.interval(int(cut), digits)
    typical = np.median([seconds for *_, seconds in found]) * 1000
    return (
        f"| {title} | {digits:,} | {cut / digits:.2%} | {low:.2%} – {high:.2%} "
        f"| {right / digits:.2%} | {touching / digits:.1%} | {typical:.0f} ms |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings that names their writers")
    parser.add_argument("--count", type=int, default=300, help="numbers of each length")
    chosen = parser.parse_args()
    drawn = strokes_of_file(chosen.drawings)
    predictor, detector, pairs = networks.shipped()
    asked = predictor.probabilities, detector.digit_probabilities, pairs.probabilities

    heads = (
        "digits cut rightly | 95 % interval | and read rightly | flagged as touching | median time"
    )
    print(f"| spacing | length | way | digits | {heads} |\n|{'---|' * 9}")
    for spacing in SPACINGS:
        for way in ("strokes", "ink"):
            for length in LENGTHS if spacing == "natural" else (2,):
                rng = np.random.default_rng(length)
                made = compose(drawn, length, chosen.count, spacing, seed=length)
                found = [read(one, way, asked, rng) for one in made]
                print(row(f"{spacing} | {length} | {way}", found, length * chosen.count))

    for way in ("strokes", "ink"):
        split = [len(read_single(strokes, way, asked)) != 1 for strokes in drawn]
        low, high = evaluation.interval(sum(split), len(split))
        print(
            f"single digits, {way}: {np.mean(split):.2%} of {len(split):,} taken for several "
            f"({low:.2%} – {high:.2%})"
        )


def read_single(strokes: list[np.ndarray], way: str, asked: tuple) -> list:
    """Parts of a digit that fills the canvas."""
    fitted, size, pen = drawings.fit_canvas(strokes)
    if way == "strokes":
        return layout.read_strokes(fitted, size, pen, *asked[:2])
    return layout.read_ink(rendering.render_strokes(fitted, size, pen), *asked)


if __name__ == "__main__":
    carry_out(main)
