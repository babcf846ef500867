"""The picture that was brought, on the page: looked at, corrected, kept, turned and cropped."""

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from classifier.people import collection
from classifier.people.visitors import visitor_of
from classifier.serving import sheets
from classifier.ui.reading import packing
from classifier.ui.reading.viewing import View
from tests.app import answering, draw, new_page, press, run, tell, words
from tests.ui.reading import ask, bring, sheet, told

LINES = ((4, 0, 7), (3, 5))


@pytest.fixture
def page(home) -> AppTest:
    """With two lines of digits brought."""
    page = run(new_page())
    bring(page, sheet(*LINES))
    return page


def kept(page: AppTest) -> list[collection.Kept]:
    return collection.drawings_of(visitor_of(page.session_state["session"].secret))


def test_every_digit_has_a_box_with_its_answer_in_reading_order(page):
    shown = told(page)
    assert [one["digit"] for one in shown["boxes"]] == [4, 0, 7, 3, 5]
    assert [(one["line"], one["place"]) for one in shown["boxes"]] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1),
    ]  # fmt: skip
    for one in shown["boxes"]:
        left, top, right, bottom = one["box"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert one["level"] == 2
        assert one["surely"] == "over 99.9 %" or float(one["surely"].removesuffix(" %")) >= 90
    assert [one.replace(" ", "") for one in shown["text"].split("\n")] == ["407", "35"]
    assert shown["said"] == "2 lines, 5 digits"


def test_how_sure_a_digit_is_is_said_in_the_boards_words(page):
    ask(page, "choose", digit=2)
    assert f"It is a 7 · {told(page)['boxes'][2]['surely']}" in words(page)


def test_a_click_on_a_box_puts_that_digit_on_the_board_with_its_bars(page):
    ask(page, "choose", digit=2)
    assert "It is a 7" in words(page)
    assert "Line 1, digit 3 of paper.png." in words(page)
    here = page.session_state["session"]
    assert here.answer == 7
    ask(page, "choose")
    assert len(here.number) == 5


def test_what_is_typed_over_corrects_the_text_and_is_kept_so(page):
    ask(page, "correct", digit=2, label=1)
    assert [one["digit"] for one in told(page)["boxes"]] == [4, 0, 1, 3, 5]
    assert told(page)["text"].replace(" ", "") == "401\n35"
    assert kept(page) == []
    ask(page, "keep", digit=2, label=1)
    (one,) = kept(page)
    assert (one.label, one.answer, one.source.value) == (1, 7, "picture")
    assert one.snippet.shape == (64, 64)
    assert told(page)["boxes"][2]["kept"] == 1
    assert "Kept as a 1" in words(page)


def test_a_label_of_the_board_keeps_the_digit_that_was_chosen(page):
    ask(page, "choose", digit=4)
    press(page, "label-5")
    assert told(page)["boxes"][4]["kept"] == 5
    press(page, "label-6")  # no, it is a 6
    assert [one.label for one in kept(page)] == [6]
    press(page, "take-back")
    assert kept(page) == []
    assert told(page)["boxes"][4]["kept"] is None


def test_all_are_kept_once_and_taken_back(page):
    ask(page, "keep", digit=0)
    ask(page, "correct", digit=0, label=9)
    ask(page, "keep-all")
    assert sorted(one.label for one in kept(page)) == [0, 3, 5, 7, 9]
    assert len({one.sheet for one in kept(page)}) == 1
    ask(page, "keep-all")
    assert len(kept(page)) == 5
    ask(page, "take-back", digit=1)
    assert sorted(one.label for one in kept(page)) == [3, 5, 7, 9]
    ask(page, "take-all-back")
    assert kept(page) == []


def test_a_single_digit_is_kept_by_the_boards_labels(page):
    bring(page, sheet((7,)))
    assert [one["digit"] for one in told(page)["boxes"]] == [7]
    press(page, "label-7")
    assert [(one.label, one.source.value) for one in kept(page)] == [(7, "picture")]


def test_what_is_drawn_over_a_digit_of_a_picture_is_not_kept(page):
    ask(page, "choose", digit=0)
    tell(page, strokes=[[1, 18, 0, 60.0, 60.0, 140.0, 60.0]])
    press(page, "label-4")
    assert "drawn over a picture is not kept" in words(page)
    assert kept(page) == []


def test_a_picture_is_read_once_for_each_model(page, monkeypatch):
    asked: list[object] = []
    read = sheets.read

    def noting(*given):
        asked.append(given)
        return read(*given)

    monkeypatch.setattr(sheets, "read", noting)
    bring(page, sheet((1, 2)))
    for _ in range(3):
        run(page)
    draw(page, [np.array([[50.0, 50.0], [60.0, 200.0]])])
    ask(page, "choose", digit=0)
    ask(page, "choose")
    assert len(asked) == 1
    answering(page).set_value("shipped-dense")
    run(page)
    run(page)
    assert len(asked) == 2


def test_it_is_turned_and_cropped_by_hand(page):
    bring(page, np.rot90(sheet(*LINES)))  # on its left side
    ask(page, "right")
    assert told(page)["text"].replace(" ", "") == "407\n35"
    ask(page, "crop", box=[0, 0, 1, 0.5])
    assert told(page)["text"].replace(" ", "") == "407"
    assert told(page)["cropped"]
    ask(page, "crop", box=[0.6, 0, 1, 1])  # of what is seen
    assert told(page)["text"] == "7"
    ask(page, "whole")
    assert told(page)["text"].replace(" ", "") == "407\n35"
    for way in ("left", "right", "right", "left"):
        ask(page, way)
    assert told(page)["text"].replace(" ", "") == "407\n35"


def test_a_crop_turns_with_its_picture(page):
    ask(page, "crop", box=[0, 0, 1, 0.5])
    ask(page, "right")
    ask(page, "left")
    assert told(page)["text"].replace(" ", "") == "407"


def test_a_sheet_that_is_upside_down_is_told_and_turned_by_one_button(page):
    clear = ((3, 4, 7, 2), (5, 7, 4, 3))
    bring(page, np.rot90(sheet(*clear), 2))
    said, asks, button = told(page)["held"]
    assert (said, button) == ("It looks upside down.", "Turn it round")
    ask(page, asks)
    assert told(page)["text"].replace(" ", "") == "3472\n5743"
    assert told(page)["held"] is None


@pytest.mark.parametrize(("turns", "side"), [(1, "left"), (3, "right")])
def test_a_sheet_that_lies_on_its_side_is_told_and_turned_by_one_button(page, turns, side):
    bring(page, np.rot90(sheet((3, 4, 7, 2), (5, 7, 4, 3)), turns))
    said, asks, _ = told(page)["held"]
    assert said == f"It looks turned to the {side}."
    ask(page, asks)
    assert told(page)["text"].replace(" ", "") == "3472\n5743"
    assert told(page)["held"] is None


def test_a_sheet_that_is_mirrored_is_told_and_mirrored_by_one_button_and_back(page):
    clear = ((3, 4, 7, 2), (5, 7, 4, 3))
    bring(page, sheet(*clear)[:, ::-1])
    said, asks, button = told(page)["held"]
    assert (said, button) == ("It looks mirrored.", "Mirror it")
    ask(page, asks)
    assert told(page)["text"].replace(" ", "") == "3472\n5743"
    assert (told(page)["held"], told(page)["mirrored"]) == (None, True)
    ask(page, "mirror")
    assert (told(page)["held"][0], told(page)["mirrored"]) == ("It looks mirrored.", False)


def test_a_sheet_that_lies_right_is_not_told_otherwise(page):
    assert told(page)["held"] is None


def test_what_was_photographed_askew_is_tilted_by_degrees(page):
    tilted = View(tilt=-13).of(sheet((1, 2, 3, 4, 5)))
    bring(page, tilted)
    ask(page, "tilt", degrees=13)
    assert told(page)["tilt"] == 13
    assert told(page)["text"].replace(" ", "") == "12345"
    wide = told(page, "reading-picture")["wide"]
    ask(page, "tilt", degrees=0)
    assert told(page, "reading-picture")["wide"] < wide


def test_what_was_left_out_is_struck_with_a_word_for_why(page):
    bring(page, sheet((4, 0), comma=True))
    shown = told(page)
    assert shown["text"].replace(" ", "") == "40"
    assert [one["why"] for one in shown["left"]] == ["a comma or point"]
    assert shown["said"] == "2 digits, 1 mark left out"


def test_a_picture_without_a_digit_says_why(page):
    disc = np.full((500, 500), 230, np.uint8)
    cv2.circle(disc, (250, 250), 215, 30, -1)
    bring(page, disc)
    assert "crop it to the writing" in told(page)["problem"]
    assert told(page)["boxes"] == []


def test_another_picture_takes_its_place_and_it_is_closed(page):
    bring(page, sheet((8,)), "other.png")
    assert told(page)["name"] == "other.png"
    ask(page, "close")
    assert not [e for e in page.get("bidi_component") if e.proto.id.endswith("reading-link")]


@pytest.mark.parametrize(
    "message",
    [
        None, 7, [], {}, {"what": "choose"}, {"what": "choose", "digit": 99},
        {"what": "choose", "digit": -1}, {"what": "choose", "digit": True}, {"what": "explode"},
        {"what": "correct", "digit": 0, "label": 12}, {"what": "correct", "label": 3},
        {"what": "keep"}, {"what": "take-back"}, {"what": ["keep"]}, {"what": {}},
        {"what": "crop"}, {"what": "crop", "box": [0, 0, 1]}, {"what": "crop", "box": [0, 0, 2, 1]},
        {"what": "crop", "box": [0, 0, float("nan"), 1]}, {"what": "crop", "box": [0, 0, 1e-9, 1]},
        {"what": "tilt", "degrees": 16}, {"what": "tilt", "degrees": 1.5},
        {"what": "tilt", "degrees": True}, {"what": "tilt", "degrees": "9"},
        {"what": "crop", "box": ["a", 0, 1, 1]}, {"what": "crop", "box": [1, 1, 0, 0]},
    ],
)  # fmt: skip
def test_what_no_picture_asks_for_changes_nothing(page, message):
    session, before = page.session_state["session"], told(page)
    if isinstance(message, dict) and message.get("what") != "choose":
        message = {"of": session.brought.number, "number": 1} | message
    session.asked_of_picture = message
    run(page)
    assert told(page) | {"done": 0} == before | {"done": 0}
    assert kept(page) == []


def test_a_message_that_comes_twice_is_done_once(page):
    session = page.session_state["session"]
    message = {"of": session.brought.number, "number": 1, "what": "right"}
    for _ in range(2):
        session.asked_of_picture = dict(message)
        run(page)
    assert session.brought.view.turns == 1


def test_what_the_browser_gets_and_the_session_holds_is_bounded(page):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 60, (2500, 2500, 3), np.uint8)
    noise += np.uint8(190)
    large = cv2.resize(sheet(*LINES), (2500, 2500), interpolation=cv2.INTER_AREA)
    noise[large < 128] = 20
    bring(page, noise, "large.png")
    here = page.session_state["session"]
    assert len(told(page, "reading-picture")["picture"]) < 1.4 * packing.MOST_SENT
    assert len(here.brought._packed) <= packing.MOST_HELD
    assert here.brought._fresh is None
    assert here.brought.prepared.ink.nbytes < 1_000_000
    bring(page, sheet(*LINES))
    held = [one.photo for one in here.sketch._images.values() if one.photo is not None]
    assert held == [here.brought]
