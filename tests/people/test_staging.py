"""What a host has their class show: who may set it, what waits for a look, what a wall tells."""

import dataclasses

import pytest

from classifier.people import classroom, collection, entering, staging
from classifier.people.classroom import ClassState
from classifier.people.collection import Doubt
from classifier.people.register import Arrival, NoClassError, WayIn
from tests.people import HOST, ONE, OTHER_HOST, STRANGER, labelled


def arrive(there, drawing_id, doubt=Doubt.NONE, label=7, answer=1):
    drawing = dataclasses.replace(labelled(drawing_id, label, answer), doubt=doubt)
    return classroom.send(ONE, there.number, drawing)


@pytest.fixture
def member(opened):
    entering.join(ONE, opened.code, "here")
    return opened


@pytest.mark.parametrize(
    ("arrival", "waits"),
    [(Arrival.ALL, []), (Arrival.SURE, ["scribble"]), (Arrival.LOOKED, ["sure", "scribble"])],
)
def test_what_waits_for_a_look_is_shown_counted_and_learned_from_only_then(member, arrival, waits):
    staging.set_arrival(HOST, member.number, arrival)
    arrive(member, "sure")
    arrive(member, "scribble", Doubt.NO_DIGIT)
    waiting = staging.waiting(HOST, member.number, 9)
    assert [one.id for one in waiting] == waits
    found = classroom.survey(HOST, member.number, 9)
    assert (found.waiting, found.counts.sum()) == (len(waits), 2 - len(waits))
    assert len(classroom.drawings(HOST, member.number)) == 2 - len(waits)
    assert len(classroom.own_drawings(ONE, member.number)) == 2
    staging.show_waiting(HOST, member.number, [one.number for one in waiting])
    assert staging.waiting(HOST, member.number, 9) == []
    assert classroom.survey(HOST, member.number, 9).counts.sum() == 2
    assert [one.doubt for one in classroom.drawings(HOST, member.number)] == [0, 2]


def test_what_the_host_hides_waits_for_nothing(member):
    number = arrive(member, "a")
    collection.hide(HOST, number, True)
    staging.show_waiting(HOST, member.number, [number])
    assert classroom.drawings(HOST, member.number) == []


def test_a_wall_tells_the_newest_drawings_without_their_strokes(member):
    numbers = [arrive(member, f"{k}", Doubt.CLOSE, k, 9 - k) for k in range(4)]
    wall = staging.wall(HOST, member.number, 3)
    assert (wall.members, wall.counts.sum()) == (1, 4)
    assert [(one.number, one.label, one.answer, one.doubt) for one in wall.latest] == [
        (number, k, 9 - k, Doubt.CLOSE) for k, number in enumerate(numbers) if k
    ]


def test_only_the_host_stages_a_class(member):
    for who in (ONE, STRANGER, OTHER_HOST):
        for forbidden in (
            lambda who=who: staging.wall(who, member.number, 9),
            lambda who=who: staging.of_code(who, member.code),
            lambda who=who: staging.waiting(who, member.number, 9),
            lambda who=who: staging.show_waiting(who, member.number, [1]),
            lambda who=who: staging.set_name(who, member.number, "ours"),
            lambda who=who: staging.set_arrival(who, member.number, Arrival.LOOKED),
            lambda who=who: staging.set_way_in(who, member.number, WayIn.LARGE),
            lambda who=who: staging.set_results(who, member.number, True),
            lambda who=who: staging.set_living(who, member.number, True),
        ):
            with pytest.raises(NoClassError, match="Only who opened"):
                forbidden()


@pytest.mark.parametrize("code", ["", "nocode", "abc234", "'; DROP TABLE class; --", "\0" * 6])
def test_a_wall_of_no_class_is_refused_as_that_of_anothers(member, code):
    said = set()
    for who, asked in ((HOST, code), (STRANGER, member.code)):
        with pytest.raises(NoClassError) as refusal:
            staging.of_code(who, asked)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert staging.of_code(HOST, f" {member.code.upper()} ").number == member.number


def test_a_wall_is_as_its_host_last_wanted_it(member):
    assert (member.way_in, member.results, member.name) == (WayIn.AUTO, False, "")
    staging.set_way_in(HOST, member.number, WayIn.SMALL)
    staging.set_results(HOST, member.number, True)
    staging.set_name(HOST, member.number, " Room 12 ")
    now = classroom.joined(ONE, member.number)
    assert (now.way_in, now.results, now.name) == (WayIn.SMALL, True, "Room 12")


@pytest.mark.parametrize("name", ["x" * 41, "[a](http://b)", "two\nlines", "*", "a\0b", "# x"])
def test_a_name_that_is_none_is_refused_by_name(member, name):
    with pytest.raises(ValueError, match="cannot be called"):
        staging.set_name(HOST, member.number, name)


@pytest.mark.parametrize("address", ["", "10.0.0.5:8501", "https://x.org/a/", "http://[::1]:80/"])
def test_a_class_is_found_where_its_host_says(member, address):
    staging.set_address(HOST, member.number, address)
    assert classroom.joined(ONE, member.number).address == address


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)//", "http://a b", "x" * 101, "a\0b", "](x"]
)
def test_an_address_that_is_none_is_refused(member, address):
    with pytest.raises(ValueError, match="no address"):
        staging.set_address(HOST, member.number, address)


def test_a_class_has_another_mark_as_soon_as_its_members_have_to_see_it(member):
    number = member.number
    seen = [classroom.marks({number})[number]]
    classroom.set_state(HOST, number, ClassState.PAUSED)
    seen.append(classroom.marks({number})[number])
    classroom.set_model(HOST, number, "another")
    seen.append(classroom.marks({number})[number])
    staging.set_name(HOST, number, "ours")
    seen.append(classroom.marks({number})[number])
    assert len(set(seen)) == 4
    arrive_paused = classroom.marks({number, 1})
    assert list(arrive_paused) == [number]
