"""Training runs carried out elsewhere: here, each in a child process of this server.

A run is a folder `runs/<id>/` with `config.json`, `events.jsonl` (one line per event, appended by
the child), `log.txt` (what else the child said) and `epochs/` (see `serving.snapshots`). Its id is
all that one needs to follow it, so a page that was refreshed, or another server on the same folder,
finds it again.

The child's standard input is its lifeline: a line `stop`, or its end when the server ends, makes
it finish early. One run trains at a time: each child waits, before it loads anything heavy, until
no older ticket in `runs/.queue/` is held. A ticket is held by a lock that the system releases
when its process ends, however it ends.

A child may be started before there is a run for it: it loads TensorFlow, which takes most of the
wait, and hears by a line on its standard input which run is its own. One such worker at most is
kept ready, and ended when it has waited in vain.

Knows nothing of Keras or of the page.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import math
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
from typing import IO, TYPE_CHECKING

import filelock

from classifier.config import PROJECT, TrainConfig, runs_folder
from classifier.events import Event, Failed, Progress, from_json

if TYPE_CHECKING:
    from classifier.ink.drawings import Drawings

_ID = re.compile(r"[0-9]{20}-[0-9a-f]{16}")
_KEPT_RUNS = 200  # older ones are removed when a new one starts
_KEPT_SNAPSHOTS = 12  # so many runs keep theirs, which take 26 MB, or 64 at most
_GRACE = 10.0  # seconds in which a new child takes its ticket
_SIGKILL = 9  # `signal` lacks the name on Windows
_LOOK_EVERY = 0.2  # seconds between two looks at the queue
_READY_SECONDS = 300.0  # for which a worker is kept ready without a run
_READY_MEMORY = 1.2e9  # bytes that must be free for one: what a run on MNIST takes, and some more
_GROUP = Path("/sys/fs/cgroup")  # of a container: what it may take
NO_MEMORY = (
    "There is not enough memory: use fewer images or a smaller batch, or close other programs."
)
# How Python, the system's loader, C++ and TensorFlow say so.
_NO_MEMORY_SIGNS = (
    "MemoryError",
    "Cannot allocate memory",
    "failed to map segment",
    "bad_alloc",
    "OOM when allocating",
    "can't start new thread",
    "pthread_create() failed",
)
_EVENTS, _LOG, _SNAPSHOTS = "events.jsonl", "log.txt", "epochs"
_LATER = "-"  # in place of a run's folder: which one, a line on standard input will say


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
            with open(runs_folder() / self.run_id / _EVENTS, "rb") as file:
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
        self._ready: subprocess.Popen | None = None
        self._patience: threading.Timer | None = None  # for which `_ready` is kept
        self._lock = threading.Lock()  # of both

    def get_ready(self) -> None:
        """Start a worker for the next run, unless there is one or memory is short; at once."""
        with self._lock:
            waiting = self._ready is not None and self._ready.poll() is None
            if waiting or free_memory() < _READY_MEMORY:
                return
            try:
                worker = _start(_LATER, subprocess.DEVNULL, subprocess.DEVNULL)
            except OSError:  # the run itself will say what is wrong
                return
            self._ready = worker
            self._patience = threading.Timer(_READY_SECONDS, self._dismiss, [worker])
            self._patience.daemon = True
            self._patience.start()

    def _dismiss(self, worker: subprocess.Popen) -> None:
        """End a worker that still has no run."""
        with self._lock:
            if self._ready is not worker:
                return
            self._ready = None
        worker.stdin.close()
        worker.wait()

    def _hand_over(self, run_id: str) -> subprocess.Popen | None:
        """The worker that was ready, now with this run; None if there is none alive."""
        with self._lock:
            worker, self._ready = self._ready, None
            if self._patience is not None:
                self._patience.cancel()
            if worker is None or worker.poll() is not None:
                return None
            try:
                worker.stdin.write(f"{run_id}\n".encode())
                worker.stdin.flush()
            except OSError:
                return None
            return worker

    def submit(self, config: TrainConfig, drawn: Drawings | None = None) -> str:
        """Start a run and return its id at once. Raises JobError if it cannot be started.

        drawn: what the file `config.drawings`, then a bare name, shall hold; it is kept by the run
        """
        folder = runs_folder() / _new_id()
        run_id = folder.name
        ticket = _queue() / f"{run_id}.lock"
        try:
            folder.mkdir(parents=True)
            if drawn is not None:
                from classifier.ink import drawings

                config = dataclasses.replace(config, drawings=str(folder / config.drawings))
                drawings.save(drawn, config.drawings)
            text = json.dumps(config.to_dict(), indent=1)
            (folder / "config.json").write_text(text, encoding="utf-8")
            _queue().mkdir(exist_ok=True)
            ticket.touch()
            with open(folder / _EVENTS, "ab") as events, open(folder / _LOG, "ab") as log:
                child = self._hand_over(run_id) or _start(str(folder), events, log)
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
        if child is not None:
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
            log = (runs_folder() / run_id / _LOG).read_text("utf-8", "replace")
        except OSError:
            log = ""
        words = [line.strip() for line in log.splitlines() if line.strip()]
        if lacks_memory(log):
            return Failed(error=NO_MEMORY)
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
        if self._ready is not None:
            self._dismiss(self._ready)
        for child in self._children.values():
            with contextlib.suppress(OSError):
                child.stdin.close()


def _start(folder: str, events: int | IO[bytes], log: int | IO[bytes]) -> subprocess.Popen:
    """A child process that trains what it finds in `folder`. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-m", "classifier", "train", "--json", "--run", folder],
        stdin=subprocess.PIPE,
        stdout=events,
        stderr=log,
        cwd=PROJECT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        # Ctrl-C in the server's terminal is for the server; the child gets its end.
        start_new_session=True,
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # on Windows
    )


def _new_id() -> str:
    """An id after all that there are, even if the clock was set back."""
    now = time.time_ns()
    with contextlib.suppress(OSError):
        newest = max((p.name for p in runs_folder().iterdir() if _ID.fullmatch(p.name)), default="")
        now = max(now, int(newest[:20] or 0) + 1)
    return f"{now:020d}-{secrets.token_hex(8)}"


def free_memory() -> float:
    """Bytes that a new process can take, of the machine or of the container; infinite where
    neither says."""
    free = [math.inf]
    with contextlib.suppress(OSError, AttributeError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free.append(1024 * int(re.search(r"MemAvailable:\s+(\d+) kB", text)[1]))
    with contextlib.suppress(OSError, ValueError):  # no such group, or "max": no limit
        limit = int((_GROUP / "memory.max").read_text(encoding="ascii"))
        free.append(limit - int((_GROUP / "memory.current").read_text(encoding="ascii")))
    return min(free)


def lacks_memory(text: str) -> bool:
    """Whether an error's words, or a log, say that there was not enough memory."""
    return any(sign in text for sign in _NO_MEMORY_SIGNS)


def _queue() -> Path:
    return runs_folder() / ".queue"


def _is_held(ticket: Path) -> bool:
    """Whether a live process holds this ticket, or may still be about to."""
    try:
        age = time.time() - ticket.stat().st_mtime
        with filelock.FileLock(ticket, timeout=0):
            if 0 <= age < _GRACE and ticket.stat().st_size == 0:
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
    runs = sorted((p for p in runs_folder().iterdir() if _ID.fullmatch(p.name)), reverse=True)
    for newer, folder in enumerate(runs):
        if newer >= _KEPT_SNAPSHOTS and not _is_held(_queue() / f"{folder.name}.lock"):
            doomed = folder if newer >= _KEPT_RUNS else snapshots_of(folder.name)
            shutil.rmtree(doomed, ignore_errors=True)


def snapshots_of(run_id: str) -> Path:
    """Where a run keeps its network as it was after each epoch."""
    return runs_folder() / run_id / _SNAPSHOTS


# The child's side of the lifeline.


def step_back() -> None:
    """Take the processor only when nobody else wants it, and be the first to go where memory runs
    out: a drawing comes before training."""
    if hasattr(os, "nice"):
        os.nice(19)
    with contextlib.suppress(OSError):  # no Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def await_run(folder: str, get_ready: Callable[[], None]) -> Path | None:
    """The folder of this process's run.

    A worker that is kept ready calls `get_ready` and is told its run later, or None when it is
    dismissed; from then on what it says goes into that folder.
    """
    if folder != _LATER:
        return Path(folder)
    get_ready()
    run_id = sys.stdin.readline().strip()
    if not run_id:
        return None
    run = runs_folder() / run_id
    for name, stream in ((_EVENTS, sys.stdout), (_LOG, sys.stderr)):
        with open(run / name, "ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    return run


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
