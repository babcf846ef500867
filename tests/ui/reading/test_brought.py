"""A picture that several runs of the page have at once, as when one is ended while it reads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from classifier.serving import sheets
from classifier.ui.reading.brought import Asked, Brought
from tests.networks import shipped
from tests.ui.reading import sheet


@pytest.fixture(scope="module")
def networks():
    return shipped()


@pytest.fixture
def reading(monkeypatch):
    """How often pictures are read; they are only once they may be."""
    begun, may, read = threading.Semaphore(0), threading.Event(), sheets.read

    def slowly(*given):
        begun.release()
        assert may.wait(60)
        return read(*given)

    monkeypatch.setattr(sheets, "read", slowly)
    return begun, may


def test_a_picture_is_read_once_though_another_run_comes_while_it_is(networks, reading):
    begun, may = reading
    picture = Brought(sheet((4, 0, 7)), "paper.png", 1)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(picture.read, *networks) for _ in range(3)]
        assert begun.acquire(timeout=60)
        may.set()
        first, *others = [one.result(60) for one in runs]
    assert [one.part.digit for one in first.digits] == [4, 0, 7]
    assert all(one is first for one in others)
    assert not begun.acquire(blocking=False)


def test_what_was_read_before_it_was_turned_is_not_what_is_read_after(networks, reading):
    begun, may = reading
    picture = Brought(sheet((4, 0, 7)), "paper.png", 1)
    with ThreadPoolExecutor() as pool:
        run = pool.submit(picture.read, *networks)
        assert begun.acquire(timeout=60)
        turn = pool.submit(picture.look, 2, Asked("round"))
        may.set()
        run.result(60)
        turn.result(60)
    found = picture.read(*networks)
    assert begun.acquire(blocking=False)
    assert [one.part.digit for one in found.digits][1] == 0
    assert [one.part.digit for one in found.digits] != [4, 0, 7]
