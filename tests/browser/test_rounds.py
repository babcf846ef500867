"""A round in a browser: the host asks, the phones and the wall follow by themselves."""

import json

import pytest
from playwright.sync_api import expect

from classifier.config import CANVAS
from tests.browser import (
    PATIENCE,
    click,
    keyed,
    open_class,
    open_page,
    open_phone,
    settle,
    sketch,
)
from tests.browser.test_wall import open_wall

expect.set_options(timeout=PATIENCE)


@pytest.mark.slow
def test_a_7_of_everybody_and_a_guess(browser, server):
    host = open_page(browser, server[0])
    link = open_class(host)
    wall = open_wall(host)
    phones = [open_phone(browser, link) for _ in range(2)]

    keyed(host, "rounds").get_by_role("button").first.click()
    click(host, "round-digit")
    expect(wall.locator(".wall-task")).to_have_text("Everyone draws a 7")
    for phone in phones:
        expect(phone.get_by_text("Everyone draws a 7")).to_be_visible()
        expect(keyed(phone, "label-7")).to_be_hidden()
    sketch(phones[0], 7)
    click(phones[0], "send")
    expect(keyed(phones[0], "correction")).to_contain_text("Sent as a 7")
    expect(wall.locator(".wall")).to_have_attribute("data-drawings", "1")
    click(host, "round-over")
    expect(wall.locator(".wall-last")).to_contain_text("Everyone drew a 7")
    expect(keyed(phones[1], "label-7")).to_be_visible()

    # One that falls asleep comes back to where the class is.
    phones[1].context.set_offline(True)
    keyed(host, "rounds").get_by_role("button").first.click()
    click(host, "round-guess")
    expect(phones[0].get_by_text("You drew this one")).to_be_visible()
    expect(wall.locator(".wall-guessed polyline")).not_to_have_count(0)
    expect(wall.locator(".wall-drawings")).to_be_hidden()
    phones[1].context.set_offline(False)
    phones[1].reload()
    click(phones[1], "guess-1")
    expect(phones[1].get_by_text("You say 1.")).to_be_visible()
    expect(wall.locator(".wall-count")).to_have_text("1 answered")
    expect(wall.locator(".wall-vote")).to_have_count(0)
    click(host, "round-show")
    expect(wall.locator(".wall-vote")).to_have_count(10)
    expect(phones[1].get_by_text("It is a 7, says who drew it.")).to_be_visible()
    settle(phones[1])
    for page in (host, *phones):
        page.context.close()


def test_a_round_that_begins_and_ends_leaves_the_board_under_the_finger(browser, server):
    host = open_page(browser, server[0])
    phone = open_phone(browser, open_class(host))
    canvas = phone.locator("canvas.upper-canvas")
    canvas.evaluate("canvas => { canvas.wasHere = true; }")
    before = canvas.bounding_box()
    finger = phone.context.new_cdp_session(phone)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": before["x"] + x, "y": before["y"] + y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def straight(first: int, last: int) -> None:
        for y in range(first, last + 1, 5):
            touch("touchMove", (100, y))

    touch("touchStart", (100, 40))
    straight(40, 100)
    keyed(host, "rounds").get_by_role("button").first.click()
    click(host, "round-digit")
    expect(phone.get_by_text("Everyone draws a 7")).to_be_visible()
    straight(105, 150)
    host.keyboard.press("Escape")
    click(host, "round-over")
    expect(phone.get_by_text("Everyone draws a 7")).to_be_hidden()
    straight(155, 200)
    touch("touchEnd")

    settle(phone)
    assert canvas.evaluate("canvas => canvas.wasHere")
    stored = phone.evaluate("sessionStorage.getItem('digit-classifier-drawing')")
    (stroke,) = json.loads(stored)["strokes"]
    x, y = stroke["points"][::2], stroke["points"][1::2]
    scale = CANVAS / before["width"]
    assert max(x) - min(x) < 1
    assert y == pytest.approx([scale * at for at in range(40, 201, 5)], abs=1)
    for page in (host, phone):
        page.context.close()
