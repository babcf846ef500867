"""The operator's key: who shows it sees all runs and clears what is stored; nobody else does."""

import json
import shutil

import numpy as np
import pytest

from classifier.config import PROJECT, SHIPPED_MODELS, runs_folder
from classifier.events import Progress, Started, to_json
from classifier.jobs import queue
from classifier.jobs.queue import Claim
from classifier.people import classroom, collection, visitors
from classifier.people.collection import Labelled
from classifier.serving import store
from classifier.ui import session, view
from tests.app import key_of, press, words
from tests.ui.tabs.pages import RUN, opened

KEY = "a key of some length"


@pytest.fixture
def key(monkeypatch) -> str:
    monkeypatch.setenv("DIGIT_CLASSIFIER_KEY", KEY)
    return KEY


def runs_page(**how: object):
    page = opened(view.RUNS, **how)
    page.session_state["operator"] = True  # the expander is open
    page.run()
    assert not page.exception
    return page


def show_key(page, key: str) -> None:
    page.text_input(key=key_of(page, "operator-key")).set_value(key)
    next(one for one in page.button if one.label == "Show the key").click()
    page.run()
    assert not page.exception


def another_visitors_run() -> None:
    """A run that waits, of somebody else."""
    folder = runs_folder() / RUN
    folder.mkdir(parents=True)
    with queue.entrance():
        queue.enter(RUN, Claim("f" * 32))
    said = (Started(config={"network": "conv"}, time=1.0), Progress(stage="waiting", place=3))
    (folder / "events.jsonl").write_text("".join(to_json(one) + "\n" for one in said))


def a_model(name: str, owner: str) -> None:
    folder = store.config.models_folder() / name
    shutil.copytree(SHIPPED_MODELS / "shipped-dense", folder)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"owner": owner, "id": name}))


def test_without_a_key_in_the_environment_there_is_nothing_to_show():
    page = runs_page()
    assert not [one for one in page.text_input if one.key == "operator-key"]


def test_a_wrong_key_opens_nothing_and_after_some_none_does(key, monkeypatch):
    monkeypatch.setattr("classifier.ui.tabs.operating._PAUSE", 0)
    page = runs_page()
    for wrong in 2 * ("", "another key of length", key.upper(), "é" * 12, key + " "):
        show_key(page, wrong)
        assert not page.session_state["session"].operator
    for one in (page, runs_page()):  # a new page is no new visitor
        show_key(one, key)
        assert not one.session_state["session"].operator
        assert "Too many wrong keys" in words(one)


def test_a_key_that_can_be_guessed_opens_nothing(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_KEY", "short")
    monkeypatch.setattr("classifier.ui.tabs.operating._PAUSE", 0)
    page = runs_page()
    show_key(page, "short")
    assert not page.session_state["session"].operator
    assert "fewer than 12 characters" in words(page)


def test_the_operator_sees_all_runs_and_stops_and_clears(key):
    another_visitors_run()
    a_model("hers", "f" * 32)
    page = runs_page()
    assert "ffffff" not in words(page)
    show_key(page, key)
    assert "conv · running" in words(page)
    press(page, f"stop-{RUN}")
    opened = classroom.open_class(visitors.visitor_of("h" * 32), "shipped-deep")
    page.run()
    assert f"{opened.code.upper()} · open" in words(page)
    press(page, f"close-{opened.number}")
    assert "None is open." in words(page)
    mine, hers = visitors.visitor_of("m" * 32), visitors.visitor_of("h" * 32)
    for who in (mine, hers):
        drawing = Labelled("a", 7, [np.ones((2, 2))], 18, None, "")
        collection.keep(who, drawing)
    a_model("his", mine.digest)
    page.run()
    assert f"{mine.digest[:6]} · 1 drawing, own or in their classes, and 1 model" in words(page)
    press(page, f"clear-{mine.digest}-now")
    assert [one.name for one in store.list_models()[0] if not one.shipped] == ["hers"]
    assert not collection.drawings_of(mine)
    assert collection.drawings_of(hers)
    press(page, "clear-models-now")
    assert [one.name for one in store.list_models()[0] if not one.shipped] == []
    press(page, "clear-drawings-now")
    press(page, "operator-leave")
    assert not page.session_state["session"].operator


def test_an_address_shows_another_visitors_run_and_gives_nothing_of_it():
    another_visitors_run()
    page = opened(run=RUN)
    assert "Another visitor trains this network." in words(page)
    assert "stop" not in {one.key for one in page.button}
    assert page.session_state["session"].runs == {}
    press(page, "leave-run")
    assert "train" in {one.key for one in page.button}


def test_ones_own_run_is_found_again_without_its_address():
    first = opened()
    digest = None

    def page() -> None:
        import streamlit as st

        from classifier.ui import session

        st.text(session.visitor().digest)

    from streamlit.testing.v1 import AppTest

    asked = AppTest.from_function(page)
    asked.session_state["session"] = first.session_state["session"]
    digest = asked.run().text[0].value
    another_visitors_run()
    (runs_folder() / RUN / "claim.json").write_text(json.dumps({"owner": digest}))
    again = session.Session(secret=first.session_state["session"].secret)
    page = opened(visitor=again, run="")
    assert page.session_state["session"].run.id == RUN
    assert "stop" in {one.key for one in page.button}


def test_no_sentence_of_the_page_tells_where_files_are(home, key):
    models = home / "models"
    models.mkdir()
    (models / "broken").mkdir()
    page = opened(view.RUNS)
    assert "broken is damaged" in words(page)
    assert str(home) not in words(page)
    assert str(PROJECT) not in words(page)
