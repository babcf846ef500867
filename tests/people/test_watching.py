"""A network that learns before a class's eyes: who is held out, what is kept, and for whom."""

import dataclasses

import pytest

from classifier.people import classroom, collection, entering, rounds, watching
from classifier.people.classroom import NotOpenError
from classifier.people.outcomes import Kind, RoundState
from classifier.people.register import Class, NoClassError
from classifier.people.visitors import visitor_of
from tests.people import HOST, ONE, OTHER_HOST, STRANGER, THREE, TWO, later, send


@pytest.fixture
def there(opened) -> Class:
    """The class with ONE, TWO and THREE in it, each with ten drawings."""
    for who in (ONE, TWO, THREE):
        entering.join(who, opened.code, "here")
        for digit in range(10):
            send(who, opened, str(digit), digit)
    return opened


def begin(there: Class, held: tuple[int, ...] = ()) -> rounds.Round:
    known = [one.number for one in rounds.record(HOST, there.number)]
    return rounds.start(
        HOST, there.number, Kind.WATCH, max(known, default=0), run="the-run", held=held
    )


def test_the_digits_of_whoever_is_held_out_are_not_among_those_that_are_learned_from(there):
    split = watching.split(HOST, there.number)
    assert len(split.held) == 1
    assert len(split.learned) == 20
    on = begin(there, split.held)
    assert (on.run, on.held) == ("the-run", split.held)
    judged = watching.judges(HOST, there.number, on)
    assert len(judged) == 10
    learned = {one.writer for one in split.learned}
    assert learned.isdisjoint(one.writer for one in judged)
    assert {one.number for one in split.learned}.isdisjoint(one.number for one in judged)


def test_each_time_others_are_held_out_until_all_have_been(there):
    held = []
    for _ in range(3):
        split = watching.split(HOST, there.number)
        held.append(split.held)
        rounds.end(HOST, there.number, begin(there, split.held).number)
    assert sorted(held) == [(0,), (1,), (2,)]


def test_what_learns_from_strangers_is_judged_by_all(there):
    on = begin(there)
    assert len(watching.judges(HOST, there.number, on)) == 30
    assert watching.by_seat(HOST, there.number, on) == {0: 10, 1: 10, 2: 10}


@pytest.mark.parametrize("sent", [{}, {0: 30}, {0: 15, 1: 15}, {0: 9, 1: 9, 2: 9}, {0: 40, 1: 9}])
def test_too_few_people_or_drawings_are_told_and_none_is_lost(opened, sent):
    for seat, count in sent.items():
        who = visitor_of(f"pupil {seat}")
        entering.join(who, opened.code, "here")
        for number in range(count):
            send(who, opened, str(number), number % 10)
    with pytest.raises(ValueError, match="To learn from your digits alone takes 30 drawings") as no:
        watching.split(HOST, opened.number)
    assert f"there are {sum(sent.values())} by {len(sent)}." in str(no.value)


def test_one_who_sent_nearly_all_is_no_class(there):
    for number in range(40):
        send(ONE, there, f"more {number}")
    for who in (TWO, THREE):
        for one in classroom.own_drawings(who, there.number)[2:]:
            collection.remove(who, one.number)
    with pytest.raises(ValueError, match="fairly shared"):
        watching.split(HOST, there.number)


def test_parts_are_about_as_large_and_nobody_is_in_two():
    sent = {seat: 5 + seat % 4 for seat in range(12)}
    parts = watching.parts(sent)
    assert sorted(seat for part in parts for seat in part) == list(range(12))
    sizes = [sum(sent[seat] for seat in part) for part in parts]
    assert max(sizes) - min(sizes) <= max(sent.values())


def test_what_comes_after_the_beginning_is_no_judge_and_counts_for_no_round(there, monkeypatch):
    on = begin(there)
    later(monkeypatch, 5)
    send(ONE, there, "late", 3)
    assert len(watching.judges(HOST, there.number, on)) == 30
    assert rounds.current(ONE, there.number).drawn == 0


def test_hidden_drawings_are_neither_learned_from_nor_judges(there):
    for one in classroom.drawings(HOST, there.number)[:3]:
        collection.hide(HOST, one.number, True)
    assert sum(watching.by_seat(HOST, there.number).values()) == 27
    assert len(watching.judges(HOST, there.number, begin(there))) == 27


def test_of_endless_drawings_so_many_are_read_and_learned_from(there, monkeypatch):
    monkeypatch.setattr(watching, "MOST", 12)
    monkeypatch.setattr(watching, "MOST_LEARNED", 7)
    judged = watching.judges(HOST, there.number, begin(there))
    numbers = [one.number for one in classroom.drawings(HOST, there.number)]
    assert [one.number for one in judged] == numbers[-12:]
    assert len(watching.split(HOST, there.number).learned) == 7


def test_what_it_showed_is_told_once_and_stays(there):
    on = begin(there)
    watching.learned(HOST, there.number, on.number, "3 of 30 before, and 27 after.")
    watching.learned(HOST, there.number, on.number, "something else")
    now = rounds.current(ONE, there.number)
    assert (now.state, now.said) == (RoundState.SHOWN, "3 of 30 before, and 27 after.")
    rounds.end(HOST, there.number, on.number)
    assert rounds.record(HOST, there.number)[0].said == "3 of 30 before, and 27 after."
    watching.learned(HOST, there.number, on.number, "late")
    assert rounds.record(HOST, there.number)[0].said.startswith("3 of 30")


def test_a_round_that_ends_before_its_run_says_so(there):
    rounds.end(HOST, there.number, begin(there).number)
    (one,) = rounds.record(HOST, there.number)
    assert one.said == "The class watched a network learn, but not to the end."


def test_only_the_host_has_it_learn_and_nobody_votes_in_it(there):
    on = begin(there)
    (drawing, *_) = classroom.own_drawings(ONE, there.number)
    for who in (ONE, STRANGER, OTHER_HOST):
        for forbidden in (
            lambda who=who: watching.split(who, there.number),
            lambda who=who: watching.judges(who, there.number, on),
            lambda who=who: watching.by_seat(who, there.number),
            lambda who=who: watching.learned(who, there.number, on.number, "mine"),
        ):
            with pytest.raises(NoClassError):
                forbidden()
    with pytest.raises(NotOpenError):
        rounds.vote(TWO, there.number, on.number, drawing.number, 3)
    other = dataclasses.replace(on, class_number=classroom.open_class(OTHER_HOST, "conv").number)
    assert watching.judges(OTHER_HOST, other.class_number, other) == []
