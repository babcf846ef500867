"""A class's pages without a browser: its way in, its host's rights, and what goes wrong."""

import contextlib
import sqlite3

import cv2
import numpy as np
import pytest
import streamlit as st

from classifier import config
from classifier.people import classroom, collection, entering, guesses
from classifier.people.classroom import ClassState
from classifier.people.collection import Doubt, Labelled, Source
from classifier.ui import view
from classifier.ui.classes import joining
from tests.app import answering, board, draw, new_page, press, run, words
from tests.ui.classes import HOST, HOST_TOKEN, LINE, ONE, class_of, joined, send_one, visitor
from tests.ui.reading import ask, bring, sheet, told

# The way in


def test_a_qr_code_leads_to_the_link():
    link = "http://192.168.1.23:8501/?class=abc234"
    assert cv2.QRCodeDetector().detectAndDecode(joining.qr_code(link))[0] == link


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://localhost:8501/", "http://10.1.2.3:8501/"),
        ("http://127.0.0.1:8501/?run=1", "http://10.1.2.3:8501/"),
        ("http://[::1]:8501/", "http://10.1.2.3:8501/"),
        ("https://digits.example/class/", "https://digits.example/class/"),
        ("http://10.9.9.9:80/", "http://10.9.9.9:80/"),
    ],
)
def test_phones_are_sent_to_an_address_that_they_can_reach(monkeypatch, url, found):
    monkeypatch.setattr(joining, "lan_address", lambda: "10.1.2.3")
    monkeypatch.setattr(type(st.context), "url", url)
    assert joining.page_address() == found


def test_without_a_network_the_page_keeps_its_own_name(monkeypatch):
    def refuse(*_):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(joining.socket.socket, "connect", refuse)
    monkeypatch.setattr(joining.socket, "getaddrinfo", refuse)
    monkeypatch.setattr(type(st.context), "url", "http://localhost:8501")
    assert joining.lan_address() is None
    assert joining.page_address() == "http://localhost:8501"


def test_the_host_may_name_another_address(host):
    host.text_input(key="class-address").set_value("http://teacher.local:8501").run()
    code = class_of(host).code
    assert f"http://teacher.local:8501/?class={code}" in words(host)


# The host


def test_a_class_begins_empty_and_says_so(host):
    assert "Nobody has joined yet" in words(host)
    assert class_of(host).code.upper() in words(host)
    assert class_of(host).state is ClassState.OPEN


def test_what_is_drawn_comes_to_the_hosts_tab_and_is_deleted_there(host):
    there = class_of(host)
    send_one(there)
    run(host)
    assert "**1** joined · **1** drawing · **0%** read rightly" in words(host)
    number = classroom.drawings(visitor(host), there.number)[0].number
    press(host, f"kept-picture-{number}")
    press(host, "delete-drawing")
    assert classroom.drawings(visitor(host), there.number) == []


def test_what_the_host_and_the_member_delete_at_once_is_gone_once(host):
    there = class_of(host)
    send_one(there)
    run(host)
    number = classroom.drawings(visitor(host), there.number)[0].number
    press(host, f"kept-picture-{number}")
    collection.remove(ONE, number)
    press(host, "delete-drawing")  # which is still on the host's page
    assert "**0** drawings" in words(host)


def test_a_class_of_one_drawing_is_no_trouble_and_teaches_nothing(host):
    there = class_of(host)
    entering.join(ONE, there.code, "here")
    classroom.send(ONE, there.number, Labelled("a", 3, LINE, 18, None, ""))
    run(host)
    assert "From 5 drawings on" in words(host)


def test_a_class_of_only_3s_is_told_so(host):
    there = class_of(host)
    entering.join(ONE, there.code, "here")
    for k in range(5):
        strokes = [line + k for line in LINE]
        classroom.send(ONE, there.number, Labelled(str(k), 3, strokes, 18, 3, "conv"))
    run(host)
    assert "Only 3 is among them" in words(host)
    assert not host.button(key="fine-tune").disabled


def test_the_class_is_answered_by_the_model_that_the_host_chooses(host):
    answering(host).set_value("shipped-deep").run()
    assert class_of(host).model == "shipped-dense"
    press(host, "class-model")
    assert class_of(host).model == "shipped-deep"


def test_the_articles_network_which_has_most_to_learn_answers_host_and_class_at_first(host):
    assert class_of(host).model == "shipped-dense"
    assert answering(host).value == "shipped-dense"


def arrive(there, drawing_id, label, answer, doubt=Doubt.NONE):
    """Have ONE send such a drawing; its number."""
    entering.join(ONE, there.code, "here")
    drawing = Labelled(drawing_id, label, LINE, 18, answer, "conv", doubt=doubt)
    return classroom.send(ONE, there.number, drawing)


def keys_of(page, start):
    return [one.key for one in page.button if one.key and one.key.startswith(start)]


def test_the_newest_drawings_come_first_and_wrong_ones_and_doubted_ones_are_marked(host):
    there = class_of(host)
    right, wrong = arrive(there, "a", 3, 3), arrive(there, "b", 3, 7)
    doubted = arrive(there, "c", 3, 3, Doubt.CLOSE)
    run(host)
    numbers = (doubted, wrong, right)
    assert keys_of(host, "wall-picture-") == [f"wall-picture-{number}" for number in numbers]
    labels = [host.button(key=f"wall-picture-{number}").label for number in numbers]
    assert [label.partition("** ")[2] for label in labels] == ["→ 3 ?", "→ 7 ✗", "→ 3"]
    assert ", not surely]" in labels[0]
    assert ", wrongly]" in labels[1]


def test_what_hides_and_deletes_a_drawing_stands_beside_it(host):
    there = class_of(host)
    first, _second = arrive(there, "a", 3, 3), arrive(there, "b", 4, 4)
    run(host)
    press(host, f"wall-picture-{first}")
    keys = [one.key for one in host.button]
    at = keys.index(f"wall-picture-{first}")
    assert keys[at + 1 : at + 3] == ["hide-drawing", "delete-drawing"]
    press(host, "delete-drawing")
    assert len(classroom.drawings(visitor(host), there.number)) == 1


def test_a_host_may_look_first_at_what_may_be_no_digit(host):
    there = class_of(host)
    press(host, "stage-arrival-sure")
    arrive(there, "a", 3, 3)
    scribbles = [arrive(there, f"b{k}", 3, 8, Doubt.NO_DIGIT) for k in range(3)]
    run(host)
    assert "3 to look at" in words(host)
    assert len(keys_of(host, "wall-picture-")) == 1
    press(host, f"waiting-delete-{scribbles[0]}")
    press(host, f"waiting-picture-{scribbles[1]}")
    assert f"wall-picture-{scribbles[1]}" in keys_of(host, "wall-picture-")
    press(host, "waiting-show")
    assert "to look at" not in words(host)
    assert len(classroom.drawings(visitor(host), there.number)) == 3


def test_phones_say_which_class_it_is_and_greet(host):
    there = class_of(host)
    assert f"Welcome to **class {there.code.upper()}**" in words(joined(there.code))
    host.text_input(key="class-name").set_value("Room 12").run()
    assert "Welcome to **Room 12**. You are **" in words(joined(there.code))
    host.text_input(key="class-name").set_value("[a](http://b)").run()
    assert "cannot be called" in words(host)
    assert class_of(host).name == "Room 12"


def test_a_phone_whose_drawing_was_deleted_says_so_and_no_longer_that_it_was_sent(host):
    there = class_of(host)
    page = joined(there.code)
    draw(page, LINE)
    press(page, "label-7")
    assert "Sent as a 7" in words(page)
    (one,) = classroom.drawings(visitor(host), there.number)
    collection.remove(visitor(host), one.number)
    run(page)
    assert "Sent" not in words(page)
    assert "Your host has deleted this 7." in words(page)


def test_a_class_that_is_over_is_kept_until_its_host_deletes_it(host):
    press(host, "class-pause")
    assert class_of(host).state is ClassState.PAUSED
    press(host, "class-pause")
    press(host, "class-close")
    assert class_of(host).state is ClassState.CLOSED
    press(host, "class-delete")
    assert classroom.hosted(visitor(host)) == []
    assert host.button(key="class-open")


def test_a_host_who_comes_back_finds_the_class(host):
    """A closed lid: the browser comes back with its token in a new session."""
    again = new_page()
    again.session_state[view.OPEN_TAB.name] = view.HANDWRITING
    run(again)
    again.session_state["session"].secret = host.session_state["session"].secret
    run(again)
    assert class_of(host).code.upper() in words(again)


def test_nobody_else_sees_the_class(host):
    other = new_page()
    other.session_state[view.OPEN_TAB.name] = view.HANDWRITING
    run(other)
    other.session_state["session"].secret = "o" * 32
    run(other)
    assert class_of(host).code.upper() not in words(other)


# Its members


def test_a_member_draws_sends_and_begins_anew(opened):
    page = joined(opened.code)
    draw(page, LINE)
    press(page, "label-7")
    (one,) = classroom.drawings(HOST, opened.number)
    assert (one.label, one.answer, one.model) == (7, 7, "shipped-deep")
    assert "Sent as a 7" in words(page)
    assert "nothing drawn yet" in words(page)
    press(page, "take-back")
    assert classroom.drawings(HOST, opened.number) == []


def test_a_member_brings_a_digit_on_paper_and_sends_it_as_a_drawing_is_sent(opened):
    page = joined(opened.code)
    bring(page, sheet((7,)))
    press(page, "label-7")
    (one,) = classroom.drawings(HOST, opened.number)
    assert (one.label, one.answer, one.source) == (7, 7, Source.PICTURE)
    assert one.snippet.any()
    assert "Sent as a 7" in words(page)
    assert page.session_state["session"].brought is None, "the next begins anew"
    press(page, "take-back")
    assert classroom.drawings(HOST, opened.number) == []


def test_a_member_brings_lines_of_digits_and_sends_all(opened):
    page = joined(opened.code)
    bring(page, sheet((4, 0), (3,)))
    assert told(page)["keep"] == "Send"
    ask(page, "keep-all")
    sent = classroom.drawings(HOST, opened.number)
    assert sorted(one.label for one in sent) == [0, 3, 4]
    ask(page, "choose", digit=1)
    press(page, "label-6")  # no, it is a 6
    sent = classroom.drawings(HOST, opened.number)
    assert sorted(one.label for one in sent) == [3, 4, 6]
    assert told(page)["boxes"][1]["kept"] == 6


def test_nothing_that_was_drawn_is_sent_without_a_label(opened):
    page = joined(opened.code)
    draw(page, LINE)
    assert "It is a 7" in words(page)
    assert classroom.drawings(HOST, opened.number) == []
    draw(page, [])
    press(page, "label-7")
    assert "nothing drawn yet" in words(page)
    assert classroom.drawings(HOST, opened.number) == []


def test_a_member_has_nothing_of_the_host_on_their_page(opened):
    page = joined(opened.code)
    keys = {button.key for button in page.button}
    assert not {key for key in keys if key and key.startswith(("class-", "wall", "kept"))} - {
        "class-leave"
    }
    assert not page.selectbox
    assert not page.tabs


def test_a_drawing_stays_on_the_canvas_while_the_class_pauses(opened):
    page = joined(opened.code)
    draw(page, LINE)
    classroom.set_state(HOST, opened.number, ClassState.PAUSED)  # and the page does not know yet
    press(page, "label-7")
    assert "pauses" in words(page)
    assert page.session_state["session"].sketch.strokes
    assert classroom.drawings(HOST, opened.number) == []
    run(page)
    assert not board(page)["row"]["labels"]
    classroom.set_state(HOST, opened.number, ClassState.OPEN)
    run(page)
    press(page, "label-7")
    assert len(classroom.drawings(HOST, opened.number)) == 1


@pytest.mark.parametrize("code", ["nocode", "'; DROP TABLE class; --", "é" * 1000, ""])
def test_a_wrong_code_is_told_and_can_be_mended(opened, code):
    page = joined(code)
    assert "No class has this code" in words(page)
    page.text_input[0].set_value(opened.code.upper())
    page.button[0].click()
    run(page)
    assert board(page)["row"]["labels"]


def test_a_code_that_is_guessed_too_often_is_told_to_wait(opened, monkeypatch):
    monkeypatch.setattr(guesses, "OF_VISITOR", 3)
    page = joined("guess")
    for guess in range(3):
        assert "Too many wrong codes" not in words(page)
        page.text_input[0].set_value(f"guess{guess}")
        page.button[0].click()
        run(page)
    assert "Too many wrong codes" in words(page)


def test_a_class_that_is_deleted_is_told_to_its_members(opened):
    page = joined(opened.code)
    classroom.discard(HOST, opened.number)
    run(page)
    assert "No class has this code" in words(page)


def test_a_member_whose_model_was_deleted_still_sends(opened):
    classroom.set_model(HOST, opened.number, "gone")
    page = joined(opened.code)
    assert "is gone" in words(page)
    draw(page, LINE)
    press(page, "label-7")
    (one,) = classroom.drawings(HOST, opened.number)
    assert (one.answer, one.model) == (None, "")


def test_who_leaves_draws_for_themselves_again(opened):
    page = joined(opened.code)
    press(page, "class-leave")
    assert page.button(key="train")
    draw(page, LINE)
    press(page, "label-7")
    assert classroom.drawings(HOST, opened.number) == []
    assert len(collection.drawings_of(visitor(page))) == 1


def test_one_who_sends_a_thousand_drawings_is_stopped_in_words(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "3")
    page = joined(opened.code)
    for _ in range(5):
        draw(page, LINE)
        press(page, "label-7")
    assert "At most 3 drawings a minute" in words(page)
    assert len(classroom.drawings(HOST, opened.number)) == 3


def test_a_huge_drawing_is_not_taken(opened):
    page = joined(opened.code)
    page.session_state["session"].sketch.put_strokes([np.tile(LINE[0], (30_000, 1))])
    run(page)
    press(page, "label-7")
    assert "points at most" in words(page)
    assert classroom.drawings(HOST, opened.number) == []


# The file behind it


def test_a_file_that_is_damaged_is_told_to_host_and_members(opened):
    config.collection_file().write_bytes(b"not a database at all" * 100)
    assert "is damaged" in words(joined(opened.code))
    page = new_page()
    page.session_state[view.OPEN_TAB.name] = view.HANDWRITING
    run(page)
    page.session_state["session"].secret = HOST_TOKEN
    assert "is damaged" in words(run(page))


def stored() -> bytes:
    """All that is stored, as the file has it: what lay beside it is written into it before."""
    with contextlib.closing(sqlite3.connect(config.collection_file(), timeout=30)) as database:
        (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not busy
    return config.collection_file().read_bytes()


def test_a_file_that_is_damaged_under_an_open_page_is_told_and_comes_back(opened):
    page = joined(opened.code)
    draw(page, LINE)
    whole = stored()
    config.collection_file().write_bytes(whole[: len(whole) // 3])
    press(page, "label-7")
    assert "is damaged" in words(page)
    config.collection_file().write_bytes(whole)
    run(page)
    press(page, "label-7")
    assert len(classroom.drawings(HOST, opened.number)) == 1


def test_a_member_draws_on_while_the_store_is_away(opened):
    page = joined(opened.code)
    whole = stored()
    config.collection_file().write_bytes(whole[: len(whole) // 3])
    run(page)  # the whole of it, as after a lost connection
    draw(page, LINE)
    assert board(page)["answer"]["title"]
    press(page, "label-7")
    assert "is damaged" in board(page)["row"]["problem"]
    config.collection_file().write_bytes(whole)
    press(page, "label-7")
    assert len(classroom.drawings(HOST, opened.number)) == 1


def test_who_comes_while_the_store_is_away_is_let_in_once_it_is_back(opened):
    whole = stored()
    config.collection_file().write_bytes(b"not a database at all" * 100)
    page = joined(opened.code)
    assert "is damaged" in words(page)
    run(page)
    assert "class" in page.query_params
    config.collection_file().write_bytes(whole)
    run(page)
    assert page.session_state["session"].class_number == opened.number
