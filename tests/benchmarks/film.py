"""Eight pictures of the board while a 7 is drawn: `python -m tests.benchmarks.film`.

Writes assets/film.png.
"""

import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from classifier.config import ASSETS, CANVAS
from classifier.synthetic import handwriting
from tests.browser import PROJECT, expect_answer, launched, open_page, placed, served

FRAMES = 8
_ROWS = 2
_GAP = 12  # pixels between two pictures


def main() -> None:
    """Draw, take the pictures, and put them in two rows."""
    # From its foot up: it begins as a 1.
    digit = placed(handwriting.sample_digit(7), 200, (40, 40))[0][::-1]
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        environment = {"DIGIT_CLASSIFIER_HOME": home}
        log = Path(home) / "log.txt"
        url, _ = stack.enter_context(served(PROJECT / "app.py", environment, log))
        browser = stack.enter_context(launched())
        page = open_page(browser, url)
        page.set_viewport_size({"width": 840, "height": 900})
        page.get_by_test_id("stSidebar").hover()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        time.sleep(1)
        box = page.locator(".st-key-board").bounding_box()
        clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": 0}
        canvas = page.locator("canvas.upper-canvas").bounding_box()
        clip["height"] = canvas["height"] + 8
        scale = canvas["width"] / CANVAS
        at = [(canvas["x"] + x * scale, canvas["y"] + y * scale) for x, y in digit]
        page.mouse.move(*at[0])
        page.mouse.down()
        frames = []
        # The first picture after a little, the last after all of it.
        stops = np.linspace(len(at) / 4, len(at) - 1, FRAMES).astype(int)
        for start, end in zip([0, *stops], stops, strict=False):
            for place in at[start + 1 : end + 1]:
                page.mouse.move(*place)
                time.sleep(0.02)
            time.sleep(0.5)
            frames.append(Image.open(io.BytesIO(page.screenshot(clip=clip))))
        page.mouse.up()
        expect_answer(page, 7)
    width, height = frames[0].size
    columns = FRAMES // _ROWS
    size = columns * (width + _GAP) - _GAP, _ROWS * (height + _GAP) - _GAP
    film = Image.new("RGB", size, "white")
    for k, frame in enumerate(frames):
        film.paste(frame, (k % columns * (width + _GAP), k // columns * (height + _GAP)))
    film.resize((size[0] // 2, size[1] // 2), Image.Resampling.LANCZOS).quantize(128).save(
        ASSETS / "film.png"
    )


if __name__ == "__main__":
    main()
