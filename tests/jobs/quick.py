"""Runs that learn nothing and are over at once: in processes of their own, in turn, but without
TensorFlow."""

import subprocess
import sys
from typing import IO

import pytest

from classifier.config import PROJECT
from classifier.jobs import local

# What a run's process does, in place of training: `seconds`, or 0.2, pass, and each seed has its
# accuracy. A batch of 13 fails.
SCRIPT = """
import sys, time
from functools import partial
from classifier.events import EpochEnded, Finished, Progress, Started
from classifier.jobs import child

def train(config, emit, stop, snapshots, owner):
    emit(Started(config=config.told().to_dict(), time=time.time()))
    if config.batch_size == 13:
        raise ValueError("13 is unlucky.")
    emit(Progress(stage="training", epoch=1, accuracy=0.5))
    end = time.monotonic() + (config.seconds or 0.2)
    while time.monotonic() < end and not stop.is_set():
        time.sleep(0.02)
    accuracy = 0.9 + config.seed / 100
    emit(EpochEnded(epoch=1, loss=0.1, accuracy=1, val_loss=0.1, val_accuracy=accuracy, seconds=1))
    emit(
        Finished(
            model=f"quick-{config.learning_rate:g}-{config.seed}", id=f"id-{config.seed}",
            test_accuracy=accuracy, train_accuracy=1.0, gap=0.0, seconds=1.0, stages={},
            confusion=[], data="none", train_images=1, test_images=1, stopped=stop.is_set(),
            source="mnist",
        )
    )

try:
    child.carry_out(sys.argv[1], lambda: None, lambda config: partial(train, config))
except ValueError as error:
    from classifier.events import Failed
    child.say(Failed(error=str(error)))
"""


def _start(folder: str, events: int | IO[bytes], log: int | IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, folder]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=events, stderr=log
    )
    local.threading.Thread(target=local._see_off, args=[process], daemon=True).start()
    return process


@pytest.fixture
def quick(home, monkeypatch):
    """Has all runs that are started from now on be such."""
    monkeypatch.setattr(local, "_start", _start)
    monkeypatch.setattr(local.LocalJobs, "get_ready", lambda jobs: None)
