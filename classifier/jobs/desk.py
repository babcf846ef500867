"""What stands on a Dask scheduler between page servers and workers: takes runs, gives them to
workers in their order, and tells all page servers what they say.

The first page server sends it there as source, so that any scheduler of the same Dask will do: of
this project it imports only `book`, which comes with it. All of it happens in the scheduler's event
loop, so that no two page servers are in each other's way.

Dask alone would not keep the order: it hands tasks that need a resource to workers early, also to
one that is busy while another is free. So a run becomes a task when a worker has room for it.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from distributed import Client
from distributed.diagnostics.plugin import SchedulerPlugin

from classifier.jobs.book import LONGEST, LOST, SAID, TRAINING, Book, Entry, Order, free_workers

NAME = "digit-classifier"  # of the plugin, and of the topic on which page servers hear
ATTEMPTS = 3
_DATA_SECONDS = 30.0  # in which a page server brings data that it has
_ARRIVAL = 5.0  # seconds in which a run's last lines arrive, which come another way than its end
_SPOKEN = ("started", "progress", "epoch")  # what a run says before its end
_NOTHING = "Stopped before it had learned anything: nothing was saved."
_STOPPED_AND_GONE = "Stopped, but the machine that trained it is gone: nothing was saved."
_GONE = f"The training stopped: {ATTEMPTS} machines that carried it out are gone. Train again."


async def carry_out(run: str, attempt: int) -> None:
    """The task: the worker's own code does it."""
    from classifier.jobs import task

    await task.carry_out(run, attempt)


async def get_ready() -> None:
    """The task of a worker that may have a run soon."""
    from classifier.jobs import task

    await task.get_ready()


class Desk(SchedulerPlugin):
    """The plugin. What others ask of it are the methods named `digits_…`, as handlers of its
    scheduler; arguments and answers are JSON values, and bytes."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def start(self, scheduler: Any) -> None:
        """Begin, on this scheduler."""
        self._scheduler = scheduler
        self._book = Book()
        self._leaving: set[str] = set()  # workers that take no more
        self._at_work: dict[str, asyncio.Task[None]] = {}  # by run
        self._data: tuple[str, bytes] = ("", b"")  # the last that was brought, and its digest
        self._brought = asyncio.Event()
        for name in dir(self):
            if name.startswith("digits_"):
                scheduler.handlers[name] = getattr(self, name)
        connect: Any = Client
        self._client = await connect(
            scheduler.address,
            asynchronous=True,
            set_as_default=False,
            name=NAME,
            security=scheduler.security,
        )

    async def before_close(self) -> None:
        """The scheduler ends."""
        await self._client.close()

    def add_worker(self, scheduler: Any, worker: str) -> None:
        """One more may take runs."""
        self._changed()

    def remove_worker(self, scheduler: Any, worker: str, **_: object) -> None:
        """What it was at begins anew elsewhere."""
        self._leaving.discard(worker)
        for run in self._book.alive():
            if run.worker == worker:
                self._lose(run)
        self._changed()

    def log_event(self, topic: str, msg: Any) -> None:
        """Hear what a run says, and tell it to all page servers."""
        if topic != SAID:
            return
        # Whatever somebody sends costs only itself.
        with contextlib.suppress(LookupError, TypeError, ValueError, RecursionError):
            run, line = self._book.runs[msg["run"]], msg["line"]
            if run.attempt == msg["attempt"] and run.ended is None:
                run.heard += 1
                if len(line) <= LONGEST and json.loads(line)["event"] in _SPOKEN:
                    self._say(run, line)

    # What page servers ask

    def digits_hello(self) -> dict[str, Any]:
        """Which scheduler this is, the version, the room for runs, and the runs: alive in their
        order, and ended."""
        self._book.tidy()
        return {
            "scheduler": self._scheduler.id,
            "version": self._version,
            "room": len(self._free_workers([])[0]),
            "alive": [(one.id, one.owner, one.host, one.sweep) for one in self._book.alive()],
            "ended": [(one.id, one.owner) for one in self._book.ended()],
        }

    def digits_submit(
        self, run: str, owner: str, host: bool, sweep: str, order: Order, most: Sequence[int]
    ) -> bool:
        """As `Book.enter`."""
        entered = self._book.enter(run, owner, host, sweep, order, most)
        self._changed()
        return entered

    async def digits_get_ready(self) -> None:
        """Somebody may send a run soon: the worker that would have it prepares for it."""
        free, _ = self._free_workers(self._book.alive())
        if free:
            future = self._client.submit(get_ready, workers=[free[0]], pure=False)
            with contextlib.suppress(Exception):
                await future
            future.release()

    def digits_stop(self, run: str) -> None:
        """It is to end and keep what it has learned."""
        found = self._book.runs.get(run)
        if found is not None and found.ended is None:
            found.stop.set()
            if not found.worker:
                self._end(found, "failed", _NOTHING)

    def digits_told(self, run: str, after: int) -> dict[str, Any] | None:
        """What a run has said with a greater number, and its snapshots by name; None if unknown."""
        if (found := self._book.runs.get(run)) is None:
            return None
        told = [one for one in found.told if one[0] > after]
        return {"told": told, "snapshots": list(found.snapshots)}

    def digits_model(self, run: str) -> Mapping[str, bytes]:
        """The files of the model that a run has made; none if it has not."""
        return self._book.runs[run].model if run in self._book.runs else {}

    def digits_snapshot(self, run: str, name: str) -> bytes | None:
        """A snapshot; None if it is not kept any more."""
        return self._book.runs[run].snapshots.get(name) if run in self._book.runs else None

    def digits_bring(self, digest: str, content: bytes) -> None:
        """Data that a worker lacked."""
        self._data = (digest, content)
        self._brought.set()
        self._brought = asyncio.Event()

    # What workers ask

    def digits_order(self, run: str, attempt: int) -> Order | None:
        """What to carry out; None if that is not wanted any more."""
        found = self._book.current(run, attempt)
        return found.order if found else None

    async def digits_await_stop(self, run: str, attempt: int) -> None:
        """Answers when the run is to stop, or has ended."""
        found = self._book.current(run, attempt)
        if found is not None:
            await found.stop.wait()

    async def digits_data(self, digest: str) -> bytes | None:
        """Data by its digest, which a page server brings now; None if none does."""
        if self._data[0] != digest:
            brought = self._brought
            self._scheduler.log_event(NAME, {"wants": digest})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(brought.wait(), _DATA_SECONDS)
        return self._data[1] if self._data[0] == digest else None

    def digits_keep(
        self, run: str, attempt: int, names: list[str], contents: Mapping[str, bytes]
    ) -> None:
        """Snapshots that a run has made since, and the names of all that it has."""
        found = self._book.current(run, attempt)
        if found is not None:
            both = found.snapshots | dict(contents)
            found.snapshots = {name: both[name] for name in names if name in both}
            self._book.tidy()
            self._scheduler.log_event(NAME, {"run": run, "snapshots": list(found.snapshots)})

    async def digits_end(
        self,
        run: str,
        attempt: int,
        said: int,
        line: str,
        model: Mapping[str, bytes],
        seconds: float,
    ) -> None:
        """A run's last word, after so many lines, its model, and for how long it trained."""
        found = self._book.current(run, attempt)
        deadline = time.monotonic() + _ARRIVAL
        while found and found.heard < said and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
            found = self._book.current(run, attempt)
        if found is not None:
            found.model = dict(model)
            self._book.count(found.owner, seconds)
            self._close(found, line)

    async def digits_leave(self, worker: str) -> None:
        """A worker takes no more runs, and its own end early; answers when they have."""
        self._leaving.add(worker)
        while mine := [run for run in self._book.alive() if run.worker == worker]:
            for run in mine:
                run.stop.set()
            await asyncio.sleep(0.1)

    # In between

    def _changed(self) -> None:
        """Give free workers the next runs, tell the others their places, and all the table."""
        alive = self._book.alive()
        waiting = [run for run in alive if not run.worker]
        free, lack = self._free_workers(alive)
        for run, worker in zip(waiting, free, strict=False):
            run.worker, run.attempt, run.heard = worker, run.attempt + 1, 0
            if run.attempt > 1:
                run.snapshots = {}
                self._say(run, json.dumps({"event": "restarted", "attempt": run.attempt}))
            self._at_work[run.id] = asyncio.ensure_future(self._work(run, run.attempt, worker))
        for ahead, run in enumerate(waiting[len(free) :]):
            place = (ahead + (not lack), lack)  # one at least is at work, if there are workers
            if place != run.place:
                run.place = place
                told = {"event": "progress", "stage": "waiting", "place": place[0], "note": lack}
                self._say(run, json.dumps(told))
        self._scheduler.log_event(NAME, {"table": self.digits_hello()})

    def _free_workers(self, alive: Sequence[Entry]) -> tuple[list[str], str]:
        resources = {
            address: worker.resources
            for address, worker in self._scheduler.workers.items()
            if address not in self._leaving
        }
        return free_workers(resources, self._version, [run.worker for run in alive])

    async def _work(self, run: Entry, attempt: int, worker: str) -> None:
        """Let a worker carry out a run."""
        future = self._client.submit(
            carry_out,
            run.id,
            attempt,
            key=f"digits-{run.id}-{attempt}",
            workers=[worker],
            resources={TRAINING: 1},
            pure=False,
        )
        why = "it ended without a word"
        try:
            await future
        except (Exception, asyncio.CancelledError) as error:
            if not self._book.current(run.id, attempt) or not run.worker:
                raise  # its worker is gone, or it has ended
            why = f"the worker at {worker} says {type(error).__name__}: {str(error)[:300]}"
        finally:
            future.release()
        if self._book.current(run.id, attempt):
            self._end(run, LOST, f"The training stopped: {why}. Train again.")

    def _lose(self, run: Entry) -> None:
        """Its worker is gone."""
        run.worker, run.place = "", (0, "")
        if (work := self._at_work.pop(run.id, None)) is not None:
            work.cancel()
        if run.stop.is_set():
            self._end(run, "failed", _STOPPED_AND_GONE)
        elif run.attempt >= ATTEMPTS:
            self._end(run, LOST, _GONE)

    def _say(self, run: Entry, line: str) -> None:
        if run.add(line):
            said = {"run": run.id, "number": run.number, "line": line}
            self._scheduler.log_event(NAME, said)

    def _end(self, run: Entry, event: str, why: str) -> None:
        self._close(run, json.dumps({"event": event, "error": why}))

    def _close(self, run: Entry, line: str) -> None:
        """Its last word; what it needed is let go of."""
        run.ended = time.monotonic()
        run.order, run.worker = {}, ""
        run.stop.set()
        self._at_work.pop(run.id, None)
        self._say(run, line)
        self._changed()
