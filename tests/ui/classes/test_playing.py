"""Rounds on the pages of a class without a browser: the host's buttons, and what phones show."""

import re

import pytest

from classifier.people import classroom, collection, rounds
from classifier.people.outcomes import Kind, RoundState
from tests.app import board, draw, press, run, words
from tests.ui.classes import LINE, class_of, joined, send_one, visitor
from tests.ui.wall.test_wall import told, wall_of


@pytest.fixture
def begun(host):
    """Begins a round by the host's button, and gives it as it is then."""

    def begin(key: str) -> rounds.Round:
        run(host)
        press(host, f"round-{key}")
        on = rounds.current(visitor(host), class_of(host).number)
        assert on is not None
        return on

    return begin


def test_the_choice_closes_what_it_was_made_in_and_a_class_that_is_over_keeps_the_record(
    host, begun
):
    host.session_state["rounds"] = True
    begun("free")
    assert not host.session_state["rounds"]
    press(host, "round-over")
    press(host, "class-close")
    assert "1. Everyone drew" in words(host)


def test_everyone_draws_a_7_and_phones_need_no_label(host, begun):
    page = joined(class_of(host).code)
    on = begun("digit")
    assert (on.kind, on.digit) == (Kind.DIGIT, 7)
    run(page)
    assert "Everyone draws a 7" in words(page)
    row = board(page)["row"]
    assert (row["ask"], row["labels"], row["send"]) == ("0 so far", False, "Send my 7")
    draw(page, LINE)
    press(page, "send")
    (one,) = classroom.drawings(visitor(host), class_of(host).number)
    assert one.label == 7
    assert "Sent as a 7" in words(page)
    assert board(page)["row"]["ask"] == "1 so far"
    run(host)
    assert "1 drawing · 0:" in words(host)
    press(host, "round-over")
    assert "Everyone drew a 7: 1 of 1 drawing read rightly." in words(host)
    run(page)
    assert board(page)["row"]["labels"]
    assert not board(page)["row"]["send"]


def test_who_comes_in_the_middle_finds_what_is_asked(host, begun):
    begun("free")
    assert "Draw what you like" in words(joined(class_of(host).code))


def test_phones_count_on_for_how_long_the_round_has_been_on(host, begun):
    page = joined(class_of(host).code)
    assert not any('class="round-clock"' in one.proto.body for one in page.get("html"))
    begun("free")
    (clock,) = [
        one.proto.body for one in run(page).get("html") if 'class="round-clock"' in one.proto.body
    ]
    assert re.search(r">0:0\d</span>", clock)
    assert re.search(r"Number\(\d\.\d\)", clock)  # seconds, from which the phone goes on


def test_a_guess_shows_strokes_alone_until_the_host_shows_the_answer(host, begun):
    there = class_of(host)
    send_one(there)  # a 3, read as a 7
    page, projector = joined(there.code), wall_of(there.code, host.session_state["session"].secret)
    begun("guess")
    run(page)
    assert "What is it?" in words(page)
    assert not page.get("bidi_component")  # no canvas, and no answer
    press(page, "guess-3")
    assert "You say **3**" in words(page)
    press(page, "guess-8")
    assert "You say **8**" in words(page)
    shown = told(run(projector))["round"]
    assert (shown["count"], shown["guess"]["votes"]) == ("1 answered", None)
    assert shown["guess"]["answer"] is shown["guess"]["network"] is None
    run(host)
    press(host, "round-show")
    run(page)
    assert "It is **a 3**, says who drew it. The network said **a 7**. You said an 8." in words(
        page
    )
    guess = told(run(projector))["round"]["guess"]
    assert (guess["answer"], guess["votes"][8], sum(guess["votes"])) == (3, 1, 1)
    assert sum(guess["network"]) == pytest.approx(1, abs=0.01)


def test_who_drew_what_is_guessed_has_no_buttons(host, begun):
    page = joined(class_of(host).code)
    draw(page, LINE)
    press(page, "label-3")
    begun("guess")
    run(page)
    assert "You drew this one" in words(page)
    assert "guess-3" not in {one.key for one in page.button}


def test_a_vote_for_what_was_deleted_is_told(host, begun):
    there = class_of(host)
    number = send_one(there)
    page = joined(there.code)
    begun("guess")
    run(page)
    collection.remove(visitor(host), number)
    press(page, "guess-3")  # which is still on the phone
    assert "was deleted" in words(page)


def test_what_fooled_the_network_is_read_by_the_others(host, begun):
    there = class_of(host)
    pages = [joined(there.code) for _ in range(3)]
    on = begun("fool")
    run(pages[0])
    assert "Fool the network" in words(pages[0])
    draw(pages[0], LINE)  # which looks like a 7
    press(pages[0], "label-3")
    run(host)
    press(host, "round-show")
    assert rounds.current(visitor(host), there.number).state is RoundState.SHOWN
    for page in pages:
        run(page)
    assert "You have read all" in words(pages[0])
    for page in pages[1:]:
        press(page, "guess-3")
        assert "You have read all" in words(page)
    seat = classroom.joined(visitor(pages[0]), there.number).seat
    projector = wall_of(there.code, host.session_state["session"].secret)
    assert told(projector)["round"]["ranks"] == [[seat, 1]]
    run(host)
    press(host, "round-over")
    assert "Fool the network: 1 of 1 drawing did" in words(host)
    press(host, "round-help")
    helped = rounds.current(visitor(host), there.number)
    assert helped.said.endswith("of the 1 drawing that fooled the network.")
    assert helped.number > on.number
    run(pages[0])
    assert helped.said in words(pages[0])
    assert board(pages[0])["row"]["labels"]


def test_what_cannot_begin_is_told(host):
    press(host, "round-guess")
    assert "There is no drawing to guess yet" in words(host)
    press(host, "round-help")
    assert "Nothing has fooled the network yet" in words(host)
    assert rounds.record(visitor(host), class_of(host).number) == []


def test_two_windows_of_a_host_begin_one_round(host, begun):
    on = begun("free")
    number = class_of(host).number
    rounds.end(visitor(host), number, on.number)
    again = rounds.start(visitor(host), number, Kind.FREE, on.number)  # in another window
    press(host, "round-digit")  # on a page that has not heard of it
    assert rounds.current(visitor(host), number).number == again.number


def test_a_wall_shows_the_drawings_of_the_round_alone_and_then_what_it_showed(host, begun):
    there = class_of(host)
    send_one(there)
    projector = wall_of(there.code, host.session_state["session"].secret)
    projector.session_state["session"].wall_told.confirm(told(projector)["revision"])
    begun("digit")
    now = told(run(projector))
    assert (now["come"], len(now["gone"]), now["round"]["task"]) == ([], 1, "Everyone draws a 7")
    run(host)
    press(host, "round-over")
    projector.session_state["session"].wall_told.confirm(now["revision"])
    after = told(run(projector))
    assert (after["round"], len(after["come"])) == (None, 1)
    assert after["last"] == "Everyone drew a 7: 0 of 0 drawings read rightly."
