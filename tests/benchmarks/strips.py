"""Pictures of a class and of the network's inside: `python -m tests.benchmarks.strips [NAME …]`.

Writes assets/wall.png (a network learns from a class's own digits, on its wall), living.png (the
network as one picture while a 3 is drawn), inside.png and class.png, or those that are named. All
digits are the program's own. MNIST_NPZ should name MNIST.
"""

import contextlib
import io
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from classifier.config import ASSETS, CANVAS
from classifier.people import classroom, entering, staging, visitors
from classifier.people.collection import Labelled
from classifier.people.register import Class
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from classifier.ui.door import COOKIE
from tests.benchmarks import settings
from tests.browser import (
    PATIENCE,
    PROJECT,
    blank_tab,
    click,
    draw,
    keyed,
    launched,
    open_page,
    open_phone,
    open_tab,
    placed,
    served,
    settle,
    write,
)

MEMBERS, EACH = 12, 10  # drawings
FRAMES = 6
_COLUMNS = 3
_GAP = 16  # pixels between two pictures
_EPOCHS = (0, 1, 2, 4, 8, 15)  # that the strip of the wall shows


def main(names: Sequence[str]) -> None:
    """Make the pictures of these names."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(settings(HOME=home, DRAWINGS_A_MINUTE="10000"))
        log = Path(home) / "log.txt"
        url, _ = stack.enter_context(served(PROJECT / "app.py", {}, log))
        browser = stack.enter_context(launched())
        for name in names or list(_MADE):
            picture = _MADE[name](browser, url)
            picture.quantize(256).save(ASSETS / f"{name}.png", optimize=True)
            print(f"{name}.png: {(ASSETS / f'{name}.png').stat().st_size:,} bytes", flush=True)


def _class(browser: Browser, url: str) -> tuple[Class, Page]:
    """A class whose members have drawn, and its host's page."""
    token = visitors.new_token()
    host = visitor_of(token)
    there = classroom.open_class(host, "shipped-dense")
    staging.set_name(host, there.number, "Class 4b")
    drawn = list(handwriting.generate(MEMBERS * EACH, 4, 0.5))
    labels = handwriting.generate(MEMBERS * EACH, 4, 0.5).labels.tolist()
    for number in range(MEMBERS):
        entering.join(visitor_of(f"{there.code} {number}"), there.code, "here")
    for number, (strokes, label) in enumerate(zip(drawn, labels, strict=True)):
        on_canvas = [one.astype(np.float32) for one in placed(strokes, 190, (55, 45))]
        answer = label if number % 9 else (label + 2) % 10  # as when they came
        one = Labelled(f"d{number}", label, on_canvas, 18.0, answer, "shipped-dense")
        classroom.send(visitor_of(f"{there.code} {number // EACH}"), there.number, one)
    page = blank_tab(browser)
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
    page.goto(url)
    page.locator("canvas.upper-canvas").wait_for(timeout=PATIENCE)
    settle(page)
    open_tab(page, "Our handwriting")
    keyed(page, "invitation").wait_for()
    return there, page


def _wall(browser: Browser, url: str) -> Image.Image:
    """The wall, epoch by epoch."""
    there, host = _class(browser, url)
    wall = host.context.new_page()
    wall.set_viewport_size({"width": 1120, "height": 760})
    wall.goto(f"{url}/?wall={there.code}")
    wall.locator(f'.wall[data-drawings="{MEMBERS * EACH}"]').wait_for(timeout=PATIENCE)
    keyed(host, "rounds").get_by_role("button").first.click()
    click(host, "round-watch-alone")
    frames = []
    for epoch in _EPOCHS:
        bar = wall.locator(".wall-number").get_by_text(str(epoch or "before"), exact=True)
        expect(bar).to_be_visible(timeout=PATIENCE)
        time.sleep(0.9)  # the tiles turn
        frames.append(_shot(wall))
    host.context.close()
    return _strip(frames)


def _living(browser: Browser, url: str) -> Image.Image:
    """The network as one picture while a digit is drawn."""
    page = open_page(browser, url)
    page.set_viewport_size({"width": 1366, "height": 1500})
    open_tab(page, "Inside the network")
    picture = page.locator(".living-canvas")
    picture.wait_for(timeout=PATIENCE)
    (line,) = placed(handwriting.sample_digit(3), 200, (60, 40))
    box = page.locator("canvas.upper-canvas").bounding_box()
    scale = box["width"] / CANVAS
    at = [(box["x"] + x * scale, box["y"] + y * scale) for x, y in line]
    page.mouse.move(*at[0])
    page.mouse.down()
    frames, stops = [], np.linspace(len(at) / 5, len(at) - 1, FRAMES).astype(int)
    for start, end in zip([0, *stops], stops, strict=False):
        for place in at[start + 1 : end + 1]:
            page.mouse.move(*place)
            time.sleep(0.02)
        time.sleep(1.0)
        frames.append(_shot(picture))
    page.mouse.up()
    page.context.close()
    return _strip(frames)


def _inside(browser: Browser, url: str) -> Image.Image:
    """The tab's first parts."""
    page = open_page(browser, url)
    draw(page, placed(handwriting.sample_digit(7), 190, (50, 40)))
    open_tab(page, "Inside the network")
    page.locator(".living-canvas").wait_for(timeout=PATIENCE)
    page.set_viewport_size({"width": 1366, "height": 2600})
    settle(page)
    time.sleep(3)
    tabs = page.get_by_role("tablist").bounding_box()
    clip = {"x": tabs["x"] - 8, "y": tabs["y"] - 4, "width": tabs["width"] + 16, "height": 1095}
    picture = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    page.context.close()
    return picture


def _host_and_phone(browser: Browser, url: str) -> Image.Image:
    """What the host sees, and a phone beside it."""
    there, host = _class(browser, url)
    host.set_viewport_size({"width": 1366, "height": 1800})
    phone = open_phone(browser, f"{url}/?class={there.code}")
    write(phone, 0)
    settle(host)
    time.sleep(2)
    top = keyed(host, "invitation").bounding_box()
    clip = {"x": top["x"] - 12, "y": top["y"] - 12, "width": 1020, "height": 844}
    left = Image.open(io.BytesIO(host.screenshot(clip=clip))).convert("RGB")
    right = _shot(phone)
    both = Image.new("RGB", (left.width + _GAP + right.width, 844), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + _GAP, 0))
    host.context.close()
    phone.context.close()
    return both


def _shot(of: Page | Locator) -> Image.Image:
    return Image.open(io.BytesIO(of.screenshot())).convert("RGB")


def _strip(frames: list[Image.Image]) -> Image.Image:
    """The pictures in rows, half as large."""
    width, height = frames[0].size
    rows = -(-len(frames) // _COLUMNS)
    size = _COLUMNS * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP
    strip = Image.new("RGB", size, "white")
    for number, frame in enumerate(frames):
        row, column = divmod(number, _COLUMNS)
        strip.paste(frame, (column * (width + _GAP), row * (height + _GAP)))
    return strip.resize((size[0] // 2, size[1] // 2), Image.Resampling.LANCZOS)


_MADE: dict[str, Callable[[Browser, str], Image.Image]] = {
    "wall": _wall,
    "living": _living,
    "inside": _inside,
    "class": _host_and_phone,
}


if __name__ == "__main__":
    main([re.sub(r"\.png$", "", name) for name in sys.argv[1:]])
