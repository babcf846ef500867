"""Charts of how networks learned and what they misread: loss and accuracy by epoch, the confusion
matrix, the accuracy for each digit."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.events import EpochEnded
from classifier.jobs import grid
from classifier.jobs.grid import Row
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


def sweep(rows: Sequence[Row]) -> None:
    """The test accuracy of each run of a sweep, against its settings: by seed if it has no others;
    with the mean and the spread over seeds."""
    runs = [
        {
            **{grid.label_of(field): grid.text_of(value) for field, value in row.values.items()},
            "seed": str(seed),
            "accuracy": accuracy,
        }
        for row in rows
        for seed, accuracy in row.accuracies.items()
    ]
    fields = [grid.label_of(field) for field in rows[0].values][:2]
    said = "; ".join(f"{grid.in_words(row.values) or 'all seeds'}: {_came(row)}" for row in rows)
    height = {"scale": {"zero": False}, "axis": {"format": ".2~%", "tickCount": 5}}
    shown = plots.tooltip(**dict.fromkeys([*fields, "seed"], ""), accuracy=".2%")
    points = {
        "mark": {"type": "circle", "size": 60, "opacity": 0.75},
        "encoding": {"y": plots.quantity("accuracy", **height), "tooltip": shown},
    }
    along = fields[0] if fields else "seed"
    # In their order, also those of which no run has finished yet.
    named = [list(dict.fromkeys(map(grid.text_of, column))) for column in _columns(rows)]
    axis = {"labelAngle": 0, "labelAlign": "center", "labelFlush": False, "title": along}
    scale = {"domain": named[0]} if fields else {}
    common = {"x": plots.nominal(along, sort=None, scale=scale, axis=axis)}
    if len(fields) > 1:
        names = named[1]
        hues = {"domain": names, "range": [_HUES[i % 8] for i in range(len(names))]}
        legend = {"orient": "bottom", "title": fields[1], "symbolOpacity": 1}
        common["color"] = plots.nominal(fields[1], sort=names, scale=hues, legend=legend)
        common["xOffset"] = plots.nominal(fields[1], sort=names)
    else:
        common["color"] = {"value": ORANGE}
    figures = [
        {"op": op, "field": "accuracy", "as": name}
        for op, name in (("mean", "mean"), ("stdev", "sd"))
    ]
    over_seeds = [
        {"aggregate": figures, "groupby": fields},
        {"calculate": "datum.mean - (datum.sd || 0)", "as": "low"},
        {"calculate": "datum.mean + (datum.sd || 0)", "as": "high"},
    ]
    span = {"y": plots.quantity("low", **height), "y2": {"field": "high"}}
    mean = {"y": plots.quantity("mean", **height)}
    if fields:
        bars = {"mark": {"type": "rule", "strokeWidth": 10, "opacity": 0.3}, "encoding": span}
        means = {
            "mark": {"type": "tick", "thickness": 3, "width": 24 / len(fields)},
            "encoding": mean,
        }
    else:
        bars = {"mark": {"type": "rect", "opacity": 0.2}, "encoding": span | {"x": None}}
        means = {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": mean | {"x": None}}
    chart = {
        "title": "Test accuracy of each run, mean and spread",
        "encoding": common,
        "layer": [{"transform": over_seeds} | bars, {"transform": over_seeds} | means, points],
    }
    table = pa.Table.from_pylist(runs)
    plots.show(table, chart, f"Test accuracy. {said}.", table.column_names, height=300)


def _columns(rows: Sequence[Row]) -> list[tuple[grid.Value, ...]]:
    """The values of each setting, those of the first one first."""
    return list(zip(*(row.values.values() for row in rows), strict=True))


def _came(row: Row) -> str:
    if row.mean is None:
        return "no run yet"
    spread = "" if row.spread is None else f", spread {row.spread * 100:.2f} points"
    return f"mean {row.mean:.2%} of {len(row.accuracies)}{spread}"
