"""What is on the canvas to network input, answer and words: what the board shows.

Knows nothing of how any of it reaches the browser.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from classifier.config import CANVAS, IMAGE_SIZE, KINDS
from classifier.ink import layout, preparing
from classifier.ink.layout import Part
from classifier.ink.preparing import Prepared, Verdict
from classifier.people.collection import Doubt
from classifier.serving import predict
from classifier.serving.predict import Detector, Pairs, Predictor
from classifier.ui.board import canvas
from classifier.ui.board.sketch import Sketch
from classifier.ui.charts import article, digit_in_words, in_words, percent
from classifier.ui.reading.brought import Brought

# The sentence for a drawing that no network is asked about.
IN_THE_WAY: dict[Verdict, str] = {
    Verdict.BLANK: "There is nothing drawn yet.",
    Verdict.DOT: "That is only a dot: draw a digit's whole shape.",
    Verdict.FULL: "There is too much ink to see a shape: clear it and draw a digit with a line.",
    Verdict.SEVERAL: "These look like two digits side by side: draw one at a time.",
}
_MOST_SHOWN = 24  # digits of a number whose bars and pictures are shown
_LONGEST = 60  # characters of a number that are shown
_EMPTY = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


@dataclass(frozen=True)
class Reading:
    """What became of a drawing.

    number: its digits in reading order, where there are several; else empty
    left_out: whether there is something beside them that is no digit
    second: (10,) float32, what another network says to it, if one is asked
    """

    prepared: Prepared
    answer: predict.Answer
    number: list[Part]
    left_out: bool = False
    second: np.ndarray | None = None

    @property
    def digit(self) -> int | None:
        """What it is read as, if that is one digit."""
        return None if self.number else self.answer.digit

    @property
    def doubt(self) -> Doubt:
        """How sure the answer is."""
        if self.answer.kind is not None:
            return Doubt.NO_DIGIT
        return Doubt.NONE if self.answer.rival is None else Doubt.CLOSE


def prepare(sketch: Sketch) -> Prepared:
    """What is on the canvas as a network input, step by step."""
    placed, strokes = sketch.under, sketch.lines
    if placed is None:
        return preparing.prepare_strokes(strokes, CANVAS, sketch.pen)
    if placed.photo is not None and not strokes:
        return placed.photo.prepared
    return preparing.draw_over(placed.image, strokes, CANVAS, sketch.pen)


def read(
    sketch: Sketch,
    predictor: Predictor | None,
    detector: Detector | None,
    pairs: Pairs | None = None,
) -> Reading:
    """Ask about what is on the canvas; without a predictor only whether there is something."""
    prepared = prepare(sketch)
    if predictor is None:
        return Reading(prepared, predict.Answer(prepared.verdict, None), [])
    photo = None if sketch.under is None else sketch.under.photo
    if photo is not None and not sketch.lines:
        return _read_photo(photo, predictor, detector, pairs)
    # Whether a digit of the data is one need not be asked.
    asked = detector if sketch.under is None else None
    answer = predict.answer(predictor, prepared, asked)
    if not sketch.resting and answer.kind != "several":
        answer = replace(answer, kind=None)  # half a digit is none yet
    number: list[Part] = []
    # Not whatever is no digit: an x would be read as 11.
    if answer.verdict is Verdict.SEVERAL or answer.kind == "several":
        score, is_digit = predictor.probabilities, asked.digit_probabilities if asked else None
        parts = layout.read_strokes(sketch.lines, CANVAS, sketch.pen, score, is_digit)
        number = parts if len(parts) > 1 else []
    return Reading(prepared, answer, number)


def _read_photo(
    photo: Brought, predictor: Predictor, detector: Detector | None, pairs: Pairs | None
) -> Reading:
    read = photo.read(predictor, detector, pairs)
    number = [one.part for one in read.digits] if len(read.digits) > 1 else []
    return Reading(read.prepared, read.answer, number, bool(read.left_out))


def shown(reading: Reading, sketch: Sketch, names: list[str], wrongly: float | None) -> dict:
    """The reading as the board shows it, see `face.js`.

    names: of the model that answers and of the second; wrongly: share of digits, 0–1, that the
    detector takes for something else
    """
    title, detail, explained = in_sentences(reading, wrongly)
    if reading.prepared.verdict is Verdict.DOT and not sketch.resting:
        title = "Go on …"
    rows = [part.probabilities for part in reading.number[:_MOST_SHOWN]]
    if not rows and reading.answer.probabilities is not None:
        rows = [reading.answer.probabilities]
    values = in_words(rows[0] if rows else None)
    if len(rows) > 1:
        values = f"From left to right: {', '.join(map(digit_in_words, rows))}."
    second = None if len(rows) != 1 else reading.second
    if second is not None:
        values = f"{names[0]}: {values}. {names[1]}: {in_words(second)}"
    return {
        "title": title,
        "detail": detail,
        "help": explained,
        "caption": "" if sketch.image is None else sketch.image.caption,
        "rows": [row.astype(float).round(5).tolist() for row in rows],
        "second": None if second is None else second.astype(float).round(5).tolist(),
        "names": names,
        "values": values,
    } | _picture(reading)


def _picture(reading: Reading) -> dict[str, Any]:
    if reading.number:
        images = (part.prepared.network_input for part in reading.number[:_MOST_SHOWN])
        picture = np.hstack([image for image in images if image is not None])
        alt = f"The {len(reading.number)} digits, each centred, in 28 by 28 pixels"
    elif reading.prepared.network_input is not None:
        picture, alt = reading.prepared.network_input, "The drawing, centred, in 28 by 28 pixels"
    else:
        picture, alt = _EMPTY, "An empty picture"
    return {"picture": canvas.png_address(picture), "alt": alt}


def in_sentences(reading: Reading, wrongly: float | None = None) -> tuple[str, str, str]:
    """The answer in words: a line that names the digit or what is in its way, what is added to it,
    and what explains that. Arguments as for `shown`."""
    answer = reading.answer
    if reading.number:
        digits = " / ".join(layout.text(reading.number).splitlines())
        if len(digits) > _LONGEST:
            digits = f"{digits[: _LONGEST - 1]}…"
        weakest = min(float(part.probabilities.max()) for part in reading.number)
        touch = any(part.touching for part in reading.number)
        note = "Some digits touch, and may be cut wrongly." if touch else ""
        if reading.left_out:
            note = f"{note} What is no digit is left out.".strip()
        return f"It is {digits} · {percent(weakest)}", note, ""
    if answer.verdict in IN_THE_WAY:
        return IN_THE_WAY[answer.verdict], "", ""
    if answer.probabilities is None or answer.digit is None:
        return "No model answers.", "", ""
    first = f"{article(answer.digit)} {answer.digit}"
    if answer.kind is not None:
        several = answer.kind == "several"
        explained = (
            "A second network looks at whether a drawing is one digit at all, whichever model "
            "reads it."
        )
        if wrongly is not None:
            explained += f" It doubts {wrongly:.0%} of real digits, too."
        return (
            f"This may not be {'one' if several else 'a'} digit",
            f"It looks more like {KINDS[answer.kind]} than {first}.",
            explained,
        )
    if answer.rival is not None:
        second = f"{article(answer.rival)} {answer.rival}"
        return f"Either {first} or {second}", "Not sure: the two are close.", ""
    surely = float(answer.probabilities[answer.digit])
    return f"It is {first} · {percent(surely)}", "", ""
