"""The drawing part of the page: canvas, network input, answer, bars, pen and sample digits.

A stroke reruns the fragment `_board` and nothing else, so it holds only what a stroke changes.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from classifier import handwriting, numbers, predict, preprocess
from classifier.collection import Kept
from classifier.config import CANVAS, CANVAS_PEN, CLASSES, IMAGE_SIZE, KINDS
from classifier.numbers import Part
from classifier.preprocess import Verdict
from classifier.store import DamagedModelError, ModelNotFoundError, SavedModel
from classifier.ui import canvas, charts, collecting, state, view
from classifier.ui.gallery import Item

_INK, _PAPER = "#ffffff", "#000000"  # as in MNIST, in either theme
_HEAD_START = 0.3  # seconds in which the browser has only the canvas to set up
_HEAD_START_OF_ANSWER = 0.06  # seconds in which it has only the answer to draw
_CANVAS_KEY, _PEN_KEY = "canvas", "pen"
_TOOLS = ("undo", "redo", "clear")  # keys of the board's own buttons


def drawing(model: SavedModel | None) -> None:
    """Canvas, answer, pen and samples; `model` answers, or nothing does if it is None."""
    st.html(
        f'<p class="for-screen-readers">Drawing area, {CANVAS} by {CANVAS} pixels, for mouse, '
        "finger or pen. The sample digits below it can be put there with the keyboard.</p>"
    )
    _board(model)
    collecting.row(model)
    _pen_and_samples()


@st.fragment
def _board(model: SavedModel | None) -> None:
    """What a stroke changes."""
    sketch = state.session().sketch
    with st.container(key="board"):
        left, middle, right = st.columns([280, 170, 420], gap="medium")
    with left:
        canvas_field(sketch)
    greet()
    # The answer goes out first: it is what the visitor waits for.
    with right:
        answer = read(model)
        with st.container(key="prediction"):
            st.markdown(in_words(answer) + _caption())
        bars(answer)
    with middle:
        _network_input()
    with left:
        tools(sketch)
    changed = st.session_state.pop("drawing-changed", False)
    if (changed and state.session().drawing_used) or view.widgets_changed(_TOOLS):
        time.sleep(_HEAD_START_OF_ANSWER)
        st.rerun()  # the rest of the page, too


def greet() -> None:
    """The browser fetches the code of what it is told of in that order: give the canvas, which has
    been drawn, a head start in each new page."""
    here = state.session()
    if not here.greeted:
        time.sleep(_HEAD_START)
        here.greeted = True


def read(model: SavedModel | None) -> predict.Answer:
    """Prepare what is on the canvas and ask about it; the session knows all of it from now on."""
    here = state.session()
    objects = here.sketch.strokes
    strokes, pen, given = canvas.strokes_of(objects), canvas.pen_of(objects), _given()
    is_photo = _is_photo(given) and not strokes
    if given is None:
        here.prepared = preprocess.prepare_strokes(strokes, CANVAS, pen)
    elif is_photo:
        here.prepared = here.photo
    else:
        here.prepared = preprocess.draw_over(given, strokes, CANVAS, pen)
    here.number = []
    predictor = _predictor(model)
    if predictor is None:
        answer = predict.Answer(here.prepared.verdict, None)
    else:
        # Whether a digit of the data is one need not be asked.
        detector = state.detector() if given is None or is_photo else None
        answer = predict.answer(predictor, here.prepared, detector)
        # Not whatever is no digit: an x would be read as 11.
        if answer.verdict is Verdict.SEVERAL or answer.kind == "several":
            ask = predictor.probabilities, detector and detector.digit_probabilities
            if is_photo:
                parts = numbers.read_ink(here.prepared.ink, *ask)
            else:
                parts = numbers.read_strokes(strokes, CANVAS, pen, *ask)
            here.number = parts if len(parts) > 1 else []
    here.answer = None if here.number else answer.digit
    return answer


def _predictor(model: SavedModel | None) -> predict.Predictor | None:
    """What answers; None, and a word of why, if nothing does."""
    if model is None:
        return None
    try:
        return state.predictor(model.name, model.checksum)
    except (DamagedModelError, ModelNotFoundError) as error:
        st.error(f"{error} Choose another model.")
        return None


def _given() -> np.ndarray | None:
    """The network input (28, 28) uint8 that was put on the canvas, if any."""
    return canvas.image_of(state.session().sketch.strokes)


def _is_photo(given: np.ndarray | None) -> bool:
    """Whether it is what became of the picture that was brought last."""
    photo = state.session().photo
    return given is not None and photo is not None and np.array_equal(given, photo.network_input)


def bars(answer: predict.Answer) -> None:
    """The answer's ten probabilities, or those of each digit of a number, also for screen
    readers."""
    number = state.session().number
    with st.container(key="probabilities"):
        if number:
            rows = np.array([part.probabilities for part in number])
            charts.number_bars(rows)
            words = charts.number_in_words(rows)
        else:
            charts.probability_bars(answer.probabilities)
            words = charts.in_words(answer.probabilities)
        st.html(f'<p class="for-screen-readers">{words}</p>')
        if view.tables() and not number:
            charts.probability_table(answer.probabilities)


def put(item: Item) -> None:
    """Make the network input that a gallery shows the current drawing; its sentence goes along."""
    state.session().put(item.image, item.sentence)


def put_strokes(strokes: list[np.ndarray], pen: float) -> None:
    """Make strokes, each (k, 2) in canvas pixels, the current drawing."""
    state.session().sketch.replace(canvas.objects_of(strokes, pen, _INK))


def put_kept(one: Kept) -> None:
    """Make a drawing of a collection the current drawing; the session knows which it is."""
    state.session().shown_drawing = one.id
    put_strokes(one.strokes, one.pen)


def _caption() -> str:
    """What is known of a network input that was put on the canvas, as a line of its own."""
    given = _given()
    caption = "" if given is None else state.session().captions.get(given.tobytes(), "")
    return caption and f"\n\n:small[{caption}]"


def _pen_and_samples() -> None:
    """The pen, and ten digits to try: no stroke changes them."""
    keys = not collecting.keys_say_what_it_is()
    with st.container(horizontal=True, gap="medium", key="pen-and-samples"):
        st.slider("Pen width", 6, 40, CANVAS_PEN, key=_PEN_KEY, format="%d px", width=CANVAS)
        with st.container(key="samples", width="content", gap="xsmall"):
            st.caption("Or try one of these" + (view.hint("0–9") if keys else ""))
            with st.container(horizontal=True, gap="small"):
                for digit in range(CLASSES):
                    st.button(
                        f"![sample {digit}]({_sample_picture(digit)})",
                        key=f"sample-{digit}",
                        shortcut=view.shortcut(str(digit)) if keys else None,
                        on_click=_put_sample,
                        args=(digit,),
                    )


def canvas_field(sketch: state.Sketch) -> None:
    """The canvas; the sketch takes in what the browser sent of it."""
    pen = st.session_state.get(_PEN_KEY, CANVAS_PEN)
    result = st_canvas(
        stroke_width=pen,
        stroke_color=_INK,
        background_color=_PAPER,
        width=CANVAS,
        height=CANVAS,
        # The canvas loads a drawing when it differs from the one it was given last.
        initial_drawing={"objects": _loaded(sketch), "revision": sketch.revision},
        key=_CANVAS_KEY,
        on_change=_note_sent,
    )
    # What the component holds is older than the sketch after Undo, Clear or a sample, until the
    # browser sends it anew; so it is read only when it was sent.
    if st.session_state.pop("canvas-sent", False) and result.json_data is not None:
        sketch.drawn(result.json_data.get("objects", []))


def _loaded(sketch: state.Sketch) -> list[dict]:
    """The strokes that the sketch had when it was last changed here: stable between revisions."""
    kept = st.session_state.get("canvas-loaded")
    if kept is None or kept[0] != sketch.revision:
        kept = (sketch.revision, sketch.strokes)
        st.session_state["canvas-loaded"] = kept
    return kept[1]


def _note_sent() -> None:
    st.session_state["canvas-sent"] = st.session_state["drawing-changed"] = True


def tools(sketch: state.Sketch) -> None:
    """Undo, redo and clear."""
    with st.container(horizontal=True, gap="small", key="tools"):
        for name, icon, action, possible, keys in (
            ("Undo", ":material/undo:", sketch.undo, bool(sketch.past), "Z"),
            ("Redo", ":material/redo:", sketch.redo, bool(sketch.future), "Y"),
            ("Clear", ":material/delete:", _clear, bool(sketch.strokes), "X"),
        ):
            st.button(
                name,
                key=name.lower(),
                icon=icon,
                shortcut=view.shortcut(keys),
                on_click=_change,
                args=(action,),
                disabled=not possible,
            )


def _change(action: Callable[[], None]) -> None:
    st.session_state["drawing-changed"] = True
    action()


def _clear() -> None:
    state.session().sketch.replace([])


def _put_sample(digit: int) -> None:
    low, side = 0.18 * CANVAS, 0.64 * CANVAS
    strokes = [stroke * side + low for stroke in handwriting.sample_digit(digit)]
    put_strokes(strokes, CANVAS_PEN)


@st.cache_data(show_spinner=False)
def _sample_picture(digit: int) -> str:
    """A sample digit as an SVG in a data address."""
    lines = "".join(
        '<polyline points="' + " ".join(f"{x * 20 + 6:.1f},{y * 20 + 6:.1f}" for x, y in s) + '"/>'
        for s in handwriting.sample_digit(digit)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">'
        '<rect width="32" height="32" rx="4"/><g fill="none" stroke="#fff" stroke-width="3" '
        f'stroke-linecap="round" stroke-linejoin="round">{lines}</g></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def in_words(answer: predict.Answer) -> str:
    """The answer as Markdown: a heading that names the digit, or what is in its way."""
    if number := state.session().number:
        return _number_in_words(number)
    if answer.verdict is not Verdict.READABLE:
        return answer.verdict.value
    if answer.probabilities is None:
        return "No model answers."
    first = f"{charts.article(answer.digit)} {answer.digit}"
    if answer.kind is not None:
        wrongly = f"{state.detector().false_alarms:.0%}"
        return (
            f"## Rather {KINDS[answer.kind]} than {first}\n"
            f":small[:gray[Said wrongly of {wrongly} of real digits.]]"
        )
    if answer.rival is not None:
        return f"## Either {first} or {charts.article(answer.rival)} {answer.rival} · not sure"
    surely = charts.percent(float(answer.probabilities[answer.digit]))
    return f"## It is {first} · {surely}"


def _number_in_words(number: list[Part]) -> str:
    digits = "".join(str(part.probabilities.argmax()) for part in number)
    weakest = min(float(part.probabilities.max()) for part in number)
    touch = any(part.touching for part in number)
    note = "\n:small[:gray[Some digits touch, and may be cut wrongly.]]" if touch else ""
    return f"## It is {digits} · {charts.percent(weakest)}{note}"


def _network_input() -> None:
    here = state.session()
    if here.number:
        shown = np.hstack([part.prepared.network_input for part in here.number])
        alt = f"The {len(here.number)} digits, each centred, in 28 by 28 pixels"
    elif here.prepared.network_input is not None:
        shown, alt = here.prepared.network_input, "The drawing, centred, in 28 by 28 pixels"
    else:
        shown, alt = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), "An empty picture"
    times = max(6 * IMAGE_SIZE // shown.shape[1], 1)
    with st.container(key="network-input"):
        st.image(
            canvas.png_address(shown.repeat(times, axis=0).repeat(times, axis=1)),
            caption="What the network sees: 28 × 28 pixels, centred and scaled as in MNIST",
            width=168,
            alt=alt,
        )
