"""The sweeps of a server's visitors: started, found again, stopped.

What is known of a sweep is a record in `runs/.sweeps/`, written by the thread that follows its
runs. The sweep's ticket, see `queue`, tells whether that thread is still there: a sweep ends with
the server that began it.
"""

import contextlib
import enum
import json
import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import filelock

from classifier import files, limits
from classifier.config import TrainConfig, home, runs_folder
from classifier.events import Event, Failed, Finished, Share
from classifier.jobs import queue, resources, shares
from classifier.jobs.grid import Row, Value, Values, rows
from classifier.jobs.run import JobError, Jobs, Run
from classifier.jobs.sweep import carry_out
from classifier.records import parsed, record
from classifier.rights import Action, Visitor

_KEPT = 200  # records, of all visitors; of each the newest
_LONGEST = 2_000_000  # bytes of a record; one of a thousand runs has half of it
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

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

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
        ticket = filelock.FileLock(queue.sweep_ticket(sweep_id), thread_local=False)
        try:
            home().mkdir(mode=0o700, parents=True, exist_ok=True)
            with queue.entrance():
                shares.check_room(by, self._jobs.claims(), host=False)
                ticket.acquire(timeout=2)
                Path(ticket.lock_file).write_text(str(os.getpid()), encoding="ascii")
            _remove_old(by)
            _write(sweep_id, made)
            follow = [sweep_id, made, list(configs), by, ticket]
            threading.Thread(target=self._follow, args=follow, daemon=True).start()
        except OSError as error:
            _give_back(ticket)
            if files.lacks_space(error):
                raise JobError(resources.NO_SPACE) from error
            raise JobError(f"The sweep cannot be started: {error.strerror or error}.") from error
        except RuntimeError as error:  # no more threads
            _give_back(ticket)
            raise JobError(resources.NO_MEMORY) from error
        return Sweep(sweep_id, made, SweepState.RUNNING)

    def of(self, by: Visitor) -> Sweep | None:
        """This visitor's newest sweep, on or over; None if there is none."""
        own = sorted(_folder().glob(f"*-{by.digest[: queue.SHORT] or 'nobody'}.json"))
        found = self.find(own[-1].stem) if own else None
        return found if found and found.record.owner == by.digest else None

    def all(self, by: Visitor) -> list[Sweep]:
        """The sweeps of all visitors that are on. Raises NotAllowedError."""
        by.check(Action.LIST_ALL)
        return [sweep for one in queue.sweeps_on() if (sweep := self.find(one)) is not None]

    def find(self, sweep_id: str) -> Sweep | None:
        """The sweep of that id; None if there is none that can be read."""
        # Before reading: who gives the ticket back has written all. Until then its share is taken.
        is_on = queue.is_held(queue.sweep_ticket(sweep_id))
        try:
            known = record(Record, parsed(files.content(_file(sweep_id), _LONGEST + 1), _LONGEST))
        except (OSError, ValueError):
            return None
        stopped = _stop_sign(sweep_id).exists()
        if is_on:
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
        with contextlib.suppress(OSError):  # the folder is gone, and the sweep with it
            _stop_sign(sweep.id).touch()

    def _follow(
        self,
        sweep_id: str,
        made: Record,
        configs: list[TrainConfig],
        by: Visitor,
        ticket: filelock.BaseFileLock,
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
            with contextlib.suppress(OSError):  # the next may be written, and the runs go on
                _write(sweep_id, replace(made, parts=parts))

        why = "Something went wrong with this sweep."
        try:
            why = carry_out(
                self._jobs,
                configs,
                by,
                hear,
                _stop_sign(sweep_id).exists,
                sweep=sweep_id,
                seconds=math.inf if by.operator else limits.current().sweep_seconds,
            )
        finally:
            with contextlib.suppress(OSError):
                _write(sweep_id, replace(made, parts=parts, over=True, why=why))
            _give_back(ticket)


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


def same(configs: Sequence[TrainConfig]) -> dict[str, str | int | float | bool | None]:
    """The settings that all of them have, as others may hear of them."""
    first, *others = (config.told().to_dict() for config in configs)
    return {name: value for name, value in first.items() if all(o[name] == value for o in others)}


def _folder() -> Path:
    return runs_folder() / ".sweeps"


def _file(sweep_id: str) -> Path:
    return _folder() / f"{sweep_id}.json"


def _stop_sign(sweep_id: str) -> Path:
    """A file that is there if the sweep is to stop: other servers on the folder see it, too."""
    return _folder() / f"{sweep_id}.stop"


def _write(sweep_id: str, what: Record) -> None:
    _folder().mkdir(parents=True, exist_ok=True)
    with files.written(_file(sweep_id), durable=False) as file:
        file.write(json.dumps(asdict(what)).encode())


def _remove_old(by: Visitor) -> None:
    """Take away this visitor's former sweeps, which have ended, and the oldest of all."""
    records = sorted(_folder().glob("*.json"), reverse=True)
    own = f"-{by.digest[: queue.SHORT] or 'nobody'}"
    for newer, file in enumerate(records, 1):
        if (newer >= _KEPT or file.stem.endswith(own)) and not queue.is_held(
            queue.sweep_ticket(file.stem)
        ):
            file.unlink(missing_ok=True)
            _stop_sign(file.stem).unlink(missing_ok=True)


def _give_back(ticket: filelock.BaseFileLock) -> None:
    ticket.release()
    Path(ticket.lock_file).unlink(missing_ok=True)
