"""The page's logic without a browser: what is offered, refused and kept."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from classifier import config
from classifier.config import TrainConfig
from classifier.database.interface import KEY
from classifier.events import Finished, Restarted
from classifier.ink.drawings import fit_canvas
from classifier.jobs.local import JobError
from classifier.jobs.run import Run
from classifier.people import classroom, collection, entering, visitors
from classifier.serving import store
from classifier.synthetic import handwriting
from classifier.ui import session, shared
from tests.app import answering, draw, new_page, press, run, words
from tests.jobs.test_run import Told, lines
from tests.test_events import PROGRESS, STARTED


@pytest.fixture
def page(home):
    shared.jobs.cache_clear()  # of other tests, whose runs may be at work
    return run(new_page())


def button(page: AppTest, label: str):
    return next(b for b in page.button if b.label == label)


def test_the_shipped_conv_model_answers_first_and_its_data_are_named(page):
    assert answering(page).value == "shipped-deep"
    assert "Learned from MNIST" in words(page)
    assert "nothing drawn" in words(page)


def test_a_key_that_is_none_is_told_and_digits_are_read(home):
    (config.home() / KEY).write_bytes(b"k" * 31)
    page = run(new_page())
    assert "visitors.key cannot be used" in "".join(error.value for error in page.error)
    press(page, "sample-3")
    assert "It is a 3" in words(page)


def test_a_sample_digit_is_put_on_the_canvas_and_answered(page):
    press(page, "sample-3")
    assert "It is a 3" in words(page)
    answering(page).set_value("shipped-dense").run()
    assert "It is a 3" in words(page)
    draw(page, [])
    assert "nothing drawn" in words(page)


def test_each_network_brings_its_own_defaults(page):
    assert page.number_input(key="epochs-dense").value == 5
    page.segmented_control(key="network").set_value("conv").run()
    assert page.number_input(key="epochs-conv").value == 3
    assert page.selectbox(key="optimizer-conv").value == "muon"


def test_the_articles_own_settings_are_one_click_away(page):
    assert page.selectbox(key="optimizer-dense").value == "adam"
    next(t for t in page.toggle if t.label == "As in the article").set_value(True).run()
    assert page.selectbox(key="optimizer-article").value == "rmsprop"
    assert page.selectbox(key="schedule-article").value == "constant"
    assert page.text_input(key="learning_rate-article").value == "0.001"
    assert page.number_input(key="batch_size-article-128").value == 128


def test_few_training_images_come_in_smaller_batches(page):
    assert page.number_input(key="batch_size-dense-512").value == 512
    next(n for n in page.number_input if n.label == "Training images").set_value(1000).run()
    assert page.number_input(key="batch_size-dense-32").value == 32


def test_what_the_form_says_is_what_is_trained(page, monkeypatch):
    submitted = []

    def submit(jobs, config, drawn, by, *, host):
        submitted.append(config)
        raise JobError("Not now.")

    monkeypatch.setattr(shared.jobs().__class__, "submit", submit)
    page.segmented_control(key="network").set_value("conv").run()
    page.slider(key="styles-conv").set_value(0.35)
    page.slider(key="dropout-conv").set_value(0.2)
    page.toggle(key="augment-conv").set_value(False)
    page.number_input(key="epochs-conv").set_value(7)
    page.selectbox(key="optimizer-conv").set_value("sgd")
    page.button(key="train").click().run()
    assert submitted == [
        TrainConfig.of("conv", styles=0.35, dropout=0.2, augment=False, epochs=7, optimizer="sgd")
    ]
    assert "Not now." in words(page)


def test_a_run_that_cannot_start_is_told_and_the_drawing_stays(page, home):
    press(page, "sample-5")
    (home / "runs").write_text("in the way of the folder")
    page.button(key="train").click().run()
    assert not page.exception
    assert "cannot be started" in words(page)
    assert "DIGIT_CLASSIFIER_HOME" in words(page)
    assert "It is a 5" in words(page)


def test_a_damaged_model_is_named_and_skipped(home):
    (home / "models" / "broken").mkdir(parents=True)
    (home / "models" / "broken" / "meta.json").write_text("{")
    page = run(new_page())
    assert "broken" in words(page)
    assert not any("broken" in name for name in answering(page).options)
    press(page, "sample-1")
    assert "It is a 1" in words(page)


def test_a_model_whose_file_was_changed_is_not_asked(home, monkeypatch):
    import shutil

    folder = home / "models" / "cut"
    shutil.copytree(store.get("shipped-dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text())
    meta["files"]["model.tflite"] = "0" * 64
    (folder / "meta.json").write_text(json.dumps(meta))
    page = run(new_page())
    answering(page).set_value("cut").run()
    press(page, "sample-2")
    assert not page.exception
    assert "not as it was saved" in words(page)
    answering(page).set_value("shipped-deep").run()
    assert "It is a 2" in words(page)


def test_an_unknown_run_in_the_address_is_forgotten(home):
    page = new_page()
    page.query_params["run"] = "../../etc"
    run(page)
    assert "run" not in page.query_params


def ended(train: float, test: float) -> AppTest:
    """The page of a visitor whose run has ended with these accuracies."""
    page = new_page()
    end = Finished(
        model="conv",
        test_accuracy=test,
        train_accuracy=train,
        gap=train - test,
        seconds=12,
        stages={},
        confusion=[],
        data="MNIST",
        train_images=55_000,
        test_images=10_000,
    )
    ended = Run("00000000000000000000-0000000000000000", Told())
    ended.add(end)
    page.session_state["session"] = session.Session(run=ended)
    return run(page)


def test_a_run_that_began_anew_on_another_machine_says_so(home):
    moved = Run("0" * 20 + "-" + "0" * 16, Told(lines(STARTED, Restarted(attempt=2), PROGRESS)))
    moved.look()
    page = new_page()
    page.session_state["session"] = session.Session(run=moved)
    assert "Started again on another machine" in words(run(page))


def test_a_scheduler_that_is_none_is_told_beside_the_button(home, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_SCHEDULER", "nonsense")
    shared.jobs.cache_clear()
    page = run(new_page())
    press(page, "train")
    assert "DIGIT_CLASSIFIER_SCHEDULER names no scheduler: write it as" in words(page)
    press(page, "sample-7")
    assert "It is a 7" in words(page)
    shared.jobs().close()
    shared.jobs.cache_clear()


def test_the_result_is_one_sentence_about_seen_and_unseen_digits(home):
    page = ended(0.9962, 0.9813)
    sentence = page.success[0].value
    assert "Test accuracy 98.13 %" in sentence
    assert "99.62 % on those it trained on" in sentence
    assert "overfitting" in sentence
    assert "a gap of 1.49 points" in sentence


def test_a_network_that_learned_nothing_is_not_said_to_overfit(home):
    page = ended(0.1002, 0.0978)
    assert not page.success
    sentence = page.warning[0].value
    assert "Test accuracy 9.78 %" in sentence
    assert "learned nothing" in sentence
    assert "overfitting" not in sentence


def test_a_gap_within_noise_is_no_overfitting(home):
    assert "no overfitting to speak of" in ended(0.9835, 0.9813).success[0].value


def test_a_browser_that_keeps_no_cookie_draws_and_is_told_why_it_stores_nothing(page, monkeypatch):
    monkeypatch.setattr(session, "_secret", lambda: "")
    press(page, "sample-7")
    assert "It is a 7" in words(page)
    press(page, "train")
    assert "You may not start a run without this page’s cookie" in words(page)
    press(page, "label-7")
    assert "You may not keep a drawing without this page’s cookie" in words(page)


def test_whoever_comes_back_from_a_class_draws_for_themselves(page):
    here = page.session_state["session"]
    host, me = visitors.visitor_of("host"), visitors.visitor_of(here.secret)
    there = classroom.open_class(host, "shipped-dense")
    here.be_in_class(entering.join(me, there.code, "here"))
    run(page)  # the whole page, as the browser's Back shows it
    draw(page, fit_canvas(handwriting.sample_digit(7))[0])
    press(page, "label-7")
    assert "Kept as a 7" in words(page)
    assert classroom.drawings(host, there.number) == []
    assert [one.label for one in collection.drawings_of(me)] == [7]


def test_a_drawing_that_comes_along_into_a_class_is_sent_there_and_stays_ones_own(page):
    here = page.session_state["session"]
    host, me = visitors.visitor_of("host"), visitors.visitor_of(here.secret)
    draw(page, fit_canvas(handwriting.sample_digit(7))[0])
    press(page, "label-7")
    there = classroom.open_class(host, "shipped-dense")
    page.query_params["class"] = there.code
    run(page)
    assert "Sent as" not in words(page)
    press(page, "label-7")
    assert "Sent as a 7" in words(page)
    assert [one.label for one in classroom.drawings(host, there.number)] == [7]
    assert [one.label for one in collection.drawings_of(me)] == [7]


def test_the_page_of_a_class_is_not_drawn_anew_for_what_another_page_showed(page):
    assert page.session_state["session"].widgets is not None
    there = classroom.open_class(visitors.visitor_of("host"), "shipped-dense")
    page.query_params["class"] = there.code
    run(page)
    assert page.session_state["session"].widgets is None
