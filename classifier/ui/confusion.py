"""Charts of mistakes: the confusion matrix, and the accuracy for each digit."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pyarrow as pa

from classifier.config import CLASSES
from classifier.serving import evaluation
from classifier.ui import plots, view
from classifier.ui.charts import GREY, ORANGE


def matrix(
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
    """Test accuracy for each digit, with its 95 % interval; counts (10, 10) as for `matrix`."""
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
