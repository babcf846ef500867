"""The wall of a class without a browser: whose it is, and what it is told."""

import json
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from classifier.config import CANVAS
from classifier.ink import rendering, snippets
from classifier.people import classroom, collection, entering, rounds, staging
from classifier.people.classroom import ClassState
from classifier.people.collection import Kept, Labelled
from classifier.people.outcomes import Kind
from classifier.people.register import Class, WayIn
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from classifier.ui.wall import wall
from tests.app import new_page, run, words
from tests.ui.classes import HOST, HOST_TOKEN, send_one
from tests.ui.tabs.pages import edited, saved


@pytest.fixture(autouse=True)
def _on_this_machine(monkeypatch):
    monkeypatch.setattr(type(st.context), "ip_address", None)
    monkeypatch.setattr(type(st.context), "url", "http://10.0.0.5:8501/")


@pytest.fixture
def opened(home) -> Class:
    """A class that HOST has opened."""
    return classroom.open_class(HOST, "shipped-dense")


def wall_of(code: str, token: str = HOST_TOKEN) -> AppTest:
    """The wall as whoever has this secret sees it."""
    page = new_page()
    run(page)
    page.session_state["session"].secret = token
    page.query_params["wall"] = code
    return run(page)


def told(page: AppTest) -> dict:
    """What the wall was told last, see `classifier/ui/wall/wall.js`."""
    (proto,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith(wall._KEY)]
    return json.loads(proto.json)


def confirm(page: AppTest) -> AppTest:
    """Have the browser say that it has what it was told."""
    page.session_state["session"].wall_told.confirm(told(page)["revision"])
    return run(page)


def press(page: AppTest, what: str) -> dict:
    """Press a key of the wall; what it is told then."""
    page.session_state["session"].wall_pressed = what
    return told(run(page))


def test_a_wall_shows_how_to_join_and_each_drawing_once(opened):
    page = wall_of(opened.code.upper())
    first = told(page)
    assert (first["code"], first["come"], first["way_in"]) == (opened.code.upper(), [], "large")
    assert first["address"] == "10.0.0.5:8501"
    assert first["hint"]
    assert not page.sidebar.children
    number = send_one(opened)
    (one,) = told(run(page))["come"]
    assert (one["number"], one["label"], one["answer"], one["doubt"]) == (number, 3, 7, 0)
    assert np.array(one["strokes"][0]).shape == (6,)
    after = told(confirm(page))
    assert (after["come"], after["hint"]) == ([], "")
    assert after["said"] == "1 joined · 1 drawing · 0% read rightly as they came"


@pytest.mark.parametrize("code", ["", "nocode", "'; DROP TABLE class; --", "é" * 1000])
def test_a_wall_of_no_class_gets_a_sentence(opened, code):
    page = wall_of(code)
    assert words(page) == "Only who opened a class can show its wall."


def test_a_wall_of_another_hosts_class_gets_the_same_sentence(opened):
    entering.join(visitor_of("o" * 32), opened.code, "here")
    page = wall_of(opened.code, "o" * 32)
    assert words(page) == "Only who opened a class can show its wall."
    assert not page.get("bidi_component")


def test_keys_of_the_wall_change_what_the_host_chose_and_others_nothing(opened):
    page = wall_of(opened.code)
    assert told(page)["counts"] is None
    assert np.array(press(page, "results")["counts"]).shape == (10, 11)
    assert press(page, "results")["counts"] is None
    assert press(page, "way-in")["way_in"] == "small"
    assert press(page, "way-in")["way_in"] == "large"
    assert press(page, "nonsense")["way_in"] == "large"
    staging.set_way_in(HOST, opened.number, WayIn.SMALL)
    assert told(run(page))["way_in"] == "small"


def pictures(page: AppTest) -> int:
    """How many pictures of a network the page has."""
    return sum(one.proto.id.endswith("living-picture") for one in page.get("bidi_component"))


def test_the_network_as_one_picture_takes_the_place_of_the_drawings_until_a_round_is_on(opened):
    send_one(opened)
    page = wall_of(opened.code)
    assert (told(page)["living"], pictures(page)) == (False, 0)
    press(page, "living")
    run(page)
    assert (told(page)["living"], pictures(page)) == (True, 1)
    (link,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith("living-link")]
    frame = json.loads(link.json)["frame"]
    assert (frame["isDrawn"], np.argmax(frame["answer"])) == (True, 7)  # what came last
    on = rounds.start(HOST, opened.number, Kind.FREE, 0)
    run(page)
    assert (told(page)["living"], pictures(page)) == (False, 0)
    rounds.end(HOST, opened.number, on.number)
    run(page)
    assert told(page)["living"]
    staging.set_living(HOST, opened.number, False)
    run(page)
    assert (told(page)["living"], pictures(page)) == (False, 0)


def test_the_picture_of_a_network_waits_for_the_first_drawing(opened):
    staging.set_living(HOST, opened.number, True)
    page = wall_of(opened.code)
    (link,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith("living-link")]
    assert not json.loads(link.json)["frame"]["isDrawn"]


def test_what_the_network_learned_from_the_class_is_told_until_another_round_has_ended(
    opened, home
):
    saved(home, "learned")
    n, before, after = [4] + [0] * 9, [1] + [0] * 9, [3] + [0] * 9
    tuned = {"n": n, "before": before, "after": after, "by_writer": True, "folds": 2}
    edited(home, "learned", "metrics", {"tuned": tuned | {"test_before": 0.98, "test_after": 0.97}})
    edited(home, "learned", "created", datetime.now(UTC).isoformat())
    page = wall_of(opened.code)
    assert told(page)["last"] == ""
    classroom.set_model(HOST, opened.number, "learned", "learned")
    told_now = told(run(page))["last"]
    assert "has learned from the class: 1 → 3 of 4 of our drawings" in told_now
    assert "*" not in told_now
    on = rounds.start(HOST, opened.number, Kind.FREE, 0)
    rounds.end(HOST, opened.number, on.number)
    assert told(run(page))["last"].startswith("Everyone drew at will")


def test_the_way_in_is_small_once_enough_have_joined_and_there_is_something_to_see(opened):
    page = wall_of(opened.code)
    for number in range(wall._ENOUGH):
        assert told(run(page))["way_in"] == "large"
        entering.join(visitor_of(f"pupil {number}"), opened.code, "here")
    assert told(run(page))["way_in"] == "large"
    send_one(opened)
    assert told(run(page))["way_in"] == "small"


def test_a_class_that_is_over_says_so_and_lets_nobody_in(opened):
    page = wall_of(opened.code)
    classroom.set_state(HOST, opened.number, ClassState.CLOSED)
    now = told(run(page))
    assert now["said"].startswith("The class is over.")
    assert now["way_in"] == "none"


def test_the_wall_of_a_class_that_is_deleted_says_so(opened):
    page = wall_of(opened.code)
    classroom.discard(HOST, opened.number)
    assert "Only who opened" in words(run(page))


def test_what_is_hidden_leaves_the_wall(opened):
    page = wall_of(opened.code)
    number = send_one(opened)
    confirm(run(page))
    classroom.collection.hide(HOST, number, True)
    assert told(run(page))["gone"] == [number]


def test_a_digit_that_came_as_a_picture_is_on_the_wall_with_all_its_ink(opened):
    drawn = rendering.render_strokes([line * 300 for line in handwriting.sample_digit(8)], 320, 30)
    snippet = snippets.cut(drawn)
    entering.join(HOST, opened.code, "here")
    classroom.send(HOST, opened.number, collection.of_snippet(snippet, 8, "a sheet", "a"))
    (one,) = told(wall_of(opened.code))["come"]
    painted = np.zeros(snippet.shape, np.uint8)
    for stroke in one["strokes"]:
        ends = np.array(stroke).reshape(-1, 2) * len(snippet) / CANVAS
        cv2.polylines(painted, [np.floor(ends).astype(np.int32)], False, 1)
    ink = snippet >= 128
    assert painted[ink].mean() > 0.95
    assert painted[~ink].mean() < 0.05


def test_of_an_endless_drawing_a_wall_gets_so_many_points(opened):
    entering.join(HOST, opened.code, "here")
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 280, (100, 2)).astype(np.float32) for _ in range(100)]
    number = classroom.send(HOST, opened.number, Labelled("a", 3, strokes, 18, 7, "conv"))
    (one,) = told(wall_of(opened.code))["come"]
    assert one["number"] == number
    assert sum(map(len, one["strokes"])) <= 2 * wall._MOST_POINTS


def test_a_line_that_is_nearly_straight_is_two_points():
    line = np.array([[0, 0], [50, 0.1], [100, 0]], np.float32)
    kept = Kept("a", 3, [line], 18.0, 3, "conv", 1, "w", 0, 0.0, False, False)
    assert wall._drawing(kept)["strokes"] == [[0.0, 0.0, 100.0, 0.0]]
