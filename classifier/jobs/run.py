"""A training run as whoever follows it sees it: its events, and its state; and what a page asks of
those who carry runs out.

Knows nothing of how that is done: in a child process here (`local`) or of a page server with the
same database (`shared`), or on a worker of a cluster (`cluster`).
"""

import contextlib
import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from classifier.config import TrainConfig
from classifier.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Progress,
    Restarted,
    Started,
    from_json,
)
from classifier.jobs.queue import Claim
from classifier.rights import OPERATOR, Action, Visitor

if TYPE_CHECKING:
    from classifier.ink.drawings import Contents

MOST_AT_ONCE = 1_000_000  # bytes of events that are read; none of them is so long


class JobError(RuntimeError):
    """A run could not be started; the message says why and what to do."""


class RunState(enum.Enum):
    """Where a run stands."""

    WAITING = "it has not begun; others may go first, see `Run.place`"
    RUNNING = "it is at work"
    STOPPING = "it was asked to stop, and ends within a batch"
    FINISHED = "its model is tested and saved"
    STOPPED = "the same, but it ended early on request"
    FAILED = "it ended without a model, and said why"
    LOST = "it ended without a last word; `Run.error` has what is known of why"


class Work(Protocol):
    """How one run is carried out."""

    def said_after(self, offset: int) -> bytes:
        """The run's events from this byte on, MOST_AT_ONCE bytes at most: lines of JSON, the
        last perhaps in part."""

    def death(self) -> str | None:
        """None while more events may follow; then why it ended, should no event say so."""

    def stop(self) -> None:
        """Ask it to end and keep what it has learned; nothing happens if it has ended."""


class Run:
    """One run, followed from its beginning. Each page has its own; not for several threads at once.

    owner: digest of the visitor whose it is; "" for nobody
    started, progress: the last such event, or None; epochs: all that have ended
    attempt: 1, or more where the machines that carried it out before are gone
    end: its last word, or what is known of its death; None while it is on
    """

    def __init__(self, id: str, work: Work, owner: str = "") -> None:
        self.id = id
        self.owner = owner
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.epochs: list[EpochEnded] = []
        self.attempt = 1
        self.end: Finished | Failed | None = None
        self._work = work
        self._offset = 0  # bytes that were taken in
        self._is_stopping = self._is_lost = False

    def look(self) -> list[Event]:
        """Take in what is new, and return it. What is no event is passed over: a library may have
        printed it."""
        new: list[Event] = []
        if self.end is not None:
            return new
        death = self._work.death()  # before reading: then all its events can be read
        while text := self._work.said_after(self._offset):
            whole = text[: text.rfind(b"\n") + 1]
            if not whole and len(text) < MOST_AT_ONCE:
                break  # the rest of the line is still to come
            self._offset += len(whole or text)
            for line in whole.split(b"\n"):
                with contextlib.suppress(ValueError):
                    new.append(from_json(line.decode("utf-8", "replace")))
                    self.add(new[-1])
        if death is not None and self.end is None:
            self._is_lost = True
            self.end = Failed(error=death)
            new.append(self.end)
        return new

    def add(self, event: Event) -> None:
        """Take in the run's next event."""
        match event:
            case Started():
                self.started = event
            case Progress():
                self.progress = event
            case EpochEnded():
                self.epochs.append(event)
            case Restarted():
                self.started = self.progress = None
                self.epochs.clear()
                self.attempt = event.attempt
            case Finished() | Failed():
                self.end = event

    def stop(self, by: Visitor) -> None:
        """Ask it to end and keep what it has learned; nothing happens if it has ended. Raises
        NotAllowedError."""
        by.check(Action.STOP_RUN, owner=self.owner)
        self._is_stopping = True
        self._work.stop()

    @property
    def state(self) -> RunState:
        """Where it stood at the last look."""
        match self.end:
            case Finished(stopped=stopped):
                return RunState.STOPPED if stopped else RunState.FINISHED
            case Failed():
                return RunState.LOST if self._is_lost else RunState.FAILED
        if self._is_stopping:
            return RunState.STOPPING
        return RunState.RUNNING if self.started else RunState.WAITING

    @property
    def place(self) -> int:
        """How many runs go first, while it waits; 0 while it has not said so."""
        return (self.progress and self.progress.place) or 0

    @property
    def result(self) -> Finished | None:
        """What it made, once it has."""
        return self.end if isinstance(self.end, Finished) else None

    @property
    def error(self) -> str:
        """Why it ended without a model; "" otherwise."""
        return self.end.error if isinstance(self.end, Failed) else ""


class Jobs(ABC):
    """Starts and finds runs. One object serves all sessions of a server; its methods may be called
    from any thread, and wait for no other machine, but for the database when a run begins."""

    @property
    @abstractmethod
    def side_by_side(self) -> int:
        """How many runs are carried out at a time; 1 at least."""

    @abstractmethod
    def get_ready(self) -> None:
        """Somebody may start a run soon: prepare for it, at once."""

    @abstractmethod
    def submit(
        self,
        config: TrainConfig,
        drawn: "Contents | None" = None,
        by: Visitor = OPERATOR,
        *,
        host: bool = False,
        sweep: str = "",
    ) -> Run:
        """Start a run, at once. Raises JobError if it cannot be started, LimitError, or
        NotAllowedError.

        drawn: what the file `config.drawings`, then a bare name that ends in .npz, shall hold; it
        is stored until the run ends
        by: whose run it is; host: whether a class waits for it
        sweep: of which of this visitor's sweeps it is a run, whose share it takes; "" for none
        """

    @abstractmethod
    def find(self, run_id: str) -> Run | None:
        """The run of that id, to be followed from its beginning; None if there is none."""

    @abstractmethod
    def living(self) -> Mapping[str, Claim]:
        """The runs that wait or are at work, as far as is known here, by their ids, in the order of
        their coming."""

    def of(self, visitor: Visitor) -> Run | None:
        """The newest run of this visitor that waits or is at work, and is none of a sweep; None if
        there is none."""
        living = self.living().items()
        own = [n for n, it in living if it.owner == visitor.digest and not it.sweep]
        return self.find(own[-1]) if own and visitor.digest else None

    def all(self, by: Visitor) -> list[Run]:
        """The runs of all visitors that wait or are at work. Raises NotAllowedError."""
        by.check(Action.LIST_ALL)
        return [run for one in self.living() if (run := self.find(one)) is not None]

    @abstractmethod
    def snapshots_of(self, run_id: str) -> Path:
        """The folder of a run's networks, epoch by epoch, as far as they have come."""

    @abstractmethod
    def close(self) -> None:
        """This server ends."""
