"""Charts of training: loss and accuracy by epoch, of one run and of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pyarrow as pa
import streamlit as st

from classifier.events import EpochEnded
from classifier.ui import plots
from classifier.ui.charts import GREY, ORANGE

# Of runs, told apart by lightness as well as by hue.
_HUES = ["#e8710a", "#4c8fe0", "#2a9d78", "#c65bb0", "#b58900", "#7d8aa0", "#d1495b", "#5a6ee0"]
_IMAGES = ["training", "validation"]
_EPOCHS = alt.X("epoch:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1))
_DASHES = alt.StrokeDash(
    "images:N", scale=alt.Scale(domain=_IMAGES, range=[[4, 3], [1, 0]]), legend=None
)


def of_one(epochs: Sequence[EpochEnded], *, stacked: bool = False) -> None:
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
    base = alt.Chart(rows).encode(x=_EPOCHS)
    scale = alt.Scale(zero=False)
    axis = alt.Axis(format=form, tickCount=4)
    # Where training is ahead of validation: above it in accuracy, below it in loss.
    ahead = "max" if field == "accuracy" else "min"
    between = (
        base.transform_calculate(edge=f"{ahead}(datum.training, datum.validation)")
        .mark_area(opacity=0.25, color=ORANGE)
        .encode(y=alt.Y("edge:Q", title=None, scale=scale, axis=axis), y2="validation:Q")
    )
    lines = (
        base.transform_fold([*_IMAGES], as_=["images", "value"])
        .mark_line(point=True)
        .encode(
            y=alt.Y("value:Q", title=None, scale=scale, axis=axis),
            color=alt.Color(
                "images:N",
                scale=alt.Scale(domain=_IMAGES, range=[GREY, ORANGE]),
                legend=alt.Legend(orient="bottom", title=None, symbolType="stroke"),
            ),
            strokeDash=_DASHES,
            tooltip=["epoch:Q", "images:N", alt.Tooltip("value:Q", format=form)],
        )
    )
    title = f"{field.capitalize()} by epoch"
    words = (
        f"{title}. After epoch {last.epoch}: training {getattr(last, field):{form}}, "
        f"validation {getattr(last, f'val_{field}'):{form}}."
    )
    plots.show(alt.layer(between, lines, title=title), words, rows, height=270)


def of_several(histories: Mapping[str, Sequence[EpochEnded]]) -> None:
    """Validation and training accuracy by epoch of several runs, each in its own colour."""
    rows = pa.Table.from_pylist(
        [
            {"run": name, "epoch": one.epoch, "images": images, "accuracy": accuracy}
            for name, epochs in histories.items()
            for one in epochs
            for images, accuracy in zip(_IMAGES, (one.accuracy, one.val_accuracy), strict=True)
        ]
    )
    names = list(histories)
    chart = (
        alt.Chart(rows, title="Accuracy by epoch: training dashed, validation solid")
        .mark_line(point=True)
        .encode(
            x=_EPOCHS,
            y=alt.Y(
                "accuracy:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".1%")
            ),
            color=alt.Color(
                "run:N",
                scale=alt.Scale(domain=names, range=[_HUES[i % 8] for i in range(len(names))]),
                legend=alt.Legend(orient="bottom", title=None, columns=2, symbolType="stroke"),
            ),
            strokeDash=_DASHES,
            tooltip=["run:N", "images:N", "epoch:Q", alt.Tooltip("accuracy:Q", format=".2%")],
        )
    )
    words = "Accuracy by epoch. " + " ".join(
        f"{name}: {epochs[-1].val_accuracy:.1%} on validation images after {epochs[-1].epoch}."
        for name, epochs in histories.items()
    )
    plots.show(chart, words, rows, height=340)
