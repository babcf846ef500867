"""The tab "Training": how a network learns, and where it errs."""

import numpy as np
import streamlit as st

from classifier.config import CLASSES
from classifier.events import gap_in_words
from classifier.ink.preparing import Prepared
from classifier.jobs.run import Run
from classifier.serving.saved import SavedModel
from classifier.ui import charts, gallery, plots, results, session, shared, view
from classifier.ui.board import board
from classifier.ui.session import Widget
from classifier.ui.sidebar.run import POLL
from classifier.ui.tabs import background

_DIGITS, _FIRST_CELL = range(CLASSES), (4, 9)
_LABEL, _ANSWER, _PAGE = (Widget[int](f"cell-{part}") for part in ("label", "answer", "page"))


def tab(model: SavedModel | None) -> None:
    """The run that is on; else what became of the model that answers."""
    here = session.current()
    if here.training:
        view.fragment(live, run_every=POLL)()
        return
    if model is None:
        st.info("No model answers yet. Train one in the sidebar.")
        return
    background.exam(model.name, model.checksum)  # goes on while the curves are drawn
    _course(model)
    _mistakes(model)


def live() -> None:
    """Curves and the drawing's bars, as the run goes on."""
    here = session.current()
    if here.run is None or not here.run.epochs:
        st.caption("The curves begin with the first epoch's end.")
        return
    results.curves(here.run.epochs)
    _drawing_by_epoch(here.run, here.prepared)


def _course(model: SavedModel) -> None:
    """How the model learned."""
    here = session.current()
    if model.meta.history:
        results.curves(model.meta.history)
        st.caption(told(model))
    else:
        st.caption(f"{model.title} came without its curves. Train a network to see some.")
    if here.run and here.run.result and here.run.result.model == model.name:
        _drawing_by_epoch(here.run, here.drawing())


def told(model: SavedModel) -> str:
    """A model's two accuracies and the gap between them, in a sentence; "" if it has no such."""
    trained, images = model.meta.metrics.train_accuracy, model.meta.metrics.test_images
    if trained is None or images is None:
        return ""
    return (
        f"After that {trained * 100:.2f} % of the images it trained on and "
        f"{model.test_accuracy * 100:.2f} % of the test images, "
        f"{gap_in_words(trained, model.test_accuracy, images)}."
    )


def _drawing_by_epoch(run: Run, drawing: Prepared) -> None:
    with st.container(key="drawing-by-epoch"):
        image = drawing.network_input
        if image is None:
            st.caption("Draw a digit, and its bars appear here, epoch by epoch.")
            return
        epochs, probabilities = shared.replay(run.id).probabilities(image)
        if epochs:
            plots.answers_by_epoch(epochs, probabilities)
        else:
            st.caption("This run's networks, epoch by epoch, are not kept any more.")


def _mistakes(model: SavedModel) -> None:
    """What it says to its test images: as a matrix, by digit, and the worst mistakes."""
    place = st.container()  # the matrix stands above whatever has to be said of the images
    exam = background.result(
        background.exam,
        model.name,
        model.checksum,
        doing=f"{model.title} is reading its test images",
        failed="The images themselves cannot be shown.",
    )
    counts = model.meta.metrics.digits_confusion if exam is None else exam.confusion
    if counts is not None:
        with place:
            _matrix(counts)
    if exam is not None:
        if not exam.as_then:
            st.caption("The test images have changed since this model was trained.")
        _cell(exam)
        _worst(exam)


def _matrix(counts: np.ndarray) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        shares = st.segmented_control(
            "Cells show", ["Counts", "Shares"], default="Counts", required=True, key="cells-show"
        )
        results.confusion(
            counts, "test images", shares=shares == "Shares", chosen=_chosen(), on_select=_pick_cell
        )
    with right:
        results.digit_accuracies(counts)


def _worst(exam: background.Exam) -> None:
    st.markdown("### The worst mistakes")
    if len(exam.worst):
        st.caption("Wrong, and the surest of it. A click puts one on the canvas.")
        _pictures("worst", exam, exam.worst)
    else:
        st.caption("There are none: it read every test image rightly.")


def _pick_cell() -> None:
    found = plots.picked("confusion", "cell")
    if found:
        _LABEL.set(int(found["label"]))
        _ANSWER.set(int(found["answer"]))
        _PAGE.forget()


def _chosen() -> tuple[int, int]:
    """The cell that the two fields below the matrix say."""
    label, answer = _FIRST_CELL
    return _LABEL.among(_DIGITS, label), _ANSWER.among(_DIGITS, answer)


def _cell(exam: background.Exam) -> None:
    """The images of the chosen cell, which can be chosen without a mouse, too."""
    with st.container(key="cell"):
        label, answer = _chosen()  # a digit is its own index, too
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            label = st.selectbox("It is a", _DIGITS, label, key=_LABEL.key, width=110)
            answer = st.selectbox("It said", _DIGITS, answer, key=_ANSWER.key, width=110)
            which = np.flatnonzero((exam.labels == label) & (exam.answers == answer))
            which = gallery.page_of(which, _PAGE.key)
        if not len(which):
            st.caption(f"Nothing in this cell: no {label} was taken for a {answer}.")
        _pictures("cell", exam, which)


def _pictures(key: str, exam: background.Exam, which: np.ndarray) -> None:
    items = []
    for index in which.tolist():
        said, label = int(exam.answers[index]), int(exam.labels[index])
        surely = charts.percent(float(exam.confidence[index]))
        title = f"{label} → {said}" if said != label else f"{said}"
        words = f"Test image {index} · a {label}, read as {said} with {surely}"
        items.append(gallery.Item(index, exam.images[index], title, surely, words))
    gallery.pictures(key, items, board.put)
