"""Ways to write a digit that are misread, drawn in the page: `python -m tests.benchmarks.styles`.

Draws twenty of each with the mouse, each in another hand, and prints how often the page's answer is
right, unsure and wrong. Takes seven minutes. Needs Chromium.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page

from classifier.ink.drawings import fit_canvas
from classifier.synthetic import handwriting
from tests.benchmarks import takes_nothing
from tests.benchmarks.board import ALL_THERE
from tests.browser import (
    PROJECT,
    clear,
    draw,
    launched,
    open_page,
    served,
    wait_until,
)

STYLES = [
    (7, "crossed, hook at the foot"),
    (7, "round, crossed, hook at the foot"),
    (0, "slash within"),
    (0, "slash beyond"),
    (4, "like a G, one stroke"),
    (4, "like a G, two strokes"),
    (1, "flag and foot"),
    (3, "narrow"),
    (9, "small loop, straight stem"),
    (6, "closed top"),
]
_EACH, _SEED = 20, 2026


def outcome(said: str, digit: int) -> str:
    """Whether the page's words about a drawing of that digit are right, unsure or wrong."""
    if not said.startswith("It is"):
        return "unsure"
    return "right" if re.match(rf"It is an? {digit}\b", said) else "wrong"


def wait_for_all(page: Page, strokes: int) -> None:
    """Until so many strokes are answered: before, the answer is to a part of the digit."""
    wait_until(lambda: page.evaluate(ALL_THERE) == strokes)


def main() -> None:
    """Draw, and print."""
    takes_nothing(__doc__)
    print("| digit | drawn | right | unsure | wrong |")
    print("|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as home,
        served(
            PROJECT / "app.py", {"DIGIT_CLASSIFIER_HOME": home}, Path(home) / "log.txt"
        ) as there,
        launched() as browser,
    ):
        page = open_page(browser, there[0])
        for digit, name in STYLES:
            counts: Counter[str] = Counter()
            for strokes in handwriting.generate_variant(digit, name, _EACH, _SEED):
                draw(page, fit_canvas(strokes)[0])
                wait_for_all(page, len(strokes))
                counts[outcome(page.locator(".board-title").inner_text(), digit)] += 1
                clear(page)
            figures = " | ".join(str(counts[one]) for one in ("right", "unsure", "wrong"))
            print(f"| {digit} | {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
