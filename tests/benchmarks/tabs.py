"""How quick the tabs are, and what they cost: `python -m tests.benchmarks.tabs`.

Prints, as tables, the time from a click on a tab until what it shows is there; of occlusion; from
pen-up to answer with each tab open, in turn with a page on which nothing was trained; and the
memory of the page's process as runs and tabs add up. Takes four minutes. Needs Chromium, and
MNIST_NPZ should name MNIST.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from classifier.cli.evaluate import print_table
from classifier.config import CANVAS, CANVAS_PEN
from classifier.ink import preparing
from classifier.serving import occlusion, store
from classifier.serving.predict import Predictor
from classifier.synthetic import handwriting
from tests.benchmarks import page as page_benchmark
from tests.browser import (
    PATIENCE,
    PROJECT,
    click,
    expect_blank,
    keyed,
    launched,
    open_page,
    served,
    settle,
)

LATER, STROKES, RUNS, EVERY = 3, 8, 20, 6
_CHART = '[data-testid="stVegaLiteChart"] svg'
_LESSON = "?lesson=problem"  # in the address: the page begins with the tab "Lesson"
# What each tab shows, its last element last; the panel of a tab that is not open is not there.
TABS = {
    "Training": {
        "charts": f'[role="tabpanel"] {_CHART}',
        "worst mistakes": ".st-key-gallery-worst img",
    },
    "Inside the network": {
        "ladder and occlusion": ".st-key-ladder img, .st-key-occlusion img",
        "nearest images": ".st-key-gallery-neighbour img",
    },
    "Runs": {"all runs": '[role="tabpanel"] [data-testid="stDataFrame"]'},
    "Lesson": {"words and objects": ".st-key-lesson-words p, .st-key-lesson-objects img"},
}
# Looked for in each frame, since Playwright's own waiting lets up to half a second pass between two
# looks. A part is there when the number of its elements changes for the last time.
_WATCH = """
([parts, patience]) => {
  window.opened = new Promise((resolve, reject) => addEventListener('pointerdown', () => {
    const begun = performance.now(), app = document.querySelector('[data-testid="stApp"]');
    const counts = {}, times = {};
    const look = () => {
      const now = performance.now() - begun;
      for (const [name, selector] of Object.entries(parts)) {
        const found = [...document.querySelectorAll(selector)];
        const count = found.filter(element => element.complete ?? true).length;
        if (count !== counts[name]) [counts[name], times[name]] = [count, now];
      }
      const there = Object.values(counts).every(Boolean);
      const still = now - Math.max(...Object.values(times)) > 300;
      if (there && still && app.dataset.testScriptState === 'notRunning') resolve(times);
      else if (now > patience) reject(new Error(`incomplete: ${JSON.stringify(counts)}`));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, {capture: true, once: true}));
}
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        home = Path(folder)
        opened = list(of_shipped(browser, home))
        with _served(home) as (url, pid):
            sizes = [size("the start", pid)]
            page = open_page(browser, url + _LESSON)
            click(page, "sample-7")
            for network in ("dense", "conv"):
                page.get_by_text(network, exact=True).click()
                train(page)
                first = {tab: opening(page, tab) for tab in TABS}
                opened += rows(f"`{network}`, just trained", first, again(page))
            print_table(opened)
            print()
            print_table([occlusion_of(name) for name in ("shipped-deep", "shipped-dense")])
            print()
            run = page.evaluate("new URL(location).searchParams.get('run')")
            answers = with_each_tab(browser, url, run)
            page_benchmark.print_table("pen-up to answer, ms", answers, 0)
            sizes.append(size("2 runs and five more visitors", pid))
            for number in range(3, RUNS + 1):
                train(page, images=1000)
                if (RUNS - number) % EVERY == 0:
                    times = {
                        tab: max(opening(page, tab).values())
                        for tab in ("Inside the network", "Runs", "Lesson", "Training")
                    }
                    sizes.append(size(f"{number} runs", pid, times["Runs"]))
            print_table(sizes)


def _served(home: Path) -> AbstractContextManager[tuple[str, int]]:
    environment = {"DIGIT_CLASSIFIER_HOME": str(home)}
    return served(PROJECT / "app.py", environment, home / "log")


def opening(page: Page, tab: str) -> dict[str, float]:
    """Milliseconds from a click on a tab that is not open until each part of it is there."""
    page.evaluate(_WATCH, [TABS[tab], PATIENCE])
    page.get_by_role("tab", name=tab).click()
    return page.evaluate("window.opened")


def again(page: Page) -> dict[str, list[dict[str, float]]]:
    """What `opening` says when the tabs are opened in turn, several times."""
    times: dict[str, list[dict[str, float]]] = {tab: [] for tab in TABS}
    for _ in range(LATER):
        for tab in TABS:
            times[tab].append(opening(page, tab))
    return times


def of_shipped(browser: Browser, home: Path) -> Iterator[dict[str, str]]:
    """Rows of the shipped `conv`, each tab being the first that a server is asked for beside the
    one that it begins with."""
    first = {}
    for tab in TABS:
        begins = "Training" if tab == "Lesson" else "Lesson"
        with _served(home) as (url, _):
            page = open_page(browser, url if begins == "Training" else url + _LESSON)
            click(page, "sample-7")
            for part in TABS[begins].values():
                page.locator(part).first.wait_for(timeout=PATIENCE)
            settle(page)
            first[tab] = opening(page, tab)
            if len(first) == len(TABS):
                yield from rows("`conv`, shipped, on a fresh server", first, again(page))
            page.context.close()


def rows(
    model: str, first: dict[str, dict[str, float]], later: dict[str, list[dict[str, float]]]
) -> Iterator[dict[str, str]]:
    """A row for each part of each tab."""
    for tab, parts in TABS.items():
        for part in parts:
            times = [opened[part] for opened in later[tab]]
            yield {
                "answering": model,
                "tab": tab,
                "until": part,
                "first, ms": f"{first[tab][part]:.0f}",
                "later, median, ms": f"{statistics.median(times):.0f}",
                "later, most, ms": f"{max(times):.0f}",
            }


def occlusion_of(name: str) -> dict[str, str]:
    """A shipped model's time for one drawing's occlusion, in a process that does nothing else."""
    predictor = Predictor(store.get(name).tflite())
    times = []
    for digit in range(10):
        strokes = [stroke * 200 + 40 for stroke in handwriting.sample_digit(digit)]
        image = preparing.prepare_strokes(strokes, CANVAS, CANVAS_PEN).network_input
        begun = time.perf_counter()
        occlusion.occlusion(predictor, image)
        times.append(1e3 * (time.perf_counter() - begun))
    return {
        "occlusion": f"`{name}`, shipped",
        "median of ten digits, ms": f"{statistics.median(times):.0f}",
        "most, ms": f"{max(times):.0f}",
    }


def size(after: str, pid: int, runs: float | None = None) -> dict[str, str]:
    """The memory of the page's process; runs: milliseconds in which the tab "Runs" was opened."""
    return {
        "after": after,
        "memory of this page's process, MB": f"{page_benchmark.memory(pid):.0f}",
        "Runs opened, all asked, ms": "" if runs is None else f"{runs:.0f}",
    }


def train(page: Page, images: int | None = None) -> None:
    """Train what the form says, or `dense` for one epoch of so many images, until it answers."""
    if images is not None:
        page.get_by_text("More settings", exact=True).click()
        page.get_by_label("Training images", exact=True).fill(str(images))
        page.get_by_label("Epochs", exact=True).fill("1")
    click(page, "train")
    keyed(page, "training-progress").wait_for(timeout=PATIENCE)
    # The sentence of the run before is gone while this one is on.
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    settle(page)


def with_each_tab(browser: Browser, url: str, run: str) -> dict[str, list[float]]:
    """Milliseconds from pen-up to answer of pages that take turns: one on which nothing was
    trained, and one for each tab, on which that run's model answers."""
    pages = {"Training is open, nothing was trained": open_page(browser, url)}
    pages |= {f"{tab} is open": open_page(browser, f"{url}?run={run}") for tab in TABS}
    for page in pages.values():
        click(page, "sample-7")
        settle(page)
    for tab in TABS:
        if tab != "Training":
            opening(pages[f"{tab} is open"], tab)
    times: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(STROKES):
        # The words change from none to an answer and back, so that each change is seen.
        for page in pages.values():
            click(page, "clear")
            expect_blank(page)
        time.sleep(0.5)  # the canvas answers, and the tabs are drawn anew
        for name, page in pages.items():
            settle(page)
            times[name].append(page_benchmark.pen_up_to_answer(page))
            settle(page)
    for page in pages.values():
        page.context.close()
    return times


if __name__ == "__main__":
    main()
