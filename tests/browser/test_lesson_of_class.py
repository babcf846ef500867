"""A lesson from its first minute to its last: a host, a wall and six phones play five rounds, in
one of which a network learns; on one page server, and on two with PostgreSQL."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import (
    PATIENCE,
    PROJECT,
    click,
    keyed,
    open_class,
    open_page,
    open_phone,
    send,
    served,
    settle,
    write,
)
from tests.browser.test_wall import open_wall
from tests.servers import require_haproxy, several

expect.set_options(timeout=PATIENCE)
PHONES = 6


@pytest.fixture(params=["one server", "two servers"])
def url(request: pytest.FixtureRequest, tmp_path: Path, quick_mnist: Path) -> Iterator[str]:
    """The page's address."""
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "MNIST_NPZ": str(quick_mnist)}
    if request.param == "one server":
        with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (address, _):
            yield address
        return
    require_haproxy()
    with request.getfixturevalue("postgres").store() as database:
        environment["DIGIT_CLASSIFIER_DATABASE"] = database
        with several(2, environment, tmp_path / "log.txt") as servers:
            yield servers.url


def begin(host: Page, what: str) -> None:
    """Begin a round by the host's button."""
    keyed(host, "rounds").get_by_role("button").first.click()
    click(host, f"round-{what}")


def end(host: Page, wall: Page, said: str) -> None:
    """End it; the wall says what it showed."""
    click(host, "round-over")
    expect(wall.locator(".wall-last")).to_contain_text(re.compile(said))


def test_a_lesson_of_five_rounds_with_a_network_that_learns_between_them(browser, url):
    host = open_page(browser, url)
    link = open_class(host)
    wall = open_wall(host)
    shown = wall.locator(".wall")
    phones = [open_phone(browser, link) for _ in range(PHONES)]
    expect(wall.locator(".wall-said")).to_contain_text(f"{PHONES} joined")
    expect(shown).to_have_attribute("data-way-in", "large")

    begin(host, "digit")
    for phone in phones:
        expect(phone.get_by_text("Everyone draws a 7")).to_be_visible()
        expect(phone.locator(".round-clock")).to_have_text(re.compile(r"^\d+:\d\d$"))
        write(phone, 7)
        click(phone, "send")
        expect(keyed(phone, "correction")).to_contain_text("Sent as a 7")
    expect(shown).to_have_attribute("data-drawings", str(PHONES))
    expect(shown).to_have_attribute("data-way-in", "small")
    end(host, wall, rf"Everyone drew a 7: \d of {PHONES} drawings read rightly")

    begin(host, "guess")
    for phone in phones[:-1]:
        click(phone, "guess-7")
        expect(phone.get_by_text("You say 7.")).to_be_visible()
    expect(phones[-1].get_by_text("You drew this one")).to_be_visible()
    expect(wall.locator(".wall-count")).to_have_text(f"{PHONES - 1} answered")
    click(host, "round-show")
    expect(wall.locator(".wall-vote")).to_have_count(10)
    for phone in phones:
        expect(phone.get_by_text("It is a 7, says who drew it.")).to_be_visible()
    end(host, wall, rf"it is a 7; {PHONES - 1} of {PHONES - 1} said so")

    # A network learns from nothing, and the wall shows what each epoch reads in the drawings.
    begin(host, "watch")
    expect(wall.locator(".wall-task")).to_contain_text(
        re.compile(r"\d of 6 before, and \d after 8")
    )
    expect(wall.locator(".wall-epoch")).to_have_count(9)
    for phone in phones:
        expect(phone.get_by_text("after 8 epochs.")).to_be_visible()
    end(host, wall, "A network that learned from MNIST’s digits read yours")
    expect(keyed(host, "training-result")).to_contain_text("Test accuracy")

    begin(host, "fool")
    expect(phones[0].get_by_text("Fool the network")).to_be_visible()
    settle(phones[0])
    write(phones[0], 7)
    send(phones[0], 3)
    click(host, "round-show")
    for phone in phones[1:]:
        click(phone, "guess-3")
        expect(phone.get_by_text("You have read all that fooled the network.")).to_be_visible()
    expect(wall.locator(".wall-ranks")).to_have_text(re.compile(r"\S 1$"))
    end(host, wall, "Fool the network: 1 of 1 drawing did")

    begin(host, "help")
    expect(wall.locator(".wall-task")).to_contain_text("of the 1 drawing that fooled the network")
    end(host, wall, "of the 1 drawing that fooled the network")

    keyed(host, "record").get_by_role("button").first.click()
    expect(host.get_by_text("5. ")).to_be_visible()
    host.keyboard.press("Escape")
    keyed(host, "close").get_by_role("button").first.click()
    click(host, "class-close")
    expect(wall.locator(".wall-said")).to_contain_text("The class is over.")
    for phone in phones:
        expect(phone.get_by_text("the class is over.")).to_be_visible()
    for page in (host, *phones):
        page.context.close()
