"""Hours of use in short: `python -m tests.benchmarks.soak [MINUTES [MEMBERS [VISITORS]]]`.

First a class that draws live for so many minutes, as in `classroom`, and the server's memory
meanwhile: how much more the last third of the time takes than the third before. Then visitors who
come, draw one digit and go: memory and descriptors before and after, when the server has let go of
their sessions. Prints both, and whether anything failed.
"""

import asyncio
import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from websockets.asyncio.client import connect

from classifier.cli.evaluate import print_table
from classifier.ink.drawings import fit_canvas
from classifier.people import classroom, visitors
from classifier.synthetic import handwriting
from classifier.ui.door import COOKIE
from tests.benchmarks import settings
from tests.benchmarks.classroom import EVERY, Board, Line, Page, lesson
from tests.browser import PROJECT, served

_AT_ONCE = 20  # visitors who come together
_FORGOTTEN = 5  # seconds after which the server lets go of a session that has gone
_AT_REST = 30  # seconds after which the page has given back what sessions left
_LONG = "1000000"  # more than is ever sent


@contextlib.contextmanager
def server() -> Iterator[tuple[str, psutil.Process]]:
    """The page with an empty store: the address of its websocket, and its process."""
    most = dict.fromkeys(("CLASS_DRAWINGS", "DRAWINGS_A_MINUTE", "PAGES"), _LONG)
    with (
        tempfile.TemporaryDirectory() as home,
        settings(HOME=home, **most),
        served(
            PROJECT / "app.py",
            {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(_FORGOTTEN)},
            Path(home) / "log.txt",
        ) as (address, pid),
    ):
        yield address, psutil.Process(pid)


def draw_for(address: str, process: psutil.Process, seconds: float, members: int) -> dict[str, str]:
    """A class for so long: drawings told to be sent and stored, the 95th percentile of the answers
    in milliseconds, and megabytes in the middle and in the last third of the time."""
    token = visitors.new_token()
    host = visitors.visitor_of(token)
    opened = classroom.open_class(host, "shipped-deep")
    sizes: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(seconds / 300):
            sizes.append(process.memory_info().rss / 1e6)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        measured = asyncio.run(lesson(address, token, opened.code, seconds, members))
    finally:
        over.set()
        watching.join()
    third = len(sizes) // 3
    return {
        "members": str(members),
        "minutes": f"{seconds / 60:.1f}",
        "sent": str(measured.sent),
        "refused": str(len(measured.refused)),
        "stored": str(len(classroom.drawings(host, opened.number))),
        "95th percentile, ms": f"{1000 * np.percentile(measured.times, 95):.0f}",
        "middle third, MB": f"{statistics.fmean(sizes[third : 2 * third]):.1f}",
        "last third, MB": f"{statistics.fmean(sizes[2 * third :]):.1f}",
    }


async def visit(url: str, seed: int) -> None:
    """Come, draw a digit, and go."""
    headers = {"Cookie": f"{COOKIE}={visitors.new_token()}"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        page = Page(socket, "")
        await page.run()
        line = Line(socket)
        board = Board(page, line)
        drawn = next(iter(handwriting.generate(1, seed=seed)))
        await board.draw(fit_canvas(drawn)[0])
        line.close()
        assert page.board["answer"]["title"]


def come_and_go(address: str, process: psutil.Process, count: int) -> dict[str, str]:
    """Visitors, some at a time: memory and descriptors when as many had come before, and after."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"

    async def all_of(seeds: range) -> None:
        for first in seeds[::_AT_ONCE]:
            await asyncio.gather(
                *(visit(url, seed) for seed in range(first, min(first + _AT_ONCE, seeds.stop)))
            )

    def at_rest() -> tuple[float, int]:
        time.sleep(_FORGOTTEN + 1)
        asyncio.run(visit(url, 0))  # whose coming and going lets go of those before
        time.sleep(_AT_REST)
        return process.memory_info().rss / 1e6, process.num_fds()

    asyncio.run(all_of(range(2 * _AT_ONCE)))
    size, descriptors = at_rest()
    asyncio.run(all_of(range(count)))
    after, descriptors_after = at_rest()
    return {
        "visitors": str(count),
        "before, MB": f"{size:.1f}",
        "after, MB": f"{after:.1f}",
        "descriptors before": str(descriptors),
        "after": str(descriptors_after),
    }


def main(minutes: float, members: int, count: int) -> None:
    """Serve, let all draw, and print."""
    with server() as (address, process):
        asyncio.run(lesson(address, *_first_class(), EVERY, 1))  # what all share is there
        print_table([draw_for(address, process, 60 * minutes, members)])
    with server() as (address, process):
        print_table([come_and_go(address, process, count)])


def _first_class() -> tuple[str, str]:
    token = visitors.new_token()
    return token, classroom.open_class(visitors.visitor_of(token), "shipped-deep").code


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        float(given[0]) if given else 30.0,
        int(given[1]) if given[1:] else 30,
        int(given[2]) if given[2:] else 1000,
    )
