"""What 100 to 1,000,000 visitors at once need, on paper: `python -m tests.benchmarks.capacity`.

Measures on this machine what a visitor costs a page server and the database, and what a run costs.
Then it simulates a page server, as the one core that Python takes, with visitors who draw and label
as those of `classroom` do, and workers with visitors who each train once in a lesson. What it
foresees of small classes is held against what they measure. Takes four minutes, and PostgreSQL.
"""

import asyncio
import contextlib
import heapq
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
from websockets.asyncio.client import connect

from classifier.cli.evaluate import print_table
from classifier.config import CLASSES, PROJECT
from classifier.database.transactions import transaction
from classifier.ink.drawings import fit_canvas
from classifier.people import classroom, collection, visitors
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from classifier.ui.door import COOKIE
from tests.benchmarks import settings
from tests.benchmarks.classroom import (
    DRAWING,
    EVERY,
    PERIOD,
    THINKING,
    Board,
    Line,
    Page,
    lesson,
    serving,
)

_DRAWN = 20  # drawings by which costs are measured
_HELD_AGAINST = (10, 20, 30)  # members of the classes that are measured and foreseen
_GOOD = 0.1  # seconds: the 95th percentile of an answer that follows the pen
_LESSON = 2700.0  # seconds, in which each visitor trains once
_PATIENT = 30.0  # seconds that 95 of 100 runs wait for a worker at most
_VISITORS = (100, 10_000, 1_000_000)
_PROXY = 4_000  # connections that haproxy.cfg lets one proxy have


@dataclass(frozen=True)
class Costs:
    """What was measured.

    message, label, look, opening: seconds of the page server's core for a message of the pen, for a
    label that is stored, for a look whether the class goes on, and for a page that is opened
    spread: how long messages took that had the server to themselves, of which the mean is 1
    messages: of one drawing; sent, told: bytes of one message, and of its answer
    memory: bytes of the page server for each page
    write: seconds of the database's processes for a drawing; stored: its bytes there
    writes: drawings that the database takes in a second
    run, events: seconds that a worker has for a run of the standard network, and what it tells
    """

    message: float
    label: float
    look: float
    opening: float
    spread: Sequence[float]
    messages: float
    sent: float
    told: float
    memory: float
    write: float
    stored: float
    writes: float
    run: float
    events: int


class Counted:
    """A websocket whose bytes are counted."""

    def __init__(self, socket) -> None:
        self._socket, self.sent, self.told = socket, 0, 0

    async def send(self, content: bytes) -> None:
        self.sent += len(content)
        await self._socket.send(content)

    async def recv(self) -> bytes:
        content = await self._socket.recv()
        self.told += len(content)
        return content


def used(process: psutil.Process) -> float:
    """Seconds of processor that a process and those below it have taken so far."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


async def of_pages(url: str, code: str, server: psutil.Process) -> dict[str, object]:
    """The costs of a page server, by their names in `Costs`."""
    headers = {"Cookie": f"{COOKIE}={visitors.new_token()}"}
    query = f"class={code}"

    async def cost(act: Callable[[], Awaitable[object]], times: int) -> float:
        before = used(server)
        for _ in range(times):
            await act()
        return (used(server) - before) / times

    async with contextlib.AsyncExitStack() as stack:

        async def open_page() -> tuple[Page, Counted, Line]:
            opened = connect(url, additional_headers=headers, max_size=None)
            socket = await stack.enter_async_context(opened)
            counted, line = Counted(socket), Line(socket)
            stack.callback(line.close)
            page = Page(counted, query)
            await page.run()
            return page, counted, line

        await open_page()
        opening = await cost(open_page, _DRAWN)
        page, socket, line = await open_page()
        drawn = handwriting.generate(_DRAWN, seed=1)
        times: list[float] = []
        messages, labels, pressed = 0.0, 0.0, 0
        sent, told = 0, 0
        for strokes, label in zip(drawn, drawn.labels, strict=True):
            board = Board(page, line, pressed)
            before = used(server)
            out, back = socket.sent + line.sent, socket.told + line.told
            await board.draw(fit_canvas(strokes)[0])
            messages += used(server) - before
            sent += socket.sent + line.sent - out
            told += socket.told + line.told - back
            times += board.times
            before = used(server)
            await board.press(f"label-{label}")
            labels += used(server) - before
            await board.clear()
            pressed = board.presses
        (fragment, *_) = page.polled
        look = await cost(lambda: page.run(fragment), 5 * _DRAWN)
    return {
        "message": messages / len(times),
        "label": labels / _DRAWN,
        "look": look,
        "opening": opening,
        "spread": tuple(np.array(times) / np.mean(times)),
        "messages": len(times) / _DRAWN,
        "sent": sent / len(times),
        "told": told / len(times),
    }


def of_database(database: psutil.Process, seconds: float = 5.0, threads: int = 8) -> dict:
    """The costs of the database, which so many page servers' threads write into at once."""
    drawn = handwriting.generate(100, seed=2)
    strokes = [fit_canvas(one)[0] for one in drawn]
    until, counts = time.monotonic() + seconds, [0] * threads

    def write(place: int) -> None:
        while time.monotonic() < until:
            number = counts[place]
            who = visitor_of(f"{place}-{number // 50}".ljust(32, "0"))
            line = strokes[number % len(strokes)]
            collection.keep(who, Labelled(f"{number}", number % CLASSES, line, 18.0, None, ""))
            counts[place] += 1

    with transaction(writing=False) as store:
        stored = store.stored_bytes()
    before = used(database)
    several = [threading.Thread(target=write, args=[place]) for place in range(threads)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    spent = used(database) - before
    with transaction(writing=False) as store:
        stored = store.stored_bytes() - stored
    count = sum(counts)
    return {"writes": count / seconds, "write": spent / count, "stored": stored / count}


def of_run() -> dict:
    """The costs of a run of the page's standard network."""
    begun = time.monotonic()
    words = [sys.executable, "-m", "classifier", "train", "--network", "dense", "--json"]
    said = subprocess.run(words, cwd=PROJECT, stdout=subprocess.PIPE, check=True).stdout
    return {"run": time.monotonic() - begun, "events": said.count(b"\n")}


def foreseen(visitors_: int, costs: Costs, seconds: float = 60.0) -> float:
    """The 95th percentile of the seconds from a message of the pen to its answer, of a page server
    that does one thing after the other for so many visitors."""
    rng = np.random.default_rng(visitors_)
    spread = rng.choice(np.asarray(costs.spread), 100_000)
    # When, who, what is sent ("pen", "label", "look"), and since when the drawing is drawn.
    coming: list[tuple[float, int, str, float]] = [
        (at, who, "pen", at) for who, at in enumerate(rng.uniform(0, EVERY, visitors_))
    ]
    heapq.heapify(coming)
    takes = {"pen": costs.message, "label": costs.label, "look": costs.look}
    free, waited, number = 0.0, [], 0
    while coming:
        sent, who, what, begun = heapq.heappop(coming)
        if sent > seconds:
            continue
        number += 1
        free = max(free, sent) + takes[what] * float(spread[number % len(spread)])
        took = free - sent
        if what == "pen":
            if sent > 2 * EVERY:  # when all have begun
                waited.append(took)
            again = free + max(PERIOD - took, took / 2)
            if sent >= begun + DRAWING:  # the pen was up
                heapq.heappush(coming, (free + THINKING, who, "label", begun))
            else:
                heapq.heappush(coming, (max(min(again, begun + DRAWING), free), who, "pen", begun))
        elif what == "label":
            heapq.heappush(coming, (free, who, "look", begun))
        else:
            after = max(free, begun + EVERY)
            heapq.heappush(coming, (after, who, "pen", after))
    return float(np.percentile(waited, 95))


def most_of_a_server(costs: Costs) -> int:
    """How many visitors one page server answers well."""
    low, high = 1, 1000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if foreseen(middle, costs) <= _GOOD else (low, middle)
    return low


def workers_for(visitors_: int, run: float) -> int:
    """How many workers there have to be, of whom each has a run at a time."""
    rng = np.random.default_rng(0)
    arrivals = np.cumsum(rng.exponential(_LESSON / visitors_, min(20 * visitors_, 50_000)))

    def waits(count: int) -> float:
        free = [0.0] * count
        found = []
        for at in arrivals:
            begins = max(at, heapq.heappop(free))
            found.append(begins - at)
            heapq.heappush(free, begins + run)
        return float(np.percentile(found, 95))

    low = max(1, int(visitors_ * run / _LESSON))
    while waits(low) > _PATIENT:
        low += max(1, low // 50)
    return low


def main() -> None:
    """Measure, simulate, and print."""
    with (
        settings(DRAWINGS_A_MINUTE="1000", DRAWINGS="100000"),
        serving(0, database=True) as (address, processes),
    ):
        (page_server,) = processes()
        database = next(one for one in psutil.Process().children() if "postgres" in one.name())
        token = visitors.new_token()
        opened = classroom.open_class(visitor_of(token), "shipped-deep")
        asyncio.run(lesson(address, token, opened.code, EVERY, 2))
        socket = address.replace("http://", "ws://") + "/_stcore/stream"
        found = asyncio.run(of_pages(socket, opened.code, page_server))
        before, measured = page_server.memory_info().rss, {}
        for count in _HELD_AGAINST:
            class_ = asyncio.run(lesson(address, token, opened.code, 20.0, count))
            measured[count] = float(np.percentile(class_.times, 95))
        # What the others had is used again.
        found["memory"] = (page_server.memory_info().rss - before) / max(_HELD_AGAINST)
        found |= of_database(database)
        looks, known = [], classroom.survey(visitor_of(token), opened.number, 24).latest
        for _ in range(50):
            begun = time.perf_counter()
            classroom.survey(visitor_of(token), opened.number, 24, known)
            looks.append(time.perf_counter() - begun)
        found |= of_run()
    costs = Costs(**found)
    print_costs(costs, float(np.median(looks)))
    print()
    print_table(
        [
            {
                "members": str(count),
                "95th percentile measured, ms": f"{1e3 * seconds:.0f}",
                "foreseen, ms": f"{1e3 * foreseen(count, costs):.0f}",
            }
            for count, seconds in measured.items()
        ]
    )
    print()
    print_needs(costs)


def print_costs(costs: Costs, look: float) -> None:
    """What was measured, one thing after the other."""
    print_table(
        [
            {"measured": name, "": value}
            for name, value in (
                ("a message of the pen, ms of a core", f"{1e3 * costs.message:.1f}"),
                ("a label, ms of a core", f"{1e3 * costs.label:.1f}"),
                ("a look whether the class goes on, ms of a core", f"{1e3 * costs.look:.1f}"),
                ("a page that is opened, ms of a core", f"{1e3 * costs.opening:.0f}"),
                ("messages of a drawing", f"{costs.messages:.1f}"),
                ("bytes of a message", f"{costs.sent:,.0f}"),
                ("bytes of its answer", f"{costs.told:,.0f}"),
                ("MB of a page", f"{costs.memory / 1e6:.2f}"),
                ("the wall's look into PostgreSQL, ms", f"{1e3 * look:.2f}"),
                ("drawings that PostgreSQL stores in a second", f"{costs.writes:,.0f}"),
                ("ms of a core there for each", f"{1e3 * costs.write:.2f}"),
                ("bytes there of each", f"{costs.stored:,.0f}"),
                ("a run of `dense`, s", f"{costs.run:.1f}"),
                ("events of a run", str(costs.events)),
            )
        ]
    )


def print_needs(costs: Costs) -> None:
    """What so many visitors need, and what bears how many."""
    each = most_of_a_server(costs)
    rows = []
    for count in _VISITORS:
        labels = count / EVERY
        messages = labels * costs.messages
        rows.append(
            {
                "visitors": f"{count:,}",
                "page servers, a core each": f"{-(-count // each):,}",
                "memory of their pages, GB": f"{count * costs.memory / 1e9:,.1f}",
                "workers": f"{workers_for(count, costs.run):,}",
                "messages a second": f"{messages:,.0f}",
                "MB a second, in and out": f"{messages * costs.sent / 1e6:,.1f}, "
                f"{messages * costs.told / 1e6:,.1f}",
                "database writes a second": f"{labels:,.0f}",
                "cores there": f"{labels * costs.write:,.1f}",
                "GB stored in a lesson": f"{labels * _LESSON * costs.stored / 1e9:,.1f}",
            }
        )
    print_table(rows)
    print()
    bears = {
        "a page server": each,
        f"a proxy of {_PROXY:,} connections": _PROXY,
        "the database, by drawings stored": int(costs.writes * EVERY),
    }
    print_table(
        [
            {"of which there is one": what, "bears so many visitors": f"{count:,}"}
            for what, count in sorted(bears.items(), key=lambda one: one[1])
        ]
    )


if __name__ == "__main__":
    main()
