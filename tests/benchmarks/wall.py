"""The wall of a class with 300 drawings: `python -m tests.benchmarks.wall`.

Drawings of thirty members arrive one after the other on a wall of 1920×1080. Prints how long each
takes from being stored to being painted, how long the wall's own work in a frame takes, and what
the page server uses of a core, while nothing arrives and while drawings do.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from psutil import Process

from classifier.cli.evaluate import print_table
from classifier.people import classroom, entering, visitors
from classifier.people.collection import Doubt, Labelled
from classifier.people.register import Class
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from classifier.ui.door import COOKIE
from classifier.ui.wall.wall import MOST
from tests.benchmarks import settings
from tests.browser import PROJECT, blank_tab, launched, served

MEMBERS = 30
ARRIVE = 60  # drawings of which each is waited for
QUIET = 10.0  # seconds in which none arrives
_PAUSES = 0.2, 0.8  # seconds between two, at random
# How long what is done before each frame is painted takes, milliseconds.
_WATCH = """() => {
  window.frames = [];
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (act) => ask((now) => {
    const begun = performance.now();
    act(now);
    window.frames.push(performance.now() - begun);
  });
}"""


def send(there: Class, number: int, rng: np.random.Generator) -> int:
    """Have a member send a drawing, of which some are misread and some doubted; its number."""
    digit = int(rng.integers(10))
    moved = rng.normal(50, 4, 2)
    strokes = [
        (stroke * 180 + moved).astype(np.float32) for stroke in handwriting.sample_digit(digit)
    ]
    answer = digit if rng.random() < 0.85 else (digit + 3) % 10
    doubt = Doubt.CLOSE if rng.random() < 0.1 else Doubt.NONE
    drawing = Labelled(f"d{number}", digit, strokes, 18.0, answer, "shipped-dense", doubt=doubt)
    return classroom.send(visitor_of(f"member {number % MEMBERS}"), there.number, drawing)


def share_of_a_core(server: Process, since: tuple[float, float]) -> float:
    """What the server used of one core since then, 0–1."""
    spent, clock = since
    return (sum(server.cpu_times()[:2]) - spent) / (time.monotonic() - clock)


def now(server: Process) -> tuple[float, float]:
    """The processor time of the server, and the clock, seconds."""
    return sum(server.cpu_times()[:2]), time.monotonic()


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        settings(HOME=folder, DRAWINGS_A_MINUTE="10000"),
        served(PROJECT / "app.py", {}, Path(folder) / "log.txt") as (url, pid),
        launched() as browser,
    ):
        token = visitors.new_token()
        there = classroom.open_class(visitor_of(token), "shipped-dense")
        for number in range(MEMBERS):
            entering.join(visitor_of(f"member {number}"), there.code, "here")
        for number in range(MOST):
            newest = send(there, number, rng)
        wall = blank_tab(browser)
        wall.set_viewport_size({"width": 1920, "height": 1080})
        wall.context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        wall.add_init_script(f"({_WATCH})()")
        wall.goto(f"{url}/?wall={there.code}")
        shown = "number => Number(document.querySelector('.wall')?.dataset.newest) >= number"
        wall.wait_for_function(shown, arg=newest)
        wall.locator(f'.wall[data-drawings="{MOST}"]').wait_for()
        time.sleep(2)
        server = Process(pid)
        since = now(server)
        time.sleep(QUIET)
        quiet = share_of_a_core(server, since)
        wall.evaluate("() => { window.frames = []; }")
        since, behind = now(server), []
        for number in range(MOST, MOST + ARRIVE):
            time.sleep(float(rng.uniform(*_PAUSES)))
            newest = send(there, number, rng)
            stored = time.monotonic()
            wall.wait_for_function(shown, arg=newest)
            behind.append(time.monotonic() - stored)
        busy = share_of_a_core(server, since)
        frames = wall.evaluate("() => window.frames")
    rows = [
        {
            "": name,
            "median": f"{np.median(values):.{digits}f}",
            "95th percentile": f"{np.percentile(values, 95):.{digits}f}",
        }
        for name, values, digits in (
            ("stored to the wall, s", behind, 2),
            ("the wall's work in a frame, ms", frames, 1),
        )
    ]
    print_table(rows)
    print(f"\nThe server takes {quiet:.1%} of a core, and {busy:.1%} while drawings arrive.")
    print(f"{len(frames)} frames, {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
