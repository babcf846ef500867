"""How well each way to write a digit is read: `python -m tests.benchmarks.variants [DRAWINGS …]`.

Digits of each variant are generated, each in a hand of its own, and read as the page reads strokes.
A real drawing counts for that variant of its digit to whose generated digits it is nearest. Prints
a table, the worst variant first, and how often a generated digit is nearest to its own variant.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.data.drawn import to_network_inputs
from classifier.ink import drawings, rendering
from classifier.serving import store
from classifier.serving.predict import Predictor
from classifier.synthetic import handwriting, templates
from classifier.synthetic.templates import Variant
from tests.benchmarks import at_least_one, carry_out, strokes_of_file

SURE = 0.95  # from here on the page says it without doubt
LINE = 0.92  # below which no variant should be read
_SEED = 40  # of the digits that are read; those that drawings are compared with have the next
_HANDS = 30  # of each variant, to compare drawings with
_NEAREST = 3  # of them count
_PLACES = 24  # along a drawing
_LIFTED = 0.3  # of a digit's longer side: so far apart are a pen that writes and one that is lifted
_WAY = 0.4  # of a digit’s longer side: ways so far apart count as pictures without common ink do
_BLUR = 1.2  # pixels of 28


@dataclass(frozen=True)
class Row:
    """How generated digits of one variant are read.

    accuracy: share that is read rightly, 0–1
    sure: share that is read wrongly with a probability above SURE
    """

    variant: Variant
    accuracy: float
    sure: float


def read(variant: Variant, count: int, predictor: Predictor) -> Row:
    """`count` generated digits of a variant, read."""
    drawn = handwriting.generate_variant(variant.digit, variant.name, count, _SEED)
    answers = predictor.probabilities(rendering.render_drawings(drawn))
    right = answers.argmax(axis=1) == variant.digit
    sure = answers.max(axis=1) > SURE
    return Row(variant, float(right.mean()), float((~right & sure).mean()))


class Nearest:
    """The variants of one digit, each in many hands, to compare drawings with."""

    def __init__(self, digit: int) -> None:
        self._variants = templates.load().digits[digit]
        hands = [
            strokes
            for variant in self._variants
            for strokes in handwriting.generate_variant(digit, variant.name, _HANDS, _SEED + 1)
        ]
        self._marks = _marks(hands)

    def of(self, drawn: list[list[np.ndarray]]) -> np.ndarray:
        """Which variant each of N drawings is nearest to, (N,) int from 0."""
        marks = _marks(drawn)
        sizes = (marks**2).sum(axis=1)[:, None] + (self._marks**2).sum(axis=1)
        apart = np.sqrt((sizes - 2 * marks @ self._marks.T).clip(0))
        nearest = np.sort(apart.reshape(len(drawn), len(self._variants), _HANDS), axis=2)
        return np.asarray(nearest[:, :, :_NEAREST].mean(axis=2).argmin(axis=1))


def _marks(drawn: list[list[np.ndarray]]) -> np.ndarray:
    """By what N drawings are compared, (N, …): the pen's way, and what can be seen. A drawing in
    another order of strokes is told by its picture, and two that look alike by the pen's way.

    Dynamic time warping of the ways instead tells variants no better, and takes 70 times as long.
    """
    ways = _ways(drawn).reshape(len(drawn), 3 * _PLACES) / np.sqrt(_PLACES)
    return np.hstack([ways / _WAY, _pictures(drawn)])


def _ways(drawn: list[list[np.ndarray]]) -> np.ndarray:
    """The pen's way in each of N drawings, at even distances: (N, _PLACES, 3) has x and y in the
    digit's longer side, and _LIFTED where it is lifted."""
    found = np.empty((len(drawn), _PLACES, 3))
    for way, strokes in zip(found, drawn, strict=True):
        points = np.concatenate(strokes).astype(float)
        lifted = np.zeros(len(points))
        lifted[np.cumsum([len(stroke) for stroke in strokes])[:-1]] = _LIFTED  # on the way there
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - (low + high) / 2) / max((high - low).max(), 1e-6)
        place = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        at = np.linspace(0, place[-1], _PLACES)
        way[:, 0], way[:, 1] = (np.interp(at, place, axis) for axis in points.T)
        way[:, 2] = lifted[np.searchsorted(place, at).clip(0, len(place) - 1)]
    return found


def _pictures(drawn: list[list[np.ndarray]]) -> np.ndarray:
    """N drawings as the network sees them, blurred, each of length 1: (N, 784) float32."""
    images = rendering.render_drawings(drawn).astype(np.float32)
    blurred = np.array([cv2.GaussianBlur(image, (0, 0), _BLUR) for image in images])
    blurred = blurred.reshape(len(drawn), IMAGE_SIZE**2)
    return blurred / np.linalg.norm(blurred, axis=1, keepdims=True)


def told_apart(digit: int, nearest: Nearest) -> float:
    """The share of generated digits, in hands that `nearest` does not know, which are nearest to
    the variant that they are of."""
    of = [
        (number, strokes)
        for number, variant in enumerate(templates.load().digits[digit])
        for strokes in handwriting.generate_variant(digit, variant.name, _HANDS, _SEED + 2)
    ]
    numbers, strokes = zip(*of, strict=True)
    return float((nearest.of(list(strokes)) == numbers).mean())


def count(
    drawn: drawings.Drawings | drawings.Images, nearest: dict[int, Nearest], predictor: Predictor
) -> Counter[tuple[Variant, bool]]:
    """How many real drawings are nearest to each variant and are read rightly, or are not."""
    if isinstance(drawn, drawings.Images):
        raise SystemExit("Variants are told by strokes, and a file of drawings has images.")
    images, readable = to_network_inputs(drawn)
    right = (predictor.probabilities(images).argmax(axis=1) == drawn.labels) & readable
    everything = list(drawn)
    found: Counter[tuple[Variant, bool]] = Counter()
    for digit, one in nearest.items():
        mine = np.flatnonzero(drawn.labels == digit)
        variants = templates.load().digits[digit]
        places = one.of([everything[i] for i in mine])
        for i, place in zip(mine, places, strict=True):
            found[variants[place], bool(right[i])] += 1
    return found


def table(rows: Iterable[Row], real: Counter[tuple[Variant, bool]]) -> str:
    """Rows as Markdown, the worst first: by generated digits, and among equals by real ones."""
    lines = []
    for row in rows:
        one = row.variant
        right = real[one, True]
        n = right + real[one, False]
        share = right / n if n else None
        text = (
            f"| {one.digit} | {one.name} | {one.found} | {row.accuracy:.1%} | {row.sure:.1%} "
            f"| {n:,} | {'' if share is None else f'{share:.1%}'} |"
        )
        lines.append((row.accuracy, 1 if share is None else share, text))
    heads = "digit | variant | found | generated | wrong and sure | real drawings | of them right"
    top = [f"| {heads} |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*top, *(text for *_, text in sorted(lines, key=lambda line: line[:2]))])


def summary(rows: list[Row]) -> str:
    """All rows in one sentence, by generated digits."""
    shares = np.array([row.accuracy for row in rows])
    below = int((shares < LINE).sum())
    return (
        f"Of all generated digits {shares.mean():.2%} are read rightly, of the worst variant "
        f"{shares.min():.1%}; {below} of {len(rows)} variants are below {LINE:.0%}. "
        f"Wrong and sure: {np.mean([row.sure for row in rows]):.2%}."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", nargs="*", help="files of real drawings, as strokes")
    parser.add_argument("--model", default="shipped-deep")
    parser.add_argument(
        "--count", type=at_least_one, default=200, help="generated digits of each variant"
    )
    chosen = parser.parse_args()
    predictor = Predictor(store.get(chosen.model).tflite(), threads=2)
    nearest = {digit: Nearest(digit) for digit in templates.load().digits}
    real = sum(
        (count(strokes_of_file(path), nearest, predictor) for path in chosen.drawings), Counter()
    )
    rows = [read(one, chosen.count, predictor) for one in templates.load().variants]
    print(table(rows, real))
    print(f"\n{summary(rows)}")
    shares = [told_apart(digit, one) for digit, one in nearest.items()]
    print(
        f"\nGenerated digits in other hands are nearest to their own variant in "
        f"{np.mean(shares):.0%} of cases, digit by digit in {min(shares):.0%} to {max(shares):.0%}."
    )


if __name__ == "__main__":
    carry_out(main)
