"""Labelled drawings.

Kept of a drawing: its strokes, its label, what was answered, by which model, and when. Of whoever
drew it nothing but a digest of a random token, which only their browser has; what a visitor may do
is checked here. Knows nothing of networks or of the page.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier import limits
from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.ink import drawings
from classifier.limits import LimitError
from classifier.records import parsed
from classifier.rights import Action, Visitor

MAX_STROKES, MAX_POINTS = 100, 10_000  # of one drawing
_TOO_LARGE = (
    f"A drawing may have {MAX_STROKES} strokes and {MAX_POINTS:,} points at most: clear the canvas "
    "and draw the digit anew."
)
_MOST_BYTES = 1 << 24  # of one's own drawings' points: a file of them can be brought back
MAX_COORDINATE = 1e5
OWN = "writer = ? AND class IS NULL"  # of which drawings a visitor's own collection consists
_INSERT = (
    "INSERT INTO drawing"
    " (id, class, writer, hand, label, points, lengths, pen, answer, model, time)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class Labelled:
    """A labelled drawing.

    id: chosen by the sender
    label: what it is, 0–9; answer: what a model said, 0–9, or None; model: that model's name
    strokes: each (k, 2) float32, in canvas pixels; pen: its width, canvas pixels
    """

    id: str
    label: int
    strokes: Sequence[np.ndarray]
    pen: float
    answer: int | None
    model: str


@dataclass(frozen=True)
class Kept(Labelled):
    """One drawing of the collection.

    number: its own for ever, rising as drawings are stored; time: seconds since 1970
    writer: whose it is, by `Visitor.digest`
    hand: who drew it, 0 for the writer, other numbers for others whose drawings they brought
    hidden: by the host of the class in which it is
    """

    number: int
    writer: str
    hand: int
    time: float
    hidden: bool


def keep(visitor: Visitor, drawing: Labelled) -> int:
    """Put a drawing into the visitor's own collection, once, however often it is sent; its number.

    Raises ValueError (`drawing` is no labelled drawing), LimitError or CollectionError.
    """
    visitor.check(Action.KEEP_DRAWING)
    with transaction() as database:
        number = insert(database, None, visitor, drawing)
        _check_own(database, visitor)
        return number


def bring(visitor: Visitor, drawn: drawings.Drawings) -> int:
    """Put a file's drawings into the visitor's own collection, except those that are there already,
    as they stand in a file or in the store; how many were new. All of them, or none. Raises as
    `keep`."""
    visitor.check(Action.KEEP_DRAWING)
    most = limits.current().drawings
    if len(drawn) > most:
        raise LimitError(f"The file has {len(drawn):,} drawings: {most:,} are kept at most.")
    begins = np.diff(drawn.stroke_id, prepend=-1) != 0
    most_strokes = np.bincount(drawn.sample_id[begins]).max(initial=0)
    if most_strokes > MAX_STROKES or np.bincount(drawn.sample_id).max(initial=0) > MAX_POINTS:
        raise LimitError(_TOO_LARGE)
    writer = visitor.digest
    hands = np.zeros(len(drawn), int) if drawn.writer is None else drawn.writer - drawn.writer.min()
    # Outside the transaction that writes, for the end of which others wait.
    own = drawings_of(visitor)
    known = {identity(one.strokes, one.label) for one in own}
    fresh: list[tuple[int, Labelled]] = []
    for strokes, label, hand in zip(drawn, drawn.labels.tolist(), hands.tolist(), strict=True):
        on_canvas, _, pen = drawings.fit_canvas(strokes)
        new = identity(on_canvas, label)
        if known.isdisjoint({identity(strokes, label), new}):
            known.add(new)
            fresh.append((hand, Labelled(new, label, on_canvas, pen, None, "")))
    if len(own) + len(fresh) > most:
        raise _full(most)
    if not fresh:
        return 0
    with transaction() as database:
        came = sum(_write(database, None, writer, hand, one) for hand, one in fresh)
        _check_own(database, visitor)
        check_room(database, for_class=False)
    return came


def identity(strokes: Sequence[np.ndarray], label: int) -> str:
    """What tells a labelled drawing from others, 16 hexadecimal digits; strokes each (k, 2)."""
    points = [np.asarray(stroke, "<f4") for stroke in strokes]
    return hashlib.sha256(f"{drawings.digest(points)} {label}".encode()).hexdigest()[:16]


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
    database: Transaction, class_number: int | None, visitor: Visitor, drawing: Labelled
) -> int:
    """Write a drawing within a transaction, into that class or, without one, the visitor's own
    collection; its number; errors as for `keep`."""
    writer, most = visitor.digest, limits.current().drawings_a_minute
    known = "SELECT number FROM drawing WHERE writer = ? AND id = ?"
    there = database.execute(known, [writer, drawing.id]).fetchone()
    if there:
        return int(there[0])
    recent = "SELECT count(*) FROM drawing WHERE writer = ? AND time > ?"
    if database.execute(recent, [writer, database.now() - 60]).fetchone()[0] >= most:
        raise LimitError(f"At most {most:,} drawings a minute: wait a moment.")
    _write(database, class_number, writer, 0, drawing)
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
) -> int:
    """How many rows were written: 0 for a drawing whose id is taken."""
    points, lengths = _checked(drawing)
    whose = [drawing.id, class_number, writer, hand, drawing.label]
    what = [points, lengths, drawing.pen, drawing.answer, drawing.model, database.now()]
    return database.execute(_INSERT, whose + what).rowcount


def _checked(drawing: Labelled) -> tuple[bytes, str]:
    """Points and lengths as they are stored, or ValueError."""
    for value in (drawing.label, *([] if drawing.answer is None else [drawing.answer])):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < CLASSES:
            raise ValueError(f"A label must be 0 to 9, not {value!r}.")
    strokes = drawing.strokes
    if not strokes:
        raise ValueError("There is nothing drawn yet.")
    lengths = [len(stroke) for stroke in strokes]
    if len(lengths) > MAX_STROKES or sum(lengths) > MAX_POINTS:
        raise LimitError(_TOO_LARGE)
    points = np.concatenate([np.asarray(stroke, "<f4").reshape(-1, 2) for stroke in strokes])
    nowhere = 0 in lengths or not (np.abs(points) <= MAX_COORDINATE).all()
    if nowhere or not 0 < drawing.pen <= 1e4:
        raise ValueError("The drawing has points that lie nowhere.")
    return points.tobytes(), json.dumps(lengths)


def check_stored(points: object, lengths: str, pen: float) -> None:
    """Raise ValueError if these are no strokes as a row has them."""
    try:
        if not isinstance(points, bytes) or len(points) > 8 * MAX_POINTS:
            raise ValueError("too many points")
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
        rest = set(row.keys()) - {"class", "points", "lengths", "hidden"}
        as_it_is = {name: row[name] for name in rest}
        strokes, hidden = _strokes(row["points"], row["lengths"]), bool(row["hidden"])
        found.append(Kept(strokes=strokes, hidden=hidden, **as_it_is))
    return found


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
        change = "UPDATE drawing SET hidden = ? WHERE number = ?"
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


def as_drawings(kept: Sequence[Kept]) -> drawings.Drawings:
    """N >= 1 drawings as they are trained on and downloaded: writers are numbered from 0 in the
    order in which they first drew; nothing else tells who they are."""
    numbers: dict[tuple[str, int], int] = {}
    writer = [numbers.setdefault((one.writer, one.hand), len(numbers)) for one in kept]
    labels = np.array([one.label for one in kept], np.uint8)
    return drawings.from_strokes([one.strokes for one in kept], labels, np.array(writer))
