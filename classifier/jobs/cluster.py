"""Runs on a Dask cluster: `run.Jobs` of a page server, for which `desk` stands on the scheduler.

No page ever waits for the scheduler: what it tells comes through `link` and is kept here, and pages
see the table of runs as it was last told. Any page server finds any run by its id; a run goes on
when the server that started it ends.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier import files, limits
from classifier.config import TrainConfig, mnist_at_hand, runs_folder
from classifier.jobs import local, queue, shares
from classifier.jobs.following import Followed
from classifier.jobs.link import Link
from classifier.jobs.queue import Claim
from classifier.jobs.run import JobError, Jobs, Run
from classifier.limits import LimitError
from classifier.rights import OPERATOR, Action, Visitor

if TYPE_CHECKING:
    from classifier.ink.drawings import Contents

_PATIENCE = 120.0  # seconds without the scheduler, after which a run counts as lost
_KEPT = 100  # runs that are followed or were
_MOST_SIDE_BY_SIDE = 8  # of one sweep, so that those of many visitors do not fill the scheduler
_MOST_DATA = 64_000_000  # bytes of MNIST's file that are sent; Keras' has 11 MB
_FULL = "The cluster has as many runs as it may: try again when some have ended."


@dataclass(frozen=True)
class Stores:
    """What a page server has that runs need or make, and of which this folder knows nothing.

    pack: a saved model's files by name; none if every machine has them
    keep: saves a model's files, unless they are saved, and returns its name
    """

    pack: Callable[[str], Mapping[str, bytes]]
    keep: Callable[[Mapping[str, bytes]], str]


class ClusterJobs(Jobs):
    """Starts and finds runs on the workers of a Dask scheduler."""

    def __init__(
        self,
        address: str,
        stores: Stores,
        sweeps_on: Callable[[str], list[str]] = queue.sweeps_on,
    ) -> None:
        """sweeps_on: gives the sweeps of a visitor that are on, by their ids"""
        self._stores, self._sweeps_on = stores, sweeps_on
        self._runs: dict[str, Followed] = {}
        self._lock = threading.Lock()  # of these
        self._alive: dict[str, Claim] = {}  # by id; as the desk said last
        self._ended: dict[str, str] = {}  # owners by id
        self._data: dict[str, Path] = {}  # files of MNIST by digest, that orders named
        self._room = 0  # for runs at a time, on all workers
        self._link = Link(address, self._hear, self._look_again)

    @property
    def side_by_side(self) -> int:
        """As `run.Jobs` says: as many as the connected workers have room for, up to a bound."""
        return min(max(self._room, 1), _MOST_SIDE_BY_SIDE)

    def get_ready(self) -> None:
        """As `run.Jobs` says."""
        self._link.spawn(self._try("digits_get_ready", {}))

    def submit(
        self,
        config: TrainConfig,
        drawn: "Contents | None" = None,
        by: Visitor = OPERATOR,
        *,
        host: bool = False,
        sweep: str = "",
    ) -> Run:
        """As `run.Jobs` says. What only the scheduler knows, such as a run of the same visitor
        that another page server took a moment ago, the run itself tells."""
        by.check(Action.START_RUN)
        shares.check_length(config, by)
        if not self._link.is_up():
            raise JobError(self._link.trouble)
        with self._lock:
            sweeps = self._sweeps_on(by.digest)
            shares.check_room(by, self._living().values(), sweeps, host=host, sweep=sweep)
            run = self._new(local.new_id(), Claim(by.digest, host, sweep=sweep))
        self._link.spawn(self._submit(run, config, drawn, by))
        return Run(run.id, run, by.digest)

    def find(self, run_id: str) -> Run | None:
        """As `run.Jobs` says."""
        if not local.is_id(run_id):
            return None
        self._link.is_up()
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                ended = {one: Claim(owner) for one, owner in self._ended.items()}
                claim = (self._alive | ended).get(run_id)
                if claim is None:
                    return None
                run = self._new(run_id, claim)
                self._link.spawn(run.follow(self._link.ask))
        return Run(run.id, run, run.claim.owner)

    def living(self) -> dict[str, Claim]:
        """As `run.Jobs` says."""
        self._link.is_up()
        with self._lock:
            return self._living()

    def snapshots_of(self, run_id: str) -> Path:
        """As `run.Jobs` says."""
        return local.snapshots_of(run_id)

    def close(self) -> None:
        """This server leaves; the runs go on."""
        self._link.close()

    # Under the lock

    def _living(self) -> dict[str, Claim]:
        """The runs that are on: as the desk said, but for those whose end was heard, and those
        that it has not been told of yet."""
        over = {run.id for run in self._runs.values() if run.ended} | set(self._ended)
        known = self._alive | {run.id: run.claim for run in self._runs.values()}
        return {one: known[one] for one in sorted(known.keys() - over)}  # ids begin with the time

    def _new(self, run_id: str, claim: Claim) -> Followed:
        run = Followed(run_id, claim, self._stop, self._stores.keep)
        self._runs[run_id] = run
        old = [one.id for one in self._runs.values() if one.ended]
        for one in old[: max(len(self._runs) - _KEPT, 0)]:
            del self._runs[one]
        return run

    # In the link's thread

    def _stop(self, run_id: str) -> None:
        self._link.spawn(self._try("digits_stop", {"run": run_id}))

    async def _try(self, what: str, args: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):
            await self._link.ask(what, args)

    def _hear(self, message: Mapping[str, Any]) -> None:
        """Something that the desk tells."""
        if "table" in message:
            with self._lock:
                self._alive = {
                    one: Claim(owner, host, sweep=sweep)
                    for one, owner, host, sweep in message["table"]["alive"]
                }
                self._ended = dict(message["table"]["ended"])
                self._room = int(message["table"]["room"])
        elif "wants" in message:
            self._link.spawn(self._bring(message["wants"]))
        elif (run := self._runs.get(message["run"])) is not None:
            run.hear(message, self._link.ask)

    def _look_again(self) -> None:
        away = self._link.away()
        for run in list(self._runs.values()):
            run.look_again()
            if away > _PATIENCE:
                run.end(f"{self._link.trouble} What became of this run is not known here.")

    async def _submit(
        self, run: Followed, config: TrainConfig, drawn: "Contents | None", by: Visitor
    ) -> None:
        """Send a run, then follow it."""
        allowed = limits.current()
        try:
            await asyncio.to_thread(_make_room, set(self._runs))
            args = {
                "run": run.id,
                "owner": run.claim.owner,
                "host": run.claim.host,
                "sweep": run.claim.sweep,
                "order": await asyncio.to_thread(self._order, config, drawn, by),
                "most": [10**9] * 2 if by.operator else [allowed.runs, allowed.runs_total],
            }
            if not await self._link.ask("digits_submit", args):
                run.ended = True  # it counts for nothing itself
                self._hear({"table": await self._link.ask("digits_hello", {})})
                claim = run.claim
                sweeps = self._sweeps_on(by.digest)
                shares.check_room(
                    by, self.living().values(), sweeps, host=claim.host, sweep=claim.sweep
                )
                raise LimitError(_FULL)
        except (OSError, RuntimeError, ValueError, LookupError) as error:
            run.refuse(f"The run cannot be started: {error}")
        else:
            await run.follow(self._link.ask)

    def _order(
        self, config: TrainConfig, drawn: "Contents | None", by: Visitor
    ) -> Mapping[str, Any]:
        """All that a worker needs for a run."""
        contents = {}
        if drawn is not None:
            from classifier.ink import drawings

            contents = {str(config.drawings): drawings.packed(drawn)}
        path, digest = None, ""
        if config.data != "generated":
            path = mnist_at_hand(config.mnist)
        if path is not None:
            digest = files.digest(path)
            self._data[digest] = path
        seconds = limits.variable("run_seconds")
        return {
            "config": config.to_dict(),
            "owner": by.digest,
            "files": contents,
            "base": dict(self._stores.pack(config.base)) if config.base else {},
            "data": digest,
            "data_name": path.name if path else "",
            "environment": {seconds: os.environ[seconds]} if seconds in os.environ else {},
        }

    async def _bring(self, digest: str) -> None:
        path = self._data.get(digest)
        if path is not None and path.stat().st_size <= _MOST_DATA:
            content = await asyncio.to_thread(files.content, path)
            await self._try("digits_bring", {"digest": digest, "content": content})


def _make_room(runs: set[str]) -> None:
    """Take away the snapshots of old runs; tidying up is no reason to refuse one."""
    with contextlib.suppress(OSError):
        if runs_folder().is_dir():
            local.remove_old(lambda one: one in runs)
