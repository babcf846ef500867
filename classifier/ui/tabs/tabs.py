"""The five tabs below the drawing; one that is not open costs nothing, not even its imports."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from classifier.lesson import steps
from classifier.serving.store import SavedModel
from classifier.ui import session, view
from classifier.ui.sidebar import form


def find_lesson() -> None:
    """Once for each visitor: open the lesson that the page's address names, at its step and with
    its experiment in the training form."""
    here = session.current()
    if here.greeted or not {"lesson", "try"} & set(st.query_params):
        return
    step, experiment, here.link_problem = steps.find(
        st.query_params.get("lesson"), st.query_params.get("try")
    )
    view.open_tab(view.LESSON)
    if step:
        here.step = step.key
    if experiment:
        here.experiment = experiment.key
        form.fill_in(experiment.config(), f"the lesson’s “{experiment.title}”")


def bar() -> Sequence[TabContainer]:
    """The tabs, still empty, and the keys that open them."""
    if view.shortcut("1"):
        with st.container(key="tab-keys"):  # hidden: the tabs themselves show the keys
            for number, name in enumerate(view.TABS, 1):
                st.button(
                    name,
                    key=f"open-{number}",
                    shortcut=f"Shift+{number}",
                    on_click=view.open_tab,
                    args=(name,),
                )
    return st.tabs(view.TABS, key=view.TABS_KEY, on_change="rerun")


def fill(tabs: Sequence[TabContainer], model: SavedModel | None) -> None:
    """Draw what the open tab shows; `model` is the one that answers, if any."""
    session.current().drawing_used = False
    for number, (name, tab) in enumerate(zip(view.TABS, tabs, strict=True), 1):
        if tab.open:
            with tab, st.container(key=f"open-tab-{number}"):
                _show(name, model)


def _show(name: str, model: SavedModel | None) -> None:
    if name == view.TRAINING:
        from classifier.ui.tabs import training

        training.tab(model)
    elif name == view.INSIDE:
        from classifier.ui.tabs import inside

        inside.tab(model)
    elif name == view.RUNS:
        from classifier.ui.tabs import runs

        runs.tab(model)
    elif name == view.LESSON:
        from classifier.ui.tabs import lesson as lesson_tab

        lesson_tab.tab(model)
    else:
        from classifier.ui.tabs import handwriting

        handwriting.tab(model)
