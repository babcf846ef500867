"""The host's members on the page: seats, silence, removal, hiding, the lock, and whoever knocks."""

import pytest
from streamlit.testing.v1 import AppTest

from classifier.people import albums, classroom, entering, members
from classifier.people.visitors import visitor_of
from tests.app import board, draw, press, run, untold, words
from tests.ui.classes import LINE, ONE, class_of, joined, send_one, visitor

TWO = visitor_of("two")


def open_members(page: AppTest) -> None:
    page.session_state["members"] = True
    run(page)


def choose(page: AppTest, key: str, seat: int) -> None:
    page.session_state[key] = seat
    run(page)


def test_who_knocks_is_counted_where_the_host_sees_it(host):
    assert "knock" not in words(host)
    entering.knock(ONE, class_of(host).code, "here")
    run(host)
    assert ":orange-badge[1 knocks]" in words(host)
    entering.knock(TWO, class_of(host).code, "here")
    run(host)
    assert ":orange-badge[2 knock]" in words(host)


def test_a_locked_class_says_so_and_lets_in_whom_the_host_lets_in(host):
    there = class_of(host)
    press(host, "class-lock")
    page = joined(there.code)
    assert "lets nobody new in" in words(page)
    press(page, "knock-here")
    (knock,) = entering.knocks(visitor(host), there.number)
    assert f"You knock as **{knock.name}**" in words(page)
    open_members(host)
    press(host, "knock-in")
    run(page)
    assert f"You are **{knock.name}**" in words(page)
    assert board(page)["row"]["labels"]
    press(host, "class-lock")
    assert "You are **" in words(joined(there.code))


def test_who_is_turned_away_is_told(host):
    there = class_of(host)
    press(host, "class-lock")
    page = joined(there.code)
    press(page, "knock-here")
    open_members(host)
    press(host, "knock-away")
    run(page)
    assert "has not let you in" in words(page)
    assert "knock-here" not in {one.key for one in page.button}


def test_a_seat_is_given_back_with_its_drawings(host):
    there = class_of(host)
    send_one(there)
    seat = classroom.joined(ONE, there.number).seat
    page = joined(there.code)  # of ONE, on another device
    assert f"You are **{seat}**" not in words(page)
    page.session_state["another-seat"] = True  # opened
    run(page)
    press(page, "knock-here")
    open_members(host)
    assert "asks for an earlier seat" in words(host)
    run(host)
    assert untold(host) == []
    press(host, "knock-in")
    run(page)
    assert f"You are **{seat}**" in words(page)
    assert len(classroom.own_drawings(visitor(page), there.number)) == 1
    with pytest.raises(classroom.NoClassError):
        classroom.own_drawings(ONE, there.number)


def test_a_silenced_member_is_told_and_sends_again_when_it_is_lifted(host):
    there = class_of(host)
    page = joined(there.code)
    open_members(host)
    assert "member-silence" not in {one.key for one in host.button}  # nobody is chosen
    choose(host, "member", 0)
    press(host, "member-silence")
    draw(page, LINE)
    press(page, "label-7")
    assert "takes no drawings from you" in words(page)
    assert classroom.drawings(visitor(host), there.number) == []
    run(page)
    assert not board(page)["row"]["labels"]
    press(host, "member-silence")
    run(page)
    press(page, "label-7")
    assert len(classroom.drawings(visitor(host), there.number)) == 1


def test_a_removed_member_is_told_and_may_knock(host):
    there = class_of(host)
    page = joined(there.code)
    draw(page, LINE)
    press(page, "label-7")
    open_members(host)
    choose(host, "member", 0)
    press(host, "member-remove")
    assert classroom.drawings(visitor(host), there.number) == []
    assert "Nobody has joined yet" in words(host)
    run(page)
    assert "The host has removed you" in words(page)
    press(page, "knock-here")
    run(host)
    assert "You have removed" in words(host)


def test_a_drawing_is_hidden_and_shown_again(host):
    there, number = class_of(host), send_one(class_of(host))
    run(host)
    assert f"wall-picture-{number}" in {one.key for one in host.button}
    press(host, f"kept-picture-{number}")
    press(host, "hide-drawing")
    keys = {one.key for one in host.button}
    assert not {key for key in keys if key and key.startswith(("wall-", "kept-"))} - {
        f"kept-picture-{number}"
    }
    assert "**0** drawings" in words(host)
    assert albums.everything(visitor(host), there.number) == []
    press(host, "hide-drawing")
    assert [one.number for one in albums.everything(visitor(host), there.number)] == [number]
    assert "**1** drawing" in words(host)


def test_many_members_and_knocks_are_few_elements(host):
    there = class_of(host)
    open_members(host)
    run(host)
    few = len(host.get("button")) + len(host.get("markdown"))
    for number in range(60):
        entering.join(visitor_of(f"pupil {number}"), there.code, "here")
    for number in range(15):
        entering.knock(visitor_of(f"late {number}"), there.code, "here")
    run(host)
    assert len(host.get("button")) + len(host.get("markdown")) <= few + 4
    assert len(members.members(visitor(host), there.number)) == 60
