"""The page of those who joined a class, made for thumbs: canvas, answer, "it is a …". And how they
find it: the page's address in the local network, a QR code of it, the class's code."""

import contextlib
import socket
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import cv2
import numpy as np
import streamlit as st

from classifier.database.interface import CollectionError
from classifier.people import classroom, entering
from classifier.people.collection import Kept
from classifier.people.entering import Knock, ShutOutError
from classifier.people.register import Class, ClassState
from classifier.serving import store
from classifier.serving.saved import SavedModel
from classifier.ui import gallery, session, view
from classifier.ui.board import board, bringing, labelling
from classifier.ui.board.board import Row
from classifier.ui.classes import asking
from classifier.ui.pulse import Pulse
from classifier.ui.reading import reading
from classifier.ui.tabs import finetuning

CODE_PARAMETER = "class"  # in the address of the page that joins one
_QUIET_ZONE = 2  # modules of paper around a QR code, besides the two that OpenCV leaves
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = 20  # characters of a code, as it is typed
_LOOK_EVERY = 3.0  # seconds between two looks at what was sent, and at whether the class goes on
PULSE = Pulse()


def is_meant() -> bool:
    """Whether the page's address asks for a class."""
    return CODE_PARAMETER in st.query_params


def page() -> None:
    """Join the class that the address names, and draw for it."""
    code = st.query_params[CODE_PARAMETER]
    try:
        there = _enter(code)
    except ShutOutError as error:
        session.current().be_in_class(None)
        view.warning(str(error))
        _at_the_door(code, error.number)
        return
    except CollectionError as error:
        view.warning(str(error))
        view.fragment(_look_again, run_every=_LOOK_EVERY)(code)
        return
    except labelling.PROBLEMS as error:
        _ask_for_code(str(error))
        return
    PULSE.follow(there.number)
    is_over = there.state is ClassState.CLOSED
    on = session.current().class_round = None if is_over else asking.current(there)
    # One element, whatever it has: the board below stays where it is in the page, and with it the
    # stroke that is being drawn.
    is_drawn = not is_over and asking.is_drawn(on)
    with st.container(key="above-board"):
        with st.container(horizontal=True, vertical_alignment="center", key="who-draws"):
            st.markdown(_welcome(there))
            if is_drawn:
                bringing.picture()
        model = _model(there)
        if on is not None:
            asking.ask(on)
        if model is not None:
            _what_it_changed(there, model)
        if is_drawn:
            reading.show(model)
    if is_drawn:
        row, press = partial(_row, there), partial(_press, there=there, model=model)
        with st.container(key="thumbs"):
            board.board(model, lambda: board.alone, row, press)
    elif on is not None:
        asking.answering(there, on)
    view.fragment(_own, run_every=None if is_over else _LOOK_EVERY)(there)
    with st.container(horizontal=True):
        view.button(f"Leave class {there.code.upper()}", "class-leave", _leave, type="tertiary")
        if not is_over:
            before = st.popover(
                "I had another seat", type="tertiary", key="another-seat", on_change="rerun"
            )
            if before.open:
                with before:
                    st.markdown(
                        "After a lost cookie, or on another device, your host can give you your "
                        "seat back, with all that you sent."
                    )
                    _door(code, there.number)


def _welcome(there: Class) -> str:
    """Which class it is, who one is in it, and what to do."""
    name = there.name or f"class {there.code.upper()}"
    if there.state is ClassState.CLOSED:
        return f"**{there.seat}**, the class is over. Thank you for your drawings for {name}."
    return f"Welcome to **{name}**. You are **{there.seat}**."


def _enter(code: str) -> Class:
    """The class, as it stood before where the store does not answer: whoever draws goes on."""
    here, visitor = session.current(), session.visitor()
    there = here.there
    if there is not None and there.code == code.strip().lower():
        with contextlib.suppress(LookupError):  # deleted meanwhile
            with contextlib.suppress(CollectionError):  # which is told where something is sent
                there = classroom.joined(visitor, there.number)
            here.be_in_class(there)
            return there
    there = entering.join(visitor, code, _address())
    here.be_in_class(there)
    return there


def _look_again(code: str) -> None:
    """Have the page drawn anew once the store answers."""
    try:
        _enter(code)
    except CollectionError:
        return
    except labelling.PROBLEMS:
        pass  # which the page tells
    st.rerun()


def _address() -> str:
    """Where the visitor comes from."""
    return st.context.ip_address or "this machine"


def _ask_for_code(problem: str) -> None:
    session.current().be_in_class(None)
    view.warning(problem)
    code_form("The class’s code", "primary")
    view.button("Draw without a class", "class-leave", _leave, type="tertiary")


def _at_the_door(code: str, number: int) -> None:
    """What is left to whoever has the code and does not get in."""
    st.markdown("You can knock: your host sees it, and may let you in.")
    with st.container(key="door"):
        _door(code, number)
        if session.current().label_problem:
            view.warning(session.current().label_problem)
    view.fragment(_come_in, run_every=_LOOK_EVERY)(code, _standing(number))
    view.button("Draw without a class", "class-leave", _leave, type="tertiary")


def _door(code: str, number: int) -> None:
    """Knock, or wait for what comes of it."""
    stands = _standing(number)
    if stands is None:
        knock, address = labelling.attempt, _address()
        view.button("Knock", "knock-here", knock, entering.knock, code, address, type="primary")
    elif stands.refused:
        st.markdown("Your host has not let you in. In ten minutes you can knock again.")
    else:
        st.markdown(f"You knock as **{stands.name}**. Tell your host who that is.")


def _standing(number: int) -> Knock | None:
    try:
        return entering.standing(session.visitor(), number)
    except CollectionError:
        return None  # which the next look tells


def _come_in(code: str, stood: Knock | None) -> None:
    """Enter as soon as the host lets one, and have the page drawn anew whenever they answer."""
    try:
        entering.join(session.visitor(), code, _address())
    except ShutOutError as error:
        if _standing(error.number) == stood:
            return
    except CollectionError:
        return  # the next look may succeed
    except labelling.PROBLEMS:
        pass  # which the page tells
    st.rerun()


def _model(there: Class) -> SavedModel | None:
    model = store.followed(there.model, there.model_id)
    if model is None:
        st.warning("The model that answered here is gone: ask for another. Drawings are kept.")
    return model


def _leave() -> None:
    session.current().be_in_class(None)
    del st.query_params[CODE_PARAMETER]


def _row(there: Class) -> Row:
    sent, problem = labelling.what_was_kept("Sent"), session.current().label_problem
    on = session.current().class_round
    if there.state is ClassState.PAUSED:
        return Row("The class pauses.", labels=False, samples=False, kept=sent, problem=problem)
    if there.silenced:
        silent = "The host takes no drawings from you now."
        return Row(silent, labels=False, samples=False, kept=sent, problem=problem)
    if on is not None and on.digit is not None:
        so_far = f"{on.drawn:,} so far"
        send = f"Send my {on.digit}"
        return Row(so_far, labels=False, samples=False, send=send, kept=sent, problem=problem)
    return Row("Send it as a", samples=False, kept=sent, problem=problem)


def _press(name: str, there: Class, model: SavedModel | None) -> bool:
    """Send the drawing, or what was brought, or take the last back; the canvas is free for the
    next."""
    here = session.current()
    was_brought = here.brought is not None  # which tells what of it was sent
    action, digit = labelling.digit_of(name)
    if name == "send" and here.class_round is not None:
        action, digit = "label", here.class_round.digit
    if action == "label" and digit is not None:
        labelling.say(digit, model)
        if not here.label_problem:
            here.sketch.empty()
            if here.brought is not None and here.brought.only is not None:
                here.brought = None  # of several digits others may be sent
            if here.class_round is not None:  # which has one more now
                here.class_round = asking.current(there)
    elif name == "take-back":
        labelling.take_back()
    return was_brought


def _what_it_changed(there: Class, model: SavedModel) -> None:
    if model.meta.metrics.tuned is not None:
        with contextlib.suppress(*labelling.PROBLEMS):  # which are told below
            own = classroom.own_drawings(session.visitor(), there.number)
            finetuning.what_it_changed(model, own)


def _own(there: Class) -> None:
    """What this member sent, of which they delete what they like. As this looks again and again, it
    has the page drawn anew when the class pauses, goes on, ends, or another model answers."""
    mine = st.expander("What I sent", key="own-drawings", on_change="rerun")
    kept: list[Kept] = []
    here = session.current()
    try:
        now = classroom.joined(session.visitor(), there.number)
        if here.kept and not classroom.is_there(session.visitor(), here.kept.number):
            gone, here.kept = here.kept.label, None
            here.label_problem = f"Your host has deleted this {gone}."
            st.rerun()
        if mine.open:
            kept = classroom.own_drawings(session.visitor(), there.number)
    except CollectionError as error:
        mine.warning(view.without_paths(str(error)))  # the next look may succeed
        return
    except LookupError:
        now = None  # deleted by its host
    if now != there:
        st.rerun()
    if mine.open:
        with mine:
            st.caption("A click deletes one." if kept else "Nothing yet.")
            gallery.drawings("own", kept[::-1], lambda one: labelling.delete(one.number))


def page_address() -> str:
    """The address of this page, as the browser knows it, or, where that has a name which only this
    machine understands, with the machine's own in the local network."""
    found = urlsplit(st.context.url or "http://localhost:8501")
    if found.hostname not in _LOOPBACK or only_here():
        return f"{found.scheme}://{found.netloc}{found.path}"
    port = f":{found.port}" if found.port else ""
    return f"{found.scheme}://{lan_address() or found.hostname}{port}{found.path}"


def code_form(label: str, kind: Literal["primary", "secondary"]) -> None:
    """A field for a class's code, and a button of that kind that opens the page which joins it."""
    with st.form("join", border=False):
        code = st.text_input(label, max_chars=_LONGEST)
        if st.form_submit_button("Join", type=kind) and code.strip():
            st.query_params.from_dict({CODE_PARAMETER: code.strip()})
            st.rerun()


def only_here() -> bool:
    """Whether the server was told to listen to this machine alone."""
    return st.get_option("server.address") in _LOOPBACK


def lan_address() -> str | None:
    """This machine's IPv4 address in the local network, or None if it has none. Nothing is sent."""
    candidates = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # of a block that belongs to nobody (RFC 5737)
            candidates.append(asked.getsockname()[0])
        except OSError:  # a network with no way out
            pass
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        candidates += [item[4][0] for item in found]
    except OSError:
        pass
    return next((one for one in candidates if not one.startswith("127.")), None)


@st.cache_data(max_entries=20, show_spinner=False)
def qr_code(text: str) -> np.ndarray:
    """A QR code of a text, (side, side) uint8, 8 pixels for each module, with its quiet zone."""
    modules = cv2.QRCodeEncoder.create().encode(text)
    return np.pad(modules, _QUIET_ZONE, constant_values=255).repeat(8, axis=0).repeat(8, axis=1)
