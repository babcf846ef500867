"""An answer's ten values in words and as a table, and the colours that charts share."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES

ORANGE, GREY = "#e8710a", "#7d8aa0"  # told apart by lightness as well as by hue


def probability_table(probabilities: np.ndarray | None) -> None:
    """The same values as a table, if there are any; probabilities (10,) float32, 0–1, or None."""
    if probabilities is not None:
        st.dataframe(
            pa.table({"digit": list(range(CLASSES)), "probability": probabilities}),
            hide_index=True,
            column_config={"probability": st.column_config.NumberColumn(format="percent")},
            alt=f"Values: {in_words(probabilities)}",
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
