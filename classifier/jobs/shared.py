"""Runs and sweeps where several page servers have one database: `run.Jobs` of a server whose runs
are its child processes, and which finds, follows and stops those of the others, too; and the
records of all sweeps, wherever their runs are carried out.

Pages of the server that carries a run out follow its files, so it goes on while the database is
away. Its end is told there when the database has it, so that all servers tell the same. Of its
snapshots the others know nothing.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.config import TrainConfig
from classifier.database.interface import CollectionError
from classifier.events import Failed, Finished, Progress, to_json
from classifier.jobs import local, queue, shares
from classifier.jobs.board import RUN, SWEEP, Board, News, Own, Reader
from classifier.jobs.local import LocalJobs
from classifier.jobs.queue import Claim
from classifier.jobs.run import MOST_AT_ONCE, JobError, Jobs, Run, RunState, Work
from classifier.jobs.shelf import Kept
from classifier.rights import OPERATOR, Action, Visitor

if TYPE_CHECKING:
    from classifier.ink.drawings import Contents

_END = re.compile(rb'^\{"event": "(finished|failed)"', re.MULTILINE)
_MOST_SAID = 1_000_000  # bytes of what a run says that lasts; 500 epochs have a tenth of it
_PATIENCE = 30.0  # seconds for which the next run of a sweep waits for the database
_TRY_EVERY = 0.5
_LAST = 5.0  # seconds in which the database hears of the ends of a server's runs
_GONE = (
    "The page server that carried this run out is gone. What the run had learned may be among the "
    "saved models; if it is not, train again."
)


@dataclass(frozen=True)
class _Here:
    """The `Work` of a run whose files are here."""

    id: str
    work: Work
    board: Board

    def said_after(self, offset: int) -> bytes:
        text = self.work.said_after(offset)
        end = _END.search(text) if self._is_behind() else None
        return text[: end.start()] if end else text

    def death(self) -> str | None:
        return None if self._is_behind() else self.work.death()

    def stop(self) -> None:
        self.work.stop()

    def _is_behind(self) -> bool:
        """Whether the database lacks its end, and could have it."""
        return not self.board.trouble and self.board.is_own(self.id)


@dataclass(frozen=True)
class _Elsewhere:
    """The `Work` of a run that another server carries out, or did."""

    reader: Reader
    board: Board

    def said_after(self, offset: int) -> bytes:
        return bytes(self.board.read(self.reader)[offset : offset + MOST_AT_ONCE])

    def death(self) -> str | None:
        job = self.board.jobs.get(self.reader.id)
        if job is not None and (job.is_on or self.reader.said < job.said):
            return None
        return (job and job.why) or _GONE

    def stop(self) -> None:
        self.board.stop(self.reader.id)


@dataclass
class _Told:
    """What is told of a run of this server to the others."""

    run: Run
    size: int = 0  # characters that last

    def news(self) -> News | None:
        """What it has said since it was asked last."""
        new = self.run.look()
        if not new:
            return None
        why = self.run.error.replace("\0", "") if self.run.state is RunState.LOST else ""
        lasting = ""
        for event in new[:-1] if why else new:
            full = self.size + len(lasting) > _MOST_SAID
            if isinstance(event, Finished | Failed) or not (full or isinstance(event, Progress)):
                lasting += to_json(event) + "\n"
        self.size += len(lasting)
        passing = to_json(new[-1]) + "\n" if isinstance(new[-1], Progress) else ""
        return News(lasting.encode(), passing.encode(), self.run.end is not None, why)


class SharedJobs(Jobs):
    """Starts runs as child processes, and finds those of all servers."""

    side_by_side = 1  # see `queue`

    def __init__(self, board: Board) -> None:
        self._board = board
        self._here = LocalJobs()

    def get_ready(self) -> None:
        """As `run.Jobs` says."""
        self._here.get_ready()

    def submit(
        self,
        config: TrainConfig,
        drawn: "Contents | None" = None,
        by: Visitor = OPERATOR,
        *,
        host: bool = False,
        sweep: str = "",
    ) -> Run:
        """As `run.Jobs` says, but it asks the database whether there is room, which takes some
        milliseconds; where that is away the run is refused."""
        by.check(Action.START_RUN)
        shares.check_length(config, by)
        run_id, claim = local.new_id(), Claim(by.digest, host, sweep=sweep)
        end = time.monotonic() + (_PATIENCE if sweep else 0.0)
        while True:
            try:
                work = self._here.begin(
                    run_id, config, drawn, claim, lambda: self._enter(run_id, claim, by)
                )
                break
            except CollectionError as error:
                if time.monotonic() >= end:
                    self._board.forget(run_id)
                    raise JobError(f"The run cannot be started: {error}") from error
                time.sleep(_TRY_EVERY)
            except BaseException:
                self._board.forget(run_id)
                raise
        told = _Told(Run(run_id, work))
        self._board.carry(Own(run_id, told.news, work.stop))
        return Run(run_id, _Here(run_id, work, self._board), by.digest)

    def find(self, run_id: str) -> Run | None:
        """As `run.Jobs` says."""
        work = self._here.work(run_id)
        if work is not None:
            return Run(run_id, _Here(run_id, work, self._board), queue.claim_of(run_id).owner)
        job = self._board.find(run_id) if local.is_id(run_id) else None
        if job is None or job.kind != RUN:
            return None
        return Run(run_id, _Elsewhere(self._board.reader(run_id), self._board), job.claim.owner)

    def living(self) -> dict[str, Claim]:
        """As `run.Jobs` says: as their tickets say where their files are here, else as the database
        does."""
        there = self._board.known().values()
        here = self._here.living()
        on = {
            job.id: job.claim
            for job in there
            if job.kind == RUN and job.is_on and (job.id in here or not self._here.work(job.id))
        }
        return on | here

    def snapshots_of(self, run_id: str) -> Path:
        """As `run.Jobs` says."""
        return local.snapshots_of(run_id)

    def close(self) -> None:
        """End all runs of this server, keeping what they have learned; returns when the others can
        know, or after some seconds."""
        self._here.close()
        end = time.monotonic() + _LAST
        while self._board.is_own() and not self._board.trouble and time.monotonic() < end:
            time.sleep(0.05)

    def _enter(self, run_id: str, claim: Claim, by: Visitor) -> None:
        """Take a place for a run, among all. Raises CollectionError or LimitError."""

        def check() -> None:
            others = [it for one, it in self.living().items() if one != run_id]
            sweeps = self._board.on(SWEEP, by.digest)
            shares.check_room(by, others, sweeps, host=claim.host, sweep=claim.sweep)

        self._board.enter(RUN, run_id, claim, check)


class BoardShelf:
    """Records of sweeps in the database: `shelf.Shelf`."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._news: dict[str, News] = {}

    def begin(self, sweep_id: str, owner: str, content: bytes, check: Callable[[], None]) -> None:
        """As `shelf.Shelf` says."""
        try:
            self._board.enter(SWEEP, sweep_id, Claim(owner), check, content)
        except BaseException:
            self._board.forget(sweep_id)
            raise
        self._board.carry(Own(sweep_id, lambda: self._news.pop(sweep_id, None)))

    def write(self, sweep_id: str, content: bytes) -> None:
        """As `shelf.Shelf` says."""
        self._news[sweep_id] = News(passing=content)

    def end(self, sweep_id: str, content: bytes) -> None:
        """As `shelf.Shelf` says."""
        self._news[sweep_id] = News(passing=content, ended=True)

    def get(self, sweep_id: str) -> Kept | None:
        """As `shelf.Shelf` says."""
        job = self._board.known().get(sweep_id)
        if job is None or job.kind != SWEEP:
            return None
        content = bytes(self._board.read(self._board.reader(sweep_id)))
        return Kept(content, job.is_on, self.is_stopping(sweep_id))

    def newest(self, owner: str) -> str:
        """As `shelf.Shelf` says."""
        jobs = self._board.known().values()
        own = [job.id for job in jobs if job.kind == SWEEP and job.claim.owner == owner]
        return own[-1] if own else ""

    def on(self, owner: str = "*") -> list[str]:
        """As `shelf.Shelf` says."""
        return self._board.on(SWEEP, owner)

    def stop(self, sweep_id: str) -> None:
        """As `shelf.Shelf` says."""
        self._board.stop(sweep_id)

    def is_stopping(self, sweep_id: str) -> bool:
        """As `shelf.Shelf` says."""
        return self._board.is_stopping(sweep_id)
