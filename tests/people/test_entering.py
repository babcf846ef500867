"""The way into a class: codes, wrong ones, a locked door, knocking, and a seat given back."""

import pytest

from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.people import classroom, collection, entering, members, rounds
from classifier.people.classroom import KNOCK_LASTS, NoClassError
from classifier.people.entering import MAX_KNOCKS, MAX_OWN_KNOCKS, MAX_REFUSED, ShutOutError
from classifier.people.outcomes import Kind
from classifier.people.visitors import visitor_of
from tests.people import HOST, ONE, STRANGER, THREE, TWO, labelled, later, send


def join(who, there, address="here"):
    return entering.join(who, there.code, address)


def guess(who, code, address="here"):
    with pytest.raises(NoClassError, match="No class"):
        entering.join(who, code, address)


def pupil(number):
    return visitor_of(f"pupil {number}")


def seat_of(who, there):
    """The number of a member's seat."""
    name = classroom.joined(who, there.number).seat
    return next(one.seat for one in members.members(HOST, there.number) if one.name == name)


# Wrong codes


def test_guessing_codes_comes_to_an_end(opened):
    refused = 0
    for number in range(1000):
        try:
            entering.join(STRANGER, f"{number:06d}", "far")
        except LimitError:
            refused += 1
        except NoClassError:
            pass
    assert refused == 1000 - 20
    with pytest.raises(LimitError, match="wait 10 minutes"):  # even with the right one
        join(STRANGER, opened, "far")
    assert join(ONE, opened, "near").number == opened.number


def test_the_same_wrong_code_counts_once_however_often_the_page_asks(opened):
    for _ in range(100):
        guess(ONE, "abcdef")
    for number in range(19):
        guess(ONE, f"wrong {number}")
    with pytest.raises(LimitError):
        join(ONE, opened)


def test_a_school_behind_one_address_keeps_nobody_out_who_types_the_right_code(opened):
    for number in range(200):
        guess(pupil(number), "abcdef", "school")
    assert join(ONE, opened, "school").seat
    with pytest.raises(LimitError):  # but whoever mistyped there waits
        join(pupil(7), opened, "school")
    assert join(pupil(7), opened, "elsewhere").seat


def test_few_wrong_codes_of_a_school_keep_nobody_out(opened):
    for number in range(199):
        guess(pupil(number), "abcdef", "school")
    assert join(pupil(7), opened, "school").seat


def test_who_sits_in_the_class_comes_back_whatever_they_typed(opened):
    join(ONE, opened)
    for number in range(20):
        guess(ONE, f"wrong {number}")
    assert join(ONE, opened).seat


def test_after_ten_minutes_wrong_codes_are_forgotten_and_deleted(opened, monkeypatch):
    for number in range(20):
        guess(ONE, f"wrong {number}")
    later(monkeypatch, 601)
    guess(TWO, "abcdef")
    with transaction(writing=False) as database:
        assert database.execute("SELECT count(*) FROM guess").fetchone()[0] == 1
    assert join(ONE, opened).seat


def test_no_address_is_stored_and_its_digest_is_another_each_day(monkeypatch):
    address = "203.0.113.77"

    def stored():
        with transaction(writing=False) as database:
            rows = database.execute("SELECT address FROM guess ORDER BY time")
            return [row["address"] for row in rows]

    guess(ONE, "first", address)
    guess(TWO, "second", address)
    one, other = stored()
    assert one == other
    later(monkeypatch, 86400)
    guess(ONE, "third", address)
    assert stored()[-1] != one


@pytest.mark.parametrize(
    "code",
    ["", "'; DROP TABLE class; --", "é" * 1000, "\0", "%", "*", "\ud800", "abc\0ef", "a" * 10**6],
)
def test_strange_codes_are_wrong_codes(opened, code):
    guess(ONE, code)
    with pytest.raises(NoClassError, match="No class"):
        entering.knock(ONE, code, "here")
    assert join(ONE, opened).number == opened.number


# The door


def test_a_locked_door_keeps_out_who_is_new_and_nobody_else(opened):
    join(ONE, opened)
    classroom.set_locked(HOST, opened.number, True)
    with pytest.raises(ShutOutError, match="nobody new"):
        join(TWO, opened)
    assert join(ONE, opened).locked
    send(ONE, opened)
    classroom.set_locked(HOST, opened.number, False)
    join(TWO, opened)


def test_who_was_removed_leaves_with_all_of_their_drawings_and_does_not_come_back(opened):
    for who in (ONE, TWO):
        join(who, opened)
        send(who, opened)
    own = collection.keep(ONE, labelled("own"))
    assert members.remove(HOST, opened.number, seat_of(ONE, opened))
    assert [one.writer for one in classroom.drawings(HOST, opened.number)] == [TWO.digest]
    assert [one.number for one in collection.drawings_of(ONE)] == [own]  # which is not the class's
    assert [one.drawings for one in members.members(HOST, opened.number)] == [1]
    assert classroom.survey(HOST, opened.number, 9).members == 1
    with pytest.raises(NoClassError):
        send(ONE, opened, "b")
    with pytest.raises(ShutOutError, match="removed you"):
        join(ONE, opened)


def test_whoever_knocks_is_seen_and_let_in(opened):
    classroom.set_locked(HOST, opened.number, True)
    assert entering.standing(ONE, opened.number) is None
    knock = entering.knock(ONE, opened.code, "here")
    assert entering.standing(ONE, opened.number) == knock
    assert entering.knocks(HOST, opened.number) == [knock]
    assert classroom.survey(HOST, opened.number, 1).knocks == 1
    entering.let_in(HOST, opened.number, knock.seat, None)
    assert join(ONE, opened).seat == knock.name  # as the host has seen them
    assert entering.knocks(HOST, opened.number) == []
    assert entering.standing(ONE, opened.number) is None


def test_knocking_takes_the_right_code(opened):
    with pytest.raises(NoClassError):
        entering.knock(ONE, "abcdef", "here")
    assert entering.knocks(HOST, opened.number) == []


def test_a_host_may_let_in_again_whom_they_removed(opened):
    join(ONE, opened)
    seat = seat_of(ONE, opened)
    members.silence(HOST, opened.number, seat, True)
    members.remove(HOST, opened.number, seat)
    knock = entering.knock(ONE, opened.code, "here")
    assert knock.removed
    assert not knock.member
    entering.let_in(HOST, opened.number, knock.seat, None)
    assert join(ONE, opened).seat == knock.name
    send(ONE, opened)


def test_who_lost_their_cookie_gets_their_seat_and_drawings_back(opened):
    old, new = ONE, TWO
    before = join(old, opened)
    numbers = [send(old, opened, drawing_id) for drawing_id in "ab"]
    own = collection.keep(old, labelled("own"))
    classroom.set_locked(HOST, opened.number, True)
    knock = entering.knock(new, opened.code, "here")
    assert knock.name != before.seat
    entering.let_in(HOST, opened.number, knock.seat, seat_of(old, opened))
    assert classroom.joined(new, opened.number).seat == before.seat
    assert [one.number for one in classroom.own_drawings(new, opened.number)] == numbers
    assert collection.remove(new, numbers[0])
    # Whoever has the old cookie has nothing in the class any more, and their own beside it.
    with pytest.raises(NoClassError):
        classroom.own_drawings(old, opened.number)
    with pytest.raises(PermissionError):
        collection.remove(old, numbers[1])
    assert [one.number for one in collection.drawings_of(old)] == [own]
    assert len(members.members(HOST, opened.number)) == 1


def test_who_has_joined_anew_already_gets_their_old_seat_with_what_they_sent_since(opened):
    join(ONE, opened)
    first = send(ONE, opened)
    new_seat = join(TWO, opened).seat
    second = send(TWO, opened)  # by the same id
    knock = entering.knock(TWO, opened.code, "here")
    assert (knock.name, knock.member) == (new_seat, True)
    entering.let_in(HOST, opened.number, knock.seat, seat_of(ONE, opened))
    own = [one.number for one in classroom.own_drawings(TWO, opened.number)]
    assert own == [first, second]
    assert [one.drawings for one in members.members(HOST, opened.number)] == [2]
    assert entering.knocks(HOST, opened.number) == []


def test_a_full_class_takes_back_who_sat_there_but_nobody_new(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_MEMBERS", "2")
    for who in (ONE, TWO):
        join(who, opened)
    with pytest.raises(LimitError, match="full: 2 are in it"):
        join(THREE, opened)
    knock = entering.knock(THREE, opened.code, "here")
    with pytest.raises(LimitError, match="remove a member first"):
        entering.let_in(HOST, opened.number, knock.seat, None)
    entering.let_in(HOST, opened.number, knock.seat, seat_of(ONE, opened))
    assert join(THREE, opened).seat
    assert classroom.survey(HOST, opened.number, 1).members == 2


def test_a_seat_that_is_gone_is_told(opened):
    knock = entering.knock(ONE, opened.code, "here")
    with pytest.raises(NoClassError, match="this seat"):
        entering.let_in(HOST, opened.number, knock.seat, 77)
    with pytest.raises(NoClassError, match="Nobody knocks"):
        entering.let_in(HOST, opened.number, 77, None)
    assert entering.knocks(HOST, opened.number) == [knock]


def test_who_was_turned_away_knocks_in_vain_for_a_while(opened, monkeypatch):
    knock = entering.knock(ONE, opened.code, "here")
    assert entering.turn_away(HOST, opened.number, knock.seat)
    assert entering.knock(ONE, opened.code, "here").refused
    assert entering.knocks(HOST, opened.number) == []
    assert classroom.survey(HOST, opened.number, 1).knocks == 0
    later(monkeypatch, KNOCK_LASTS + 1)
    assert not entering.knock(ONE, opened.code, "here").refused


def test_knocks_expire(opened, monkeypatch):
    knock = entering.knock(ONE, opened.code, "here")
    later(monkeypatch, KNOCK_LASTS + 1)
    assert entering.knocks(HOST, opened.number) == []
    assert entering.standing(ONE, opened.number) is None
    assert classroom.survey(HOST, opened.number, 1).knocks == 0
    with pytest.raises(NoClassError):
        entering.let_in(HOST, opened.number, knock.seat, None)


def test_a_thousand_who_knock_are_stopped(opened):
    refused = 0
    for number in range(1000):
        try:
            entering.knock(pupil(number), opened.code, "here")
        except LimitError:
            refused += 1
    assert refused == 1000 - MAX_KNOCKS
    assert len({one.name for one in entering.knocks(HOST, opened.number)}) == MAX_KNOCKS
    for _ in range(50):
        entering.knock(pupil(0), opened.code, "here")  # is there already


def test_who_was_turned_away_keeps_nobody_from_knocking_and_few_are_remembered(opened):
    for number in range(MAX_REFUSED + MAX_KNOCKS):
        knock = entering.knock(pupil(number), opened.code, "here")
        entering.turn_away(HOST, opened.number, knock.seat)
    stand = [entering.standing(pupil(n), opened.number) for n in range(MAX_REFUSED + MAX_KNOCKS)]
    assert stand[:MAX_KNOCKS] == [None] * MAX_KNOCKS  # the oldest
    assert all(one is not None and one.refused for one in stand[MAX_KNOCKS:])


def test_one_visitor_knocks_at_few_classes(opened, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASSES", "9")
    codes = [classroom.open_class(HOST, "conv").code for _ in range(5)]
    for code in codes[:MAX_OWN_KNOCKS]:
        entering.knock(ONE, code, "here")
    with pytest.raises(LimitError, match="knock at 3 classes"):
        entering.knock(ONE, codes[-1], "here")
    there, knock = entering.with_code(HOST, codes[0], "here"), entering.knock(ONE, codes[0], "here")
    entering.turn_away(HOST, there.number, knock.seat)
    assert not entering.knock(ONE, codes[-1], "here").refused  # one has been answered


def test_a_member_comes_back_to_what_they_sent_when_the_class_is_over(opened):
    entering.join(ONE, opened.code, "here")
    send(ONE, opened)
    classroom.set_state(HOST, opened.number, classroom.ClassState.CLOSED)
    assert entering.join(ONE, opened.code, "here").state is classroom.ClassState.CLOSED
    assert len(classroom.own_drawings(ONE, opened.number)) == 1
    with pytest.raises(NoClassError, match="over"):
        entering.join(TWO, opened.code, "here")


def test_a_seat_that_is_given_back_has_one_vote_and_none_for_its_own_drawings(opened):
    for who in (ONE, THREE):
        join(who, opened)
    theirs, own = send(THREE, opened, "of three"), send(ONE, opened, "of one")
    votes = [(who, one) for who in (ONE, TWO) for one in (theirs, own)]
    join(TWO, opened)  # ONE, on another phone
    after = 0
    for who, drawing in votes:
        on = rounds.start(HOST, opened.number, Kind.GUESS, after, drawing=drawing)
        after = on.number
        if (who, drawing) != (ONE, own):
            rounds.vote(who, opened.number, on.number, drawing, 3)
    again = rounds.start(HOST, opened.number, Kind.GUESS, after, drawing=theirs)
    rounds.vote(ONE, opened.number, again.number, theirs, 3)
    rounds.vote(TWO, opened.number, again.number, theirs, 8)
    knock = entering.knock(TWO, opened.code, "here")
    entering.let_in(HOST, opened.number, knock.seat, seat_of(ONE, opened))
    assert rounds.own_vote(TWO, opened.number, again) == 8
    assert rounds.votes(HOST, opened.number, again).sum() == 1
    counted = [one.voters for one in rounds.record(HOST, opened.number)]
    assert counted == [1, 0, 1, 0]  # ONE's is not lost, and none is for what they drew
