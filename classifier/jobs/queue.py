"""Who goes first: one run trains at a time, in the order of their ids.

Each run has a ticket in `runs/.queue/`. It is held by a lock that the system releases when the
run's process ends, however it ends; a run has its turn when no older ticket is held.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from classifier.config import runs_folder
from classifier.events import Event, Progress

_GRACE = 10.0  # seconds in which a new child takes its ticket
_LOOK_EVERY = 0.2  # seconds between two looks at the queue


def ticket_of(run_id: str) -> Path:
    """Where a run's ticket is, while it has one."""
    return runs_folder() / ".queue" / f"{run_id}.lock"


def enter(run_id: str) -> None:
    """Give a run its ticket, which its process is to take within a few seconds. Raises OSError."""
    ticket = ticket_of(run_id)
    ticket.parent.mkdir(exist_ok=True)
    ticket.touch()


def is_held(ticket: Path) -> bool:
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
def turn(run_id: str, emit: Callable[[Event], None], stop: threading.Event) -> Iterator[None]:
    """In the run's process: wait until no older run is at work; hold the turn while the body runs.

    Tells the place in the queue whenever it changes. Leaves early if `stop` is set.
    """
    ticket = ticket_of(run_id)
    ticket.parent.mkdir(exist_ok=True)
    with filelock.FileLock(ticket):
        ticket.write_text(str(os.getpid()))
        told = None
        while not stop.is_set():
            older = [t for t in ticket.parent.glob("*.lock") if t.name < ticket.name]
            place = sum(is_held(t) for t in older)
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
