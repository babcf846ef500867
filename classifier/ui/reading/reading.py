"""The picture that was brought, on the page: a box around each digit that was read, coloured by how
sure the answer is, and what was left out, struck. A click puts a digit on the board; what is typed
over one corrects it; what is kept goes where drawings go.

The picture is sent when it changes; the boxes, which are small, whenever the page is drawn.
"""

import base64
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.database.interface import CollectionError
from classifier.people import classroom, collection
from classifier.people.collection import Doubt, Labelled
from classifier.serving.holding import Held
from classifier.serving.predict import Predictor
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import charts, components, session, shared
from classifier.ui.board import labelling
from classifier.ui.reading import brought
from classifier.ui.reading.brought import Asked, Brought, Cut, Digit, NotUnderstoodError, Read
from classifier.ui.reading.viewing import WHOLE
from classifier.ui.session import Widget

_HERE = Path(__file__).parent
FILES = ("boxes", "cropping", "tilting", "queue", "reading")  # each after those it imports
_LINK_KEY = "reading-link"
# What is asked for of a picture that seems to be held so, and what its button says.
_HELD = {
    Held.UPSIDE_DOWN: ("round", "Turn it round"),
    Held.LEFT: ("right", "Turn it right"),
    Held.RIGHT: ("left", "Turn it left"),
    Held.MIRRORED: ("mirror", "Mirror it"),
}
Kept = dict[str, tuple[int, int]]  # labels and numbers of what was kept, by ids


def show(model: SavedModel | None) -> None:
    """The picture that this session has brought, if it shows one, as this model reads it."""
    here = session.current()
    if here.brought is None:
        return
    try:
        predictor = None if model is None else shared.predictor(model.name, model.checksum)
    except (DamagedModelError, ModelNotFoundError):
        predictor = None  # which the board tells
    if predictor is None or model is None:
        here.brought.rest()
        _put_on_board(here.brought, None)
        return
    if here.asked_of_picture is not None:
        asked, here.asked_of_picture = here.asked_of_picture, None
        with contextlib.suppress(NotUnderstoodError):
            _take_in(asked, here.brought, predictor, model)
    if here.brought is None:
        return
    read = here.brought.read(predictor, shared.detector(), shared.pairs())
    if not here.brought.is_on_board:
        _put_on_board(here.brought, read)
    with st.container(key="reading"):
        with st.container(key="reading-parts"):
            _parts()(data=_picture(here.brought), key="reading-picture")
        _link()(
            key=_LINK_KEY,
            data=told(here.brought, read, _kept(here.brought)),
            on_asked_change=_note_asked,
        )


def _put_on_board(picture: Brought, read: Read | None) -> None:
    """Make all of a picture the current drawing: its one digit, or, of several, an empty canvas, on
    which one can draw, with their bars beside it."""
    here = session.current()
    picture.is_on_board = True
    image = picture.prepared.network_input if read is None else read.prepared.network_input
    if image is None:
        here.sketch.empty()
        return
    if read is not None and len(read.digits) > 1:
        image = np.zeros_like(image)
    here.sketch.put(image, f"From {picture.name}.", photo=picture)


def _choose(picture: Brought, read: Read, number: int | None) -> None:
    """Put one digit on the board, or all of the picture."""
    picture.chosen = number
    if number is None:
        _put_on_board(picture, read)
        return
    digit = read.digits[number]
    caption = f"Line {digit.part.line + 1}, digit {digit.place + 1} of {picture.name}."
    cut = Cut(digit.snippet, picture.sheet)
    session.current().sketch.put(digit.image, caption, cut=cut)


def _picture(picture: Brought) -> dict[str, Any]:
    address = "data:image/jpeg;base64," + base64.b64encode(picture.shown).decode()
    return {"picture": address, "wide": picture.width, "high": picture.height}


def told(picture: Brought, read: Read, kept: Kept) -> dict[str, Any]:
    """What the browser is told of a picture besides its pixels, as `reading.js` takes it."""
    text = picture.text(read)
    boxes = [_box(picture, digit, kept) for digit in read.digits]
    return {
        "of": picture.number,
        "sheet": picture.sheet,
        "done": picture.done,
        "name": picture.name,
        "said": _in_words(read, text),
        "problem": read.problem,
        "text": text,
        "boxes": boxes,
        "left": [{"box": _rounded(one.box), "why": one.why} for one in read.left_out],
        "chosen": picture.chosen,
        "cropped": picture.view.crop != WHOLE,
        "mirrored": picture.view.mirrored,
        "tilt": picture.view.tilt,
        "held": read.held and (f"It looks {read.held.value}.", *_HELD[read.held]),
        "answers": session.current().label_problem,
        "keep": "Keep" if session.current().there is None else "Send",
    }


def _in_words(read: Read, text: str) -> str:
    """How much was read, and how much was left out."""
    lines, digits, left = text.count("\n") + 1, len(read.digits), len(read.left_out)
    if not digits:
        return ""
    words = f"{digits:,} digit{'s' * (digits != 1)}"
    if lines > 1:
        words = f"{lines} lines, {words}"
    return words + f", {left} mark{'s' * (left != 1)} left out" * bool(left)


def _box(picture: Brought, digit: Digit, kept: Kept) -> dict[str, Any]:
    read = digit.part.digit
    there = _kept_as(digit, kept)
    return {
        "box": _rounded(digit.box),
        "digit": picture.label(digit),
        "read": read,
        "surely": charts.percent(float(digit.part.probabilities[read])),
        "level": digit.level,
        "line": digit.part.line,
        "number": digit.part.number,
        "place": digit.place,
        "kept": None if there is None else there[0],
    }


def _rounded(box: tuple[float, ...]) -> list[float]:
    return [round(side, 4) for side in box]


def _kept(picture: Brought) -> Kept:
    try:
        number = session.current().class_number
        return collection.of_sheet(session.visitor(), number, picture.sheet)
    except CollectionError:
        return {}  # which is told where something is kept


def _kept_as(digit: Digit, kept: Kept) -> tuple[int, int] | None:
    """As what a digit is kept, and by which number."""
    if not kept:
        return None
    there = session.current().class_number
    for label in range(CLASSES):
        found = kept.get(collection.picture_id(digit.snippet, label, there))
        if found is not None:
            return found
    return None


def _note_asked() -> None:
    sent = Widget[Any](_LINK_KEY).read(None)
    asked = sent.get("asked") if isinstance(sent, Mapping) else None
    session.current().asked_of_picture = asked


def _take_in(sent: object, picture: Brought, predictor: Predictor, model: SavedModel) -> None:
    """Do what the browser asks for. Raises NotUnderstoodError; then nothing has changed."""
    read = picture.read(predictor, shared.detector(), shared.pairs())
    asked = brought.understood(sent, picture, len(read.digits))
    here = session.current()
    here.label_problem = ""
    if asked.what == "choose":
        _choose(picture, read, asked.digit)
    elif asked.what == "close":
        here.brought = None
    elif asked.is_view:
        here.pictures += 1
        picture.look(here.pictures, asked)
    elif asked.what in ("keep-all", "take-all-back"):
        _all(asked, picture, read, model)
    elif asked.digit is not None:
        _one(asked, asked.digit, picture, read, model)


def _one(asked: Asked, number: int, picture: Brought, read: Read, model: SavedModel) -> None:
    """Correct a digit, keep it, or take it back."""
    digit = read.digits[number]
    if asked.what == "take-back":
        there = _kept_as(digit, _kept(picture))
        if there is not None:
            labelling.delete(there[1])
        return
    if asked.label is not None:
        picture.labels[digit.digest] = asked.label
    if picture.chosen != number:
        _choose(picture, read, number)
    if asked.what == "keep":
        labelling.say(picture.label(digit), model)


def _all(asked: Asked, picture: Brought, read: Read, model: SavedModel) -> None:
    """Keep all digits, each as what it is, or take all back that were kept."""
    here, who = session.current(), session.visitor()
    kept, there = _kept(picture), here.class_number
    try:
        if asked.what == "take-all-back":
            collection.remove_sent(who, list(kept))
            here.kept = None
            return
        # Those that are kept as another digit give way.
        many = [_labelled(picture, digit, model) for digit in read.digits]
        mine = {found for digit in read.digits if (found := _kept_as(digit, kept))}
        others = [one for one, found in kept.items() if found in mine]
        others = [one for one in others if one not in {drawing.id for drawing in many}]
        if others:
            collection.remove_sent(who, others)
        if there is None:
            collection.keep_all(who, [(0, drawing) for drawing in many])
            return
        for drawing in many:
            classroom.send(who, there, drawing)
    except labelling.PROBLEMS as error:
        here.label_problem = str(error)


def _labelled(picture: Brought, digit: Digit, model: SavedModel) -> Labelled:
    label, there = picture.label(digit), session.current().class_number
    known_by = collection.picture_id(digit.snippet, label, there)
    doubt = Doubt.NONE if digit.is_digit else Doubt.NO_DIGIT
    answer = digit.part.digit
    return collection.of_snippet(
        digit.snippet, label, picture.sheet, known_by, answer, model.name, doubt
    )


@st.cache_resource
def _parts():
    """The picture itself; sent when it changes."""
    return components.component("read-picture", _HERE, FILES)


@st.cache_resource
def _link():
    return components.link("read-picture-link", "reading")
