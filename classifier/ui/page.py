"""The page, and only its composition."""

from functools import partial
from pathlib import Path

import streamlit as st

from classifier import limits
from classifier.people import visitors
from classifier.ui import session, view
from classifier.ui.board import board, bringing, labelling
from classifier.ui.classes import joining
from classifier.ui.reading import reading
from classifier.ui.sidebar import form, linking, models, run
from classifier.ui.tabs import tabs
from classifier.ui.wall import wall


@session.counted
def draw() -> None:
    """What one visitor sees."""
    st.set_page_config("Draw a digit", page_icon="✏️", layout="wide", initial_sidebar_state="auto")
    st.html(Path(__file__).with_name("page.css"))
    try:
        limits.current()
    except ValueError as error:  # of whoever runs the page
        st.error(str(error))
        return
    if problem := visitors.key_problem():
        st.error(problem)
    view.forget_widgets()
    if wall.is_meant():
        wall.page()
    elif joining.is_meant():
        joining.page()
    else:
        _whole()


def _whole() -> None:
    """What everybody sees who has not joined a class."""
    session.current().be_in_class(None)
    run.find()
    linking.find()
    tabs.find()
    with st.sidebar:
        model, other = models.choose()

    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.title("Draw a digit", anchor=False)
        bringing.picture()
        view.switches()
    with st.container():  # always: the board stays where it is, and goes on
        reading.show(model)
    board.board(
        model,
        partial(models.second, other),
        labelling.row,
        partial(labelling.press, model=model),
    )
    opened = tabs.bar()

    # Later, so that the browser sets up the canvas before the form's many fields.
    with st.sidebar:
        form.form_or_run()
    tabs.fill(opened, model)
    view.note_widgets()
