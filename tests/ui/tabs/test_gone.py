"""What vanishes while it is shown, or was done with by somebody else, is told in words."""

import shutil
from pathlib import Path

import pytest

from classifier.database.interface import SETTING
from classifier.database.transactions import transaction
from classifier.serving.snapshots import Recorder
from classifier.ui import view
from tests.app import answering, press, words
from tests.ui.tabs.pages import (
    RUN,
    alive,
    charts,
    epoch,
    finished,
    look,
    opened,
    owner,
    run_folder,
    saved,
    say,
    show,
    submit,
    tables,
)


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


def test_a_database_that_is_away_is_told_and_takes_nothing_with_it(home, monkeypatch, postgres):
    with postgres.store() as url:
        monkeypatch.setenv(SETTING, url)
        page = opened()
        press(page, "sample-3")
        monkeypatch.setenv(SETTING, url.replace(f":{postgres.port}/", ":1/"))
        press(page, "label-3")
        assert "The database that DIGIT_CLASSIFIER_DATABASE names does not answer" in words(page)
        for tab in view.TABS:
            show(page, tab)
        alive(page)
        monkeypatch.setenv(SETTING, url)
        press(page, "label-3")
        assert "does not answer" not in words(page)
        with transaction(writing=False) as database:
            assert database.execute("SELECT label FROM drawing").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("how", "tab"),
    [*(("removed", tab) for tab in view.TABS), ("renamed", view.INSIDE), ("cut", view.RUNS)],
)
def test_a_model_that_goes_while_it_is_shown_takes_nothing_with_it(how, tab, home):
    folder = saved(home, "mine")
    page = opened(tab, owner("mine"))
    answering(page).set_value("mine").run()
    press(page, "sample-3")
    assert not page.exception
    go(folder, how)
    page.run()
    assert not page.exception
    assert "mine" not in answering(page).options
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
