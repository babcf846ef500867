"""A class as its host sees it: the way in, who has joined, and what they draw as it arrives."""

import time
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.names import SHIPPED_ARTICLE
from classifier.people import classroom, rounds, staging
from classifier.people.classroom import Survey
from classifier.people.register import Class, ClassState
from classifier.serving import store
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import results, session, view
from classifier.ui.board import canvas, labelling
from classifier.ui.classes import arriving, joining, playing, seating, showing
from classifier.ui.session import Widget

_CHOICE, _ADDRESS = Widget[int]("whose-drawings"), Widget[str]("class-address")
_NAME = Widget[str]("class-name")
# It is what the host and the class look for once there is a class.
_SHOW_WAY_IN = """
<script>document.querySelector(".st-key-invitation").scrollIntoView({block: "center"})</script>
"""
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
    return f"{called(there)} · {opened.day} {opened:%b %H:%M}{state_of}"


def called(there: Class) -> str:
    """What a class is called, with its code: by that two of one name are told apart."""
    return f"{there.name or 'Class'} {there.code.upper()}"


def ways_in(chosen: Class | None, model: SavedModel | None) -> None:
    """Buttons to open a class, to join one, and to delete one that is over."""
    first = _first_to_answer(model)
    view.button(
        "Open a class",
        "class-open",
        _open,
        first,
        icon="groups",
        help="Others join from their phones, and what they draw arrives here."
        + (f" {first.title} answers: it has much to learn from them." if first else ""),
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


def _first_to_answer(model: SavedModel | None) -> SavedModel | None:
    """Who answers in a new class: the article's network in place of a shipped one, which has least
    to gain from the class's own drawings; a model that was trained here stays."""
    if model is None or not model.shipped:
        return model
    try:
        return store.get(SHIPPED_ARTICLE)
    except (DamagedModelError, ModelNotFoundError):
        return model


def _open(model: SavedModel) -> None:
    _CHOICE.forget()  # the newest class
    labelling.attempt(classroom.open_class, model.name, model.id)
    here = session.current()
    if not here.label_problem:
        here.answer_with(model.name)  # host and class look at the same network
        here.class_opened = True


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
    if is_over:
        playing.past(there)
    else:
        view.fragment(playing.panel, run_every=playing.EVERY)(there)
    wall, matrix = st.columns([3, 2], gap="medium")
    with wall:
        view.fragment(arriving.wall, run_every=every)(there)
    with matrix:
        if here.class_total:  # as they were answered when they were sent
            results.confusion(found.counts[:, :CLASSES], "drawings")
    if here.class_opened:
        here.class_opened = False
        st.html(_SHOW_WAY_IN, unsafe_allow_javascript=True)


def _invitation(there: Class) -> None:
    link = link_of(there)
    address = link.rpartition("/?")[0]
    st.image(canvas.png_address(joining.qr_code(link)), width=170, alt=f"QR code of {link}")
    with st.container(gap="small", width="content"):
        st.title(there.code.upper(), anchor=False)
        st.markdown(f"[{link.partition('//')[2]}]({link})")
        with st.popover("Name and address", type="tertiary"):
            st.text_input(
                "What the class is called",
                there.name,
                key=_NAME.key,
                max_chars=staging.LONGEST_NAME,
                on_change=_call,
                args=(there.number,),
                help="It stands on phones and on the wall.",
            )
            st.text_input(
                "Where phones find this page",
                address,
                key=_ADDRESS.key,
                max_chars=staging.LONGEST_ADDRESS,
                on_change=_find,
                args=(there.number,),
                help="This machine may have several addresses in the network.",
            )
        if joining.only_here():
            st.markdown(":small[Only this machine reaches the page, by its --server.address.]")


def link_of(there: Class) -> str:
    """The address that joins this class, as phones find the page."""
    address = there.address or joining.page_address()
    if "//" not in address:
        address = f"http://{address}"
    return f"{address.rstrip('/')}/?{joining.CODE_PARAMETER}={there.code}"


def _counts(there: Class) -> None:
    found = arriving.look(there, 0)
    if found is None:
        return
    total, right = int(found.counts.sum()), int(np.trace(found.counts))
    come = f"**{found.members}** joined" if found.members else "Nobody has joined yet"
    knocks = found.knocks
    at_door = f" · :orange-badge[{knocks} knock{'s' * (knocks == 1)}]" if knocks else ""
    share = f" · **{right / total:.0%}** read rightly as they came" if total else ""
    wait = f" · :orange-badge[{found.waiting} to look at]" if found.waiting else ""
    st.markdown(f"{come} · **{total:,}** drawing{'s' if total != 1 else ''}{share}{wait}{at_door}")
    here = session.current()
    grown = total != here.class_total and time.monotonic() - here.class_drawn > _REST_EVERY
    # Its time may be up, or another page of this host has changed it.
    if grown or found.there != there:
        st.rerun()


def _switches(there: Class, model: SavedModel | None) -> None:
    ways = [("Pause", "class-pause", "pause", ClassState.PAUSED)]
    if there.state is ClassState.PAUSED:
        ways = [("Go on", "class-pause", "play_arrow", ClassState.OPEN)]
    do, number = labelling.attempt, there.number
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for label, key, icon, state in ways:
            view.button(label, key, do, classroom.set_state, number, state, icon=icon)
        with st.popover("Close", icon=":material/stop:", key="close"):
            st.markdown(
                "Nobody can draw there any more, and it cannot be opened again. Its drawings stay "
                "with you."
            )
            view.button("Close the class", "class-close", do, rounds.close, number, type="primary")
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
        showing.popover(there)
        view.fragment(seating.popover, run_every=_SEATS_EVERY)(there)
        answers = store.followed(there.model, there.model_id)
        title = there.model if answers is None else answers.title
        st.markdown(f":small[**{title}** answers there.]", width="content")
        if model is not None and (answers is None or model.name != answers.name):
            label, given = f"Let {model.title} answer", (number, model.name, model.id)
            view.button(label, "class-model", do, classroom.set_model, *given, type="primary")


def _find(number: int) -> None:
    labelling.attempt(staging.set_address, number, _ADDRESS.read(""))


def _call(number: int) -> None:
    labelling.attempt(staging.set_name, number, _NAME.read(""))
