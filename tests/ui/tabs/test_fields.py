"""What a field says is told to the browser in every run: it may drop what it heard of another."""

import pytest
from streamlit.testing.v1 import AppTest

from classifier.lesson.steps import STEPS
from classifier.ui import view
from tests.app import answering, key_of, press, untold
from tests.ui.tabs.pages import learned, look, opened, show


def fields(page: AppTest) -> set[str]:
    kinds = [page.selectbox, page.number_input, page.multiselect, page.segmented_control]
    kinds.append(page.pills)
    return {one.label for kind in kinds for one in kind}


@pytest.mark.parametrize(
    ("tab", "model", "expected"),
    [
        (view.TRAINING, "mine", {"Network", "It is a", "It said"}),
        (view.INSIDE, "mine", {"Unit, 0 to 511"}),
        (view.INSIDE, "shipped-deep", {"Layer"}),
        (view.RUNS, "mine", {"Compare", "With this one"}),
        (view.LESSON, "mine", {"Step"}),
        (view.HANDWRITING, "mine", {"1 drawing"}),
    ],
)
def test_each_run_tells_what_every_field_says(tab, model, expected, home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    page = opened(tab)
    answering(page).set_value(model)
    press(page, "sample-3")
    press(page, "label-3")
    look(page, tab)
    page.run()
    assert expected <= fields(page)
    assert untold(page) == []


def test_each_run_tells_what_was_set(home):
    page = opened(view.LESSON)
    press(page, "lesson-next")
    for _ in range(2):
        assert page.pills(key=key_of(page, "lesson-step")).value == list(STEPS)[1]
        assert untold(page) == []
        page.run()
    show(page, view.RUNS)
    page.selectbox(key="run-chosen").set_value("shipped-deep").run()
    press(page, "load-into-form")
    for _ in range(2):
        assert page.segmented_control(key=key_of(page, "network")).value == "deep"
        assert untold(page) == []
        page.run()
