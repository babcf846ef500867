"""What drawings by other people add: `python -m tests.benchmarks.writers DRAWINGS.npz`.

Trains `deep` on MNIST with generated digits mixed in, once with and once without drawings, and
judges both on writers that neither saw: a third of them at a time, so that each is held out once.
Prints a table, and takes about half an hour on two cores. MNIST_NPZ should name MNIST.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from classifier.config import TrainConfig
from classifier.data.drawn import to_network_inputs
from classifier.ink import drawings
from classifier.ink.drawings import Drawings
from classifier.learning import training
from classifier.rights import OPERATOR
from classifier.serving import evaluation, predict, store
from tests.benchmarks import at_least_one, carry_out, strokes_of_file

FOLDS = 3


def answers(path: str | None, images: np.ndarray, epochs: int) -> np.ndarray:
    """Train, with the drawings in `path` if there is one; the digit said to each image."""
    # The shipped conv's shares; without drawings the generated digits take their place.
    shares = {"styles": 0.1} if path is None else {"styles": 0.05, "drawings_share": 0.05}
    config = TrainConfig.of("deep", drawings=path, epochs=epochs, **shares)
    model = training.train(config, lambda event: None)
    said = predict.Predictor(model.tflite()).probabilities(images).argmax(axis=1)
    store.delete(model.name, OPERATOR)
    return said


def by_people(path: str, parser: argparse.ArgumentParser) -> tuple[Drawings, np.ndarray]:
    """The drawings of a file, and who drew them, each once; an error where too few are known."""
    drawn = strokes_of_file(path)
    writer = getattr(drawn, "writer", None)
    people = np.unique([] if writer is None else writer)
    if len(people) < FOLDS:
        parser.error(f"{path} has {len(people)} known writers, and needs {FOLDS}.")
    return drawn, people


def held_out(
    drawn: Drawings, people: np.ndarray, folder: Path
) -> Iterator[tuple[Path, np.ndarray]]:
    """For one fold of people after the other: a file of the others' drawings, and which of all
    drawings are theirs, (N,) bool."""
    for fold in range(FOLDS):
        held = np.isin(drawn.writer, people[fold::FOLDS])
        seen = folder / "seen.npz"
        drawings.save(drawn.select(np.flatnonzero(~held)), seen)
        yield seen, held


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings that names their writers")
    parser.add_argument("--epochs", type=at_least_one, default=12)
    chosen = parser.parse_args()
    drawn, people = by_people(chosen.drawings, parser)
    images, readable = to_network_inputs(drawn)

    ways = ("generated digits alone", "and drawings by the others")
    right = {way: np.zeros(len(drawn.labels), bool) for way in ways}
    with tempfile.TemporaryDirectory() as home:
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        said = answers(None, images, chosen.epochs)
        right[ways[0]] = (said == drawn.labels) & readable
        for seen, held in held_out(drawn, people, Path(home)):
            said = answers(str(seen), images[held], chosen.epochs)
            right[ways[1]][held] = (said == drawn.labels[held]) & readable[held]

    print("| MNIST with | fold | writers held out | n | accuracy | 95 % interval | worst writer |")
    print("|---|---|---|---|---|---|---|")
    folds = [(str(fold + 1), people[fold::FOLDS]) for fold in range(FOLDS)] + [("all", people)]
    for way in ways:
        for name, who in folds:
            hits = right[way][np.isin(drawn.writer, who)]
            low, high = evaluation.interval(int(hits.sum()), len(hits))
            worst = min(right[way][drawn.writer == person].mean() for person in who)
            print(
                f"| {way} | {name} | {len(who)} | {len(hits):,} | {hits.mean():.2%} "
                f"| {low:.2%} – {high:.2%} | {worst:.2%} |"
            )


if __name__ == "__main__":
    carry_out(main)
