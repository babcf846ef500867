"""The page as its visitor meets it: a real browser, a real mouse, real training."""

import contextlib
import itertools
import os
import re
import signal
import time
import zipfile

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect

from classifier.ink import drawings
from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    PROJECT,
    Ear,
    blank_tab,
    clear,
    click,
    draw,
    expect_answer,
    expect_blank,
    keyed,
    open_page,
    placed,
    served,
    settle,
    train_by_time,
    visit,
    wait_for_canvas,
    wait_until,
)
from tests.conftest import REAL_MNIST

REAL_DRAWINGS = os.environ.get("DRAWN_NPZ")
LARGE, MIDDLE, SMALL = (230, (25, 25)), (140, (110, 40)), (64, (190, 200))


def answered(page: Page) -> str:
    """The first digit in the answer's words, or nothing."""
    found = re.search(r"\d", keyed(page, "prediction").inner_text())
    return found.group() if found else ""


def children(pid: int) -> list[psutil.Process]:
    """The server's training processes."""
    found = []
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if "classifier" in child.cmdline():
                found.append(child)
    return found


def test_nothing_drawn_gives_no_digit_and_no_probabilities(board_page):
    expect_blank(board_page)
    assert not re.search(r"\d %", keyed(board_page, "probabilities").inner_text())


def test_a_digit_drawn_with_the_mouse_is_answered_at_any_size_and_place(board_page, subtests):
    if REAL_DRAWINGS:
        drawn = drawings.load(REAL_DRAWINGS)
        firsts = [int(np.argmax(drawn.labels == digit)) for digit in range(10)]
        digits = [next(itertools.islice(drawn, first, None)) for first in firsts]
    else:
        digits = [handwriting.sample_digit(digit) for digit in range(10)]
    for (digit, strokes), (side, at) in itertools.product(
        enumerate(digits), (LARGE, MIDDLE, SMALL)
    ):
        with subtests.test(digit=digit, side=side):
            draw(board_page, placed(strokes, side, at))
            expect_answer(board_page, digit)
        clear(board_page)


def test_a_dot_is_told_in_words(board_page):
    draw(board_page, [np.array([[100, 100], [101, 100]])])
    expect(keyed(board_page, "prediction")).to_contain_text("only a dot", timeout=PATIENCE)


def test_a_number_is_read_digit_by_digit_each_with_its_bars(board_page):
    page = board_page
    for digit, left in ((3, 20), (5, 110), (4, 200)):
        draw(page, placed(handwriting.sample_digit(digit), 60, (left, 80)))
    expect(keyed(page, "prediction")).to_contain_text("It is 354", timeout=PATIENCE)
    settle(page)
    words = keyed(page, "probabilities").locator(".for-screen-readers")
    expect(words).to_contain_text(re.compile(r"From left to right: 3 .*, 5 .*, 4 .*"))
    bars = page.locator(".board-bars").bounding_box()
    labels = keyed(page, "correction").bounding_box()
    assert bars["y"] + bars["height"] <= labels["y"] + 1, "nothing lies over what is below"
    click(page, "undo")
    expect(keyed(page, "prediction")).not_to_contain_text("It is 354", timeout=PATIENCE)


# As they are taught in Europe; points in hundredths of the height, one list for each stroke.
EUROPEAN = {
    "0, slashed": (0, ["50,0 20,12 8,50 20,88 50,100 80,88 92,50 80,12 50,0", "84,8 16,92"]),
    "1, long flag": (1, ["10,45 35,22 58,0 57,50 56,100"]),
    "1, flag and foot": (1, ["22,30 52,0 52,98", "18,99 86,99"]),
    "2, looped": (2, ["12,24 34,2 62,4 68,34 42,76 14,96 6,86 22,74 52,88 94,96"]),
    "3, flat top": (3, ["12,4 74,4 40,40 66,46 78,72 48,100 10,90"]),
    "4, open": (4, ["30,0 10,58 88,56", "66,30 62,100"]),
    "5, hat apart": (5, ["24,4 18,44 50,36 76,56 70,86 42,100 8,92", "24,4 86,2"]),
    "6, curled": (6, ["74,8 50,0 22,30 12,66 26,96 60,98 76,76 56,56 26,64 14,78"]),
    "7, crossed": (7, ["10,6 80,4 62,48 48,100", "26,52 84,48"]),
    "9, hooked": (9, ["74,14 48,0 22,18 28,42 54,46 76,14 76,60 62,94 36,100 12,90"]),
}


def points_of(texts: list[str]) -> list[np.ndarray]:
    """Strokes with a point every few hundredths, as a hand leaves them: corners stay corners."""
    strokes = []
    for text in texts:
        corners = np.array([mark.split(",") for mark in text.split()], float) / 100
        way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
        at = np.union1d(way, np.arange(0, way[-1], 0.06))
        strokes.append(np.stack([np.interp(at, way, axis) for axis in corners.T], axis=1))
    return strokes


def test_european_digits_are_read(board_page, subtests):
    for style, (digit, texts) in EUROPEAN.items():
        with subtests.test(style):
            draw(board_page, placed(points_of(texts), 190, (50, 45)))
            words = keyed(board_page, "prediction")
            expect(words).to_have_text(re.compile(f"^It is an? {digit}"))
        clear(board_page)


OTHERS = {
    "a letter": ["10,100 50,0 90,100", "28,62 72,62"],
    "a shape": ["20,98 50,2 80,98 4,38 96,38 20,98"],
    "a scribble": ["0,40 90,0 10,60 100,20 5,90 95,40 20,100 98,70 50,20 60,95 30,30 85,85"],
}


def test_what_is_no_digit_is_called_what_it_is(board_page, subtests):
    for kind, texts in OTHERS.items():
        with subtests.test(kind):
            draw(board_page, placed(points_of(texts), 190, (45, 45)))
            expect(keyed(board_page, "prediction")).to_contain_text(kind, timeout=PATIENCE)
        clear(board_page)


def test_undo_redo_and_clear_change_drawing_and_answer(board_page):
    page = board_page
    draw(page, placed(handwriting.sample_digit(1), 200, (120, 40)))
    expect_answer(page, 1)
    click(page, "undo")
    expect_blank(page)
    click(page, "redo")
    expect_answer(page, 1)
    click(page, "clear")
    expect_blank(page)
    click(page, "undo")
    expect_answer(page, 1)
    draw(page, placed(handwriting.sample_digit(1), 200, (20, 40)))
    expect(keyed(page, "redo").get_by_role("button")).to_be_disabled()


def test_sample_digits_can_be_tried_with_a_click(board_page):
    for digit in (8, 2, 5):
        click(board_page, f"sample-{digit}")
        expect_answer(board_page, digit)


def test_the_ten_values_are_text_for_screen_readers(board_page):
    page = board_page
    click(page, "sample-6")
    expect_answer(page, 6)
    settle(page)  # the bars come after the words
    values = re.findall(r"(\d): (\d+\.\d)%", keyed(page, "probabilities").text_content())
    assert [digit for digit, _ in values] == [str(digit) for digit in range(10)]
    assert abs(sum(float(value) for _, value in values) - 100) < 1
    picture = keyed(page, "network-input").get_by_role("img")
    assert "28 by 28" in picture.get_attribute("alt")


def test_training_ends_with_a_result_and_the_new_model_answers(page, server):
    click(page, "sample-4")
    expect_answer(page, 4)
    click(page, "train")
    keyed(page, "training-progress").wait_for(timeout=PATIENCE)
    click(page, "sample-7")  # the page stays usable
    expect(keyed(page, "prediction")).to_have_text(re.compile(r"\d"), timeout=PATIENCE)
    result = keyed(page, "training-result")
    expect(result).to_contain_text(re.compile(r"Test accuracy \d+\.\d\d %"), timeout=PATIENCE)
    expect(result).to_contain_text("MNIST")
    expect(page.get_by_role("combobox", name=re.compile("Answering model"))).to_have_value(
        re.compile("dense, MNIST, "), timeout=PATIENCE
    )
    assert answered(page)
    with page.expect_download() as waiting:
        result.get_by_role("button").click()
    with zipfile.ZipFile(waiting.value.path()) as file:
        names = {name.split("/")[1] for name in file.namelist()}
    assert names == {"model.keras", "model.tflite", "meta.json", "read_digit.py"}


def end_workers(server: tuple) -> None:
    workers = children(server[1])
    for worker in workers:
        worker.kill()
    # Wholly: one of which the server has not heard yet that it ended counts as ready.
    assert not psutil.wait_procs(workers, PATIENCE / 1000)[1]


def test_whoever_comes_to_the_form_by_keyboard_finds_a_worker_ready(page, server):
    end_workers(server)
    keyed(page, "train").get_by_role("button").focus()
    wait_until(lambda: children(server[1]))
    end_workers(server)


def test_whoever_comes_to_the_form_finds_a_worker_ready_that_trains(page, server):
    end_workers(server)
    keyed(page, "train").hover()
    wait_until(lambda: children(server[1]))
    (ready,) = children(server[1])
    click(page, "train")
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    # It has trained, and ends; another may be ready by then.
    wait_until(lambda: ready not in children(server[1]))


def test_what_the_browser_sent_before_it_heard_of_a_new_model_does_not_undo_it(browser, server):
    page = blank_tab(browser)
    ear = Ear(page)
    visit(page, server[0])
    train_by_time(page, 120)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    ear.close()
    click(page, "stop")
    wait_until(lambda: page.wait_for_timeout(50) or ear.has_missed("It answers now"))
    keyed(page, "view").get_by_role("button").click()
    page.get_by_text("Values as tables", exact=True).click()
    page.wait_for_timeout(1000)
    ear.open()
    settle(page)
    expect(page.get_by_role("combobox", name="Answering model")).to_have_value(
        re.compile("dense, MNIST, "), timeout=PATIENCE
    )
    expect(keyed(page, "drawing-by-epoch")).to_be_visible(timeout=PATIENCE)
    page.context.close()


def test_a_first_run_that_another_overtakes_leaves_the_form_with_its_network(browser, server):
    page = blank_tab(browser)
    ear = Ear(page)
    ear.close()
    page.goto(server[0])
    wait_until(lambda: page.wait_for_timeout(10) or ear.has_missed("Network"))
    ear.say_again()
    wait_until(lambda: page.wait_for_timeout(10) or ear.has_missed("Network", times=2))
    ear.open()
    wait_for_canvas(page)
    expect(keyed(page, "training-form").get_by_role("radio", name="dense")).to_be_checked()
    page.context.close()


def test_a_refresh_finds_the_run_again_and_stop_keeps_what_was_learned(page):
    train_by_time(page, 120)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    page.reload()
    wait_for_canvas(page)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    click(page, "stop")
    expect(keyed(page, "training-result")).to_contain_text(
        re.compile(r"Stopped early. Test accuracy \d+"), timeout=PATIENCE
    )


def test_a_second_session_waits_its_turn_and_sees_its_place(browser, server, page):
    train_by_time(page, 120)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    other = open_page(browser, server[0])
    click(other, "train")
    expect(keyed(other, "training-progress")).to_contain_text("1 run goes first", timeout=PATIENCE)
    click(page, "stop")
    for one in (page, other):
        expect(keyed(one, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    other.context.close()


def test_a_killed_run_is_told_and_the_page_goes_on(page, server):
    click(page, "sample-3")
    expect_answer(page, 3)
    train_by_time(page, 120)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    for child in children(server[1]):
        os.kill(child.pid, signal.SIGKILL)
    expect(keyed(page, "training-result")).to_contain_text("was killed", timeout=PATIENCE)
    expect_answer(page, 3)
    keyed(page, "train").wait_for(timeout=PATIENCE)


def test_without_mnist_the_same_button_trains_on_generated_digits_and_says_so(browser, tmp_path):
    environment = {
        "DIGIT_CLASSIFIER_HOME": str(tmp_path),
        "KERAS_HOME": str(tmp_path / "keras"),
        "MNIST_NPZ": "",
        "https_proxy": "http://127.0.0.1:9",  # nothing listens there
    }
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, _):
        page = open_page(browser, url)
        keyed(page, "training-form").get_by_text("More settings").click()
        field = page.get_by_role("spinbutton", name="Training images", exact=True)
        field.fill("1000")  # all would take seconds to draw
        field.press("Enter")
        settle(page)
        click(page, "train")
        result = keyed(page, "training-result")
        expect(result).to_contain_text("generated digits", timeout=PATIENCE)
        expect(result).to_contain_text("Test accuracy")
        expect(keyed(page, "answering")).to_contain_text("generated digits")
        page.context.close()


def test_ending_the_server_ends_its_runs_and_keeps_them(browser, tmp_path, quick_mnist):
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "MNIST_NPZ": str(quick_mnist)}
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, pid):
        page = open_page(browser, url)
        train_by_time(page, 120)
        expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
        running = children(pid)
        page.context.close()
    assert running
    _, alive = psutil.wait_procs(running, timeout=30)
    assert not alive
    assert [p.name for p in (tmp_path / "models").iterdir() if not p.name.startswith(".")]


def test_tensorflow_is_never_loaded_into_the_page(server, board_page):
    click(board_page, "sample-2")
    expect_answer(board_page, 2)
    process = psutil.Process(server[1])
    loaded = [m.path for m in process.memory_maps() if "tensorflow/" in m.path]
    assert not loaded
    assert process.memory_info().rss < 300e6


@pytest.mark.skipif(REAL_MNIST is None, reason="MNIST_NPZ names no file")
def test_dense_learns_mnist_while_digits_are_drawn(browser, tmp_path):
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "MNIST_NPZ": str(REAL_MNIST)}
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, _):
        # At a tab that has no test images read, for which training would wait.
        page = open_page(browser, f"{url}/?lesson=softmax")
        click(page, "train")
        result = keyed(page, "training-result")
        deadline = time.monotonic() + PATIENCE / 1000
        drawn = 0
        done = result.filter(has_text="Test accuracy")
        while not done.count() and time.monotonic() < deadline:
            digit = (2, 3, 5)[drawn % 3]
            draw(page, placed(handwriting.sample_digit(digit), 180, (50, 50)))
            expect_answer(page, digit)
            click(page, "clear")
            expect_blank(page)
            drawn += 1
        assert drawn >= 3
        accuracy = re.search(r"Test accuracy (\d+\.\d\d)", result.inner_text()).group(1)
        assert float(accuracy) >= 97.5
        page.context.close()
