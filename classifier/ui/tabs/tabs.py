"""The five tabs below the drawing."""

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from classifier.lesson import steps
from classifier.serving.saved import SavedModel
from classifier.ui import session, view
from classifier.ui.sidebar import trying
from classifier.ui.tabs import handwriting, inside, lesson, runs, training

_IN_ORDER = (training, inside, runs, lesson, handwriting)  # of their names, `view.TABS`
_PARAMETER = "tab"  # in the page's address, so that a refresh, or another server, opens it again
_IN_ADDRESS = dict(
    zip(("training", "inside", "runs", "lesson", "handwriting"), view.TABS, strict=True)
)


def find() -> None:
    """Once for each visitor: open the tab that the page's address names, and the lesson at its step
    and with its experiment in the training form."""
    if not session.current().greeted:
        _find_lesson()
        if name := _IN_ADDRESS.get(st.query_params.get(_PARAMETER, "")):
            view.open_tab(name)


def _find_lesson() -> None:
    here = session.current()
    if not {"lesson", "try"} & set(st.query_params):
        return
    step, experiment, here.link_problem = steps.find(
        st.query_params.get("lesson"), st.query_params.get("try")
    )
    view.open_tab(view.LESSON)
    if step:
        here.step = step.key
    if experiment:
        here.experiment = experiment.key
        trying.begin(experiment)


def bar() -> Sequence[TabContainer]:
    """The tabs, still empty, and the keys that open them."""
    if view.shortcut("1"):
        with st.container(key="tab-keys"):  # hidden: the tabs themselves show the keys
            for number, name in enumerate(view.TABS, 1):
                keys = f"Shift+{number}"
                view.button(name, f"open-{number}", view.open_tab, name, keys=keys)
    # No default: with another, they would be other tabs. Each run tells the browser which is open.
    if opened := view.OPEN_TAB.read(""):
        st.session_state.setdefault(view.OPEN_TAB.key, opened)
    tabs = st.tabs(view.TABS, key=view.OPEN_TAB.key, on_change="rerun")
    names = {name: one for one, name in _IN_ADDRESS.items()}
    view.put_into_address(_PARAMETER, names[view.OPEN_TAB.read(view.TABS[0])], "training")
    return tabs


def fill(tabs: Sequence[TabContainer], model: SavedModel | None) -> None:
    """Draw what the open tab shows; `model` is the one that answers, if any."""
    session.current().drawing_used = session.current().living.is_open = False
    for number, tab in enumerate(tabs):
        if tab.open:
            with tab, st.container(key=f"open-tab-{number + 1}"):
                _IN_ORDER[number].tab(model)
