"""A sketch keeps its history, whether the browser or the page changes it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from classifier import store
from classifier.config import TrainConfig
from classifier.events import Failed, Finished, History
from classifier.ui.state import Session, Sketch

ONE, TWO, THREE = {"path": 1}, {"path": 2}, {"path": 3}


def test_undo_and_redo_go_stroke_by_stroke():
    sketch = Sketch()
    sketch.drawn([ONE])
    sketch.drawn([ONE, TWO])
    sketch.undo()
    assert sketch.strokes == [ONE]
    sketch.redo()
    assert sketch.strokes == [ONE, TWO]
    sketch.undo()
    sketch.undo()
    assert sketch.strokes == []
    sketch.undo()  # nothing before the beginning
    assert sketch.strokes == []


def test_clearing_can_be_undone():
    sketch = Sketch()
    sketch.drawn([ONE, TWO])
    sketch.replace([])
    assert sketch.strokes == []
    sketch.undo()
    assert sketch.strokes == [ONE, TWO]


def test_a_new_stroke_ends_redo():
    sketch = Sketch()
    sketch.drawn([ONE])
    sketch.undo()
    sketch.drawn([])  # the canvas's echo
    sketch.drawn([TWO])
    sketch.redo()
    assert sketch.strokes == [TWO]


def test_the_canvas_echo_of_a_change_made_here_is_no_new_step():
    sketch = Sketch()
    sketch.drawn([ONE])
    sketch.replace([TWO])
    past = len(sketch.past)
    sketch.drawn([TWO | {"width": 1.0001}])  # the canvas rounds numbers
    assert len(sketch.past) == past
    sketch.undo()
    assert sketch.strokes == [ONE]


def test_the_late_echo_of_what_was_replaced_since_changes_nothing():
    sketch = Sketch()
    sketch.drawn([ONE])
    sketch.replace([])
    sketch.undo()
    sketch.drawn([])  # of the clearing
    assert sketch.strokes == [ONE]
    sketch.drawn([ONE])
    assert sketch.strokes == [ONE]
    sketch.drawn([])  # the visitor's own doing
    assert sketch.strokes == []


def test_a_canvas_that_answers_the_last_of_two_changes_alone_is_understood():
    sketch = Sketch()
    sketch.replace([ONE])
    sketch.replace([ONE, TWO])
    sketch.drawn([ONE, TWO])
    sketch.drawn([ONE])
    assert sketch.strokes == [ONE]


def test_a_stroke_drawn_before_the_echo_counts():
    sketch = Sketch()
    sketch.drawn([ONE])
    sketch.replace([])
    sketch.drawn([THREE])
    sketch.undo()
    assert sketch.strokes == []


def test_each_change_made_here_gets_a_revision_of_its_own():
    sketch = Sketch()
    sketch.drawn([ONE])
    assert sketch.revision == 0
    sketch.replace([])
    sketch.undo()
    sketch.redo()
    assert sketch.revision == 3


def test_a_session_trains_from_following_a_run_to_its_end():
    session = Session(error="a batch too large")
    assert not session.training
    session.follow("some-run")
    assert session.training
    assert session.error == ""
    session.history.add(Failed(error="killed"))
    assert not session.training


def with_id(home: Path, name: str, model_id: str) -> None:
    """A saved model of that name and id."""
    folder = home / "models" / name
    shutil.copytree(store.get("dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"name": name, "id": model_id}))


def finished(model: str, model_id: str) -> Finished:
    return Finished(
        model=model,
        id=model_id,
        test_accuracy=0.9,
        train_accuracy=1.0,
        gap=0.1,
        seconds=1.0,
        stages={},
        confusion=[],
        data="MNIST",
        train_images=10,
        test_images=10,
    )


def test_ones_own_are_the_models_that_ones_runs_made(home):
    with_id(home, "mine", "a")
    with_id(home, "theirs", "b")
    session = Session()
    session.claim(finished("mine", "a"))
    session.claim(finished("gone", "c"))
    assert session.owns("mine")
    assert not session.owns("theirs")
    assert not session.owns("gone")


def test_another_model_of_that_name_is_not_ones_own(home):
    session = Session()
    session.claim(finished("mine", "a"))
    with_id(home, "mine", "b")
    assert not session.owns("mine")


def test_models_without_an_id_are_nobodys(home):
    session = Session()
    session.claim(finished("dense", ""))
    assert not session.owns("dense")


def test_a_model_stays_ones_own_under_its_new_name(home):
    with_id(home, "renamed", "a")
    session = Session(runs={"1": History(end=finished("mine", "a"))})
    session.claim(session.runs["1"].end)  # as a page does that was loaded anew since
    assert session.owns("renamed")
    assert session.runs["1"].end.model == "renamed"


def test_settings_that_are_put_into_the_form_again_begin_it_anew():
    session = Session()
    for number in (1, 2):
        session.put_into_form(TrainConfig(), "the article")
        assert session.preset.number == number
    assert session.preset.config == TrainConfig()
