"""What was clicked while only the board is drawn anew is noticed, so that the page follows."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from classifier.rights import Visitor
from classifier.ui import hearing, view


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


def decimal_script():
    import streamlit as st

    from classifier.ui import view

    st.text(repr(view.decimal("Rate", 0.001, 1e-9, 100.0, key="rate")))


@pytest.mark.parametrize(
    ("typed", "number"), [("0,05", "0.05"), (" 0.05 ", "0.05"), ("1e-3", "0.001"), ("100", "100.0")]
)
def test_a_decimal_is_written_with_a_comma_or_a_point(typed, number):
    page = AppTest.from_function(decimal_script).run()
    assert page.text[0].value == "0.001"
    page.text_input(key="rate").set_value(typed).run()
    assert page.text[0].value == number
    assert not page.markdown


@pytest.mark.parametrize("typed", ["", "a", "0,0,5", "1.000,5", "-1", "0", "101", "nan", "inf"])
def test_what_is_no_decimal_within_its_bounds_is_told(typed):
    page = AppTest.from_function(decimal_script).run()
    page.text_input(key="rate").set_value(typed).run()
    assert page.text[0].value == repr(typed)
    assert "A number from 1e-09 to 100" in page.markdown[0].value


def test_files_are_made_one_at_a_time_and_no_problem_tells_where_they_are(monkeypatch):
    handed = []
    monkeypatch.setattr(view.st, "download_button", lambda *_, data, **__: handed.append(data))
    at_work, most = [], []

    def make() -> bytes:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.05)
        at_work.pop()
        return b"made"

    for whose in "abcd":
        monkeypatch.setattr(view.session, "visitor", lambda whose=whose: Visitor(whose))
        view.download("a.npz", make, key="a", icon=None)
    with ThreadPoolExecutor() as pool:
        assert [one.result() for one in map(pool.submit, handed)] == [b"made"] * 4
    assert max(most) == 1

    def fail() -> bytes:
        raise OSError(28, "No space left on device", "/srv/pages/secret/a.npz")

    view.download("b.npz", fail, key="b", icon=None)
    with pytest.raises(RuntimeError, match="No space left") as told:
        handed[-1]()
    assert "secret" not in str(told.value)


def test_who_asks_for_many_files_gets_one_at_a_time_and_waits_in_no_thread(monkeypatch):
    handed, order = [], []
    monkeypatch.setattr(view.st, "download_button", lambda *_, data, **__: handed.append(data))

    def make(whose: str) -> bytes:
        order.append(whose)
        time.sleep(0.3)
        return b"made"

    for whose in "aaaab":
        monkeypatch.setattr(view.session, "visitor", lambda whose=whose: Visitor(whose))
        view.download("a.npz", partial(make, whose), key="a", icon=None)
    with ThreadPoolExecutor() as pool:
        made = []
        for one in handed:
            made.append(pool.submit(one))
            time.sleep(0.02)
    for refused in made[1:4]:
        with pytest.raises(RuntimeError, match="another of yours: try"):
            refused.result()
    assert order == list("ab")


def test_making_a_file_counts_for_whoever_asked(monkeypatch):
    handed, paces = [], hearing.paces_of("ann", "here")
    monkeypatch.setattr(view.st, "download_button", lambda *_, data, **__: handed.append(data))
    monkeypatch.setattr(view.session, "payer", lambda: "ann")

    def make() -> bytes:
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
        return b"made"

    view.download("a.npz", make, key="a", icon=None)
    before = paces.computing.spend(0)
    handed[0]()
    assert before - paces.computing.spend(0) == pytest.approx(0.2, abs=0.15)
