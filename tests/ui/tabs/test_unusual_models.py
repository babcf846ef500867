"""Models of other shapes, and meta that makes no sense."""

import pytest
from streamlit.testing.v1 import AppTest

from classifier.lesson.steps import STEPS
from classifier.ui import view
from tests.app import answering, key_of, words
from tests.ui.tabs.pages import (
    alive,
    asked,
    charts,
    edited,
    keys,
    learned,
    look,
    opened,
    saved,
    show,
    tables,
    until,
)

CONFIGS = {
    "unknown field": {"momentum": 0.9},
    "unknown network": {"network": "transformer"},
    "network is no text": {"network": ["dense"]},
    "no seed": {"seed": ...},
    "text for numbers": {"epochs": "5", "seed": "0"},
    "nothing for numbers": {"learning_rate": None},
    "whole numbers": {"learning_rate": 1, "dropout": 0, "styles": 0},
    "whole seconds": {"epochs": None, "seconds": 20},
    "a moment": {"epochs": None, "seconds": 0.001},
    "for ever": {"epochs": None, "seconds": float("inf")},
    "a tiny rate": {"learning_rate": 1e-30},
    "more images": {"train_size": 100_000},
    "most images": {"train_size": 10**30},
    "a file that is a number": {"mnist": 5},
    "a file that is none": {"mnist": "\x00"},
    "drawings are a number": {"drawings": 5},
    "switches are text": {"augment": "yes", "shuffle_labels": []},
}
NUMBERS = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")
HISTORIES = {
    "nothing": None,
    "a number": 3,
    "text": ["1"],
    "too little": [{"epoch": 1}],
    "other fields": [{"epoch": 1, "speed": 2}],
    "text for numbers": [{"epoch": 1} | dict.fromkeys(NUMBERS, "0.9")],
    "text for epochs": [{"epoch": "1"} | dict.fromkeys(NUMBERS, 0.9)],
    "nothing for numbers": [{"epoch": 1} | dict.fromkeys(NUMBERS)],
    "no numbers": [{"epoch": 1} | dict.fromkeys(NUMBERS, float("nan"))],
    "infinite": [{"epoch": 1} | dict.fromkeys(NUMBERS, float("inf"))],
}
CONFUSIONS = {
    "none": ...,
    "nothing": None,
    "ragged": [[1] * 10] * 9 + [[1]],
    "small": [[1] * 5] * 5,
    "text": [["many"] * 10] * 10,
    "below zero": [[-1] * 10] * 10,
    "too large": [[10**30] * 10] * 10,
    "infinite": [[float("inf")] * 10] * 10,
    "no number": [[float("nan")] * 10] * 10,
}
METRICS = {
    "text": {"train_accuracy": "0.9", "gap": "?", "seconds": "12 s"},
    "nothing": {"train_accuracy": None, "gap": None, "seconds": None},
    "left out": {"train_accuracy": ..., "gap": ..., "seconds": ...},
    "lists": {"train_accuracy": [0.9], "gap": {}, "seconds": []},
    "whole": {"test_accuracy": 1, "train_accuracy": 1, "gap": 0, "seconds": 3},
    "yes": {"test_accuracy": True, "train_accuracy": True},
}


def lesson_at(page: AppTest, *steps: str) -> None:
    for step in steps:
        page.session_state["session"].step = step
        show(page, view.LESSON)
        assert STEPS[step].title in words(page)


@pytest.mark.parametrize("name", ["three-hidden", "no-hidden", "no-dense", "small-maps"])
def test_a_network_of_another_shape_is_shown_as_it_is(name, home, shapes, tiny_mnist, monkeypatch):
    learned(home, name, tiny_mnist, monkeypatch, shapes[name])
    page = asked(name)
    look(page, view.TRAINING)
    assert "The worst mistakes" in words(page)
    look(page, view.INSIDE)
    assert ("The hidden units" in words(page)) == (name in ("three-hidden", "small-maps"))
    assert ("Feature maps" in words(page)) == (name in ("no-dense", "small-maps"))
    assert keys(page, "neighbour-picture")
    look(page, view.RUNS)
    page.button(key="load-into-form").click().run()
    assert f"Set as in {name}" in words(page)
    lesson_at(page, "layers", "softmax", "compile", "labels", "test")
    show(page, view.INSIDE)
    answering(page).set_value("shipped-dense").run()
    assert "The hidden units" in words(page)
    alive(page)


@pytest.mark.parametrize("name", ["five-classes", "twelve-classes", "other-input", "no-model"])
def test_a_network_that_reads_no_digits_is_told_and_skipped(
    name, home, shapes, tiny_mnist, monkeypatch
):
    learned(home, name, tiny_mnist, monkeypatch, shapes[name])
    page = asked(name)
    assert name in "\n".join(error.value for error in page.error)
    look(page, view.TRAINING, view.INSIDE, view.RUNS)
    page.button(key="load-into-form").click().run()
    assert f"Set as in {name}" in words(page)
    lesson_at(page, "layers", "softmax", "compile", "labels", "test")
    alive(page)


def test_other_layers_are_chosen_from_when_another_model_answers(home, shapes):
    saved(home, "no-dense", network=shapes["no-dense"])
    page = asked("shipped-deep", view.INSIDE)
    page.segmented_control(key="layer").set_value("convolution-4").run()
    answering(page).set_value("no-dense").run()
    assert not page.exception
    assert page.segmented_control(key=key_of(page, "layer")).value == "convolution-1"


@pytest.mark.parametrize("values", CONFIGS.values(), ids=CONFIGS.keys())
def test_settings_that_make_no_sense_are_told(values, home, tiny_mnist, monkeypatch):
    learned(home, "odd", tiny_mnist, monkeypatch)
    edited(home, "odd", "config", values)
    page = asked("odd")
    look(page, view.TRAINING, view.INSIDE, view.RUNS)
    page.button(key="load-into-form").click().run()
    assert not page.exception
    assert "settings that the form does not know" in words(page) or "Set as in odd" in words(page)
    alive(page)


def test_a_history_that_makes_no_sense_is_told(home):
    saved(home, "odd")
    page = asked("odd")
    for wild, history in HISTORIES.items():
        edited(home, "odd", "history", history)
        page.run()
        assert not page.exception, wild
        assert "odd came without its curves" in words(page), wild
    show(page, view.RUNS)
    page.multiselect(key="runs-compared").set_value(["odd"]).run()
    assert "Without curves, since none were kept: odd" in words(page)
    lesson_at(page, "fit", "test")
    alive(page)


def test_a_confusion_matrix_that_makes_no_sense_is_left_out(home):
    saved(home, "odd")
    page = asked("odd")
    until(page, "The images themselves cannot be shown.")
    assert any("Confusion" in words for words in charts(page))
    for wild, counts in CONFUSIONS.items():
        edited(home, "odd", "metrics", {"confusion": counts})
        page.run()
        assert not page.exception, wild
        assert not any("Confusion" in words for words in charts(page)), wild
    alive(page)


@pytest.mark.parametrize("values", METRICS.values(), ids=METRICS.keys())
def test_metrics_that_make_no_sense_break_nothing(values, home):
    saved(home, "odd")
    edited(home, "odd", "metrics", values)
    page = opened(view.RUNS)
    listed = "odd" in tables(page)[0]["name"].tolist()
    assert listed or "damaged" in words(page)
    if listed:
        answering(page).set_value("odd")
        lesson_at(page, "test")
    alive(page)


@pytest.mark.parametrize("values", [{"source": ...}, {"source": ["moon"], "fingerprint": 7}])
def test_data_that_nobody_knows_are_told(values, home):
    saved(home, "odd")
    edited(home, "odd", "data", values)
    page = asked("odd")
    look(page, view.TRAINING)
    assert "source is" in words(page)
    look(page, view.INSIDE)
    assert "source is" in words(page)
    alive(page)
