"""Charts of how networks learned and what they misread: loss and accuracy by epoch, the confusion
matrix, the accuracy for each digit."""

from collections.abc import Callable, Mapping, Sequence

import altair as alt
import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.events import EpochEnded
from classifier.serving import evaluation
from classifier.ui import plots, view
from classifier.ui.charts import GREY, ORANGE

# Of runs, told apart by lightness as well as by hue.
_HUES = ["#e8710a", "#4c8fe0", "#2a9d78", "#c65bb0", "#b58900", "#7d8aa0", "#d1495b", "#5a6ee0"]
_IMAGES = ["training", "validation"]
_EPOCHS = alt.X("epoch:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1))
_DASHES = alt.StrokeDash(
    "images:N", scale=alt.Scale(domain=_IMAGES, range=[[4, 3], [1, 0]]), legend=None
)


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


def curves_of_several(histories: Mapping[str, Sequence[EpochEnded]]) -> None:
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


def confusion(
    counts: np.ndarray,
    of: str,
    *,
    shares: bool = False,
    chosen: tuple[int, int] = (-1, -1),
    on_select: Callable[[], None] | None = None,
) -> None:
    """The confusion matrix (10, 10) of counts of images, `of` which kind, row is the label.

    Where there is `on_select`, its cells can be clicked: `plots.picked("confusion", "cell")` has
    the "label" and the "answer".
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
            "wrong": label != answer,
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
        color=plots.marked("wrong"),
        opacity=alt.Opacity("weight:Q", scale=None),
    )
    frame = base.transform_filter("datum.chosen").mark_rect(
        fill=None, stroke=plots.ink(), strokeWidth=2.5, aria=False
    )
    text = base.mark_text(fontSize=12 * view.scale(), color=plots.ink(), aria=False).encode(
        text="text:N"
    )
    # On top of the numbers, which would take the click.
    glass = base.mark_rect(opacity=0, cursor="pointer" if on_select else "default")
    if on_select:
        glass = glass.add_params(pick)
    wrong = int(counts.sum() - np.trace(counts))
    words = f"Confusion matrix of {counts.sum():,} {of}, of which {wrong} were misread."
    plots.show(
        alt.layer(cells, frame, text, glass),
        words,
        rows.select(["label", "answer", "count", "share"]),
        height=400,
        key="confusion" if on_select else None,
        on_select=on_select,
    )


def digit_accuracies(counts: np.ndarray) -> None:
    """Test accuracy for each digit, with its 95 % interval; counts (10, 10) as for `confusion`."""
    right, total = np.diag(counts), counts.sum(axis=1)
    there = [digit for digit in range(CLASSES) if total[digit]]
    spans = [evaluation.interval(int(right[d]), int(total[d])) for d in there]
    rows = pa.table(
        {
            "digit": [plots.DIGITS[d] for d in there],
            "accuracy": [right[d] / total[d] for d in there],
            "low": [low for low, _ in spans],
            "high": [high for _, high in spans],
            "right": [int(right[d]) for d in there],
            "images": [int(total[d]) for d in there],
        }
    )
    base = alt.Chart(rows, title="Test accuracy by digit, with 95 % intervals").encode(
        y=alt.Y("digit:O", title=None, axis=plots.PLAIN),
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
    plots.show(alt.layer(span, point), words, rows, height=330)
