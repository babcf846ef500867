"""Who may do what in a class, how codes behave, and that a class outlives its server."""

import numpy as np
import pytest

from classifier.people import classroom, collection
from classifier.people.classroom import ClassState, NoClassError, NotOpenError
from classifier.people.collection import Labelled, LimitError

LINE = [np.array([[10.0, 20.0], [30.5, 200.0]])]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "home"))


@pytest.fixture
def opened() -> classroom.Class:
    return classroom.open_class("host", "conv")


def send(token, opened, drawing_id="a", label=7):
    classroom.send(token, opened.number, Labelled(drawing_id, label, LINE, 18, 1, "conv"))


def test_who_has_the_code_joins_and_what_they_draw_reaches_the_host(opened):
    for token in ("one", "two"):
        joined = classroom.join(token, f" {opened.code.upper()} ", "here")
        assert joined.number == opened.number
        send(token, opened)
    assert classroom.survey("host", opened.number, 9).members == 2
    first, second = classroom.drawings("host", opened.number)
    assert first.writer != second.writer
    assert classroom.survey("host", opened.number, 1).latest[0].number == second.number
    assert collection.drawings_of("one") == []  # what is sent to a class is the class's


def test_codes_are_many_and_plain(opened):
    codes = {classroom.open_class("host", "conv").code for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 6 and not set(code) & set("01ilo") for code in codes)


def test_a_member_sees_their_own_drawings_and_does_nothing_else(opened):
    for token in ("one", "two"):
        classroom.join(token, opened.code, "here")
        send(token, opened, drawing_id=token)
    assert [one.id for one in classroom.own_drawings("one", opened.number)] == ["one"]
    for forbidden in (
        lambda: classroom.drawings("one", opened.number),
        lambda: classroom.survey("one", opened.number, 9),
        lambda: classroom.discard("one", opened.number),
        lambda: classroom.set_model("one", opened.number, "dense"),
        lambda: classroom.set_state("one", opened.number, ClassState.CLOSED),
        lambda: classroom.remove("one", opened.number, "two"),
    ):
        with pytest.raises(NoClassError, match="Only who opened"):
            forbidden()
    assert not collection.remove("one", "two")
    assert len(classroom.drawings("host", opened.number)) == 2


def test_a_host_has_no_rights_in_the_class_of_another(opened):
    other = classroom.open_class("other host", "conv")
    classroom.join("one", other.code, "here")
    send("one", other)
    with pytest.raises(NoClassError):
        classroom.remove("host", other.number, "a")
    with pytest.raises(NoClassError):
        classroom.drawings("host", other.number)
    assert not classroom.remove("host", opened.number, "a")
    assert len(classroom.drawings("other host", other.number)) == 1


def test_who_has_not_joined_sends_nothing(opened):
    with pytest.raises(NoClassError, match="not in this class"):
        send("stranger", opened)
    with pytest.raises(NoClassError):
        classroom.own_drawings("stranger", opened.number)
    with pytest.raises(NoClassError):
        classroom.joined("stranger", opened.number)


def test_a_class_pauses_goes_on_and_is_closed_for_good(opened):
    classroom.join("one", opened.code, "here")
    classroom.set_state("host", opened.number, ClassState.PAUSED)
    assert classroom.joined("one", opened.number).state is ClassState.PAUSED
    with pytest.raises(NotOpenError, match="pauses"):
        send("one", opened)
    classroom.join("two", opened.code, "here")  # one may come meanwhile
    classroom.set_state("host", opened.number, ClassState.OPEN)
    send("one", opened)
    classroom.set_state("host", opened.number, ClassState.CLOSED)
    with pytest.raises(NotOpenError, match="over"):
        send("one", opened, "b")
    with pytest.raises(NoClassError, match="over"):
        classroom.join("three", opened.code, "here")
    with pytest.raises(NoClassError, match="over"):
        classroom.set_state("host", opened.number, ClassState.OPEN)
    assert len(classroom.drawings("host", opened.number)) == 1
    assert classroom.hosted("host")[0].state is ClassState.CLOSED


def test_a_code_expires(opened, monkeypatch):
    classroom.join("one", opened.code, "here")
    monkeypatch.setattr(classroom.time, "time", lambda: opened.expires + 1)
    with pytest.raises(NoClassError, match="over"):
        classroom.join("two", opened.code, "here")
    with pytest.raises(NotOpenError):
        send("one", opened)


def test_guessing_codes_comes_to_an_end(opened):
    refused = 0
    for guess in range(1000):
        try:
            classroom.join("guesser", f"{guess:06d}", "far")
        except LimitError:
            refused += 1
        except NoClassError:
            pass
    assert refused == 1000 - 20
    with pytest.raises(LimitError, match="wait 10 minutes"):  # even with the right one
        classroom.join("guesser", opened.code, "far")
    assert classroom.join("pupil", opened.code, "near").number == opened.number


@pytest.mark.parametrize("code", ["", "'; DROP TABLE class; --", "é" * 1000, "\0", "%", "*"])
def test_strange_codes_are_wrong_codes(opened, code):
    with pytest.raises(NoClassError, match="No class"):
        classroom.join("one", code, "here")
    assert classroom.join("one", opened.code, "here").number == opened.number


def test_a_member_who_sends_a_thousand_drawings_is_stopped(opened, monkeypatch):
    monkeypatch.setattr(collection, "PER_MINUTE", 10**6)
    monkeypatch.setattr(classroom, "MAX_OF_ONE", 30)
    classroom.join("one", opened.code, "here")
    refused = 0
    for number in range(100):
        try:
            send("one", opened, str(number))
        except LimitError:
            refused += 1
    assert refused == 70
    classroom.join("two", opened.code, "here")
    send("two", opened)


def test_a_class_has_a_size(opened, monkeypatch):
    monkeypatch.setattr(classroom, "MAX_MEMBERS", 2)
    classroom.join("one", opened.code, "here")
    classroom.join("two", opened.code, "here")
    with pytest.raises(LimitError, match="full"):
        classroom.join("three", opened.code, "here")
    classroom.join("one", opened.code, "here")  # whoever is in comes back


def test_host_and_member_delete_the_same_drawing_at_once(opened):
    classroom.join("one", opened.code, "here")
    send("one", opened)
    assert classroom.remove("host", opened.number, "a")
    assert not collection.remove("one", "a")
    assert classroom.drawings("host", opened.number) == []
    assert not classroom.remove("host", opened.number, "a")


def test_a_survey_counts_what_was_answered_to_what(opened):
    classroom.join("one", opened.code, "here")
    for number, (label, answer) in enumerate(((7, 1), (7, 7), (7, 1), (3, None))):
        classroom.send("one", opened.number, Labelled(str(number), label, LINE, 18, answer, "conv"))
    found = classroom.survey("host", opened.number, 2)
    assert (found.counts[7, 1], found.counts[7, 7], found.counts[3, 10]) == (2, 1, 1)
    assert found.counts.sum() == 4
    assert [one.id for one in found.latest] == ["2", "3"]


def test_a_class_is_deleted_with_all_that_was_drawn_in_it_and_nothing_else(opened):
    other = classroom.open_class("host", "conv")
    classroom.join("one", opened.code, "here")
    classroom.join("one", other.code, "here")
    send("one", opened, "a")
    send("one", other, "b")
    classroom.discard("host", opened.number)
    assert [one.number for one in classroom.hosted("host")] == [other.number]
    with pytest.raises(NoClassError):
        classroom.own_drawings("one", opened.number)
    with pytest.raises(NoClassError, match="No class"):
        classroom.join("two", opened.code, "here")
    assert [one.id for one in classroom.drawings("host", other.number)] == ["b"]
