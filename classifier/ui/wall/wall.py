"""The wall of a class, for the projector: a page of the host alone, beside the one that they keep.

It takes from the store what it lacks, twice a second, and sends the browser only what is new.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import streamlit as st

from classifier.people import albums, rounds, staging
from classifier.people.collection import Kept
from classifier.people.outcomes import Kind, Round, RoundState
from classifier.people.register import Class, ClassState, WayIn
from classifier.people.staging import Wall
from classifier.serving import store
from classifier.serving.saved import DamagedModelError
from classifier.serving.store import ModelNotFoundError
from classifier.ui import components, gallery, session, shared, view
from classifier.ui.board import canvas, labelling
from classifier.ui.classes import asking, hosting, joining, watching
from classifier.ui.classes.showing import PARAMETER
from classifier.ui.session import Widget
from classifier.ui.tabs import finetuning
from classifier.ui.wall import network

MOST = 300  # drawings on the wall
_ENOUGH = 5  # have joined, and there are drawings: how one joins is small from then on
_EVERY = 0.4  # seconds between two looks at the store
_COARSE = 0.8  # canvas pixels that a line on the wall may be beside the drawn one
_MOST_POINTS = 400  # of one drawing on the wall
_HERE, _KEY = Path(__file__).parent, "wall-of-the-class"
FILES = ("tiles", "painter", "round", "wall")  # each after those that it imports
_DRAWN = (Kind.DIGIT, Kind.FREE, Kind.FOOL)  # rounds of which the wall shows the drawings alone
_RANKS = 5  # members with the most points that it names
_CLOSED = "The class is over. Thank you for your drawings."


def is_meant() -> bool:
    """Whether the page's address asks for a wall."""
    return PARAMETER in st.query_params


def page() -> None:
    """The wall of the class that the address names, for its host."""
    session.current().be_in_class(None)
    try:
        there = staging.of_code(session.visitor(), st.query_params[PARAMETER])
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        st.link_button("Draw a digit", "?", type="primary")
        return
    on = _current(there.number)
    session.current().wall_living = _living(there, on)
    view.fragment(_look, run_every=_EVERY)(there.number)
    if session.current().wall_living:
        network.show(there)


def _current(number: int) -> Round | None:
    """The round that is on, as far as the store tells."""
    try:
        return rounds.current(session.visitor(), number)
    except labelling.PROBLEMS:
        return None  # which the next look tells


def _living(there: Class, on: Round | None) -> str:
    """Which model is shown as one picture; "" while the drawings are."""
    is_over = there.state is ClassState.CLOSED
    return f"{there.model} {there.model_id}" if there.living and not on and not is_over else ""


def _look(number: int) -> None:
    """Tell the browser how the class stands."""
    here, visitor = session.current(), session.visitor()
    pressed, here.wall_pressed = here.wall_pressed, ""
    try:
        if pressed:
            _press(staging.wall(visitor, number, 0), pressed)
        on = rounds.current(visitor, number)
        found = _found(number, on)
        if _living(found.there, on) != here.wall_living:
            st.rerun()  # with the picture, or without
        news = here.wall_told.news([one.number for one in found.latest])
        come = albums.some(visitor, number, news.come) if news.come else []
        last = "" if on else _last(found.there)
        around = _around(found) | {"round": on and _round(found, on), "last": last}
    except labelling.PROBLEMS as error:
        view.warning(str(error))  # what was shown stays
        return
    data = asdict(news) | {"come": [_drawing(one) for one in come]}
    _component()(
        key=_KEY,
        data=data | around,
        on_have_change=_note_have,
        on_press_change=_note_press,
    )


def _found(number: int, on: Round | None) -> Wall:
    """The class with the drawings that are to be seen: those of the round, or that it is about."""
    of_round = on.number if on is not None and on.kind in _DRAWN else None
    until = on.began if on is not None and on.kind is Kind.WATCH else None
    return staging.wall(session.visitor(), number, MOST, of_round, until)


def _last(there: Class) -> str:
    """What the class saw last: what a round showed, or what its network learned from it since."""
    began, said = rounds.last(session.visitor(), there.number)
    model = store.followed(there.model, there.model_id)
    learned = finetuning.of_class(model).replace("**", "") if model else ""
    since = datetime.fromtimestamp(began, UTC).isoformat()
    return learned if model and learned and model.meta.created > since else said


def _around(found: Wall) -> dict[str, Any]:
    """All but the drawings, as `wall.js` takes it."""
    there, counts = found.there, found.counts
    link, total = hosting.link_of(there), int(counts.sum())
    share = f" · {np.trace(counts) / total:.0%} read rightly as they came" if total else ""
    drawings = f"{total:,} drawing{'s' * (total != 1)}"
    said = f"{found.members} joined · {drawings}{share}"
    is_over = there.state is ClassState.CLOSED
    if is_over or there.state is ClassState.PAUSED:
        said = f"{_CLOSED if is_over else 'The class pauses.'} {drawings}{share}"
    return {
        "name": there.name or "Draw a digit",
        "code": there.code.upper(),
        "address": link.partition("//")[2].partition("/?")[0],
        "picture": canvas.png_address(joining.qr_code(link)),
        "way_in": "none" if is_over else _way_in(found).value,
        "said": said,
        "hint": "" if total or is_over else "What you draw appears here.",
        "words": f"{there.name or 'The class'}: {said}",
        "counts": counts.tolist() if there.results else None,
        "living": session.current().wall_living != "",
    }


def _round(found: Wall, on: Round) -> dict[str, Any]:
    """The round that is on, as `round.js` takes it."""
    there = found.there
    ranks: list[tuple[str, int]] = []
    if on.kind is Kind.FOOL and on.state is RoundState.SHOWN:
        ranks = rounds.points(session.visitor(), there.number, on)[:_RANKS]
    watch = _watch(found, on) if on.kind is Kind.WATCH else None
    return {
        "task": asking.task(on),
        "count": watch["count"] if watch else asking.so_far(on).rpartition(" · ")[0],
        "age": on.age,
        "guess": _guess(there, on) if on.kind is Kind.GUESS else None,
        "ranks": ranks,
        "watch": watch,
    }


def _watch(found: Wall, on: Round) -> dict[str, Any]:
    """The network that learns, as `round.js` and `wall.js` take it."""
    scene = watching.look(found.there, on, {one.number for one in found.latest})
    count = scene.doing
    if scene.right and on.state is RoundState.OPEN:
        count += f" · {scene.right[-1][1]} of {scene.total} read rightly"
    return {
        "count": count if on.state is RoundState.OPEN else "",
        "told": watching.told(found.there, on),
        "epochs": [[epoch, right] for epoch, right in scene.right],
        "total": scene.total,
        "answers": scene.answers,
    }


def _guess(there: Class, on: Round) -> dict[str, Any] | None:
    """The drawing that is guessed; what it is, and who says what, once that is shown."""
    one = rounds.guessed(session.visitor(), there.number, on)
    if one is None:
        return None
    drawing = _drawing(one)
    shown: dict[str, Any] = {"answer": None, "votes": None, "network": None}
    if on.state is RoundState.SHOWN:
        votes = rounds.votes(session.visitor(), there.number, on).tolist()
        shown = {"answer": one.label, "votes": votes, "network": _network(there, one)}
    return {"strokes": drawing["strokes"], "pen": drawing["pen"]} | shown


def _network(there: Class, one: Kept) -> list[float] | None:
    """The ten probabilities that the class's model gives."""
    model, image = store.followed(there.model, there.model_id), gallery.network_input(one)
    if model is None or image is None:
        return None
    try:
        return shared.ask(model, image).astype(float).round(4).tolist()
    except (DamagedModelError, ModelNotFoundError):
        return None


def _way_in(found: Wall) -> WayIn:
    """How large it is now."""
    if found.there.way_in is not WayIn.AUTO:
        return found.there.way_in
    return WayIn.SMALL if found.members >= _ENOUGH and found.counts.any() else WayIn.LARGE


def _press(found: Wall, what: str) -> None:
    """Do what a key of the wall is for."""
    there, visitor = found.there, session.visitor()
    if what == "results":
        staging.set_results(visitor, there.number, not there.results)
    elif what == "living":
        staging.set_living(visitor, there.number, not there.living)
    elif what == "way-in":
        is_large = _way_in(found) is WayIn.LARGE
        staging.set_way_in(visitor, there.number, WayIn.SMALL if is_large else WayIn.LARGE)


def _drawing(one: Kept) -> dict[str, Any]:
    """A drawing as `wall.js` takes it: its lines with no more points than are seen."""
    room, strokes = _MOST_POINTS, []
    for stroke in one.strokes:
        points = cv2.approxPolyDP(np.ascontiguousarray(stroke, np.float32), _COARSE, closed=False)
        points = points.reshape(-1, 2)[:room]
        room -= len(points)
        if len(points):
            strokes.append(points.ravel().astype(float).round(1).tolist())
    return {
        "number": one.number,
        "label": one.label,
        "answer": one.answer,
        "doubt": int(one.doubt),
        "pen": round(float(one.pen), 1),
        "strokes": strokes,
    }


def _note_have() -> None:
    session.current().wall_told.confirm(_said("have"))


def _note_press() -> None:
    session.current().wall_pressed = str(_said("press"))[:20]


def _said(event: str) -> object:
    sent = Widget[Any](_KEY).read(None)
    return sent.get(event) if isinstance(sent, Mapping) else None


@st.cache_resource
def _component():
    return components.component("digit-wall", _HERE, FILES)
