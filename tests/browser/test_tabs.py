"""The four tabs as their visitor meets them: with the mouse, by keyboard alone, and by ear."""

import base64
import itertools
import re
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from classifier.ink import drawings
from classifier.ink.labelled import checked_images
from classifier.lesson.steps import EXPERIMENTS, STEPS
from classifier.serving import evaluation, predict, store
from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    PROJECT,
    Ear,
    blank_tab,
    click,
    draw,
    expect_answer,
    fill_in_sweep,
    keyed,
    open_page,
    open_tab,
    placed,
    serious_faults,
    served,
    settle,
    train_by_time,
    visit,
    wait_for_canvas,
    wait_until,
)
from tests.conftest import REAL_MNIST

TABS = ("Training", "Inside the network", "Runs", "Lesson", "Our handwriting")


@pytest.fixture(scope="module")
def best_server(tmp_path_factory, quick_mnist):
    """The page with the real MNIST where there is one: address, MNIST's file."""
    home = tmp_path_factory.mktemp("best")
    mnist = Path(REAL_MNIST) if REAL_MNIST else quick_mnist
    environment = {"DIGIT_CLASSIFIER_HOME": str(home), "MNIST_NPZ": str(mnist)}
    with served(PROJECT / "app.py", environment, home / "log.txt") as (url, _):
        yield url, mnist


def choose_model(page: Page, name: str) -> None:
    """Let this model answer."""
    page.get_by_role("combobox", name=re.compile("Answering model")).click()
    page.get_by_role("option", name=re.compile(rf"^{name} ·")).click()
    settle(page)


def pixels_of(picture: Locator) -> np.ndarray:
    """A network input as the page shows it, (28, 28) uint8."""
    address = picture.get_attribute("src")
    content = base64.b64decode(address.partition(",")[2])
    large = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    step = large.shape[0] // 28
    return large[step // 2 :: step, step // 2 :: step]


def numbers_in(gallery: Locator) -> set[int]:
    """Which test images a gallery shows."""
    words = gallery.get_by_role("img").evaluate_all("all => all.map(one => one.alt)")
    return {int(re.search(r"image (\d+)", text).group(1)) for text in words}


# The lesson


@pytest.fixture
def best_page(tab, best_server):
    """A page of a visitor who was never here, of the server with the best data."""
    return visit(tab, best_server[0])


def test_the_whole_lesson_is_walked_with_the_mouse_and_by_keyboard_alone(best_page):
    page = best_page
    click(page, "sample-7")
    open_tab(page, "Lesson")
    for number, step in enumerate(STEPS.values(), 1):
        words = keyed(page, "lesson-words")
        expect_step(page, number)
        for line in filter(None, step.code.splitlines()):
            expect(words).to_contain_text(line.strip())
        assert not keyed(page, "lesson-objects").inner_text().isspace()
        for key in step.experiments:
            click(page, f"try-{key}")
            box = keyed(page, "experiment")
            expect(box).to_contain_text(EXPERIMENTS[key].expect[:60], timeout=PATIENCE)
            assert {f"lesson={step.key}", f"try={key}"} <= set(re.split("[?&]", page.url))
            comparison = keyed(page, "comparison")
            if not comparison.get_by_text("expected").count():
                click(page, "lesson-train")
            expect_compared(page, key)
        if number < len(STEPS):
            click(page, "lesson-next")
    expect(keyed(page, "lesson-next").get_by_role("button")).to_be_disabled()
    walk_by_keyboard(page)


@pytest.mark.parametrize(
    ("key", "said", "step", "opened"),
    [("n", STEPS["layers"].title, 3, "Lesson"), ("Shift+3", "open-tab-3", 2, "Runs")],
)
def test_what_the_browser_sent_before_it_heard_of_a_step_or_tab_does_not_undo_it(
    browser, server, key, said, step, opened
):
    page = blank_tab(browser)
    ear = Ear(page)
    visit(page, server[0] + "/?lesson=data")
    expect_step(page, 2)
    keyed(page, "view").get_by_role("button").click()
    ear.close()
    page.keyboard.press(key)
    wait_until(lambda: page.wait_for_timeout(50) or ear.has_missed(said))
    page.get_by_text("Values as tables", exact=True).click()
    page.wait_for_timeout(1000)
    ear.open()
    settle(page)
    tab = page.get_by_role("tab", name=opened)
    expect(tab).to_have_attribute("aria-selected", "true")
    assert "⇧" in tab.evaluate("one => getComputedStyle(one, '::after').content")
    open_tab(page, "Lesson")
    expect_step(page, step)
    way = keyed(page, "lesson-way")
    title = list(STEPS.values())[step - 1].title
    expect(way.get_by_role("radio", name=f"{step} · {title}")).to_be_checked()
    page.context.close()


def expect_step(page: Page, number: int) -> None:
    title = list(STEPS.values())[number - 1].title
    heading = keyed(page, "lesson-words").get_by_role("heading")
    expect(heading).to_have_text(f"{number} · {title}", timeout=PATIENCE)


def expect_compared(page: Page, key: str) -> None:
    expected = "As expected" if REAL_MNIST else re.compile("s expected")
    patience = PATIENCE * max(len(EXPERIMENTS[key].seeds), 1)
    expect(keyed(page, "comparison")).to_contain_text(expected, timeout=patience)


def walk_by_keyboard(page: Page) -> None:
    """From the last step, with each experiment trained once; the shortest is trained again."""
    page.keyboard.press("Shift+1")
    expect(keyed(page, "lesson-words")).to_be_hidden(timeout=PATIENCE)
    page.keyboard.press("4")
    expect_answer(page, 4)
    settle(page)
    page.keyboard.press("Shift+4")
    expect(keyed(page, "lesson-words")).to_be_visible(timeout=PATIENCE)
    for number in range(len(STEPS), 0, -1):
        expect_step(page, number)
        if number > 1:
            page.keyboard.press("b")
    for number, step in enumerate(STEPS.values(), 1):
        expect_step(page, number)
        for key in step.experiments:
            press_until(page, "Tab", keyed(page, f"try-{key}").get_by_role("button"))
            page.keyboard.press("Enter")
            expect(keyed(page, "experiment")).to_contain_text(
                EXPERIMENTS[key].expect[:60], timeout=PATIENCE
            )
            expect_compared(page, key)
            press_until(page, "Tab", keyed(page, "lesson-train").get_by_role("button"))
            if key == "one-epoch":
                page.keyboard.press("Space")
                keyed(page, "training-progress").wait_for(timeout=PATIENCE)
                expect_compared(page, key)
        if number < len(STEPS):
            page.keyboard.press("n")


def press_until(page: Page, key: str, wanted: Locator) -> None:
    """Press a key until the focus is on, or inside, what is wanted, which must then be visible."""
    settle(page)
    for _ in range(300):
        page.keyboard.press(key)
        if wanted.evaluate("one => one.contains(document.activeElement)"):
            return
    raise AssertionError(f"{wanted} is not reached by {key}")


_ROWS = """
all => Object.values(Object.groupBy(all, one => one.getBoundingClientRect().top))
  .map(row => row.length)
"""
_BROKEN = """
code => {
  const text = document.createTreeWalker(code, NodeFilter.SHOW_TEXT), broken = [];
  for (let node = text.nextNode(); node; node = text.nextNode())
    for (const { 0: word, index } of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      if (range.getClientRects().length > 1) broken.push(word);
    }
  return broken;
}
"""


def test_the_lesson_leads_to_the_canvas_that_it_asks_to_draw_on(page, server):
    visit(page, f"{server[0]}/?lesson=softmax")
    keyed(page, "lesson-words").get_by_role("link", name="Draw", exact=True).click()
    canvas = page.locator("canvas.upper-canvas")
    wait_until(lambda: 0 <= canvas.bounding_box()["y"] < 200)
    draw(page, placed(handwriting.sample_digit(4), 190, (45, 45)))
    expect_answer(page, 4)
    expect(keyed(page, "lesson-words")).to_contain_text("Draw a 4 that is open")


@pytest.mark.parametrize("width", [390, 1024, 1366, 1920])
def test_in_the_lesson_code_can_be_copied_words_stay_whole_and_rows_of_images_are_full(
    page, server, width
):
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, f"{server[0]}/?lesson=data")
    code = keyed(page, "lesson-words").get_by_test_id("stCode")
    expect(code.get_by_role("button", name="Copy to clipboard")).to_be_visible()
    pictures = keyed(page, "gallery-specimen").get_by_role("button")
    expect(pictures).to_have_count(12, timeout=PATIENCE)
    rows = pictures.evaluate_all(_ROWS)
    assert len(set(rows)) == 1, rows
    titles = keyed(page, "lesson-way").get_by_role("radio")
    for number in (3, 5):
        titles.nth(number - 1).click()
        expect_step(page, number)
        settle(page)
        assert code.locator("code").evaluate(_BROKEN) == []


def test_a_link_to_an_experiment_opens_the_same_step_and_settings_anywhere(tab, server):
    page = visit(tab, f"{server[0]}/?lesson=labels&try=shuffled")
    words = keyed(page, "lesson-words").get_by_role("heading")
    expect(words).to_contain_text(STEPS["labels"].title, timeout=PATIENCE)
    expect(keyed(page, "experiment")).to_contain_text("by heart")
    form = keyed(page, "training-form")
    form.get_by_text("More settings").click()
    for name, value in (("Training images", "1000"), ("Epochs", "100"), ("Seed", "0")):
        field = form.get_by_role("spinbutton", name=name, exact=True)
        expect(field).to_have_value(value, timeout=PATIENCE)
    expect(form.get_by_role("switch", name="Shuffle the labels")).to_be_checked()


STRANGE = (
    "?lesson=<script>document.title='hit'</script>",
    "?try=" + "9" * 3000,
    "?lesson=fit&lesson=test&try=%00",
)


def test_a_strange_link_is_answered_in_words(tab, server, subtests):
    """More of them are followed without a browser."""
    for digit, query in enumerate(STRANGE):
        with subtests.test(query[:60]):
            page = visit(tab, server[0] + "/" + query)
            expect(keyed(page, "lesson-words")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_role("tabpanel")).to_contain_text("that this lesson does not have")
            assert page.title() == "Draw a digit"
            assert "<script>" not in page.get_by_role("tabpanel").inner_text()
            click(page, f"sample-{digit}")
            expect_answer(page, digit)


# Training


def test_a_cell_of_the_matrix_shows_exactly_its_images_and_one_becomes_the_input(
    best_page, best_server
):
    page, (_, mnist) = best_page, best_server
    images, labels = itertools.islice(
        checked_images(*map(drawings.read_arrays(mnist).get, ("x_test", "y_test"))), 2
    )
    said = predict.Predictor(store.get("shipped-dense").tflite()).probabilities(images)
    counts = evaluation.evaluate(said, labels).confusion
    label, answer = 4, 9
    if not counts[label, answer]:  # MNIST has some; a small file may have none
        np.fill_diagonal(counts, 0)
        label, answer = np.unravel_index(counts.argmax(), counts.shape)
    choose_model(page, "shipped-dense")
    open_tab(page, "Training")
    chart = keyed(page, "confusion")
    cell = chart.locator(f'path[aria-label*="answer: {answer}; label: {label};"]').first
    keyed(page, "gallery-worst").wait_for(timeout=PATIENCE)
    assert f"count: {counts[label, answer]};" in cell.get_attribute("aria-label")
    cell.click()
    gallery = keyed(page, "gallery-cell")
    wanted = set(np.flatnonzero((labels == label) & (said.argmax(axis=1) == answer)).tolist())
    wait_until(lambda: numbers_in(gallery) == wanted)
    one = gallery.get_by_role("button").first
    number = numbers_in(gallery) and min(
        int(re.search(r"image (\d+)", text).group(1))
        for text in [one.get_by_role("img").get_attribute("alt")]
    )
    one.click()
    expect_answer(page, answer)
    expect(keyed(page, "network-input")).to_contain_text(f"Test image {number}")
    shown = pixels_of(keyed(page, "network-input").get_by_role("img"))
    np.testing.assert_array_equal(shown, images[number])
    # The keyboard's way to the same, and to a cell that is empty.
    empty = np.argwhere(counts + np.eye(10, dtype=int) == 0)[0]
    for name, digit in zip(("It is a", "It said"), empty, strict=True):
        field = keyed(page, "cell").get_by_role("combobox", name=name)
        field.focus()
        page.keyboard.type(str(digit))
        page.keyboard.press("Enter")
        settle(page)
    expect(keyed(page, "cell")).to_contain_text("Nothing in this cell", timeout=PATIENCE)


def test_the_drawings_bars_change_by_epoch_while_a_run_trains(page):
    click(page, "sample-2")
    expect_answer(page, 2)
    open_tab(page, "Training")
    train_by_time(page, 120)
    bars = keyed(page, "drawing-by-epoch")
    expect(bars).to_contain_text(re.compile(r"epoch \d+: \d"), timeout=PATIENCE)
    before = bars.text_content()
    wait_until(lambda: bars.text_content() != before)
    expect(keyed(page, "training-progress")).to_be_visible()
    # The canvas is not locked, and the bars are those of what is on it now.
    click(page, "clear")
    expect(bars).to_contain_text("Draw a digit", timeout=PATIENCE)
    draw(page, placed(handwriting.sample_digit(1), 200, (120, 40)))
    expect_answer(page, 1)
    expect(bars).to_contain_text(re.compile(r"epoch \d+: 1 "), timeout=PATIENCE)
    expect(keyed(page, "training-progress")).to_be_visible()
    click(page, "stop")
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    expect(bars).to_contain_text(re.compile(r"epoch \d+: 1 "), timeout=PATIENCE)


def test_a_run_whose_files_vanish_while_it_is_shown_is_told_in_words(page, server):
    click(page, "sample-5")
    train_by_time(page, 1)
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    settle(page)
    for folder in (server[2] / "runs").glob("*/epochs"):
        for file in folder.iterdir():
            file.unlink()
    click(page, "sample-6")
    expect(keyed(page, "drawing-by-epoch")).to_contain_text("not kept any more", timeout=PATIENCE)
    expect(keyed(page, "prediction")).to_have_text(re.compile(r"\d"))


# Inside and runs


def test_a_sweep_goes_on_while_one_draws_and_reloads_and_is_stopped(page):
    box = fill_in_sweep(page, "0.004, 0.016")
    expect(box).to_contain_text("6 runs, one after the other", timeout=PATIENCE)
    click(page, "start-sweep")
    expect(box).to_contain_text("of 6 runs are done", timeout=PATIENCE)
    draw(page, placed(handwriting.sample_digit(7), 200, (40, 40)))
    expect_answer(page, 7)
    expect(keyed(page, "sweep-chart").last).to_be_visible(timeout=PATIENCE)
    expect(box).to_contain_text(re.compile("about .+ left"), timeout=PATIENCE)
    assert not serious_faults(page)
    page.reload()
    wait_for_canvas(page)
    open_tab(page, "Runs")
    expect(box).to_contain_text("of 6 runs are done", timeout=PATIENCE)
    click(page, "stop-sweep")
    expect(box).to_contain_text(
        re.compile("The sweep was stopped: [1-5] of 6 runs are done"), timeout=PATIENCE
    )
    expect(keyed(page, "sweep-chart").last).to_be_visible()
    expect(keyed(page, "start-sweep")).to_be_visible()


def test_inside_shows_every_rung_and_the_hidden_units_of_a_dense_network(page):
    choose_model(page, "shipped-dense")
    open_tab(page, "Inside the network")
    expect(page.get_by_role("tabpanel")).to_contain_text("Draw a digit", timeout=PATIENCE)
    draw(page, placed(handwriting.sample_digit(3), 60, (10, 200)))  # small and in a corner
    ladder = keyed(page, "ladder")
    for rung in ("raw", "ink box", "20 × 20", "centre of mass", "pen", "network input"):
        expect(ladder).to_contain_text(rung, timeout=PATIENCE)
    assert len(re.findall(r"→ \d · ", ladder.inner_text())) == 6
    last, whole = ladder.get_by_role("img").last, keyed(page, "network-input").get_by_role("img")
    wait_until(lambda: np.array_equal(pixels_of(last), pixels_of(whole)))
    expect(page.get_by_role("tabpanel")).to_contain_text("407,050 parameters")
    expect(keyed(page, "occlusion")).to_contain_text(re.compile("Hide the|No square"))
    # The first: a field that was set anew stands beside the old one for a moment.
    unit = page.get_by_label(re.compile("^Unit, 0 to 511")).first
    keyed(page, "units").locator('path[aria-label*="unit: 100;"]').first.click()
    expect(unit).to_have_value("100", timeout=PATIENCE)
    unit.fill("7")
    unit.press("Enter")
    expect(page.get_by_role("img", name="The weights of unit 7", exact=True)).to_be_visible(
        timeout=PATIENCE
    )


def test_a_run_can_be_renamed_loaded_into_the_form_and_deleted_by_who_trained_it(page):
    click(page, "sample-8")
    train_by_time(page, 1)
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    open_tab(page, "Runs")
    expect(keyed(page, "judged")).to_contain_text("dense, MNIST", timeout=PATIENCE)
    keyed(page, "rename").get_by_role("button").click()
    field = page.get_by_label("New name")
    field.fill("my-first")
    page.get_by_role("button", name="Rename").last.click()
    answering = page.get_by_role("combobox", name=re.compile("Answering model"))
    expect(answering).to_have_value(re.compile("my-first"), timeout=PATIENCE)
    settle(page)
    click(page, "load-into-form")
    expect(keyed(page, "training-form")).to_contain_text("my-first", timeout=PATIENCE)
    expect(page.get_by_label("Seconds", exact=True)).to_have_value("1")
    with page.expect_download() as waiting:
        click(page, "download-run")
    assert waiting.value.suggested_filename == "my-first.zip"
    keyed(page, "delete").get_by_role("button").click()
    page.get_by_role("button", name="Delete it").click()
    expect(answering).not_to_have_value(re.compile("my-first"), timeout=PATIENCE)


# Hands and eyes


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("model", ["shipped-deep", "shipped-dense"])
def test_no_tab_has_a_serious_fault_for_those_who_see_or_hear_it_otherwise(
    browser, server, scheme, model, subtests
):
    page = open_page(browser, server[0], color_scheme=scheme, reduced_motion="reduce")
    click(page, "sample-4")
    expect_answer(page, 4)
    choose_model(page, model)
    for tab in TABS:
        with subtests.test(tab=tab):
            open_tab(page, tab)
            if tab == "Training":
                keyed(page, "gallery-worst").wait_for(timeout=PATIENCE)
            if tab == "Inside the network":
                keyed(page, "neighbours").wait_for(timeout=PATIENCE)
            settle(page)
            assert not serious_faults(page)
    page.context.close()


# How an element and what is around it look.
_LOOKS = """
window.looks = one => {
  const styles = [];
  for (let e = one, k = 0; e && k < 5; e = e.parentElement, k++) {
    const s = getComputedStyle(e);
    styles.push([s.outline, s.boxShadow, s.borderColor, s.backgroundColor, s.color].join());
  }
  return styles.join();
};
window.before = new Map();
const walk = root => root.querySelectorAll('*').forEach(one => {
  before.set(one, looks(one));
  if (one.shadowRoot) walk(one.shadowRoot);
});
walk(document);
"""
# Whether the focused element looks otherwise than without the focus, unless it is new.
_FOCUS = """
() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  const known = before.has(one);
  return [one === document.body, !known || looks(one) !== before.get(one), known,
          one.outerHTML.slice(0, 160)];
}
"""


def test_the_focus_is_always_seen_and_goes_around_the_whole_page(browser, server):
    page = open_page(browser, server[0], reduced_motion="reduce")
    click(page, "sample-4")
    keyed(page, "gallery-worst").wait_for(timeout=PATIENCE)
    settle(page)
    page.evaluate("document.activeElement.blur()")
    page.evaluate(_LOOKS)
    reached, unseen = set(), set()
    for _ in range(80):
        page.keyboard.press("Tab")
        on_body, marked, known, html = page.evaluate(_FOCUS)
        if known and not on_body:
            reached.add(html)
            if not marked:
                unseen.add(html)
    assert len(reached) > 30
    assert not unseen
    page.context.close()


def test_single_keys_do_what_their_buttons_say_and_can_be_switched_off(page):
    page.keyboard.press("6")
    expect_answer(page, 6)
    page.keyboard.press("x")
    expect(keyed(page, "prediction")).to_contain_text("nothing drawn", timeout=PATIENCE)
    page.keyboard.press("z")
    expect_answer(page, 6)
    page.keyboard.press("Shift+3")
    runs = page.get_by_role("tabpanel").get_by_test_id("stDataFrame").first
    expect(runs).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("t")
    expect(keyed(page, "training-progress")).to_be_visible(timeout=PATIENCE)
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    settle(page)
    keyed(page, "view").get_by_role("button").click()
    page.get_by_text("Keyboard shortcuts").click()
    page.keyboard.press("Escape")
    settle(page)
    before = keyed(page, "prediction").inner_text()
    page.keyboard.press("2")
    page.keyboard.press("x")
    page.wait_for_timeout(500)
    settle(page)
    assert keyed(page, "prediction").inner_text() == before


def test_charts_are_no_stops_for_the_keyboard(page):
    open_tab(page, "Training")
    chart = page.get_by_role("tabpanel").locator('[data-testid="stVegaLiteChart"]').first
    chart.wait_for()
    toolbar = page.get_by_test_id("stElementToolbar").first
    expect(toolbar).to_be_hidden()
    chart.hover()
    expect(toolbar).to_be_visible()


def test_large_type_is_large_and_charts_have_their_values_as_tables(page):
    click(page, "sample-4")
    before = page.locator("h2").first.evaluate("one => getComputedStyle(one).fontSize")
    keyed(page, "view").get_by_role("button").click()
    page.get_by_text("Large type").click()
    page.get_by_text("Values as tables").click()
    page.keyboard.press("Escape")
    settle(page)
    after = page.locator("h2").first.evaluate("one => getComputedStyle(one).fontSize")
    assert float(after[:-2]) > 1.25 * float(before[:-2])
    charts = page.get_by_role("tabpanel").locator('[data-testid="stVegaLiteChart"]')
    tables = page.get_by_role("tabpanel").locator('[data-testid="stDataFrame"]')
    wait_until(lambda: tables.count() == charts.count() >= 2)


def test_the_page_stays_small_with_every_tab_seen(browser, quick_mnist, tmp_path):
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "MNIST_NPZ": str(quick_mnist)}
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, pid):
        page = open_page(browser, url)
        click(page, "sample-4")
        for tab in TABS:
            open_tab(page, tab)
        assert psutil.Process(pid).memory_info().rss < 300e6
        page.context.close()


def test_two_tabs_of_one_browser_share_a_run(page):
    train_by_time(page, 120)
    expect(keyed(page, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    other = page.context.new_page()
    other.goto(page.url)
    wait_for_canvas(other)
    expect(keyed(other, "training-progress")).to_contain_text("images/s", timeout=PATIENCE)
    click(other, "stop")
    for one in (page, other):
        expect(keyed(one, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    open_tab(other, "Runs")
    settle(page)
    settle(other)
    keyed(other, "delete").get_by_role("button").click()
    other.get_by_role("button", name="Delete it").click()
    settle(other)
    click(page, "sample-3")
    expect_answer(page, 3)
