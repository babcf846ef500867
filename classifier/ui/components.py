"""Components of the page, each made of the files of its folder, and the link of each to the server.

What a component shows is sent once, or when it changes. Its link, which is another component beside
it, carries what changes with each answer, and what the server is asked. Knows nothing of what they
show.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

_LINK = Path(__file__).with_name("link.js")


def module(folder: Path, names: Sequence[str]) -> str:
    """A folder's JavaScript as one module, which is all that a component may have: what its files
    import from each other stands in it before. names: of the files, each after those it imports"""
    files = "".join((folder / f"{name}.js").read_text() for name in names)
    return re.sub(r"^import .*;$", "", files, flags=re.MULTILINE)


def component(name: str, folder: Path, files: Sequence[str], html: str | None = None):
    """The component of that name: its `module`, and the markup and the style that are called as its
    last file. html: the markup, if it is no file as it is"""
    last = folder / files[-1]
    return st.components.v2.component(
        name,
        html=last.with_suffix(".html").read_text() if html is None else html,
        css=last.with_suffix(".css").read_text(),
        js=module(folder, files),
        isolate_styles=False,
    )


def link(name: str, key: str):
    """The link of that name, of the component in the container with this key."""
    js = _LINK.read_text().replace("KEY", key)
    return st.components.v2.component(name, js=js, isolate_styles=False)
