"""Settings that the page's address names: whoever opens such a link sees the same form."""

import streamlit as st

from classifier import links
from classifier.ui import session
from classifier.ui.sidebar import form

# What the page's address may say beside settings; Streamlit's own begin with "embed".
_OTHERS = {"class", "lesson", "model", "run", "tab", "try", "wall"}


def find() -> None:
    """Once for each visitor: put the settings that the page's address names into the form. Before
    the form is drawn."""
    named = st.query_params.to_dict()
    if session.current().greeted or not links.is_one(named):
        return
    config, problems = links.read(named)
    unknown = [
        name
        for name in named
        if name not in links.ALLOWED and name not in _OTHERS and not name.startswith("embed")
    ]
    if unknown:
        what = f"{len(unknown)} setting{'s' * (len(unknown) > 1)}"
        problems.append(f"This version does not know {what} of the link.")
    form.fill_in(config, "the link", " ".join(problems))
