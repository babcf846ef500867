"""Which model answers, and which one beside it, or the network that is being trained."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from classifier import names
from classifier.serving import store
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import session, shared, view
from classifier.ui.session import ANSWERING

_NOBODY = "Nobody"
_PARAMETER = "model"  # in the page's address, so that a refresh, or another server, finds it again


def choose() -> tuple[SavedModel | None, SavedModel | None]:
    """The model that answers, the newest run's at once when it has finished; and who answers beside
    it, if anybody does."""
    here = session.current()
    models, problems = store.list_models()
    by_name = {m.name: m for m in models if m.meta.reads_digits}
    told = {name: f"{m.title} · {m.test_accuracy:.1%}" for name, m in by_name.items()}
    newest = next(iter(by_name), "")
    if by_name and here.answering not in by_name:
        named = "" if here.greeted else st.query_params.get(_PARAMETER, "")
        named = names.FORMER.get(named, named)
        here.answer_with(named if named in by_name else newest)
        if named and named not in by_name:
            here.model_problem = "The model that the link names is not here any more."
    with st.container(key="answering"):
        with st.container(key="answering-model"):
            name = here.answering = st.selectbox(
                "Answering model",
                list(by_name),
                list(by_name).index(here.answering) if here.answering in by_name else None,
                key=ANSWERING.key,
                format_func=lambda one: told[one],
                help="The share is its accuracy on test digits that it never saw.",
                placeholder="No model yet: train one",
            )
        if name != newest:
            here.model_problem = ""
        if here.model_problem:
            st.warning(here.model_problem)
        view.put_into_address(_PARAMETER, name or newest, newest)
        if name is not None:
            st.caption(f"Learned from {by_name[name].meta.data.description}.")
        for problem in problems:
            view.warning(problem)
    other = st.selectbox(
        "Beside it",
        [_NOBODY, *(one for one in by_name if one != name)],
        key="second-model",
        format_func=lambda one: told.get(one, one),
        help="A second model answers on the same drawing, in bars of another colour. A network in "
        "training does so by itself.",
    )
    return by_name.get(name or ""), by_name.get(other or "")


def second(other: SavedModel | None) -> Callable[[np.ndarray], tuple[str, np.ndarray] | None]:
    """What answers beside the answering model: the network in training, and `other` while this
    visitor trains nothing."""
    here = session.current()
    return partial(_second, here.run.id if here.run and here.training else "", other)


def _second(
    run_id: str, other: SavedModel | None, image: np.ndarray
) -> tuple[str, np.ndarray] | None:
    if run_id:
        newest = shared.replay(run_id).newest(image)
        if newest is not None:
            epoch, row = newest
            return f"in training, epoch {epoch}" if epoch else "before training", row
    if other is None:
        return None
    try:
        return other.title, shared.ask(other, image)
    except (DamagedModelError, ModelNotFoundError):
        return None  # gone since it was chosen


def download(name: str, *, key: str, icon: str | None = None) -> None:
    """A button that hands out a saved model as one file."""
    view.download(f"{name}.zip", lambda: store.as_zip(name), key=key, icon=icon)
