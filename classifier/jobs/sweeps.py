"""The sweeps of a server's visitors: started, found again, stopped.

What is known of a sweep is a record, see `shelf`, written by the thread that follows its runs. A
sweep ends with the server that began it.
"""

import enum
import json
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from classifier import files, limits
from classifier.config import SETTINGS, TrainConfig
from classifier.database.interface import CollectionError
from classifier.events import Event, Failed, Finished, Share
from classifier.jobs import queue, resources, shares
from classifier.jobs.grid import SEED, Row, Value, Values, rows
from classifier.jobs.run import JobError, Jobs, Run
from classifier.jobs.shelf import LONGEST, FileShelf, Shelf
from classifier.jobs.sweep import carry_out
from classifier.records import parsed, record
from classifier.rights import Action, Visitor

_LONGEST_ERROR = 500  # characters


@dataclass(frozen=True, kw_only=True)
class Part:
    """One run of a sweep.

    values: of the settings in which it differs from others, and of its seed
    run: its id; "" until it is submitted
    model, model_id, source: what it made, and of which data, see `Finished`; "" if nothing
    test_accuracy: of that, 0–1; stopped: it ended early on request
    seconds: from its submission to its end; error: why it ended without a model
    """

    values: dict[str, Value]
    run: str = ""
    model: str = ""
    model_id: str = ""
    source: str = ""
    test_accuracy: Share | None = None
    stopped: bool = False
    seconds: float = 0.0
    error: str = ""

    @property
    def is_over(self) -> bool:
        """Whether its run has ended."""
        return bool(self.model or self.error)

    @property
    def accuracy(self) -> float | None:
        """Its test accuracy, 0–1, if it has learned to its end."""
        return None if self.stopped else self.test_accuracy


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is stored of a sweep.

    owner: the visitor's digest; settings: those that all runs have, see `TrainConfig`
    over: whether no more is to come; why: what was in the way of its other runs
    """

    owner: str
    settings: dict[str, str | int | float | bool | None]
    parts: list[Part]
    over: bool = False
    why: str = ""


class SweepState(enum.Enum):
    """Where a sweep stands."""

    RUNNING = "its runs wait, or are at work"
    STOPPING = "it was asked to stop, and its runs end within a batch"
    FINISHED = "all its runs have ended"
    STOPPED = "it ended early on request"
    CUT_SHORT = "it ended before all its runs had begun; `Record.why` says why"
    LOST = "it ended with the server that followed it"


@dataclass(frozen=True)
class Sweep:
    """A sweep as it was when it was looked at."""

    id: str
    record: Record
    state: SweepState

    @property
    def is_on(self) -> bool:
        """Whether more is to come."""
        return self.state in (SweepState.RUNNING, SweepState.STOPPING)

    @property
    def rows(self) -> list[Row]:
        """What the runs of each setting have come to so far."""
        return rows([(part.values, part.accuracy) for part in self.record.parts])

    @property
    def seconds_left(self) -> float | None:
        """About how long its other runs will take, by those that have ended; None before that."""
        over = [part.seconds for part in self.record.parts if part.is_over]
        on = sum(bool(part.run) and not part.is_over for part in self.record.parts)
        left = len(self.record.parts) - len(over)
        return math.fsum(over) / len(over) * left / max(on, 1) if over else None


class Sweeps:
    """The sweeps of a server's visitors. Its methods may be called from any thread."""

    def __init__(self, jobs: Jobs, shelf: Shelf | None = None) -> None:
        """shelf: where their records are; files, unless another is given"""
        self._jobs, self._shelf = jobs, shelf or FileShelf()

    def start(self, configs: Sequence[TrainConfig], values: Sequence[Values], by: Visitor) -> Sweep:
        """Start a sweep, at once. Raises JobError, LimitError or NotAllowedError.

        values: in which the configs differ, one for each
        """
        by.check(Action.START_SWEEP)
        shares.check_sweep(configs, by)
        made = Record(
            owner=by.digest,
            settings=same(configs),
            parts=[Part(values=dict(one)) for one in values],
        )
        sweep_id = f"{time.time_ns():020d}-{by.digest[: queue.SHORT] or 'nobody'}"

        def check() -> None:
            shares.check_room(
                by, self._jobs.living().values(), self._shelf.on(by.digest), host=False
            )

        try:
            self._shelf.begin(sweep_id, by.digest, _packed(made), check)
        except CollectionError as error:
            raise JobError(f"The sweep cannot be started: {error}") from error
        except OSError as error:
            if files.lacks_space(error):
                raise JobError(resources.NO_SPACE) from error
            raise JobError(f"The sweep cannot be started: {error.strerror or error}.") from error
        follow = [sweep_id, made, list(configs), by]
        try:
            threading.Thread(target=self._follow, args=follow, daemon=True).start()
        except RuntimeError as error:  # no more threads
            why = resources.NO_MEMORY
            self._shelf.end(sweep_id, _packed(replace(made, over=True, why=why)))
            raise JobError(why) from error
        return Sweep(sweep_id, made, SweepState.RUNNING)

    def of(self, by: Visitor) -> Sweep | None:
        """This visitor's newest sweep, on or over; None if there is none."""
        found = self.find(self._shelf.newest(by.digest))
        return found if found and found.record.owner == by.digest else None

    def all(self, by: Visitor) -> list[Sweep]:
        """The sweeps of all visitors that are on. Raises NotAllowedError."""
        by.check(Action.LIST_ALL)
        return [sweep for one in self._shelf.on() if (sweep := self.find(one)) is not None]

    def find(self, sweep_id: str) -> Sweep | None:
        """The sweep of that id; None if there is none that can be read."""
        kept = self._shelf.get(sweep_id)
        if kept is None:
            return None
        try:
            known = record(Record, parsed(kept.content, LONGEST))
        except ValueError:
            return None
        if not _fits(known):
            return None
        stopped = kept.is_stopping
        if kept.is_on:
            state = SweepState.STOPPING if stopped else SweepState.RUNNING
        elif not known.over:
            state = SweepState.LOST
        elif known.why:
            state = SweepState.CUT_SHORT
        else:  # it may have been asked to stop when all was done
            whole = all(part.is_over and not part.stopped for part in known.parts)
            state = SweepState.STOPPED if stopped and not whole else SweepState.FINISHED
        return Sweep(sweep_id, known, state)

    def stop(self, sweep: Sweep, by: Visitor) -> None:
        """Ask all its runs to end and keep what they have learned, and begin no more. Raises
        NotAllowedError."""
        by.check(Action.STOP_SWEEP, owner=sweep.record.owner)
        self._shelf.stop(sweep.id)

    def _follow(
        self,
        sweep_id: str,
        made: Record,
        configs: list[TrainConfig],
        by: Visitor,
    ) -> None:
        """In a thread: carry out the sweep's runs, and write what becomes of them."""
        begun: dict[int, float] = {}
        parts = list(made.parts)

        def hear(number: int, run: Run, new: list[Event]) -> None:
            if run.id == parts[number].run and run.end is None:
                return
            since = begun.setdefault(number, time.monotonic())
            seconds = round(time.monotonic() - since, 1)
            parts[number] = _heard(replace(parts[number], run=run.id, seconds=seconds), run.end)
            self._shelf.write(sweep_id, _packed(replace(made, parts=parts)))

        why = "Something went wrong with this sweep."
        try:
            why = carry_out(
                self._jobs,
                configs,
                by,
                hear,
                lambda: self._shelf.is_stopping(sweep_id),
                sweep=sweep_id,
                seconds=math.inf if by.operator else limits.current().sweep_seconds,
            )
        finally:
            self._shelf.end(sweep_id, _packed(replace(made, parts=parts, over=True, why=why)))


def _heard(part: Part, end: Finished | Failed | None) -> Part:
    match end:
        case Finished():
            return replace(
                part,
                model=end.model,
                model_id=end.id,
                source=end.source,
                test_accuracy=end.test_accuracy,
                stopped=end.stopped,
            )
        case Failed():
            return replace(part, error=end.error[:_LONGEST_ERROR])
    return part


def _fits(known: Record) -> bool:
    """Whether its runs differ in settings that there are, and each has its seed."""
    kinds = {frozenset(part.values) for part in known.parts}
    return len(kinds) == 1 and {SEED} <= min(kinds) <= SETTINGS.keys()


def same(configs: Sequence[TrainConfig]) -> dict[str, str | int | float | bool | None]:
    """The settings that all of them have, as others may hear of them."""
    first, *others = (config.told().to_dict() for config in configs)
    return {name: value for name, value in first.items() if all(o[name] == value for o in others)}


def _packed(what: Record) -> bytes:
    return json.dumps(asdict(what)).encode()
