"""The images behind a model: of a cell, of a page, as the drawing, and where they are gone."""

import itertools
import re
import threading
import time
from concurrent.futures import Future

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from classifier.serving import store
from classifier.serving.predict import Predictor
from classifier.ui import hearing, view
from classifier.ui.tabs import background
from tests.app import draw, tell, words
from tests.ui.tabs.pages import (
    alive,
    asked,
    charts,
    keys,
    learned,
    look,
    opened,
    show,
    tables,
    until,
)


def choose_cell(page: AppTest, label: int, answer: int) -> None:
    page.selectbox(key="cell-label").set_value(label)
    page.selectbox(key="cell-answer").set_value(answer).run()
    assert not page.exception


def test_models_are_looked_at_one_after_the_other(home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    at_work, most = [], []

    def open_predictor(name: str, threads: int) -> None:
        at_work.append(name)
        time.sleep(0.1)
        most.append(len(at_work))
        at_work.pop()
        raise ValueError

    monkeypatch.setattr(background.shared, "open_predictor", open_predictor)
    payers = itertools.cycle("abc")
    monkeypatch.setattr(background.session, "payer", lambda: next(payers))
    for exam in [background.exam("mine", str(number)) for number in range(5)]:
        assert exam.exception(timeout=20) is not None
    assert most == [1] * 5


def test_who_goes_through_many_models_holds_up_nobody_and_pays(home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    monkeypatch.setattr(hearing, "_COMPUTING", (0.001, 10.0))
    begun, at_work = [], threading.Event()

    def open_predictor(name: str, threads: int) -> None:
        begun.append(name)
        at_work.wait(20)
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        raise ValueError

    monkeypatch.setattr(background.shared, "open_predictor", open_predictor)
    monkeypatch.setattr(background.session, "payer", lambda: "ann")
    threads = threading.active_count()
    hers = [background.exam("mine", f"many {number}") for number in range(50)]
    assert threading.active_count() <= threads + 1
    monkeypatch.setattr(background.session, "payer", lambda: "ben")
    his = background.exam("mine", "his")
    paces = hearing.paces_of("ann", "here")
    before = paces.computing.spend(0)
    at_work.set()
    assert his.exception(timeout=20) is not None
    assert len(begun) <= 5, "one that was worked on, her three newest, and his"
    assert [one.cancelled() for one in hers[-3:]] == [False] * 3
    assert before - paces.computing.spend(0) > 0.2


def test_what_another_no_longer_waits_for_is_asked_for_again(home, mixed_up, monkeypatch):
    learned(home, "mine", mixed_up, monkeypatch)
    dropped = Future()
    dropped.cancel()
    with monkeypatch.context() as patched:
        patched.setattr(background, "_in_turn", lambda make: dropped)
        assert background.exam("mine", store.get("mine").checksum).cancelled()
    until(asked("mine"), "The worst mistakes")


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
    said = Predictor(store.get("shipped-dense").tflite()).probabilities(tiny_arrays["x_test"])
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


def nearest(page: AppTest, which: str) -> list[str]:
    """What those are that the lesson shows as nearest to the drawing, as it shows them."""
    begins = f"nearest-{which}-picture-"
    labels = [one.label for one in page.button if str(one.key).startswith(begins)]
    return [re.search(r"\*\*(\d)\*\*", label)[1] for label in labels]


def test_why_it_failed_on_a_7_and_what_helps(home, real_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_NPZ", str(real_mnist))
    page = opened(lesson="hands")
    until(page, "Draw a digit above, or press one of the samples")
    assert not keys(page, "nearest-")
    page.button(key="strange-seven").click().run()
    until(page, "Nearest of 2,000 training images")
    assert nearest(page, "before").count("2") >= 4
    assert nearest(page, "after") == ["7"] * 6
    page.button(key=keys(page, "nearest-after-picture")[0]).click().run()
    assert re.search(r"Training image 2\d{3} · a 7", words(page)), "one of those that were added"
    assert not page.exception
