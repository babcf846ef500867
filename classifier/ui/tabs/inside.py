"""The tab "Inside the network": what becomes of the current drawing, step by step."""

import cv2
import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import IMAGE_SIZE
from classifier.ink import convention
from classifier.serving import inspection, occlusion
from classifier.serving.inspection import Inspector
from classifier.serving.occlusion import Occlusion
from classifier.serving.predict import Predictor
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import charts, gallery, plots, session, shared, view
from classifier.ui.board import board, canvas
from classifier.ui.living import living
from classifier.ui.session import Widget
from classifier.ui.tabs import background

_NEAREST = 12
_UNIT, _LAYER = Widget[int]("unit"), Widget[str]("layer")
_FULL = 4.0  # powers of ten by which odds fall where the heat map is all orange
_ORANGE_BGR, _BLUE_BGR = (0x0A, 0x71, 0xE8), (0xE0, 0x8F, 0x4C)


def tab(model: SavedModel | None) -> None:
    """The drawing's way through preprocessing and through the model that answers."""
    if model is None:
        st.info("No model answers yet. Train one in the sidebar.")
        return
    try:
        predictor = shared.predictor(model.name, model.checksum)
        inspector = shared.inspector(model.name, model.checksum)
    except (DamagedModelError, ModelNotFoundError, ValueError) as error:
        view.warning(f"{model.title} cannot be looked into. {error}")
        return
    drawing = session.current().drawing()
    image = drawing.network_input
    living.show(model, _on_canvas)
    if image is None:
        st.caption("Draw a digit, or take one of the samples: this tab shows what becomes of it.")
        layers(inspector)
        return
    background.memory(model.name, model.checksum)  # goes on while the rest is drawn
    activations = {name: rows[0] for name, rows in inspector.activations(image[None]).items()}
    _ladder(predictor, drawing.ink, image)
    left, right = st.columns(2, gap="medium")
    with left:
        _occlusion(predictor, image)
    with right:
        layers(inspector)
    _hidden(inspector, activations)
    _maps(inspector, activations)
    _neighbours(model, inspector, image)


def _on_canvas() -> np.ndarray | None:
    return session.current().prepared.network_input


def _ladder(predictor: Predictor, ink: np.ndarray, image: np.ndarray) -> None:
    """The drawing on its way to the network's input, with the answer at every rung."""
    st.markdown("### From the canvas to the network's input")
    rungs = convention.rungs(ink, image)
    answers = predictor.probabilities(np.array([rung.image for rung in rungs]))
    with st.container(horizontal=True, gap="small", key="ladder"):
        for rung, row in zip(rungs, answers, strict=True):
            said, surely = int(row.argmax()), charts.percent(float(row.max()))
            with st.container(width=150, gap="xsmall"):
                picture(rung.image, 5, f"{rung.name}: read as {said} with {surely}")
                st.markdown(f"**{rung.name}**  \n→ **{said}** · {surely}")
                st.caption(rung.why)


def picture(image: np.ndarray, times: int, alt: str) -> None:
    """A picture (H, W) grey or (H, W, 3) BGR, each pixel a square of so many."""
    st.image(canvas.png_address(image, times), alt=alt)


def _occlusion(predictor: Predictor, image: np.ndarray) -> None:
    """What must be hidden for the answer to change."""
    st.markdown("### What the answer hangs on")
    found = occlusion.occlusion(predictor, image)
    heat = (found.drop / _FULL).clip(0, 1)[..., None]
    grey = image[..., None].repeat(3, axis=2) * 0.6
    colours = grey * (1 - heat) + np.array(_ORANGE_BGR) * heat
    changed = (found.answer != found.digit).astype(np.uint8)
    picture = colours.astype(np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    fine = changed.repeat(10, axis=0).repeat(10, axis=1)
    edges = cv2.findContours(fine, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    cv2.drawContours(picture, edges, -1, (255, 255, 255), 2)
    words = _what_matters(found)
    with st.container(key="occlusion"):
        st.image(canvas.png_address(picture), alt=f"Heat map over the drawing. {words}")
        st.markdown(words)
        st.caption(
            f"A square of {found.patch} × {found.patch} pixels is hidden around each place in "
            "turn. Orange: the answer’s odds fall, its share against that of all other digits. "
            f"Full orange, in every picture: {_fold(_FULL)} or more. White line: another digit is "
            "answered."
        )


def _what_matters(found: Occlusion) -> str:
    row, column = found.weakest
    where = " ".join(filter(None, (_third(row, "top", "bottom"), _third(column, "left", "right"))))
    where = where or "middle"
    least = charts.percent(float(found.probabilities[row, column, found.digit]))
    if found.changes:
        return f"Hide the {where}, and the {found.digit} becomes a **{found.becomes}**."
    fall = float(found.drop[row, column])
    return (
        f"No square alone changes the answer. With the {where} hidden its odds fall {_fold(fall)}, "
        f"to {least}."
    )


def _fold(powers: float) -> str:
    """How far odds fall that fall by so many powers of ten."""
    times = 10.0 ** min(powers, _FULL)
    if powers > _FULL:
        return f"more than {times:,.0f} times"
    return f"{times:,.1f} times" if times < 10 else f"{float(f'{times:.1g}'):,.0f} times"


def _third(place: int, low: str, high: str) -> str:
    return (low, "", high)[min(place * 3 // IMAGE_SIZE, 2)]


def layers(inspector: Inspector) -> None:
    """The network's layers as a table."""
    st.markdown("### The layers")
    found = inspector.layers
    rows = pa.table(
        {
            "layer": [layer.name for layer in found],
            "kind": [
                layer.kind + (f", {layer.activation}" * bool(layer.activation)) for layer in found
            ],
            "output": [" × ".join(map(str, layer.output_shape)) for layer in found],
            "parameters": [layer.parameters for layer in found],
        }
    )
    total = sum(layer.parameters for layer in found)
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
        alt=f"{len(found)} layers, {total:,} parameters",
    )
    st.caption(f"{total:,} parameters in all, learned from examples.")


def _hidden(inspector: Inspector, activations: dict[str, np.ndarray]) -> None:
    """The hidden units of the last dense layer but one, and one of them closely."""
    names = [layer.name for layer in inspector.layers]
    dense = [layer for layer in inspector.layers if layer.kind == "dense"]
    if len(dense) < 2:
        return
    hidden, last = dense[-2:]
    values = activations[hidden.name]
    if names.index(last.name) != names.index(hidden.name) + 1:
        return
    st.markdown("### The hidden units")
    adds = inspection.contributions(last, values)
    digit = int(activations[last.name].argmax())
    unit = _UNIT.among(range(len(values)), int(adds[:, digit].argmax()))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        plots.units(values, unit, _pick_unit)
    with right:
        unit = st.number_input(
            f"Unit, 0 to {len(values) - 1}",
            0,
            len(values) - 1,
            unit,
            key=_UNIT.key,
            help=f"Begins with the unit that adds most to the {digit}.",
        )
        added = adds[unit]
        words = (
            f"Unit {unit} is at {values[unit]:.2f} and adds {added.max():+.2f} to "
            f"{int(added.argmax())}, {added.min():+.2f} to {int(added.argmin())}."
        )
        with st.container(horizontal=True, gap="medium"):
            if hidden.kernel is not None and len(hidden.kernel) == IMAGE_SIZE * IMAGE_SIZE:
                with st.container(width=150, gap="xsmall"):
                    _weights(hidden.kernel[:, unit], unit)
            with st.container():
                plots.bars(f"What unit {unit} adds to each digit", added, "+.2f", words)


def _pick_unit() -> None:
    found = plots.picked("units", "unit")
    if found:
        _UNIT.set(int(found["unit"]))


def _weights(kernel: np.ndarray, unit: int) -> None:
    """A unit's weights (784,) as a picture: orange where ink excites it, blue where it calms it."""
    weights = kernel.reshape(IMAGE_SIZE, IMAGE_SIZE)
    share = weights / max(float(np.abs(weights).max()), 1e-6)
    ends = np.where(share[..., None] > 0, np.array(_ORANGE_BGR), np.array(_BLUE_BGR))
    picture((ends * np.abs(share)[..., None]).astype(np.uint8), 5, f"The weights of unit {unit}")
    st.caption("Its weights: orange where ink excites it, blue where ink calms it.")


def _maps(inspector: Inspector, activations: dict[str, np.ndarray]) -> None:
    """A convolution's maps side by side."""
    names = [layer.name for layer in inspector.layers if len(layer.output_shape) == 3]
    if not names:
        return
    st.markdown("### Feature maps")
    says = _LAYER.among(names, names[0])
    name = st.segmented_control("Layer", names, default=says, required=True, key=_LAYER.key) or says
    maps = activations[name]
    height, width, count = maps.shape
    columns = min(8, count)
    rows = -(-count // columns)
    times = max(1, 56 // height)
    # One by one, with a black line below and to the right of each.
    padded = np.pad(maps, ((0, 1), (0, 1), (0, rows * columns - count))).transpose(2, 0, 1)
    sheet = np.vstack([np.hstack(row) for row in padded.reshape(rows, columns, *padded.shape[1:])])
    grey = (sheet / max(float(sheet.max()), 1e-6) * 255).clip(0, 255).astype(np.uint8)
    picture(grey, times, f"{count} maps of {name}, {height} by {width} each")
    st.caption(
        f"{count} maps of {height} × {width}: each looks for one pattern in every place; bright is "
        "where it finds it."
    )


def _neighbours(model: SavedModel, inspector: Inspector, image: np.ndarray) -> None:
    """The training images that look most alike to the network."""
    st.markdown("### The nearest training images")
    with st.container(key="neighbours"):
        memory = background.result(
            background.memory,
            model.name,
            model.checksum,
            doing=f"{model.title} is looking at its training images again",
            failed="They cannot be shown.",
        )
        if memory is None:
            return
        which, distances = inspection.nearest(
            memory.features, inspector.features(image[None])[0], _NEAREST
        )
        notes = [f"{distance:.1f}" for distance in distances]
        items = gallery.of_training(memory.images, memory.labels, which, notes)
        gallery.pictures("neighbour", items, board.put)
        st.caption(
            f"Of {len(memory.labels):,} images it trained on, those whose hidden activations lie "
            "nearest to this drawing's, with label and distance."
        )
