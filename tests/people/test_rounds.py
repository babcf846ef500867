"""Rounds: what counts for one and what does not, votes that count once, and what is said in the
end."""

import dataclasses
import threading

import numpy as np
import pytest

from classifier.limits import LimitError
from classifier.people import classroom, collection, entering, members, rounds
from classifier.people.classroom import ClassState, NotOpenError
from classifier.people.outcomes import Kind, RoundState
from classifier.people.register import Class, NoClassError
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor
from tests.people import HOST, ONE, OTHER_HOST, STRANGER, THREE, TWO, send


@pytest.fixture
def there(opened) -> Class:
    """The class with ONE, TWO and THREE in it."""
    for who in (ONE, TWO, THREE):
        entering.join(who, opened.code, "here")
    return opened


def begin(there: Class, kind: Kind, digit: int | None = None, drawing: int | None = None):
    """Begin a round as a host who knows of all before it."""
    known = rounds.record(HOST, there.number)
    on = rounds.current(HOST, there.number)
    after = on.number if on else max((one.number for one in known), default=0)
    return rounds.start(HOST, there.number, kind, after, digit=digit, drawing=drawing)


def said(there: Class) -> str:
    """The sentence of the round that ended last."""
    on = rounds.current(HOST, there.number)
    if on:
        rounds.end(HOST, there.number, on.number)
    return rounds.record(HOST, there.number)[-1].said


def test_everyone_draws_a_7_and_only_7s_count(there):
    begin(there, Kind.DIGIT, 7)
    send(ONE, there, "a", 7, 7)
    send(TWO, there, "b", 7, 1)
    send(THREE, there, "c", 3, 3)  # from a page that has not heard of it
    for who in (HOST, ONE):
        on = rounds.current(who, there.number)
        assert (on.kind, on.digit, on.drawn) == (Kind.DIGIT, 7, 2)
    assert said(there) == (
        "Everyone drew a 7: 1 of 2 drawings read rightly; a 7 was taken for a 1 most."
    )
    assert rounds.current(ONE, there.number) is None


def test_what_is_sent_before_and_after_a_round_counts_for_none(there):
    send(ONE, there, "a", 7, 7)
    begin(there, Kind.FREE)
    send(ONE, there, "b", 4, 4)
    assert said(there) == "Everyone drew at will: 1 of 1 drawing read rightly."
    send(ONE, there, "late", 4, 4)
    assert rounds.record(HOST, there.number)[0].drawn == 1


def test_a_round_that_is_started_twice_begins_once(there):
    first = rounds.start(HOST, there.number, Kind.FREE, 0)
    again = rounds.start(HOST, there.number, Kind.DIGIT, 0, digit=3)  # of another window
    assert (again.number, again.kind) == (first.number, Kind.FREE)
    second = rounds.start(HOST, there.number, Kind.DIGIT, first.number, digit=3)
    assert second.number != first.number
    assert [one.number for one in rounds.record(HOST, there.number)] == [first.number]


def test_a_round_that_is_ended_twice_says_what_it_said_first(there):
    on = begin(there, Kind.FREE)
    rounds.end(HOST, there.number, on.number)
    before = said(there)
    send(ONE, there)
    rounds.end(HOST, there.number, on.number)
    assert said(there) == before


def test_only_the_host_steers_rounds_and_only_members_and_host_see_them(there):
    on = begin(there, Kind.FREE)
    other = classroom.open_class(OTHER_HOST, "conv")
    for who in (ONE, STRANGER, OTHER_HOST):
        for forbidden in (
            lambda who=who: rounds.start(who, there.number, Kind.FREE, on.number),
            lambda who=who: rounds.show(who, there.number, on.number),
            lambda who=who: rounds.end(who, there.number, on.number),
            lambda who=who: rounds.record(who, there.number),
            lambda who=who: rounds.fooled(who, there.number),
        ):
            with pytest.raises(NoClassError):
                forbidden()
    for who in (STRANGER, OTHER_HOST):
        for forbidden in (rounds.current, lambda w, n: rounds.guessed(w, n, on)):
            with pytest.raises(NoClassError):
                forbidden(who, there.number)
    rounds.end(OTHER_HOST, other.number, on.number)  # by the number of another's round
    assert rounds.current(HOST, there.number).number == on.number


@pytest.mark.parametrize("state", [ClassState.PAUSED, ClassState.CLOSED])
def test_no_round_begins_while_nobody_can_draw(there, state):
    classroom.set_state(HOST, there.number, state)
    with pytest.raises(NotOpenError):
        rounds.start(HOST, there.number, Kind.FREE, 0)


@pytest.mark.parametrize(
    ("kind", "digit"), [(Kind.DIGIT, None), (Kind.DIGIT, 10), (Kind.DIGIT, -1), (Kind.FREE, 3)]
)
def test_a_round_that_asks_for_no_digit_there_is_is_refused(there, kind, digit):
    with pytest.raises(ValueError, match="digit from 0 to 9"):
        rounds.start(HOST, there.number, kind, 0, digit=digit)


def test_a_class_has_so_many_rounds(there, monkeypatch):
    monkeypatch.setattr(rounds, "MOST", 3)
    for _ in range(3):
        begin(there, Kind.FREE)
    with pytest.raises(LimitError, match="3 rounds"):
        begin(there, Kind.FREE)


# Guess


def test_a_guess_counts_each_once_whoever_changes_their_mind(there):
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    assert on.drawing == drawing
    for who, digit in ((TWO, 1), (TWO, 7), (THREE, 7)):
        rounds.vote(who, there.number, on.number, drawing, digit)
    assert rounds.own_vote(TWO, there.number, on) == 7
    assert rounds.own_vote(ONE, there.number, on) is None
    assert rounds.votes(HOST, there.number, on).tolist() == [0, 0, 0, 0, 0, 0, 0, 2, 0, 0]
    assert rounds.current(HOST, there.number).voters == 2
    rounds.show(HOST, there.number, on.number)
    with pytest.raises(NotOpenError):
        rounds.vote(TWO, there.number, on.number, drawing, 3)
    assert said(there) == "Guess: it is a 7; 2 of 2 said so, and the network said a 1."


def test_nobody_votes_for_their_own_nor_from_outside_nor_for_no_digit_or_drawing(there):
    drawing, other = send(ONE, there, "a", 7, 1), send(ONE, there, "b", 7, 1)
    on = begin(there, Kind.GUESS, drawing=drawing)
    with pytest.raises(NotOpenError, match="You drew this one"):
        rounds.vote(ONE, there.number, on.number, drawing, 7)
    for who in (STRANGER, HOST):
        with pytest.raises(NoClassError):
            rounds.vote(who, there.number, on.number, drawing, 7)
    for digit in (-1, 10):
        with pytest.raises(ValueError, match="names a digit"):
            rounds.vote(TWO, there.number, on.number, drawing, digit)
    for number, asked in ((on.number, other), (on.number, 99), (on.number + 1, drawing)):
        with pytest.raises(NotOpenError):
            rounds.vote(TWO, there.number, number, asked, 7)
    assert rounds.votes(HOST, there.number, on).sum() == 0


def test_the_hardest_that_was_not_guessed_comes_first_and_then_no_more(there):
    easy, hard = send(ONE, there, "a", 7, 7), send(ONE, there, "b", 7, 1)
    assert [begin(there, Kind.GUESS).drawing for _ in range(2)] == [hard, easy]
    with pytest.raises(ValueError, match="no drawing to guess"):
        begin(there, Kind.GUESS)


def test_a_guess_goes_on_when_its_drawing_is_deleted(there):
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    collection.remove(ONE, drawing)
    assert rounds.guessed(TWO, there.number, on) is None
    with pytest.raises(NotOpenError):
        rounds.vote(TWO, there.number, on.number, drawing, 7)
    assert said(there) == "Guess: the drawing was deleted."


def test_thirty_who_vote_at_once_are_counted_once_each(there):
    pupils = [visitor_of(f"pupil {number}") for number in range(30)]
    for who in pupils:
        entering.join(who, there.code, "here")
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    failed: list[Exception] = []

    def cast(number: int, who: Visitor) -> None:
        try:
            rounds.vote(who, there.number, on.number, drawing, number % 10)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=cast, args=one) for one in enumerate(pupils)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert rounds.votes(HOST, there.number, on).tolist() == [3] * 10
    assert rounds.current(HOST, there.number).voters == 30


# Fool the network, and help it


def test_who_fools_the_network_and_nobody_else_has_a_point(there):
    on = begin(there, Kind.FOOL)
    fooling, also = send(ONE, there, "a", 7, 1), send(ONE, there, "b", 4, 9)
    scribble, read = send(TWO, there, "c", 2, 3), send(THREE, there, "d", 5, 5)
    rounds.show(HOST, there.number, on.number)
    asked = []
    for who, wrong in ((TWO, set()), (THREE, {scribble}), (ONE, set())):
        on = rounds.current(who, there.number)
        while one := rounds.to_judge(who, there.number, on):
            asked.append((who, one.number))
            digit = (one.label + 1) % 10 if one.number in wrong else one.label
            rounds.vote(who, there.number, on.number, one.number, digit)
    assert (TWO, scribble) not in asked
    assert (ONE, fooling) not in asked
    assert all(number != read for _, number in asked)
    seat = classroom.joined(ONE, there.number).seat
    assert rounds.points(ONE, there.number, on) == [(seat, 2)]
    assert [one.number for one in rounds.fooled(HOST, there.number)] == [fooling, also]
    assert said(there) == f"Fool the network: 2 of 4 drawings did; {seat} with 2."


def test_one_voice_makes_no_point(there):
    on = begin(there, Kind.FOOL)
    drawing = send(ONE, there, "a", 7, 1)
    rounds.show(HOST, there.number, on.number)
    rounds.vote(TWO, there.number, on.number, drawing, 7)
    assert rounds.points(HOST, there.number, on) == []
    assert "none that all could read" in said(there)


def test_nobody_judges_before_the_host_shows_it(there):
    on = begin(there, Kind.FOOL)
    drawing = send(ONE, there, "a", 7, 1)
    with pytest.raises(NotOpenError):
        rounds.vote(TWO, there.number, on.number, drawing, 7)


def test_help_says_what_it_was_told(there):
    words = "Help the network: it now reads 3 of the 4 that fooled it."
    on = rounds.start(HOST, there.number, Kind.HELP, 0, said=words)
    assert on.said == words
    assert said(there) == words


# What becomes of them


def test_who_is_removed_takes_their_votes_along(there):
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    rounds.vote(TWO, there.number, on.number, drawing, 7)
    seats = {one.name: one.seat for one in members.members(HOST, there.number)}
    members.remove(HOST, there.number, seats[classroom.joined(TWO, there.number).seat])
    assert rounds.votes(HOST, there.number, on).sum() == 0


def test_a_class_that_is_closed_keeps_what_its_last_round_showed(there):
    begin(there, Kind.FREE)
    send(ONE, there, "a", 4, 4)
    rounds.close(HOST, there.number)
    assert classroom.joined(ONE, there.number).state is ClassState.CLOSED
    (kept,) = rounds.record(HOST, there.number)
    assert kept.said == "Everyone drew at will: 1 of 1 drawing read rightly."
    with pytest.raises(NoClassError):
        rounds.close(ONE, there.number)


def test_members_do_not_hear_what_others_guess_before_the_answer_is_shown(there):
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    rounds.vote(TWO, there.number, on.number, drawing, 7)
    with pytest.raises(NoClassError):
        rounds.votes(THREE, there.number, on)
    rounds.show(HOST, there.number, on.number)
    shown = rounds.current(THREE, there.number)
    assert rounds.votes(THREE, there.number, shown).sum() == 1


def test_a_class_that_is_deleted_takes_its_rounds_along(there):
    drawing = send(ONE, there, "a", 7, 1)
    on = begin(there, Kind.GUESS)
    rounds.vote(TWO, there.number, on.number, drawing, 7)
    classroom.discard(HOST, there.number)
    again = classroom.open_class(HOST, "conv")
    assert rounds.record(HOST, again.number) == []
    assert rounds.start(HOST, again.number, Kind.FREE, 0).number != 0


def test_members_hear_of_each_change_of_a_round(there):
    marks = [classroom.marks({there.number})]
    send(ONE, there, "a", 7, 1)
    assert classroom.marks({there.number}) == marks[0]
    on = begin(there, Kind.GUESS)
    marks.append(classroom.marks({there.number}))
    rounds.show(HOST, there.number, on.number)
    marks.append(classroom.marks({there.number}))
    rounds.end(HOST, there.number, on.number)
    marks.append(classroom.marks({there.number}))
    assert len({repr(one) for one in marks}) == 4


def test_a_round_keeps_its_state_for_a_host_who_comes_back(there):
    on = begin(there, Kind.DIGIT, 8)
    again = rounds.current(HOST, there.number)
    assert dataclasses.replace(again, age=0) == dataclasses.replace(on, age=0)
    assert again.state is RoundState.OPEN
    assert np.isfinite(again.age)
