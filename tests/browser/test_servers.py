"""A class on two page servers behind a proxy, of which one is killed and the other ends."""

import re
import signal
import sqlite3
import time

import pytest
from playwright.sync_api import expect

from classifier.config import CANVAS
from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    clear,
    click,
    draw,
    expect_answer,
    keyed,
    open_class,
    open_page,
    open_phone,
    send,
    settle,
    sketch,
    train_by_time,
    write,
)
from tests.servers import require_haproxy, several

expect.set_options(timeout=PATIENCE)
_WITHIN = 5.0  # seconds after a server was killed


@pytest.fixture(scope="module")
def servers(tmp_path_factory, quick_mnist):
    require_haproxy()
    home = tmp_path_factory.mktemp("home")
    environment = {"DIGIT_CLASSIFIER_HOME": str(home), "MNIST_NPZ": str(quick_mnist)}
    with several(2, environment, home / "log.txt") as started:
        yield started, home


def stored(home) -> list[int]:
    """The labels of all drawings."""
    with sqlite3.connect(home / "collection.sqlite3") as database:
        return [label for (label,) in database.execute("SELECT label FROM drawing ORDER BY number")]


def test_a_class_goes_on_while_its_servers_are_killed_and_end(servers, browser, alone):
    there, home = servers
    host = open_page(browser, there.url)
    link = open_class(host)
    phones = [open_phone(browser, link) for _ in range(2)]
    for phone in phones:
        write(phone, 7)
        send(phone, 7)
    killed = there.of(phones[0].context)

    with alone():
        there.process(killed).kill()
        at = time.monotonic()
        for phone in phones:
            sketch(phone, 2)
        for phone in phones:
            expect_answer(phone, 2)
        took = time.monotonic() - at
    assert took < _WITHIN
    for phone in phones:
        send(phone, 2)
    other = 3 - killed
    assert {there.of(phone.context) for phone in phones} == {other}
    wall = keyed(host, "gallery-wall").get_by_role("button")
    expect(wall).to_have_count(4)

    # One ends when it is asked to, and its visitors go to that which has come back.
    there.wait_for(killed)
    time.sleep(1)
    leaving = there.process(other)
    leaving.send_signal(signal.SIGTERM)
    write(phones[0], 3)
    send(phones[0], 3)
    leaving.wait(30)
    for phone in phones:
        write(phone, 5)
        send(phone, 5)
    assert {there.of(phone.context) for phone in phones} == {killed}
    expect(wall).to_have_count(7)
    assert sorted(stored(home)) == [2, 2, 3, 5, 5, 7, 7]
    for one in (host, *phones):
        one.context.close()


def on_canvas(digit: int) -> list:
    return [stroke * 0.64 * CANVAS + 0.18 * CANVAS for stroke in handwriting.sample_digit(digit)]


def test_a_page_goes_on_as_it_was_on_another_server(servers, browser):
    there, _ = servers
    there.wait_for(1, 2)
    page = open_page(browser, there.url)
    runs = page.get_by_role("tab", name="Runs")
    settle(page)
    page.keyboard.press("Shift+3")  # a tab that no click has opened
    expect(runs).to_have_attribute("aria-selected", "true")
    settle(page)
    clear(page)
    keyed(page, "answering").get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile("shipped-dense")).click()
    settle(page)
    draw(page, on_canvas(7))
    expect_answer(page, 7)

    there.process(there.of(page.context)).kill()
    keyed(page, "clear").get_by_role("button").click()
    draw(page, on_canvas(2))
    expect_answer(page, 2)
    expect(runs).to_have_attribute("aria-selected", "true")
    expect(keyed(page, "answering-model").get_by_role("combobox")).to_have_value(
        re.compile("shipped-dense")
    )
    page.context.close()


def test_a_run_is_found_again_on_another_server_with_what_it_learned(servers, browser):
    there, _ = servers
    there.wait_for(1, 2)
    page = open_page(browser, there.url)
    train_by_time(page, 60)
    expect(keyed(page, "training-progress")).to_contain_text("Epoch")
    there.process(there.of(page.context)).kill()
    expect(keyed(page, "training-result")).to_contain_text("Stopped early")
    page.context.close()


def test_another_label_for_the_same_drawing_replaces_the_first_on_another_server(servers, browser):
    there, home = servers
    there.wait_for(1, 2)
    before = stored(home)
    page = open_page(browser, there.url)
    draw(page, on_canvas(4))
    click(page, "label-4")
    expect(keyed(page, "correction")).to_contain_text("Kept as a 4")
    there.process(there.of(page.context)).kill()
    click(page, "label-9")
    expect(keyed(page, "correction")).to_contain_text("Kept as a 9")
    assert stored(home) == [*before, 9]
    page.context.close()
