"""The tab "Our handwriting": the labelled drawings, how well they are read, files in and out."""

import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from classifier import limits
from classifier.database.interface import CollectionError
from classifier.ink import drawings, printing
from classifier.limits import LimitError
from classifier.people import albums, classroom, filing, listing, members
from classifier.people.albums import Contents
from classifier.people.register import Class
from classifier.rights import Visitor
from classifier.serving.saved import SavedModel
from classifier.ui import gallery, session, shared, view
from classifier.ui.board import board, labelling
from classifier.ui.classes import arriving, hosting
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
    with st.popover("Download", icon=":material/download:", disabled=not len(album.numbers)):
        whose = session.visitor(), None if chosen is None else chosen.number
        for name, make, label, kind in _FILES:
            key = f"download-{name.rpartition('.')[2]}"
            view.download(name, partial(make, *whose), key=key, icon=None, label=label, kind=kind)
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
        drawings.save(filing.as_drawings(kept), path)
        return path.read_bytes()


def _as_sheet(visitor: Visitor, class_number: int | None) -> bytes:
    """Of the newest drawings, if there are more than a sheet has room for."""
    kept = albums.everything(visitor, class_number)[-printing.MOST :]
    found = [(image, one) for one in kept if (image := gallery.prepared(one)) is not None]
    answers = [-1 if one.answer is None else one.answer for _, one in found]
    labels = [one.label for _, one in found]
    return printing.png(
        np.array([image for image, _ in found]), np.array(labels), np.array(answers)
    )


def _as_answers(visitor: Visitor, class_number: int | None) -> bytes:
    nicknames = None if class_number is None else members.nicknames(visitor, class_number)
    return listing.as_csv(albums.everything(visitor, class_number), nicknames).encode()


_FILES = (
    (finetuning.FILE, _as_file, "Drawings, to learn from", view.ZIP),
    ("our-digits.png", _as_sheet, "A sheet of them, to print", "image/png"),
    ("our-answers.csv", _as_answers, "What each was read as", "text/csv"),
)


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
    try:
        new = filing.bring(session.visitor(), drawn)
    except filing.NoInkError as error:
        raise ValueError(f"{file.name} {error}") from None
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
    key = "drawing" if class_number is None else "kept"  # the wall has the first already
    gallery.drawings(
        "kept", page, board.put_kept, lambda one: arriving.beside(one, class_number, key)
    )
