"""The board on the page: the canvas, the ear beside it, and the link that carries their messages.

What a message changes is a fragment of one small element, so that an answer costs one message each
way; while the pen moves, `moving` answers, and nothing is drawn anew. Where the ear is off, the
canvas component sends by itself, after each stroke.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from classifier.config import CANVAS, CANVAS_PEN, CLASSES
from classifier.ink import snippets
from classifier.people.collection import MAX_POINTS, MAX_STROKES, Kept
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.synthetic import handwriting
from classifier.ui import charts, components, figures, session, shared, view
from classifier.ui.board import answering, canvas
from classifier.ui.board.answering import Reading
from classifier.ui.board.sketch import NotUnderstoodError, Sketch
from classifier.ui.gallery import Item
from classifier.ui.living import living
from classifier.ui.reading.brought import Cut
from classifier.ui.session import Widget
from classifier.ui.sidebar.run import POLL

_HERE = Path(__file__).parent
FILES = ("strokes", "face", "pen", "post", "board")  # each after those it imports
_INK, _PAPER = "#ffffff", "#000000"  # of the component's own drawing, as in MNIST
_HEAD_START = 0.3  # seconds in which the browser has only the board to set up
_HEAD_START_OF_ANSWER = 0.06  # seconds in which it has only the answer to draw
_CANVAS_KEY, _LINK_KEY = "canvas", "board-link"
# Another network that is asked about a network input: its name, and ten probabilities; or None.
# Called in any thread.
Second = Callable[[np.ndarray], tuple[str, np.ndarray] | None]


@dataclass(frozen=True)
class Row:
    """What stands beside the tools, as `board.js` takes it; empty texts are not shown.

    ask: a question; labels: whether ten buttons answer it; samples: whether ten digits can be tried
    send: what the one button says that sends the drawing where its label is known
    round: how much of a guided round is done; kept: how the last drawing was stored; problem: what
    could not be done
    """

    ask: str
    labels: bool = True
    samples: bool = True
    send: str = ""
    round: str = ""
    kept: str = ""
    problem: str = ""


def board(
    model: SavedModel | None,
    second: Callable[[], Second],
    row: Callable[[], Row],
    press: Callable[[str], bool],
) -> None:
    """Canvas, answer, tools and labels; `model` answers, or nothing does if it is None.

    second: gives what else is asked now, see `Second`
    row: what stands beside the tools
    press: does what a button of the row is for, by its name; says whether the rest of the page has
    to be drawn anew
    """
    here = session.current()
    with st.container(key="room"), st.container(key="board"):
        if here.ear_off:
            _canvas(here)
            _plain(model, row(), press)
        else:
            with st.container(key="board-parts"):
                _parts()(data=_constants(), key="board-ear")
            _canvas(here)
            every = POLL if here.training else None
            view.fragment(_answer, run_every=every)(model, second, row, press)
    if not here.greeted:
        time.sleep(_HEAD_START)
        here.greeted = True


def alone(image: np.ndarray) -> None:
    """The `Second` that says nothing."""


def put(item: Item) -> None:
    """Make the network input that a gallery shows the current drawing; its sentence goes along."""
    session.current().sketch.put(item.image, item.sentence)


def put_kept(one: Kept) -> None:
    """Make a drawing of a collection the current drawing; the session knows which it is."""
    here = session.current()
    here.shown_drawing = one.number
    image = None if one.snippet is None else snippets.prepared(one.snippet).network_input
    if image is None or one.snippet is None:
        here.sketch.put_strokes(one.strokes, one.pen)
    else:
        here.sketch.put(image, "It came as a picture.", cut=Cut(one.snippet, one.sheet))


def _sample(digit: int) -> list[np.ndarray]:
    """A digit that nobody takes for another: the plainest 1 has a flag that is nearly a 7's hat."""
    return handwriting.sample_digit(digit, "short flag" if digit == 1 else "")


def put_sample(digit: int) -> None:
    """Make a sample of this digit the current drawing."""
    low, side = 0.18 * CANVAS, 0.64 * CANVAS
    strokes = [stroke * side + low for stroke in _sample(digit)]
    session.current().sketch.put_strokes(strokes)


@cache
def _constants() -> dict:
    """What the ear is told once: how much it may draw, and the answer to nothing."""
    nothing = Sketch()
    blank = answering.shown(answering.read(nothing, None, None), nothing, ["", ""], None)
    return {"limits": {"strokes": MAX_STROKES, "points": MAX_POINTS}, "blank": blank}


@st.cache_resource
def _parts():
    """The ear with all that it shows; sent once for each page."""
    return components.component("digit-board", _HERE, FILES, _markup())


@st.cache_resource
def _link():
    return components.link("digit-board-link", "board")


def _markup() -> str:
    def button(name: str, digit: int, text: str) -> str:
        return (
            f'<div class="st-key-{name}-{digit}"><button type="button" data-press="{name}-{digit}" '
            f'data-key="{digit}" data-key-of="{name}s">{text}</button></div>'
        )

    digits = range(CLASSES)
    labels = "".join(button("label", digit, str(digit)) for digit in digits)
    samples = "".join(button("sample", digit, _sample_picture(digit)) for digit in digits)
    markup = (_HERE / "board.html").read_text()
    return markup.replace("<!--labels-->", labels).replace("<!--samples-->", samples)


def _sample_picture(digit: int) -> str:
    lines = "".join(
        '<polyline points="' + " ".join(f"{x * 20 + 6:.1f},{y * 20 + 6:.1f}" for x, y in s) + '"/>'
        for s in _sample(digit)
    )
    return f'<svg viewBox="0 0 32 32" role="img" aria-label="sample {digit}">{lines}</svg>'


def _canvas(here: session.Session) -> None:
    """The canvas component, which draws and sends by itself only where no ear keeps it from it."""
    from streamlit_drawable_canvas import st_canvas  # can be imported by a running page alone

    sketch = here.sketch
    if here.ear_off and (sketch.command or here.loaded is None):
        objects = [] if sketch.image is None else [canvas.object_of_image(sketch.image.image)]
        objects += canvas.objects_of(sketch.lines, sketch.pen, _INK)
        here.loaded = {"objects": objects, "revision": sketch.drawing}
        sketch.command = None
    st_canvas(
        stroke_width=CANVAS_PEN,
        stroke_color=_INK,
        background_color=_PAPER if here.ear_off else "",  # else the slate is seen
        width=CANVAS,
        height=CANVAS,
        initial_drawing=here.loaded or {"objects": []},
        key=_CANVAS_KEY,
        on_change=_note_sent,
    )


def _note_sent() -> None:
    """The component has sent by itself, so no ear hears it."""
    here = session.current()
    here.ear_off = True
    taken = canvas.taken(Widget[Any](_CANVAS_KEY).read(None))
    if taken is not None:
        here.sketch.drawn(*taken)


def _note_said() -> None:
    sent = Widget[Any](_LINK_KEY).read(None)
    session.current().heard = sent.get("said") if isinstance(sent, Mapping) else None


def _note_failure() -> None:
    session.current().ear_off = True


def _answer(
    model: SavedModel | None,
    second: Callable[[], Second],
    row: Callable[[], Row],
    press: Callable[[str], bool],
) -> None:
    """What a message of the board changes."""
    here = session.current()
    if here.ear_off:
        st.rerun()  # the page without it
    heard, here.heard = here.heard, None
    said, redraw = "", False
    if heard is not None:
        figures.count("answers")
        try:
            for name in here.sketch.take_in(heard):
                redraw |= press(name)
        except NotUnderstoodError as error:
            said = f"What this browser sent was not understood: {error}"
    reading = read(model)
    shown = partial(_shown, model, second(), living.under_pen(model))
    here.moving.answer_with(partial(_while_moving, model, shown), session.payer())
    command = here.sketch.command
    _link()(
        key=_LINK_KEY,
        data={
            "have": here.sketch.have(),
            "command": command and command.as_data(),
            "row": asdict(row()) | ({"problem": said} if said else {}),
            "moving": here.moving.key,
            "keys": view.shortcut("0") is not None,
            "tables": view.tables(),
        }
        | shown(here.sketch, reading),
        on_said_change=_note_said,
        on_failed_change=_note_failure,
    )
    changed = heard is not None and here.sketch.resting and here.drawing_used
    if changed or redraw or view.widgets_changed():
        time.sleep(_HEAD_START_OF_ANSWER)
        st.rerun()  # the rest of the page, too


def _while_moving(
    model: SavedModel | None, shown: Callable[[Sketch, Reading], dict[str, Any]], sketch: Sketch
) -> dict[str, Any]:
    """The same of a drawing that nobody else hears of, in any thread. Raises as
    `shared.predictor`."""
    return shown(sketch, _asked(sketch, model))


def _asked(sketch: Sketch, model: SavedModel | None) -> Reading:
    predictor = None if model is None else shared.predictor(model.name, model.checksum)
    return answering.read(sketch, predictor, shared.detector(), shared.pairs())


def _shown(
    model: SavedModel | None,
    second: Second,
    picture: living.UnderPen,
    sketch: Sketch,
    reading: Reading,
) -> dict[str, Any]:
    """A reading as the board shows it, and the picture of the network with it, if that is seen."""
    names = [model.title if model else "", ""]
    image = reading.prepared.network_input
    if image is not None and reading.answer.probabilities is not None and not reading.number:
        other = second(image)
        if other is not None:
            names[1], reading = other[0], replace(reading, second=other[1])
    answer = answering.shown(reading, sketch, names, _wrongly())
    return {"answer": answer, "living": picture(image)}


def _wrongly() -> float | None:
    detector = shared.detector()
    return None if detector is None else detector.false_alarms


def read(model: SavedModel | None) -> Reading:
    """Ask about what is on the canvas; the session knows all of it from now on."""
    here = session.current()
    try:
        reading = _asked(here.sketch, model)
    except (DamagedModelError, ModelNotFoundError) as error:
        view.error(f"{error} Choose another model.")
        reading = _asked(here.sketch, None)
    here.prepared, here.answer, here.number = reading.prepared, reading.digit, reading.number
    here.doubt = reading.doubt
    return reading


def _plain(model: SavedModel | None, row: Row, press: Callable[[str], bool]) -> None:
    """Answer and labels without the ear."""
    here = session.current()
    answer = answering.shown(read(model), here.sketch, ["", ""], _wrongly())
    with st.container(key="plain"):
        st.info("Live answers are off in this browser: the answer comes after each stroke.")
        with st.container(key="prediction"):
            st.markdown(f"## {answer['title']}\n{answer['detail']}\n{answer['help']}")
        with st.container(key="probabilities"):
            charts.speak(answer["values"])
            if answer["rows"]:
                first = np.array(answer["rows"][0], np.float32)
                values = {"digit": list(range(CLASSES)), "probability": first}
                charts.table(values, f"Values: {charts.in_words(first)}", ["probability"])
        with st.container(key="network-input"):
            st.image(answer["picture"], width=168, alt=answer["alt"])
        st.button("Clear", key="clear", on_click=here.sketch.empty)
        st.markdown(" ".join(filter(None, (row.ask, row.kept, row.round))))
        digits = range(CLASSES)
        alone = ["send"] if row.send else ["next", "end"]
        _buttons([f"label-{digit}" for digit in digits] if row.labels else alone, press)
        if row.kept:
            _buttons(["take-back"], press)
        if row.samples:
            st.markdown("Or try one")
            _buttons([f"sample-{digit}" for digit in digits], press)
        if row.problem:
            view.warning(row.problem)


def _buttons(names: list[str], press: Callable[[str], Any]) -> None:
    with st.container(horizontal=True, gap="small"):
        for name in names:
            text = name[-1] if name[-1].isdigit() else name.replace("-", " ").capitalize()
            st.button(text, key=name, on_click=press, args=(name,))
