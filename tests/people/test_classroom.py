"""Who may do what in a class, how codes behave, and that a class outlives its server."""

import numpy as np
import pytest

from classifier.limits import LimitError
from classifier.people import classroom, collection, entering
from classifier.people.classroom import ClassState, NoClassError, NotOpenError
from classifier.people.collection import Labelled
from classifier.rights import NotAllowedError
from tests.people import HOST, ONE, OTHER_HOST, STRANGER, THREE, TWO, later, send


def test_who_has_the_code_joins_and_what_they_draw_reaches_the_host(opened):
    for who in (ONE, TWO):
        joined = entering.join(who, f" {opened.code.upper()} ", "here")
        assert joined.number == opened.number
        send(who, opened)
    assert classroom.survey(HOST, opened.number, 9).members == 2
    first, second = classroom.drawings(HOST, opened.number)
    assert first.writer != second.writer
    assert classroom.survey(HOST, opened.number, 1).latest[0].number == second.number
    assert collection.drawings_of(ONE) == []  # what is sent to a class is the class's


def test_codes_are_many_and_plain(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASSES", "51")
    codes = {classroom.open_class(HOST, "conv").code for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 6 and not set(code) & set("01ilo") for code in codes)


def test_a_member_sees_their_own_drawings_and_does_nothing_else(opened):
    for who, drawing_id in ((ONE, "one"), (TWO, "two")):
        entering.join(who, opened.code, "here")
        number = send(who, opened, drawing_id)
    assert [one.id for one in classroom.own_drawings(ONE, opened.number)] == ["one"]
    for forbidden in (
        lambda: classroom.drawings(ONE, opened.number),
        lambda: classroom.survey(ONE, opened.number, 9),
        lambda: classroom.discard(ONE, opened.number),
        lambda: classroom.set_model(ONE, opened.number, "dense"),
        lambda: classroom.set_state(ONE, opened.number, ClassState.CLOSED),
    ):
        with pytest.raises(NoClassError, match="Only who opened"):
            forbidden()
    with pytest.raises(NotAllowedError):
        collection.remove(ONE, number)
    assert len(classroom.drawings(HOST, opened.number)) == 2


def test_a_host_has_no_rights_in_the_class_of_another(opened):
    other = classroom.open_class(OTHER_HOST, "conv")
    entering.join(ONE, other.code, "here")
    number = send(ONE, other)
    with pytest.raises(NotAllowedError):
        collection.remove(HOST, number)
    with pytest.raises(NoClassError):
        classroom.drawings(HOST, other.number)
    assert len(classroom.drawings(OTHER_HOST, other.number)) == 1


def test_who_has_not_joined_sends_nothing(opened):
    with pytest.raises(NoClassError, match="not in this class"):
        send(STRANGER, opened)
    with pytest.raises(NoClassError):
        classroom.own_drawings(STRANGER, opened.number)
    with pytest.raises(NoClassError):
        classroom.joined(STRANGER, opened.number)


def test_a_class_pauses_goes_on_and_is_closed_for_good(opened):
    entering.join(ONE, opened.code, "here")
    classroom.set_state(HOST, opened.number, ClassState.PAUSED)
    assert classroom.joined(ONE, opened.number).state is ClassState.PAUSED
    with pytest.raises(NotOpenError, match="pauses"):
        send(ONE, opened)
    entering.join(TWO, opened.code, "here")  # one may come meanwhile
    classroom.set_state(HOST, opened.number, ClassState.OPEN)
    send(ONE, opened)
    classroom.set_state(HOST, opened.number, ClassState.CLOSED)
    with pytest.raises(NotOpenError, match="over"):
        send(ONE, opened, "b")
    with pytest.raises(NoClassError, match="over"):
        entering.join(THREE, opened.code, "here")
    with pytest.raises(NoClassError, match="over"):
        classroom.set_state(HOST, opened.number, ClassState.OPEN)
    assert len(classroom.drawings(HOST, opened.number)) == 1
    assert classroom.hosted(HOST)[0].state is ClassState.CLOSED


def test_a_code_expires(opened, monkeypatch):
    entering.join(ONE, opened.code, "here")
    later(monkeypatch, opened.expires - opened.opened + 1)
    with pytest.raises(NoClassError, match="over"):
        entering.join(TWO, opened.code, "here")
    with pytest.raises(NotOpenError):
        send(ONE, opened)


def test_a_member_who_sends_a_thousand_drawings_is_stopped(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "1000000")
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_DRAWINGS", "30")
    entering.join(ONE, opened.code, "here")
    refused = 0
    for number in range(100):
        try:
            send(ONE, opened, str(number))
        except LimitError:
            refused += 1
    assert refused == 70
    entering.join(TWO, opened.code, "here")
    send(TWO, opened)


def test_a_member_whose_drawings_are_huge_is_stopped_so_that_the_host_can_download_all(opened):
    entering.join(ONE, opened.code, "here")
    line = np.arange(2 * collection.MAX_POINTS, dtype=np.float32).reshape(-1, 2)
    huge = [Labelled(str(n), 7, [line], 18.0, 7, "model") for n in range(7)]
    for drawing in huge[:6]:
        classroom.send(ONE, opened.number, drawing)
    with pytest.raises(LimitError, match="too many points"):
        classroom.send(ONE, opened.number, huge[6])
    assert len(classroom.drawings(HOST, opened.number)) == 6
    entering.join(TWO, opened.code, "here")
    classroom.send(TWO, opened.number, huge[0])


def test_the_number_of_a_class_that_was_deleted_is_never_another_ones(opened):
    classroom.discard(HOST, opened.number)
    assert classroom.open_class(OTHER_HOST, "model").number > opened.number


def test_a_class_has_a_size(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_MEMBERS", "2")
    entering.join(ONE, opened.code, "here")
    entering.join(TWO, opened.code, "here")
    with pytest.raises(LimitError, match="full"):
        entering.join(THREE, opened.code, "here")
    entering.join(ONE, opened.code, "here")  # whoever is in comes back


def test_host_and_member_delete_the_same_drawing_at_once(opened):
    entering.join(ONE, opened.code, "here")
    number = send(ONE, opened)
    assert collection.remove(HOST, number)
    assert not collection.remove(ONE, number)
    assert classroom.drawings(HOST, opened.number) == []
    assert not collection.remove(HOST, number)


def test_what_a_survey_has_read_before_is_read_again_only_if_it_is_other_drawings(opened):
    entering.join(ONE, opened.code, "here")
    first, second = (send(ONE, opened, id_) for id_ in ("1", "2"))
    known = classroom.survey(HOST, opened.number, 2).latest
    again = classroom.survey(HOST, opened.number, 2, known).latest
    assert [one is before for one, before in zip(again, known, strict=True)] == [True, True]
    third = send(ONE, opened, "3")
    assert [one.number for one in classroom.survey(HOST, opened.number, 2, known).latest] == [
        second,
        third,
    ]
    collection.hide(HOST, second, True)
    known = classroom.survey(HOST, opened.number, 2, known).latest
    assert [one.number for one in known] == [first, third]
    collection.hide(HOST, first, True)
    collection.hide(HOST, second, False)
    known = classroom.survey(HOST, opened.number, 2, known).latest
    assert [one.number for one in known] == [second, third]
    assert classroom.survey(HOST, opened.number, 0, known).latest == []


def test_a_survey_counts_what_was_answered_to_what(opened):
    entering.join(ONE, opened.code, "here")
    for number, (label, answer) in enumerate(((7, 1), (7, 7), (7, 1), (3, None))):
        send(ONE, opened, str(number), label, answer)
    found = classroom.survey(HOST, opened.number, 2)
    assert (found.counts[7, 1], found.counts[7, 7], found.counts[3, 10]) == (2, 1, 1)
    assert found.counts.sum() == 4
    assert [one.id for one in found.latest] == ["2", "3"]


def test_a_class_is_deleted_with_all_that_was_drawn_in_it_and_nothing_else(opened):
    other = classroom.open_class(HOST, "conv")
    entering.join(ONE, opened.code, "here")
    entering.join(ONE, other.code, "here")
    send(ONE, opened, "a")
    send(ONE, other, "b")
    classroom.discard(HOST, opened.number)
    assert [one.number for one in classroom.hosted(HOST)] == [other.number]
    with pytest.raises(NoClassError):
        classroom.own_drawings(ONE, opened.number)
    with pytest.raises(NoClassError, match="No class"):
        entering.join(TWO, opened.code, "here")
    assert [one.id for one in classroom.drawings(HOST, other.number)] == ["b"]


def test_a_host_has_few_classes_open_and_the_page_some(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASSES", "3")
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASSES_TOTAL", "5")
    ours = [classroom.open_class(HOST, "conv") for _ in range(3)]
    for _ in range(50):
        with pytest.raises(LimitError, match="You may have 3 open at a time"):
            classroom.open_class(HOST, "conv")
    for _ in range(2):
        classroom.open_class(OTHER_HOST, "conv")
    with pytest.raises(LimitError, match="bears 5 open classes"):
        classroom.open_class(STRANGER, "conv")
    classroom.set_state(HOST, ours[0].number, ClassState.CLOSED)
    classroom.open_class(HOST, "conv")  # one that is over is none


def test_a_class_that_has_expired_is_no_open_one(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASSES", "1")
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_HOURS", "2")
    there = classroom.open_class(HOST, "conv")
    assert there.expires == pytest.approx(there.opened + 2 * 3600)
    later(monkeypatch, there.expires - there.opened + 1)
    classroom.open_class(HOST, "conv")


def test_a_class_counts_only_when_two_others_draw_in_it(opened):
    for who in (HOST, ONE, TWO):
        entering.join(who, opened.code, "here")
    send(HOST, opened)
    for drawing_id in "abc":
        number = send(ONE, opened, drawing_id)
    assert not classroom.has_class(HOST)
    other = classroom.open_class(HOST, "conv")
    entering.join(TWO, other.code, "here")
    send(TWO, other)  # one in each
    assert not classroom.has_class(HOST)
    hidden = send(TWO, opened, "b")
    assert classroom.has_class(HOST)
    assert not classroom.has_class(ONE)
    collection.hide(HOST, hidden, True)
    assert not classroom.has_class(HOST)
    collection.hide(HOST, hidden, False)
    collection.remove(ONE, number)  # they have sent others
    assert classroom.has_class(HOST)


def test_a_class_that_pauses_or_is_over_counts_no_more(opened, monkeypatch):
    for who in (ONE, TWO):
        entering.join(who, opened.code, "here")
        send(who, opened)
    with monkeypatch.context() as patch:
        later(patch, opened.expires - opened.opened + 1)
        assert not classroom.has_class(HOST)
    assert classroom.has_class(HOST)
    classroom.set_state(HOST, opened.number, ClassState.PAUSED)
    assert not classroom.has_class(HOST)
