"""The members of a class as its host sees them: who knocks, who has a seat, and what to do."""

from collections.abc import Mapping

import streamlit as st

from classifier.people import entering, members
from classifier.people.entering import Knock
from classifier.people.members import Member
from classifier.people.register import Class
from classifier.ui import session, view
from classifier.ui.board import labelling
from classifier.ui.session import Widget

_KNOCK, _SEAT = Widget[int | None]("knock"), Widget[int | None]("member")
_OLD_SEAT = Widget[int]("old-seat")
_NEW = -1  # in place of a seat: one that nobody had


def popover(there: Class) -> None:
    """The button that shows them, and while they are shown all of it."""
    shown = st.popover("Members", icon=":material/group:", key="members", on_change="rerun")
    if not shown.open:
        return
    visitor = session.visitor()
    with shown:
        try:
            knocks = entering.knocks(visitor, there.number)
            seated = members.members(visitor, there.number)
        except labelling.PROBLEMS as error:
            view.warning(str(error))
            return
        if session.current().label_problem:
            view.warning(session.current().label_problem)
        if knocks:
            _door(there, knocks, seated)
        _seats(there, seated)


def _door(there: Class, knocks: list[Knock], seated: list[Member]) -> None:
    """Who knocks, and where they may sit."""
    by_seat = {one.seat: one for one in knocks}
    seat = _choose(
        "Who knocks", _KNOCK, {n: k.name for n, k in by_seat.items()}, first=knocks[0].seat
    )
    if seat is None:
        return
    chosen = by_seat[seat]
    if chosen.removed:
        st.caption(f"You have removed {chosen.name}.")
    elif chosen.member:
        st.caption(f"{chosen.name} sits here, and asks for an earlier seat.")
    seats = {} if chosen.member else {_NEW: "A new seat"}
    seats |= {one.seat: _described(one) for one in seated if one.seat != chosen.seat}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        if seats:
            if _OLD_SEAT.read(_NEW) not in seats:
                _OLD_SEAT.forget()
            place = st.selectbox(
                "Their seat",
                list(seats),
                key=_OLD_SEAT.key,
                format_func=seats.__getitem__,
                help="Whoever gets a seat that was somebody’s gets all that was sent from it.",
            )
            given = there.number, chosen.seat, None if place == _NEW else place
            do = labelling.attempt
            view.button("Let in", "knock-in", do, entering.let_in, *given, type="primary")
        away = entering.turn_away, there.number, chosen.seat
        view.button("Turn away", "knock-away", labelling.attempt, *away)


def _seats(there: Class, seated: list[Member]) -> None:
    """Who has a seat, and what can be done about the one that is chosen."""
    if not seated:
        st.caption("Nobody has joined yet.")
        return
    by_seat = {one.seat: one for one in seated}
    words = f"{len(seated)} member{'s' * (len(seated) != 1)}, and how many drawings each has sent"
    seat = _choose(words, _SEAT, {n: _described(m) for n, m in by_seat.items()})
    if seat is None:
        return
    chosen = by_seat[seat]
    do, here = labelling.attempt, (there.number, chosen.seat)
    with st.container(horizontal=True, gap="small"):
        label, icon = f"Silence {chosen.name}", "volume_off"
        if chosen.silenced:
            label, icon = f"Let {chosen.name} send", "volume_up"
        silence = members.silence, *here, not chosen.silenced
        view.button(label, "member-silence", do, *silence, icon=icon)
        count = f" and {chosen.drawings:,} drawing{'s' * (chosen.drawings != 1)}"
        label = f"Remove {chosen.name}{count * bool(chosen.drawings)}"
        view.button(label, "member-remove", do, members.remove, *here, icon="person_remove")


def _choose(
    label: str, widget: Widget[int | None], names: Mapping[int, str], first: int | None = None
) -> int | None:
    """One of these, by its number, if one is chosen that is still there; `first` is, to begin
    with."""
    chosen = widget.read(first)
    if chosen not in (None, *names):
        widget.forget()
        chosen = None
    return st.pills(
        label, list(names), default=chosen, key=widget.key, format_func=names.__getitem__
    )


def _described(one: Member) -> str:
    return f"{one.name} · {one.drawings:,}" + " · silenced" * one.silenced
