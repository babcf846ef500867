"""The runs of a cluster: those that wait or are at work, in their order, what they have said and
made, and for how long. Kept on its scheduler by `desk`, with which it is sent there as source.

Imports nothing of this project, and knows no Dask: what a run is told to do is for its worker.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TRAINING = "training"  # a worker's resource: so many runs at a time
VERSION = "digit-classifier-version-"  # begins the name of a resource that tells a worker's version
SAID = "digit-classifier-said"  # the topic on which workers tell what a run says
LONGEST = 100_000  # characters of a line; the longest, of a model that is finished, has 10,000
LOST = "lost"  # in place of an event's name: why a run ended that said nothing itself
_MOST_ALIVE = 200  # runs that wait or are at work, whatever page servers allow
_MOST_BYTES = 400_000_000  # of orders, models and snapshots; the oldest snapshots go first
_KEPT, _KEPT_SECONDS = 40, 6 * 3600.0  # runs that have ended
_MOST_LINES = 5_000  # of a run; it may have 500 epochs, and progress in between
_MOST_OWNERS = 10_000  # whose trained seconds are known
Order = Mapping[str, Any]  # what a worker is told to do


@dataclass
class Entry:
    """One run."""

    id: str
    owner: str
    host: bool
    sweep: str  # of which it is a run; "" for none
    trained: float  # seconds, by the same owner, before it came
    came: int
    order: Order
    attempt: int = 0  # 0: no worker was at it
    worker: str = ""  # that is at it
    heard: int = 0  # lines of that worker
    number: int = 0  # of its last line
    told: list[tuple[int, str]] = field(default_factory=list)  # by number, from 1
    place: tuple[int, str] = (0, "")  # that was told: how many go first, and a note
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: float | None = None  # when, by the monotonic clock
    model: Mapping[str, bytes] = field(default_factory=dict)
    snapshots: dict[str, bytes] = field(default_factory=dict)
    last_kind: str = ""

    def rank(self) -> tuple[bool, float, int]:
        """What is least goes first, as in `queue.Claim`."""
        return (not self.host, self.trained, self.came)

    def bytes(self) -> int:
        """All that it holds."""
        return _size(self.order) + _size(self.model) + _size(self.snapshots)

    def add(self, line: str) -> bool:
        """Number a line, and keep it; whether there was room. Of progress only the newest is kept,
        and nothing of the attempts before. Raises what JSON of unknown origin may raise."""
        kind = json.loads(line)["event"]
        if kind == "restarted":
            self.told.clear()
        elif kind == self.last_kind == "progress":
            self.told.pop()
        elif len(self.told) >= _MOST_LINES and kind in ("epoch", "progress"):
            return False
        self.number += 1
        self.told.append((self.number, line))
        self.last_kind = kind
        return True


class Book:
    """The runs by their ids, in the order of their coming."""

    def __init__(self) -> None:
        self.runs: dict[str, Entry] = {}
        self._came = 0
        self._trained: dict[str, float] = {}  # seconds by owner

    def enter(
        self, run: str, owner: str, host: bool, sweep: str, order: Order, most: Sequence[int]
    ) -> bool:
        """Take a run; whether there was room for it. A second time it changes nothing.

        most: runs that one owner may have, and all together without hosts; a sweep counts as one,
        and once it is on, its runs are not too many for all
        """
        if run in self.runs:
            return True
        alive = self.alive()
        own = {one.sweep or one.id for one in alive if one.owner == owner} - {sweep}
        others = {one.sweep or one.id for one in alive if not one.host}
        if len(own) >= most[0] or (not host and not sweep and len(others) >= most[1]):
            return False
        size = sum(one.bytes() for one in alive) + _size(order)
        if len(alive) >= _MOST_ALIVE or size > _MOST_BYTES:
            return False
        self._came += 1
        trained = self._trained.get(owner, 0.0)
        self.runs[run] = Entry(run, owner, host, sweep, trained, self._came, order)
        return True

    def alive(self) -> list[Entry]:
        """Those at work, then those that wait, in their order."""
        alive = [run for run in self.runs.values() if run.ended is None]
        return sorted(alive, key=lambda run: (not run.worker, run.rank()))

    def ended(self) -> list[Entry]:
        """Those that are over and kept, the newest first."""
        ended = [run for run in self.runs.values() if run.ended is not None]
        return sorted(ended, key=lambda run: run.ended or 0.0, reverse=True)

    def current(self, run: str, attempt: int) -> Entry | None:
        """The run, if it is on and this is its attempt."""
        found = self.runs.get(run)
        return found if found and found.ended is None and found.attempt == attempt else None

    def count(self, owner: str, seconds: float) -> None:
        """A run of this owner has trained so long; who trained last is remembered longest."""
        self._trained[owner] = self._trained.pop(owner, 0.0) + seconds
        while len(self._trained) > _MOST_OWNERS:
            del self._trained[next(iter(self._trained))]

    def tidy(self) -> None:
        """Let go of what is too old, or too much."""
        for kept, run in enumerate(self.ended()):
            if kept >= _KEPT or time.monotonic() - (run.ended or 0.0) > _KEPT_SECONDS:
                del self.runs[run.id]
        size = sum(run.bytes() for run in self.runs.values())
        for run in (*reversed(self.ended()), *self.runs.values()):
            if size > _MOST_BYTES:
                size -= _size(run.snapshots)
                run.snapshots = {}


def _size(held: object) -> int:
    """Bytes of all that is in a mapping."""
    if isinstance(held, bytes):
        return len(held)
    inside: Iterable[object] = held.values() if isinstance(held, Mapping) else ()
    return sum(map(_size, inside))


def free_workers(
    resources: Mapping[str, Mapping[str, float]], version: str, busy: Sequence[str]
) -> tuple[list[str], str]:
    """Which workers take the next runs; and, if none ever could, why not.

    resources: of each worker, by its address; busy: the workers of the runs that are on
    Each is there as often as it has room for a run, and those come first that have fewest.
    """
    free: list[tuple[int, str]] = []
    lack: str | None = "It waits for a worker, and none is connected"
    for address, has in resources.items():
        room = int(has.get(TRAINING, 0))
        versions = [name.removeprefix(VERSION) for name in has if name.startswith(VERSION)]
        if room and versions == [version]:
            lack = None
            free += [(taken, address) for taken in range(busy.count(address), room)]
        elif room and lack is not None:
            lack = (
                f"The worker at {address} runs version {', '.join(versions) or 'unknown'} of Digit "
                f"Classifier, this page version {version}: start it anew"
            )
    return [address for _, address in sorted(free)], lack or ""
