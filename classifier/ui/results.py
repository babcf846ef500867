"""Charts of how networks learned and what they misread: loss and accuracy by epoch, the confusion
matrix, the accuracy for each digit."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.events import EpochEnded
from classifier.serving import evaluation
from classifier.ui import plots
from classifier.ui.charts import GREY, ORANGE

# Of runs, told apart by lightness as well as by hue.
_HUES = ["#e8710a", "#4c8fe0", "#2a9d78", "#c65bb0", "#b58900", "#7d8aa0", "#d1495b", "#5a6ee0"]
_IMAGES = ["training", "validation"]
_EPOCHS = plots.quantity("epoch", axis={"format": "d", "tickMinStep": 1})
_DASHES = plots.nominal("images", scale={"domain": _IMAGES, "range": [[4, 3], [1, 0]]}, legend=None)
_LINE = {"type": "line", "point": True}
_LEGEND = {"orient": "bottom", "title": None, "symbolType": "stroke"}


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
    height = {"scale": {"zero": False}, "axis": {"format": form, "tickCount": 4}}
    # Where training is ahead of validation: above it in accuracy, below it in loss.
    ahead = "max" if field == "accuracy" else "min"
    between = {
        "transform": [{"calculate": f"{ahead}(datum.training, datum.validation)", "as": "edge"}],
        "mark": {"type": "area", "opacity": 0.25, "color": ORANGE},
        "encoding": {"y": plots.quantity("edge", **height), "y2": {"field": "validation"}},
    }
    lines = {
        "transform": [{"fold": _IMAGES, "as": ["images", "value"]}],
        "mark": _LINE,
        "encoding": {
            "y": plots.quantity("value", **height),
            "color": plots.nominal(
                "images", scale={"domain": _IMAGES, "range": [GREY, ORANGE]}, legend=_LEGEND
            ),
            "strokeDash": _DASHES,
            "tooltip": plots.tooltip(epoch="d", images="", value=form),
        },
    }
    title = f"{field.capitalize()} by epoch"
    words = (
        f"{title}. After epoch {last.epoch}: training {getattr(last, field):{form}}, "
        f"validation {getattr(last, f'val_{field}'):{form}}."
    )
    chart = {"title": title, "encoding": {"x": _EPOCHS}, "layer": [between, lines]}
    plots.show(rows, chart, words, rows.column_names, height=270)


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
    hues = {"domain": names, "range": [_HUES[i % 8] for i in range(len(names))]}
    chart = {
        "title": "Accuracy by epoch: training dashed, validation solid",
        "mark": _LINE,
        "encoding": {
            "x": _EPOCHS,
            "y": plots.quantity("accuracy", scale={"zero": False}, axis={"format": ".1%"}),
            "color": plots.nominal("run", scale=hues, legend=_LEGEND | {"columns": 2}),
            "strokeDash": _DASHES,
            "tooltip": plots.tooltip(run="", images="", epoch="d", accuracy=".2%"),
        },
    }
    words = "Accuracy by epoch. " + " ".join(
        f"{name}: {epochs[-1].val_accuracy:.1%} on validation images after {epochs[-1].epoch}."
        for name, epochs in histories.items()
    )
    plots.show(rows, chart, words, rows.column_names, height=340)


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
    cells = {
        "mark": {"type": "rect", "aria": False},
        "encoding": {
            "color": plots.marked("wrong"),
            "opacity": plots.quantity("weight", scale=None),
        },
    }
    # On top of the numbers, which would take the click.
    glass = {
        "name": "glass",
        "mark": {"type": "rect", "opacity": 0, "cursor": "pointer" if on_select else "default"},
    }
    chart = {
        "title": "Rows: what it is. Columns: what it said" + (", % of the row" * shares),
        "encoding": {
            "x": plots.ordinal("answer", axis=plots.ABOVE),
            "y": plots.ordinal("label"),
            "tooltip": plots.tooltip(label="", answer="", count="d", share=".2%"),
        },
        "layer": [cells, plots.framed("chosen"), plots.written("text"), glass],
    }
    if on_select:
        chart["params"] = [plots.clicked("cell", ["label", "answer"], "glass")]
    wrong = int(counts.sum() - np.trace(counts))
    words = f"Confusion matrix of {counts.sum():,} {of}, of which {wrong} were misread."
    plots.show(
        rows,
        chart,
        words,
        ["label", "answer", "count", "share"],
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
    width = {"scale": {"zero": False, "domainMax": 1.0}, "axis": {"format": ".1%", "tickCount": 5}}
    span = {
        "mark": {"type": "rule", "color": GREY, "strokeWidth": 3},
        "encoding": {"x": plots.quantity("low", **width), "x2": {"field": "high"}},
    }
    point = {
        "mark": {"type": "point", "filled": True, "size": 90, "color": ORANGE, "opacity": 1},
        "encoding": {"x": plots.quantity("accuracy", **width)},
    }
    chart = {
        "title": "Test accuracy by digit, with 95 % intervals",
        "encoding": {
            "y": plots.ordinal("digit", axis=plots.PLAIN),
            "tooltip": plots.tooltip(digit="", accuracy=".2%", right="d", images="d"),
        },
        "layer": [span, point],
    }
    words = "Test accuracy: " + ", ".join(f"{d}: {right[d] / total[d]:.1%}" for d in there)
    plots.show(rows, chart, words, rows.column_names, height=330)
