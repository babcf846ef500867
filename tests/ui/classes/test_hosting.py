"""Which model answers a host's class, and when a host goes first, without a browser."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.run import Run
from classifier.people import classroom, entering
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.rights import OPERATOR, Visitor
from classifier.serving import store
from tests.app import answering, draw, press, run, words
from tests.ui.classes import LINE, class_of, joined, send_one, visitor


@pytest.fixture
def first(monkeypatch) -> list[bool]:
    """Of each run that is started, whether it goes before others."""
    asked: list[bool] = []

    def submit(
        jobs: LocalJobs, config: TrainConfig, drawn: Drawings | None, by: Visitor, *, host: bool
    ) -> Run:
        asked.append(host)
        raise JobError("Not now.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    return asked


def test_a_host_goes_first_as_soon_as_two_draw_in_the_class(host, first):
    there = class_of(host)
    press(host, "train")
    send_one(there)
    press(host, "train")
    other = visitor_of("another")
    entering.join(other, there.code, "here")
    classroom.send(other, there.number, Labelled("a", 3, LINE, 18, 7, "conv"))
    run(host)
    press(host, "train")
    assert first == [False, False, True]


def saved(home: Path, name: str, model_id: str) -> None:
    """A copy of the shipped `dense` among the models of this server."""
    folder = home / "models" / name
    shutil.copytree(store.get("shipped-dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text()) | {"name": name, "id": model_id}
    (folder / "meta.json").write_text(json.dumps(meta))


def let_answer(host: AppTest, name: str) -> None:
    answering(run(host)).set_value(name).run()
    press(host, "class-model")
    assert f"**{name}** answers there" in words(host)


def answered_by(page: AppTest) -> str:
    """The model that answers a member who draws."""
    draw(page, LINE)
    press(page, "label-7")
    here = page.session_state["session"]
    return classroom.own_drawings(visitor(page), here.class_number)[-1].model


def test_a_class_goes_on_with_its_model_under_another_name(host, home):
    saved(home, "mine", "one")
    let_answer(host, "mine")
    store.rename("mine", "ours", OPERATOR)
    saved(home, "mine", "another")  # the name was free
    run(host)
    assert "**ours** answers there" in words(host)
    answering(host).set_value("ours").run()
    assert not [one for one in host.button if one.key == "class-model"]
    assert answered_by(joined(class_of(host).code)) == "ours"


def test_another_model_that_takes_the_name_of_a_deleted_one_does_not_answer(host, home):
    saved(home, "mine", "one")
    let_answer(host, "mine")
    store.delete("mine", OPERATOR)
    saved(home, "mine", "another")
    page = joined(class_of(host).code)
    assert "is gone" in words(page)
    assert answered_by(page) == ""
    let_answer(host, "mine")  # once the host has chosen it, it does
    run(page)
    assert answered_by(page) == "mine"
