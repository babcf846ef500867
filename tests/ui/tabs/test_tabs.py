"""The four tabs without a browser: whatever a link, a model's folder or the disk holds, the reader
is told in words and the rest of the page goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from classifier.config import CLASSES, PROJECT, TrainConfig
from classifier.data import sources
from classifier.events import EpochEnded, Finished, History, Started, to_json
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError, LocalJobs
from classifier.learning import networks
from classifier.lesson.steps import EXPERIMENTS, STEPS
from classifier.serving import store
from classifier.serving.predict import Predictor
from classifier.serving.snapshots import Recorder
from classifier.ui import session, view
from classifier.ui.tabs import background
from tests.app import board, draw, press, tell, words

RUN = "00000000000000000001-0123456789abcdef"
PATIENCE = 20.0  # seconds for what is computed in the background


@pytest.fixture(autouse=True)
def _fresh(home):
    """A server that has looked at nothing yet."""
    st.cache_resource.clear()


def opened(
    tab: str = view.TRAINING, visitor: session.Session | None = None, **link: str
) -> AppTest:
    """The page at that tab, with these parameters in its address."""
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    page.session_state["tabs"] = tab
    visitor = visitor or session.Session()
    visitor.greeted = not link  # a visitor who was greeted is not kept waiting
    page.session_state["session"] = visitor
    for key, value in link.items():
        page.query_params["try" if key == "attempt" else key] = value
    page.run()
    assert not page.exception
    return page


def show(page: AppTest, tab: str) -> None:
    page.session_state["tabs"] = tab
    page.run()
    assert not page.exception, tab


def alive(page: AppTest) -> None:
    """The page still answers, by a model that is whole."""
    assert not page.exception
    page.selectbox(key="answering-model").set_value("conv")
    press(page, "sample-4")
    assert "It is a 4" in words(page)


def until(page: AppTest, wanted: str) -> None:
    """Look again and again until the page says so."""
    end = time.monotonic() + PATIENCE
    while wanted not in words(page):
        assert time.monotonic() < end, words(page)
        time.sleep(0.02)
        page.run()
        assert not page.exception


def charts(page: AppTest) -> list[str]:
    return [chart.proto.alt for chart in page.get("vega_lite_chart")]


def tables(page: AppTest) -> list:
    return [table.value for table in page.dataframe]


def keys(page: AppTest, beginning: str) -> list[str]:
    return [b.key for b in page.button if b.key and b.key.startswith(beginning)]


def submitted(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Takes what would be trained, and starts nothing."""
    configs: list[TrainConfig] = []

    def submit(jobs: LocalJobs, config: TrainConfig, drawn: Drawings | None) -> str:
        configs.append(config)
        raise JobError("Not now.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    return configs


def saved(home: Path, name: str, tflite: bytes | None = None) -> Path:
    """A copy of the shipped `dense` among the models of this server, perhaps with another network
    in it."""
    folder = home / "models" / name
    shutil.copytree(store.get("dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text())
    meta["name"] = meta["config"]["name"] = meta["id"] = name
    if tflite is not None:
        (folder / "model.tflite").write_bytes(tflite)
        meta["files"]["model.tflite"] = hashlib.sha256(tflite).hexdigest()
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


def learned(
    home: Path,
    name: str,
    mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
    tflite: bytes | None = None,
) -> None:
    """A model that was trained on this file, which the environment names."""
    monkeypatch.setenv("MNIST_NPZ", str(mnist))
    saved(home, name, tflite)
    edited(home, name, "data", {"fingerprint": sources.mnist().fingerprint()})


def finished(model: str, **other: object) -> Finished:
    values = {
        "test_accuracy": 0.98,
        "train_accuracy": 0.99,
        "gap": 0.01,
        "seconds": 2.0,
        "stages": {},
        "confusion": [],
        "data": "MNIST",
        "train_images": 110,
        "test_images": 40,
    }
    return Finished(model=model, **{"id": model} | values | other)


def epoch(number: int) -> EpochEnded:
    return EpochEnded(
        epoch=number, loss=0.5, accuracy=0.9, val_loss=0.6, val_accuracy=0.88, seconds=1.0
    )


def owner(*models: str) -> session.Session:
    """A visitor who trained these models, which are there."""
    started = Started(config=TrainConfig().to_dict(), time=0.0)
    runs = {
        f"{n:020d}-{n:016x}": History(started=started, epochs=[epoch(1)], end=finished(model))
        for n, model in enumerate(models)
    }
    visitor = session.Session(runs=runs)
    for history in runs.values():
        visitor.claim(history.end)
    return visitor


def run_folder(home: Path, *events) -> Path:
    """A run that its process has not ended, as far as can be told, and what it has said."""
    folder = home / "runs" / RUN
    folder.mkdir(parents=True)
    (home / "runs" / ".queue").mkdir()
    (home / "runs" / ".queue" / f"{RUN}.lock").touch()
    say(folder, Started(config=TrainConfig().to_dict(), time=0.0), *events)
    return folder


def say(folder: Path, *events) -> None:
    with open(folder / "events.jsonl", "a") as file:
        file.writelines(to_json(event) + "\n" for event in events)


# Links.


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_a_link_opens_its_step_with_the_experiment_in_the_form(key, home, monkeypatch):
    configs = submitted(monkeypatch)
    experiment = EXPERIMENTS[key]
    step = next(step for step in STEPS.values() if key in step.experiments)
    page = opened(lesson=step.key, attempt=key)
    assert page.session_state["tabs"] == view.LESSON
    assert step.title in words(page)
    assert experiment.expect in words(page)
    assert page.segmented_control(key="network").value == "dense"
    config = experiment.config()
    for field, widget in {
        "epochs": page.number_input(key="epochs-dense-1"),
        "train_size": page.number_input(key="size-1"),
        "batch_size": page.number_input(key="batch-dense-1-128"),
        "optimizer": page.selectbox(key="optimizer-dense-1"),
        "schedule": page.selectbox(key="schedule-dense-1"),
        "activation": page.selectbox(key="activation-dense-1"),
        "shuffle_labels": page.toggle(key="shuffle-dense-1"),
        "seed": page.number_input(key="seed-1"),
    }.items():
        assert widget.value == getattr(config, field), field
    assert float(page.text_input(key="rate-dense-1").value) == config.learning_rate
    assert page.number_input(key="units-dense-1").value == (config.hidden_units or 512)
    page.button(key="train").click().run()
    page.button(key="lesson-train").click().run()
    assert configs == [config, config]
    assert "Not now." in words(page)


@pytest.mark.parametrize("step", STEPS)
def test_a_link_opens_any_step_without_touching_the_form(step, home, tiny_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page = opened(lesson=step)
    assert page.session_state["tabs"] == view.LESSON
    assert STEPS[step].title in words(page)
    assert page.selectbox(key="optimizer-dense").value == "adam"
    alive(page)


@pytest.mark.parametrize(
    ("link", "lacking"),
    [
        ({"lesson": "unknown"}, "a step"),
        ({"lesson": ""}, "a step"),
        ({"lesson": "x" * 100_000}, "a step"),
        ({"lesson": "<script>alert(1)</script>"}, "a step"),
        ({"lesson": "3"}, "a step"),
        ({"lesson": ["data", "../../etc/passwd"]}, "a step"),
        ({"lesson": "layers", "attempt": "nan"}, "an experiment"),
        ({"attempt": "\x00\ud800"[:1] + "💥" * 500}, "an experiment"),
        ({"attempt": ["tiny", "javascript:alert(1)"]}, "an experiment"),
        ({"lesson": "LAYERS", "attempt": "Tiny"}, "a step and an experiment"),
        ({"lesson": "data", "attempt": ""}, "an experiment"),
    ],
)
def test_a_link_to_what_is_not_there_is_told_and_nothing_of_it_is_shown(
    link, lacking, home, tiny_mnist, monkeypatch
):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page = opened(**link)
    assert page.session_state["tabs"] == view.LESSON
    assert f"names {lacking} that this lesson does not have" in words(page)
    for wild in ("script", "alert", "xxx", "etc", "💥"):
        assert wild not in words(page)
    assert page.selectbox(key="optimizer-dense").value == "adam"
    alive(page)
    page.button(key="lesson-next").click().run()
    assert "does not have" not in words(page)
    assert not page.exception


def test_a_repeated_parameter_counts_once(home):
    page = opened(lesson=["data", "layers"], attempt=["nonsense", "tiny"])
    assert EXPERIMENTS["tiny"].expect in words(page)


def test_an_experiment_without_a_step_comes_at_its_own(home):
    page = opened(attempt="overfit")
    assert STEPS["test"].title in words(page)
    assert page.number_input(key="size-1").value == 100


def test_an_experiment_of_another_step_is_offered_where_the_link_leads(home):
    page = opened(lesson="softmax", attempt="tiny")
    assert STEPS["softmax"].title in words(page)
    assert keys(page, "try-") == ["try-tiny"]
    assert page.number_input(key="units-dense-1").value == 8


def test_a_chosen_experiment_is_in_the_address_and_gone_with_its_step(home):
    page = opened(lesson="layers")
    page.button(key="try-tiny").click().run()
    address = dict(page.query_params)
    again = opened(lesson=address["lesson"], attempt=address["try"])
    assert again.number_input(key="units-dense-1").value == 8
    page.button(key="lesson-next").click().run()
    assert "try" not in page.query_params
    assert "softmax" in page.query_params["lesson"]


# Runs whose files vanish.


def test_a_run_that_vanishes_while_it_is_shown_is_told(home):
    folder = run_folder(home, epoch(1))
    page = opened(run=RUN)
    press(page, "sample-3")
    assert any("Accuracy by epoch" in words for words in charts(page))
    shutil.rmtree(folder)
    page.run()
    assert "train again" in words(page)
    for tab in view.TABS:
        show(page, tab)
    alive(page)


def test_networks_by_epoch_that_vanish_are_told(home, small_network):
    forward, weights = small_network
    folder = run_folder(home, epoch(1), epoch(2), finished("mine"))
    saved(home, "mine")
    for number in (1, 2):
        Recorder(folder / "epochs", forward).add(number, weights)
    page = opened(run=RUN)
    press(page, "sample-3")
    assert any("epoch 1: " in words and "epoch 2: " in words for words in charts(page))
    shutil.rmtree(folder / "epochs")
    page.run()
    assert "are not kept any more" in words(page)
    shutil.rmtree(folder)
    page.run()
    for tab in view.TABS:
        show(page, tab)
    alive(page)


def test_a_run_whose_file_lost_its_beginning_is_shown_as_far_as_it_goes(home):
    saved(home, "mine")
    folder = run_folder(home)
    for experiment in ("tiny", "fast"):
        (folder / "events.jsonl").write_text("")
        say(folder, epoch(1), finished("mine"))
        page = opened(run=RUN, lesson="layers", attempt=experiment)
        look(page, *view.TABS)
    alive(page)


@pytest.mark.parametrize(
    ("how", "tab"),
    [*(("removed", tab) for tab in view.TABS), ("renamed", view.INSIDE), ("cut", view.RUNS)],
)
def test_a_model_that_goes_while_it_is_shown_takes_nothing_with_it(how, tab, home):
    folder = saved(home, "mine")
    page = opened(tab, owner("mine"))
    page.selectbox(key="answering-model").set_value("mine").run()
    press(page, "sample-3")
    assert not page.exception
    go(folder, how)
    page.run()
    assert not page.exception
    assert "mine" not in page.selectbox(key="answering-model").options
    alive(page)
    show(page, view.RUNS)
    assert any("mine (gone)" in table["name"].tolist() for table in tables(page)[:1])


@pytest.mark.parametrize("how", ["removed", "cut"])
@pytest.mark.parametrize("button", ["delete-it", "load-into-form", "answer-with-it", "rename"])
def test_what_is_done_with_a_model_that_has_just_gone_is_told(how, button, home):
    folder = saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key="run-chosen").set_value("mine").run()
    go(folder, how)
    if button == "rename":
        page.text_input(key="new-name-mine").set_value("yours")
        submit(page)
    else:
        page.button(key=button).click().run()
    assert not page.exception
    if button in ("rename", "delete-it"):
        assert "mine" in "\n".join(warning.value for warning in page.warning)
    alive(page)


def go(folder: Path, how: str) -> None:
    """Let a model's folder go, as somebody else might."""
    match how:
        case "removed":
            shutil.rmtree(folder)
        case "renamed":
            folder.rename(folder.with_name("other"))
        case "cut":
            (folder / "meta.json").write_text('{"format": 1')


def submit(page: AppTest) -> None:
    next(b for b in page.button if b.label == "Rename").click().run()


# Models of another shape, and meta that makes no sense.


@pytest.fixture(scope="module")
def small_network() -> tuple[bytes, list[np.ndarray]]:
    """A network as a function of its weights, and some weights."""
    network = networks.build(TrainConfig(hidden_units=3))
    return networks.forward(network), network.get_weights()


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> dict[str, bytes]:
    """Networks of other shapes than those of the form, as they are served."""
    from keras import Input, Sequential, layers

    def dense(units: int, name: str) -> layers.Dense:
        return layers.Dense(units, activation="relu", name=name)

    def digits(count: int = CLASSES) -> layers.Dense:
        return layers.Dense(count, activation="softmax", name="digits")

    flat = Input((784,))
    stacks = {
        "three-hidden": [flat, dense(9, "one"), dense(8, "two"), dense(7, "three"), digits()],
        "no-hidden": [flat, digits()],
        "no-dense": [
            Input((28, 28, 1)),
            layers.Conv2D(4, 3, strides=2, activation="relu", name="strokes"),
            layers.Conv2D(CLASSES, 3, name="bows"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Softmax(name="shares"),
        ],
        "small-maps": [
            Input((28, 28, 1)),
            layers.Conv2D(2, 3, strides=3, name="edges"),
            layers.Flatten(),
            dense(600, "wide"),
            digits(),
        ],
        "five-classes": [flat, dense(6, "hidden"), digits(5)],
        "twelve-classes": [flat, dense(6, "hidden"), digits(12)],
        "other-input": [Input((100,)), dense(6, "hidden"), digits()],
    }  # fmt: skip
    found = {}
    for name, stack in stacks.items():
        file = tmp_path_factory.mktemp("exported") / "model.tflite"
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            Sequential(stack).export(str(file), format="litert", verbose=False)
        found[name] = file.read_bytes()
    return found | {"no-model": b"TFL3, but nothing of it"}


def asked(name: str, tab: str = view.TRAINING) -> AppTest:
    """The page at that tab, with a digit that this model is asked about."""
    page = opened(tab)
    page.selectbox(key="answering-model").set_value(name)
    press(page, "sample-3")
    assert not page.exception
    return page


def look(page: AppTest, *tabs: str) -> None:
    """Open these tabs, and see what was computed in the background."""
    for tab in tabs:
        show(page, tab)
        end = time.monotonic() + PATIENCE
        while "…" in words(page):
            assert time.monotonic() < end
            time.sleep(0.02)
            page.run()
        assert not page.exception, tab


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
    page.selectbox(key="answering-model").set_value("dense").run()
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
    saved(home, "no-dense", tflite=shapes["no-dense"])
    page = asked("conv", view.INSIDE)
    page.segmented_control(key="layer").set_value("parts-relu").run()
    page.selectbox(key="answering-model").set_value("no-dense").run()
    assert not page.exception
    assert "of strokes" in words(page) or page.segmented_control(key="layer").value == "strokes"


def edited(home: Path, name: str, part: str, values: object) -> None:
    """Put wild values into a part of a model's meta; `...` takes one out."""
    file = home / "models" / name / "meta.json"
    meta = json.loads(file.read_text())
    if isinstance(values, dict) and part in meta:
        values = meta[part] | values
        values = {field: value for field, value in values.items() if value is not ...}
    file.write_text(json.dumps(meta | {part: values}))


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


def test_a_history_that_makes_no_sense_is_told(home):
    saved(home, "odd")
    page = asked("odd")
    for wild, history in HISTORIES.items():
        edited(home, "odd", "history", history)
        page.run()
        assert not page.exception, wild
        assert "odd came without its curves" in words(page), wild
    show(page, view.RUNS)
    assert "Without curves, since none were kept: odd" in words(page)
    lesson_at(page, "fit", "test")
    alive(page)


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


METRICS = {
    "text": {"train_accuracy": "0.9", "gap": "?", "seconds": "12 s"},
    "nothing": {"train_accuracy": None, "gap": None, "seconds": None},
    "left out": {"train_accuracy": ..., "gap": ..., "seconds": ...},
    "lists": {"train_accuracy": [0.9], "gap": {}, "seconds": []},
    "whole": {"test_accuracy": 1, "train_accuracy": 1, "gap": 0, "seconds": 3},
    "yes": {"test_accuracy": True, "train_accuracy": True},
}


@pytest.mark.parametrize("values", METRICS.values(), ids=METRICS.keys())
def test_metrics_that_make_no_sense_break_nothing(values, home):
    saved(home, "odd")
    edited(home, "odd", "metrics", values)
    page = opened(view.RUNS)
    listed = "odd" in tables(page)[0]["name"].tolist()
    assert listed or "damaged" in words(page)
    if listed:
        page.selectbox(key="answering-model").set_value("odd")
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


# The matrix, its cells, and the images behind them.


@pytest.fixture
def mixed_up(tmp_path, tiny_arrays) -> Path:
    """Test images of which eleven have another label than what they show, and none is a 5."""
    labels = tiny_arrays["y_test"].copy()
    kept = labels != 5
    labels[np.flatnonzero(labels == 4)] = 9
    labels[np.flatnonzero(labels == 1)[:3]] = 7
    path = tmp_path / "mixed-up.npz"
    tests = {"x_test": tiny_arrays["x_test"][kept], "y_test": labels[kept]}
    np.savez(path, **tiny_arrays | tests)
    return path


def choose_cell(page: AppTest, label: int, answer: int) -> None:
    page.selectbox(key="cell-label").set_value(label)
    page.selectbox(key="cell-answer").set_value(answer).run()
    assert not page.exception


def test_a_cell_shows_exactly_its_images(home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    page = asked("mine")
    until(page, "The worst mistakes")
    exam = background.exam("mine", store.get("mine").checksum).result()
    for label, answer in ((9, 4), (7, 1), (9, 9), (0, 0)):
        choose_cell(page, label, answer)
        expected = np.flatnonzero((exam.labels == label) & (exam.answers == answer))
        assert len(expected) > 0
        assert keys(page, "cell-picture") == [f"cell-picture-{index}" for index in expected]
    assert keys(page, "worst-picture") == [
        f"worst-picture-{index}"
        for index in sorted(
            np.flatnonzero(exam.labels != exam.answers),
            key=lambda i: -exam.confidence[i],
        )
    ]


def test_a_cell_with_nothing_in_it_says_so(home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    page = asked("mine")
    until(page, "The worst mistakes")
    choose_cell(page, 0, 8)
    assert "no 0 was taken for a 8" in words(page).replace("an 8", "a 8")
    assert keys(page, "cell-picture") == []
    choose_cell(page, 5, 5)  # a digit that the test data lack
    assert keys(page, "cell-picture") == []
    accuracies = next(words for words in charts(page) if words.startswith("Test accuracy:"))
    assert "5:" not in accuracies
    assert "4:" not in accuracies
    page.segmented_control(key="cells-show").set_value("Shares").run()
    alive(page)


def test_a_perfect_model_has_no_mistakes_to_show(home, tmp_path, tiny_arrays, monkeypatch):
    path = tmp_path / "as-it-reads-them.npz"
    said = Predictor(store.get("dense").tflite()).probabilities(tiny_arrays["x_test"])
    np.savez(path, **tiny_arrays | {"y_test": said.argmax(axis=1).astype(np.uint8)})
    learned(home, "mine", path, monkeypatch)
    page = asked("mine")
    until(page, "There are none")
    assert any("of which 0 were misread" in words for words in charts(page))
    alive(page)


def test_many_images_come_in_pages(home, tmp_path, tiny_arrays, monkeypatch):
    path = tmp_path / "many.npz"
    threes = tiny_arrays["x_test"][tiny_arrays["y_test"] == 3]
    tests = {"x_test": np.repeat(threes, 13, axis=0)[:50], "y_test": np.full(50, 3, np.uint8)}
    np.savez(path, **tiny_arrays | tests)
    learned(home, "mine", path, monkeypatch)
    page = asked("mine")
    until(page, "There are none")
    choose_cell(page, 3, 3)
    assert len(keys(page, "cell-picture")) == 24
    page.number_input(key="cell-page").set_value(3).run()
    assert keys(page, "cell-picture") == ["cell-picture-48", "cell-picture-49"]
    choose_cell(page, 4, 9)
    assert keys(page, "cell-picture") == []
    choose_cell(page, 3, 3)
    assert not page.exception


def test_a_picture_becomes_the_drawing_and_undo_brings_the_old_one_back(
    home, mixed_up, monkeypatch
):
    learned(home, "mine", mixed_up, monkeypatch)
    page = asked("mine")
    before = page.session_state["session"].sketch.lines
    until(page, "The worst mistakes")
    exam = background.exam("mine", store.get("mine").checksum).result()
    choose_cell(page, 9, 4)
    picture = keys(page, "cell-picture")[0]
    index = int(picture.rpartition("-")[2])
    page.button(key=picture).click().run()
    assert not page.exception
    here = page.session_state["session"]
    np.testing.assert_array_equal(here.prepared.network_input, exam.images[index])
    assert "It is a 4" in words(page)
    assert f"Test image {index} · a 9, read as 4" in words(page)
    for tab in view.TABS:
        look(page, tab)
    # A stroke over it is seen by the network, which the image alone is not any more.
    tell(page, strokes=[[1, 18, 0, 20.0, 20.0, 260.0, 20.0]])
    over = page.session_state["session"].prepared.network_input
    assert (over >= exam.images[index]).all()
    assert over[1:3, 3:25].min() > 100
    draw(page, before)
    assert "It is a 3" in words(page)


# Data that went away, or changed.


def test_images_that_are_gone_are_told_and_come_when_they_are_back(home, tiny_mnist, monkeypatch):
    learned(home, "mine", tiny_mnist, monkeypatch)
    away = tiny_mnist.rename(tiny_mnist.with_suffix(".away"))
    page = asked("mine")
    until(page, "The images themselves cannot be shown. MNIST is not on this disk")
    assert any("Confusion matrix" in words for words in charts(page)), "it was noted in training"
    show(page, view.INSIDE)
    until(page, "They cannot be shown. MNIST is not on this disk")
    assert "It is a 3" in words(page)
    away.rename(tiny_mnist)
    show(page, view.TRAINING)
    until(page, "The worst mistakes")
    show(page, view.INSIDE)
    until(page, "images it trained on, those whose hidden activations lie nearest")


def test_images_that_have_changed_are_told(home, tiny_mnist, tiny_arrays, monkeypatch):
    learned(home, "mine", tiny_mnist, monkeypatch)
    np.savez(tiny_mnist, **tiny_arrays | {"x_test": 255 - tiny_arrays["x_test"]})
    page = asked("mine")
    until(page, "The test images have changed since this model was trained.")
    show(page, view.INSIDE)
    until(page, "They cannot be shown. The training images have changed since then.")
    alive(page)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_file_of_data_that_cannot_be_read_is_told(content, home, tiny_mnist, monkeypatch):
    learned(home, "mine", tiny_mnist, monkeypatch)
    whole = tiny_mnist.read_bytes()
    tiny_mnist.write_bytes(content)
    page = asked("mine")
    until(page, "cannot be shown")
    assert tiny_mnist.name in words(page)
    show(page, view.INSIDE)
    until(page, "They cannot be shown")
    page.session_state["session"].step = "data"
    show(page, view.LESSON)
    until(page, "No images can be shown")
    alive(page)
    tiny_mnist.write_bytes(whole)
    until(page, "Here: MNIST.")
    assert len(keys(page, "specimen-picture")) == 12


def test_the_lesson_has_generated_digits_until_there_is_mnist(home, tiny_mnist, monkeypatch):
    monkeypatch.setattr(sources, "GENERATED_TRAIN", 60)
    monkeypatch.setattr(sources, "GENERATED_TEST", 40)
    page = opened(lesson="data")
    until(page, "Here: generated digits.")
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page.run()
    until(page, "Here: MNIST.")
    assert "120 × 28 × 28" in tables(page)[0]["shape"].tolist()


def test_others_are_shown_on_request(home, tiny_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page = opened(lesson="data")
    until(page, "Here: MNIST.")
    first = keys(page, "specimen-picture")
    page.button(key="show-others").click().run()
    assert keys(page, "specimen-picture") != first
    page.button(key=keys(page, "specimen-picture")[0]).click().run()
    assert "Training image" in words(page)
    assert not page.exception


# Two sessions on one run.


def two_on_one(home: Path) -> tuple[AppTest, AppTest]:
    """Two pages with the same run in their addresses, which made the model "mine"."""
    run_folder(home, epoch(1), finished("mine"))
    saved(home, "mine")
    pages = opened(view.RUNS, run=RUN), opened(view.RUNS, run=RUN)
    for page in pages:
        assert page.selectbox(key="answering-model").value == "mine"
        assert page.selectbox(key="run-chosen").value == "mine"
        press(page, "sample-3")
    return pages


def test_what_one_deletes_the_other_goes_on_without(home):
    one, other = two_on_one(home)
    one.button(key="delete-it").click().run()
    assert not one.exception
    assert not (home / "models" / "mine").exists()
    other.button(key="delete-it").click().run()
    assert not other.exception
    assert "mine" in "\n".join(warning.value for warning in other.warning)
    for page in (one, other):
        assert page.selectbox(key="answering-model").value == "conv"
        assert {"mine (gone)", "deleted"} & set(tables(page)[0]["name"])
        for tab in view.TABS:
            show(page, tab)
        alive(page)


def test_what_one_renames_the_other_goes_on_with(home):
    one, other = two_on_one(home)
    one.text_input(key="new-name-mine").set_value("yours")
    submit(one)
    assert one.selectbox(key="answering-model").value == "yours"
    other.text_input(key="new-name-mine").set_value("theirs")
    submit(other)
    assert not other.exception
    assert "mine" in "\n".join(warning.value for warning in other.warning)
    assert "yours" in tables(other)[0]["name"].tolist()
    for tab in view.TABS:
        show(other, tab)
    other.selectbox(key="answering-model").set_value("yours").run()
    assert "It is a 3" in words(other)


# Runs.


@pytest.mark.parametrize("name", ["dense", "theirs"])
def test_only_who_trained_a_model_can_rename_or_delete_it(name, home):
    saved(home, "theirs")
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key="run-chosen").set_value(name).run()
    assert "Only who trained a model" in words(page)
    # As a browser might send it whose buttons are not disabled.
    page.button(key="delete-it").click().run()
    page.text_input(key=f"new-name-{name}").set_value("taken-over")
    submit(page)
    assert not page.exception
    assert {model.name for model in store.list_models()[0]} >= {"dense", "theirs", "mine"}
    assert not (home / "models" / "taken-over").exists()


def test_ones_own_model_is_renamed_and_deleted(home):
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key="answering-model").set_value("mine").run()
    page.selectbox(key="run-chosen").set_value("mine").run()
    page.text_input(key="new-name-mine").set_value(" yours ")
    submit(page)
    assert page.selectbox(key="answering-model").value == "yours"
    assert page.selectbox(key="run-chosen").value == "yours"
    assert "Only who trained" not in words(page)
    assert store.get("yours").meta["name"] == "yours"
    page.button(key="delete-it").click().run()
    assert not page.exception
    assert not (home / "models" / "yours").exists()
    assert page.selectbox(key="answering-model").value == "conv"


def test_a_model_of_a_name_that_was_ones_own_is_not_ones_own(home):
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key="run-chosen").set_value("mine").run()
    page.button(key="delete-it").click().run()
    saved(home, "mine")
    edited(home, "mine", "id", "somebody else's")
    page.run()
    page.selectbox(key="run-chosen").set_value("mine").run()
    page.button(key="delete-it").click().run()
    assert (home / "models" / "mine").exists()


NAMES = ["", "Mine", "a b", "../up", ".hidden", "con", "<b>", "dense", "theirs", "mine"]


def test_a_bad_or_taken_name_is_told(home):
    saved(home, "mine")
    saved(home, "theirs")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key="run-chosen").set_value("mine").run()
    for name in NAMES:
        page.text_input(key="new-name-mine").set_value(name)
        submit(page)
        assert not page.exception, name
        (warning,) = page.warning
        assert repr(name) in warning.value
        assert {folder.name for folder in (home / "models").iterdir()} == {"mine", "theirs"}
    page.run()
    assert not page.warning


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(),
        TrainConfig.of("dense"),
        TrainConfig.of("conv", augment=True, hidden_units=64, activation="linear", seed=7),
        TrainConfig.of("deep", styles=0.35, dropout=0.1),
        TrainConfig(train_size=1000, epochs=100, shuffle_labels=True, optimizer="sgd"),
        TrainConfig.of("conv", seconds=12.5, data="generated", train_size=5000),
        TrainConfig(learning_rate=0.00002, batch_size=1, hidden_units=1, dropout=0.33),
        TrainConfig(seconds=0.05),
        TrainConfig(learning_rate=1e-6),
        TrainConfig.of("dense", name="mine", mnist="/tmp/x.npz", drawings="y.npz"),
    ],
    ids=TrainConfig.command,
)
def test_what_is_loaded_into_the_form_is_what_is_trained(config, home, monkeypatch):
    configs = submitted(monkeypatch)
    saved(home, "mine")
    edited(home, "mine", "config", config.to_dict())
    page = opened(view.RUNS)
    page.selectbox(key="run-chosen").set_value("mine").run()
    page.button(key="load-into-form").click().run()
    assert not page.exception
    assert "Set as in mine" in words(page)
    page.button(key="train").click().run()
    assert not page.exception
    assert configs == [dataclasses.replace(config, name=None, mnist=None, drawings=None)]
    page.button(key="standard").click().run()
    page.button(key="train").click().run()
    assert configs[1:] == [TrainConfig.of(config.network)]


def test_differences_are_what_differs_and_nothing_else(home):
    for name, config in (
        ("one", TrainConfig()),
        ("setting", TrainConfig(epochs=9, seed=3)),
        ("other", TrainConfig.of("conv")),
    ):
        saved(home, name)
        edited(home, name, "config", config.to_dict())
    page = opened(view.RUNS)
    page.multiselect(key="runs-compared").set_value(["one", "setting"]).run()
    assert differences(page) == {"epochs": ["5", "9"], "seed": ["0", "3"]}
    page.multiselect(key="runs-compared").set_value(["one", "other"]).run()
    found = differences(page)
    assert all(one != other for one, other in found.values())
    assert {"network", "epochs", "optimizer", "styles"} <= set(found)
    assert "augment" not in found
    for few in (["one"], []):
        page.multiselect(key="runs-compared").set_value(few).run()
        assert not page.exception


def differences(page: AppTest) -> dict[str, list[str]]:
    """The table of settings that differ: each with the models' values."""
    (found,) = [table for table in page.dataframe if table.proto.alt == "Settings that differ"]
    return {row[0]: row[1:] for row in found.value.to_numpy().tolist()}


def test_all_models_are_asked_about_the_drawing(home, shapes):
    saved(home, "theirs", tflite=shapes["three-hidden"])
    page = asked("conv", view.RUNS)
    (words,) = [words for words in charts(page) if words.startswith("This drawing.")]
    for name in ("conv: 3", "dense: 3", "theirs: "):
        assert name in words
    assert "detector" not in words


# How it is looked at.


def test_each_chart_of_a_tab_comes_with_its_values_when_they_are_wanted(
    home, mixed_up, small_network, monkeypatch
):
    learned(home, "mine", mixed_up, monkeypatch)
    edited(home, "mine", "history", [dataclasses.asdict(epoch(n)) for n in (1, 2)])
    folder = run_folder(home, epoch(1), epoch(2), finished("mine"))
    Recorder(folder / "epochs", small_network[0]).add(1, small_network[1])
    page = opened(run=RUN)
    press(page, "sample-3")
    drawn = 0
    for tab, steps in {
        view.TRAINING: ("",),
        view.INSIDE: ("",),
        view.RUNS: ("",),
        view.LESSON: ("softmax", "compile", "fit", "test"),
    }.items():
        for step in steps:
            page.session_state["session"].step = step
            page.toggle(key="tables").set_value(False)
            look(page, tab)
            assert not values_of(page)
            page.toggle(key="tables").set_value(True).run()
            look(page, tab)
            told = charts(page)
            assert told
            assert {f"Values: {one}" for one in told} <= set(values_of(page))
            drawn += len(told)
            assert board(page)["tables"]
    assert drawn >= 6


def values_of(page: AppTest) -> list[str]:
    return [t.proto.alt for t in page.dataframe if t.proto.alt.startswith("Values: ")]


@pytest.mark.parametrize("tab", view.TABS)
def test_without_shortcuts_no_button_has_one(tab, home):
    page = opened(tab)
    assert sum(bool(button.proto.shortcut) for button in page.button) >= 6
    assert board(page)["keys"]
    page.toggle(key="shortcuts").set_value(False).run()
    assert not page.exception
    assert not any(button.proto.shortcut for button in page.button)
    assert not board(page)["keys"]
    alive(page)
