"""The tab "Our handwriting": the labelled drawings, how well they are read, files in and out."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.ink import drawings
from classifier.ink.drawings import Drawings
from classifier.people import classroom, collection
from classifier.people.classroom import Class
from classifier.people.collection import Kept
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import charts, gallery, session, shared, view
from classifier.ui.board import board, labelling
from classifier.ui.classes import hosting
from classifier.ui.session import Widget
from classifier.ui.tabs import finetuning

_DIGIT, _PAGE_KEY = Widget[int]("shown-digit"), "handwriting-page"


def tab(model: SavedModel | None) -> None:
    """The visitor's collection, or that of a class which they opened."""
    try:
        classes = classroom.hosted(session.token()) if session.known_visitor() else []
        with st.container(horizontal=True, gap="small", key="ways-in"):
            chosen = hosting.choose(classes)
            if not session.known_visitor():
                kept = []
            elif chosen is None:
                kept = collection.drawings_of(session.token())
            else:
                kept = classroom.drawings(session.token(), chosen.number)
            _ways_in(kept, chosen, model)
    except labelling.PROBLEMS as error:
        st.error(str(error))
        return
    here = session.current()
    if here.upload_said:
        st.info(here.upload_said)
        here.upload_said = ""
    if chosen is not None:
        hosting.panel(chosen, model)
        _chosen(kept, chosen)
    if not kept:
        if chosen is None:
            st.caption(
                "Draw a digit and say below the canvas what it is: it is kept here, and a network "
                "can learn from it."
            )
        return
    inputs = [gallery.network_input(one) for one in kept]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _gallery(kept)
        if chosen is None:
            _chosen(kept, chosen)
    with right:
        _accuracy(kept, inputs, model)
    if model is not None:
        readable = sum(one is not None for one in inputs)
        finetuning.form(model, kept, readable)


def _ways_in(kept: Sequence[Kept], chosen: Class | None, model: SavedModel | None) -> None:
    if chosen is None:
        text = f"A guided round: {len(labelling.ROUND)} digits, each when it is asked for."
        view.button(
            "Write all digits", "round-start", labelling.start_round, icon="edit", help=text
        )
    st.download_button(
        "Download",
        data=lambda: _as_file(kept),
        file_name=finetuning.FILE,
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        disabled=not kept,
    )
    if chosen is None:
        with st.popover("Upload", icon=":material/upload:"):
            number = session.current().uploads
            file = st.file_uploader(
                "A file of drawings", "npz", key=f"upload-{number}", max_upload_size=20
            )
            if file is not None:
                _bring(file.getvalue(), file.name)
    hosting.ways_in(chosen, model)


def _as_file(kept: Sequence[Kept]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / finetuning.FILE
        drawings.save(collection.as_drawings(kept), path)
        return path.read_bytes()


def _bring(content: bytes, name: str) -> None:
    here = session.current()
    try:
        drawn = drawings.load(content, name=name)
        if not isinstance(drawn, Drawings):
            raise ValueError(
                f"{name} has images. Here drawings are kept as strokes; the command line learns "
                "from images, too."
            )
        new = collection.bring(session.token(), drawn)
    except labelling.PROBLEMS as error:
        st.error(str(error))
        return
    here.uploads += 1  # an empty field
    known = len(drawn) - new
    came = f"{new:,} drawing{'s' * (new != 1)} came"
    here.upload_said = came + f", {known:,} {'was' if known == 1 else 'were'} here already." * bool(
        known
    )
    st.rerun()


def _gallery(kept: Sequence[Kept]) -> None:
    """The drawings of one digit; a click puts one on the canvas."""
    counts = np.bincount([one.label for one in kept], minlength=CLASSES)
    _DIGIT.begin_with(int(counts.argmax()))
    digit = st.segmented_control(
        f"{len(kept):,} drawing{'s' if len(kept) != 1 else ''}",
        list(range(CLASSES)),
        required=True,
        key=_DIGIT.key,
        format_func=lambda d: f"{d} · {counts[d]}",
    )
    which = np.flatnonzero([one.label == digit for one in kept])
    shown = [kept[index] for index in gallery.page_of(which[::-1], _PAGE_KEY).tolist()]
    gallery.drawings("kept", shown, board.put_kept)


def _chosen(kept: Sequence[Kept], chosen: Class | None) -> None:
    """What can be done with the drawing that was put on the canvas."""
    one = next((one for one in kept if one.id == session.current().shown_drawing), None)
    if one is not None:
        own = (collection.remove, one.id)
        how = own if chosen is None else (classroom.remove, chosen.number, one.id)
        label = f"Delete this {one.label}"
        view.button(label, "delete-drawing", labelling.attempt, *how, icon="delete")


def _accuracy(
    kept: Sequence[Kept], inputs: Sequence[np.ndarray | None], model: SavedModel | None
) -> None:
    """How often the answering model reads these drawings rightly, beside its test images."""
    if model is None:
        return
    learned = set(model.meta.learned_from)
    fresh = [k for k, one in enumerate(kept) if drawings.digest(one.strokes) not in learned]
    if not fresh:
        st.caption(
            f"{model.title} has learned from all of these, so they say nothing of how well it "
            "reads. What going on with them changed was measured on drawings held out."
        )
        return
    try:
        predictor = shared.predictor(model.name, model.checksum)
    except (DamagedModelError, ModelNotFoundError) as error:
        st.warning(str(error))
        return
    tally = session.current().readings.judge(
        predictor,
        model.checksum,
        [f"{kept[k].writer} {kept[k].id}" for k in fresh],
        [inputs[k] for k in fresh],
        np.array([kept[k].label for k in fresh]),
    )
    right, (low, high) = int(tally.right.sum()), tally.interval
    st.markdown(
        f"**{model.title}** reads **{right / len(fresh):.1%}** of them rightly  \n"
        f":small[{right:,} of {len(fresh):,} · 95 % interval {low:.1%} to {high:.1%} · "
        f"{model.test_accuracy:.2%} on its test images]"
    )
    if len(fresh) < len(kept):
        st.caption(f"{len(kept) - len(fresh):,} others it has learned from.")
    tested = model.meta.metrics.digits_confusion
    if tested is None:
        tested = np.zeros((CLASSES, CLASSES), int)
    columns = {
        "digit": list(range(CLASSES)),
        "drawings": tally.total,
        "right": tally.shares,
        "test images": np.diag(tested) / np.maximum(tested.sum(axis=1), 1),
    }
    words = "For each digit: how many drawings, the share read rightly, the same of test images"
    charts.table(columns, words, ["right", "test images"])
