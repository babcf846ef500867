"""The page of those who joined a class, made for thumbs: canvas, answer, "it is a …"."""

from __future__ import annotations

import contextlib
from functools import partial

import streamlit as st

from classifier.people import classroom, collection
from classifier.people.classroom import Class, ClassState
from classifier.people.collection import CollectionError, Kept
from classifier.serving import store
from classifier.serving.store import DamagedModelError, ModelNotFoundError, SavedModel
from classifier.ui import gallery, session, view
from classifier.ui.board import board, labelling
from classifier.ui.board.board import Row
from classifier.ui.classes import links
from classifier.ui.tabs import finetuning

_LOOK_EVERY = 3.0  # seconds between two looks at whether the class goes on


def is_meant() -> bool:
    """Whether the page's address asks for a class."""
    return links.CODE_PARAMETER in st.query_params


def page() -> None:
    """Join the class that the address names, and draw for it."""
    try:
        there = _enter(st.query_params[links.CODE_PARAMETER])
    except labelling.PROBLEMS as error:
        _ask_for_code(str(error))
        return
    model = _model(there)
    is_over = there.state is ClassState.CLOSED
    if is_over:
        st.info("The class is over. Thank you for your drawings.")
    else:
        with st.container(key="thumbs"):
            board.board(model, board.nobody, partial(_row, there), partial(_press, model=model))
    if model is not None:
        _what_it_changed(there, model)
    st.fragment(_own, run_every=None if is_over else _LOOK_EVERY)(there)
    view.button(f"Leave class {there.code.upper()}", "class-leave", _leave, type="tertiary")


def _enter(code: str) -> Class:
    here, token = session.current(), session.token()
    if here.class_number is not None:
        with contextlib.suppress(LookupError):  # deleted meanwhile, or another one is meant
            there = classroom.joined(token, here.class_number)
            if there.code == code.strip().lower():
                return there
    there = classroom.join(token, code, st.context.ip_address or "this machine")
    here.class_number = there.number
    return there


def _ask_for_code(problem: str) -> None:
    session.current().class_number = None
    st.warning(problem)
    links.code_form("The class’s code", "primary")
    view.button("Draw without a class", "class-leave", _leave, type="tertiary")


def _leave() -> None:
    session.current().class_number = None
    del st.query_params[links.CODE_PARAMETER]


def _model(there: Class) -> SavedModel | None:
    try:
        return store.get(there.model)
    except (DamagedModelError, ModelNotFoundError):
        st.warning("The model that answered here is gone: ask for another. Drawings are kept.")
        return None


def _row(there: Class) -> Row:
    sent, problem = labelling.what_was_kept("Sent"), session.current().label_problem
    if there.state is ClassState.PAUSED:
        return Row("The class pauses.", labels=False, samples=False, kept=sent, problem=problem)
    return Row("Send it as a", samples=False, kept=sent, problem=problem)


def _press(name: str, model: SavedModel | None) -> bool:
    """Send the drawing, or take the last back; the canvas is free for the next."""
    action, digit = labelling.digit_of(name)
    if action == "label" and digit is not None:
        labelling.say(digit, model)
        if not session.current().label_problem:
            session.current().sketch.empty()
    elif name == "take-back":
        labelling.take_back()
    return False


def _what_it_changed(there: Class, model: SavedModel) -> None:
    with contextlib.suppress(*labelling.PROBLEMS):  # which are told below
        finetuning.what_it_changed(model, classroom.own_drawings(session.token(), there.number))


def _own(there: Class) -> None:
    """What this member sent, of which they delete what they like. As this looks again and again, it
    has the page drawn anew when the class pauses, goes on, ends, or another model answers."""
    mine = st.expander("What I sent", key="own-drawings", on_change="rerun")
    kept: list[Kept] = []
    try:
        now = classroom.joined(session.token(), there.number)
        if mine.open:
            kept = classroom.own_drawings(session.token(), there.number)
    except CollectionError as error:
        mine.warning(str(error))  # the next look may succeed
        return
    except LookupError:
        now = None  # deleted by its host
    if now != there:
        st.rerun()
    if mine.open:
        with mine:
            st.caption("A click deletes one." if kept else "Nothing yet.")
            ids = {one.number: one.id for one in kept}
            gallery.pictures(
                "own",
                gallery.of_drawings(kept[::-1]),
                lambda item: labelling.attempt(collection.remove, ids[item.number]),
            )
