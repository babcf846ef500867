"""The board in a real browser: every screen, a slow line, a server that goes, two fingers."""

import contextlib
import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from classifier.config import CANVAS
from classifier.people import collection
from classifier.people.collection import Kept
from classifier.people.visitors import visitor_of
from classifier.synthetic import handwriting
from tests.browser import (
    PATIENCE,
    PROJECT,
    clear,
    click,
    delayed,
    draw,
    draw_by_finger,
    expect_answer,
    expect_blank,
    keyed,
    open_page,
    open_tab,
    placed,
    serious_faults,
    served,
    settle,
    visit,
    wait_for_canvas,
    wait_until,
)

SCREENS = [
    (320, 568), (360, 640), (390, 844), (667, 375), (768, 1024), (820, 1180), (844, 390),
    (1024, 768), (1280, 720), (1366, 768), (1600, 900), (1920, 1080), (2560, 1440),
]  # fmt: skip
# What must be seen whole, and beside nothing else: the board's parts, by their selectors.
PARTS = {
    "canvas": "canvas.upper-canvas",
    "tools": ".board-tools",
    "title": ".board-title",
    "bars": ".board-bars",
    "picture": ".board-picture > div",
    "caption": ".board-caption",
    "labels": ".st-key-correction",
    "samples": ".board-samples",
}


def boxes(page: Page) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each part."""
    found = {}
    for name, selector in PARTS.items():
        box = page.locator(selector).bounding_box()
        found[name] = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
    return found


def expect_whole(page: Page) -> dict[str, tuple[float, float, float, float]]:
    """No part is cut by the screen's sides, or lies over another; the canvas is square."""
    found = boxes(page)
    width = page.evaluate("document.documentElement.clientWidth")
    for name, (left, _, right, _) in found.items():
        assert left >= 0, name
        assert right <= width + 0.5, (name, right, width)
    for (one, a), (other, b) in itertools.combinations(found.items(), 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        down = min(a[3], b[3]) - max(a[1], b[1])
        assert min(across, down) < 1, f"{one} lies over {other}"
    left, top, right, bottom = found["canvas"]
    assert abs((right - left) - (bottom - top)) < 1
    # What shows the canvas is as large as the canvas is.
    outer = keyed(page, "canvas").bounding_box()
    assert abs(outer["width"] - (right - left)) < 1
    return found


def side_of(page: Page) -> float:
    return page.locator("canvas.upper-canvas").bounding_box()["width"]


def test_every_screen_has_all_of_it(page):
    click(page, "sample-7")
    expect_answer(page, 7)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for is_open in {width > 768, False}:
            toggle_sidebar(page, is_open)
            found = expect_whole(page)
            side = found["canvas"][2] - found["canvas"][0]
            least = {320: 280, 360: 328, 390: 358}.get(width, 264 if height < 400 else 280)
            assert side >= (480 if width >= 1920 else least), (width, height, is_open, side)
            if (width, height) in ((390, 844), (1366, 768)):
                assert found["bars"][3] <= height, "bars and canvas are seen together"
            if (width, height) == (1366, 768):
                assert page.get_by_role("tab").first.bounding_box()["y"] < height - 40


def toggle_sidebar(page: Page, is_open: bool) -> None:
    """Open or close the sidebar, if it is not so by itself."""
    bar = page.get_by_test_id("stSidebar")
    settle(page)
    if (bar.get_attribute("data-collapsed") != "true") != is_open:
        if is_open:
            page.get_by_test_id("stExpandSidebarButton").click()
        else:
            bar.hover()
            page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        expect(bar).to_have_attribute("data-collapsed", str(not is_open).lower())
        settle(page)


def test_large_type_makes_the_canvas_grow_too(page):
    click(page, "sample-7")
    expect_answer(page, 7)
    before = side_of(page)
    page.get_by_role("button", name="View").click()
    page.get_by_text("Large type", exact=True).click()
    page.keyboard.press("Escape")
    settle(page)
    wait_until(lambda: side_of(page) > 1.15 * before)
    for width, height in ((1366, 768), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        toggle_sidebar(page, False)
        expect_whole(page)


@pytest.mark.parametrize(("zoom", "ratio"), [(0.8, 1), (1.5, 2), (2, 3)])
def test_zoom_and_fine_screens_leave_it_whole_and_drawn_where_the_pen_is(
    browser, server, zoom, ratio
):
    size = {"width": round(1366 / zoom), "height": round(768 / zoom)}
    page = browser.new_context(viewport=size, device_scale_factor=ratio).new_page()
    page.goto(server[0])
    wait_for_canvas(page)
    expect_whole(page)
    draw(page, placed(handwriting.sample_digit(4), 200, (40, 40)))
    expect_answer(page, 4)
    canvas = page.locator("canvas.upper-canvas")
    # As many pixels as the screen has there, and ink in them where it was drawn.
    assert canvas.evaluate("c => c.width") == round(side_of(page) * ratio)
    corner = placed(handwriting.sample_digit(4), 200, (40, 40))[0][0] / CANVAS
    inked = (
        "(c, [x, y]) => c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data[3]"
    )
    assert canvas.evaluate(inked, corner.tolist()) == 255
    page.context.close()


# What the pen does.


def segments(page: Page) -> int:
    """How many strokes the page keeps of what was drawn."""
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    return page.evaluate(
        "JSON.parse(sessionStorage.getItem('digit-classifier-drawing')).strokes.length"
    )


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where canvas pixels lie on the page."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    return box["x"] + x / CANVAS * box["width"], box["y"] + y / CANVAS * box["height"]


def test_a_pen_that_leaves_the_canvas_draws_only_on_it(board_page):
    page = board_page
    page.mouse.move(*place(page, 140, 60))
    page.mouse.down()
    page.mouse.move(*place(page, 140, 200), steps=5)
    page.mouse.move(*place(page, 140, 400), steps=3)  # out below
    page.mouse.move(*place(page, 200, 400), steps=3)
    page.mouse.move(*place(page, 200, 200), steps=5)  # and in again
    page.mouse.move(*place(page, 200, -50), steps=5)
    page.mouse.up()  # outside
    assert segments(page) == 2
    points = page.evaluate(
        "JSON.parse(sessionStorage.getItem('digit-classifier-drawing'))"
        ".strokes.flatMap(one => one.points)"
    )
    assert min(points) >= 0
    assert max(points) <= CANVAS
    page.mouse.move(*place(page, 60, 60))  # the button is up: nothing is drawn
    page.mouse.move(*place(page, 60, 160))
    assert segments(page) == 2


def test_another_button_does_not_draw(board_page):
    page = board_page
    for button in ("right", "middle"):
        page.mouse.move(*place(page, 100, 100))
        page.mouse.down(button=button)
        page.mouse.move(*place(page, 160, 160))
        page.mouse.up(button=button)
    assert segments(page) == 0
    expect_blank(page)


@pytest.fixture(scope="module")
def used_phone(browser, server):
    one = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ).new_page()
    one.set_default_timeout(PATIENCE)
    yield visit(one, server[0])
    one.context.close()


@pytest.fixture
def phone(used_phone):
    """An upright phone with nothing on its canvas."""
    used_phone.set_viewport_size({"width": 390, "height": 844})
    used_phone.evaluate("document.querySelector('[data-testid=stMain]').scrollTop = 0")
    clear(used_phone)
    return used_phone


def test_a_finger_draws_and_scrolls_nothing_and_a_second_one_does_not_draw(phone):
    draw_by_finger(phone, [stroke * 0.6 + 0.2 for stroke in handwriting.sample_digit(3)])
    expect_answer(phone, 3)
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    click(phone, "clear")
    expect_blank(phone)
    session = phone.context.new_cdp_session(phone)
    first, second = place(phone, 140, 60), place(phone, 40, 200)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(at)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", first)
    touch("touchStart", first, second)
    for step in range(1, 6):
        touch("touchMove", place(phone, 140, 60 + 30 * step), place(phone, 40 + 20 * step, 200))
    touch("touchEnd")
    session.detach()
    assert segments(phone) == 1
    expect_answer(phone, 1)


def test_a_phone_that_is_turned_in_mid_drawing_keeps_the_drawing(phone):
    digit = [stroke * 0.6 + 0.2 for stroke in handwriting.sample_digit(4)]
    draw_by_finger(phone, digit[:1])
    phone.set_viewport_size({"width": 844, "height": 390})
    settle(phone)
    draw_by_finger(phone, digit[1:])
    phone.set_viewport_size({"width": 390, "height": 844})
    expect_answer(phone, 4)
    expect_whole(phone)
    # The ink was drawn anew, as large as the canvas is now.
    inked = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
    assert phone.locator("canvas.upper-canvas").evaluate(inked)


def test_a_stroke_begun_at_once_after_the_pointer_came_is_drawn_wherever_it_begins(board_page):
    page = board_page
    starts = list(itertools.product(np.linspace(10, CANVAS - 10, 5), repeat=2))
    for x, y in starts:
        page.mouse.move(*place(page, x, -120 if y < CANVAS / 2 else CANVAS + 120))
        page.mouse.move(*place(page, x, y))
        page.mouse.down()
        page.mouse.move(*place(page, CANVAS / 2 + 3, CANVAS / 2), steps=2)
        page.mouse.up()
        assert segments(page) == 1, (x, y)
        page.keyboard.press("x")


def test_the_components_own_toolbar_is_out_of_the_way_of_keyboard_and_mouse(board_page):
    page = board_page
    names = ("Update the app with this drawing", "Edit", "Reset canvas & history")
    for name in names:
        assert not page.get_by_role("button", name=name).count()
    page.mouse.move(*place(page, 140, 20))
    time.sleep(0.5)
    for name in names:
        assert not page.get_by_role("button", name=name).count()


def test_keys_act_at_once(page):
    draw(page, placed(handwriting.sample_digit(7), 190, (45, 45)))
    expect_answer(page, 7)
    for key, count in (("x", 0), ("z", 1), ("z", 0), ("y", 1), ("x", 0)):
        page.keyboard.press(key)
        assert segments(page) == count
    page.keyboard.press("5")
    expect_answer(page, 5)
    page.get_by_text("keys 0–9 label it").click()
    page.keyboard.press("5")
    expect(keyed(page, "correction")).to_contain_text("Kept as a 5", timeout=PATIENCE)


def test_digit_keys_are_the_boards_without_shift_whatever_they_write(page):
    runs = page.get_by_role("tab", name="Runs")

    def is_open() -> bool:
        # Nobody hears the keys of a button before its code has come to the browser.
        page.keyboard.press("Shift+3")  # "3", as on a French keyboard
        page.wait_for_timeout(1000)
        return runs.get_attribute("aria-selected") == "true"

    wait_until(is_open)
    expect_blank(page)
    french = {"key": "(", "code": "Digit5", "bubbles": True}
    page.evaluate("key => document.body.dispatchEvent(new KeyboardEvent('keydown', key))", french)
    expect_answer(page, 5)


def test_the_pen_takes_the_keyboard_from_fields_and_buttons(page):
    zero = placed(handwriting.sample_digit(0), 190, (45, 45))
    field = page.get_by_label("Epochs", exact=True)
    before = field.input_value()
    field.click()
    draw(page, zero)
    page.keyboard.press("3")
    expect_answer(page, 3)
    expect(field).to_have_value(before)
    open_tab(page, "Our handwriting")
    page.get_by_role("button", name="Write all digits").click()
    expect(page.locator(".board-place")).to_contain_text("1 of 50", timeout=PATIENCE)
    draw(page, zero)
    expect_answer(page, 0)
    page.keyboard.press("Enter")
    expect(page.locator(".board-place")).to_contain_text("2 of 50", timeout=PATIENCE)
    expect_blank(page)


# Answers while one draws.

_WATCH = """() => {
  window.seen = [];
  const look = () => seen.push(document.querySelector('.board-values').textContent);
  new MutationObserver(look).observe(document.querySelector('.st-key-board'),
                                     {subtree: true, childList: true, characterData: true});
  window.shifts = [];
  new PerformanceObserver(list => shifts.push(...list.getEntries().map(one => one.value)))
    .observe({type: 'layout-shift'});
  window.kept = [...document.querySelectorAll('.st-key-board *')];
}"""


def draw_slowly(page: Page, strokes: list[np.ndarray], seconds: float = 1.2) -> None:
    """Draw at a person's pace."""
    count = sum(map(len, strokes))
    for stroke in strokes:
        page.mouse.move(*place(page, *stroke[0]))
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*place(page, *point))
            time.sleep(seconds / count)
        page.mouse.up()


def test_answers_follow_the_pen_and_nothing_shifts_or_is_made_anew(board_page):
    page = board_page
    draw(page, placed(handwriting.sample_digit(8), 190, (45, 45)))  # the first loads the model
    expect_answer(page, 8)
    click(page, "clear")
    expect_blank(page)
    settle(page)
    page.evaluate(_WATCH)
    draw_slowly(page, placed(handwriting.sample_digit(7), 190, (45, 45)))
    while_drawing = page.evaluate("new Set(seen).size")
    expect_answer(page, 7)
    assert while_drawing >= 5
    assert page.evaluate("shifts") == []
    assert page.evaluate("kept.every(one => one.isConnected)")


def test_screen_readers_hear_the_answer_when_the_pen_rests(board_page):
    page = board_page
    spoken = page.locator(".board-spoken")
    stroke = placed(handwriting.sample_digit(7), 190, (45, 45))[0]
    page.mouse.move(*place(page, *stroke[0]))
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*place(page, *point))
    expect_answer(page, 7)
    assert "7" not in spoken.text_content()
    page.mouse.up()
    expect(spoken).to_contain_text("It is a 7", timeout=PATIENCE)


def test_bars_stand_still_at_once_where_no_motion_is_wanted(board_page):
    bar = board_page.locator(".board-bar").first
    duration = "one => getComputedStyle(one).transitionDuration"
    assert bar.evaluate(duration) not in ("0s", "")
    board_page.emulate_media(reduced_motion="reduce")
    assert bar.evaluate(duration) in ("0s", "")
    board_page.emulate_media(reduced_motion="no-preference")


# How many answers came, and how many of them with a run of the page.
_COUNT = """() => {
  window.came = {answers: 0, runs: 0};
  const board = document.querySelector('.st-key-board');
  board.addEventListener('answer', () => came.answers++);
  board.addEventListener('link', () => came.runs++);
}"""


@pytest.mark.parametrize("blocked", [False, True], ids=["by requests", "without requests"])
def test_the_moving_pen_is_answered_and_the_page_drawn_anew_only_where_no_request_is(page, blocked):
    draw(page, placed(handwriting.sample_digit(8), 190, (45, 45)))
    expect_answer(page, 8)
    click(page, "clear")
    expect_blank(page)
    settle(page)
    if blocked:
        page.route("**/answer/*", lambda route: route.fulfill(status=404))
    page.evaluate(_COUNT)
    (stroke,) = placed(handwriting.sample_digit(3), 190, (45, 45))
    page.mouse.move(*place(page, *stroke[0]))
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*place(page, *point))
        time.sleep(1.0 / len(stroke))
    expect_answer(page, 3)  # the pen is down still
    came = page.evaluate("came")
    assert came["answers"] >= 5
    assert came["runs"] > 3 if blocked else came["runs"] == 0
    page.mouse.up()
    wait_until(lambda: page.evaluate("came.runs") > came["runs"])
    expect_answer(page, 3)


def test_a_second_model_answers_in_bars_of_its_own(page):
    page.get_by_role("combobox", name="Beside it").click()
    page.get_by_role("option", name="shipped-dense").click()
    settle(page)
    draw(page, placed(handwriting.sample_digit(3), 190, (45, 45)))
    expect_answer(page, 3)
    legend = page.locator(".board-legend")
    expect(legend).to_contain_text("shipped-deep")
    expect(legend).to_contain_text("shipped-dense")
    share = "one => getComputedStyle(one).getPropertyValue('--share')"
    second = page.locator(".board-bar.is-second").nth(3)
    wait_until(lambda: float(second.evaluate(share)) > 0.5)
    words = keyed(page, "probabilities").locator(".board-values")
    expect(words).to_contain_text("dense: 0:")
    assert not serious_faults(page)


def test_a_network_in_training_moves_the_bars_from_before_its_first_epoch_on(page):
    click(page, "sample-4")
    expect_answer(page, 4)
    page.evaluate(
        "() => { window.names = new Set();"
        " const legend = document.querySelector('.board-legend');"
        " new MutationObserver(() => names.add(legend.children[1].textContent))"
        " .observe(legend, {subtree: true, childList: true, characterData: true}); }"
    )
    field = page.get_by_label("Epochs", exact=True)
    field.fill("60")
    field.press("Enter")
    settle(page)
    click(page, "train")
    wait_until(lambda: any("epoch" in name for name in page.evaluate("[...names]")))
    click(page, "stop")
    expect(keyed(page, "training-result")).to_contain_text("Test accuracy", timeout=PATIENCE)
    expect(page.locator(".board-legend")).to_be_hidden()


# A slow line, and one that breaks.


SLOW = 0.15  # seconds that a slow line takes each way


@pytest.fixture(scope="module", params=[0.0, SLOW], ids=["near", "150 ms"])
def line(request, server):
    """The page's address behind a line that takes so long each way."""
    with (
        delayed(server[0], request.param)
        if request.param
        else contextlib.nullcontext(server[0]) as url
    ):
        yield url


@pytest.fixture
def far_page(tab, line):
    """A page of a visitor who was never here, behind that line."""
    return visit(tab, line)


def test_what_is_drawn_right_after_a_button_is_never_lost(far_page, request, subtests):
    """Begun at once, and on a slow line also when the server's answer is under way."""
    page = far_page
    waits = (0, SLOW) if request.node.callspec.params["line"] else (0,)
    one = placed(handwriting.sample_digit(1), 190, (100, 45))
    seven = placed(handwriting.sample_digit(7), 190, (45, 45))
    for action, wait in itertools.product(("clear", "sample-3", "undo", "label-8"), waits):
        with subtests.test(action=action, wait=wait):
            draw(page, one)
            expect_answer(page, 1)
            click(page, action)
            time.sleep(wait)
            if action in ("sample-3", "label-8"):
                # It stays on top of what the button brought.
                draw(page, [seven[0] + 3])
                wait_until(lambda: segments(page) == 2)
            else:
                draw(page, seven)
                expect_answer(page, 7)
        # What the button brings may come after the stroke; it would come after Clear, too.
        expect(page.locator(".is-pressed")).to_have_count(0, timeout=PATIENCE)
        clear(page)


def test_a_label_in_the_same_moment_has_the_last_stroke_with_it(far_page, server):
    page = far_page
    four = placed(handwriting.sample_digit(4), 190, (45, 45))
    assert len(four) > 1
    button = keyed(page, "label-4").get_by_role("button").bounding_box()
    draw(page, four)
    page.mouse.click(button["x"] + 5, button["y"] + 5)
    expect(keyed(page, "correction")).to_contain_text("Kept as a 4", timeout=PATIENCE)
    kept = kept_of(page, server[2])
    assert [(one.label, len(one.strokes)) for one in kept] == [(4, len(four))]
    assert np.abs(kept[0].strokes[-1][-1] - four[-1][-1]).max() < 2


def kept_of(page: Page, home: Path) -> list[Kept]:
    """What the page's visitor has kept."""
    cookies = page.context.cookies
    wait_until(lambda: any("visitor" in one["name"] for one in cookies()))
    [cookie] = [one for one in cookies() if "visitor" in one["name"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_CLASSIFIER_HOME", str(home))
        return collection.drawings_of(visitor_of(cookie["value"]))


def test_a_label_that_is_pressed_with_the_pen_down_has_the_whole_stroke(page, server):
    page.get_by_text("keys 0–9 label it").click()
    stroke = placed(handwriting.sample_digit(2), 190, (45, 45))[0]
    page.mouse.move(*place(page, *stroke[0]))
    page.mouse.down()
    for number, point in enumerate(stroke[1:]):
        page.mouse.move(*place(page, *point))
        if number == len(stroke) // 2:
            expect_answered(page)
            page.keyboard.press("2")
            time.sleep(0.3)
    assert "Kept" not in keyed(page, "correction").inner_text()
    page.mouse.up()
    expect(keyed(page, "correction")).to_contain_text("Kept as a 2", timeout=PATIENCE)
    [kept] = kept_of(page, server[2])
    assert np.abs(kept.strokes[0][-1] - stroke[-1]).max() < 2


def expect_answered(page: Page) -> None:
    """Until the board says anything of what is on the canvas."""
    expect(keyed(page, "prediction")).not_to_contain_text("Draw", timeout=PATIENCE)


def test_a_label_that_is_pressed_before_its_sample_has_come_is_of_that_sample(far_page, server):
    page = far_page
    click(page, "sample-3")
    click(page, "label-3")
    expect(keyed(page, "correction")).to_contain_text("Kept as a 3", timeout=PATIENCE)
    expect_answer(page, 3)
    assert [one.label for one in kept_of(page, server[2])] == [3]


def test_a_reload_leaves_the_drawing_where_it_is_and_has_it_answered(page):
    draw(page, placed(handwriting.sample_digit(6), 190, (45, 45)))
    expect_answer(page, 6)
    page.reload()
    wait_for_canvas(page)
    expect_answer(page, 6)
    assert segments(page) == len(handwriting.sample_digit(6))


def test_two_tabs_have_two_drawings(page):
    draw(page, placed(handwriting.sample_digit(6), 190, (45, 45)))
    other = page.context.new_page()
    other.goto(page.url)
    wait_for_canvas(other)
    expect_blank(other)
    draw(other, placed(handwriting.sample_digit(2), 190, (45, 45)))
    expect_answer(other, 2)
    expect_answer(page, 6)


def test_a_server_that_is_killed_in_mid_stroke_takes_nothing_with_it(
    browser, tmp_path, quick_mnist
):
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "MNIST_NPZ": str(quick_mnist)}
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, _):
        page = open_page(browser, url)
        digit = placed(handwriting.sample_digit(2), 190, (45, 45))
        half = len(digit[0]) // 2
        page.mouse.move(*place(page, *digit[0][0]))
        page.mouse.down()
        for point in digit[0][1:half]:
            page.mouse.move(*place(page, *point))
    expect(page.locator(".board-word")).to_contain_text("Not connected", timeout=PATIENCE)
    for point in digit[0][half:]:
        page.mouse.move(*place(page, *point))
    page.mouse.up()
    time.sleep(3)  # until Streamlit would tell of it in a dialog that covers the page
    assert not page.get_by_role("dialog").count()
    click(page, "undo")
    click(page, "redo")
    assert segments(page) == 1
    port = int(url.rpartition(":")[2])
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt", port):
        expect_answer(page, 2)
        expect(page.locator(".board-word")).to_be_hidden()
        draw(page, placed(handwriting.sample_digit(2), 60, (200, 200)))
        page.context.close()


def test_an_answer_that_is_shown_late_does_not_hide_that_the_connection_is_gone(board_page):
    state = """state => {
      document.querySelector("[data-testid=stApp]").dataset.testConnectionState = state;
    }"""
    word = board_page.locator(".board-word")
    board_page.evaluate(state, "DISCONNECTED_FOREVER")
    expect(word).to_contain_text("Not connected", timeout=PATIENCE)
    board_page.evaluate("document.querySelector('.st-key-board').dispatchEvent(new Event('link'))")
    settle(board_page)
    expect(word).to_contain_text("Not connected")
    board_page.evaluate(state, "CONNECTED")
    expect(word).to_be_hidden(timeout=PATIENCE)


# When it fails.


def test_an_error_in_the_ear_is_told_and_the_component_sends_by_itself(browser, server):
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script("OffscreenCanvas = undefined")  # an image on the canvas needs it
    page.goto(server[0])
    wait_for_canvas(page)
    draw(page, placed(handwriting.sample_digit(6), 190, (45, 45)))
    expect_answer(page, 6)
    page.evaluate(
        "void (CanvasRenderingContext2D.prototype.moveTo = () => { throw Error('broken') })"
    )
    page.mouse.move(*place(page, 100, 100))
    page.mouse.down()
    page.mouse.up()
    expect(keyed(page, "plain")).to_contain_text("Live answers are off", timeout=PATIENCE)
    expect_answer(page, 6)  # what was drawn before is still there
    page.context.close()


def test_without_the_ear_all_of_it_works_stroke_by_stroke(browser, server):
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script("crypto.getRandomValues = undefined")  # the ear cannot begin
    page.goto(server[0])
    page.locator("canvas.upper-canvas").wait_for()
    settle(page)
    draw(page, placed(handwriting.sample_digit(3), 190, (45, 45)))
    expect(keyed(page, "plain")).to_contain_text("Live answers are off", timeout=PATIENCE)
    time.sleep(1)
    settle(page)
    expect_answer(page, 3)
    inked = (
        "c => c.getContext('2d').getImageData(0, 0, 280, 280).data.some((v, k) => k % 4 < 3 && v)"
    )
    lower = page.locator("canvas.dc-canvas.lower-canvas")
    assert lower.evaluate(inked), "the component still shows what it sent"
    click(page, "clear")
    expect_blank(page)
    settle(page)
    assert not lower.evaluate(inked)
    draw(page, placed(handwriting.sample_digit(7), 190, (45, 45)))
    expect_answer(page, 7)
    click(page, "label-7")
    expect(keyed(page, "plain")).to_contain_text("Kept as a 7", timeout=PATIENCE)
    click(page, "take-back")
    expect(keyed(page, "plain")).not_to_contain_text("Kept", timeout=PATIENCE)
    click(page, "sample-4")
    expect_answer(page, 4)
    assert lower.evaluate(inked)
    page.context.close()
