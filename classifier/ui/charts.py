"""The page's charts as Vega-Lite specifications, and the same values in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.events import EpochEnded

_WINNER, _OTHERS = "#e8710a", "#7d8aa0"  # told apart by lightness as well as by hue
_MARK = "#808080"  # seen on light and on dark
_SETS = {"training": "#7d8aa0", "validation": "#e8710a"}

_LEGEND = {"orient": "bottom", "title": None, "symbolDash": [1, 0], "symbolType": "circle"}

_BARS = {
    "height": {"step": 20},
    "encoding": {
        "y": {
            "field": "digit",
            "type": "ordinal",
            "sort": None,
            "axis": {"title": None, "labelFontSize": 14, "ticks": False, "domain": False},
        },
        "x": {
            "field": "probability",
            "type": "quantitative",
            # Room for the winner's mark, so that the axis is the same for every answer.
            "scale": {"domain": [0, 1.04], "nice": False},
            "axis": {"title": None, "format": ".0%", "values": [0, 0.2, 0.4, 0.6, 0.8, 1]},
        },
    },
    "layer": [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 2},
            "encoding": {
                "color": {
                    "field": "winner",
                    "type": "nominal",
                    "scale": {"domain": [True, False], "range": [_WINNER, _OTHERS]},
                    "legend": None,
                },
                "tooltip": [
                    {"field": "digit", "type": "ordinal"},
                    {"field": "probability", "type": "quantitative", "format": ".2%"},
                ],
            },
        },
        {
            # The winner is marked by more than its colour.
            "mark": {
                "type": "text",
                "text": "◀",
                "clip": True,
                "align": "left",
                "dx": 3,
                "color": _MARK,
            },
            "transform": [{"filter": "datum.winner"}],
        },
    ],
    "config": {"view": {"stroke": None}},
    "usermeta": {"embedOptions": {"actions": False}},
}


def probability_bars(probabilities: np.ndarray | None) -> None:
    """Ten bars in the order 0–9 on an axis from 0 to 100 %; empty ones without probabilities.

    probabilities: (10,) float32, 0–1, or None
    """
    shown = np.zeros(CLASSES, np.float32) if probabilities is None else probabilities
    winner = np.zeros(CLASSES, bool)
    if probabilities is not None:
        winner[shown.argmax()] = True
    table = pa.table(
        {
            "digit": [str(digit) for digit in range(CLASSES)],
            "probability": shown,
            "winner": winner,
        }
    )
    st.vega_lite_chart(table, _BARS, width="stretch", height=250, alt=in_words(probabilities))


def in_words(probabilities: np.ndarray | None) -> str:
    """The ten values as text."""
    if probabilities is None:
        return "No probabilities: nothing to read yet."
    return ", ".join(f"{digit}: {p:.1%}" for digit, p in enumerate(probabilities))


def percent(probability: float) -> str:
    """A probability for people, never rounded to certainty: "98.2 %", "over 99.9 %"."""
    return f"{probability * 100:.1f} %" if probability < 0.9995 else "over 99.9 %"


def curves(epochs: list[EpochEnded]) -> None:
    """Loss and accuracy by epoch, training against validation."""
    rows = [
        {"epoch": e.epoch, "images": name, "accuracy": accuracy, "loss": loss}
        for e in epochs
        for name, accuracy, loss in (
            ("training", e.accuracy, e.loss),
            ("validation", e.val_accuracy, e.val_loss),
        )
    ]
    table = pa.Table.from_pylist(rows)
    last = epochs[-1]
    for field, form in (("accuracy", ".1%"), ("loss", ".2f")):
        st.vega_lite_chart(
            table,
            _curve(field, form, legend=field == "accuracy"),
            width="stretch",
            height=205 if field == "accuracy" else 175,
            alt=f"{field.capitalize()} after epoch {last.epoch}: training "
            f"{format(getattr(last, field), form)}, "
            f"validation {format(getattr(last, 'val_' + field), form)}.",
        )


def _curve(field: str, form: str, *, legend: bool) -> dict:
    return {
        "title": {"text": f"{field.capitalize()} by epoch", "fontSize": 13, "anchor": "start"},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "epoch",
                "type": "quantitative",
                "axis": {"title": None, "tickMinStep": 1, "format": "d"},
            },
            "y": {
                "field": field,
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": None, "format": form, "tickCount": 4},
            },
            "color": {
                "field": "images",
                "type": "nominal",
                "scale": {"domain": list(_SETS), "range": list(_SETS.values())},
                "legend": _LEGEND if legend else None,
            },
            "strokeDash": {
                "field": "images",
                "type": "nominal",
                "scale": {"domain": list(_SETS), "range": [[4, 3], [1, 0]]},
                "legend": None,
            },
            "tooltip": [
                {"field": "epoch", "type": "quantitative"},
                {"field": "images", "type": "nominal"},
                {"field": field, "type": "quantitative", "format": form},
            ],
        },
        "usermeta": {"embedOptions": {"actions": False}},
    }
