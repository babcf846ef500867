"""How well digits that touch are told apart: `python -m tests.benchmarks.touching DRAWINGS.npz`.

Draws pairs and threes by one writer each as pictures, in pens from thin to thick, that just touch
or lie up to the last of `DEPTHS` in one another, of like and unlike height, and reads them as the
page does. Prints a table, and the share of single digits that are taken for several.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.ink import drawings, layout, preparing, rendering
from classifier.serving import evaluation, sheets
from tests import networks
from tests.benchmarks import carry_out, numbers, strokes_of_file

DEPTHS = (0.0, 0.05, 0.1)  # heights of a digit: how far on a digit is moved once it touches
PENS = {"thin": (0.05, 0.08), "middling": (0.08, 0.12), "thick": (0.12, 0.16)}  # heights
_LIKE, _UNLIKE = 0.05, 0.25  # standard deviation of the heights
_SIDE = 280  # pixels of the picture, and the digits' height in it
_HEIGHT = 120
_LEAST = 0.7  # intersection over union of a digit's box and that of what it was taken for
_STEP = 0.02  # heights by which a digit is moved until it touches


@dataclass(frozen=True)
class Kind:
    """What is drawn: so many digits, so deep in one another, of like height, in a pen."""

    title: str
    length: int = 2
    depth: float = 0.0
    spread: float = _LIKE
    pens: tuple[float, float] = (0.05, 0.16)
    digits: str = "0123456789"


KINDS = (
    *(Kind(f"pairs, {depth:.2f} deep", depth=depth) for depth in DEPTHS),
    *(Kind(f"pairs, {title} pen", pens=pens) for title, pens in PENS.items()),
    Kind("pairs of unlike height", spread=_UNLIKE),
    Kind("zeros", digits="0"),
    Kind("threes", length=3),
)


def draw(drawn: drawings.Drawings, kind: Kind, count: int, seed: int):
    """So many numbers of a kind: pictures (h, w) float32 of their ink, the labels, and the box
    around each digit's ink."""
    rng = np.random.default_rng(seed)
    everything = list(drawn)
    suits = np.isin(drawn.labels, [int(digit) for digit in kind.digits])
    writers = [np.flatnonzero(suits & (drawn.writer == one)) for one in np.unique(drawn.writer)]
    writers = [mine for mine in writers if len(mine) >= kind.length]
    for _ in range(count):
        chosen = rng.choice(writers[rng.integers(len(writers))], kind.length)
        pen = rng.uniform(*kind.pens)
        digits: list[list[np.ndarray]] = []
        for k in chosen:
            points = np.concatenate(everything[k])
            low, extent = points.min(axis=0), np.ptp(points, axis=0)
            height = np.exp(rng.normal(0, kind.spread)) / max(extent[1], extent[0] / 2)
            fall = np.array([0, 1 - extent[1] * height])  # they stand on a line
            one = [(stroke - low) * height + fall for stroke in everything[k]]
            digits.append(_touching(digits[-1], one, pen, kind.depth) if digits else one)
        yield _picture(digits, pen), drawn.labels[chosen]


def _touching(left: Sequence[np.ndarray], right: Sequence[np.ndarray], pen: float, depth: float):
    """`right` moved to the left until its ink touches that of `left`, and on by `depth`."""
    mine, other = numbers._dense(left), numbers._dense(right)
    away = mine[:, 0].max() + 1.1 * pen
    while np.hypot(*(mine[:, None] - other - [away, 0]).T).min() > 0.95 * pen:
        away -= _STEP
    return [stroke + np.array([away - depth, 0]) for stroke in right]


def _picture(digits: list[list[np.ndarray]], pen: float):
    """Their ink on a square sheet, and the box of each digit's."""
    points = np.concatenate([stroke for one in digits for stroke in one])
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = min(_HEIGHT, 0.8 * _SIDE / extent.max())
    corner = (_SIDE - extent * scale) / 2
    placed = [[(stroke - low) * scale + corner for stroke in one] for one in digits]
    boxes = []
    for one in placed:
        inside = np.concatenate(one)
        boxes.append([*inside.min(axis=0) - pen * scale / 2, *inside.max(axis=0) + pen * scale / 2])
    ink = rendering.render_strokes([stroke for one in placed for stroke in one], _SIDE, pen * scale)
    return ink, np.array(boxes)


def judge(ink: np.ndarray, labels: np.ndarray, boxes: np.ndarray, read) -> tuple[int, bool, bool]:
    """How many digits were seen, whether all were cut where they are, and whether the text is
    right."""
    sheet = read(ink)
    cut = len(sheet.digits) == len(labels) and all(
        numbers.overlap(box, part.box) >= _LEAST
        for box, part in zip(boxes, sheet.digits, strict=True)
    )
    return len(sheet.digits), cut, sheet.text == "".join(map(str, labels))


def singles(drawn: drawings.Drawings, count: int, read) -> tuple[int, int]:
    """Of so many drawings as pictures, those taken for several."""
    rng = np.random.default_rng(0)
    torn = 0
    everything = list(drawn)
    chosen = rng.choice(len(everything), min(count, len(everything)), replace=False)
    for k in chosen.tolist():
        strokes, size, _ = drawings.fit_canvas(everything[k])
        ink = rendering.render_strokes(strokes, size, rng.uniform(0.05, 0.16) * size * 0.6)
        torn += len(read(ink).digits) > 1
    return torn, len(chosen)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings that names their writers")
    parser.add_argument("--count", type=int, default=200, help="numbers of each kind")
    parser.add_argument("--singles", type=int, default=2000, help="single digits")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    drawn = strokes_of_file(chosen.drawings)
    readers = networks.shipped()

    def read(ink: np.ndarray) -> layout.Sheet:
        return sheets.read(preparing.prepare_ink(ink), *readers).sheet

    print("| what | n | cut rightly | read rightly | 95 % interval | taken for one | median time |")
    print(f"|{'---|' * 7}")
    for kind in KINDS:
        found, seconds = [], []
        for (ink, boxes), labels in draw(drawn, kind, chosen.count, chosen.seed):
            begun = time.process_time()
            found.append(judge(ink, labels, boxes, read))
            seconds.append(time.process_time() - begun)
        seen, cut, right = np.array(found).T
        low, high = evaluation.interval(int(right.sum()), len(right))
        print(
            f"| {kind.title} | {len(right)} | {cut.mean():.1%} | {right.mean():.1%} "
            f"| {low:.1%} – {high:.1%} | {np.mean(seen < 2):.1%} "
            f"| {1000 * np.median(seconds):.0f} ms |",
            flush=True,
        )
    torn, count = singles(drawn, chosen.singles, read)
    print(f"single digits: {torn} of {count:,} taken for several ({torn / count:.2%})")


if __name__ == "__main__":
    carry_out(main)
