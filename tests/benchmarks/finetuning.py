"""What going on from a model with few drawings changes:
`python -m tests.benchmarks.finetuning DRAWINGS.npz [--base NAME] [--writers N]`.

For each of the writers whom the shipped `dense` reads worst: goes on from the base with 5 of their
drawings of each digit, chosen by a seed, and judges by the rest. So the worst-read are taken, not
those below some accuracy, of whom there may be few. The seeds are not those with which the recipes
were chosen; the writers and MNIST's test images are the same. The shipped `conv` has trained on
most writers of drawn_dev.npz: with that base only the cost and the time say something.

The seconds are those of `training.train` with all that it does, the folds' networks too, but with
TensorFlow loaded before; the last line has a whole process from the shell. MNIST_NPZ should name
MNIST.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from classifier.config import CLASSES, PROJECT, TrainConfig
from classifier.data.drawn import to_network_inputs
from classifier.events import Finished
from classifier.ink import drawings
from classifier.learning import training
from classifier.rights import OPERATOR
from classifier.serving import predict, store
from tests.benchmarks import carry_out, strokes_of_file

EACH = 5  # drawings of each digit to learn from
SEED = 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings that names their writers")
    parser.add_argument("--base", default="shipped-dense", help="to go on from (%(default)s)")
    parser.add_argument("--writers", type=int, default=10)
    chosen = parser.parse_args()
    drawn = strokes_of_file(chosen.drawings)
    images, readable = to_network_inputs(drawn)
    worst = worst_read(drawn, images, readable)[: chosen.writers]
    training.load_keras().result()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        base = store.get(chosen.base)
        first = readings(base, drawn, images, readable)
        rows = []
        print("| writer | held out | before | after | of what was missing | test images before "
              "| after | seconds |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|")
        for writer in worst:
            learned = some_of_each(drawn, np.flatnonzero((drawn.writer == writer) & readable))
            held = np.setdiff1d(np.flatnonzero(drawn.writer == writer), learned)
            path = str(Path(home) / "drawings.npz")
            drawings.save(drawn.select(learned), path)
            begun = time.perf_counter()
            model, end = go_on(base, path)
            seconds = time.perf_counter() - begun
            right = readings(model, drawn.select(held), images[held], readable[held])
            before, after = first[held].mean(), right.mean()
            gained = (after - before) / (1 - before) if before < 1 else np.nan
            tested = end.tuned["test_before"], end.tuned["test_after"]
            rows.append((before, after, gained, *tested, seconds))
            print(line(str(writer), str(len(held)), rows[-1]), flush=True)
            store.delete(model.name, OPERATOR)
        table = np.array(rows)
        print(line("mean", "", np.nanmean(table, axis=0)))
        print(line("worst", "", [*np.nanmin(table[:, :5], axis=0), table[:, 5].max()]))
        cost = table[:, 3] - table[:, 4]
        print(f"\nOf the test images it costs {cost.mean():.2%}, at most {cost.max():.2%}. "
              f"Seconds: median {statistics.median(table[:, 5]):.1f}, "
              f"least {table[:, 5].min():.1f}.")  # fmt: skip
        print(f"A process from the shell, start to end: {from_the_shell(base.name, path):.1f} s.")


def worst_read(drawn: drawings.Drawings, images: np.ndarray, readable: np.ndarray) -> np.ndarray:
    """The writers, those first whose drawings the shipped `dense` reads worst."""
    right = readings(store.get("shipped-dense"), drawn, images, readable)
    writers = np.unique(drawn.writer)
    return writers[np.argsort([right[drawn.writer == w].mean() for w in writers], kind="stable")]


def readings(
    model: store.SavedModel, drawn: drawings.Drawings, images: np.ndarray, readable: np.ndarray
) -> np.ndarray:
    """Whether each drawing is read rightly, (N,) bool, by the model as the page asks it."""
    said = predict.Predictor(model.tflite()).probabilities(images).argmax(axis=1)
    return (said == drawn.labels) & readable


def some_of_each(drawn: drawings.Drawings, mine: np.ndarray) -> np.ndarray:
    """EACH of these drawings (n,), indices, of each digit, in their order."""
    rng = np.random.default_rng(SEED)
    some = [rng.permutation(mine[drawn.labels[mine] == d])[:EACH] for d in range(CLASSES)]
    return np.sort(np.concatenate(some))


def go_on(base: store.SavedModel, path: str) -> tuple[store.SavedModel, Finished]:
    """Train with the standard settings on the drawings in this file."""
    events: list = []
    config = TrainConfig.fine_tuning(base.name, base.meta.config, base.source, path, seed=SEED)
    return training.train(config, events.append), events[-1]


def from_the_shell(base: str, path: str) -> float:
    """Seconds of the command that does the same."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "classifier", "train", "--from", base, "--drawings", path],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - begun


def line(name: str, count: str, row) -> str:
    """A table's row; row: before, after, gained (NaN: nothing was missing), test images before and
    after, 0–1, and seconds."""
    shares = [
        f"{row[0]:.1%}",
        f"{row[1]:.1%}",
        "" if np.isnan(row[2]) else f"{row[2]:.0%}",
        f"{row[3]:.2%}",
        f"{row[4]:.2%}",
    ]
    return "| " + " | ".join([name, count, *shares, f"{row[5]:.1f}"]) + " |"


if __name__ == "__main__":
    carry_out(main)
