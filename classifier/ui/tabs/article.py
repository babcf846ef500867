"""The article's network: what stands beside the lesson's words, whichever model answers above."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from classifier.names import SHIPPED_ARTICLE
from classifier.serving import store
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.standards import HIDDEN_UNITS
from classifier.ui import session, view

_NETWORK = "dense"


def is_built_so(config: Mapping[str, Any]) -> bool:
    """Whether these settings of a run build the network of which the lesson speaks."""
    units = config.get("hidden_units")
    return (
        config.get("network") == _NETWORK
        and (units is None or units == HIDDEN_UNITS[_NETWORK])
        and config.get("activation", "relu") == "relu"
    )


def network(model: SavedModel | None) -> SavedModel | None:
    """The model that answers, if it is such a network, else the shipped one; None without both."""
    if model is not None and is_built_so(model.meta.config):
        return model
    try:
        return store.get(SHIPPED_ARTICLE)
    except (DamagedModelError, ModelNotFoundError):
        return None


def tell(shown: SavedModel | None, model: SavedModel | None) -> None:
    """Which network stands here, if it is not the one that answers."""
    if shown is None:
        st.caption("The article’s network is not here: train “dense” in the sidebar.")
    elif model is not None and shown.name != model.name:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption(f"Here: {shown.title}, the article’s network.", width="content")
            view.button(
                "Let it answer above",
                "lesson-answers",
                session.current().answer_with,
                shown.name,
                help=f"In place of {model.title}.",
                type="tertiary",
            )
