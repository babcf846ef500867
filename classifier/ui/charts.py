"""An answer's ten values in words, tables, and the colours that charts share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

ORANGE, GREY = "#e8710a", "#7d8aa0"  # told apart by lightness as well as by hue


def table(columns: Mapping[str, Any], words: str, shares: Sequence[str] = ()) -> None:
    """A table of these columns, with words for screen readers; `shares`, 0–1, stand in percent."""
    percents = {name: st.column_config.NumberColumn(format="percent") for name in shares}
    rows = pa.table(dict(columns))
    st.dataframe(rows, hide_index=True, column_config=percents, alt=words, placeholder="–")


def speak(words: str) -> None:
    """What only screen readers are told."""
    st.html(f'<p class="for-screen-readers">{words}</p>')


def digit_in_words(probabilities: np.ndarray) -> str:
    """The likeliest digit and its share of (10,) float32, 0–1: "7 98.2 %"."""
    return f"{probabilities.argmax()} {percent(float(probabilities.max()))}"


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
