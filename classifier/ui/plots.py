"""Charts of a drawing and of a network, and how any chart is shown: by Altair, with its values as a
table for those who want them.

Apart from `charts`, which a stroke redraws: Altair is loaded with the first tab that needs it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.ui import charts, view
from classifier.ui.charts import GREY, ORANGE
from classifier.ui.session import Widget

BLUE = "#4c8fe0"
# All ten digits are named, however little room there is.
PLAIN = alt.Axis(ticks=False, domain=False, labelOverlap=False)
DIGITS = [str(digit) for digit in range(CLASSES)]


def ink() -> str:
    """The colour of text on the page, for marks that the theme does not colour."""
    return "#fafafa" if st.context.theme.type == "dark" else "#262730"


def show(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart,
    words: str,
    values: pa.Table,
    *,
    height: int,
    key: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """A chart with its words for screen readers and, if wanted, the values that it shows.

    key, on_select: for a chart that is clicked; `picked` tells on what
    """
    scale = view.scale()
    chart = (
        chart.properties(usermeta={"embedOptions": {"actions": False}})
        .configure_axis(labelFontSize=12 * scale, titleFontSize=12 * scale)
        .configure_legend(labelFontSize=12 * scale, titleFontSize=12 * scale)
        .configure_title(fontSize=13 * scale, anchor="start")
        .configure_view(stroke=None)
    )
    select: Any = on_select or "ignore"
    # The height is the element's, not the chart's: its room is free before it is drawn.
    high = round(height * scale)
    st.altair_chart(chart, width="stretch", height=high, alt=words, key=key, on_select=select)
    if view.tables():
        st.dataframe(values, hide_index=True, alt=f"Values: {words}")


def picked(key: str, selection: str) -> dict[str, Any] | None:
    """The values of what was clicked last on the chart of this key, if anything was."""
    chart = Widget[Any](key).read(None)
    found = chart.selection.get(selection) if chart else None
    return found[0] if found else None


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
    axis = alt.Axis(
        title="epoch",
        values=list(range(number)),
        labelExpr=f"{[str(e) for e in epochs]}[datum.value]",
        labelAlign="left",
        grid=True,
    )
    chart = (
        alt.Chart(rows, title="This drawing, epoch by epoch")
        .mark_bar(cornerRadiusEnd=2, height={"band": 0.8})
        .encode(
            y=alt.Y("digit:O", title=None, axis=PLAIN),
            x=alt.X("start:Q", scale=alt.Scale(domain=[0, number], nice=False), axis=axis),
            x2="end:Q",
            color=marked("winner"),
            tooltip=["epoch:O", "digit:O", alt.Tooltip("probability:Q", format=".1%")],
        )
    )
    pairs = zip(epochs, probabilities, strict=True)
    said = [f"epoch {epoch}: {charts.digit_in_words(row)}" for epoch, row in pairs]
    words = f"What it says to the drawing. {', '.join(said)}."
    show(chart, words, rows.select(["epoch", "digit", "probability"]), height=320)
    charts.speak(words)


def marked(field: str) -> alt.Color:
    """Orange where the field is true, grey elsewhere."""
    return alt.Color(
        f"{field}:N", scale=alt.Scale(domain=[True, False], range=[ORANGE, GREY]), legend=None
    )


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
    axis = alt.Axis() if lowest else alt.Axis(format=form, tickCount=5)
    chart = (
        alt.Chart(rows, title=title)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y(f"{digit}:O", title=None, axis=PLAIN),
            x=alt.X(f"{value}:Q", title=None, axis=axis),
            color=marked("winner"),
            tooltip=[f"{digit}:O", alt.Tooltip(f"{value}:Q", format=form)],
        )
    )
    show(chart, words, rows.select([digit, value]), height=290)


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
    pick = alt.selection_point(fields=["unit"], name="unit", empty=False, toggle=False)
    most = max(float(np.abs(activations).max()), 1e-6)
    base = alt.Chart(rows, title=f"Activations of the {len(activations)} hidden units").encode(
        x=alt.X("column:O", axis=None), y=alt.Y("row:O", axis=None)
    )
    squares = (
        base.mark_rect(cursor="pointer", stroke=GREY, strokeWidth=0.4)
        .encode(
            color=alt.condition("datum.activation < 0", alt.value(BLUE), alt.value(ORANGE)),
            fillOpacity=alt.FillOpacity("weight:Q", scale=None),
            tooltip=["unit:Q", alt.Tooltip("activation:Q", format=".2f")],
        )
        .transform_calculate(weight=f"abs(datum.activation) / {most}")
    )
    frame = base.transform_filter("datum.chosen").mark_rect(
        fill=None, stroke=ink(), strokeWidth=2.5
    )
    active = int((activations != 0).sum())
    words = f"{active} of {len(activations)} hidden units answer; the strongest is " + (
        f"unit {int(activations.argmax())}."
    )
    show(
        alt.layer(squares.add_params(pick), frame),
        words,
        rows.select(["unit", "activation"]),
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
    base = alt.Chart(rows, title="This drawing, by each of them, in %").encode(
        x=alt.X("digit:O", title=None, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("model:N", title=None, sort=names, axis=alt.Axis(labelLimit=160)),
        tooltip=["model:N", "digit:O", alt.Tooltip("probability:Q", format=".1%")],
    )
    squares = base.mark_rect(color=ORANGE, stroke=GREY, strokeWidth=0.4).encode(
        fillOpacity=alt.FillOpacity(
            "probability:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.8]), legend=None
        )
    )
    text = base.mark_text(fontSize=12 * view.scale(), color=ink()).encode(text="text:N")
    told = ", ".join(f"{name}: {charts.digit_in_words(row)}" for name, row in answers.items())
    values, high = rows.select(["model", "digit", "probability"]), 34 * len(names) + 84
    show(alt.layer(squares, text), f"This drawing. {told}", values, height=high)
    charts.speak(told)
