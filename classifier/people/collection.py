"""Labelled drawings.

Kept of a drawing: its strokes, or its ink where it came as a picture, its label, what was answered,
by which model, and when. Of whoever drew it nothing but a digest of a random token, which only
their browser has; what a visitor may do is checked here. Knows nothing of networks or of the page.
"""

import enum
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier import limits
from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.ink import drawings, snippets
from classifier.limits import LimitError
from classifier.records import parsed
from classifier.rights import Action, Visitor

MAX_STROKES, MAX_POINTS = 100, 10_000  # of one drawing
TOO_LARGE = (
    f"A drawing may have {MAX_STROKES} strokes and {MAX_POINTS:,} points at most: clear the canvas "
    "and draw the digit anew."
)
_MOST_BYTES = 1 << 24  # of one's own drawings' points: a file of them can be brought back
MAX_COORDINATE = 1e5
OWN = "writer = ? AND class IS NULL"  # of which drawings a visitor's own collection consists
_INSERT = (
    "INSERT INTO drawing"
    " (id, class, writer, hand, label, points, lengths, pen, source, sheet, answer, model, time,"
    " doubt, hidden, waits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_LONGEST_SHEET = 64  # characters
# Columns of a row that are read otherwise, or by nobody here.
_OTHERWISE = {"class", "round", "points", "lengths", "source", "hidden", "doubt", "waits"}


class Source(enum.Enum):
    """How a drawing came."""

    PEN = "pen"  # it was drawn: its strokes are known
    PICTURE = "picture"  # it was cut from a picture: its ink is


class Doubt(enum.IntEnum):
    """How sure the answer to a drawing was."""

    NONE = 0  # it named one digit, or none was given
    CLOSE = 1  # two digits were close
    NO_DIGIT = 2  # it may be no digit


@dataclass(frozen=True)
class Labelled:
    """A labelled drawing.

    id: chosen by the sender
    label: what it is, 0–9; answer: what a model said, 0–9, or None; model: that model's name
    strokes: each (k, 2) float32, in canvas pixels; pen: its width, canvas pixels
    doubt: how sure the answer was
    snippet: of what came as a picture, see `ink.snippets`; strokes and pen are only its looks then
    sheet: tells the picture that it was cut from; "": none, or nobody knows
    """

    id: str
    label: int
    strokes: Sequence[np.ndarray]
    pen: float
    answer: int | None
    model: str
    doubt: Doubt = field(default=Doubt.NONE, kw_only=True)
    snippet: np.ndarray | None = field(default=None, kw_only=True)
    sheet: str = field(default="", kw_only=True)

    @property
    def source(self) -> Source:
        """How it came."""
        return Source.PEN if self.snippet is None else Source.PICTURE

    @property
    def parts(self) -> Sequence[np.ndarray]:
        """What it consists of, by which `drawings.digest` tells it from others."""
        return self.strokes if self.snippet is None else [self.snippet]


@dataclass(frozen=True)
class Kept(Labelled):
    """One drawing of the collection.

    number: its own for ever, rising as drawings are stored; time: seconds since 1970
    writer: whose it is, by `Visitor.digest`
    hand: who drew it, 0 for the writer, other numbers for others whose drawings they brought
    hidden: by the host of the class in which it is; waits: it is hidden since that host has not
    looked at it yet
    """

    number: int
    writer: str
    hand: int
    time: float
    hidden: bool
    waits: bool


def keep(visitor: Visitor, drawing: Labelled) -> int:
    """Put a drawing into the visitor's own collection, once, however often it is sent; its number.

    Raises ValueError (`drawing` is no labelled drawing), LimitError or CollectionError.
    """
    visitor.check(Action.KEEP_DRAWING)
    with transaction() as database:
        number = insert(database, None, visitor, drawing)
        _check_own(database, visitor)
        return number


def keep_all(visitor: Visitor, many: Sequence[tuple[int, Labelled]]) -> int:
    """Put many drawings into the visitor's own collection, each with its hand, except those that
    are there already; how many were new. All of them, or none. Raises as `keep`."""
    visitor.check(Action.KEEP_DRAWING)
    most = limits.current().drawings
    # Outside the transaction that writes, for the end of which others wait.
    own = drawings_of(visitor)
    known = {identity(one.parts, one.label) for one in own}
    fresh: list[tuple[int, Labelled]] = []
    for hand, one in many:
        names = {one.id, identity(one.parts, one.label)}
        if known.isdisjoint(names):
            known |= names
            fresh.append((hand, one))
    if len(own) + len(fresh) > most:
        raise _full(most)
    if not fresh:
        return 0
    with transaction() as database:
        came = sum(_write(database, None, visitor.digest, hand, one) for hand, one in fresh)
        _check_own(database, visitor)
        check_room(database, for_class=False)
    return came


def of_snippet(
    snippet: np.ndarray,
    label: int,
    sheet: str,
    drawing_id: str,
    answer: int | None = None,
    model: str = "",
    doubt: Doubt = Doubt.NONE,
) -> Labelled:
    """A snippet as a labelled drawing."""
    lines, pen = snippets.as_lines(snippet)
    return Labelled(
        drawing_id, label, lines, pen, answer, model, doubt=doubt, snippet=snippet, sheet=sheet
    )


def picture_id(snippet: np.ndarray, label: int, class_number: int | None) -> str:
    """The id of a snippet with this label, in a class or in one's own collection: however it comes
    there, it is kept once."""
    own = identity([snippet], label)
    if class_number is None:
        return own
    return hashlib.sha256(f"{own} {class_number}".encode()).hexdigest()[:16]


def of_sheet(visitor: Visitor, class_number: int | None, sheet: str) -> dict[str, tuple[int, int]]:
    """What this visitor has kept of a picture, in a class or in their own collection: labels and
    numbers by ids. Raises CollectionError."""
    which = OWN if class_number is None else "writer = ? AND class = ?"
    values = [visitor.digest] if class_number is None else [visitor.digest, class_number]
    query = f"SELECT id, label, number FROM drawing WHERE {which} AND sheet = ?"
    with transaction(writing=False) as database:
        rows = database.execute(query, [*values, sheet])
        return {row["id"]: (row["label"], row["number"]) for row in rows}


def identity(parts: Sequence[np.ndarray], label: int) -> str:
    """What tells a labelled drawing from others, 16 hexadecimal digits; parts as for
    `drawings.digest`."""
    plain = [part if part.dtype == np.uint8 else np.asarray(part, "<f4") for part in parts]
    return hashlib.sha256(f"{drawings.digest(plain)} {label}".encode()).hexdigest()[:16]


def _check_own(database: Transaction, visitor: Visitor) -> None:
    most = limits.current().drawings
    own = f"SELECT count(*), sum(length(points)) FROM drawing WHERE {OWN}"
    count, size = database.execute(own, [visitor.digest]).fetchone()
    if count > most:
        raise _full(most)
    if size and size > _MOST_BYTES:
        raise LimitError("Your drawings have more points than are kept of one: delete some first.")


def _full(most: int) -> LimitError:
    return LimitError(f"{most:,} drawings are kept at most: delete some first.")


def insert(
    database: Transaction,
    class_number: int | None,
    visitor: Visitor,
    drawing: Labelled,
    *,
    waits: bool = False,
) -> int:
    """Write a drawing within a transaction, into that class or, without one, the visitor's own
    collection; its number; errors as for `keep`. waits: as in `Kept`"""
    writer, most = visitor.digest, limits.current().drawings_a_minute
    known = "SELECT number FROM drawing WHERE writer = ? AND id = ?"
    there = database.execute(known, [writer, drawing.id]).fetchone()
    if there:
        return int(there[0])
    recent = "SELECT count(*) FROM drawing WHERE writer = ? AND time > ?"
    if database.execute(recent, [writer, database.now() - 60]).fetchone()[0] >= most:
        raise LimitError(f"At most {most:,} drawings a minute: wait a moment.")
    _write(database, class_number, writer, 0, drawing, waits=waits)
    check_room(database, for_class=class_number is not None)
    return int(database.execute(known, [writer, drawing.id]).fetchone()[0])


def check_room(database: Transaction, *, for_class: bool) -> None:
    """Raise LimitError if no more may be stored. The last half of all room is for classes: whoever
    draws for themselves cannot take it from them."""
    most, share = limits.current(), 1.0 if for_class else 0.5
    rest = ": ask whoever runs it to make room."
    if not for_class:
        rest = ", or what is left is for classes" + rest
    if database.stored_bytes() > share * most.stored_megabytes * 1e6:
        raise LimitError(f"The {most.stored_megabytes:,} MB of this page's storage are taken{rest}")
    drawings = database.execute("SELECT drawings FROM total").fetchone()[0]
    if drawings > share * most.drawings_total:
        raise LimitError(f"This page keeps {most.drawings_total:,} drawings, and has them{rest}")


def _write(
    database: Transaction,
    class_number: int | None,
    writer: str,
    hand: int,
    drawing: Labelled,
    *,
    waits: bool = False,
) -> int:
    """How many rows were written: 0 for a drawing whose id is taken."""
    points, lengths = _checked(drawing)
    whose = [drawing.id, class_number, writer, hand, drawing.label]
    what = [points, lengths, drawing.pen, drawing.source.value, drawing.sheet]
    what += [drawing.answer, drawing.model, database.now()]
    what += [int(drawing.doubt), int(waits), int(waits)]
    return database.execute(_INSERT, whose + what).rowcount


def _checked(drawing: Labelled) -> tuple[bytes, str]:
    """Points and lengths as they are stored, or ValueError."""
    for value in (drawing.label, *([] if drawing.answer is None else [drawing.answer])):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < CLASSES:
            raise ValueError(f"A label must be 0 to 9, not {value!r}.")
    if len(drawing.sheet) > _LONGEST_SHEET:
        raise ValueError(f"A sheet's name has {_LONGEST_SHEET} characters at most.")
    if drawing.snippet is not None:
        if not snippets.is_one(drawing.snippet):
            raise ValueError("A picture of a digit has other pixels than it is kept with.")
        return drawing.snippet.tobytes(), "[]"
    strokes = drawing.strokes
    if not strokes:
        raise ValueError("There is nothing drawn yet.")
    lengths = [len(stroke) for stroke in strokes]
    if len(lengths) > MAX_STROKES or sum(lengths) > MAX_POINTS:
        raise LimitError(TOO_LARGE)
    points = np.concatenate([np.asarray(stroke, "<f4").reshape(-1, 2) for stroke in strokes])
    nowhere = 0 in lengths or not (np.abs(points) <= MAX_COORDINATE).all()
    if nowhere or not 0 < drawing.pen <= 1e4:
        raise ValueError("The drawing has points that lie nowhere.")
    return points.tobytes(), json.dumps(lengths)


def check_stored(points: object, lengths: str, pen: float, source: str) -> None:
    """Raise ValueError if these are no strokes, or no picture, as a row has them."""
    try:
        if not isinstance(points, bytes) or len(points) > 8 * MAX_POINTS:
            raise ValueError("too many points")
        if Source(source) is Source.PICTURE:
            if len(points) != snippets.SIDE**2 or lengths != "[]":
                raise ValueError("another size than pictures have")
            _checked(of_snippet(_snippet(points), 0, "", ""))
            return
        counts = parsed(lengths, 10 * MAX_STROKES)
        if any(type(one) is not int or one < 1 for one in counts) or sum(counts) * 8 != len(points):
            raise ValueError("other points than its strokes")
        _checked(Labelled("", 0, _strokes(points, lengths), pen, None, ""))
    except (TypeError, ValueError, LimitError) as error:
        raise ValueError(f"has strokes that make no sense ({error})") from error


def drawings_of(visitor: Visitor) -> list[Kept]:
    """The visitor's own collection, oldest first. Raises CollectionError."""
    with transaction(writing=False) as database:
        return select(database, OWN, [visitor.digest])


def select(
    database: Transaction, condition: str, values: Sequence[object], order: str = "number"
) -> list[Kept]:
    """Drawings by an SQL condition, oldest first unless another order is named."""
    found = []
    query = f"SELECT * FROM drawing WHERE {condition} ORDER BY {order}"
    for row in database.execute(query, list(values)):
        as_it_is = {name: row[name] for name in set(row.keys()) - _OTHERWISE}
        hidden, waits, doubt = bool(row["hidden"]), bool(row["waits"]), Doubt(row["doubt"])
        snippet, points = None, row["points"]
        if row["source"] == Source.PEN.value:
            strokes = _strokes(points, row["lengths"])
        else:
            snippet = _snippet(points)
            strokes = snippets.as_lines(snippet)[0]
        found.append(
            Kept(
                strokes=strokes,
                hidden=hidden,
                doubt=doubt,
                waits=waits,
                snippet=snippet,
                **as_it_is,
            )
        )
    return found


def _snippet(pixels: bytes) -> np.ndarray:
    return np.frombuffer(pixels, np.uint8).reshape(snippets.SIDE, snippets.SIDE)


def _strokes(points: bytes, lengths: str) -> list[np.ndarray]:
    pairs = np.frombuffer(points, "<f4").reshape(-1, 2)
    return np.split(pairs, np.cumsum(json.loads(lengths))[:-1])


def remove(visitor: Visitor, number: int) -> bool:
    """Delete a drawing, of one's own or of a class of one's own; whether it was there. Raises
    NotAllowedError if it is another's."""
    with transaction() as database:
        if _check(database, visitor, number, Action.DELETE_DRAWING) is None:
            return False
        return database.execute("DELETE FROM drawing WHERE number = ?", [number]).rowcount > 0


def remove_sent(visitor: Visitor, ids: Sequence[str]) -> None:
    """Delete those of the visitor's own drawings, or of what they sent to classes, that have these
    ids, as the page gave them. Raises CollectionError."""
    marks = ", ".join("?" * len(ids))
    with transaction() as database:
        database.execute(
            f"DELETE FROM drawing WHERE writer = ? AND id IN ({marks})", [visitor.digest, *ids]
        )


def hide(visitor: Visitor, number: int, hidden: bool) -> bool:
    """Take a drawing out of all that its class shows, counts and learns from, or back into it;
    whether it is in a class. Raises NotAllowedError if that is not of one's own."""
    with transaction() as database:
        there = _check(database, visitor, number, Action.HIDE_DRAWING)
        if there is None or there["class"] is None:
            return False
        change = "UPDATE drawing SET hidden = ?, waits = 0 WHERE number = ?"
        return database.execute(change, [int(hidden), number]).rowcount > 0


def _check(database: Transaction, visitor: Visitor, number: int, action: Action) -> Any:
    """The row of what is asked of that drawing, None if it is not there; raises NotAllowedError."""
    whose = (
        "SELECT drawing.class, writer, coalesce(host, '') AS host FROM drawing"
        " LEFT JOIN class ON class.number = drawing.class WHERE drawing.number = ?"
    )
    found = database.execute(whose, [number]).fetchone()
    if found is not None:
        visitor.check(action, owner=found["writer"], host=found["host"])
    return found
