"""The charts of the tabs, by Altair, each with its values as a table for those who want them.

Apart from `charts`, which a stroke redraws: Altair is loaded with the first tab that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import altair as alt
import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.events import EpochEnded
from classifier.serving import evaluation
from classifier.ui import charts, view
from classifier.ui.charts import GREY, ORANGE

BLUE = "#4c8fe0"
# Of runs, told apart by lightness as well as by hue.
_HUES = ["#e8710a", "#4c8fe0", "#2a9d78", "#c65bb0", "#b58900", "#7d8aa0", "#d1495b", "#5a6ee0"]
# All ten digits are named, however little room there is.
_PLAIN = alt.Axis(ticks=False, domain=False, labelOverlap=False)
_DIGITS = [str(digit) for digit in range(CLASSES)]


def ink() -> str:
    """The colour of text on the page, for marks that the theme does not colour."""
    return "#fafafa" if st.context.theme.type == "dark" else "#262730"


def _show(
    chart: alt.Chart | alt.LayerChart,
    words: str,
    values: pa.Table,
    *,
    height: int,
    key: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """A chart with its words for screen readers and, if wanted, the values that it shows."""
    scale = view.scale()
    type_size = {"labelFontSize": 12 * scale, "titleFontSize": 12 * scale}
    chart = (
        chart.properties(usermeta={"embedOptions": {"actions": False}})
        .configure_axis(**type_size)
        .configure_legend(**type_size)
        .configure_title(fontSize=13 * scale, anchor="start")
        .configure_view(stroke=None)
    )
    more = {"on_select": on_select} if on_select else {}
    # Given to the element, not to the chart: its room is kept free before it is drawn.
    size = {"width": "stretch", "height": round(height * scale)}
    st.altair_chart(chart, **size, alt=words, key=key, **more)
    if view.tables():
        st.dataframe(values, hide_index=True, alt=f"Values: {words}")


def curves(epochs: Sequence[EpochEnded], *, stacked: bool = False) -> None:
    """Loss and accuracy by epoch, training against validation, shaded between them.

    stacked: one below the other, where there is less width
    """
    places = [st.container(), st.container()] if stacked else st.columns(2, gap="medium")
    for place, field, form in zip(places, ("accuracy", "loss"), (".1%", ".2f"), strict=True):
        with place:
            _curve(epochs, field, form)


def _curve(epochs: Sequence[EpochEnded], field: str, form: str) -> None:
    rows = pa.table(
        {
            "epoch": [e.epoch for e in epochs],
            "training": [getattr(e, field) for e in epochs],
            "validation": [getattr(e, f"val_{field}") for e in epochs],
        }
    )
    last = epochs[-1]
    base = alt.Chart(rows).encode(
        x=alt.X("epoch:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1))
    )
    scale = alt.Scale(zero=False)
    axis = alt.Axis(format=form, tickCount=4)
    # Where training is ahead of validation: above it in accuracy, below it in loss.
    ahead = "max" if field == "accuracy" else "min"
    between = (
        base.transform_calculate(edge=f"{ahead}(datum.training, datum.validation)")
        .mark_area(opacity=0.25, color=ORANGE)
        .encode(y=alt.Y("edge:Q", title=None, scale=scale, axis=axis), y2="validation:Q")
    )
    domain = ["training", "validation"]
    lines = (
        base.transform_fold(domain, as_=["images", "value"])
        .mark_line(point=True)
        .encode(
            y=alt.Y("value:Q", title=None, scale=scale, axis=axis),
            color=alt.Color(
                "images:N",
                scale=alt.Scale(domain=domain, range=[GREY, ORANGE]),
                legend=alt.Legend(orient="bottom", title=None, symbolType="stroke"),
            ),
            strokeDash=alt.StrokeDash(
                "images:N", scale=alt.Scale(domain=domain, range=[[4, 3], [1, 0]]), legend=None
            ),
            tooltip=["epoch:Q", "images:N", alt.Tooltip("value:Q", format=form)],
        )
    )
    title = f"{field.capitalize()} by epoch"
    words = (
        f"{title}. After epoch {last.epoch}: training {getattr(last, field):{form}}, "
        f"validation {getattr(last, f'val_{field}'):{form}}."
    )
    _show(alt.layer(between, lines, title=title), words, rows, height=270)


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
            "digit": _DIGITS * number,
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
            y=alt.Y("digit:O", title=None, axis=_PLAIN),
            x=alt.X("start:Q", scale=alt.Scale(domain=[0, number], nice=False), axis=axis),
            x2="end:Q",
            color=_winner_colour(),
            tooltip=["epoch:O", "digit:O", alt.Tooltip("probability:Q", format=".1%")],
        )
    )
    said = [
        f"epoch {epoch}: {row.argmax()} {charts.percent(float(row.max()))}"
        for epoch, row in zip(epochs, probabilities, strict=True)
    ]
    words = f"What it says to the drawing. {', '.join(said)}."
    _show(chart, words, rows.select(["epoch", "digit", "probability"]), height=320)
    st.html(f'<p class="for-screen-readers">{words}</p>')


def _winner_colour() -> alt.Color:
    return alt.Color(
        "winner:N", scale=alt.Scale(domain=[True, False], range=[ORANGE, GREY]), legend=None
    )


def confusion(
    counts: np.ndarray,
    of: str,
    *,
    shares: bool = False,
    chosen: tuple[int, int] = (-1, -1),
    on_select: Callable[[], None] | None = None,
) -> None:
    """The confusion matrix (10, 10) of counts of images, `of` which kind, row is the label.

    Where there is `on_select`, its cells can be clicked; it finds the cell by `confusion_cell`.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    label, answer = np.divmod(np.arange(CLASSES * CLASSES), CLASSES)
    rows = pa.table(
        {
            "label": label.astype(str),
            "answer": answer.astype(str),
            "count": counts.ravel(),
            "share": share.ravel(),
            # Mistakes are rare: by its root even a few in a thousand are seen.
            "weight": np.where(label == answer, 0.12, np.sqrt(share.ravel()) * 2).clip(0, 1),
            "right": label == answer,
            "chosen": (label == chosen[0]) & (answer == chosen[1]),
            "text": [
                "" if n == 0 else f"{s * 100:.1f}" if shares else str(n)
                for n, s in zip(counts.ravel(), share.ravel(), strict=True)
            ],
        }
    )
    pick = alt.selection_point(fields=["label", "answer"], name="cell", empty=False, toggle=False)
    base = alt.Chart(
        rows, title="Rows: what it is. Columns: what it said" + (", % of the row" * shares)
    ).encode(
        x=alt.X("answer:O", title=None, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("label:O", title=None),
        tooltip=["label:O", "answer:O", "count:Q", alt.Tooltip("share:Q", format=".2%")],
    )
    cells = base.mark_rect(aria=False).encode(
        color=alt.Color(
            "right:N", scale=alt.Scale(domain=[True, False], range=[GREY, ORANGE]), legend=None
        ),
        opacity=alt.Opacity("weight:Q", scale=None),
    )
    frame = base.transform_filter("datum.chosen").mark_rect(
        fill=None, stroke=ink(), strokeWidth=2.5, aria=False
    )
    text = base.mark_text(fontSize=12 * view.scale(), color=ink(), aria=False).encode(text="text:N")
    # On top of the numbers, which would take the click.
    glass = base.mark_rect(opacity=0, cursor="pointer" if on_select else "default")
    if on_select:
        glass = glass.add_params(pick)
    wrong = int(counts.sum() - np.trace(counts))
    words = f"Confusion matrix of {counts.sum():,} {of}, of which {wrong} were misread."
    _show(
        alt.layer(cells, frame, text, glass),
        words,
        rows.select(["label", "answer", "count", "share"]),
        height=400,
        key="confusion" if on_select else None,
        on_select=on_select,
    )


def confusion_cell() -> tuple[int, int] | None:
    """The cell (label, answer) that was clicked last, if any."""
    chart = st.session_state.get("confusion")
    picked = chart.selection.get("cell") if chart else None
    return (int(picked[0]["label"]), int(picked[0]["answer"])) if picked else None


def digit_accuracies(counts: np.ndarray) -> None:
    """Test accuracy for each digit, with its 95 % interval; counts (10, 10) as for `confusion`."""
    right, total = np.diag(counts), counts.sum(axis=1)
    there = [digit for digit in range(CLASSES) if total[digit]]
    spans = [evaluation.interval(int(right[d]), int(total[d])) for d in there]
    rows = pa.table(
        {
            "digit": [_DIGITS[d] for d in there],
            "accuracy": [right[d] / total[d] for d in there],
            "low": [low for low, _ in spans],
            "high": [high for _, high in spans],
            "right": [int(right[d]) for d in there],
            "images": [int(total[d]) for d in there],
        }
    )
    base = alt.Chart(rows, title="Test accuracy by digit, with 95 % intervals").encode(
        y=alt.Y("digit:O", title=None, axis=_PLAIN),
        tooltip=["digit:O", alt.Tooltip("accuracy:Q", format=".2%"), "right:Q", "images:Q"],
    )
    scale = alt.Scale(zero=False, domainMax=1.0)
    axis = alt.Axis(format=".1%", tickCount=5)
    span = base.mark_rule(color=GREY, strokeWidth=3).encode(
        x=alt.X("low:Q", title=None, scale=scale, axis=axis), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=90, color=ORANGE, opacity=1).encode(
        x=alt.X("accuracy:Q", title=None, scale=scale, axis=axis)
    )
    words = "Test accuracy: " + ", ".join(f"{d}: {right[d] / total[d]:.1%}" for d in there)
    _show(alt.layer(span, point), words, rows, height=330)


def bars(title: str, values: np.ndarray, form: str, words: str) -> None:
    """Ten values by digit as bars from zero, the largest marked; values (10,) float."""
    rows = pa.table(
        {"digit": _DIGITS, "value": values.astype(float), "winner": values == values.max()}
    )
    chart = (
        alt.Chart(rows, title=title)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("digit:O", title=None, axis=_PLAIN),
            x=alt.X("value:Q", title=None, axis=alt.Axis(format=form, tickCount=5)),
            color=_winner_colour(),
            tooltip=["digit:O", alt.Tooltip("value:Q", format=form)],
        )
    )
    _show(chart, words, rows.select(["digit", "value"]), height=290)


def losses(values: np.ndarray) -> None:
    """The loss of one drawing for each label that it might have; values (10,) float."""
    rows = pa.table(
        {"label": _DIGITS, "loss": values.astype(float), "winner": values == values.min()}
    )
    chart = (
        alt.Chart(rows, title="Loss of your drawing, if its label were …")
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("label:O", title=None, axis=_PLAIN),
            x=alt.X("loss:Q", title=None),
            color=_winner_colour(),
            tooltip=["label:O", alt.Tooltip("loss:Q", format=".3f")],
        )
    )
    words = "Loss by label: " + ", ".join(f"{k}: {v:.2f}" for k, v in enumerate(values))
    _show(chart, words, rows.select(["label", "loss"]), height=290)


def units(activations: np.ndarray, chosen: int, on_select: Callable[[], None]) -> None:
    """How strongly each of N hidden units answers, activations (N,), as squares to be clicked.

    `on_select` finds the unit by `unit_picked`.
    """
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
    _show(
        alt.layer(squares.add_params(pick), frame),
        words,
        rows.select(["unit", "activation"]),
        height=14 * (int(number[-1]) // columns + 1) + 40,
        key="units",
        on_select=on_select,
    )


def unit_picked() -> int | None:
    """The unit that was clicked last, if any."""
    chart = st.session_state.get("units")
    picked = chart.selection.get("unit") if chart else None
    return int(picked[0]["unit"]) if picked else None


def overlaid(histories: Mapping[str, Sequence[EpochEnded]]) -> None:
    """Validation and training accuracy by epoch of several runs, each in its own colour."""
    rows = pa.table(
        {
            "run": [name for name, epochs in histories.items() for _ in epochs for _ in range(2)],
            "epoch": [e.epoch for epochs in histories.values() for e in epochs for _ in range(2)],
            "images": [
                images for epochs in histories.values() for _ in epochs for images in _IMAGES
            ],
            "accuracy": [
                value
                for epochs in histories.values()
                for e in epochs
                for value in (e.accuracy, e.val_accuracy)
            ],
        }
    )
    names = list(histories)
    chart = (
        alt.Chart(rows, title="Accuracy by epoch: training dashed, validation solid")
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1)),
            y=alt.Y(
                "accuracy:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".1%")
            ),
            color=alt.Color(
                "run:N",
                scale=alt.Scale(domain=names, range=[_HUES[i % 8] for i in range(len(names))]),
                legend=alt.Legend(orient="bottom", title=None, columns=2, symbolType="stroke"),
            ),
            strokeDash=alt.StrokeDash(
                "images:N", scale=alt.Scale(domain=_IMAGES, range=[[4, 3], [1, 0]]), legend=None
            ),
            tooltip=["run:N", "images:N", "epoch:Q", alt.Tooltip("accuracy:Q", format=".2%")],
        )
    )
    words = "Accuracy by epoch. " + " ".join(
        f"{name}: {epochs[-1].val_accuracy:.1%} on validation images after {epochs[-1].epoch}."
        for name, epochs in histories.items()
    )
    _show(chart, words, rows, height=340)


_IMAGES = ["training", "validation"]


def judged(answers: dict[str, np.ndarray]) -> None:
    """What several models say to one drawing: a row of ten squares each; answers (10,) float32."""
    names = list(answers)
    table = np.stack(list(answers.values()))
    value = table.ravel()
    rows = pa.table(
        {
            "model": np.repeat(names, CLASSES),
            "digit": _DIGITS * len(names),
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
    words = "This drawing. " + ", ".join(
        f"{name}: {row.argmax()} {charts.percent(float(row.max()))}"
        for name, row in answers.items()
    )
    _show(
        alt.layer(squares, text),
        words,
        rows.select(["model", "digit", "probability"]),
        height=34 * len(names) + 84,
    )
