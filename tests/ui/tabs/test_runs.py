"""Runs: who may rename and delete, what differs, and what each says to the drawing."""

import dataclasses
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig
from classifier.serving import store
from classifier.ui import view
from tests.app import answering, key_of, press, words
from tests.ui.tabs.pages import (
    RUN,
    alive,
    asked,
    charts,
    edited,
    epoch,
    finished,
    opened,
    own,
    owner,
    run_folder,
    saved,
    show,
    submit,
    submitted,
    tables,
)

NAMES = ["", "Mine", "a b", "../up", ".hidden", "con", "<b>", "dense", "theirs", "mine"]


def two_on_one(home: Path) -> tuple[AppTest, AppTest]:
    """Two pages with the same run in their addresses, which made the model "mine"."""
    run_folder(home, epoch(1), finished("mine"))
    saved(home, "mine")
    own(home, "mine")
    pages = opened(view.RUNS, run=RUN), opened(view.RUNS, run=RUN)
    for page in pages:
        assert answering(page).value == "mine"
        assert page.selectbox(key=key_of(page, "run-chosen")).value == "mine"
        press(page, "sample-3")
    return pages


def test_a_run_has_one_gap_wherever_it_is_shown(home):
    run_folder(home, epoch(1), finished("mine", test_images=10_000))
    saved(home, "mine")
    figures = {"test_accuracy": 0.98, "train_accuracy": 0.99, "test_images": 10_000}
    edited(home, "mine", "metrics", figures)
    edited(home, "mine", "history", [dataclasses.asdict(epoch(n)) for n in (1, 2)])
    page = opened(view.RUNS, run=RUN)
    row = tables(page)[0].set_index("name").loc["mine"]
    assert row["gap, points"] == 1.0
    for tab in (view.RUNS, view.TRAINING):  # the sidebar is beside each
        show(page, tab)
        told = "a gap of 1.00 points: overfitting"
        assert words(page).count(told) == (2 if tab == view.TRAINING else 1)


def test_what_one_deletes_the_other_goes_on_without(home):
    one, other = two_on_one(home)
    one.button(key="delete-it").click().run()
    assert not one.exception
    assert not (home / "models" / "mine").exists()
    other.button(key="delete-it").click().run()
    assert not other.exception
    assert "mine" in "\n".join(warning.value for warning in other.warning)
    for page in (one, other):
        assert answering(page).value == "shipped-deep"
        assert {"mine (gone)", "deleted"} & set(tables(page)[0]["name"])
        for tab in view.TABS:
            show(page, tab)
        alive(page)


def test_what_one_renames_the_other_goes_on_with(home):
    one, other = two_on_one(home)
    one.text_input(key="new-name-mine").set_value("yours")
    submit(one)
    assert answering(one).value == "yours"
    other.text_input(key="new-name-mine").set_value("theirs")
    submit(other)
    assert not other.exception
    assert "mine" in "\n".join(warning.value for warning in other.warning)
    assert "yours" in tables(other)[0]["name"].tolist()
    for tab in view.TABS:
        show(other, tab)
    answering(other).set_value("yours").run()
    assert "It is a 3" in words(other)


@pytest.mark.parametrize("name", ["shipped-dense", "theirs"])
def test_only_who_trained_a_model_can_rename_or_delete_it(name, home):
    saved(home, "theirs")
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key=key_of(page, "run-chosen")).set_value(name).run()
    assert "Only who trained a model" in words(page)
    # As a browser might send it whose buttons are not disabled.
    page.button(key="delete-it").click().run()
    page.text_input(key=f"new-name-{name}").set_value("taken-over")
    submit(page)
    assert not page.exception
    assert {model.name for model in store.list_models()[0]} >= {"shipped-dense", "theirs", "mine"}
    assert not (home / "models" / "taken-over").exists()


def test_ones_own_model_is_renamed_and_deleted(home):
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    answering(page).set_value("mine").run()
    page.selectbox(key=key_of(page, "run-chosen")).set_value("mine").run()
    page.text_input(key="new-name-mine").set_value(" yours ")
    submit(page)
    assert answering(page).value == "yours"
    assert page.selectbox(key=key_of(page, "run-chosen")).value == "yours"
    assert "Only who trained" not in words(page)
    assert store.get("yours").meta.saved["name"] == "yours"
    page.button(key="delete-it").click().run()
    assert not page.exception
    assert not (home / "models" / "yours").exists()
    assert answering(page).value == "shipped-deep"


def test_a_model_of_a_name_that_was_ones_own_is_not_ones_own(home):
    saved(home, "mine")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key=key_of(page, "run-chosen")).set_value("mine").run()
    page.button(key="delete-it").click().run()
    saved(home, "mine")
    edited(home, "mine", "id", "somebody else's")
    page.run()
    page.selectbox(key=key_of(page, "run-chosen")).set_value("mine").run()
    page.button(key="delete-it").click().run()
    assert (home / "models" / "mine").exists()


def test_a_bad_or_taken_name_is_told(home):
    saved(home, "mine")
    saved(home, "theirs")
    page = opened(view.RUNS, owner("mine"))
    page.selectbox(key=key_of(page, "run-chosen")).set_value("mine").run()
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
        TrainConfig.fine_tuning("shipped-deep", {"network": "deep"}, "mnist", "ours.npz"),
    ],
    ids=TrainConfig.command,
)
def test_what_is_loaded_into_the_form_is_what_is_trained(config, home, monkeypatch):
    configs = submitted(monkeypatch)
    saved(home, "mine")
    edited(home, "mine", "config", config.to_dict())
    page = opened(view.RUNS)
    page.selectbox(key=key_of(page, "run-chosen")).set_value("mine").run()
    page.button(key="load-into-form").click().run()
    assert not page.exception
    assert "Set as in mine" in words(page)
    page.button(key="train").click().run()
    assert not page.exception
    # From scratch, and on the server's own data.
    own = {"name": None, "base": None, "mnist": None, "drawings": None, "drawings_share": 0.2}
    assert configs == [dataclasses.replace(config, **own)]
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
    assert {"network", "epochs", "optimizer", "other handwriting"} <= set(found)
    assert "augment" not in found
    for few in (["one"], []):
        page.multiselect(key="runs-compared").set_value(few).run()
        assert not page.exception


def differences(page: AppTest) -> dict[str, list[str]]:
    """The table of settings that differ: each with the models' values."""
    (found,) = [table for table in page.dataframe if table.proto.alt == "Settings that differ"]
    return {row[0]: row[1:] for row in found.value.to_numpy().tolist()}


def test_all_models_are_asked_about_the_drawing(home, shapes):
    saved(home, "theirs", network=shapes["three-hidden"])
    page = asked("shipped-deep", view.RUNS)
    every = ["shipped-deep", "shipped-dense", "theirs"]
    page.multiselect(key="runs-compared").set_value(every).run()
    (words,) = [words for words in charts(page) if words.startswith("This drawing.")]
    for name in ("shipped-deep: 3", "shipped-dense: 3", "theirs: "):
        assert name in words
    assert "shipped-detector" not in words


def test_a_made_name_is_read_as_what_it_means(home):
    saved(home, "dense-mnist-0102-0304-2")
    page = opened(view.RUNS)
    assert "dense, MNIST, 2 Jan, 03:04 (2)" in tables(page)[0]["name"].tolist()
    assert any(one.startswith("dense, MNIST, 2 Jan") for one in answering(page).options)


def test_an_experiments_model_is_called_by_its_title(home, monkeypatch):
    configs = submitted(monkeypatch)
    page = opened(attempt="overfit", lesson="test")
    page.button(key="train").click().run()
    assert configs[0].title == "Overfit on 100 images"
    page.number_input(key="seed-1").set_value(5).run()
    page.button(key="train").click().run()
    assert configs[1].title is None, "what was changed is that experiment no more"
    saved(home, "dense-mnist-0102-0304")
    edited(home, "dense-mnist-0102-0304", "config", configs[0].to_dict())
    rows = tables(opened(view.RUNS))[0]["name"].tolist()
    assert "Overfit on 100 images, 2 Jan, 03:04" in rows
