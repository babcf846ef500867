"""How well the answering model reads the drawings of an album: each is read once, a few at a time,
so that the page waits for none."""

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.ink import drawings
from classifier.people import albums
from classifier.people.albums import Contents
from classifier.serving import predict
from classifier.serving.predict import LEARNED, NOTHING, UNREAD, Predictor
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import charts, gallery, session, shared, view
from classifier.ui.board import labelling

_PORTION = 32  # drawings that are read at a time: 0.1 s
_EVERY = 0.3  # seconds between two portions


def accuracy(album: Contents, class_number: int | None, model: SavedModel) -> int:
    """How often the model reads the album's drawings rightly, beside its test images; in how many
    of them, as far as is known, there is a digit to see."""
    key = f"{model.checksum} {class_number}"
    readings = session.current().readings.of(key, album.numbers)
    try:
        predictor = shared.predictor(model.name, model.checksum)
        if (readings == UNREAD).sum() <= _PORTION:
            _read(album, class_number, model, predictor, readings)
    except (DamagedModelError, ModelNotFoundError, *labelling.PROBLEMS) as error:
        view.warning(str(error))
        return len(readings)
    if (readings == UNREAD).any():
        view.fragment(_go_on, run_every=_EVERY)(album, class_number, model, predictor, readings)
    else:
        _show(album, model, readings)
    return int((readings != NOTHING).sum())


def _read(
    album: Contents,
    class_number: int | None,
    model: SavedModel,
    predictor: Predictor,
    readings: np.ndarray,
) -> None:
    """Read the next portion, if there is one, into `readings`."""
    left = np.flatnonzero(readings == UNREAD)[-_PORTION:]  # the newest are those that one sees
    if not len(left):
        return
    kept = albums.some(session.visitor(), class_number, album.numbers[left].tolist())
    readings[left] = NOTHING  # nor is there in what was deleted meanwhile
    learned = set(model.meta.learned_from)
    images: dict[int, np.ndarray] = {}
    for one in kept:
        at = int(np.searchsorted(album.numbers, one.number))
        image = gallery.prepared(one)
        if drawings.digest(one.parts) in learned:
            readings[at] = LEARNED
        elif image is not None:
            images[at] = image
    if images:
        answers = predictor.probabilities(np.array([*images.values()]))
        readings[[*images]] = answers.argmax(axis=1)


def _go_on(
    album: Contents,
    class_number: int | None,
    model: SavedModel,
    predictor: Predictor,
    readings: np.ndarray,
) -> None:
    _show(album, model, readings)
    try:
        _read(album, class_number, model, predictor, readings)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return
    if not (readings == UNREAD).any():
        st.rerun()


def _show(album: Contents, model: SavedModel, readings: np.ndarray) -> None:
    tally = predict.tally(readings, album.labels)
    total, right = int(tally.total.sum()), int(tally.right.sum())
    learned, unread = int((readings == LEARNED).sum()), int((readings == UNREAD).sum())
    if unread:
        st.caption(f"{unread:,} drawings are still to be read.")
    if not total:
        if not unread:
            st.caption(
                f"{model.title} has learned from all of these, so they say nothing of how well it "
                "reads. What going on with them changed was measured on drawings held out."
            )
        return
    low, high = tally.interval
    st.markdown(
        f"**{model.title}** reads **{right / total:.1%}** of them rightly  \n"
        f":small[{right:,} of {total:,} · 95 % interval {low:.1%} to {high:.1%} · "
        f"{model.test_accuracy:.2%} on its test images]"
    )
    if learned:
        st.caption(f"{learned:,} others it has learned from.")
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
