"""Where the records of sweeps are, and which sweeps are on: files of this server's home, or the
database, where one is named. Knows nothing of what is in a record.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import filelock

from classifier import files
from classifier.config import home, runs_folder
from classifier.jobs import queue

LONGEST = 2_000_000  # bytes of a record; one of a thousand runs has half of it
_KEPT = 200  # records, of all visitors; of each the newest


@dataclass(frozen=True)
class Kept:
    """A sweep as it is kept.

    content: its record; is_on: whether who follows it is there; is_stopping: it was asked to stop
    """

    content: bytes
    is_on: bool
    is_stopping: bool


class Shelf(Protocol):
    """Keeps the records. Its methods may be called from any thread; no page waits in them for
    another machine, but for the database when a sweep begins."""

    def begin(self, sweep_id: str, owner: str, content: bytes, check: Callable[[], None]) -> None:
        """Keep a new sweep, which this server follows from now on, and no former one of its owner.
        Raises OSError, CollectionError, and what `check` does, which says whether there is room;
        meanwhile nobody else enters."""

    def write(self, sweep_id: str, content: bytes) -> None:
        """Its record is another one now."""

    def end(self, sweep_id: str, content: bytes) -> None:
        """The same, and nobody follows it any more."""

    def get(self, sweep_id: str) -> Kept | None:
        """That one; None if there is none."""

    def newest(self, owner: str) -> str:
        """The newest sweep of a visitor, by its id; "" if there is none."""

    def on(self, owner: str = "*") -> list[str]:
        """The sweeps that are on, by their ids, of this visitor or of all."""

    def stop(self, sweep_id: str) -> None:
        """Ask whoever follows it to stop it."""

    def is_stopping(self, sweep_id: str) -> bool:
        """Whether it was asked to stop."""


class FileShelf:
    """A file for each in `runs/.sweeps/`, which other servers on the folder see, too, and a ticket,
    see `queue`, which is held as long as its server lives. As `Shelf` says."""

    def __init__(self) -> None:
        self._tickets: dict[str, filelock.BaseFileLock] = {}

    def begin(self, sweep_id: str, owner: str, content: bytes, check: Callable[[], None]) -> None:
        """See `Shelf`."""
        ticket = filelock.FileLock(queue.sweep_ticket(sweep_id), thread_local=False)
        home().mkdir(mode=0o700, parents=True, exist_ok=True)
        with queue.entrance():
            check()
            ticket.acquire(timeout=2)
        self._tickets[sweep_id] = ticket
        try:
            Path(ticket.lock_file).write_text(str(os.getpid()), encoding="ascii")
            _remove_old(owner)
            _write(sweep_id, content)
        except OSError:
            self._give_back(sweep_id)
            raise

    def write(self, sweep_id: str, content: bytes) -> None:
        """See `Shelf`."""
        with contextlib.suppress(OSError):  # the next may be written, and the runs go on
            _write(sweep_id, content)

    def end(self, sweep_id: str, content: bytes) -> None:
        """See `Shelf`."""
        self.write(sweep_id, content)
        self._give_back(sweep_id)

    def get(self, sweep_id: str) -> Kept | None:
        """See `Shelf`."""
        # Before reading: who gives the ticket back has written all. Until then its share is taken.
        is_on = queue.is_held(queue.sweep_ticket(sweep_id))
        try:
            content = files.content(_file(sweep_id), LONGEST + 1)
        except (OSError, ValueError):
            return None
        return Kept(content, is_on, self.is_stopping(sweep_id))

    def newest(self, owner: str) -> str:
        """See `Shelf`."""
        own = _folder().glob(f"*-{owner[: queue.SHORT] or 'nobody'}.json")
        return max((file.stem for file in own), default="")

    def on(self, owner: str = "*") -> list[str]:
        """See `Shelf`."""
        return queue.sweeps_on(owner)

    def stop(self, sweep_id: str) -> None:
        """See `Shelf`."""
        with contextlib.suppress(OSError):  # the folder is gone, and the sweep with it
            _stop_sign(sweep_id).touch()

    def is_stopping(self, sweep_id: str) -> bool:
        """See `Shelf`."""
        return _stop_sign(sweep_id).exists()

    def _give_back(self, sweep_id: str) -> None:
        ticket = self._tickets.pop(sweep_id)
        ticket.release()
        Path(ticket.lock_file).unlink(missing_ok=True)


def _folder() -> Path:
    return runs_folder() / ".sweeps"


def _file(sweep_id: str) -> Path:
    return _folder() / f"{sweep_id}.json"


def _stop_sign(sweep_id: str) -> Path:
    """A file that is there if the sweep is to stop."""
    return _folder() / f"{sweep_id}.stop"


def _write(sweep_id: str, content: bytes) -> None:
    _folder().mkdir(parents=True, exist_ok=True)
    with files.written(_file(sweep_id), durable=False) as file:
        file.write(content)


def _remove_old(owner: str) -> None:
    """Take away this visitor's former sweeps, which have ended, and the oldest of all."""
    records = sorted(_folder().glob("*.json"), reverse=True)
    own = f"-{owner[: queue.SHORT] or 'nobody'}"
    for newer, file in enumerate(records, 1):
        if (newer >= _KEPT or file.stem.endswith(own)) and not queue.is_held(
            queue.sweep_ticket(file.stem)
        ):
            file.unlink(missing_ok=True)
            _stop_sign(file.stem).unlink(missing_ok=True)
