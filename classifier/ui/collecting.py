"""The row below the canvas on which one says what a drawing is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from classifier import collection
from classifier.classroom import NoClassError, NotOpenError
from classifier.collection import CollectionError
from classifier.config import CLASSES
from classifier.store import SavedModel
from classifier.ui import canvas, charts, state, view

PROBLEMS = (CollectionError, NoClassError, NotOpenError, ValueError)  # each in words for the reader
ROUND = [digit for _ in range(5) for digit in range(CLASSES)]  # what a guided round asks for
_ARMED_KEY = "arm-keys"


def keys_say_what_it_is() -> bool:
    """Whether the keys 0 to 9 label the drawing in place of fetching a sample."""
    return st.session_state.get(_ARMED_KEY, False) and bool(view.shortcut("0"))


def row(model: SavedModel | None) -> None:
    """Ten buttons, or what the guided round asks for; then what was kept last, and its undoing."""
    here = state.session()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="correction"):
        if here.round is None:
            _ten_buttons(model)
        else:
            _asked_for(here, model)
        what_was_kept("Kept")
    if here.label_problem:
        st.warning(here.label_problem)


def what_was_kept(done: str) -> None:
    """What became of the last drawing, in a word, and its undoing; nothing if there is none."""
    kept = state.session().kept
    if kept is not None:
        label = f"{charts.article(kept.label)} **{kept.label}**"
        st.markdown(f":small[{done} as {label}.]", width="content")
        st.button("Take back", key="take-back", type="tertiary", on_click=_take_back)


def _ten_buttons(model: SavedModel | None) -> None:
    armed = keys_say_what_it_is()
    st.markdown("It is a", width="content")
    for digit in range(CLASSES):
        st.button(
            str(digit),
            key=f"label-{digit}",
            shortcut=str(digit) if armed else None,
            on_click=say,
            args=(digit, model),
        )
    if view.shortcut("0"):
        view.toggle(
            "Keys 0–9",
            key=_ARMED_KEY,
            help="The keys 0 to 9 say what the drawing is, and fetch no samples meanwhile.",
        )


def _asked_for(here: state.Session, model: SavedModel | None) -> None:
    digit = ROUND[here.round]
    st.markdown(f"### Write {charts.article(digit)} {digit}", width="content")
    st.button(
        "Next",
        key="round-next",
        type="primary",
        shortcut=view.shortcut("Enter"),
        on_click=_next,
        args=(model,),
    )
    st.button("End the round", key="round-end", on_click=end_round)
    st.markdown(f":small[{here.round + 1} of {len(ROUND)}]", width="content")


def start_round() -> None:
    """Ask for each digit in turn, with an empty canvas."""
    here = state.session()
    here.round, here.kept, here.label_problem = 0, None, ""
    if here.sketch.strokes:
        here.sketch.replace([])


def end_round() -> None:
    """Ask for no more digits; what was kept stays."""
    state.session().round = None


def _next(model: SavedModel | None) -> None:
    here = state.session()
    say(ROUND[here.round], model)
    if not here.label_problem:
        here.sketch.replace([])
        here.round += 1
        if here.round == len(ROUND):
            end_round()


def say(label: int, model: SavedModel | None) -> None:
    """Keep what is on the canvas as this digit; another label for the same drawing replaces it."""
    here = state.session()
    here.label_problem = ""
    if canvas.image_of(here.sketch.strokes) is not None:
        here.label_problem = "Pictures are not kept: draw a digit of your own."
        return
    if here.number:
        here.label_problem = "This is a number: draw one digit alone to keep it."
        return
    strokes, pen = canvas.strokes_of(here.sketch.strokes), canvas.pen_of(here.sketch.strokes)
    try:
        state.send(label, strokes, pen, model)
    except PROBLEMS as error:
        here.label_problem = str(error)


def _take_back() -> None:
    attempt(collection.remove, state.session().kept.drawing_id)


def attempt(action: Callable[..., object], *given: object) -> None:
    """Do what the visitor's token and these arguments are for, or let the page say why it cannot be
    done; what it says of the last drawing is over when that is deleted."""
    here = state.session()
    here.label_problem = ""
    try:
        action(state.token(), *given)
    except PROBLEMS as error:
        here.label_problem = str(error)
        return
    if here.kept is not None and here.kept.drawing_id in given:
        here.kept = None
