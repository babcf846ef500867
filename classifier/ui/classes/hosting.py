"""A class as its host sees it: the way in, who has joined, and what they draw as it arrives."""

import time
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.people import albums, classroom, collection
from classifier.people.classroom import Class, ClassState, Survey
from classifier.people.collection import Kept
from classifier.serving import store
from classifier.serving.saved import SavedModel
from classifier.ui import gallery, results, session, view
from classifier.ui.board import board, canvas, labelling
from classifier.ui.classes import joining, seating
from classifier.ui.session import Widget

_CHOICE, _ADDRESS = Widget[int]("whose-drawings"), Widget[str]("class-address")
_WALL = 24  # drawings on the wall
_WALL_EVERY = 1.0  # seconds between two looks at what has arrived
_SEATS_EVERY = 2.0  # seconds between two looks at the members and at who knocks
_REST_EVERY = 5.0  # seconds in which the rest of the tab may be behind the wall


def choose(classes: Sequence[Class]) -> Class | None:
    """Which drawings the tab is about: those of a class that the visitor opened, or, as long as
    there is none, their own, that is, None."""
    if not classes:
        return None
    by_number = {one.number: one for one in classes}
    numbers = [*by_number, 0]
    number = st.selectbox(
        "Whose drawings",
        numbers,
        numbers.index(_CHOICE.among(numbers, classes[0].number)),
        key=_CHOICE.key,
        format_func=lambda n: _name(by_number[n]) if n else "My own drawings",
        label_visibility="collapsed",
        width=260,
    )
    return by_number.get(number)


def _name(there: Class) -> str:
    opened = datetime.fromtimestamp(there.opened)
    state_of = "" if there.state is ClassState.OPEN else f" · {there.state.value}"
    return f"Class {there.code.upper()} · {opened.day} {opened:%b %H:%M}{state_of}"


def ways_in(chosen: Class | None, model: SavedModel | None) -> None:
    """Buttons to open a class, to join one, and to delete one that is over."""
    view.button(
        "Open a class",
        "class-open",
        _open,
        model,
        icon="groups",
        help="Others join from their phones, and what they draw arrives here.",
        disabled=model is None or (chosen is not None and chosen.state is not ClassState.CLOSED),
    )
    if chosen is None:
        with st.popover("Join a class", icon=":material/login:"):
            joining.code_form("Its code", "secondary")
    elif chosen.state is ClassState.CLOSED:
        with st.popover("Delete this class", icon=":material/delete:"):
            st.markdown("All of its drawings are deleted, too, and cannot be brought back.")
            attempt = labelling.attempt
            view.button("Delete", "class-delete", attempt, classroom.discard, chosen.number)


def _open(model: SavedModel) -> None:
    _CHOICE.forget()  # the newest class
    labelling.attempt(classroom.open_class, model.name, model.id)


def panel(there: Class, found: Survey, model: SavedModel | None) -> None:
    """The way in, what the host can do, and the wall of drawings. found: the class as
    `classroom.survey` has it."""
    here = session.current()
    here.class_total, here.class_drawn = int(found.counts.sum()), time.monotonic()
    is_over = there.state is ClassState.CLOSED
    every = None if is_over else _WALL_EVERY
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="invitation"):
        if not is_over:
            _invitation(there)
        with st.container(gap="small", width="content"):
            view.fragment(_counts, run_every=every)(there)
            if not is_over:
                _switches(there, model)
    wall, matrix = st.columns([3, 2], gap="medium")
    with wall:
        view.fragment(_wall, run_every=every)(there)
        on_canvas(there.number)
    with matrix:
        if here.class_total:  # as they were answered when they were sent
            results.confusion(found.counts[:, :CLASSES], "drawings")


def _invitation(there: Class) -> None:
    address = _ADDRESS.read("") or joining.page_address()
    if "//" not in address:
        address = f"http://{address}"
    link = f"{address.rstrip('/')}/?{joining.CODE_PARAMETER}={there.code}"
    st.image(canvas.png_address(joining.qr_code(link)), width=170, alt=f"QR code of {link}")
    with st.container(gap="small", width="content"):
        st.title(there.code.upper(), anchor=False)
        st.markdown(f"[{link.partition('//')[2]}]({link})")
        with st.popover("Another address", type="tertiary"):
            st.text_input(
                "Where phones find this page",
                address,
                key=_ADDRESS.key,
                max_chars=100,
                help="This machine may have several addresses in the network.",
            )
        if joining.only_here():
            st.markdown(":small[Only this machine reaches the page, by its --server.address.]")


def _counts(there: Class) -> None:
    found = _look(there, 0)
    if found is None:
        return
    total, right = int(found.counts.sum()), int(np.trace(found.counts))
    come = f"**{found.members}** joined" if found.members else "Nobody has joined yet"
    knocks = found.knocks
    at_door = f" · :orange-badge[{knocks} knock{'s' * (knocks == 1)}]" if knocks else ""
    share = f" · **{right / total:.0%}** read rightly as they came" if total else ""
    st.markdown(f"{come} · **{total:,}** drawing{'s' if total != 1 else ''}{share}{at_door}")
    here = session.current()
    grown = total != here.class_total and time.monotonic() - here.class_drawn > _REST_EVERY
    # Its time may be up, or another page of this host has changed it.
    if grown or found.there != there:
        st.rerun()


def _look(there: Class, most: int, known: Sequence[Kept] = ()) -> Survey | None:
    try:
        return classroom.survey(session.visitor(), there.number, most, known)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return None


def _switches(there: Class, model: SavedModel | None) -> None:
    ways = [("Pause", "class-pause", "pause", ClassState.PAUSED)]
    if there.state is ClassState.PAUSED:
        ways = [("Go on", "class-pause", "play_arrow", ClassState.OPEN)]
    ways.append(("Close", "class-close", "stop", ClassState.CLOSED))
    do, number = labelling.attempt, there.number
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for label, key, icon, state in ways:
            view.button(label, key, do, classroom.set_state, number, state, icon=icon)
        view.button(
            "Unlock" if there.locked else "Lock",
            "class-lock",
            do,
            classroom.set_locked,
            number,
            not there.locked,
            icon="lock_open" if there.locked else "lock",
            help="Nobody new gets in; who is in stays.",
        )
        view.fragment(seating.popover, run_every=_SEATS_EVERY)(there)
        answers = store.followed(there.model, there.model_id)
        title = there.model if answers is None else answers.title
        st.markdown(f":small[**{title}** answers there.]", width="content")
        if model is not None and (answers is None or model.name != answers.name):
            label, given = f"Let {model.title} answer", (number, model.name, model.id)
            view.button(label, "class-model", do, classroom.set_model, *given, type="primary")


def _wall(there: Class) -> None:
    """The latest drawings. Each keeps its place until a newer one takes it, so that what is about
    to be clicked does not move away."""
    here = session.current()
    if here.wall_clicked:
        here.wall_clicked = False
        st.rerun()  # the canvas, too
    found = _look(there, _WALL, here.wall)
    if found is None or not found.latest:
        return
    here.wall = found.latest
    first = int(found.counts.sum()) - len(found.latest)
    order = np.argsort((first + np.arange(len(found.latest))) % _WALL)
    kept = [found.latest[k] for k in order]

    def put(one: Kept) -> None:
        board.put_kept(one)
        here.wall_clicked = True

    gallery.drawings("wall", kept, put)


def on_canvas(class_number: int | None) -> None:
    """What can be done with the drawing that was put on the canvas."""
    shown = session.current().shown_drawing
    try:
        found = albums.some(session.visitor(), class_number, [shown]) if shown else []
    except labelling.PROBLEMS as error:
        view.error(str(error))
        return
    for one in found:
        with st.container(horizontal=True, gap="small"):
            if class_number is not None:
                do = labelling.attempt, collection.hide, shown, not one.hidden
                if one.hidden:
                    view.button(
                        f"Show this {one.label} again", "hide-drawing", *do, icon="visibility"
                    )
                else:
                    view.button(
                        f"Hide this {one.label}", "hide-drawing", *do, icon="visibility_off"
                    )
            label = f"Delete this {one.label}"
            view.button(label, "delete-drawing", labelling.delete, shown, icon="delete")
