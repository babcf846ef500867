"""The wall of a class in a browser: a second window of the host, for the projector."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import (
    PATIENCE,
    click,
    keyed,
    open_class,
    open_page,
    open_phone,
    send,
    serious_faults,
    settle,
    sketch,
    wait_until,
)

expect.set_options(timeout=PATIENCE)


# The colour of the edge of the tile in the middle of the canvas.
_EDGE = """() => {
  const canvas = document.querySelector(".wall-drawings canvas");
  const context = canvas.getContext("2d");
  const middle = Math.round(canvas.height / 2);
  const row = context.getImageData(0, middle, canvas.width, 1).data;
  for (let k = 0; k < row.length; k += 4)
    if (row[k + 3] === 255) return `rgb(${row[k]}, ${row[k + 1]}, ${row[k + 2]})`;
}"""


def open_wall(host: Page) -> Page:
    """The window that the host's button opens."""
    keyed(host, "wall-of-class").get_by_role("button").first.click()
    with host.context.expect_page() as opened:
        host.get_by_role("link", name="Open the wall").click()
    wall = opened.value
    wall.set_default_timeout(PATIENCE)
    wall.set_viewport_size({"width": 1024, "height": 768})
    return wall


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_phones_send_is_on_the_wall_and_the_host_says_what_it_shows(browser, server, scheme):
    options = {"color_scheme": scheme, "reduced_motion": "reduce"}
    host = open_page(browser, server[0], **options)
    link = open_class(host)
    wall = open_wall(host)
    shown = wall.locator(".wall")
    expect(wall.locator(".wall-code")).to_have_text(link[-6:].upper())
    expect(wall.locator(".wall-hint")).to_have_text("What you draw appears here.")
    expect(shown).to_have_attribute("data-drawings", "0")

    phone = open_phone(browser, link, **options)
    sketch(phone, 7)
    send(phone, 7)
    expect(shown).to_have_attribute("data-drawings", "1")
    expect(wall.locator(".wall-said")).to_contain_text("1 joined · 1 drawing")
    expect(wall.locator(".wall-hint")).to_be_hidden()

    # From the teacher's window, and by a key of the wall.
    click(host, "stage-results")
    expect(wall.locator(".wall-matrix")).to_be_visible()
    expect(wall.locator(".wall-cell").filter(has_text="1")).to_have_count(1)
    wall.keyboard.press("m")
    expect(wall.locator(".wall-matrix")).to_be_hidden()
    expect(shown).to_have_attribute("data-way-in", "large")
    wall.keyboard.press("q")
    expect(shown).to_have_attribute("data-way-in", "small")
    assert not serious_faults(wall)

    # A projector is told from a screen by its theme, also while the wall is on.
    before = wall.evaluate(_EDGE)
    wall.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    expect(wall.locator(".wall-right")).not_to_have_css("color", before)
    right = wall.locator(".wall-right").evaluate("i => getComputedStyle(i).color")
    wait_until(lambda: wall.evaluate(_EDGE) == right)

    # The network as one picture, with what came last.
    wall.keyboard.press("n")
    expect(wall.locator(".living-canvas")).to_be_visible()
    expect(wall.locator(".living-words")).to_contain_text("Read as a 7")
    assert not serious_faults(wall)

    # After a reload all of it is there again.
    wall.reload()
    expect(shown).to_have_attribute("data-drawings", "1")
    expect(shown).to_have_attribute("data-way-in", "small")

    # A member who finds the address sees nothing of it.
    phone.goto(re.sub("class=", "wall=", link))
    expect(phone.get_by_text("Only who opened a class can show its wall.")).to_be_visible()
    settle(phone)
    assert phone.locator(".wall").count() == 0
    for page in (host, phone):
        page.context.close()
