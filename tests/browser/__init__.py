"""What browser tests and benchmarks share: a served page, a browser, a mouse that draws.

Needs Chromium: the one on the path, or the one that CHROMIUM names.
"""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urljoin

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect, sync_playwright

from classifier.config import CANVAS, PROJECT
from classifier.synthetic import handwriting

PATIENCE = int(os.environ.get("PATIENCE_MS", 90_000))  # milliseconds: machines are slow and noisy
VIEWPORT = {"width": 1366, "height": 768}
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """The browser to use, or None if there is none."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def served(
    script: str | Path, environment: dict[str, str], log: Path, port: int | None = None
) -> Iterator[tuple[str, int]]:
    """A Streamlit page on a loopback port, a free one unless it is named: its address and the
    server's process id."""
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    with open(log, "ab") as output:
        server = subprocess.Popen(
            command, cwd=PROJECT, env=os.environ | environment, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"no page: {log.read_text()[-2000:]}") from None
                time.sleep(0.1)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait(40)  # it may take 30 to leave


@contextlib.contextmanager
def delayed(url: str, seconds: float) -> Iterator[str]:
    """The same page behind a line that takes so long each way: its address there."""
    loop = asyncio.new_event_loop()
    server_port = int(url.rpartition(":")[2])

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            with contextlib.suppress(OSError):
                while (item := await late.get())[1]:
                    await asyncio.sleep(item[0] - loop.time())
                    sink.write(item[1])
                    await sink.drain()
            sink.close()

        delivery = loop.create_task(deliver())
        with contextlib.suppress(OSError):
            while content := await source.read(1 << 16):
                late.put_nowait((loop.time() + seconds, content))
        late.put_nowait((0, b""))
        await delivery

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", server_port)
        except OSError:  # the server is down
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):  # the line is taken down
            await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.start_server(connect, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:

        async def end() -> None:
            server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def blank_tab(browser: Browser, **options: object) -> Page:
    """An empty tab of the browser; cookies and the cache are its own."""
    context = browser.new_context(viewport=VIEWPORT, **options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def forget(page: Page) -> None:
    """Make a page's tab one whose visitor was never here."""
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.goto(urljoin(page.url, "/_stcore/health"))  # no page, but what it stored is at hand
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.context.clear_cookies()
    page.mouse.up()
    page.mouse.move(0, 0)
    page.set_viewport_size(VIEWPORT)


def open_page(browser: Browser, url: str, **options: object) -> Page:
    """A page in a tab and a context of its own, with its canvas ready."""
    return visit(blank_tab(browser, **options), url)


def visit(page: Page, url: str) -> Page:
    """The same page at this address, with its canvas ready."""
    page.goto(url)
    wait_for_canvas(page)
    return page


def wait_for_canvas(page: Page) -> None:
    """Until the canvas takes the mouse and the whole page has been drawn."""
    page.locator("canvas.upper-canvas").wait_for(timeout=PATIENCE)
    keyed(page, "sample-9").wait_for(timeout=PATIENCE)
    settle(page)


# A click is sent a moment later, keys are listened to once all is drawn, charts grow as they are
# drawn, and what draws an element (the page's style, too) may still be on its way: the page is at
# rest when, for a while, nothing has run, grown or been awaited.
_AT_REST = """
patience => new Promise((resolve, reject) => {
  const begun = performance.now();
  let since = begun, height;
  const look = () => {
    const now = performance.now();
    const state = document.querySelector('[data-testid="stApp"]').dataset.testScriptState;
    const grown = document.querySelector('[data-testid="stMain"]').scrollHeight;
    const awaited = document.querySelector('[data-testid="stSkeleton"]');
    if (state !== 'notRunning' || grown !== height || awaited) [since, height] = [now, grown];
    if (now - since > 200) requestIdleCallback(() => resolve(), {timeout: 100});
    else if (now - begun > patience) reject(new Error(`restless: ${state}, ${grown} pixels`));
    else setTimeout(look, 20);
  };
  look();
})
"""


def settle(page: Page) -> None:
    """Until the server has nothing more to send and the browser nothing more to draw."""
    page.evaluate(_AT_REST, PATIENCE)


class Ear:
    """What a page hears of its server, which can be held back for a while."""

    def __init__(self, page: Page) -> None:
        """Before the page is opened."""
        self._held: list[tuple[WebSocketRoute, bytes]] | None = None
        self._said: list[tuple[WebSocketRoute, str | bytes]] = []  # by the page
        page.route_web_socket(re.compile("_stcore/stream"), self._relay)

    def _relay(self, line: WebSocketRoute) -> None:
        def hear(message: bytes) -> None:
            if self._held is None:
                line.send(message)
            else:
                self._held.append((line, message))

        def say(message: str | bytes) -> None:
            self._said.append((server, message))
            server.send(message)

        server = line.connect_to_server()
        line.on_message(say)
        server.on_message(hear)

    def close(self) -> None:
        """Hold back what the server says from now on."""
        self._held = []

    def has_missed(self, words: str, times: int = 1) -> bool:
        """Whether this has been said since, so often."""
        return sum(words.encode() in message for _, message in self._held or ()) >= times

    def say_again(self) -> None:
        """Tell the server once more what the page told it last: it begins another run, and ends
        the one that is on."""
        server, message = self._said[-1]
        server.send(message)

    def open(self) -> None:
        """Hear all that was said, and what is said from now on."""
        held, self._held = self._held or [], None
        for line, message in held:
            line.send(message)


def open_tab(page: Page, name: str) -> Locator:
    """Open one of the four tabs with the mouse, and return what it shows."""
    tab = page.get_by_role("tab", name=name)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    content = page.get_by_role("tabpanel", name=name).locator('[class*="st-key-open-tab"]')
    content.wait_for(timeout=PATIENCE)
    settle(page)
    return content


def keyed(page: Page, key: str) -> Locator:
    """The element that has this key in the page's code."""
    return page.locator(f".st-key-{key}")


def click(page: Page, key: str) -> None:
    """Press the button with this key."""
    keyed(page, key).get_by_role("button").first.click(timeout=PATIENCE)


def draw(page: Page, strokes: Sequence[np.ndarray]) -> None:
    """Draw strokes, each (k, 2) in canvas pixels, with the mouse, however large the canvas is.

    What lies within a pixel of the line is left out: each move of the mouse takes a frame."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.scroll_into_view_if_needed()  # a click that had to be repeated may have moved the page
    box = canvas.bounding_box()
    scale = box["width"] / CANVAS
    for stroke in strokes:
        corners = bends(stroke, 1)
        points = [(box["x"] + float(x) * scale, box["y"] + float(y) * scale) for x, y in corners]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def bends(stroke: np.ndarray, within: float) -> np.ndarray:
    """The points (k, 2) between which a stroke is straight, but for this distance."""
    return cv2.approxPolyDP(np.asarray(stroke, np.float32), within, closed=False)[:, 0]


def placed(strokes: Sequence[np.ndarray], side: float, at: tuple[float, float]) -> list[np.ndarray]:
    """Strokes in any unit scaled to a longer side of `side`, with the upper left corner `at`."""
    points = np.concatenate(list(strokes))
    low, extent = points.min(axis=0), np.ptp(points, axis=0).max()
    return [(stroke - low) / extent * side + np.array(at) for stroke in strokes]


def open_phone(browser: Browser, link: str, **options: object) -> Page:
    """The page of who joins a class by its link, on a phone, with its canvas ready."""
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **options
    ).new_page()
    phone.set_default_timeout(PATIENCE)
    phone.goto(link)
    phone.locator("canvas.upper-canvas").wait_for(timeout=PATIENCE)
    keyed(phone, "label-9").wait_for(timeout=PATIENCE)
    settle(phone)
    return phone


def draw_by_finger(phone: Page, strokes: Sequence[np.ndarray], seconds: float = 0) -> None:
    """Draw strokes, each (k, 2) in shares of the canvas's side, with one finger, in this time; at
    once, a finger moves as the mouse does in `draw`."""
    if not seconds:
        strokes = [bends(stroke, 1 / CANVAS) for stroke in strokes]
    pause = seconds / sum(map(len, strokes))
    box = phone.locator("canvas.upper-canvas").bounding_box()
    low, side = np.array([box["x"], box["y"]]), box["width"]
    session = phone.context.new_cdp_session(phone)

    def touch(kind: str, points: Sequence[np.ndarray]) -> None:
        at = [{"x": float(x), "y": float(y)} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    for stroke in strokes:
        points = np.asarray(stroke) * side + low
        touch("touchStart", points[:1])
        for point in points[1:]:
            touch("touchMove", [point])
            time.sleep(pause)
        touch("touchEnd", [])
    session.detach()


def open_class(host: Page) -> str:
    """Open a class with the mouse; its link."""
    open_tab(host, "Our handwriting")
    click(host, "class-open")
    link = keyed(host, "invitation").get_by_role("link")
    expect(link).to_be_in_viewport(timeout=PATIENCE)
    return link.get_attribute("href") or ""


def sketch(phone: Page, digit: int) -> None:
    """Draw a digit with one finger."""
    draw_by_finger(phone, [stroke * 0.64 + 0.18 for stroke in handwriting.sample_digit(digit)])


def write(phone: Page, digit: int) -> None:
    """The same, and wait for its answer."""
    sketch(phone, digit)
    expect_answer(phone, digit)


def send(phone: Page, digit: int) -> None:
    """Send what is drawn as this digit, until it is told to be sent."""
    click(phone, f"label-{digit}")
    expect(keyed(phone, "correction")).to_contain_text(
        re.compile(rf"Sent as an? {digit}"), timeout=PATIENCE
    )
    expect_blank(phone)


def fill_in_sweep(page: Page, values: str) -> Locator:
    """Ask for a sweep over these learning rates, up to the button that starts it; where it is."""
    open_tab(page, "Runs")
    box = keyed(page, "sweep")
    box.get_by_text("Sweep: several settings").click()
    field = box.get_by_role("textbox", name="Values")
    field.fill(values)
    field.press("Enter")
    return box


def expect_blank(page: Page) -> None:
    """Until the answer's words name no digit."""
    expect(keyed(page, "prediction")).to_have_text(re.compile(r"^\D+$"), timeout=PATIENCE)


def clear(page: Page) -> None:
    """Clear the board, and wait until it says so."""
    button = keyed(page, "clear").get_by_role("button")
    if button.is_enabled():
        button.click()
    expect_blank(page)


# A colour on its way from one to another has the contrast of neither. What cannot be seen, as in an
# expander that is closed, stays on its way.
_IN_ITS_COLOURS = """
() => Promise.allSettled(document.getAnimations().filter(({effect}) =>
  effect.getComputedTiming().endTime !== Infinity && effect.target.checkVisibility()
).map(one => one.finished))
"""


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds that shuts people out: the rule, and the elements that break it."""
    page.evaluate(_IN_ITS_COLOURS)
    return [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]][:5])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


def train_by_time(page: Page, seconds: int) -> None:
    """Begin a run of so many seconds with the form's other settings as they are."""
    page.get_by_text("By time", exact=True).click()
    field = page.get_by_label("Seconds", exact=True)
    field.fill(str(seconds))
    field.press("Enter")
    click(page, "train")


def expect_answer(page: Page, digit: int) -> None:
    """Until the answer's words name this digit first."""
    expect(keyed(page, "prediction")).to_have_text(re.compile(rf"^\D*{digit}"), timeout=PATIENCE)


def wait_until(condition) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
