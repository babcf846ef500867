"""What a killed process leaves: `python -m tests.benchmarks.kills [KILLS]`, 200 unless said.

A process saves models, keeps drawings, imports a file or trains, says what is confirmed, and is
killed (SIGKILL) at a random moment. Then everything that was confirmed must be there, nothing be
damaged, nothing wait for the dead, and, when it was swept, nothing be left over. Prints, for each
of the four, how often it was killed, how much was confirmed, and what was found to be wrong.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from classifier.cli import export, importing
from classifier.cli.evaluate import print_table
from classifier.config import PROJECT, SHIPPED_MODELS, TrainConfig, home, models_folder
from classifier.jobs import queue
from classifier.jobs.local import LocalJobs
from classifier.people import collection, visitors
from classifier.people.collection import Labelled
from classifier.serving import folders, saving, store
from classifier.synthetic import handwriting
from tests.benchmarks import settings

_TOKEN = "a" * 32
_SHARES = {"save": 0.35, "draw": 0.35, "import": 0.15, "train": 0.15}  # of all kills
_LONGEST = {"save": 0.4, "draw": 0.4, "import": 0.6, "train": 12.0}  # seconds until the kill
_META = {
    "config": {"network": "dense"},
    "metrics": {"test_accuracy": 0.5},
    "data": {"source": "mnist", "description": "MNIST"},
}


class Network:
    """Stands for a Keras model where only files matter."""

    def save(self, path: Path) -> None:
        """Write what the shipped `dense` has."""
        shutil.copyfile(SHIPPED_MODELS / "shipped-dense" / "model.keras", path)

    def export(self, path: Path) -> None:
        """The same for LiteRT."""
        shutil.copyfile(SHIPPED_MODELS / "shipped-dense" / "model.tflite", path)


# In the process that is killed. Each says what is confirmed, a line for each.


def save_models() -> None:
    """Save one model after the other."""
    for number in range(10_000):
        name = f"model-{os.getpid()}-{number}"
        saving.save(name, Network(), _META)
        print(name, flush=True)


def keep_drawings() -> None:
    """Keep one drawing after the other."""
    most = dict.fromkeys(("DRAWINGS", "DRAWINGS_TOTAL", "DRAWINGS_A_MINUTE"), "1000000")
    with settings(**most):
        strokes = [stroke.astype(np.float32) * 200 + 40 for stroke in handwriting.sample_digit(3)]
        for number in range(100_000):
            drawing = Labelled(f"{os.getpid()}-{number}", 3, strokes, 18.0, 3, "a model")
            collection.keep(visitors.visitor_of(_TOKEN), drawing)
            print(drawing.id, flush=True)


def bring() -> None:
    """Import the file that lies beside the store."""
    importing.bring(home().parent / "export.zip")
    print("imported", flush=True)


def train() -> None:
    """Train one run after the other."""
    with contextlib.closing(LocalJobs()) as jobs:
        for number in range(1000):
            name = f"trained-{os.getpid()}-{number}"
            config = TrainConfig(data="generated", train_size=2000, epochs=1, name=name)
            run = jobs.submit(config)
            while run.end is None:
                time.sleep(0.02)
                run.look()
            if run.result:
                print(name, flush=True)


WORKS: dict[str, Callable[[], None]] = {
    "save": save_models,
    "draw": keep_drawings,
    "import": bring,
    "train": train,
}


# In the process that kills.


def killed(kind: str, seconds: float) -> list[str]:
    """What was confirmed by a process that is killed after so many seconds, with all of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.kills", "--work", kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    if kind == "train":  # the run's own process, too
        for ticket in queue.ticket_of("x").parent.glob("*.lock"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(ticket.read_text()), signal.SIGKILL)
    process.kill()
    said, _ = process.communicate()
    whole = said[: said.rfind("\n") + 1]  # the last line may be cut off
    return whole.split()


def faults(kind: str, confirmed: list[str]) -> list[str]:
    """What is wrong after a kill."""
    models, problems = store.list_models()
    found = list(problems)
    names = {model.name for model in models if not model.shipped}
    for model in models:
        model.tflite()  # raises if it is not as it was saved
        model.keras()
    kept = {one.id for one in collection.drawings_of(visitors.visitor_of(_TOKEN))}
    if kind in ("save", "train"):
        found += [f"{name} is lost" for name in confirmed if name not in names]
    if kind == "draw":
        found += [f"{name} is lost" for name in confirmed if name not in kept]
    if kind == "import":
        importing.bring(home().parent / "export.zip")
        again = importing.bring(home().parent / "export.zip")
        if again != (0, 0, []):
            found.append(f"what was imported twice brought {again}")
    if kind == "train":
        deadline = time.monotonic() + 30
        while queue.alive():
            if time.monotonic() > deadline:
                found.append(f"{queue.alive()} wait for ever")
                break
            time.sleep(0.1)
    folders.sweep()
    left = [one.name for one in models_folder().glob(".*")] if models_folder().is_dir() else []
    return found + [f"{name} is left" for name in left]


def to_import(folder: Path) -> Path:
    """A file that `export` has made."""
    path = folder / "export.zip"
    with settings(HOME=str(folder / "home")):
        for number in range(3):
            saving.save(f"there-{number}", Network(), _META)
        export.write(path)
    return path


def main(kills: int) -> None:
    """Kill, look, and print."""
    rng, rows = random.Random(0), []
    folders._BEGINNING = 0.0  # whoever was killed is at nothing
    with tempfile.TemporaryDirectory() as folder:
        something = to_import(Path(folder))
        for kind, share in _SHARES.items():
            count, confirmed, wrong = max(1, round(kills * share)), 0, []
            for _ in range(count):
                said, found = once(kind, rng.uniform(0, _LONGEST[kind]), something)
                confirmed += said
                wrong += found
            rows.append(
                {
                    "killed while": kind,
                    "kills": str(count),
                    "confirmed": str(confirmed),
                    "wrong": "; ".join(wrong[:3]) or "nothing",
                }
            )
    print_table(rows)


def once(kind: str, seconds: float, something: Path) -> tuple[int, list[str]]:
    """Kill once, in a store of its own: how much was confirmed, and what is wrong."""
    with tempfile.TemporaryDirectory() as folder, settings(HOME=f"{folder}/home"):
        shutil.copyfile(something, Path(folder) / "export.zip")
        said = killed(kind, seconds)
        return len(said), faults(kind, said)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        print("ready", flush=True)
        WORKS[sys.argv[2]]()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
