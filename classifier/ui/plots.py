"""Charts of a drawing and of a network, and how any chart is shown: as a specification of Vega-Lite
(https://vega.github.io/vega-lite/docs/), with its values as a table for those who want them.

The specifications are written out: Altair, which can write them, takes 0.1 s of the processor for
two charts, three times as much as all the rest of the page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.ui import charts, view
from classifier.ui.charts import GREY, ORANGE
from classifier.ui.session import Widget

BLUE = "#4c8fe0"
DIGITS = [str(digit) for digit in range(CLASSES)]
# All ten digits are named, however little room there is.
PLAIN = {"ticks": False, "domain": False, "labelOverlap": False}
ABOVE = {"orient": "top", "labelAngle": 0}  # where columns have their names

Spec = dict[str, Any]


def quantity(field: str, **more: object) -> Spec:
    """How a column of numbers is shown, such as along an axis."""
    return {"field": field, "type": "quantitative", "title": None, **more}


def ordinal(field: str, **more: object) -> Spec:
    """How a column of digits or places is shown: one after the other."""
    return {"field": field, "type": "ordinal", "title": None, **more}


def nominal(field: str, **more: object) -> Spec:
    """How a column of names is shown."""
    return {"field": field, "type": "nominal", "title": None, **more}


def marked(field: str) -> Spec:
    """Orange where the field is true, grey elsewhere."""
    return nominal(field, scale={"domain": [True, False], "range": [ORANGE, GREY]}, legend=None)


def tooltip(**formats: str) -> list[Spec]:
    """The values of these columns where the mouse is, each in its format; "": as it is."""
    return [
        quantity(name, title=name, format=form) if form else nominal(name, title=name)
        for name, form in formats.items()
    ]


def ink() -> str:
    """The colour of text on the page, for marks that the theme does not colour."""
    return "#fafafa" if st.context.theme.type == "dark" else "#262730"


def show(
    rows: pa.Table,
    chart: Spec,
    words: str,
    columns: Sequence[str],
    *,
    height: int,
    key: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """A chart of these rows with its words for screen readers and, if wanted, the columns that it
    shows.

    key, on_select: for a chart that is clicked; `picked` tells on what
    """
    scale = view.scale()
    font = {"labelFontSize": 12 * scale, "titleFontSize": 12 * scale}
    chart = chart | {
        "usermeta": {"embedOptions": {"actions": False}},
        "config": {
            "axis": font,
            "legend": font,
            "title": {"fontSize": 13 * scale, "anchor": "start"},
            "view": {"stroke": None},
        },
    }
    select: Any = on_select or "ignore"
    # The height is the element's, not the chart's: its room is free before it is drawn.
    high = round(height * scale)
    st.vega_lite_chart(rows, chart, height=high, alt=words, key=key, on_select=select)
    if view.tables():
        st.dataframe(rows.select(list(columns)), hide_index=True, alt=f"Values: {words}")


def picked(key: str, selection: str) -> dict[str, Any] | None:
    """The values of what was clicked last on the chart of this key, if anything was."""
    chart = Widget[Any](key).read(None)
    found = chart.selection.get(selection) if chart else None
    return found[0] if found else None


def clicked(name: str, fields: Sequence[str], layer: str) -> Spec:
    """That one mark of this layer can be clicked: `picked` then has its values of these fields."""
    select = {"type": "point", "fields": list(fields), "toggle": False}
    return {"name": name, "select": select, "views": [layer]}


def framed(field: str) -> Spec:
    """A layer with a frame where the field is true."""
    return {
        "transform": [{"filter": f"datum.{field}"}],
        "mark": {"type": "rect", "fill": None, "stroke": ink(), "strokeWidth": 2.5, "aria": False},
    }


def written(field: str) -> Spec:
    """A layer with the field's text."""
    return {
        "mark": {"type": "text", "fontSize": 12 * view.scale(), "color": ink(), "aria": False},
        "encoding": {"text": {"field": field, "type": "nominal"}},
    }


def answers_by_epoch(epochs: Sequence[int], probabilities: np.ndarray) -> None:
    """Ten bars for each epoch, side by side: what the network, as it was then, says to a drawing.

    probabilities: (len(epochs), 10) float32
    """
    number = len(epochs)
    place = np.repeat(np.arange(number), CLASSES)
    value = probabilities.ravel()
    rows = pa.table(
        {
            "epoch": np.repeat(epochs, CLASSES),
            "digit": DIGITS * number,
            "probability": value,
            "start": place.astype(float),
            "end": place + 0.9 * value,
            "winner": (probabilities == probabilities.max(axis=1, keepdims=True)).ravel(),
        }
    )
    names = [str(epoch) for epoch in epochs]
    axis = {
        "title": "epoch",
        "values": list(range(number)),
        "labelExpr": f"{names}[datum.value]",
        "labelAlign": "left",
        "grid": True,
    }
    chart = {
        "title": "This drawing, epoch by epoch",
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.8}},
        "encoding": {
            "y": ordinal("digit", axis=PLAIN),
            "x": quantity("start", scale={"domain": [0, number], "nice": False}, axis=axis),
            "x2": {"field": "end"},
            "color": marked("winner"),
            "tooltip": tooltip(epoch="", digit="", probability=".1%"),
        },
    }
    pairs = zip(epochs, probabilities, strict=True)
    said = [f"epoch {epoch}: {charts.digit_in_words(row)}" for epoch, row in pairs]
    words = f"What it says to the drawing. {', '.join(said)}."
    show(rows, chart, words, ["epoch", "digit", "probability"], height=320)
    charts.speak(words)


def bars(
    title: str,
    values: np.ndarray,
    form: str,
    words: str,
    *,
    names: tuple[str, str] = ("digit", "value"),
    lowest: bool = False,
) -> None:
    """Ten values by digit as bars from zero, the largest marked, or the lowest; values (10,) float.

    names: what the digits and the values are; form: of the values, and of the largest's axis
    """
    digit, value = names
    best = values.min() if lowest else values.max()
    rows = pa.table({digit: DIGITS, value: values.astype(float), "winner": values == best})
    axis = {} if lowest else {"format": form, "tickCount": 5}
    chart = {
        "title": title,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": ordinal(digit, axis=PLAIN),
            "x": quantity(value, axis=axis),
            "color": marked("winner"),
            "tooltip": tooltip(**{digit: "", value: form}),
        },
    }
    show(rows, chart, words, [digit, value], height=290)


def units(activations: np.ndarray, chosen: int, on_select: Callable[[], None]) -> None:
    """How strongly each of N hidden units answers, activations (N,), as squares to be clicked:
    `picked("units", "unit")` has the "unit"."""
    columns = min(32, len(activations))
    number = np.arange(len(activations))
    rows = pa.table(
        {
            "unit": number,
            "row": number // columns,
            "column": number % columns,
            "activation": activations.astype(float),
            "chosen": number == chosen,
        }
    )
    most = max(float(np.abs(activations).max()), 1e-6)
    squares = {
        "name": "squares",
        "transform": [{"calculate": f"abs(datum.activation) / {most}", "as": "weight"}],
        "mark": {"type": "rect", "cursor": "pointer", "stroke": GREY, "strokeWidth": 0.4},
        "encoding": {
            "color": {
                "condition": {"test": "datum.activation < 0", "value": BLUE},
                "value": ORANGE,
            },
            "fillOpacity": quantity("weight", scale=None),
            "tooltip": tooltip(unit="d", activation=".2f"),
        },
    }
    chart = {
        "title": f"Activations of the {len(activations)} hidden units",
        "encoding": {"x": ordinal("column", axis=None), "y": ordinal("row", axis=None)},
        "layer": [squares, framed("chosen")],
        "params": [clicked("unit", ["unit"], "squares")],
    }
    active = int((activations != 0).sum())
    words = f"{active} of {len(activations)} hidden units answer; the strongest is " + (
        f"unit {int(activations.argmax())}."
    )
    show(
        rows,
        chart,
        words,
        ["unit", "activation"],
        height=14 * (int(number[-1]) // columns + 1) + 40,
        key="units",
        on_select=on_select,
    )


def judged(answers: dict[str, np.ndarray]) -> None:
    """What several models say to one drawing: a row of ten squares each; answers (10,) float32."""
    names = list(answers)
    table = np.stack(list(answers.values()))
    value = table.ravel()
    rows = pa.table(
        {
            "model": np.repeat(names, CLASSES),
            "digit": DIGITS * len(names),
            "probability": value,
            "text": [f"{p * 100:.0f}" if p >= 0.01 else "" for p in value],
        }
    )
    weight = quantity("probability", scale={"domain": [0, 1], "range": [0, 0.8]}, legend=None)
    chart = {
        "title": "This drawing, by each of them, in %",
        "encoding": {
            "x": ordinal("digit", axis=ABOVE),
            "y": nominal("model", sort=names, axis={"labelLimit": 160}),
            "tooltip": tooltip(model="", digit="", probability=".1%"),
        },
        "layer": [
            {
                "mark": {"type": "rect", "color": ORANGE, "stroke": GREY, "strokeWidth": 0.4},
                "encoding": {"fillOpacity": weight},
            },
            written("text"),
        ],
    }
    told = ", ".join(f"{name}: {charts.digit_in_words(row)}" for name, row in answers.items())
    columns, high = ["model", "digit", "probability"], 34 * len(names) + 84
    show(rows, chart, f"This drawing. {told}", columns, height=high)
    charts.speak(told)
