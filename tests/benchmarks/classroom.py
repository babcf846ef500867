"""A class that draws live, all at once: `python -m tests.benchmarks.classroom [SECONDS [MEMBERS]]`.

With `--servers 3` it is on so many page servers behind a proxy, with `--database` in PostgreSQL.

Each member draws a digit every 3 seconds, in 0.9 of them, is answered meanwhile, says what it is,
and looks every 3 seconds whether the class goes on: as a phone's browser does, with the board's own
messages, requests and pace, but over bare sockets, so that the two cores are left to the server.
The host's page is open at its wall. Prints how long what is sent takes to be answered and to be
stored, how far the wall is behind, whether each drawing was stored once, and what memory the server
takes.
"""

import argparse
import asyncio
import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from psutil import Process
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from classifier.cli.evaluate import print_table
from classifier.config import CANVAS_PEN
from classifier.ink.drawings import fit_canvas
from classifier.people import classroom, visitors
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from classifier.ui import view
from classifier.ui.door import COOKIE
from tests import postgres
from tests.benchmarks import settings
from tests.browser import PROJECT, served
from tests.servers import several

MEMBERS = 30
EVERY = 3.0  # seconds between two drawings of one member
DRAWING = 0.9  # seconds that a person draws a digit
PERIOD = 0.05  # seconds between two requests of the moving pen at least, as in `strokes.js`
THINKING = 0.5  # seconds between a drawing's answer and the label
_LINK = "board-link"


class Page:
    """One session of the page, as its browser would hold it."""

    def __init__(self, socket, query: str) -> None:
        self._socket, self._query = socket, query
        self.ids: dict[str, str] = {}  # of widgets, by their keys
        self.fragments: dict[str, str] = {}  # in which widgets are, by their keys
        self.polled: dict[str, float] = {}  # fragments that the browser runs by itself: seconds
        self.board: dict = {}  # what the board was told last
        self.said = ""  # in the last box of a warning or an error
        self.states: dict[str, dict] = {}

    async def run(self, fragment: str = "", said: dict | None = None, pressed: str = "") -> None:
        """Have the page, or one of its fragments, run, and wait until it has.

        said: what the board says; pressed: the key of the button that is
        """
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.context_info.url = "http://127.0.0.1/"
        widgets = message.rerun_script.widget_states.widgets
        for key, state in self.states.items():
            widgets.add(id=self.ids[key], **state)
        if said is not None:
            events = json.dumps([{"event": "said", "value": said}])
            widgets.add(id=_make_trigger_id(self.ids[_LINK], "events"), json_trigger_value=events)
        if pressed:
            widgets.add(id=self.ids[pressed], trigger_value=True)
        await self._socket.send(message.SerializeToString())
        await self.finished()

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
        if kind == "alert":
            self.said = element.alert.body
        holder = getattr(element, kind) if kind else delta.add_block
        if not kind and delta.add_block.HasField("tab_container"):
            holder = delta.add_block.tab_container
        identity = getattr(holder, "id", "")
        if identity.startswith("$$ID-"):
            key = identity.split("-", 2)[2]
            self.ids[key], self.fragments[key] = identity, delta.fragment_id
            if key == _LINK:
                self.board = json.loads(holder.json)


class Line:
    """An HTTP connection that stays open, on which a browser asks while its pen moves."""

    def __init__(self, socket: ClientConnection) -> None:
        """socket: the page's own, whose server and cookies it has"""
        given = [one.partition(";")[0] for one in socket.response.headers.get_all("Set-Cookie")]
        cookies = "; ".join([socket.request.headers["Cookie"], *given])
        self._place, self._head = socket.remote_address[:2], f"Host: here\r\nCookie: {cookies}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.sent = self.told = 0  # bytes

    async def ask(self, path: str, content: bytes) -> bytes:
        """The answer to what is posted there. Raises RuntimeError if there is none."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(content)}\r\n\r\n"
        request = head.encode() + content
        writer.write(request)
        told = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", told, re.IGNORECASE)[1])
        answer = await reader.readexactly(length)
        self.sent, self.told = self.sent + len(request), self.told + len(told) + length
        if told.split()[1] != b"200":
            raise RuntimeError(told.decode())
        return answer

    def close(self) -> None:
        """End it."""
        if self._streams is not None:
            self._streams[1].close()


class Board:
    """A member's board, as `post.js` has it: asks while the pen moves, and where it rests sends
    what the server lacks, and waits for it."""

    def __init__(self, page: Page, line: Line, presses: int = 0) -> None:
        """presses: how many buttons this page has pressed so far"""
        self._page, self._line, self.presses = page, line, presses
        self._strokes: list[list] = []  # [number, pen, x, y, …]
        self._drawn = 0  # strokes that were ever begun
        self.times: list[float] = []  # seconds from what was sent to its answer

    async def draw(self, strokes: list[np.ndarray]) -> None:
        """Draw at a person's pace, and send meanwhile as often as the board does."""
        count = sum(map(len, strokes))
        begun, done = time.perf_counter(), 0
        self._strokes = []
        free = 0.0
        for stroke in strokes:
            self._drawn += 1
            self._strokes.append([self._drawn, CANVAS_PEN])
            for point in stroke:
                self._strokes[-1] += [round(float(value), 1) for value in point]
                done += 1
                if (ahead := begun + done / count * DRAWING - time.perf_counter()) > 0:
                    await asyncio.sleep(ahead)
                if time.perf_counter() >= free:
                    took = await self.ask()
                    free = time.perf_counter() + max(PERIOD - took, took / 2)
        await self.send(resting=True)

    async def clear(self) -> None:
        """Begin another drawing."""
        self._strokes = []
        another = f"after-{self.presses}"
        await self.send(resting=True, drawing=another, **{"from": 0, "strokes": []})

    async def press(self, name: str) -> None:
        """Press a button of the board."""
        self.presses += 1
        await self.send(resting=True, presses=[{"name": name, "number": self.presses}])

    async def ask(self) -> float:
        """Ask what the drawing is so far; the seconds until it is answered."""
        path = f"/answer/{self._page.board['moving']}"
        content = json.dumps(self._message(0, []) | {"resting": False}).encode()
        begun = time.perf_counter()
        told = await self._line.ask(path, content)
        took = time.perf_counter() - begun
        assert json.loads(told)["answer"]["title"]
        self.times.append(took)
        return took

    async def send(self, **more: object) -> float:
        """Send what the server has not got; the seconds until it has answered."""
        have = self._page.board["have"]
        skips = [have["points"]] if have["strokes"] else []
        message = self._message(max(have["strokes"] - 1, 0), skips)
        begun = time.perf_counter()
        await self._page.run(self._page.fragments[_LINK], message | more)
        took = time.perf_counter() - begun
        assert self._page.board["have"]["number"] == message["number"]
        self.times.append(took)
        return took

    def _message(self, start: int, skips: list[int]) -> dict[str, object]:
        """The drawing from that stroke on, without so many points of its first ones."""
        board = self._page.board
        have, command = board["have"], board["command"]
        rows = [
            [number, pen, skip, *points[2 * skip :]]
            for (number, pen, *points), skip in zip(
                self._strokes[start:], [*skips, *[0] * len(self._strokes)], strict=False
            )
        ]
        return {
            "number": have["number"] + 1,
            "drawing": have["drawing"] or "first",
            "applied": command["id"] if command else "",
            "image": None,
            "from": start,
            "strokes": rows,
            "presses": [],
        }


@dataclass
class Measured:
    """What a class saw.

    times: seconds from what was sent of a drawing to its answer
    labels: seconds from a label to the drawing's being stored and told to be sent
    sent: drawings that were told to be so; refused: why one was not, such as one that looks like
    two digits; it is cleared then
    seen: when, in seconds since 1970, each drawing's number was on the wall
    """

    times: list[float] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    seen: dict[int, float] = field(default_factory=dict)


async def member(url: str, code: str, until: float, seed: int, measured: Measured) -> None:
    """One who draws, and sends each drawing."""
    rng = np.random.default_rng(seed)
    drawn = handwriting.generate(1 + int(max(0, until - time.perf_counter()) / EVERY), seed=seed)
    drawings, done, pressed = list(drawn), 0, 0
    headers = {"Cookie": f"{COOKIE}={visitors.new_token()}"}
    async with contextlib.AsyncExitStack() as stack:
        opened = connect(url, additional_headers=headers, max_size=None)
        socket = await stack.enter_async_context(opened)
        page, line = Page(socket, f"class={code}"), Line(socket)
        stack.callback(line.close)
        await page.run()
        if not page.board:
            raise RuntimeError(f"member {seed + 1} was not let in: {page.said}")
        nothing_drawn = page.board["answer"]["title"]
        await asyncio.sleep(rng.uniform(0, EVERY))
        while (begun := time.perf_counter()) < until:
            board = Board(page, line, pressed)
            await board.draw(fit_canvas(drawings[done])[0])
            assert page.board["answer"]["title"] != nothing_drawn
            measured.times += board.times
            await asyncio.sleep(THINKING)
            labelled = time.perf_counter()
            await board.press(f"label-{drawn.labels[done]}")
            if problem := page.board["row"]["problem"]:
                measured.refused.append(problem)
                await board.clear()
            else:
                assert "Sent as" in page.board["row"]["kept"], page.board["row"]
                measured.labels.append(time.perf_counter() - labelled)
                measured.sent += 1
            pressed, done = board.presses, done + 1
            for fragment in list(page.polled):
                await page.run(fragment)
            await asyncio.sleep(max(0, begun + EVERY - time.perf_counter()))


async def wall(url: str, token: str, until: float, seen: dict[int, float]) -> None:
    """The host's page; `seen` as in `Measured`."""
    headers = {"Cookie": f"{COOKIE}={token}"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        page = Page(socket, "")
        await page.run()
        page.states[view.OPEN_TAB.name] = {"string_value": view.HANDWRITING}
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


async def lesson(address: str, token: str, code: str, seconds: float, members: int) -> Measured:
    """All of it at once."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    until, measured = time.perf_counter() + seconds, Measured()
    host = asyncio.create_task(wall(url, token, until + 3, measured.seen))
    await asyncio.gather(*(member(url, code, until, seed, measured) for seed in range(members)))
    await host
    return measured


@contextlib.contextmanager
def serving(servers: int, database: bool) -> Iterator[tuple[str, Callable[[], list[Process]]]]:
    """A page with an empty store: its address, and what gives the processes that serve it.

    servers: page servers behind haproxy; 0: one, without a proxy
    database: whether the store is in PostgreSQL, which confirms only what is on the disk
    """
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        given = {"HOME": home}
        if database:
            given["DATABASE"] = stack.enter_context(
                stack.enter_context(postgres.cluster(safe=True)).store()
            )
        stack.enter_context(settings(**given))
        log = Path(home) / "log.txt"
        if servers:
            there = stack.enter_context(several(servers, {}, log))
            numbers = range(1, servers + 1)
            yield there.url, lambda: [there.process(number) for number in numbers]
        else:
            address, pid = stack.enter_context(served(PROJECT / "app.py", {}, log))
            yield address, lambda: [Process(pid)]


def main(seconds: float, members: int, servers: int, database: bool) -> None:
    """Serve, let all draw, and print."""
    with serving(servers, database) as (address, processes):
        token = visitors.new_token()
        opened = classroom.open_class(visitor_of(token), "shipped-deep")
        # Visitors have come, drawn and gone: what all share is there.
        first = asyncio.run(lesson(address, token, opened.code, EVERY, max(1, 2 * servers))).sent

        def memory() -> int:
            return sum(one.memory_info().rss for one in processes())

        before = memory()
        measured = asyncio.run(lesson(address, token, opened.code, seconds, members))
        after = memory()
        stored = classroom.drawings(visitor_of(token), opened.number)[first:]
    behind = np.array([measured.seen.get(one.number, np.inf) - one.time for one in stored])
    rows = {
        "a point sent to its answer, ms": measured.times,
        "label to stored and told, ms": measured.labels,
        "stored to the host's wall, ms": behind,
    }
    print_table(
        [
            {
                f"{members} members": name,
                "median": f"{1000 * np.median(values):.0f}",
                "95th percentile": f"{1000 * np.percentile(values, 95):.0f}",
                "most": f"{1000 * np.max(values):.0f}",
            }
            for name, values in rows.items()
        ]
    )
    once = len({one.strokes[0].tobytes() for one in stored})
    print(
        f"{len(measured.times):,} answers; {measured.sent:,} drawings told to be sent, "
        f"{len(measured.refused)} refused, {len(stored):,} stored, {once:,} distinct; "
        f"the servers: {before / 1e6:.0f} MB before, {after / 1e6:.0f} after, "
        f"{(after - before) / members / 1e6:.2f} a visitor"
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("seconds", type=float, nargs="?", default=60.0)
    asked.add_argument("members", type=int, nargs="?", default=MEMBERS)
    asked.add_argument("--servers", type=int, default=0, help="behind a proxy")
    asked.add_argument("--database", action="store_true", help="the store is in PostgreSQL")
    given = asked.parse_args()
    main(given.seconds, given.members, given.servers, given.database)
