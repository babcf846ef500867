"""A class of thirty that draws at once: `python -m tests.benchmarks.classroom [SECONDS]`.

Each member sends a drawing every 3 seconds, says what it is, and looks every 3 seconds whether the
class goes on, as a phone's browser does, but over bare websockets, so that the two cores are left
to the server; the host's page is open at its wall. Prints how long drawings take to be answered and
to be stored, how far the wall is behind, and whether each was stored just once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from classifier import classroom, handwriting
from classifier.__main__ import print_table
from classifier.config import CANVAS_PEN
from classifier.drawings import fit_canvas
from classifier.ui import canvas, view
from classifier.ui.state import COOKIE
from tests.browser import PROJECT, served

MEMBERS = 30
EVERY = 3.0  # seconds between two drawings of one member
_DRAWING_TIME = 0.5  # seconds between a drawing's answer and the label


class Page:
    """One session of the page, as its browser would hold it."""

    def __init__(self, socket, query: str) -> None:
        self._socket, self._query = socket, query
        self.ids: dict[str, str] = {}  # of widgets, by their keys
        self.fragments: dict[str, str] = {}  # in which widgets are, by their keys
        self.polled: dict[str, float] = {}  # fragments that the browser runs by itself: seconds
        self.words = ""  # all text that the last run sent
        self.states: dict[str, dict] = {}

    async def run(self, fragment: str = "", **trigger: object) -> None:
        """Have the page, or one of its fragments, run, and wait until it has."""
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.context_info.url = "http://127.0.0.1/"
        for key, state in self.states.items():
            message.rerun_script.widget_states.widgets.add(id=self.ids[key], **state)
        for key in trigger:
            message.rerun_script.widget_states.widgets.add(id=self.ids[key], trigger_value=True)
        await self._socket.send(message.SerializeToString())
        self.words = ""
        await self.finished()

    async def press(self, key: str) -> None:
        """Press a button of a fragment."""
        await self.run(self.fragments[key], **{key: True})

    async def finished(self) -> None:
        """Read until the run has ended; one that begins another run has not."""
        polled = {}
        while True:
            message = ForwardMsg.FromString(await self._socket.recv())
            kind = message.WhichOneof("type")
            if kind == "auto_rerun":
                polled[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "delta":
                self._note(message.delta)
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:  # all of the page
                    self.polled.clear()
                self.polled |= polled
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return

    def _note(self, delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind == "markdown":
            self.words += element.markdown.body + "\n"
        holder = getattr(element, kind) if kind else delta.add_block
        if not kind and delta.add_block.HasField("tab_container"):
            holder = delta.add_block.tab_container
        identity = getattr(holder, "id", "")
        if identity.startswith("$$ID-"):
            key = identity.split("-", 2)[2]
            self.ids[key], self.fragments[key] = identity, delta.fragment_id


def _drawn(strokes: list[np.ndarray]) -> dict:
    raw = {"version": "7.4.0", "objects": canvas.objects_of(strokes, CANVAS_PEN, "#ffffff")}
    return {"json_value": json.dumps({"drawing": {"raw": raw, "data": None}})}


async def member(url: str, code: str, until: float, seed: int, times: list) -> int:
    """One who draws; how many drawings were sent and told to be so. `times` gets seconds from pen
    up to the answer, and from the label to the word that it is stored."""
    rng = np.random.default_rng(seed)
    drawn = handwriting.generate(200, seed=seed)
    drawings, sent = list(drawn), 0
    async with connect(url, max_size=None) as socket:
        page = Page(socket, f"class={code}")
        await page.run()
        await asyncio.sleep(rng.uniform(0, EVERY))
        while (begun := time.perf_counter()) < until:
            page.states["canvas"] = _drawn(fit_canvas(drawings[sent])[0])
            await page.run(page.fragments["canvas"])
            answered = time.perf_counter()
            assert "## " in page.words, page.words  # an answer
            await asyncio.sleep(_DRAWING_TIME)
            labelled = time.perf_counter()
            await page.press(f"label-{drawn.labels[sent]}")
            assert "Sent as" in page.words, page.words
            times.append((answered - begun, time.perf_counter() - labelled))
            sent += 1
            page.states["canvas"] = _drawn([])
            await page.run(page.fragments["canvas"])  # the browser's canvas is empty now
            for fragment in list(page.polled):
                await page.run(fragment)
            await asyncio.sleep(max(0, begun + EVERY - time.perf_counter()))
    return sent


async def wall(url: str, token: str, until: float, seen: dict[int, float]) -> None:
    """The host's page; `seen` gets when, since 1970, each drawing's number was on the wall."""
    headers = {"Cookie": f"{COOKIE}={token}"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        page = Page(socket, "")
        await page.run()
        page.states[view.TABS_KEY] = {"string_value": view.HANDWRITING}
        await page.run()
        while time.perf_counter() < until:
            begun = time.perf_counter()
            for fragment in list(page.polled):
                await page.run(fragment)
            now = time.time()
            for key in page.ids:
                if key.startswith("wall-picture-"):
                    seen.setdefault(int(key.rpartition("-")[2]), now)
            await asyncio.sleep(max(0, begun + 1 - time.perf_counter()))


async def lesson(address: str, token: str, code: str, seconds: float):
    """All of it at once: times of the members, how many they sent, when the wall had what."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    begun = time.perf_counter()
    until, seen = begun + seconds, {}
    times: list[tuple[float, float]] = []
    host = asyncio.create_task(wall(url, token, until + 3, seen))
    sent = await asyncio.gather(*(member(url, code, until, seed, times) for seed in range(MEMBERS)))
    await host
    return np.array(times) * 1000, sum(sent), seen


def main(seconds: float) -> None:
    """Serve, let all draw, and print."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        token = secrets.token_hex(16)
        opened = classroom.open_class(token, "conv")
        address, _ = stack.enter_context(served(PROJECT / "app.py", {}, Path(home) / "log.txt"))
        times, sent, seen = asyncio.run(lesson(address, token, opened.code, seconds))
        stored = classroom.drawings(token, opened.number)
    behind = np.array([seen.get(one.number, np.inf) - one.time for one in stored])
    rows = {
        "pen-up to answer, ms": times[:, 0],
        "label to stored and told, ms": times[:, 1],
        "both, ms": times.sum(axis=1),
        "stored to the host's wall, ms": behind * 1000,
    }
    print_table(
        [
            {
                "": name,
                "median": f"{np.median(values):.0f}",
                "95th percentile": f"{np.percentile(values, 95):.0f}",
                "most": f"{values.max():.0f}",
            }
            for name, values in rows.items()
        ]
    )
    once = len({one.strokes[0].tobytes() for one in stored})
    print(f"{MEMBERS} members: {sent:,} told to be sent, {len(stored):,} stored, {once:,} distinct")


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 60.0)
