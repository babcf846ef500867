"""Classes: one host, a code, and those who join with it to draw together.

It lives in the store, so that a server that starts again finds it as it was. What one may do is
asked of `rights` here: who joined may send drawings and take back their own; who opened the class
sees all of them and steers it. Each call raises CollectionError, and NoClassError where it is given
the number of a class in which the visitor has no such part. Knows no network and no page.
"""

import enum
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier import limits
from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.people import animals, collection
from classifier.people.collection import Kept, Labelled
from classifier.rights import Action, NotAllowedError, Visitor

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
CODE = 6  # of them: one of 890 million
KNOCK_LASTS = 600.0  # seconds
# Bytes of points of one member: 300 drawings of 218 points. All of 100 members have 50 MB, of which
# a host's download takes 200 MB of memory.
_MOST_BYTES = 1 << 19
_DRAWING_MEMBERS = 2  # from so many on a class is one: to open it takes one press
_KNOCKS = "SELECT count(*) FROM knock WHERE class = ? AND time > ? AND refused = 0"
_OPEN = "state != 'closed' AND expires > ?"


class ClassState(enum.Enum):
    """What a class does with those who have its code."""

    OPEN = "open"  # they join and draw
    PAUSED = "paused"  # they stay and wait
    CLOSED = "closed"  # it is over; its drawings stay with the host


class NoClassError(LookupError):
    """There is no such class for whoever asks; the message says what to do."""


class NotOpenError(RuntimeError):
    """The class takes no drawings now; the message says so."""


@dataclass(frozen=True)
class Class:
    """A class as it is for whoever asks.

    model, model_id: the name and the id of the one that answers its members; "": it goes by its
    name; opened, expires: seconds since 1970
    locked: whether it lets nobody new in
    seat: what the visitor is called in it, "" for who is no member; silenced: whether that seat's
    drawings are refused
    """

    number: int
    code: str
    model: str
    model_id: str
    state: ClassState
    opened: float
    expires: float
    locked: bool
    seat: str
    silenced: bool


@dataclass(frozen=True)
class Survey:
    """How a class stands, as its host sees it; drawings that are hidden are not in it.

    members: how many have joined; knocks: how many want to, see `entering`
    counts: (10, 11) int, row is the label, column what was answered, the last: nothing
    latest: its newest drawings, oldest of them first
    """

    there: Class
    members: int
    knocks: int
    counts: np.ndarray
    latest: list[Kept]


def open_class(visitor: Visitor, model: str, model_id: str = "") -> Class:
    """A new class with this visitor as its host, in which that model answers; for its id see
    `Class`. Raises LimitError."""
    visitor.check(Action.OPEN_CLASS)
    most = limits.current()
    with transaction() as database:
        now = database.now()
        count = f"SELECT count(*) FROM class WHERE {_OPEN}"
        if database.execute(f"{count} AND host = ?", [now, visitor.digest]).fetchone()[0] >= (
            most.classes
        ):
            raise LimitError(f"You may have {most.classes} open at a time: close a class first.")
        if database.execute(count, [now]).fetchone()[0] >= most.classes_total:
            raise LimitError(
                f"This page bears {most.classes_total} open classes, and has them: try again later."
            )
        expires = now + most.class_hours * 3600
        # Never given twice: a page may still show a class that was deleted, and be pressed.
        newest = database.execute("SELECT coalesce(max(number), 0) FROM class").fetchone()[0]
        number = max(newest + 1, int(now * 1e6))
        whose = [visitor.digest, model, model_id, ClassState.OPEN.value, now, expires]
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE))
            added = database.execute(
                "INSERT INTO class (number, code, host, model, model_id, state, opened, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [number, code, *whose],
            )
            if added.rowcount:
                return classes(database, visitor, "code = ?", [code])[0]


def hosted(visitor: Visitor) -> list[Class]:
    """The classes that this visitor has opened, whatever became of them, newest first."""
    with transaction(writing=False) as database:
        return classes(database, visitor, "host = ? ORDER BY number DESC", [visitor.digest])


def all_open(visitor: Visitor) -> list[Class]:
    """The classes of all hosts that are not over, newest first. Raises NotAllowedError."""
    visitor.check(Action.LIST_ALL)
    with transaction(writing=False) as database:
        return classes(database, visitor, f"{_OPEN} ORDER BY number DESC", [database.now()])


def has_class(visitor: Visitor) -> bool:
    """Whether others wait for what this visitor does: to an open class of theirs at least two other
    members have sent drawings that are not hidden. Raises CollectionError."""
    draws = (
        "SELECT count(*) FROM member WHERE member.class = class.number AND writer != host"
        " AND EXISTS (SELECT 1 FROM drawing WHERE drawing.writer = member.writer"
        " AND drawing.class = member.class AND hidden = 0)"
    )
    query = (
        "SELECT 1 FROM class WHERE host = ? AND state = ? AND expires > ?"
        f" AND ({draws}) >= {_DRAWING_MEMBERS} LIMIT 1"
    )
    with transaction(writing=False) as database:
        given = [visitor.digest, ClassState.OPEN.value, database.now()]
        return database.execute(query, given).fetchone() is not None


def send(visitor: Visitor, number: int, drawing: Labelled) -> int:
    """Put a member's drawing into the class of that number, once, however often it is sent; the
    drawing's own number.

    Raises NoClassError (not a member), NotOpenError, ValueError, LimitError or CollectionError.
    """
    with transaction() as database:
        found = as_member(database, visitor, number)
        if found.state is not ClassState.OPEN:
            raise NotOpenError(
                "The class is over: this drawing was not sent."
                if found.state is ClassState.CLOSED
                else "The class pauses: wait until it goes on, then send it again."
            )
        if found.silenced:
            raise NotOpenError("The host takes no drawings from you now: this one was not sent.")
        drawing_number = collection.insert(database, number, visitor, drawing)
        own = "SELECT count(*), sum(length(points)) FROM drawing WHERE class = ? AND writer = ?"
        most = limits.current().class_drawings
        count, size = database.execute(own, [number, visitor.digest]).fetchone()
        if count > most:
            raise LimitError(f"You have sent {most} drawings, which is all that one may.")
        if size > _MOST_BYTES:
            raise LimitError("Your drawings have too many points for one member: take some back.")
        return drawing_number


def own_drawings(visitor: Visitor, number: int) -> list[Kept]:
    """What this member has sent, oldest first."""
    with transaction(writing=False) as database:
        as_member(database, visitor, number)
        return collection.select(database, "class = ? AND writer = ?", [number, visitor.digest])


def joined(visitor: Visitor, number: int) -> Class:
    """The class of that number, as it stands, for its members."""
    with transaction(writing=False) as database:
        return as_member(database, visitor, number)


# What only the host may do.


def drawings(visitor: Visitor, number: int) -> list[Kept]:
    """All drawings of the host's class that are not hidden, oldest first."""
    with transaction(writing=False) as database:
        as_host(database, visitor, number, Action.SEE_CLASS)
        return collection.select(database, "class = ? AND hidden = 0", [number])


def survey(visitor: Visitor, number: int, most: int, known: Sequence[Kept] = ()) -> Survey:
    """How the host's class stands, with its latest drawings, at most so many. It takes no longer in
    a class with many.

    known: the latest of an earlier look, which are read again only if they are others now
    """
    with transaction(writing=False) as database:
        there = as_host(database, visitor, number, Action.SEE_CLASS)
        counts = np.zeros((CLASSES, CLASSES + 1), int)
        tally = "SELECT label, answer, drawings FROM tally WHERE class = ?"
        for label, answer, count in database.execute(tally, [number]):
            counts[label, answer] = count  # -1, that is, the last, where none was given
        members = "SELECT count(*) FROM member WHERE class = ? AND removed = 0"
        shown = "class = ? AND hidden = 0"
        newest = "number DESC LIMIT ?"
        which = f"SELECT number FROM drawing WHERE {shown} ORDER BY {newest}"
        numbers = [row[0] for row in database.execute(which, [number, most])][::-1]
        latest = list(known)
        if numbers != [one.number for one in latest]:
            latest = collection.select(database, shown, [number, most], newest)[::-1]
        return Survey(
            there,
            database.execute(members, [number]).fetchone()[0],
            database.execute(_KNOCKS, [number, database.now() - KNOCK_LASTS]).fetchone()[0],
            counts,
            latest,
        )


def set_state(visitor: Visitor, number: int, state: ClassState) -> None:
    """Pause the host's class, let it go on, or close it, after which its code is worth nothing.
    Raises NoClassError if it was closed before, too."""
    with transaction() as database:
        if as_host(database, visitor, number, Action.STEER_CLASS).state is ClassState.CLOSED:
            raise NoClassError("This class is over: open another one.")
        database.execute("UPDATE class SET state = ? WHERE number = ?", [state.value, number])


def set_locked(visitor: Visitor, number: int, locked: bool) -> None:
    """Let nobody new into the host's class, or whoever has the code again; who is in it stays."""
    with transaction() as database:
        as_host(database, visitor, number, Action.STEER_CLASS)
        database.execute("UPDATE class SET locked = ? WHERE number = ?", [int(locked), number])


def set_model(visitor: Visitor, number: int, model: str, model_id: str = "") -> None:
    """Have another model answer the members of the host's class; for its id see `Class`."""
    with transaction() as database:
        as_host(database, visitor, number, Action.STEER_CLASS)
        given = [model, model_id, number]
        database.execute("UPDATE class SET model = ?, model_id = ? WHERE number = ?", given)


def discard(visitor: Visitor, number: int) -> None:
    """Delete the host's class with all of its drawings, for good."""
    with transaction() as database:
        as_host(database, visitor, number, Action.DISCARD_CLASS)
        delete(database, number)


def delete(database: Transaction, number: int) -> None:
    """Delete a class with all of its drawings within a transaction."""
    for table in ("drawing", "tally", "member", "knock"):
        database.execute(f"DELETE FROM {table} WHERE class = ?", [number])
    database.execute("DELETE FROM class WHERE number = ?", [number])


def as_member(database: Transaction, visitor: Visitor, number: int) -> Class:
    """The class of that number, for its members; raises NoClassError."""
    found = find(database, visitor, "number = ?", [number])
    try:
        visitor.check(Action.SEND_DRAWING, member=found is not None and found.seat != "")
    except NotAllowedError:
        found = None
    if found is None:
        raise NoClassError("You are not in this class: join it with its code.")
    return found


def as_host(database: Transaction, visitor: Visitor, number: int, action: Action) -> Class:
    """The class of that number, for whoever may do that with it; raises NoClassError."""
    host = database.execute("SELECT host FROM class WHERE number = ?", [number]).fetchone()
    try:
        visitor.check(action, host=host["host"] if host else "")
    except NotAllowedError:
        host = None  # nor is it told whether there is one
    if host is None:
        raise NoClassError("Only who opened this class can do that.")
    return classes(database, visitor, "number = ?", [number])[0]


def find(
    database: Transaction, visitor: Visitor, condition: str, values: Sequence[object]
) -> Class | None:
    return next(iter(classes(database, visitor, condition, values)), None)


def classes(
    database: Transaction, visitor: Visitor, condition: str, values: Sequence[object]
) -> list[Class]:
    found, now = [], database.now()
    query = (
        "SELECT class.*, seat, silenced FROM class LEFT JOIN member ON member.class = number"
        f" AND writer = ? AND removed = 0 WHERE {condition}"
    )
    for row in database.execute(query, [visitor.digest, *values]):
        state = ClassState.CLOSED if now > row["expires"] else ClassState(row["state"])
        seat = "" if row["seat"] is None else animals.name_of(row["seat"])
        columns = ("number", "code", "model", "model_id", "opened", "expires")
        as_it_is = {name: row[name] for name in columns}
        locked, silenced = bool(row["locked"]), bool(row["silenced"])
        found.append(Class(state=state, locked=locked, seat=seat, silenced=silenced, **as_it_is))
    return found
