"""The tab "Our handwriting": the labelled drawings, how well they are read, files in and out."""

import tempfile
import time
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from classifier import limits
from classifier.database.interface import CollectionError
from classifier.ink import drawings
from classifier.ink.drawings import Drawings
from classifier.limits import LimitError
from classifier.people import albums, classroom, collection
from classifier.people.albums import Contents
from classifier.people.classroom import Class
from classifier.rights import Visitor
from classifier.serving.saved import SavedModel
from classifier.ui import gallery, session, shared, view
from classifier.ui.board import board, labelling
from classifier.ui.classes import hosting
from classifier.ui.session import Widget
from classifier.ui.tabs import finetuning, judging

_DIGIT, _PAGE_KEY = Widget[int]("shown-digit"), "handwriting-page"
_LOOK_EVERY = 2.0  # seconds between two looks whether the store answers again
_HIDDEN = -1  # in place of a digit: what the host has hidden


def tab(model: SavedModel | None) -> None:
    """The visitor's collection, or that of a class which they opened."""
    visitor = session.visitor()
    try:
        classes = classroom.hosted(visitor)
        with st.container(horizontal=True, gap="small", key="ways-in"):
            chosen = hosting.choose(classes)
            number = None if chosen is None else chosen.number
            album = albums.contents(visitor, number)
            _ways_in(album, chosen, model)
        found = None if number is None else classroom.survey(visitor, number, 0)
    except CollectionError as error:
        view.error(str(error))
        view.fragment(_look_again, run_every=_LOOK_EVERY)(time.monotonic())
        return
    except labelling.PROBLEMS as error:
        view.error(str(error))
        return
    here = session.current()
    if here.upload_said:
        st.info(here.upload_said)
        here.upload_said = ""
    if chosen is not None and found is not None:
        hosting.panel(chosen, found, model)
    if not len(album.numbers) + album.hidden:
        if chosen is None:
            st.caption(
                "Draw a digit and say below the canvas what it is: it is kept here, and a network "
                "can learn from it."
            )
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _gallery(album, number)
        if chosen is None:
            hosting.on_canvas(None)
    if model is not None and len(album.numbers):
        with right:
            readable = judging.accuracy(album, number, model)
        load = partial(albums.everything, visitor, number)
        finetuning.form(model, album.counts, readable, load)


def _look_again(since: float) -> None:
    """Draw the tab anew once the store answers, but not in the run that found that it does not."""
    if time.monotonic() - since < _LOOK_EVERY / 2:
        return
    try:
        classroom.hosted(session.visitor())
    except CollectionError:
        return
    st.rerun()


def _ways_in(album: Contents, chosen: Class | None, model: SavedModel | None) -> None:
    if chosen is None:
        text = f"A guided round: {len(labelling.ROUND)} digits, each when it is asked for."
        view.button(
            "Write all digits", "round-start", labelling.start_round, icon="edit", help=text
        )
    view.download(
        finetuning.FILE,
        partial(_as_file, session.visitor(), None if chosen is None else chosen.number),
        key="download-drawings",
        icon=":material/download:",
        disabled=not len(album.numbers),
    )
    if chosen is None:
        with st.popover("Upload", icon=":material/upload:"):
            here = session.current()
            file = st.file_uploader(
                "A file of drawings", "npz", key=f"upload-{here.uploads}", max_upload_size=20
            )
            if file is not None:
                _bring(file)
            if here.upload_problem:
                view.error(here.upload_problem)
    hosting.ways_in(chosen, model)


def _as_file(visitor: Visitor, class_number: int | None) -> bytes:
    kept = albums.everything(visitor, class_number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / finetuning.FILE
        drawings.save(collection.as_drawings(kept), path)
        return path.read_bytes()


def _bring(file: UploadedFile) -> None:
    """Keep a file's drawings, or say why they are refused, until the next; the field is empty."""
    here = session.current()
    here.upload_problem = ""
    try:
        here.upload_said = _brought(file)
    except labelling.PROBLEMS as error:
        here.upload_problem = str(error)
    session.let_go(file)
    here.uploads += 1
    st.rerun()


def _brought(file: UploadedFile) -> str:
    """How many drawings the file had. Raises one of labelling.PROBLEMS."""
    most = limits.current().pictures_a_minute
    if not shared.brought().take(session.visitor().digest, most):
        raise LimitError(f"At most {most} pictures and files a minute: wait a moment.")
    drawn = drawings.load(file.getvalue(), name=file.name)
    if not isinstance(drawn, Drawings):
        raise ValueError(
            f"{file.name} has images. Here drawings are kept as strokes; the command line learns "
            "from images, too."
        )
    new = collection.bring(session.visitor(), drawn)
    known = len(drawn) - new
    came = f"{new:,} drawing{'s' * (new != 1)} came"
    return came + f", {known:,} {'was' if known == 1 else 'were'} here already." * bool(known)


def _gallery(album: Contents, class_number: int | None) -> None:
    """The drawings of one digit, or those that are hidden; a click puts one on the canvas."""
    counts = album.counts.tolist()
    names = {digit: f"{digit} · {count}" for digit, count in enumerate(counts)}
    if album.hidden:
        names[_HIDDEN] = f"Hidden · {album.hidden}"
    says = _DIGIT.among(list(names), counts.index(max(counts)))
    total = len(album.numbers)
    digit = st.segmented_control(
        f"{total:,} drawing{'s' if total != 1 else ''}",
        list(names),
        default=says,
        required=True,
        key=_DIGIT.key,
        format_func=names.__getitem__,
        wrap=True,
    )
    label = None if digit == _HIDDEN else digit
    first = gallery.first_of_page(album.hidden if label is None else counts[label], _PAGE_KEY)
    try:
        page = albums.page(session.visitor(), class_number, label, first, gallery.PER_PAGE)
    except labelling.PROBLEMS as error:
        view.error(str(error))
        return
    gallery.drawings("kept", page, board.put_kept)
