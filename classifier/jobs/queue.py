"""Who goes first: one run trains at a time; of those that wait, whose visitor has trained least.

Each run has a ticket in `runs/.queue/`. It is held by a lock that the system releases when the
run's process ends, however it ends. So is the turn, which one run at a time holds. What counts for
a run's place is in its own folder, its `Claim`.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from classifier import files
from classifier.config import runs_folder
from classifier.events import Event, Progress
from classifier.records import parsed, record

_GRACE = 10.0  # seconds in which a new child takes its ticket
_LOOK_EVERY = 0.2  # seconds between two looks at the queue
SHORT = 16  # characters of the owner's digest with which a sweep's id ends
CLAIM, TRAINED = "claim.json", "trained"  # in a run's folder
_LONGEST_CLAIM = 1_000  # bytes
_TURN, _AT_WORK = "turn", "at-work"  # the lock, and which run has it


@dataclass(frozen=True)
class Claim:
    """Whose a run is, and what counts for its place among those that wait.

    owner: the visitor's digest; "" for nobody
    host: whether a class waits for it, whose host goes before others
    trained: seconds that the same owner's runs have trained before
    sweep: of which sweep it is a run; "" for none
    """

    owner: str = ""
    host: bool = False
    trained: float = 0.0
    sweep: str = ""

    def rank(self, run_id: str) -> tuple[bool, float, str]:
        """What is least goes first."""
        return (not self.host, self.trained, run_id)


def ticket_of(run_id: str) -> Path:
    """Where a run's ticket is, while it has one."""
    return _folder() / f"{run_id}.lock"


def sweep_ticket(sweep_id: str) -> Path:
    """Where a sweep's ticket is while it is on, whether or not one of its runs waits or trains."""
    return _folder() / f"{sweep_id}.sweep"


def sweeps_on(owner: str = "*") -> list[str]:
    """The sweeps that are on, by their ids, of this visitor or of all."""
    tickets = _folder().glob(f"*-{owner[:SHORT] or 'nobody'}.sweep")
    return sorted(ticket.stem for ticket in tickets if is_held(ticket))


def enter(run_id: str, claim: Claim) -> None:
    """Give a run, whose folder exists, its claim and its ticket, which its process is to take
    within a few seconds. Raises OSError."""
    (runs_folder() / run_id / CLAIM).write_text(json.dumps(asdict(claim)), encoding="utf-8")
    ticket_of(run_id).touch()


@contextlib.contextmanager
def entrance() -> Iterator[None]:
    """Nobody else enters while the body runs. Raises OSError."""
    _folder().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(_folder() / "entrance"):
        yield


def claim_of(run_id: str) -> Claim:
    """Whose that run is; nobody's if it does not say."""
    try:
        claim = files.content(runs_folder() / run_id / CLAIM, _LONGEST_CLAIM + 1)
        return record(Claim, parsed(claim, _LONGEST_CLAIM))
    except (OSError, ValueError):
        return Claim()


def alive() -> list[str]:
    """The runs that wait or are at work, by their ids."""
    return sorted(ticket.stem for ticket in _folder().glob("*.lock") if is_held(ticket))


def trained_by(owner: str) -> float:
    """Seconds that this visitor's runs have trained, as far as they are still stored."""
    seconds = 0.0
    for folder in runs_folder().glob("*/"):
        with contextlib.suppress(OSError, ValueError):
            if claim_of(folder.name).owner == owner:
                seconds += float(files.content(folder / TRAINED))
    return seconds


def is_held(ticket: Path) -> bool:
    """Whether a live process holds this ticket, or may still be about to."""
    try:
        found = ticket.stat()
        with filelock.FileLock(ticket, timeout=0):
            # Given back in between, it was made anew by this very look.
            locked = ticket.stat()
            is_same = (locked.st_ino, locked.st_mtime_ns) == (found.st_ino, found.st_mtime_ns)
            age = time.time() - found.st_mtime
            if is_same and 0 <= age < _GRACE and found.st_size == 0:
                return True
            ticket.unlink(missing_ok=True)
            return False
    except FileNotFoundError:
        return False
    except filelock.Timeout:
        return True


@contextlib.contextmanager
def turn(run_id: str, emit: Callable[[Event], None], stop: threading.Event) -> Iterator[None]:
    """In the run's process: wait until it is this run's turn; hold it while the body runs.

    Tells the place in the queue whenever it changes. Leaves early if `stop` is set.
    """
    ticket = ticket_of(run_id)
    ticket.parent.mkdir(parents=True, exist_ok=True)
    has_turn = filelock.FileLock(ticket.parent / _TURN)
    with filelock.FileLock(ticket):
        ticket.write_text(str(os.getpid()))
        told = None
        try:
            while not stop.is_set():
                place = _ahead_of(run_id)
                if not place and _taken(has_turn, run_id):
                    break
                place = max(place, 1)  # it was taken a moment ago
                if place != told:
                    emit(Progress(stage="waiting", place=place))
                    told = place
                time.sleep(_LOOK_EVERY * min(place, 10))
            begun = time.monotonic()
            try:
                yield
            finally:
                with contextlib.suppress(OSError):  # it counts for the next run's place alone
                    seconds = f"{time.monotonic() - begun:.1f}"
                    (runs_folder() / run_id / TRAINED).write_text(seconds, encoding="ascii")
        finally:
            has_turn.release()
            ticket.unlink(missing_ok=True)


def _folder() -> Path:
    return runs_folder() / ".queue"


def _ahead_of(run_id: str) -> int:
    """How many runs go before this one, the one at work among them."""
    mine = claim_of(run_id).rank(run_id)
    at_work = _at_work()
    others = [one for one in alive() if one != run_id]
    return sum(one == at_work or claim_of(one).rank(one) < mine for one in others)


def _at_work() -> str:
    try:
        return files.content(_folder() / _AT_WORK).decode("ascii")
    except (OSError, ValueError):
        return ""


def _taken(has_turn: filelock.BaseFileLock, run_id: str) -> bool:
    try:
        has_turn.acquire(timeout=0)
    except filelock.Timeout:
        return False
    (_folder() / _AT_WORK).write_text(run_id, encoding="ascii")
    return True
