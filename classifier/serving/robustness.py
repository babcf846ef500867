"""The same drawings in other sizes and places, with other pens, and turned.

Each is judged twice: from its strokes, as on the page, and from a picture of the canvas, as in a
file. Knows nothing of where drawings and models come from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from classifier.config import CANVAS, CANVAS_PEN
from classifier.ink import preparing, rendering
from classifier.ink.drawings import Drawings
from classifier.serving import evaluation
from classifier.serving.predict import Detector, Predictor, answer

MOST = 1000  # drawings judged under each condition, evenly taken from all


@dataclass(frozen=True)
class Condition:
    """How a digit is drawn on the canvas.

    size: longer side as a share of the canvas's; x, y: where it stands in the room left, 0–1
    pen: pixels of a canvas of 280; turn: degrees, clockwise
    """

    size: float = 0.6
    x: float = 0.5
    y: float = 0.5
    pen: float = CANVAS_PEN
    turn: float = 0.0


_PLAIN = Condition()
CONDITIONS: dict[str, Condition] = {
    "plain": _PLAIN,
    **{f"size {size:.0%}": replace(_PLAIN, size=size) for size in (0.2, 0.35, 0.8, 0.95)},
    **{
        f"place {name}": replace(_PLAIN, size=0.4, x=x, y=y)
        for name, x, y in (
            ("top left", 0, 0),
            ("top right", 1, 0),
            ("bottom left", 0, 1),
            ("bottom right", 1, 1),
        )
    },
    **{f"pen {pen} px": replace(_PLAIN, pen=pen) for pen in (6, 12, 28, 40)},
    **{f"turn {turn:+d}°": replace(_PLAIN, turn=turn) for turn in (-15, -8, 8, 15)},
}


def place(strokes: list[np.ndarray], condition: Condition) -> list[np.ndarray]:
    """Strokes in any unit put on the canvas: the pen stays inside, in pixels."""
    angle = np.radians(condition.turn)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = [stroke.astype(np.float64) @ turn for stroke in strokes]
    points = np.concatenate(turned)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    side = max(condition.size * CANVAS - condition.pen, 1)  # of the line's middle
    scale = side / max(extent.max(), 1e-6)
    room = CANVAS - condition.pen - extent * scale
    corner = condition.pen / 2 + room * [condition.x, condition.y]
    return [(stroke - low) * scale + corner for stroke in turned]


def measure(
    drawn: Drawings, predictor: Predictor, detector: Detector | None
) -> Iterator[dict[str, Any]]:
    """For each condition its name, `n`, and `accuracy` and `flagged` from strokes and from
    pictures, 0–1."""
    which = np.unique(np.linspace(0, len(drawn) - 1, min(len(drawn), MOST)).astype(int))
    everything = list(drawn)
    labels = drawn.labels[which]
    for name, condition in CONDITIONS.items():
        row: dict[str, Any] = {"condition": name, "n": len(which)}
        placed = [place(everything[i], condition) for i in which]
        for way in ("strokes", "picture"):
            prepared = [
                preparing.prepare_strokes(strokes, CANVAS, condition.pen)
                if way == "strokes"
                else preparing.prepare(rendering.render_strokes(strokes, CANVAS, condition.pen))
                for strokes in placed
            ]
            answers = [answer(predictor, one, detector) for one in prepared]
            right = [said.digit == label for said, label in zip(answers, labels, strict=True)]
            row[f"{way}_accuracy"] = float(np.mean(right))
            row[f"{way}_interval"] = evaluation.interval(sum(right), len(right))
            row[f"{way}_flagged"] = float(np.mean([not said.is_digit for said in answers]))
        yield row


def spread(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Best less worst accuracy over sizes, places and pens, and the worst when turned: `spread`
    and `turned_worst`, 0–1, each from strokes and from pictures."""
    found: dict[str, float] = {}
    for way in ("strokes", "picture"):
        key = f"{way}_accuracy"
        upright = [row[key] for row in rows if not row["condition"].startswith("turn")]
        turned = [row[key] for row in rows if row["condition"].startswith("turn")]
        found[f"{way}_spread"] = max(upright) - min(upright)
        found[f"{way}_turned_worst"] = min(turned)
    return found
