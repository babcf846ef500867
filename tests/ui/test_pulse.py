"""Pages are drawn anew when their class changes, and only then."""

import threading
import types
from queue import Queue

import pytest

from classifier.database.interface import CollectionError
from classifier.ui import pulse
from classifier.ui.pulse import Pulse


@pytest.fixture
def marks(monkeypatch):
    """What the store says of each class: a test changes it."""
    marks = {1: "open", 2: "open"}
    monkeypatch.setattr(pulse.classroom, "marks", lambda numbers: dict(marks))
    return marks


def test_a_class_that_changes_is_told_once(marks):
    watched = Pulse()
    assert watched._changed({1, 2}) == []
    assert watched._changed({1, 2}) == []
    marks[2] = "closed"
    assert watched._changed({1, 2}) == [2]
    assert watched._changed({1, 2}) == []
    del marks[1]
    assert watched._changed({1, 2}) == [1]
    assert watched._changed({1, 2}) == []


def test_while_the_store_is_away_nothing_is_drawn_and_after_it_what_changed(marks, monkeypatch):
    watched = Pulse()
    watched._changed({1})

    def away(numbers):
        raise CollectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(pulse.classroom, "marks", away)
        assert watched._changed({1}) == []
    marks[1] = "closed"
    assert watched._changed({1}) == [1]


def test_only_pages_of_that_class_are_drawn_and_the_thread_ends_with_the_last_page(
    marks, monkeypatch
):
    drawn = []
    pages = {"a": "page a", "b": "page b"}
    watched = Pulse()

    def pass_time(_seconds):
        looks.append(1)
        if len(looks) == 3:
            marks[2] = "closed"
        if len(looks) == 5:
            pages.clear()

    looks: list[int] = []
    watched._changes = types.SimpleNamespace(wait=pass_time, clear=lambda: None)
    monkeypatch.setattr(pulse, "_session", pages.get)
    monkeypatch.setattr(pulse, "_draw_anew", drawn.append)
    monkeypatch.setattr(pulse.runtime, "exists", lambda: True)
    for page, number in (("a", 1), ("b", 2)):
        watched._pages[page] = number
    watched._watch()
    assert drawn == ["page b"]
    assert len(looks) == 5
    assert watched._thread is None


def test_what_this_server_changes_is_told_at_once(marks, monkeypatch):
    drawn = Queue()
    monkeypatch.setattr(pulse, "_EVERY", 60)
    monkeypatch.setattr(pulse, "_session", lambda session_id: None if marks.get("over") else "page")
    monkeypatch.setattr(pulse, "_draw_anew", drawn.put)
    watched = Pulse()
    watched._pages, watched._marks = {"session": 1}, dict(marks)
    looks = threading.Thread(target=watched._watch, daemon=True)
    looks.start()
    marks[1] = "paused"
    watched.hurry()
    assert drawn.get(timeout=20) == "page"
    marks["over"] = True
    watched.hurry()
    looks.join(20)
    assert not looks.is_alive()
