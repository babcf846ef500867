"""The server's side of the drawing: what the browser last sent, and what it is told to show.

The browser owns the drawing and sends what is new of it; each message is good by itself, whichever
came before, twice, late or not at all. Knows nothing of Streamlit, or of what is read in a drawing.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from classifier.config import CANVAS, CANVAS_PEN, IMAGE_SIZE
from classifier.people.collection import MAX_COORDINATE, MAX_POINTS, MAX_STROKES
from classifier.ui.reading.brought import Brought, Cut

_MAX_ID, _MAX_CAPTION = 64, 300  # characters
_MAX_NUMBER = 2**53
_MOST_AHEAD = 1_000_000  # messages, or presses, that a server which was started anew has missed
_MOST_PRESSES = 50  # that one message has
_IMAGES = 20  # pictures that undo may bring back, of which more is known than their pixels


class NotUnderstoodError(ValueError):
    """A message that no board of this page sends; its words say what is wrong with it."""


@dataclass(frozen=True)
class Placed:
    """A network input that was put on the canvas.

    image: (28, 28) uint8, 0–255, ink is high; caption: what is known of it, for the reader
    photo: the picture that it was read in, if it is all of one
    cut: as what it is kept, if it came as a picture
    """

    id: str
    image: np.ndarray
    caption: str = ""
    photo: Brought | None = None
    cut: Cut | None = None

    @property
    def kept_as(self) -> Cut | None:
        """As what it is kept; None of what came as no picture, or has several digits."""
        return self.cut if self.photo is None else self.photo.only


@dataclass(frozen=True)
class Stroke:
    """One line of the pen.

    number: rises in the order in which the browser's strokes were begun; 0: put there by the page
    points: (k, 2) float32, canvas pixels, x right and y down; pen: its width, canvas pixels
    """

    number: int
    pen: float
    points: np.ndarray


@dataclass(frozen=True)
class Command:
    """What the browser is told to show. Its id becomes the drawing's, by which it is confirmed.

    follows: the number of the last stroke that it replaces; those begun later stay, on top of it
    """

    id: str
    follows: int
    image: Placed | None
    strokes: Sequence[Stroke]

    def as_data(self) -> dict[str, Any]:
        """The same as the browser takes it."""
        image = self.image and {
            "id": self.image.id,
            "pixels": base64.b64encode(self.image.image.tobytes()).decode(),
            "caption": self.image.caption,
        }
        strokes = [[one.pen, *one.points.ravel().round(1).tolist()] for one in self.strokes]
        return {"id": self.id, "follows": self.follows, "image": image, "strokes": strokes}


@dataclass
class Sketch:
    """The drawing as far as the server knows it.

    drawing: its id, "" before the first; resting: whether the pen is up
    number: of the last message that was taken in; pressed: of the last press
    command: what the browser has not confirmed yet
    """

    drawing: str = ""
    image: Placed | None = None
    strokes: list[Stroke] = field(default_factory=list)
    resting: bool = True
    number: int = 0
    pressed: int = 0
    command: Command | None = None
    _newest: int = 0  # number of the newest stroke that was ever heard of
    _images: dict[str, Placed] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on the canvas."""
        return self.image is None and not self.strokes

    @property
    def under(self) -> Placed | None:
        """The image that the strokes lie on; None where there is none, or nothing of it to see."""
        if self.image is None or (self.strokes and not self.image.image.any()):
            return None
        return self.image

    @property
    def lines(self) -> list[np.ndarray]:
        """The strokes' points alone, each (k, 2) float32 in canvas pixels."""
        return [stroke.points for stroke in self.strokes]

    @property
    def pen(self) -> float:
        """The widest pen that was used, canvas pixels."""
        return max((stroke.pen for stroke in self.strokes), default=1.0)

    @property
    def version(self) -> tuple[str, int]:
        """What changes with every change of the drawing, but for points of its last stroke."""
        return self.drawing, len(self.strokes)

    def have(self) -> dict[str, Any]:
        """What the server has, for the browser to send the rest; `sum` is that of all coordinates,
        in tenths of a pixel, by which the browser sees whether they are its own."""
        last = len(self.strokes[-1].points) if self.strokes else 0
        tenths = [np.rint(line.astype(np.float64) * 10).sum() for line in self.lines]
        return {
            "number": self.number,
            "drawing": self.drawing,
            "strokes": len(self.strokes),
            "points": last,
            "sum": int(sum(tenths)),
            "resting": self.resting,
            "pressed": self.pressed,
        }

    def take_in(self, message: object) -> list[str]:
        """Take in what the browser sent; returns what was pressed on the board, in that order.

        A message that came before, or that follows on one that never came, changes nothing, nor
        does one of a drawing that is being replaced: `have` tells the browser so, which sends
        again what was pressed. Raises NotUnderstoodError; then nothing has changed either, but
        that the message counts as answered if its number can follow.
        """
        if not isinstance(message, dict):
            raise NotUnderstoodError("A message is an object.")
        number = _whole(message, "number")
        if number <= self.number:
            return []
        if number > self.number + _MOST_AHEAD:
            raise NotUnderstoodError("Messages are numbered one by one.")
        self.number = number
        drawing, applied = _text(message, "drawing"), _text(message, "applied")
        start, resting = _whole(message, "from"), message.get("resting")
        if not isinstance(resting, bool) or not drawing:
            raise NotUnderstoodError("resting is true or false, and a drawing has an id.")
        presses = [one for one in _presses(message.get("presses")) if one[0] > self.pressed]
        if presses and presses[-1][0] > self.pressed + _MOST_AHEAD:
            raise NotUnderstoodError("Presses are numbered one by one.")
        image, rows = self._image_of(message.get("image")), _rows(message.get("strokes"))
        if self.command is not None:
            if applied != self.command.id:
                return []  # of the drawing before it, which the browser has yet to replace
            self.command = None
        if not self._join(drawing, start, image, rows):
            return []
        self.resting = resting
        self._newest = max([self._newest, *(stroke.number for stroke in self.strokes)])
        if presses:
            self.pressed = presses[-1][0]
        return [name for _, name in presses]

    def _join(
        self, drawing: str, start: int, image: Placed | None, rows: list[tuple[int, Stroke]]
    ) -> bool:
        """Append what arrived to what is known; False if something is missing in between."""
        strokes = self.strokes if drawing == self.drawing else []
        if start > len(strokes) or (start and drawing != self.drawing):
            return False
        joined = strokes[:start]
        for place, (skip, stroke) in enumerate(rows, start):
            if skip:
                if place >= len(strokes) or skip > len(strokes[place].points):
                    return False
                points = np.concatenate([strokes[place].points[:skip], stroke.points])
                stroke = Stroke(stroke.number, stroke.pen, points)
            if not len(stroke.points):
                raise NotUnderstoodError("A stroke has a point at least.")
            joined.append(stroke)
        if len(joined) > MAX_STROKES or sum(len(one.points) for one in joined) > MAX_POINTS:
            raise NotUnderstoodError(
                f"A drawing has {MAX_STROKES} strokes and {MAX_POINTS:,} points at most."
            )
        if drawing != self.drawing:
            self.image = image
        self.drawing, self.strokes = drawing, joined
        return True

    def _image_of(self, sent: object) -> Placed | None:
        if sent is None:
            return None
        if not isinstance(sent, dict):
            raise NotUnderstoodError("An image is an object or null.")
        known = self._images.get(_text(sent, "id"))
        if known is not None:
            return known
        try:
            pixels = base64.b64decode(_text(sent, "pixels", 2 * IMAGE_SIZE**2), validate=True)
        except ValueError:  # also for characters beyond ASCII
            pixels = b""
        if len(pixels) != IMAGE_SIZE**2:
            raise NotUnderstoodError("An image has 28 × 28 pixels.")
        image = np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
        return Placed(_text(sent, "id"), image, _text(sent, "caption", _MAX_CAPTION))

    def put(
        self, image: np.ndarray, caption: str, photo: Brought | None = None, cut: Cut | None = None
    ) -> None:
        """Have a network input (28, 28) uint8 shown as the drawing, with what is known of it."""
        placed = Placed(secrets.token_hex(8), image, caption[:_MAX_CAPTION], photo, cut)
        if photo is not None:  # which is large: undo brings the others back as they look
            for one in self._images.values():
                self._images[one.id] = replace(one, photo=None)
        self._images[placed.id] = placed
        if len(self._images) > _IMAGES:
            del self._images[next(iter(self._images))]
        self._show(placed, [])

    def put_strokes(self, lines: Sequence[np.ndarray], pen: float = CANVAS_PEN) -> None:
        """Have strokes, each (k, 2) in canvas pixels, shown as the drawing."""
        # In tenths of a pixel, as the browser has them.
        rounded = [np.asarray(line, np.float64).round(1).astype(np.float32) for line in lines]
        self._show(None, [Stroke(0, pen, line) for line in rounded])

    def empty(self) -> None:
        """Have nothing shown."""
        self._show(None, [])

    def _show(self, image: Placed | None, strokes: list[Stroke]) -> None:
        self.command = Command(secrets.token_hex(8), self._newest, image, strokes)
        self.drawing, self.image, self.strokes = self.command.id, image, strokes
        self.resting = True

    def drawn(self, lines: Sequence[np.ndarray], pen: float) -> None:
        """Take in what the canvas component itself sent, where the board's ear is off."""
        strokes: list[Stroke] = []
        room = MAX_POINTS + 1  # what has one too many is refused, in words, where it is stored
        for line in lines[:MAX_STROKES]:
            if room:
                strokes.append(Stroke(0, pen, line[:room]))
                room -= len(strokes[-1].points)
        self.drawing, self.strokes, self.resting = secrets.token_hex(8), strokes, True


def _whole(message: dict, key: str) -> int:
    value = message.get(key)
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise NotUnderstoodError(f"{key} is a whole number from 0 on.")
    return value


def _text(message: dict, key: str, most: int = _MAX_ID) -> str:
    value = message.get(key)
    if not isinstance(value, str) or len(value) > most:
        raise NotUnderstoodError(f"{key} is text of {most} characters at most.")
    if any("\ud800" <= one <= "\udfff" for one in value):
        raise NotUnderstoodError(f"{key} has half a character, which cannot be sent back.")
    return value


def _presses(sent: object) -> list[tuple[int, str]]:
    """Numbers and names of what was pressed, the numbers rising."""
    if not isinstance(sent, list) or len(sent) > _MOST_PRESSES:
        raise NotUnderstoodError(f"Presses are a list of {_MOST_PRESSES} at most.")
    if not all(isinstance(one, dict) for one in sent):
        raise NotUnderstoodError("A press is an object.")
    return sorted((_whole(one, "number"), _text(one, "name")) for one in sent)


def _rows(sent: object) -> list[tuple[int, Stroke]]:
    """Each stroke with the number of points that are left out at its beginning."""
    if not isinstance(sent, list) or len(sent) > MAX_STROKES:
        raise NotUnderstoodError(f"Strokes are a list of {MAX_STROKES} at most.")
    if any(not isinstance(row, list) or len(row) < 3 or len(row) % 2 == 0 for row in sent):
        raise NotUnderstoodError("A stroke is number, pen, what is left out, then x and y in turn.")
    if sum(map(len, sent)) > 2 * MAX_POINTS + 3 * MAX_STROKES:
        raise NotUnderstoodError(f"A drawing has {MAX_POINTS:,} points at most.")
    return [_row(*row) for row in sent]


def _row(number: object, pen: Any, skip: object, *values: Any) -> tuple[int, Stroke]:
    head = {"number": number, "skip": skip}
    if any(type(value) not in (int, float) for value in (pen, *values)):
        raise NotUnderstoodError("Pens and coordinates are numbers.")
    # Comparisons with NaN are false.
    if not all(abs(value) <= MAX_COORDINATE for value in values) or not 0 < pen <= CANVAS:
        raise NotUnderstoodError("Coordinates are at most 100,000, and a pen is 0 to 280 wide.")
    points = np.array(values, np.float32).reshape(-1, 2)
    stroke = Stroke(_whole(head, "number"), float(pen), points)
    return _whole(head, "skip"), stroke
