"""Links to the lesson: what they open, and what is said of those that lead nowhere."""

import pytest

from classifier.lesson.steps import EXPERIMENTS, STEPS
from classifier.ui import view
from tests.app import key_of, words
from tests.ui.tabs.pages import alive, keys, opened, submitted


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_a_link_opens_its_step_with_the_experiment_in_the_form(key, home, monkeypatch):
    configs = submitted(monkeypatch)
    experiment = EXPERIMENTS[key]
    step = next(step for step in STEPS.values() if key in step.experiments)
    page = opened(lesson=step.key, attempt=key)
    assert page.session_state[key_of(page, "tabs")] == view.LESSON
    assert step.title in words(page)
    assert experiment.expect in words(page)
    assert page.segmented_control(key="network").value == "dense"
    config = experiment.config()
    for field, widget in {
        "epochs": page.number_input(key="epochs-dense-1"),
        "train_size": page.number_input(key="train_size-1"),
        "batch_size": page.number_input(key="batch_size-dense-1-128"),
        "optimizer": page.selectbox(key="optimizer-dense-1"),
        "schedule": page.selectbox(key="schedule-dense-1"),
        "activation": page.selectbox(key="activation-dense-1"),
        "shuffle_labels": page.toggle(key="shuffle_labels-dense-1"),
        "seed": page.number_input(key="seed-1"),
    }.items():
        assert widget.value == getattr(config, field), field
    assert float(page.text_input(key="learning_rate-dense-1").value) == config.learning_rate
    assert page.number_input(key="hidden_units-dense-1").value == (config.hidden_units or 512)
    page.button(key="train").click().run()
    if not experiment.seeds:  # the others are tried in test_sweeping.py
        page.button(key="lesson-train").click().run()
    assert configs == [config] * (1 if experiment.seeds else 2)
    assert "Not now." in words(page)


@pytest.mark.parametrize("step", STEPS)
def test_a_link_opens_any_step_without_touching_the_form(step, home, tiny_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page = opened(lesson=step)
    assert page.session_state[key_of(page, "tabs")] == view.LESSON
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
        ({"lesson": "-1e999"}, "a step"),
        ({"lesson": ["data", "../../etc/passwd"]}, "a step"),
        ({"lesson": "layers", "attempt": "nan"}, "an experiment"),
        ({"attempt": "\x00\ud800"[:1] + "💥" * 500}, "an experiment"),
        ({"attempt": ["tiny", "javascript:alert(1)"]}, "an experiment"),
        ({"lesson": "LAYERS", "attempt": "Tiny"}, "a step and an experiment"),
        ({"lesson": "nowhere", "attempt": "nothing"}, "a step and an experiment"),
        ({"lesson": "data", "attempt": ""}, "an experiment"),
    ],
)
def test_a_link_to_what_is_not_there_is_told_and_nothing_of_it_is_shown(
    link, lacking, home, tiny_mnist, monkeypatch
):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    page = opened(**link)
    assert page.session_state[key_of(page, "tabs")] == view.LESSON
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
    assert page.number_input(key="train_size-1").value == 100


def test_an_experiment_of_another_step_is_offered_where_the_link_leads(home):
    page = opened(lesson="softmax", attempt="tiny")
    assert STEPS["softmax"].title in words(page)
    assert keys(page, "try-") == ["try-tiny"]
    assert page.number_input(key="hidden_units-dense-1").value == 8


def test_a_chosen_experiment_is_in_the_address_and_gone_with_its_step(home):
    page = opened(lesson="layers")
    page.button(key="try-tiny").click().run()
    address = dict(page.query_params)
    again = opened(lesson=address["lesson"], attempt=address["try"])
    assert again.number_input(key="hidden_units-dense-1").value == 8
    page.button(key="lesson-next").click().run()
    assert "try" not in page.query_params
    assert "softmax" in page.query_params["lesson"]
