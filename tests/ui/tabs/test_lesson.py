"""The lesson tells of what stands beside it, and its experiments can be undone."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from classifier.events import Started
from classifier.jobs.run import Run
from classifier.lesson.steps import EXPERIMENTS, STEPS
from classifier.ui import view
from tests.app import answering, key_of, press, run, words
from tests.jobs.test_run import Told
from tests.ui.tabs.pages import alive, charts, edited, finished, keys, opened, saved, show, tables


def at(page: AppTest, step: str) -> AppTest:
    page.session_state["session"].step = step
    show(page, view.LESSON)
    return page


def layers(page: AppTest) -> list[str]:
    """Those of the network that stands beside the words."""
    return at(page, "layers").dataframe[0].value["output"].tolist()


def test_the_articles_network_stands_beside_the_words_while_another_answers(home):
    page = opened(lesson="layers")
    assert answering(page).value == "shipped-deep"
    assert layers(page) == ["512", "10"]
    assert "Here: shipped-dense, the article’s network." in words(page)
    at(page, "test")
    assert page.metric[0].value == "98.02 %"
    press(page, "sample-7")
    for step in ("softmax", "compile", "labels", "fit"):
        assert "Here: shipped-dense" in words(at(page, step)), step
    assert answering(page).value == "shipped-deep", "until the visitor asks"
    press(page, "lesson-answers")
    assert answering(page).value == "shipped-dense"
    assert "Here: shipped-dense" not in words(page)


@pytest.mark.parametrize(
    ("settings", "stands"),
    [
        ({"seed": 9}, True),
        ({"activation": "linear"}, False),
        ({"hidden_units": 8}, False),
        ({"network": "conv"}, False),
        ({"network": ["dense"], "hidden_units": []}, False),
    ],
)
def test_an_answering_network_stands_there_if_it_is_built_as_the_articles(settings, stands, home):
    saved(home, "mine")
    edited(home, "mine", "config", settings)
    page = opened(view.LESSON)
    answering(page).set_value("mine").run()
    assert ("Here: shipped-dense" in words(at(page, "layers"))) is not stands
    alive(page)


def test_without_the_articles_network_the_lesson_says_so(home, monkeypatch, tmp_path):
    monkeypatch.setattr("classifier.config.SHIPPED_MODELS", tmp_path / "none")
    page = opened(view.LESSON)
    for step in STEPS:
        at(page, step)
        assert not page.exception, step
    assert "The article’s network is not here" in words(at(page, "test"))


def trained(page: AppTest, home, key: str, name: str) -> None:
    """An experiment of this visitor has ended: its model answers."""
    saved(home, name)
    here = page.session_state["session"]
    one = Run(f"{len(here.runs):020d}-{len(here.runs):016x}", Told())
    for event in (Started(config=EXPERIMENTS[key].config().to_dict(), time=0.0), finished(name)):
        one.add(event)
    here.follow(one, own=True)
    run(page)
    answering(page).set_value(name)
    run(page)


def test_back_to_the_model_before_puts_back_who_answered_and_the_form(home):
    page = opened(view.LESSON)
    page.segmented_control(key="network").set_value("conv").run()
    page.number_input(key="seed-0").set_value(7).run()
    at(page, "layers")
    assert not keys(page, "lesson-undo")
    press(page, "try-tiny")
    assert page.number_input(key="hidden_units-dense-1").value == 8
    assert page.button(key="lesson-undo").label == "Back to the settings before"
    trained(page, home, "tiny", "ruined")
    press(page, "try-no-activation")
    trained(page, home, "no-activation", "worse")
    assert page.button(key="lesson-undo").label == "Back to the model before"
    press(page, "lesson-next")
    assert page.button(key="lesson-undo").label == "Back to the model before", "at any step"
    press(page, "lesson-undo")
    assert answering(page).value == "shipped-deep"
    assert any(one.startswith("ruined") for one in answering(page).options)
    assert page.segmented_control(key=key_of(page, "network")).value == "conv"
    assert "Set as in your own settings" in words(page)
    number = page.session_state["session"].preset.number
    assert page.number_input(key=f"seed-{number}").value == 7
    assert page.session_state["session"].run is None, "the sidebar tells of no other model"
    assert not keys(page, "lesson-undo")
    assert "try" not in page.query_params
    alive(page)


def test_back_to_the_model_before_leads_to_the_standard_form_and_to_a_preset(home):
    page = opened(lesson="layers", attempt="tiny")
    press(page, "lesson-undo")
    assert page.number_input(key="hidden_units-dense").value == 512
    assert "Set as in" not in words(page)
    page = opened(view.RUNS)
    page.selectbox(key="run-chosen").set_value("shipped-dense").run()
    press(page, "load-into-form")
    at(page, "test")
    press(page, "try-overfit")
    assert "Set as in the lesson’s “Overfit on 100 images”" in words(page)
    press(page, "lesson-undo")
    assert "Set as in shipped-dense" in words(page)
    number = page.session_state["session"].preset.number
    assert page.number_input(key=f"epochs-dense-{number}").value == 10


def test_back_to_a_model_that_is_gone_leads_to_another(home):
    folder = saved(home, "mine")
    page = opened(view.LESSON)
    answering(page).set_value("mine").run()
    at(page, "layers")
    press(page, "try-tiny")
    trained(page, home, "tiny", "ruined")
    folder.rename(home / "elsewhere")
    press(page, "lesson-undo")
    assert answering(page).value == "shipped-deep"
    alive(page)


def test_the_steps_are_listed_by_their_titles_and_one_can_jump_to_each(home):
    page = opened(view.LESSON)
    (steps,) = (one for one in page.pills if one.label == "Step")
    titles = [step.title for step in STEPS.values()]
    assert steps.options == [f"{n} · {title}" for n, title in enumerate(titles, 1)]
    steps.set_value("compile").run()
    assert f"## 5 · {STEPS['compile'].title}" in words(page)
    assert STEPS["compile"].beside in words(page)


def test_bars_of_loss_that_are_cut_off_say_so(home):
    page = opened(lesson="compile")
    press(page, "sample-7")
    (told,) = [one for one in charts(page) if one.startswith("Loss by label")]
    cut = [part for part in told.split(", ") if part.endswith("16.12 or more")]
    assert cut
    assert "A bar that ends at 16.1 is cut off there" in words(page)


def test_models_without_curves_are_not_compared_unless_they_are_chosen(home):
    meta = saved(home, "old") / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"history": []}))
    page = opened(view.RUNS)
    assert set(page.multiselect(key="runs-compared").value) == {"shipped-deep", "shipped-dense"}
    assert "none were kept" not in words(page)
    page.multiselect(key="runs-compared").set_value(["old"]).run()
    assert "none were kept: old" in words(page)
    assert tables(page)
