"""How quick the page is: `python -m tests.benchmarks.page`.

Prints pen-up to answer against the bare page in alternation, the time from Train to the first
progress and to the first epoch's figures, and the server's memory. Needs Chromium; MNIST_NPZ
should name MNIST for the training figures.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE, PROJECT, click, draw, keyed, launched, open_page, served

STROKES = 30
_LINE = [np.array([[140, 60], [141, 120], [140, 220]])]
_WAIT = """
(before) => new Promise(resolve => {
  const started = performance.now();
  const look = () => {
    const words = document.querySelector('.st-key-prediction').innerText;
    if (words !== before) resolve(performance.now() - started);
    else requestAnimationFrame(look);
  };
  look();
})
"""


def pen_up_to_answer(page: Page) -> float:
    """Draw one line and return the milliseconds from pen-up to changed words."""
    before = keyed(page, "prediction").inner_text()
    draw(page, _LINE)
    return page.evaluate(_WAIT, before)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home, launched() as browser:
        folder = Path(home)
        environment = {"DIGIT_CLASSIFIER_HOME": home}
        bare_script = Path(__file__).with_name("bare_page.py")
        with (
            served(PROJECT / "app.py", environment, folder / "log") as (url, pid),
            served(bare_script, {}, folder / "bare-log") as (bare_url, _),
        ):
            page = open_page(browser, url)
            bare = browser.new_page()
            bare.goto(bare_url)
            bare.locator("canvas.upper-canvas").wait_for(timeout=PATIENCE)
            time.sleep(2)
            ours, floor = [], []
            for turn in range(STROKES):
                floor.append(pen_up_to_answer(bare))
                # The words change from none to an answer and back, so that each change is seen.
                ours.append(pen_up_to_answer(page))
                click(page, "clear")
                expect(keyed(page, "prediction")).to_have_text(re.compile(r"^\D+$"))
                time.sleep(0.5)
                if turn == 2:  # the first ones load the model and the chart's code
                    ours.clear()
                    floor.clear()
            print("| pen-up to answer, ms | median | 95th percentile |")
            print("|---|---|---|")
            for name, times in (("bare page", floor), ("this page", ours)):
                high = statistics.quantiles(times, n=20)[-1]
                print(f"| {name} | {statistics.median(times):.0f} | {high:.0f} |")
            print(
                f"| ratio of medians | {statistics.median(ours) / statistics.median(floor):.2f} | |"
            )

            begun = time.perf_counter()
            click(page, "train")
            keyed(page, "training-progress").wait_for(timeout=PATIENCE)
            first = time.perf_counter() - begun
            # The curves appear with the first epoch's figures.
            page.get_by_text("Accuracy by epoch").or_(
                page.locator(".stSidebar .stVegaLiteChart").first
            ).first.wait_for(timeout=PATIENCE)
            epoch = time.perf_counter() - begun
            expect(keyed(page, "training-result")).to_contain_text(
                "Test accuracy", timeout=PATIENCE
            )
            print(f"\nTrain to first progress shown: {first:.2f} s")
            print(f"Train to the first epoch's figures of dense: {epoch:.1f} s")
            print(f"Train to the result of 5 epochs: {time.perf_counter() - begun:.1f} s")
            memory = psutil.Process(pid).memory_info().rss
            print(f"Memory of the page's process afterwards: {memory / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
