"""Pages of a class without a browser."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from classifier.people import classroom
from classifier.ui import view
from tests.app import new_page, press, run
from tests.ui.classes import HOST


@pytest.fixture(autouse=True)
def _on_this_machine(monkeypatch):
    """As for a browser here; without one there are mocks in their place."""
    monkeypatch.setattr(type(st.context), "ip_address", None)
    monkeypatch.setattr(type(st.context), "url", "http://localhost:8501/")


@pytest.fixture
def opened(home):
    """A class that HOST has opened."""
    return classroom.open_class(HOST, "shipped-deep")


@pytest.fixture
def host(home) -> AppTest:
    """A page whose visitor has opened a class."""
    page = new_page()
    page.session_state[view.OPEN_TAB.name] = view.HANDWRITING
    run(page)
    press(page, "class-open")
    return page
