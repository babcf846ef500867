"""One run on a cluster as a page server follows it: its lines as they come, its networks epoch by
epoch, and at the end its model, which is saved here before anybody hears of it.

Knows no Dask: what is asked of the scheduler goes through a function.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from classifier import files
from classifier.events import Failed, Finished, from_json, to_json
from classifier.jobs import local
from classifier.jobs.book import LOST
from classifier.jobs.queue import Claim
from classifier.jobs.run import MOST_AT_ONCE

Ask = Callable[[str, Mapping[str, object]], Awaitable[Any]]
_MOST_SAID = 2_000_000  # bytes of a run's lines; then of progress no more is taken
_LAST_SNAPSHOTS = 5.0  # seconds for which a run's end waits for them
_FORGOTTEN = (
    "The scheduler was started anew, and knows nothing of this run. Nothing was saved; train again."
)


class Followed:
    """The `Work` of a run on a cluster. What has come is kept here, so that no page waits."""

    def __init__(
        self,
        run_id: str,
        claim: Claim,
        stop: Callable[[str], None],
        keep: Callable[[Mapping[str, bytes]], str],
    ) -> None:
        """stop: asks for a run's end, at once; keep: saves a model's files here, unless they are
        here, and returns its name"""
        self.id, self.claim = run_id, claim
        self._stop, self._keep = stop, keep
        self._said = bytearray()
        self._death: str | None = None
        self._number = 0  # of the last line that was taken
        self._heard: asyncio.Queue[tuple[int, str] | None] = asyncio.Queue()
        self._names: list[str] = []  # of snapshots that there are
        self._mirroring: asyncio.Task[None] | None = None
        self._is_stopping = False
        self.ended = False

    # For pages, from any thread

    def said_after(self, offset: int) -> bytes:
        """As `run.Work` says."""
        return bytes(self._said[offset : offset + MOST_AT_ONCE])

    def death(self) -> str | None:
        """As `run.Work` says."""
        return self._death

    def stop(self) -> None:
        """As `run.Work` says."""
        if not self.ended:
            self._is_stopping = True
            self._stop(self.id)

    # In the event loop

    def hear(self, message: Mapping[str, Any], ask: Ask) -> None:
        """Something that the scheduler tells of this run."""
        if "line" in message:
            self._heard.put_nowait((int(message["number"]), str(message["line"])))
        else:
            self._mirror([str(name) for name in message["snapshots"]], ask)

    def look_again(self) -> None:
        """Something may have been missed: the connection is new."""
        self._heard.put_nowait(None)

    async def follow(self, ask: Ask) -> None:
        """Take in what the run says until it has ended."""
        heard = None
        while not self.ended:
            # What cannot be asked now is asked when the connection is new.
            with contextlib.suppress(OSError):
                if heard is None or heard[0] > self._number + 1:
                    await self._catch_up(ask)
                elif heard[0] == self._number + 1:
                    await self._begin_anew([heard])
                    await self._take(*heard, ask)
            if not self.ended:
                heard = await self._heard.get()

    def end(self, why: str) -> None:
        """It has ended without a last word of its own."""
        if not self.ended:
            self._death, self.ended = why, True

    def refuse(self, why: str) -> None:
        """It never began."""
        self._add(to_json(Failed(error=why)))
        self.ended = True

    async def _catch_up(self, ask: Ask) -> None:
        if self._is_stopping:  # perhaps since before the scheduler knew this run
            await ask("digits_stop", {"run": self.id})
        known = await ask("digits_told", {"run": self.id, "after": self._number})
        if known is None:
            self.end(_FORGOTTEN)
            return
        told = [(number, line) for number, line in known["told"] if number > self._number]
        await self._begin_anew(told)
        self._mirror(known["snapshots"], ask)
        for number, line in told:
            if not self.ended:
                await self._take(number, line, ask)

    async def _begin_anew(self, told: list[tuple[int, str]]) -> None:
        """Let go of the snapshots of an attempt before."""
        if any(_kind(line) == "restarted" for _, line in told):
            self._names = []
            folder = local.snapshots_of(self.id)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _take(self, number: int, line: str, ask: Ask) -> None:
        kind = _kind(line)
        if kind == LOST:
            self.end(str(json.loads(line).get("error")))
        elif kind in ("finished", "failed"):
            if self._mirroring is not None:
                await asyncio.wait([self._mirroring], timeout=_LAST_SNAPSHOTS)
            self._add(await self._with_model(line, ask) if kind == "finished" else line)
            self.ended = True
        elif len(self._said) < _MOST_SAID or kind != "progress":
            self._add(line)
        self._number = number

    def _add(self, line: str) -> None:
        self._said += line.replace("\n", " ").encode() + b"\n"

    async def _with_model(self, line: str, ask: Ask) -> str:
        """The last word once its model is here, under the name that it has here. Raises OSError if
        the scheduler does not answer."""
        contents = await ask("digits_model", {"run": self.id})
        try:
            end = from_json(line)
            assert isinstance(end, Finished)
            return to_json(replace(end, model=await asyncio.to_thread(self._keep, contents)))
        except Exception as error:  # whatever a worker made that cannot be saved
            why = f"The model was trained, but cannot be saved here: {error}"
            return to_json(Failed(error=why))

    def _mirror(self, names: list[str], ask: Ask) -> None:
        self._names = names
        if names and (self._mirroring is None or self._mirroring.done()):
            self._mirroring = asyncio.ensure_future(self._fetch(ask))

    async def _fetch(self, ask: Ask) -> None:
        """Bring the snapshots that are not here, the newest first, and take away what is gone."""
        folder = local.snapshots_of(self.id)
        tried: set[str] = set()
        with contextlib.suppress(OSError):  # pages say that there are none
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            # "forward.tflite" sorts after all numbers: it comes first.
            while missing := [
                name
                for name in sorted(self._names, reverse=True)
                if name not in tried and Path(name).name == name and not (folder / name).exists()
            ]:
                tried.add(missing[0])
                args = {"run": self.id, "name": missing[0]}
                content = await ask("digits_snapshot", args)
                if content is not None:
                    await asyncio.to_thread(_write, folder / missing[0], content)
            for path in folder.glob("[0-9]*.npz"):
                if path.name not in self._names:
                    path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with files.written(path, durable=False) as file:
        file.write(content)


def _kind(line: str) -> str:
    with contextlib.suppress(LookupError, TypeError, ValueError, RecursionError):
        return str(json.loads(line)["event"])
    return ""
