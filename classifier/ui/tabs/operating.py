"""What only who runs the page may do: see all runs and stop any, and clear what is stored.

They show a key that the environment names. Without one, nobody may, and nothing is shown.
"""

import os
import time
from collections import Counter
from datetime import datetime

import streamlit as st

from classifier.database.interface import CollectionError
from classifier.limits import Rate
from classifier.people import classroom, copying
from classifier.people.register import ClassState
from classifier.rights import Action
from classifier.serving import store
from classifier.ui import key, session, shared, view
from classifier.ui.board import labelling
from classifier.ui.session import Widget
from classifier.ui.tabs import sweeping

_PAUSE = 1.0  # seconds after a wrong one
_LARGEST = 10  # visitors who have most, who are named
_guesses = Rate(key.WITHIN)
_ASKED = Widget[str]("operator-key")


def panel() -> None:
    """The field for the key, or all that it opens."""
    here = session.current()
    if not os.environ.get(key.KEY):
        return
    with st.expander("For whoever runs this page", key="operator", on_change="rerun") as panel:
        if not panel.open:
            return
        if not here.operator:
            _ask(here)
            return
        _runs()
        _classes()
        _stored()
        view.button("Put the key away", "operator-leave", _leave, type="tertiary")


def _ask(here: session.Session) -> None:
    with st.form("operator-form", border=False):
        st.text_input("The key", key=_ASKED.key, type="password", autocomplete="off")
        st.form_submit_button("Show the key", on_click=_try)
    if len(os.environ[key.KEY]) < key.SHORTEST:
        st.warning(f"{key.KEY} has fewer than {key.SHORTEST} characters, and opens nothing.")
    elif here.key_problem:
        st.warning(here.key_problem)


def _try() -> None:
    here, asked = session.current(), _ASKED.read("")
    _ASKED.forget()
    if not _guesses.take(session.visitor().digest, key.MOST_GUESSES):
        here.key_problem = f"Too many wrong keys: wait {key.WITHIN / 60:.0f} minutes."
        return
    if key.opens(asked):
        here.operator, here.key_problem = True, ""
    else:
        time.sleep(_PAUSE)
        here.key_problem = "That is another key."


def _leave() -> None:
    session.current().operator = False


def _runs() -> None:
    st.markdown("### Runs that wait or train")
    runs = shared.jobs().all(session.visitor())
    sweeps = shared.sweeps().all(session.visitor())
    for sweep in sweeps:
        left, right = st.columns([3, 1], vertical_alignment="center")
        whose = sweep.record.owner[:6] or "nobody"
        left.markdown(f"sweep of {len(sweep.record.parts)} runs · by {whose}")
        with right:
            view.button("Stop it", f"stop-{sweep.id}", sweeping.stop, sweep)
    if not runs and not sweeps:
        st.caption("None.")
    for run in runs:
        run.look()
        network = run.started.config.get("network") if run.started else "a network"
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"{network} · {run.state.name.lower()} · by {run.owner[:6] or 'nobody'}")
        with right:
            view.button("Stop it", f"stop-{run.id}", lambda r=run: r.stop(session.visitor()))


def _classes() -> None:
    st.markdown("### Classes")
    try:
        found = classroom.all_open(session.visitor())
    except CollectionError as error:
        view.error(str(error))
        return
    if not found:
        st.caption("None is open.")
    for one in found:
        left, right = st.columns([3, 1], vertical_alignment="center")
        opened = datetime.fromtimestamp(one.opened)
        left.markdown(f"{one.code.upper()} · {one.state.value} · since {opened:%H:%M}")
        do = (classroom.set_state, one.number, ClassState.CLOSED)
        with right:
            view.button("Close it", f"close-{one.number}", labelling.attempt, *do)


def _stored() -> None:
    st.markdown("### What is stored")
    models = [model for model in store.list_models()[0] if not model.shipped]
    try:
        drawings = copying.holders(session.visitor(), _LARGEST)
    except CollectionError as error:
        view.error(str(error))
        return
    saved = Counter(model.meta.owner for model in models if model.meta.owner)
    for whose in dict.fromkeys((*drawings, *dict(saved.most_common(_LARGEST)))):
        left, right = st.columns([3, 1], vertical_alignment="center")
        drawn, trained = drawings.get(whose, 0), saved[whose]
        left.markdown(
            f"{whose[:6]} · {drawn:,} drawing{'s' * (drawn != 1)}, own or in their classes, "
            f"and {trained} model{'s' * (trained != 1)}"
        )
        with right, st.popover("Delete it", key=f"clear-{whose}"):
            st.markdown("All that this visitor has stored is gone for good then.")
            view.button("Delete it all", f"clear-{whose}-now", _clear, whose)
    with st.container(horizontal=True, gap="small"):
        with st.popover("Delete all models", disabled=not models, key="clear-models"):
            st.markdown(f"{len(models):,} models that were trained here are gone for good then.")
            view.button("Delete them", "clear-models-now", _clear_models, None)
        with st.popover("Delete all drawings and classes", key="clear-drawings"):
            st.markdown("Nobody’s drawings can be brought back.")
            view.button("Delete them", "clear-drawings-now", _clear_drawings)


def _clear_drawings() -> None:
    copying.clear(session.visitor())


def _clear(whose: str) -> None:
    copying.clear(session.visitor(), whose)
    _clear_models(whose)


def _clear_models(whose: str | None) -> None:
    """Of one visitor, or of all."""
    by = session.visitor()
    by.check(Action.CLEAR)
    for model in store.list_models()[0]:
        if not model.shipped and whose in (None, model.meta.owner):
            store.delete(model.name, by)
