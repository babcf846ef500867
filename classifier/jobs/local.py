"""Runs carried out here, each in a child process of this server.

A run is a folder `runs/<id>/` with `config.json`, `events.jsonl` (a line for each event, written by
the child), `log.txt` (what else the child printed) and `epochs/` (see `serving.snapshots`). By its
id it is found again, on this server or another one on the same folder.

A child may be started before there is a run for it: it loads TensorFlow, which takes most of the
wait. One such worker at most is kept ready, and ended when it has waited in vain.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from classifier import files
from classifier.config import PROJECT, TrainConfig, home, runs_folder
from classifier.jobs import queue, resources, shares
from classifier.jobs.queue import Claim
from classifier.jobs.resources import free_memory
from classifier.jobs.run import MOST_AT_ONCE, JobError, Jobs, Run, Work
from classifier.rights import OPERATOR, Action, Visitor

if TYPE_CHECKING:
    from classifier.ink.drawings import Contents

_ID = re.compile(r"[0-9]{20}-[0-9a-f]{16}")
CONFIG, EVENTS, LOG, SNAPSHOTS = "config.json", "events.jsonl", "log.txt", "epochs"
STOP = "stop"  # a file by which another server than the one that started a run stops it
LATER = "-"  # in place of a run's folder: which one, a line on standard input will say
_KEPT_RUNS = 200  # older ones are removed when a new one starts
_KEPT_SNAPSHOTS = 12  # so many runs keep theirs, which take 26 MB, or 64 at most
_LEAVING = "This server is about to end: try again in a moment, on the next one."
_LAST = 20.0  # seconds in which the runs of a server that leaves end
READY_SECONDS = 300.0  # for which a worker is kept ready without a run
READY_MEMORY = 1.2e9  # bytes that must be free for one: what a run on MNIST takes, and some more


@dataclass(frozen=True)
class _Process:
    """The `Work` of a run in this folder; its process is None if another server started it."""

    folder: Path
    process: subprocess.Popen[bytes] | None

    def said_after(self, offset: int) -> bytes:
        try:
            with files.opened(self.folder / EVENTS) as file:
                file.seek(offset)
                return file.read(MOST_AT_ONCE)
        except OSError:
            return b""

    def stop(self) -> None:
        if self.process is not None:
            _let_go(self.process)
        elif self.folder.is_dir():
            with contextlib.suppress(OSError):
                (self.folder / STOP).touch()

    def death(self) -> str | None:
        code = None if self.process is None else self.process.poll()
        ticket = queue.ticket_of(self.folder.name)
        alive = code is None and (self.process is not None or queue.is_held(ticket))
        if alive and self.folder.is_dir():
            return None
        try:
            log = files.content(self.folder / LOG).decode("utf-8", "replace")
        except OSError:
            log = ""
        return resources.why_it_ended(log, code)


class LocalJobs(Jobs):
    """Starts and finds runs as child processes of this one."""

    side_by_side = 1  # see `queue`

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ready: subprocess.Popen[bytes] | None = None
        self._patience: threading.Timer | None = None  # for which `_ready` is kept
        self._lock = threading.Lock()  # of both
        self._is_closed = False

    def get_ready(self) -> None:
        """Start a worker for the next run, unless there is one or memory is short."""
        with self._lock:
            waiting = self._ready is not None and self._ready.poll() is None
            if waiting or self._is_closed or free_memory() < READY_MEMORY:
                return
            try:
                worker = _start(LATER, subprocess.DEVNULL, subprocess.DEVNULL)
            except OSError:  # the run itself will say what is wrong
                return
            self._ready = worker
            self._patience = threading.Timer(READY_SECONDS, self._dismiss, [worker])
            self._patience.daemon = True
            self._patience.start()

    def _dismiss(self, worker: subprocess.Popen[bytes]) -> None:
        """End a worker that still has no run."""
        with self._lock:
            if self._ready is not worker:
                return
            self._ready = None
        _let_go(worker)
        worker.wait()

    def _hand_over(self, run_id: str) -> subprocess.Popen[bytes] | None:
        """The worker that was ready, now with this run; None if there is none alive."""
        with self._lock:
            worker, self._ready = self._ready, None
            if self._patience is not None:
                self._patience.cancel()
        if worker is None or worker.poll() is not None:
            return None
        try:
            _stdin(worker).write(f"{run_id}\n".encode())
            _stdin(worker).flush()
        except (OSError, ValueError):  # it has just died; its input may be closed already
            return None
        return worker

    def submit(
        self,
        config: TrainConfig,
        drawn: "Contents | None" = None,
        by: Visitor = OPERATOR,
        *,
        host: bool = False,
        sweep: str = "",
    ) -> Run:
        """As `run.Jobs` says."""
        by.check(Action.START_RUN)
        shares.check_length(config, by)
        claim = Claim(by.digest, host, sweep=sweep)

        def check() -> None:
            sweeps = queue.sweeps_on(by.digest)
            shares.check_room(by, self.living().values(), sweeps, host=host, sweep=sweep)

        run_id = new_id()
        return Run(run_id, self.begin(run_id, config, drawn, claim, check), by.digest)

    def begin(
        self,
        run_id: str,
        config: TrainConfig,
        drawn: "Contents | None",
        claim: Claim,
        check: Callable[[], None],
    ) -> Work:
        """Start a run of that id. Raises JobError, and whatever `check` does, which says whether
        there is room for it; meanwhile nobody else enters.

        claim: what is known of it, without what its visitor's runs have trained
        """
        if self._is_closed:
            raise JobError(_LEAVING)
        folder = runs_folder() / run_id
        try:
            home().mkdir(mode=0o700, parents=True, exist_ok=True)
            with queue.entrance():
                with contextlib.suppress(OSError):  # tidying up is no reason to refuse a run
                    remove_old(self._is_at_work)
                check()
                folder.mkdir(parents=True)
                queue.enter(run_id, replace(claim, trained=queue.trained_by(claim.owner)))
            if drawn is not None:
                # Not above: NumPy starts threads, before a child has stepped back for others.
                from classifier.ink import drawings

                drawings.save(drawn, folder / str(config.drawings))
                queue.ticket_of(run_id).touch()  # many drawings take as long as its grace
            text = json.dumps(config.to_dict(), indent=1)
            (folder / CONFIG).write_text(text, encoding="utf-8")
            with open(folder / EVENTS, "ab") as events, open(folder / LOG, "ab") as log:
                process = self._hand_over(run_id) or _start(str(folder), events, log)
        except OSError as error:
            with contextlib.suppress(OSError):
                queue.ticket_of(run_id).unlink()
            shutil.rmtree(folder, ignore_errors=True)
            if files.lacks_space(error):
                raise JobError(resources.NO_SPACE) from error
            raise JobError(
                f"The run cannot be started: {error.strerror or error}. Make the folder of runs "
                "writable, or name another with DIGIT_CLASSIFIER_HOME."
            ) from error
        self._children[run_id] = process
        for ended in [one for one, child in self._children.items() if child.poll() is not None]:
            if not (runs_folder() / ended).is_dir():
                self._children.pop(ended, None)
        return _Process(folder, process)

    def _is_at_work(self, run_id: str) -> bool:
        """Whether a run of this server is at work, perhaps without its ticket yet."""
        child = self._children.get(run_id)
        return child is not None and child.poll() is None

    def find(self, run_id: str) -> Run | None:
        """As `run.Jobs` says."""
        work = self.work(run_id)
        return None if work is None else Run(run_id, work, queue.claim_of(run_id).owner)

    def work(self, run_id: str) -> Work | None:
        """How the run of that id is carried out here; None if there is none."""
        folder = runs_folder() / run_id
        if not is_id(run_id) or not folder.is_dir():
            return None
        return _Process(folder, self._children.get(run_id))

    def living(self) -> dict[str, Claim]:
        """As `run.Jobs` says."""
        return {one: queue.claim_of(one) for one in queue.alive()}

    def snapshots_of(self, run_id: str) -> Path:
        """As `run.Jobs` says."""
        return snapshots_of(run_id)

    def close(self) -> None:
        """End all runs of this server, and begin no more; returns when they have saved what they
        learned, or after some seconds."""
        self._is_closed = True
        with self._lock:
            ready, self._ready = self._ready, None
        children = [*self._children.values(), *([] if ready is None else [ready])]
        for process in children:
            _let_go(process)
        end = time.monotonic() + _LAST
        for process in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(end - time.monotonic(), 0.0))


def command(folder: str) -> tuple[list[str], dict[str, str]]:
    """What trains what it finds in `folder`, as a command and its environment."""
    # It starts where this process did, so that relative paths in the environment mean the same;
    # what lies there is not imported.
    path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return (
        [sys.executable, "-P", "-m", "classifier", "train", "--json", "--run", folder],
        os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(path)},
    )


def _start(folder: str, events: int | IO[bytes], log: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """A child process that trains what it finds in `folder`. Raises OSError."""
    words, environment = command(folder)
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=events,
        stderr=log,
        env=environment,
        # Ctrl-C in the server's terminal is for the server; the child gets its end.
        start_new_session=True,
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # on Windows
    )
    # Its end is noticed whether or not a page still follows it: the system keeps nothing of it.
    threading.Thread(target=_see_off, args=[process], name="child", daemon=True).start()
    return process


def _see_off(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    _let_go(process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """End a child's standard input, its lifeline: it finishes early."""
    with contextlib.suppress(OSError):
        _stdin(process).close()


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def is_id(text: str) -> bool:
    """Whether a run may be called so."""
    return bool(_ID.fullmatch(text))


def new_id() -> str:
    """An id after all others, even if the clock was set back."""
    now = time.time_ns()
    with contextlib.suppress(OSError):
        newest = max((p.name for p in runs_folder().iterdir() if _ID.fullmatch(p.name)), default="")
        now = max(now, int(newest[:20] or 0) + 1)
    return f"{now:020d}-{secrets.token_hex(8)}"


def remove_old(is_at_work: Callable[[str], bool]) -> None:
    """Take away what runs have left here that are not alive: some did not end by themselves."""
    runs = sorted((p for p in runs_folder().iterdir() if is_id(p.name)), reverse=True)
    for newer, folder in enumerate(runs, 1):  # there will be one more
        if is_at_work(folder.name) or queue.is_held(queue.ticket_of(folder.name)):
            continue
        remove_drawings(folder)
        if newer >= _KEPT_SNAPSHOTS:
            doomed = folder if newer >= _KEPT_RUNS else snapshots_of(folder.name)
            shutil.rmtree(doomed, ignore_errors=True)


def remove_drawings(folder: Path) -> None:
    """Take from the folder of a run what it learned from: it has ended."""
    for file in folder.glob("*.npz"):
        with contextlib.suppress(OSError):
            file.unlink()


def snapshots_of(run_id: str) -> Path:
    """Where a run keeps its network as it was after each epoch."""
    return runs_folder() / run_id / SNAPSHOTS
