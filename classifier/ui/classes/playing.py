"""Rounds as the host begins and ends them, and what those before have shown."""

import contextlib
from collections.abc import Callable
from functools import partial

import streamlit as st

from classifier.config import CLASSES
from classifier.people import rounds
from classifier.people.outcomes import Kind, Round, RoundState
from classifier.people.register import Class
from classifier.serving import store
from classifier.serving.saved import DamagedModelError
from classifier.serving.store import ModelNotFoundError
from classifier.ui import gallery, session, shared, view
from classifier.ui.board import labelling
from classifier.ui.classes import asking, joining, watching
from classifier.ui.session import Widget

EVERY = 1.0  # seconds between two looks at the round that is on
_DIGIT = Widget[int]("digit-of-round")
_ROUNDS = "rounds"  # the popover's key
_NEXT = {
    Kind.GUESS: ("Show the answer", "visibility"),
    Kind.FOOL: ("Let all read what fooled it", "how_to_vote"),
}


def panel(there: Class) -> None:
    """The round that is on, or the button that begins one; and what the last one showed."""
    try:
        on = rounds.current(session.visitor(), there.number)
        before = rounds.record(session.visitor(), there.number)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return
    here = session.current()
    if here.watch_begun:
        here.watch_begun = False
        st.rerun()  # the sidebar, too
    newest = max([one.number for one in before] + ([on.number] if on else []), default=0)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="round"):
        if on is not None:
            _on(there, on)
        _begin(there, newest)
        if before:
            _record(before)
    if on is None and before:
        st.markdown(f":small[{before[-1].said}]")
    if here.label_problem:
        view.warning(here.label_problem)


def past(there: Class) -> None:
    """What the rounds of a class that is over have shown."""
    with contextlib.suppress(*labelling.PROBLEMS):  # which the rest of the tab tells
        if before := rounds.record(session.visitor(), there.number):
            _record(before)


def _on(there: Class, on: Round) -> None:
    st.markdown(f"**{asking.task(on)}** · {asking.so_far(on)}", width="content")
    if on.kind is Kind.WATCH and on.state is RoundState.OPEN:
        _watched(there, on)
    do, given = _do, (there.number, on.number)
    if on.kind in _NEXT and on.state is RoundState.OPEN:
        label, icon = _NEXT[on.kind]
        view.button(label, "round-show", do, rounds.show, *given, icon=icon, type="primary")
    view.button("End the round", "round-over", do, rounds.end, *given, icon="flag")


def _watched(there: Class, on: Round) -> None:
    """How far the run is that the class watches, also while no wall is open."""
    try:
        scene = watching.look(there, on)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return
    st.markdown(f":small[{scene.doing}]", width="content")


def _begin(there: Class, newest: int) -> None:
    """The popover with what can be asked of everybody."""
    with st.popover("Begin a round", icon=":material/play_circle:", key=_ROUNDS, on_change="rerun"):
        digit = _DIGIT.read(7)
        st.segmented_control(
            "Everyone draws a",
            list(range(CLASSES)),
            default=digit,
            required=True,
            key=_DIGIT.key,
            wrap=True,
        )
        ask = partial(_ask, there, newest)
        for label, key, kind, icon in (
            (f"Everyone draws a {digit}", "digit", Kind.DIGIT, "edit"),
            ("Draw what you like", "free", Kind.FREE, "draw"),
            ("Guess what one drawing is", "guess", Kind.GUESS, "help"),
            ("Fool the network", "fool", Kind.FOOL, "theater_comedy"),
            ("Help the network", "help", Kind.HELP, "healing"),
        ):
            view.button(label, f"round-{key}", ask, kind, icon=icon, type="tertiary")
        watch = partial(_watch, there, newest)
        for label, key, alone, icon in (
            ("Watch one learn from MNIST", "watch", False, "model_training"),
            ("Watch one learn from your digits", "watch-alone", True, "diversity_3"),
        ):
            view.button(label, f"round-{key}", watch, alone, icon=icon, type="tertiary")
        st.caption("Guess takes the drawing on your canvas, or the hardest.")


def _ask(there: Class, newest: int, kind: Kind) -> None:
    session.shut(_ROUNDS)
    here = session.current()
    digit = _DIGIT.read(7) if kind is Kind.DIGIT else None
    drawing = here.shown_drawing or None if kind is Kind.GUESS else None
    here.label_problem = ""
    try:
        said = _helped(there) if kind is Kind.HELP else ""
        rounds.start(
            session.visitor(), there.number, kind, newest, digit=digit, drawing=drawing, said=said
        )
        joining.PULSE.hurry()
    except labelling.PROBLEMS as error:
        here.label_problem = str(error)


def _do(action: Callable[..., object], *given: int) -> None:
    """Change the round that is on, which all phones are to show."""
    labelling.attempt(action, *given)
    joining.PULSE.hurry()


def _watch(there: Class, newest: int, alone: bool) -> None:
    session.shut(_ROUNDS)
    here = session.current()
    here.label_problem = ""
    try:
        watching.begin(there, newest, alone)
        joining.PULSE.hurry()
    except labelling.PROBLEMS as error:
        here.label_problem = str(error)


def _helped(there: Class) -> str:
    """How many of the drawings that fooled the network it reads now. Raises ValueError."""
    drawn = rounds.fooled(session.visitor(), there.number)
    model = store.followed(there.model, there.model_id)
    if not drawn or model is None:
        raise ValueError("Nothing has fooled the network yet: play that round first.")
    right = 0
    try:
        for one in drawn:
            image = gallery.prepared(one)
            right += image is not None and int(shared.ask(model, image).argmax()) == one.label
    except (DamagedModelError, ModelNotFoundError) as error:
        raise ValueError(str(error)) from None
    return (
        f"{model.title} reads {right} of the {len(drawn)} drawing{'s' * (len(drawn) != 1)} that "
        "fooled the network."
    )


def _record(before: list[Round]) -> None:
    with st.popover("Record", icon=":material/history:", key="record"):
        for number, one in enumerate(before, 1):
            st.markdown(f"{number}. {one.said}")
