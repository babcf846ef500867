"""Training runs carried out elsewhere: here, each in a child process of this server.

A run is a folder `runs/<id>/` with `config.json`, `events.jsonl` (one line per event, appended by
the child) and `log.txt` (what else the child said). Its id is all that one needs to follow it, so
a page that was refreshed, or another server on the same folder, finds it again.

The child's standard input is its lifeline: a line `stop`, or its end when the server ends, makes
it finish early. One run trains at a time: each child waits, before it loads anything heavy, until
no older ticket in `runs/.queue/` is held. A ticket is held by a lock that the system releases
when its process ends, however it ends.

Knows nothing of Keras or of the page.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from classifier.config import PROJECT, TrainConfig, runs_folder
from classifier.events import Event, Failed, Progress, from_json

_ID = re.compile(r"[0-9]{20}-[0-9a-f]{16}")
_KEPT_RUNS = 200  # older ones are removed when a new one starts
_GRACE = 10.0  # seconds in which a new child takes its ticket
_SIGKILL = 9  # `signal` lacks the name on Windows
_LOOK_EVERY = 0.2  # seconds between two looks at the queue


class RunState(enum.Enum):
    """Where a run is."""

    ACTIVE = "waiting, or at work"
    ENDED = "its last event is written, or its process is gone"
    UNKNOWN = "there is no run of that id"


class JobError(RuntimeError):
    """A run could not be started; the message says why and what to do."""


@dataclass
class Reader:
    """Reads a run's events from where it left off."""

    run_id: str
    offset: int = 0

    def new_events(self) -> list[Event]:
        """Events since the last call; lines still being written are left for the next."""
        try:
            with open(runs_folder() / self.run_id / "events.jsonl", "rb") as file:
                file.seek(self.offset)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        events = []
        for line in whole.decode("utf-8", "replace").splitlines():
            # Whatever else a library may print to standard output is no event.
            with contextlib.suppress(ValueError):
                events.append(from_json(line))
        return events


class LocalJobs:
    """Starts, stops and watches runs as child processes of this one.

    One object serves all sessions of a server; its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen] = {}

    def submit(self, config: TrainConfig) -> str:
        """Start a run and return its id at once. Raises JobError if it cannot be started."""
        run_id = f"{time.time_ns():020d}-{secrets.token_hex(8)}"
        folder = runs_folder() / run_id
        ticket = _queue() / f"{run_id}.lock"
        try:
            folder.mkdir(parents=True)
            text = json.dumps(config.to_dict(), indent=1)
            (folder / "config.json").write_text(text, encoding="utf-8")
            _queue().mkdir(exist_ok=True)
            ticket.touch()
            with (
                open(folder / "events.jsonl", "ab") as events,
                open(folder / "log.txt", "ab") as log,
            ):
                child = subprocess.Popen(
                    [sys.executable, "-m", "classifier", "train", "--json", "--run", str(folder)],
                    stdin=subprocess.PIPE,
                    stdout=events,
                    stderr=log,
                    cwd=PROJECT,
                    env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
                    # Ctrl-C in the server's terminal is for the server; the child gets its end.
                    start_new_session=True,
                )
        except OSError as error:
            with contextlib.suppress(OSError):
                ticket.unlink()
            shutil.rmtree(folder, ignore_errors=True)
            raise JobError(
                f"The run cannot be started in {runs_folder()}: {error.strerror or error}. Make "
                "the folder writable, or name another with DIGIT_CLASSIFIER_HOME."
            ) from error
        self._children[run_id] = child
        for other in list(self._children.values()):
            other.poll()  # a run that nobody follows any more is taken off the system's list
        with contextlib.suppress(OSError):  # tidying up is no reason to refuse a run
            _remove_old_runs()
        return run_id

    def stop(self, run_id: str) -> None:
        """Ask a run to end and keep what it has learned; nothing happens if it has ended."""
        child = self._children.get(run_id)
        if child is not None and child.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                child.stdin.write(b"stop\n")
                child.stdin.flush()

    def state(self, run_id: str) -> RunState:
        """Where the run is now."""
        if not _ID.fullmatch(run_id) or not (runs_folder() / run_id).is_dir():
            return RunState.UNKNOWN
        child = self._children.get(run_id)
        alive = _is_held(_queue() / f"{run_id}.lock") if child is None else child.poll() is None
        return RunState.ACTIVE if alive else RunState.ENDED

    def post_mortem(self, run_id: str) -> Failed:
        """Why a run ended without a last event, as far as can be told."""
        child = self._children.get(run_id)
        code = None if child is None else child.poll()
        try:
            log = (runs_folder() / run_id / "log.txt").read_text("utf-8", "replace")
        except OSError:
            log = ""
        words = [line.strip() for line in log.splitlines() if line.strip()]
        if code == -_SIGKILL:
            why = "its process was killed, perhaps for lack of memory"
        elif code is not None and code < 0:
            why = f"its process was ended by signal {-code}"
        elif words:
            why = f"its process failed: {words[-1][:300]}"
        else:
            why = "its process ended without a word"
        return Failed(error=f"The training stopped: {why}. Nothing was saved; train again.")

    def close(self) -> None:
        """End all runs of this server, keeping what they have learned."""
        for child in self._children.values():
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()


def _queue() -> Path:
    return runs_folder() / ".queue"


def _is_held(ticket: Path) -> bool:
    """Whether a live process holds this ticket, or may still be about to."""
    try:
        age = time.time() - ticket.stat().st_mtime
        with filelock.FileLock(ticket, timeout=0):
            if age < _GRACE and ticket.stat().st_size == 0:
                return True
            ticket.unlink(missing_ok=True)
            return False
    except FileNotFoundError:
        return False
    except filelock.Timeout:
        return True


@contextlib.contextmanager
def turn(folder: Path, emit: Callable[[Event], None], stop: threading.Event) -> Iterator[None]:
    """In the child: wait until no older run is at work; hold the turn while the body runs.

    Tells the place in the queue whenever it changes. Leaves early if `stop` is set.
    """
    queue = folder.parent / ".queue"
    queue.mkdir(exist_ok=True)
    ticket = queue / f"{folder.name}.lock"
    with filelock.FileLock(ticket):
        ticket.write_text(str(os.getpid()))
        told = None
        while not stop.is_set():
            older = [t for t in queue.glob("*.lock") if t.name < ticket.name]
            place = sum(_is_held(t) for t in older)
            if place == 0:
                break
            if place != told:
                emit(Progress(stage="waiting", place=place))
                told = place
            time.sleep(_LOOK_EVERY)
        try:
            yield
        finally:
            ticket.unlink(missing_ok=True)


def _remove_old_runs() -> None:
    runs = sorted(p for p in runs_folder().iterdir() if _ID.fullmatch(p.name))
    for folder in runs[:-_KEPT_RUNS]:
        if not _is_held(_queue() / f"{folder.name}.lock"):
            shutil.rmtree(folder, ignore_errors=True)


# The child's side of the lifeline.


def listen(stop: threading.Event, on_stop: Callable[[], None]) -> None:
    """Watch standard input in the background: at a line `stop`, or its end, set `stop` and call
    `on_stop`."""

    def watch() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                break
        stop.set()
        on_stop()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
