"""A whole class in a browser: a host, three phones, what they draw, and what a network learns."""

import contextlib
import os
import re
import signal
import sqlite3
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from classifier.synthetic import handwriting
from tests import browser as browser_tests
from tests.browser import (
    PATIENCE,
    PROJECT,
    click,
    draw_by_finger,
    expect_answer,
    expect_blank,
    keyed,
    open_class,
    open_page,
    open_phone,
    open_tab,
    serious_faults,
    served,
    settle,
    wait_until,
)

expect.set_options(timeout=PATIENCE)


def write(phone: Page, digit: int) -> None:
    browser_tests.write(phone, digit)
    settle(phone)


def send(phone: Page, digit: int) -> None:
    write(phone, digit)
    browser_tests.send(phone, digit)
    settle(phone)


def stored(home) -> list[tuple[int, int]]:
    with contextlib.closing(sqlite3.connect(home / "collection.sqlite3")) as database:
        return database.execute("SELECT label, answer FROM drawing ORDER BY number").fetchall()


@pytest.fixture
def host(page):
    return page


@pytest.fixture
def phones(browser):
    opened = []

    def join(link: str) -> Page:
        opened.append(open_phone(browser, link))
        return opened[-1]

    yield join
    for phone in opened:
        phone.context.close()


def test_a_whole_class(host, phones, server):
    home = server[2]
    keyed(host, "answering").get_by_role("combobox").click()
    host.get_by_role("option", name=re.compile("shipped-dense")).click()
    settle(host)
    link = open_class(host)
    assert re.search(r"\?class=[a-z2-9]{6}$", link)
    members = [phones(link) for _ in range(3)]
    expect(host.get_by_text("3 joined")).to_be_visible()

    # The canvas is as wide as the screen, and takes the finger where it is.
    box = members[0].locator("canvas.upper-canvas").bounding_box()
    assert box["width"] > 0.9 * 390
    assert box["height"] == pytest.approx(box["width"], abs=1)

    for phone in members:
        for digit in (7, 2):
            send(phone, digit)
    # One is corrected: what was read as a 4 is said to be a 9.
    write(members[0], 4)
    click(members[0], "label-9")
    expect(keyed(members[0], "correction")).to_contain_text("Sent as a 9")
    assert sorted(stored(home)) == sorted([(7, 7), (2, 2)] * 3 + [(9, 4)])

    # All of it is on the host's wall, and on nobody else's page.
    wall = keyed(host, "gallery-wall").get_by_role("button")
    expect(wall).to_have_count(7)
    expect(wall.filter(has_text="→ 4")).to_have_count(1)
    expect(members[1].get_by_role("img", name=re.compile("read as"))).to_have_count(0)
    members[1].get_by_text("What I sent").click()
    own = keyed(members[1], "gallery-own").get_by_role("button")
    expect(own).to_have_count(2)
    # One's own is deleted, and so it leaves the wall.
    own.filter(has_text="2").click()
    expect(own).to_have_count(1)
    expect(wall).to_have_count(6)

    # The host takes one from the wall.
    wall.filter(has_text="→ 4").click()
    expect_answer(host, 4)
    click(host, "delete-drawing")
    expect(wall).to_have_count(5)
    assert len(stored(home)) == 5

    # While it pauses, nobody sends.
    click(host, "class-pause")
    expect(members[2].get_by_text("The class pauses.")).to_be_visible()
    expect(keyed(members[2], "label-3")).to_be_hidden()
    click(host, "class-pause")
    send(members[2], 3)

    # A network learns from all of it and answers the class from then on.
    fine_tune = keyed(host, "fine-tune").get_by_role("button")
    expect(fine_tune).to_be_enabled()
    fine_tune.click()
    expect(keyed(host, "before-and-after")).to_contain_text("→")
    settle(host)
    click(host, "class-model")
    for phone in members:
        changed = keyed(phone, "before-and-after")
        expect(changed).to_contain_text("Yours")
        box = changed.bounding_box()  # above the canvas: on the screen as it is
        assert box["y"] + box["height"] < phone.locator("canvas.upper-canvas").bounding_box()["y"]
    send(members[0], 5)

    keyed(host, "close").get_by_role("button").first.click()
    click(host, "class-close")
    for phone in members:
        expect(phone.get_by_text("The class is over.")).to_be_visible()
        expect(phone.locator("canvas.upper-canvas")).to_have_count(0)
    late = host.context.browser.new_context().new_page()
    late.goto(link)
    expect(late.get_by_text("This class is over.")).to_be_visible()
    late.context.close()
    assert len(stored(home)) == 7  # they stay with the host


def seat_of(phone: Page) -> str:
    """The animal's name by which a member is called."""
    return phone.get_by_text(re.compile("You are")).inner_text().split()[-1].rstrip(".")


def is_within(element: Locator, width: int) -> bool:
    """Whether it is whole on a screen of this width; a list that is open moves a moment later."""
    box = element.bounding_box()
    return box["x"] >= 0 and box["x"] + box["width"] <= width


def test_a_host_locks_lets_in_hides_silences_and_removes(host, browser, phones):
    link = open_class(host)
    first = phones(link)
    send(first, 7)
    send(first, 2)
    click(host, "class-lock")
    expect(keyed(host, "class-lock")).to_contain_text("Unlock")

    # Whoever has the code knocks; the host sees it, and lets them in.
    late = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    late.set_default_timeout(PATIENCE)
    late.goto(link)
    click(late, "knock-here")
    knocking = late.get_by_text(re.compile("^You knock as"))
    name = knocking.inner_text().split("You knock as ")[1].split(".")[0].split()[-1]
    expect(host.get_by_text("1 knocks")).to_be_visible()
    keyed(host, "members").get_by_role("button").first.click()
    expect(keyed(host, "knock")).to_contain_text(name)
    click(host, "knock-in")
    keyed(late, "label-9").wait_for()
    assert seat_of(late) == name
    expect(host.get_by_text("1 knocks")).to_have_count(0)

    # The list stays open while it is looked at, and what is chosen in it stays so.
    keyed(host, "member").get_by_role("radio", name=re.compile(seat_of(first))).click()
    click(host, "member-silence")
    expect(first.get_by_text("The host takes no drawings from you now.")).to_be_visible()
    expect(keyed(first, "label-7")).to_be_hidden()
    expect(keyed(host, "member-silence")).to_contain_text("send")
    host.wait_for_timeout(2_500)
    for width, height in ((1366, 768), (390, 844)):
        host.set_viewport_size({"width": width, "height": height})
        wait_until(lambda width=width: is_within(keyed(host, "member-remove"), width))
    host.set_viewport_size({"width": 1366, "height": 768})
    assert not serious_faults(host)
    host.keyboard.press("Escape")

    wall = keyed(host, "gallery-wall").get_by_role("button")
    expect(wall).to_have_count(2)
    wall.filter(has_text="→ 2").click()
    expect_answer(host, 2)
    click(host, "hide-drawing")
    expect(wall).to_have_count(1)
    expect(keyed(host, "hide-drawing")).to_contain_text("Show this 2 again")

    keyed(host, "members").get_by_role("button").first.click()
    keyed(host, "member").get_by_role("radio", name=re.compile(seat_of(first))).click()
    click(host, "member-remove")
    expect(first.get_by_text("The host has removed you from this class.")).to_be_visible()
    expect(wall).to_have_count(0)
    late.context.close()


def test_a_label_that_is_tapped_at_once_after_the_finger_left_is_sent(host, phones):
    phone = phones(open_class(host))
    for digit in (4, 4, 7, 7):
        strokes = [stroke * 0.64 + 0.18 for stroke in handwriting.sample_digit(digit)]
        box = keyed(phone, f"label-{digit}").bounding_box()
        draw_by_finger(phone, strokes, seconds=0.8)
        phone.touchscreen.tap(box["x"] + 5, box["y"] + 5)
        expect(keyed(phone, "correction")).to_contain_text(re.compile(rf"Sent as an? {digit}"))
        expect_blank(phone)


def test_a_killed_server_loses_nothing_that_was_acknowledged(browser, tmp_path, phones):
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path)}
    log = tmp_path / "log.txt"
    with served(PROJECT / "app.py", environment, log) as (url, pid):
        host = open_page(browser, url)
        link = open_class(host)
        phone = phones(link)
        send(phone, 7)
        os.kill(pid, signal.SIGKILL)
    with served(PROJECT / "app.py", environment, log, urlsplit(url).port):
        # Whoever was in the class is still in it, host and members.
        phone.reload()
        keyed(phone, "label-9").wait_for()
        settle(phone)
        send(phone, 2)
        host.reload()
        keyed(host, "sample-9").wait_for()
        settle(host)
        open_tab(host, "Our handwriting")
        expect(keyed(host, "gallery-wall").get_by_role("button")).to_have_count(2)
        expect(host.get_by_text("1 joined")).to_be_visible()
        wait_until(lambda: stored(tmp_path) == [(7, 7), (2, 2)])
    host.context.close()


def test_a_wrong_code_is_told_and_can_be_mended(host, browser, subtests):
    link = open_class(host)
    for scheme in ("light", "dark"):
        with subtests.test(scheme):
            wrong = browser.new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
            wrong.goto(link[:-1] + "0")
            expect(wrong.get_by_text("No class has this code")).to_be_visible()
            settle(wrong)
            assert not serious_faults(wrong)
            wrong.get_by_label("The class’s code").fill(link[-6:].upper())
            wrong.get_by_role("button", name="Join").click()
            keyed(wrong, "label-9").wait_for()
            assert wrong.url.endswith(link[-6:].upper())
            wrong.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_a_class_has_a_serious_fault_for_those_who_see_or_hear_it_otherwise(
    browser, server, scheme
):
    options = {"color_scheme": scheme, "reduced_motion": "reduce"}
    host = open_page(browser, server[0], **options)
    phone = open_phone(browser, open_class(host), **options)
    send(phone, 4)
    write(phone, 7)
    assert not serious_faults(phone)
    keyed(host, "gallery-kept").wait_for()
    settle(host)
    assert not serious_faults(host)
    host.context.close()
    phone.context.close()


def flood(socket) -> None:
    socket.send(b"\0" * 50_000_000)
    while True:
        socket.recv(timeout=30)


def test_who_sends_a_stroke_of_50_mb_is_cut_off_and_nobody_else_notices(host, phones, server):
    link = open_class(host)
    phone = phones(link)
    address = server[0].replace("http", "ws", 1) + "/_stcore/stream"
    with connect(address, max_size=None) as hostile, pytest.raises(ConnectionClosed):
        flood(hostile)
    send(phone, 7)
    expect(keyed(host, "gallery-wall").get_by_role("button")).to_have_count(1)
