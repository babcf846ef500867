"""A picture that was brought, and what was read on it: once for each model that answers.

All that a session holds of one takes 8 MB at most: the picture, packed; what the browser is sent of
it; up to `layout.MOST` digits of 5 kB each; and its way to the network input. Knows nothing of
Streamlit.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from classifier.config import CLASSES
from classifier.ink import annotating, drawings, layout, leftovers, preparing, snippets
from classifier.ink.layout import Box, Part
from classifier.ink.leftovers import LeftOut
from classifier.ink.preparing import Prepared, Verdict
from classifier.serving import holding, predict, sheets
from classifier.serving.holding import Held
from classifier.serving.predict import Detector, Pairs, Predictor
from classifier.ui.reading import packing
from classifier.ui.reading.viewing import MOST_TILT, View

_LEAST_SIDE = 8  # pixels of what is cropped
_SHOWN_INK = 200_000  # pixels of ink, of which the way to the network input is shown
_NO_INK = np.zeros((1, 1), np.float32)
_MOST_AHEAD = 1_000_000  # messages that a server which was started anew has missed
_TURNS = {"right": 1, "left": -1, "round": 2}  # quarters to the right
# The sentence for a picture on which nothing was read.
_REASONS: dict[Verdict, str] = {
    Verdict.BLANK: "No ink stands out from the paper here.",
    Verdict.DOT: "There is only a dot here.",
    Verdict.FULL: "Too much of it is dark to see a shape: crop it to the writing.",
    Verdict.SEVERAL: "There are several shapes, and none of them is a digit.",
    Verdict.READABLE: "There is no digit to read.",
}
_CROWDED = f"More than {layout.MOST} marks are on it: crop it to a part."


class NotUnderstoodError(ValueError):
    """What no picture of this page asks for; its words say what is wrong with it."""


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    box: left, top, right, bottom, as shares of the picture, 0–1
    image: (28, 28) uint8, its network input; snippet: as what it is kept
    place: how many digits of its line stand before it
    """

    part: Part
    box: Box
    place: int
    image: np.ndarray
    snippet: np.ndarray
    is_digit: bool

    @property
    def digest(self) -> str:
        """What tells it from others, whichever model reads it."""
        return drawings.digest([self.snippet])

    @property
    def level(self) -> int:
        """How sure its answer is, as `annotating.level`."""
        return annotating.level(self.part, self.is_digit)


@dataclass(frozen=True)
class Read:
    """What one model read on a picture.

    prepared, answer: of the one digit, if there is but one; else of all the ink together
    digits: in reading order; left_out: in shares of the picture; crowded: as in `layout.Sheet`
    held: how else it seems to be held, if it does
    """

    prepared: Prepared
    answer: predict.Answer
    digits: list[Digit]
    left_out: list[LeftOut]
    crowded: bool
    held: Held | None

    @property
    def problem(self) -> str:
        """Why nothing was read, in a sentence; "" if something was."""
        if self.digits:
            return ""
        return _CROWDED if self.crowded else _REASONS[self.prepared.verdict]


@dataclass(frozen=True)
class Cut:
    """A digit that came as a picture: its snippet, see `ink.snippets`, and what tells the picture
    that it was cut from."""

    snippet: np.ndarray
    sheet: str


class Brought:
    """A picture as it was brought, perhaps turned, tilted and cropped by hand. Safe to share
    between threads: a run of the page that is ended while it reads still reads to the end, and the
    next one waits for what it finds.

    name: of its file; number: tells it from the session's others
    sheet: tells the picture from all others, however it is looked at
    view: what is seen of it, and read
    labels: what digits are, by their digests, where somebody has said another thing than was read
    chosen: the digit that is looked at, if one is
    is_on_board: whether it was put there since it was looked at so
    done: the number of the browser's last message that was taken in
    """

    def __init__(self, pixels: np.ndarray, name: str, number: int) -> None:
        """pixels: as in `pictures.Picture`"""
        self.name, self.number = name, number
        self._packed = packing.packed(pixels)
        self.sheet = hashlib.sha256(self._packed).hexdigest()[:16]
        self.labels: dict[str, int] = {}
        self.done = 0
        self.view = View()
        self._lock = threading.Lock()
        self._size = pixels.shape[1], pixels.shape[0]
        self._begin(pixels)

    def _begin(self, pixels: np.ndarray) -> None:
        """Look at these pixels, of which nothing is known yet."""
        prepared = preparing.prepare(pixels)
        self._fresh: tuple[np.ndarray, Prepared] | None = (pixels, prepared)
        self.prepared = _light(prepared)
        self.height, self.width = pixels.shape[:2]
        self.shown = packing.shown(pixels)
        self.chosen: int | None = None
        self.is_on_board = False
        self._by: Predictor | None = None
        self._read: Read | None = None

    def look(self, number: int, asked: "Asked") -> None:
        """Look at it as is asked for; it has another number from then on."""
        with self._lock:
            if asked.what == "tilt":
                self.view = self.view.tilted(asked.degrees, *self._size)
            elif asked.what == "mirror":
                self.view = self.view.flipped()
            elif asked.what in _TURNS:
                self.view = self.view.turned(_TURNS[asked.what])
            else:
                self.view = self.view.cropped(asked.box)
            self.number = number
            self._begin(self._pixels())

    def _pixels(self) -> np.ndarray:
        """What is read of it."""
        return self.view.of(packing.unpacked(self._packed))

    def read(
        self, predictor: Predictor, detector: Detector | None, pairs: Pairs | None = None
    ) -> Read:
        """What this model reads on it; it is asked once."""
        with self._lock:
            if self._read is None or self._by is not predictor:
                pixels, prepared = self._fresh or (self._pixels(), None)
                prepared = prepared or preparing.prepare(pixels)
                self._by = predictor
                self._read = _read(pixels, prepared, predictor, detector, pairs)
                self.rest()
            return self._read

    @property
    def only(self) -> Cut | None:
        """The one digit that was read on it; None if there are none, or several."""
        if self._read is None or len(self._read.digits) != 1:
            return None
        return Cut(self._read.digits[0].snippet, self.sheet)

    def rest(self) -> None:
        """Hold no more of it than is needed to look at it again."""
        self._fresh = None

    def label(self, digit: Digit) -> int:
        """What a digit is, as far as anybody knows."""
        return self.labels.get(digit.digest, digit.part.digit)

    def text(self, read: Read) -> str:
        """All that is on it, with what was corrected; see `layout.text`."""
        said = np.eye(CLASSES, dtype=np.float32)
        return layout.text(
            [replace(one.part, probabilities=said[self.label(one)]) for one in read.digits]
        )


@dataclass(frozen=True)
class Asked:
    """What the browser asks for.

    what: one of ACTIONS; digit: which one, if it is about one; label: what that is
    box: the part that is to be read, in shares of what is seen
    degrees: how far all of it is tilted to the right
    """

    what: str
    digit: int | None = None
    label: int | None = None
    box: Box | None = None
    degrees: int = 0

    @property
    def is_view(self) -> bool:
        """Whether it is about what is seen of the picture."""
        return self.what in VIEWS


VIEWS = (*_TURNS, "mirror", "tilt", "crop", "whole")
ACTIONS = (
    "choose", "correct", "keep", "keep-all", "take-back", "take-all-back", *VIEWS, "close",
)  # fmt: skip


def understood(sent: object, brought: Brought, count: int) -> Asked:
    """What a message asks for of a picture on which so many digits were read; it counts as done.
    Raises NotUnderstoodError for what this picture cannot be asked, or was asked before."""
    if not isinstance(sent, Mapping) or sent.get("of") != brought.number:
        raise NotUnderstoodError("A message is about the picture that is shown.")
    number = sent.get("number")
    if type(number) is not int or not brought.done < number <= brought.done + _MOST_AHEAD:
        raise NotUnderstoodError("Messages are numbered one by one.")
    brought.done = number
    what, digit, label = sent.get("what"), sent.get("digit"), sent.get("label")
    if what not in ACTIONS:
        raise NotUnderstoodError("There is no such thing to ask for.")
    if digit is not None and (type(digit) is not int or not 0 <= digit < count):
        raise NotUnderstoodError("A digit is one of those that were read.")
    if label is not None and (type(label) is not int or not 0 <= label < CLASSES):
        raise NotUnderstoodError("A label is 0 to 9.")
    if what in ("correct", "keep", "take-back") and digit is None:
        raise NotUnderstoodError("It is about one digit.")
    box = _box(sent.get("box"), brought) if what == "crop" else None
    degrees = sent.get("degrees", 0)
    if type(degrees) is not int or abs(degrees) > MOST_TILT:
        raise NotUnderstoodError(f"A picture is tilted by {MOST_TILT} degrees at most.")
    return Asked(what, digit, label, box, degrees)


def _box(sent: Any, brought: Brought) -> Box:
    if (
        not isinstance(sent, list)
        or len(sent) != 4
        or any(type(x) not in (int, float) for x in sent)
    ):
        raise NotUnderstoodError("A part has four sides.")
    # No comparison holds for NaN, and not every number is a float.
    if not (0 <= sent[0] < sent[2] <= 1 and 0 <= sent[1] < sent[3] <= 1):
        raise NotUnderstoodError("A part lies within the picture.")
    left, top, right, bottom = (float(x) for x in sent)
    if min((right - left) * brought.width, (bottom - top) * brought.height) < _LEAST_SIDE:
        raise NotUnderstoodError("A part is large enough to be read.")
    return left, top, right, bottom


def _read(
    pixels: np.ndarray,
    prepared: Prepared,
    predictor: Predictor,
    detector: Detector | None,
    pairs: Pairs | None,
) -> Read:
    found = sheets.read(prepared, predictor, detector, pairs)
    high, wide = found.ink.shape
    digits, places = [], [0] * (len(found.sheet.digits) + 1)
    for part, is_digit in zip(found.sheet.digits, found.are_digits, strict=True):
        image = part.prepared.network_input
        if image is None:
            continue
        slim = replace(part, prepared=Prepared(part.prepared.verdict, _NO_INK, network_input=image))
        snippet = snippets.cut(part.prepared.ink)
        box = _shares(part.box, wide, high)
        digits.append(Digit(slim, box, places[part.line], image, snippet, is_digit))
        places[part.line] += 1
    left_out = [
        LeftOut(_shares(one.box, wide, high), one.why)
        for one in leftovers.find(pixels, found.ink, found.sheet)
    ]
    crowded, held = found.sheet.crowded, holding.held(found.ink, predictor, detector)
    return Read(_light(found.prepared), found.answer, digits, left_out, crowded, held)


def _shares(box: Box, wide: float, high: float) -> Box:
    return box[0] / wide, box[1] / high, box[2] / wide, box[3] / high


def _light(prepared: Prepared) -> Prepared:
    """The same with no more pixels of ink than are shown."""

    def reduced(ink: np.ndarray | None) -> np.ndarray | None:
        if ink is None or ink.size <= _SHOWN_INK:
            return ink
        factor = (_SHOWN_INK / ink.size) ** 0.5
        return cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)

    ink = reduced(prepared.ink)
    assert ink is not None
    return replace(prepared, ink=ink, box=reduced(prepared.box))
