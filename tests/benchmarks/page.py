"""How quick the page is: `python -m tests.benchmarks.page`.

Prints, as tables, the time from `streamlit run` to a canvas that takes the mouse and from pen-up to
answer, each in turn with a bare page that has the same canvas, the latter also while a run trains;
the time from a click on Train to progress and to the result; and the memory of the page and of a
worker. Takes three minutes. Needs Chromium, and MNIST_NPZ should name MNIST.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, expect

from tests.browser import (
    PATIENCE,
    PROJECT,
    click,
    draw,
    expect_blank,
    keyed,
    launched,
    open_page,
    served,
    train_by_time,
)

STARTS, STROKES, CLICKS = 5, 30, 3
_BARE = Path(__file__).with_name("bare_page.py")
# Bent, so that `draw` moves the mouse twice: one move may end before the first message has.
_LINE = [np.array([[140, 60], [150, 120], [140, 220]])]
# Looked for in each frame, since Playwright's own waiting lets up to half a second pass between two
# looks. The canvas's component keeps it in a shadow root.
_MOUNTED = """
() => new Promise(resolve => {
  const find = root => root.querySelector('canvas.upper-canvas') ??
    [...root.querySelectorAll('*')].map(e => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
  const look = () => find(document)?.getBoundingClientRect().width ? resolve()
    : requestAnimationFrame(look);
  look();
})
"""
_INKED = """
canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  .data.some(value => value > 0)
"""
_WAIT = """
([before, patience]) => new Promise((resolve, reject) => {
  const started = performance.now();
  const look = () => {
    const words = document.querySelector('.st-key-prediction').innerText;
    const taken = performance.now() - started;
    if (words !== before) resolve(taken);
    else if (taken > patience) reject(new Error(`still: ${before}`));
    else requestAnimationFrame(look);
  };
  look();
})
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        home, environment = Path(folder), {"DIGIT_CLASSIFIER_HOME": folder}
        begun = {"bare page": [], "this page": []}
        for _ in range(STARTS):
            begun["bare page"].append(start(browser, _BARE, {}, home))
            begun["this page"].append(start(browser, PROJECT / "app.py", environment, home))
        print_table("`streamlit run` to a canvas that takes the mouse, s", begun, 2)
        with (
            served(PROJECT / "app.py", environment, home / "log") as (url, pid),
            served(_BARE, {}, home / "bare-log") as (bare_url, _),
        ):
            page, bare = open_page(browser, url), browser.new_page()
            bare.goto(bare_url)
            bare.locator("canvas.upper-canvas").wait_for(timeout=PATIENCE)
            take_turns(page, bare, 3)  # the first ones load the model and the chart's code
            floor, idle = take_turns(page, bare, STROKES)
            with Peak(pid) as peak:
                cold = [click_to_result(page, pid, touched=False) for _ in range(CLICKS)]
                warm = [click_to_result(page, pid, touched=True) for _ in range(CLICKS)]
            with training(browser, url):
                floor_busy, busy = take_turns(page, bare, STROKES)
            answers = {"bare page": floor, "this page": idle}
            answers |= {"bare page, a run trains": floor_busy, "this page, a run trains": busy}
            print_table("pen-up to answer, ms", answers, 0)
            rows = {}
            for kind, times in (("worker ready", warm), ("no worker ready", cold)):
                first, end = zip(*times, strict=True)
                rows |= {f"first progress, {kind}": first, f"result, {kind}": end}
            print_table("click on Train to …, `dense`, s", rows, 2, ratio=False)
            print("| memory, MB | |\n|---|---|")
            print(f"| this page's process, after {2 * CLICKS} runs | {memory(pid):.0f} |")
            print(f"| a worker that is ready | {peak.ready:.0f} |")
            print(f"| a worker, at most | {peak.most:.0f} |")


def print_table(title: str, rows: dict[str, list[float]], digits: int, ratio: bool = True) -> None:
    """Median and 95th percentile of each row's times, and the median against the first row's."""
    print(f"| {title} | median | 95th percentile |" + " ratio of medians |" * ratio)
    print("|---|---|---|" + "---|" * ratio)
    floor = statistics.median(next(iter(rows.values())))
    for name, times in rows.items():
        middle, high = np.median(times), np.percentile(times, 95)
        share = f" {middle / floor:.2f} |" if ratio else ""
        print(f"| {name} | {middle:.{digits}f} | {high:.{digits}f} |{share}")
    print(flush=True)


def start(browser: Browser, script: Path, environment: dict[str, str], home: Path) -> float:
    """Seconds from `streamlit run` until a pressed mouse leaves ink on the canvas."""
    begun = time.perf_counter()
    with served(script, environment, home / "log") as (url, _):
        page = browser.new_page()
        page.goto(url)
        page.evaluate(_MOUNTED)
        canvas = page.locator("canvas.upper-canvas")
        inked = False
        while not inked:
            left, top = (canvas.bounding_box()[side] for side in ("x", "y"))
            page.mouse.move(left + 20, top + 20)
            page.mouse.down()
            page.mouse.move(left + 60, top + 60, steps=3)
            inked = canvas.evaluate(_INKED)
            page.mouse.up()
        taken = time.perf_counter() - begun
        page.close()
    return taken


def take_turns(page: Page, bare: Page, strokes: int) -> tuple[list[float], list[float]]:
    """Milliseconds from pen-up to changed words, of the bare page and of this one."""
    floor, ours = [], []
    for _ in range(strokes):
        floor.append(pen_up_to_answer(bare))
        # The words change from none to an answer and back, so that each change is seen.
        ours.append(pen_up_to_answer(page))
        click(page, "clear")
        expect_blank(page)
        time.sleep(0.5)
    return floor, ours


def pen_up_to_answer(page: Page) -> float:
    """Draw one line and return the milliseconds from pen-up to changed words."""
    before = keyed(page, "prediction").inner_text()
    draw(page, _LINE)
    return page.evaluate(_WAIT, [before, PATIENCE])


def click_to_result(page: Page, pid: int, touched: bool) -> tuple[float, float]:
    """Seconds from a click on Train to the first progress and to the result, which must be 98 %.

    touched: a pointer has rested on the form for so long that a worker is ready; else there is none
    """
    if touched:
        keyed(page, "train").hover()
        time.sleep(8)
    else:
        page.mouse.move(1000, 700)
        for worker in workers(pid):
            worker.kill()
    begun = time.perf_counter()
    click(page, "train")
    keyed(page, "training-progress").wait_for(timeout=PATIENCE)
    first = time.perf_counter() - begun
    # The sentence of the run before is gone while this one is on.
    result = keyed(page, "training-result")
    expect(result).to_contain_text("Test accuracy 98.", timeout=PATIENCE)
    end = time.perf_counter() - begun
    time.sleep(2)
    return first, end


@contextlib.contextmanager
def training(browser: Browser, url: str) -> Iterator[None]:
    """While somebody else trains `conv`."""
    other = open_page(browser, url)
    other.get_by_text("conv", exact=True).click()
    train_by_time(other, 600)
    expect(keyed(other, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    yield
    expect(keyed(other, "training-progress")).to_contain_text("images/s")
    click(other, "stop")
    expect(keyed(other, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    other.context.close()


def workers(pid: int) -> list[psutil.Process]:
    """The server's child processes."""
    return psutil.Process(pid).children()


def memory(pid: int) -> float:
    """Megabytes that a process has in memory."""
    return psutil.Process(pid).memory_info().rss / 1e6


class Peak:
    """Watches what a server's workers take: `most`, and `ready` while one has nothing to do."""

    def __init__(self, pid: int) -> None:
        self.most = self.ready = 0.0
        self._pid, self._over = pid, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(0.1):
            for worker in workers(self._pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    taken = memory(worker.pid)
                    self.most = max(self.most, taken)
                    if worker.cpu_percent(0.1) == 0 and worker.status() == "sleeping":
                        self.ready = max(self.ready, taken)

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watch.join()


if __name__ == "__main__":
    main()
