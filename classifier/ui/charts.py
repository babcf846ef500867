"""The answer's ten bars, which every stroke redraws, and the same values in words.

A Vega-Lite specification as it goes to the browser: Altair, which draws the tabs' charts (`plots`),
would take longer to make one than the network to answer.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES
from classifier.ui import view

ORANGE, GREY = "#e8710a", "#7d8aa0"  # told apart by lightness as well as by hue
_MARK = "#808080"  # seen on light and on dark

_BARS = {
    "height": {"step": 20},
    "encoding": {
        "y": {
            "field": "digit",
            "type": "ordinal",
            "sort": None,
            "axis": {"title": None, "ticks": False, "domain": False},
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
                    "scale": {"domain": [True, False], "range": [ORANGE, GREY]},
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
    sizes = {"axisY": {"labelFontSize": 14 * view.scale()}}
    sizes |= {"axisX": {"labelFontSize": 11 * view.scale()}}
    chart = _BARS | {"config": _BARS["config"] | sizes}
    st.vega_lite_chart(table, chart, width="stretch", height=250, alt=in_words(probabilities))


def probability_table(probabilities: np.ndarray | None) -> None:
    """The same values as a table, if there are any; probabilities (10,) float32, 0–1, or None."""
    if probabilities is not None:
        st.dataframe(
            pa.table({"digit": list(range(CLASSES)), "probability": probabilities}),
            hide_index=True,
            column_config={"probability": st.column_config.NumberColumn(format="percent")},
            alt=f"Values: {in_words(probabilities)}",
        )


def number_bars(probabilities: np.ndarray) -> None:
    """Ten bars for each digit of a number, side by side; probabilities (n, 10) float32, 0–1."""
    # As much room as the bars of one digit take.
    count = len(probabilities)
    place = np.repeat(np.arange(count), CLASSES)
    said = probabilities.argmax(axis=1)
    table = pa.table(
        {
            "place": place,
            "digit": [str(digit) for digit in range(CLASSES)] * count,
            "probability": probabilities.ravel(),
            "winner": (said[:, None] == np.arange(CLASSES)).ravel(),
        }
    )
    bar = _BARS["layer"][0]
    chart = {
        "height": _BARS["height"],
        "width": max(240 // count - 10, 20),  # pixels
        "encoding": {
            "column": {"field": "place", "type": "ordinal", "header": None, "spacing": 10},
            "y": _BARS["encoding"]["y"],
            "x": {
                "field": "probability",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": {"title": None, "format": ".0%", "values": [0, 1], "labels": count < 4},
            },
            "color": bar["encoding"]["color"],
            "tooltip": bar["encoding"]["tooltip"],
        },
        "mark": bar["mark"],
        "config": _BARS["config"] | {"axisY": {"labelFontSize": 14 * view.scale()}},
        "usermeta": _BARS["usermeta"],
    }
    st.vega_lite_chart(
        table, chart, width="content", height=205, alt=number_in_words(probabilities)
    )


def number_in_words(probabilities: np.ndarray) -> str:
    """The values of a number's digits as text; probabilities (n, 10) float32, 0–1."""
    said = [f"{row.argmax()} {percent(float(row.max()))}" for row in probabilities]
    return f"From left to right: {', '.join(said)}."


def in_words(probabilities: np.ndarray | None) -> str:
    """The ten values as text."""
    if probabilities is None:
        return "No probabilities: nothing to read yet."
    return ", ".join(f"{digit}: {p:.1%}" for digit, p in enumerate(probabilities))


def percent(probability: float) -> str:
    """A probability for people, never rounded to certainty: "98.2 %", "over 99.9 %"."""
    return f"{probability * 100:.1f} %" if probability < 0.9995 else "over 99.9 %"


def article(digit: int) -> str:
    """What stands before a digit in a sentence: "an 8", "a 7"."""
    return "an" if digit == 8 else "a"
