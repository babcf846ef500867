"""What was clicked while only the board is drawn anew is noticed, so that the page follows."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from classifier.ui import view

    view.toggle("Switch", key="switch", help="")
    st.button("Elsewhere", key="elsewhere")
    st.number_input("Number", key="number")
    if "drawn" not in st.session_state:  # the whole page
        st.session_state["drawn"] = "yes"
        view.note_widgets()
    else:  # the board
        st.text("changed" if view.widgets_changed() else "as drawn")


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_function(script).run()


def redraw(page: AppTest) -> None:
    del page.session_state["drawn"]
    page.run()


def test_a_switch_that_was_set_or_reset_is_noticed(page):
    page.toggle(key="switch").set_value(True).run()
    assert page.text[0].value == "changed"
    redraw(page)
    page.run()
    assert page.text[0].value == "as drawn"
    page.toggle(key="switch").set_value(False).run()
    assert page.text[0].value == "changed"


def test_a_button_elsewhere_is_noticed_once(page):
    page.button(key="elsewhere").click().run()
    assert page.text[0].value == "changed"
    page.run()
    assert page.text[0].value == "as drawn"


def test_a_field_is_noticed(page):
    page.number_input(key="number").set_value(3).run()
    assert page.text[0].value == "changed"
