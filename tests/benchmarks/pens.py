"""Drawings as pictures of themselves: `python -m tests.benchmarks.pens DRAWINGS.npz…`.

Draws each with pens and in sizes as scanners, tablets and canvases have them, black on white, and
has the page's own steps and a model read them. Prints a table, the same drawings' strokes first.
Takes a minute for each thousand.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import drawings, preparing, rendering
from classifier.ink.preparing import Prepared
from classifier.serving import evaluation, store
from classifier.serving.predict import Predictor

# Side of the picture and width of the pen, pixels; share of the side that the drawing takes.
LAYOUTS = [
    (28, 1, 0.7),
    (28, 2, 0.7),
    (64, 1, 0.8),
    (100, 2, 0.8),
    (280, 4, 0.64),
    (280, 18, 0.64),
    (280, 10, 0.3),
    (280, 18, 0.3),
    (280, 30, 0.85),
    (560, 1, 0.8),
    (560, 2, 0.8),
    (1000, 2, 0.9),
]


def as_picture(strokes: list[np.ndarray], side: int, pen: float, share: float) -> np.ndarray:
    """Strokes in any unit in the middle of a white square: (side, side) uint8."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    moved = [((one - low) / extent * share + (1 - share) / 2) * side for one in strokes]
    ink = rendering.render_strokes(moved, side, pen)
    return np.asarray(255 - np.rint(255 * ink), np.uint8)


def row(name: str, found: Iterator[Prepared], labels: np.ndarray, predictor: Predictor) -> str:
    """A line of the table: how these drawings are read."""
    empty = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    given = [one.network_input for one in found]
    said = predictor.probabilities(np.array([empty if one is None else one for one in given]))
    right = (said.argmax(axis=1) == labels) & [one is not None for one in given]
    low, high = evaluation.interval(int(right.sum()), len(right))
    sure = (~right & (said.max(axis=1) > 0.95)).mean()
    return f"| {name} | {right.mean():.2%} | {low:.2%} – {high:.2%} | {sure:.2%} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", nargs="+", help="files of drawings, as strokes")
    parser.add_argument("--model", default="shipped-deep")
    parser.add_argument("--most", type=int, default=600, help="of each file, picked at random")
    chosen = parser.parse_args()
    predictor = Predictor(store.get(chosen.model).tflite(), threads=2)
    print("| as | accuracy | 95 % interval | wrong and sure |")
    print("|---|---|---|---|")
    for path in chosen.drawings:
        drawn = drawings.load(path)
        if not isinstance(drawn, drawings.Drawings):
            parser.error(f"{path} has images: name a file of strokes.")
        some = np.random.default_rng(0).permutation(len(drawn))[: chosen.most]
        drawn = drawn.select(np.sort(some))
        samples = list(drawn)
        strokes = (preparing.prepare_strokes(*drawings.fit_canvas(one)) for one in samples)
        print(row(f"{path}: strokes", strokes, drawn.labels, predictor), flush=True)
        for side, pen, share in LAYOUTS:
            pictures = (preparing.prepare(as_picture(one, side, pen, share)) for one in samples)
            name = f"{side}×{side} pixels, pen {pen}, {share:.0%} of the side"
            print(row(name, pictures, drawn.labels, predictor), flush=True)


if __name__ == "__main__":
    main()
