"""The network as one picture under the pen: `python -m tests.benchmarks.living [NAME …]`.

Draws with a mouse at a person's pace, in turns where the picture is open and where it is shut.
Prints, for each model, how much processor the server takes for one picture of the network, and how
large it is; then how many came in a second, how many answers did without the picture, and how long
the last answer took from pen-up, with the picture and without. A model is named as `models` lists
it; others than the shipped ones are taken from DIGIT_CLASSIFIER_HOME.
"""

import contextlib
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from classifier.cli.evaluate import print_table
from classifier.config import CANVAS, CANVAS_PEN, CLASSES
from classifier.ink import preparing
from classifier.serving import store
from classifier.serving.inspection import Inspector
from classifier.serving.tracing import Tracer
from classifier.ui.living import frames
from classifier.ui.living.frames import Watched
from tests.benchmarks.board import WATCH, one_drawing, strokes_of
from tests.browser import PROJECT, launched, open_page, served, settle

DRAWINGS, PICTURES = 20, 50
_DIGITS = (3, 2, 6, 0)  # of one stroke: between strokes the rest of the page is drawn
# When each answer came; where the picture is open, when it was first painted as the answer says.
_HEARD = """() => {
  window.heard = [];
  const picture = document.querySelector('[data-painted]');
  if (!picture) {
    document.addEventListener('answer', () => heard.push(performance.now()), true);
    return;
  }
  let frames = picture.dataset.frames;
  new MutationObserver(() => {
    if (picture.dataset.frames !== frames) heard.push(performance.now());
    frames = picture.dataset.frames;
  }).observe(picture, {attributeFilter: ['data-painted']});
}"""
# How many a second while the pen was down.
_RATE = """() => {
  const under = heard.filter(at => at < ups.at(-1));
  return under.length > 1 ? (under.length - 1) / (under.at(-1) - under[0]) * 1000 : 0;
}"""


def main(names: list[str]) -> None:
    """Measure and print."""
    print_table([cost(name) for name in names])
    with contextlib.ExitStack() as stack:
        home = os.environ.get("DIGIT_CLASSIFIER_HOME")
        home = home or stack.enter_context(tempfile.TemporaryDirectory())
        log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log.txt"
        environment = {"DIGIT_CLASSIFIER_HOME": home}
        url, _ = stack.enter_context(served(PROJECT / "app.py", environment, log))
        browser = stack.enter_context(launched())
        print_table([measured(browser, url, name) for name in names])


def cost(name: str) -> dict[str, str]:
    """One line of the first table."""
    model = store.get(name)
    tracer, watched = Tracer(Inspector(model.tflite(), model.layers())), Watched()
    taken, sizes = [], []
    for number in range(PICTURES):
        image = handwriting_input(number % CLASSES)
        begun = time.thread_time()
        picture = json.dumps(frames.frame(tracer, image, watched))
        taken.append((time.thread_time() - begun) * 1000)
        sizes.append(len(picture))
    return {
        "model": name,
        "processor for one picture, ms": f"{statistics.median(taken):.1f}",
        "bytes, median": f"{statistics.median(sizes):,.0f}",
        "most": f"{max(sizes):,}",
    }


def handwriting_input(digit: int) -> np.ndarray:
    """A sample of this digit as a network input."""
    image = preparing.prepare_strokes(strokes_of(digit), CANVAS, CANVAS_PEN).network_input
    assert image is not None
    return image


def measured(browser: Browser, url: str, name: str) -> dict[str, str]:
    """One line of the table."""
    pages = {tab: opened(browser, url, tab, name) for tab in ("inside", "training")}
    taken: dict[str, list[float]] = {tab: [] for tab in pages}
    rates: dict[str, list[float]] = {tab: [] for tab in pages}
    for number in range(DRAWINGS + 2):
        for tab, page in pages.items():
            page.evaluate("() => { heard.length = 0 }")
            milliseconds, _ = one_drawing(page, _DIGITS[number % len(_DIGITS)])
            if number >= 2:  # the first ones load the model
                taken[tab].append(milliseconds)
                rates[tab].append(page.evaluate(_RATE))
            settle(page)
    for page in pages.values():
        page.context.close()
    with_it, without = (statistics.median(taken[tab]) for tab in pages)
    pictures, answers = (statistics.median(rates[tab]) for tab in pages)
    return {
        "model": name,
        "pictures a second": f"{pictures:.1f}",
        "answers without": f"{answers:.1f}",
        "pen-up to answer with it, ms": f"{with_it:.0f}",
        "without": f"{without:.0f}",
        "share": f"{with_it / without:.2f}",
    }


def opened(browser: Browser, url: str, tab: str, name: str) -> Page:
    """The page at that tab, where this model answers."""
    page = open_page(browser, f"{url}/?tab={tab}")
    page.get_by_role("combobox", name=re.compile("Answering model")).click()
    page.get_by_role("option", name=re.compile(rf"^{name} ·")).click()
    settle(page)
    page.evaluate(WATCH)
    page.evaluate(_HEARD)
    return page


if __name__ == "__main__":
    main(sys.argv[1:] or ["shipped-dense", "shipped-deep"])
