"""The network as one picture, in a browser: it moves while the pen moves, and lights what is
pointed at."""

import re

import pytest
from playwright.sync_api import Page, expect

from classifier.config import CANVAS
from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    bends,
    click,
    expect_answer,
    keyed,
    open_tab,
    placed,
    settle,
    wait_until,
)


@pytest.fixture
def inside(page: Page) -> Page:
    """The page at "Inside the network", before anything is drawn."""
    open_tab(page, "Inside the network")
    page.locator(".living-canvas").wait_for(timeout=PATIENCE)
    return page


def count(page: Page, what: str) -> int:
    """How many frames have come, or how often it was painted."""
    root = page.locator(f"[data-{what}]")
    return int(root.get_attribute(f"data-{what}") or 0)


def picture(page: Page) -> str:
    """All of its pixels."""
    return page.locator(".living-canvas").evaluate("canvas => canvas.toDataURL()")


def test_it_moves_while_the_pen_is_down_and_rests_when_nothing_changes(inside):
    wait_until(lambda: inside.locator("[data-painted]").count() == 1)
    box = inside.locator("canvas.upper-canvas").bounding_box()
    blank = picture(inside)
    frames = count(inside, "frames")
    scale = box["width"] / CANVAS
    (stroke,) = placed(handwriting.sample_digit(3), 160, (60, 60))
    seen = set()
    for number, (x, y) in enumerate(bends(stroke, 1).tolist()):
        inside.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
        if not number:
            inside.mouse.down()
        if number % 4 == 0:
            seen.add(picture(inside))
    wait_until(lambda: count(inside, "frames") > frames + 1)
    wait_until(lambda: picture(inside) != blank)
    assert len(seen) > 1  # the pen is down still
    inside.mouse.up()
    expect(keyed(inside, "living").locator(".living-words")).to_contain_text("Read as a")

    def rests() -> bool:
        before = count(inside, "painted")
        inside.wait_for_timeout(300)
        return count(inside, "painted") == before

    wait_until(rests)


def test_what_the_server_tells_while_it_moves_does_not_stop_it(inside):
    errors = []
    inside.on("pageerror", lambda error: errors.append(error))
    words = inside.locator(".living-words")
    for digit in (3, 7, 2):
        click(inside, f"sample-{digit}")
        expect(words).to_contain_text(f"Read as a {digit}", timeout=PATIENCE)
    settle(inside)
    assert not errors


def test_without_motion_it_is_still_while_the_pen_moves(inside):
    inside.emulate_media(reduced_motion="reduce")
    wait_until(lambda: inside.locator("[data-painted]").count() == 1)
    settle(inside)
    frames = count(inside, "frames")
    box = inside.locator("canvas.upper-canvas").bounding_box()
    inside.mouse.move(box["x"] + 100, box["y"] + 60)
    inside.mouse.down()
    inside.mouse.move(box["x"] + 100, box["y"] + 200, steps=8)
    expect_answer(inside, 1)
    assert count(inside, "frames") == frames
    inside.mouse.up()
    wait_until(lambda: count(inside, "frames") > frames)
    inside.emulate_media(reduced_motion="no-preference")


def test_what_is_pointed_at_lights_by_pointer_and_by_keyboard(inside):
    click(inside, "sample-7")
    expect_answer(inside, 7)
    words = inside.locator(".living-words")
    expect(words).to_contain_text("for the 7", timeout=PATIENCE)
    expect(inside.locator(".living-pro")).to_have_text("speaks for the 7")
    canvas = inside.locator(".living-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    # The outputs stand one below the other at the right: go down until the 3.
    wait_until(lambda: points_at(inside, box, "speaks for the 3"))
    expect(words).to_contain_text(re.compile("(for|against) the 3 "), timeout=PATIENCE)
    canvas.focus()
    inside.keyboard.press("Escape")
    inside.mouse.move(0, 0)
    inside.keyboard.press("ArrowRight")
    expect(inside.locator(".living-pro")).to_have_text("speaks for the 7")
    inside.keyboard.press("ArrowLeft")
    near = inside.locator(".living-near")
    expect(near).to_be_visible()
    expect(near.locator("h4")).to_contain_text("Map")
    expect(near.locator(".living-weights canvas")).to_be_visible(timeout=PATIENCE)
    inside.keyboard.press("Escape")
    expect(near).to_be_hidden()


def points_at(page: Page, box: dict, says: str) -> bool:
    """Move over the outputs from above until the legend says so; whether it does."""
    for step in range(40):
        page.mouse.move(box["x"] + box["width"] - 40, box["y"] + box["height"] * step / 40)
        if page.locator(".living-pro").text_content() == says:
            return True
    return False
