"""A run's own process: what it hears from the server that started it, and what it says.

Its standard input is its lifeline: a line `stop`, or its end when the server ends, makes it finish
early; so does a file `stop` in its folder, which other servers make. A process that is kept ready
for a run that nobody has submitted yet is told the run's id by a line there, too. Its standard
output goes into the run's events, its standard error into the log.
"""

import contextlib
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from classifier import files, limits
from classifier.config import TrainConfig, runs_folder
from classifier.events import Event, Failed, Progress, to_json
from classifier.jobs import local, queue, resources

Emit = Callable[[Event], None]
# What trains, once its turn has come: gets where to tell events, when to stop, where snapshots
# belong, and whose the model will be.
Train = Callable[[Emit, threading.Event, Path, str], object]
_LOOK_EVERY = 0.5  # seconds between two looks for the file that stops a run
_BEGINNING = 30.0  # seconds to load TensorFlow and the data, which are not counted as training


def carry_out(
    run: str,
    get_ready: Callable[[], object],
    plan: Callable[[TrainConfig], Train],
) -> None:
    """Train what the run's folder asks for, in its turn, until standard input ends.

    run: the folder, or `local.LATER`; get_ready: does what takes long, while no run is known
    plan: looks at once what the settings mean, which may mean something else when the turn comes
    """
    _step_back()
    folder = Path(run) if run != local.LATER else _await_run(get_ready)
    if folder is None:
        return
    stop, learning, speaking = _Stop(), threading.Event(), threading.RLock()

    def speak(event: Event) -> None:
        with speaking:
            if isinstance(event, Progress) and event.stage == "training":
                learning.set()
            say(event)

    def watch() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                break
        finish()

    def look() -> None:
        while not (folder / local.STOP).exists():
            time.sleep(_LOOK_EVERY)
        finish()

    def finish() -> None:
        stop.set()
        # Training looks at `stop` by itself; an import or a download does not.
        time.sleep(0.5)
        with speaking:
            if not learning.is_set():
                say(Failed(error="Stopped before it had learned anything: nothing was saved."))
                local.remove_drawings(folder)
                os._exit(1)

    for hear in (watch, look):
        threading.Thread(target=hear, name=f"lifeline-{hear.__name__}", daemon=True).start()
    try:
        resources.check_addresses()
        values = json.loads(files.content(folder / local.CONFIG))
        config = TrainConfig(**values)
        if config.drawings is not None:
            config = replace(config, drawings=str(folder / config.drawings))
        train = plan(config)
        with queue.turn(folder.name, speak, stop):
            stop.at = time.monotonic() + _BEGINNING + limits.current().run_seconds
            owner = queue.claim_of(folder.name).owner
            train(speak, stop, local.snapshots_of(folder.name), owner)
    finally:
        local.remove_drawings(folder)


class _Stop(threading.Event):
    """Is set when it was asked for, or when the time that a run may have is over."""

    at = math.inf  # by the monotonic clock

    def is_set(self) -> bool:
        return super().is_set() or time.monotonic() > self.at


def say(event: Event) -> None:
    """Print an event as a line of JSON. Where the disk is full, nothing can be said or saved: the
    process ends, and its exit status says why."""
    try:
        sys.stdout.write(to_json(event) + "\n")
        sys.stdout.flush()
    except OSError as error:
        if files.lacks_space(error):
            with contextlib.suppress(OSError):
                print(resources.NO_SPACE, file=sys.stderr, flush=True)
            os._exit(resources.DISK_FULL)
        raise


def _step_back() -> None:
    """Take the processor only when nobody else wants it, and be the first to go where memory runs
    out: a drawing comes before training."""
    if hasattr(os, "nice"):
        os.nice(19)
    with contextlib.suppress(OSError):  # no Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _await_run(get_ready: Callable[[], object]) -> Path | None:
    """The folder of the run that this process is told, into which it speaks from then on; None
    when it is dismissed."""
    get_ready()
    run_id = sys.stdin.readline().strip()
    if not run_id:
        return None
    run = runs_folder() / run_id
    for name, stream in ((local.EVENTS, sys.stdout), (local.LOG, sys.stderr)):
        with open(run / name, "ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    return run
