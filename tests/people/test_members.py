"""Seats and their names, a silenced member, and what hiding a drawing hides it from."""

import pytest

from classifier.people import albums, classroom, collection, entering, members
from classifier.people.animals import ANIMALS, name_of
from classifier.people.classroom import NotOpenError
from classifier.people.visitors import visitor_of
from tests.people import HOST, ONE, TWO, send


def join(who, there):
    return entering.join(who, there.code, "here")


def test_there_are_a_hundred_animals_and_no_two_alike():
    assert len(ANIMALS) >= 100
    pictures, names = zip(*(name.split(" ", 1) for name in ANIMALS), strict=True)
    assert len(set(pictures)) == len(set(names)) == len(ANIMALS)
    assert all(name.isascii() and name.isalpha() for name in names)
    assert not any(picture.isascii() for picture in pictures)
    assert len({name_of(seat) for seat in range(1000)}) == 1000


def test_each_member_of_a_full_class_has_a_name_of_their_own(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_MEMBERS", "120")
    names = [join(visitor_of(str(number)), opened).seat for number in range(120)]
    assert len(set(names)) == 120
    assert [one.name for one in members.members(HOST, opened.number)] == names
    assert join(visitor_of("7"), opened).seat == names[7]  # and keeps it


def test_a_host_sees_how_much_each_has_sent(opened):
    for who in (ONE, TWO):
        join(who, opened)
    for drawing_id in "abc":
        send(TWO, opened, drawing_id)
    assert [one.drawings for one in members.members(HOST, opened.number)] == [0, 3]


def test_a_silenced_member_sends_nothing_until_the_host_lifts_it(opened):
    join(ONE, opened)
    join(TWO, opened)
    send(ONE, opened)
    assert members.silence(HOST, opened.number, 0, True)
    assert classroom.joined(ONE, opened.number).silenced
    assert members.members(HOST, opened.number)[0].silenced
    with pytest.raises(NotOpenError, match="takes no drawings from you"):
        send(ONE, opened, "b")
    send(TWO, opened)
    assert len(classroom.drawings(HOST, opened.number)) == 2  # what came before stays
    assert join(ONE, opened).silenced  # nor does coming back help
    members.silence(HOST, opened.number, 0, False)
    send(ONE, opened, "b")
    assert not members.silence(HOST, opened.number, 99, True)


def test_a_hidden_drawing_is_in_nothing_that_the_class_shows_until_it_is_shown_again(opened):
    join(ONE, opened)
    first, second = send(ONE, opened, "a", 3, 8), send(ONE, opened, "b", 7, None)
    number = opened.number

    def shown():
        survey = classroom.survey(HOST, number, 9)
        wall = [one.number for one in survey.latest]
        lists = (
            classroom.drawings(HOST, number),
            albums.everything(HOST, number),
            [one for label in range(10) for one in albums.page(HOST, number, label, 0, 9)],
        )
        for one in lists:
            assert sorted(kept.number for kept in one) == wall
        contents = albums.contents(HOST, number)
        assert contents.numbers.tolist() == wall
        assert contents.counts.sum() == survey.counts.sum() == len(wall)
        assert (survey.counts[3, 8], survey.counts[7, 10]) == (first in wall, second in wall)
        assert [one.drawings for one in members.members(HOST, number)] == [len(wall)]
        assert contents.hidden == 2 - len(wall)
        return wall

    assert shown() == [first, second]
    assert collection.hide(HOST, first, True)
    assert collection.hide(HOST, first, True)  # twice is once
    assert shown() == [second]
    assert [one.number for one in albums.page(HOST, number, None, 0, 9)] == [first]
    assert [one.hidden for one in albums.some(HOST, number, [first, second])] == [True, False]
    assert len(classroom.own_drawings(ONE, number)) == 2  # who drew it has it still
    collection.hide(HOST, second, True)
    assert shown() == []
    collection.hide(HOST, first, False)
    assert shown() == [first]
    assert collection.remove(HOST, second)
    assert albums.contents(HOST, number).hidden == 0
    assert classroom.survey(HOST, number, 9).counts.sum() == 1
