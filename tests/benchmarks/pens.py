"""Drawings as pictures of themselves: `python -m tests.benchmarks.pens DRAWINGS.npz…`.

Draws each with pens and in sizes as scanners, tablets and canvases have them, black on white, and
has the page's own steps and a model read them. Prints a table, the same drawings' strokes first.
Takes a minute for each thousand.
"""

import argparse

import numpy as np

from classifier.data.drawn import to_network_inputs
from classifier.ink import drawings, rendering
from classifier.serving import evaluation, store
from classifier.serving.predict import Predictor
from tests.benchmarks import at_least_one, carry_out, strokes_of_file
from tests.benchmarks.variants import SURE

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


def judge(
    drawn: drawings.Drawings | drawings.Images, predictor: Predictor
) -> tuple[np.ndarray, np.ndarray]:
    """Which of N drawings are read rightly, and which wrongly with a probability above SURE; both
    (N,) bool. Where there is nothing to read it is wrong."""
    images, _ = to_network_inputs(drawn)
    said = predictor.probabilities(images)
    right = (said.argmax(axis=1) == drawn.labels) & images.any(axis=(1, 2))
    return right, ~right & (said.max(axis=1) > SURE)


def pictures_of(drawn: drawings.Drawings, side: int, pen: float, share: float) -> drawings.Images:
    """The drawings as pictures of themselves; arguments as of `as_picture`."""
    pixels = np.array([as_picture(one, side, pen, share) for one in drawn])
    return drawings.Images(pixels, drawn.labels)


def row(name: str, drawn: drawings.Drawings | drawings.Images, predictor: Predictor) -> str:
    """A line of the table: how these drawings are read."""
    right, sure = judge(drawn, predictor)
    low, high = evaluation.interval(int(right.sum()), len(right))
    return f"| {name} | {right.mean():.2%} | {low:.2%} – {high:.2%} | {sure.mean():.2%} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", nargs="+", help="files of drawings, as strokes")
    parser.add_argument("--model", default="shipped-deep")
    parser.add_argument(
        "--most", type=at_least_one, default=600, help="of each file, picked at random"
    )
    chosen = parser.parse_args()
    predictor = Predictor(store.get(chosen.model).tflite(), threads=2)
    print("| as | accuracy | 95 % interval | wrong and sure |")
    print("|---|---|---|---|")
    for path in chosen.drawings:
        drawn = strokes_of_file(path)
        if not isinstance(drawn, drawings.Drawings):
            parser.error(f"{path} has images: name a file of strokes.")
        some = np.random.default_rng(0).permutation(len(drawn))[: chosen.most]
        drawn = drawn.select(np.sort(some))
        print(row(f"{path}: strokes", drawn, predictor), flush=True)
        for side, pen, share in LAYOUTS:
            pictures = pictures_of(drawn, side, pen, share)
            name = f"{side}×{side} pixels, pen {pen}, {share:.0%} of the side"
            print(row(name, pictures, predictor), flush=True)


if __name__ == "__main__":
    carry_out(main)
