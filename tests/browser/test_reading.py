"""A picture that was brought, in a browser: looked at, corrected, kept, learned from."""

import re
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    click,
    expect_answer,
    keyed,
    open_tab,
    serious_faults,
    settle,
)

LINES = ((1, 2, 3, 4, 5), (6, 7, 8, 9, 0))


@pytest.fixture(scope="module")
def photo() -> bytes:
    """Two lines of digits."""
    return photographed(LINES)


def photographed(lines: Sequence[Sequence[int]]) -> bytes:
    """Lines of digits on paper in uneven light, as a JPEG."""
    paper = np.full((700, 1200), 215, np.float32)
    for row, digits in enumerate(lines):
        for place, digit in enumerate(digits):
            for stroke in handwriting.sample_digit(digit):
                points = np.rint(stroke * 150 + (80 + 220 * place, 100 + 300 * row))
                cv2.polylines(paper, [points.astype(np.int32)], False, 50, 13, cv2.LINE_AA)
    light = np.linspace(0.75, 1.1, 1200) * np.linspace(1, 0.85, 700)[:, None]
    noise = np.random.default_rng(0).normal(0, 2, paper.shape)
    return cv2.imencode(".jpg", (paper * light + noise).clip(0, 255).astype(np.uint8))[1].tobytes()


def bring(page: Page, content: bytes, name: str = "paper.jpg") -> None:
    """Bring a picture, until its boxes are there."""
    page.locator('[class*="st-key-picture-"]').get_by_role("button", name="Picture").first.click()
    page.locator('input[type="file"]').first.set_input_files(
        {"name": name, "mimeType": "image/jpeg", "buffer": content}
    )
    page.locator(".reading-box").first.wait_for(timeout=PATIENCE)
    settle(page)


def test_two_lines_on_a_photo_are_looked_at_corrected_kept_and_learned_from(page, photo):
    bring(page, photo)
    boxes, text = page.locator(".reading-box"), page.locator(".reading-text")
    expect(boxes).to_have_count(10)
    expect(text).to_have_text(re.compile(r"^1\s*2\s*3\s*4\s*5\s*6\s*7\s*8\s*9\s*0$"))
    boxes.nth(7).click()
    expect_answer(page, 8)
    expect(page.locator(".reading-about")).to_contain_text("Line 2, digit 3: 8")
    boxes.nth(7).press("ArrowLeft")
    expect_answer(page, 7)
    boxes.nth(6).press("1")  # no, that is a 1
    expect(boxes.nth(6)).to_have_attribute("aria-label", "Line 2, digit 2: 1, as you say")
    expect(text).to_have_text(re.compile(r"6\s*1\s*8\s*9\s*0$"))
    page.get_by_role("button", name="Keep all 10").click()
    page.get_by_role("button", name="Take all back").wait_for(timeout=PATIENCE)
    content = open_tab(page, "Our handwriting")
    expect(content).to_contain_text("10 drawings", timeout=PATIENCE)
    expect(content.get_by_role("radio", name="1 · 2")).to_be_visible()
    settle(page)
    click(page, "fine-tune")
    result = keyed(page, "training-result")
    expect(result).to_contain_text(re.compile(r"Test accuracy \d+"), timeout=PATIENCE)
    expect(keyed(page, "before-and-after")).to_contain_text(
        "Measured on 10 drawings", timeout=PATIENCE
    )


def test_the_picture_shuts_nobody_out_and_fits_a_phone(page, photo):
    page.set_viewport_size({"width": 390, "height": 844})
    bring(page, photo)
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    larger = page.get_by_role("button", name="Larger")
    larger.click()
    expect(page.get_by_role("button", name="Smaller")).to_be_visible()
    high = page.locator(".reading-box").first.bounding_box()["height"]
    assert high >= 30, "a finger meets it"
    page.get_by_role("button", name="The next digit").click()
    expect(page.locator(".reading-about")).to_contain_text("Line 1, digit 1: 1", timeout=PATIENCE)
    expect_answer(page, 1)


def test_one_digit_alone_leaves_the_board_in_sight(page):
    page.set_viewport_size({"width": 390, "height": 844})
    bring(page, photographed([(7,)]))
    expect_answer(page, 7)
    canvas = page.locator("canvas.upper-canvas").bounding_box()
    assert canvas["y"] + canvas["height"] <= 844
    expect(page.locator(".reading-card")).to_be_hidden()
    page.locator(".reading-box").click()
    expect(page.locator(".reading-about")).to_contain_text("Line 1, digit 1: 7")


def test_a_picture_is_turned_tilted_and_cropped_with_mouse_and_keyboard(page, photo):
    bring(page, photo)
    text = page.locator(".reading-text")
    page.get_by_role("button", name="Crop").click()
    sheet = page.locator(".reading-sheet")
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    page.locator(".reading-frame").press("ArrowUp")
    page.get_by_role("button", name="Read this part").click()
    expect(text).to_have_text(re.compile(r"^1\s*2\s*3\s*4\s*5$"), timeout=PATIENCE)
    page.get_by_role("button", name="Whole picture").click()
    expect(text).to_have_text(re.compile(r"0$"), timeout=PATIENCE)
    page.get_by_role("button", name="Turn left").click()
    expect(text).not_to_have_text(re.compile(r"^1\s*2\s*3"), timeout=PATIENCE)
    page.get_by_role("button", name="Turn right").click()
    expect(text).to_have_text(re.compile(r"^1\s*2\s*3"), timeout=PATIENCE)
    page.get_by_role("button", name="Tilt").click()
    slider = page.get_by_role("slider", name="Tilt")
    for _ in range(3):
        slider.press("ArrowRight")
    expect(page.locator(".reading-degrees")).to_have_text("3°")
    page.get_by_role("button", name="Read it so").click()
    expect(slider).to_be_hidden()
    expect(page.locator(".reading-sheet")).to_have_attribute(
        "style", re.compile(r"--wide: 12[1-9]"), timeout=PATIENCE
    )
    page.get_by_role("button", name="Close the picture").click()
    expect(page.locator(".reading-sheet")).to_have_count(0, timeout=PATIENCE)
