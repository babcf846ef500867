"""The board under the pen: `python -m tests.benchmarks.board`.

Draws with a mouse at a person's pace, in turns with a bare page that has the same canvas. Prints
how long the answer takes from pen-up, and how many different ones came while a digit was drawn,
here and behind a line of 100 ms each way; and how many drawings and strokes were lost that were
begun right after a button, or as soon as the pointer came, at a quarter of the processor.
"""

import contextlib
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from classifier.cli.evaluate import print_table
from classifier.config import CANVAS
from classifier.people import classroom, visitors
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from tests.browser import (
    PROJECT,
    click,
    delayed,
    expect_answer,
    keyed,
    launched,
    open_page,
    placed,
    served,
    settle,
    wait_for_canvas,
    wait_until,
)

DRAWINGS = 20  # for each figure of time
LOST_OF = 9  # drawings for each button and line
LINES = (0.0, 0.06, 0.15)  # seconds each way
_BARE = PROJECT / "tests" / "benchmarks" / "bare_page.py"
_SECONDS = 0.9  # that a person draws a digit
_SLOWED = 4  # times: what is left of the processor is a quarter
# When the pen was lifted, what was answered when, and what the server had then. The bare page's
# answer is its words.
WATCH = """() => {
  const words = document.querySelector('.st-key-prediction');
  const board = document.querySelector('.st-key-board');
  window.ups = []; window.answers = []; window.taken = [];
  window.addEventListener('pointerup', () => ups.push(performance.now()), true);
  const say = () => document.querySelector('.board-values')?.textContent ?? words.innerText;
  new MutationObserver(() => answers.push([performance.now(), say()]))
    .observe(board ?? words, {subtree: true, childList: true, characterData: true});
  board?.addEventListener('link', () =>
    board.link.data.have.resting && taken.push(performance.now()));
}"""


def strokes_of(digit: int) -> list[np.ndarray]:
    """A digit in canvas pixels."""
    return placed(handwriting.sample_digit(digit), 190, (45, 45))


def draw_as_a_person(page: Page, strokes: list[np.ndarray], seconds: float = _SECONDS) -> None:
    """Draw with the mouse, in so many seconds."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    scale, count = box["width"] / CANVAS, sum(map(len, strokes))
    begun, done = time.perf_counter(), 0
    for stroke in strokes:
        for k, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
            if k == 0:
                page.mouse.down()
            done += 1
            time.sleep(max(0, begun + seconds * done / count - time.perf_counter()))
        page.mouse.up()


def one_drawing(page: Page, digit: int) -> tuple[float, int]:
    """Milliseconds from pen-up until the answer to the whole drawing is there, and how many
    different answers came while it was drawn."""
    page.evaluate("() => { ups.length = answers.length = taken.length = 0 }")
    before = keyed(page, "prediction").inner_text()
    draw_as_a_person(page, strokes_of(digit))
    if page.locator(".st-key-board").count():
        wait_until(lambda: page.evaluate("taken.some(at => at > ups.at(-1))"))
        at = page.evaluate("taken.find(at => at > ups.at(-1))")
    else:
        wait_until(lambda: keyed(page, "prediction").inner_text() != before)
        time.sleep(0.3)
        at = page.evaluate("answers.at(-1)[0]")
    taken = at - page.evaluate("ups.at(-1)")
    while_drawing = page.evaluate(
        "new Set(answers.filter(([at]) => at < ups.at(-1)).map(one => one[1])).size"
    )
    if page.locator(".st-key-board").count():
        click(page, "clear")
        wait_until(lambda: page.evaluate(_BLANK))
    return taken, while_drawing


_BLANK = "document.querySelector('.st-key-board').link.data.have.strokes === 0"
# Whether the server has all that is on the canvas, and nothing else.
ALL_THERE = """() => {
  window.dispatchEvent(new Event('pagehide'));
  const kept = JSON.parse(sessionStorage.getItem('digit-classifier-drawing'));
  const {have} = document.querySelector('.st-key-board').link.data;
  const last = kept.strokes.at(-1);
  return have.resting && have.drawing === kept.id && have.strokes === kept.strokes.length
    && have.points === (last ? last.points.length / 2 : 0) && kept.strokes.length;
}"""


def times(browser: Browser, url: str, bare_url: str) -> dict[str, list[float]]:
    """Pen-up to the last answer, in turns with the bare page; answers while one draws."""
    page, bare = open_page(browser, url), browser.new_page()
    bare.goto(bare_url)
    bare.locator("canvas.upper-canvas").wait_for()
    found: dict[str, list[float]] = {"bare page": [], "this page": [], "answers": []}
    for one in (page, bare):
        time.sleep(1)
        one.evaluate(WATCH)
    for k in range(DRAWINGS + 2):
        digit = (7, 3, 8, 5, 2)[k % 5]
        bare_time, _ = one_drawing(bare, digit)
        mine, answers = one_drawing(page, digit)
        if k >= 2:  # the first ones load the model
            found["bare page"].append(bare_time)
            found["this page"].append(mine)
            found["answers"].append(answers)
    page.context.close()
    bare.close()
    return found


def slowed(page: Page) -> None:
    """Leave the page a quarter of the processor."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWED})


def lost_after(page: Page, action: str, rng: np.random.Generator) -> int:
    """How many drawings were lost or misread that were begun within 0.4 s after a button."""
    lost = 0
    for _ in range(LOST_OF):
        draw_as_a_person(page, strokes_of(1), 0.2)
        expect_answer(page, 1)
        wait = rng.uniform(0, 0.4)
        digit = int(rng.choice((2, 3, 5, 6, 7, 8)))
        click(page, action)
        time.sleep(wait)
        drawn = strokes_of(digit)
        draw_as_a_person(page, drawn, 0.4)
        sample = len(handwriting.sample_digit(0)) if action == "sample-0" else 0
        deadline = time.monotonic() + 10
        is_there = False
        while not is_there and time.monotonic() < deadline:
            is_there = page.evaluate(ALL_THERE) == len(drawn) + sample
            if is_there and not sample:
                said = keyed(page, "prediction").inner_text()
                is_there = next((c for c in said if c.isdigit()), "") == str(digit)
        lost += not is_there
        page.keyboard.press("x")
        wait_until(lambda: page.evaluate(_BLANK))
    return lost


def lost_at_the_start(page: Page) -> int:
    """How many of 100 strokes were lost that began where the pointer had just arrived."""
    lost = 0
    box = page.locator("canvas.upper-canvas").bounding_box()
    scale = box["width"] / CANVAS
    for x, y in itertools.product(np.linspace(10, CANVAS - 10, 10), repeat=2):
        left, top = box["x"] + x * scale, box["y"] + y * scale
        page.mouse.move(left, box["y"] - 30)
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["width"] / 2, steps=2)
        page.mouse.up()
        lost += (
            page.evaluate(
                "() => { window.dispatchEvent(new Event('pagehide')); return JSON.parse("
                "sessionStorage.getItem('digit-classifier-drawing')).strokes.length }"
            )
            != 1
        )
        page.keyboard.press("x")
    return lost


def row(name: str, values: list[float]) -> dict[str, str]:
    """One line of a table."""
    return {
        "": name,
        "median": f"{statistics.median(values):.0f}",
        "95th percentile": f"{np.percentile(values, 95):.0f}",
        "least": f"{min(values):.0f}",
        "most": f"{max(values):.0f}",
    }


def main() -> None:
    """Measure and print."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        token = visitors.new_token()
        code = classroom.open_class(visitor_of(token), "shipped-deep").code
        log = Path(home) / "log.txt"
        url, _ = stack.enter_context(served(PROJECT / "app.py", {}, log))
        bare_url, _ = stack.enter_context(served(_BARE, {}, log))
        browser = stack.enter_context(launched())
        near = times(browser, url, bare_url)
        with delayed(url, 0.1) as far_url, delayed(bare_url, 0.1) as far_bare:
            far = times(browser, far_url, far_bare)
        print_table(
            [
                row("bare page: pen-up to answer, ms", near["bare page"]),
                row("this page: pen-up to answer, ms", near["this page"]),
                row("this page: different answers while one draws", near["answers"]),
                row("bare page, 100 ms each way: pen-up to answer, ms", far["bare page"]),
                row("this page, 100 ms each way: pen-up to answer, ms", far["this page"]),
                row("this page, 100 ms each way: different answers", far["answers"]),
            ]
        )
        share = statistics.median(near["this page"]) / statistics.median(near["bare page"])
        print(f"pen-up to answer: {share:.2f} of the bare page's\n", flush=True)
        rng = np.random.default_rng(0)
        rows = []
        for seconds in LINES:
            line = delayed(url, seconds) if seconds else contextlib.nullcontext(url)
            with line as there:
                lost = {}
                for action in ("clear", "sample-0", "undo", "label-1"):
                    address = f"{there}/?class={code}" if action == "label-1" else there
                    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
                    page.goto(address)
                    if action == "label-1":
                        keyed(page, "label-9").wait_for()
                        settle(page)
                    else:
                        wait_for_canvas(page)
                    slowed(page)
                    lost[action] = f"{lost_after(page, action, rng)} of {LOST_OF}"
                    page.context.close()
                rows.append({"lost or misread, each way": f"{seconds * 1000:.0f} ms"} | lost)
        print_table(rows)
        page = open_page(browser, url)
        slowed(page)
        print(
            f"\nstrokes lost where the pointer had just arrived: {lost_at_the_start(page)} of 100"
        )


if __name__ == "__main__":
    main()
