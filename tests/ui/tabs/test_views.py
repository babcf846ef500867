"""What View switches: values as tables, shortcuts."""

import dataclasses
import json

import altair
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from classifier.serving.snapshots import Recorder
from classifier.ui import view
from tests.app import board, press
from tests.ui.tabs.pages import (
    RUN,
    alive,
    charts,
    edited,
    epoch,
    finished,
    learned,
    look,
    opened,
    run_folder,
)


def test_each_chart_of_a_tab_comes_with_its_values_when_they_are_wanted(
    home, mixed_up, small_network, monkeypatch
):
    learned(home, "mine", mixed_up, monkeypatch)
    edited(home, "mine", "history", [dataclasses.asdict(epoch(n)) for n in (1, 2)])
    folder = run_folder(home, epoch(1), epoch(2), finished("mine"))
    Recorder(folder / "epochs", small_network[0]).add(1, small_network[1])
    page = opened(run=RUN)
    press(page, "sample-3")
    drawn = 0
    for tab, steps in {
        view.TRAINING: ("",),
        view.INSIDE: ("",),
        view.RUNS: ("",),
        view.LESSON: ("softmax", "compile", "fit", "test"),
    }.items():
        for step in steps:
            page.session_state["session"].step = step
            page.toggle(key="tables").set_value(False)
            look(page, tab)
            assert not values_of(page)
            page.toggle(key="tables").set_value(True).run()
            look(page, tab)
            told = charts(page)
            assert told
            assert {f"Values: {one}" for one in told} <= set(values_of(page))
            check_specifications(page)
            drawn += len(told)
            assert board(page)["tables"]
    assert drawn >= 6


def check_specifications(page: AppTest) -> None:
    """Each chart is one of Vega-Lite's, by its schema, of columns that its rows have."""
    for chart in page.get("vega_lite_chart"):
        spec = json.loads(chart.proto.spec)
        altair.Chart.from_dict(spec | {"data": {"values": []}})  # raises SchemaValidationError
        made = {one["as"] for one in found(spec, "as") if isinstance(one["as"], str)}
        made |= {name for one in found(spec, "fold") for name in one["as"]}
        rows = pa.ipc.open_stream(chart.proto.data.data).read_all().column_names
        assert {one["field"] for one in found(spec, "field")} <= {*rows, *made}


def found(spec: object, key: str) -> list[dict]:
    """All objects within it that have this key."""
    inside = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    here = [spec] if isinstance(spec, dict) and key in spec else []
    return here + [one for part in inside for one in found(part, key)]


def values_of(page: AppTest) -> list[str]:
    return [t.proto.alt for t in page.dataframe if t.proto.alt.startswith("Values: ")]


@pytest.mark.parametrize("tab", view.TABS)
def test_without_shortcuts_no_button_has_one(tab, home):
    page = opened(tab)
    assert sum(bool(button.proto.shortcut) for button in page.button) >= 6
    assert board(page)["keys"]
    page.toggle(key="shortcuts").set_value(False).run()
    assert not page.exception
    assert not any(button.proto.shortcut for button in page.button)
    assert not board(page)["keys"]
    alive(page)
