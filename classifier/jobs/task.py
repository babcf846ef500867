"""A run on a worker: the same child process as on one machine, in a temporary home of its own.

What it needs comes with its order from the scheduler (`desk`), or is looked for here by its digest;
what it says and makes goes there. The child's standard input is its lifeline here, too: it finishes
early when this process ends, however it ends. Knows nothing of page servers.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import get_worker

from classifier import files
from classifier.config import mnist_places
from classifier.database import interface
from classifier.jobs import local, queue, resources
from classifier.jobs.book import LONGEST, LOST, SAID
from classifier.jobs.run import MOST_AT_ONCE

_LOOK_EVERY = 0.02  # seconds between two looks at what a child says
_MIRROR_EVERY = 1.0  # seconds between two looks for new snapshots
_LAST_SECONDS = 20.0  # in which a child that was told to stop ends
_LAST_WORDS = ("finished", "failed")
_MOST_MODEL = 64_000_000  # bytes of a model's files; `deep` has 3 MB
_MNIST = "mnist.npz"  # in a run's home: a link to the data


@dataclass
class _Child:
    """A process that trains, or is ready to, and its home."""

    home: "tempfile.TemporaryDirectory[str]"
    process: asyncio.subprocess.Process


_ready: _Child | None = None  # the one that waits for a run, if any


async def get_ready() -> None:
    """Start a child for the next run, unless there is one or memory is short."""
    global _ready
    waiting = _ready is not None and _ready.process.returncode is None
    if waiting or resources.free_memory() < local.READY_MEMORY:
        return
    home = _new_home()
    nowhere = asyncio.subprocess.DEVNULL
    child = _Child(home, await _start(local.LATER, Path(home.name), {}, nowhere, nowhere))
    if _ready is not None:  # another, that came meanwhile, or that has died
        _let_go(_ready.process)
    _ready = child
    asyncio.get_running_loop().call_later(local.READY_SECONDS, _dismiss, child)


def _dismiss(child: _Child) -> None:
    """End a child that still has no run."""
    global _ready
    if _ready is child:
        _ready = None
        _let_go(child.process)


async def carry_out(run: str, attempt: int) -> None:
    """Train what the run's order asks for, and tell the desk until it has ended."""
    global _ready
    worker: Any = get_worker()
    order = await worker.scheduler.digits_order(run=run, attempt=attempt)
    if order is None:
        return
    child, known = None, order["environment"].items() <= os.environ.items()
    if _ready is not None and order["data"] and known and _ready.process.returncode is None:
        child, _ready = _ready, None
    with child.home if child else _new_home() as home:
        carried = _Carried(worker, run, attempt, Path(home))
        try:
            await carried.go(order, child)
        except OSError as error:
            why = f"The worker at {worker.address} cannot carry out the run: {error}."
            await carried.end(json.dumps({"event": LOST, "error": why}))
        finally:
            if child is not None:
                _let_go(child.process)


class _Carried:
    """One run that is carried out here."""

    def __init__(self, worker: Any, run: str, attempt: int, home: Path) -> None:
        self._worker, self._desk = worker, worker.scheduler
        self._run = {"run": run, "attempt": attempt}
        self._home, self._folder = home, home / "runs" / run
        self._said = 0  # lines
        self._last = ""  # word; "" while it has not come
        self._sent: dict[str, int] = {}  # snapshots by name, and when they were written

    async def go(self, order: Mapping[str, Any], ready: _Child | None) -> None:
        """From the order to the end. Raises OSError."""
        config = dict(order["config"])
        if order["data"]:
            path = await self._data(order["data"], order["data_name"])
            if path is None:
                await self.end(json.dumps({"event": LOST, "error": _lacks(self._worker.address)}))
                return
            (self._home / _MNIST).symlink_to(path.resolve())
            config["mnist"] = config["mnist"] and str(path)
        self._unpack(order, config)
        process = await self._begin(order, ready)
        beside = [asyncio.ensure_future(one) for one in (self._await_stop(process), self._mirror())]
        try:
            await self._listen(process)
        finally:
            for one in beside:
                one.cancel()
            _let_go(process)
            await _see_off(process)
        await self._send_snapshots()
        if not self._last:
            log = (self._folder / local.LOG).read_bytes().decode("utf-8", "replace")
            why = resources.why_it_ended(log, process.returncode)
            self._last = json.dumps({"event": LOST, "error": why})
        await self.end(self._last)

    async def end(self, line: str) -> None:
        """Tell its last word, with the model that it names. Raises OSError."""
        model = {}
        if name := json.loads(line).get("model"):
            folder = self._home / "models" / name
            if files.bytes_in(folder) > _MOST_MODEL:
                raise OSError(f"its model has more than {_MOST_MODEL // 10**6} MB")
            model = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        seconds = 0.0
        with contextlib.suppress(OSError, ValueError):
            seconds = float((self._folder / queue.TRAINED).read_text("ascii"))
        await self._desk.digits_end(
            **self._run, said=self._said, line=line, model=model, seconds=seconds
        )

    def _unpack(self, order: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Lay out what the child finds."""
        base = self._home / "models" / str(config["base"])
        own = {
            **order["files"],
            local.CONFIG: json.dumps(config).encode(),
            queue.CLAIM: json.dumps({"owner": order["owner"]}).encode(),
            local.EVENTS: b"",
            local.LOG: b"",
        }
        for folder, contents in ((base, order["base"]), (self._folder, own)):
            for name, content in contents.items():
                folder.mkdir(parents=True, exist_ok=True)
                (folder / Path(name).name).write_bytes(content)

    async def _begin(
        self, order: Mapping[str, Any], ready: _Child | None
    ) -> asyncio.subprocess.Process:
        if ready is not None and ready.process.stdin is not None:
            ready.process.stdin.write(f"{self._run['run']}\n".encode())
            return ready.process
        folder = self._folder
        with open(folder / local.EVENTS, "ab") as events, open(folder / local.LOG, "ab") as log:
            return await _start(str(self._folder), self._home, order["environment"], events, log)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Pass on what the child says, until it has ended."""
        rest = b""
        with open(self._folder / local.EVENTS, "rb") as events:
            while True:
                over = process.returncode is not None  # before reading: then all can be read
                text = events.read(MOST_AT_ONCE)
                *lines, rest = (rest + text).split(b"\n")
                for line in lines:
                    self._pass_on(line)
                rest = rest if len(rest) <= MOST_AT_ONCE else b""  # no event is so long
                if not text:
                    if over:
                        return
                    await asyncio.sleep(_LOOK_EVERY)

    def _pass_on(self, text: bytes) -> None:
        line = text.decode("utf-8", "replace")
        # A library may have printed it.
        with contextlib.suppress(LookupError, TypeError, ValueError, RecursionError):
            if len(line) <= LONGEST and json.loads(line)["event"] in _LAST_WORDS:
                self._last = line
            elif len(line) <= LONGEST:
                self._said += 1
                self._worker.log_event(SAID, {**self._run, "line": line})

    async def _await_stop(self, process: asyncio.subprocess.Process) -> None:
        await self._desk.digits_await_stop(**self._run)
        _let_go(process)

    async def _mirror(self) -> None:
        while True:
            await asyncio.sleep(_MIRROR_EVERY)
            await self._send_snapshots()

    async def _send_snapshots(self) -> None:
        """Send those that are new, and tell which there are."""
        found: dict[str, int] = {}
        contents: dict[str, bytes] = {}
        for path in sorted((self._folder / local.SNAPSHOTS).glob("[0-9f]*")):
            with contextlib.suppress(OSError):  # it has just gone
                found[path.name] = path.stat().st_mtime_ns
                if self._sent.get(path.name) != found[path.name]:
                    contents[path.name] = path.read_bytes()
        if found != self._sent:
            await self._desk.digits_keep(**self._run, names=list(found), contents=contents)
            self._sent = found

    async def _data(self, digest: str, name: str) -> Path | None:
        """A file of MNIST with that digest: this machine's own, or brought now; None if neither."""
        kept = Path(self._worker.local_directory) / digest[:16] / Path(name).name
        for path in (kept, *mnist_places()):
            if path.is_file() and await asyncio.to_thread(files.digest, path) == digest:
                return path
        content = await self._desk.digits_data(digest=digest)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            return None
        kept.parent.mkdir(exist_ok=True)
        with files.written(kept, durable=False) as file:
            file.write(content)
        return kept


def _new_home() -> "tempfile.TemporaryDirectory[str]":
    """Where a run's child finds and leaves all: in the worker's own folder, which Dask takes away
    if it was killed."""
    folder = get_worker().local_directory
    return tempfile.TemporaryDirectory(prefix="run-", dir=folder, ignore_cleanup_errors=True)


async def _start(
    folder: str, home: Path, more: Mapping[str, str], events: Any, log: Any
) -> asyncio.subprocess.Process:
    """A child process that trains what it finds in `folder`. Raises OSError."""
    words, environment = local.command(folder)
    environment |= dict(more) | {"DIGIT_CLASSIFIER_HOME": str(home)}
    environment.pop(interface.SETTING, None)  # a model goes to the page server, which saves it
    if folder == local.LATER or (home / _MNIST).exists():
        environment["MNIST_NPZ"] = str(home / _MNIST)
    return await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=events,
        stderr=log,
        env=environment,
        start_new_session=True,
    )


def _lacks(address: str) -> str:
    return (
        f"The worker at {address} lacks the page's MNIST, and it could not be brought: name the "
        "same file there with MNIST_NPZ, or choose generated digits."
    )


def _let_go(process: asyncio.subprocess.Process) -> None:
    """End a child's standard input, its lifeline: it finishes early."""
    if process.stdin is not None:
        process.stdin.close()


async def _see_off(process: asyncio.subprocess.Process) -> None:
    """Wait for its end, which may need help."""
    try:
        await asyncio.wait_for(process.wait(), _LAST_SECONDS)
    except (TimeoutError, asyncio.CancelledError):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
