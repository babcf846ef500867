"""Classes: one host, a code, and those who join with it to draw together.

It lives in the store, so that a server that starts again finds it as it was. What one may do is
asked of `rights` here: who joined may send drawings and take back their own; who opened the class
sees all of them and steers it. Each call raises CollectionError, and NoClassError where it is given
the number of a class in which the visitor has no such part. Knows no network and no page.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier import limits
from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.people import collection
from classifier.people.collection import Doubt, Kept, Labelled
from classifier.people.register import (
    Arrival,
    Class,
    ClassState,
    NoClassError,
    as_host,
    as_member,
    classes,
)
from classifier.rights import Action, Visitor

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
CODE = 6  # of them: one of 890 million
KNOCK_LASTS = 600.0  # seconds
# Bytes of points of one member: 300 drawings of 218 points. All of 100 members have 50 MB, of which
# a host's download takes 200 MB of memory.
_MOST_BYTES = 1 << 19
_DRAWING_MEMBERS = 2  # from so many on a class is one: to open it takes one press
_KNOCKS = "SELECT count(*) FROM knock WHERE class = ? AND time > ? AND refused = 0"
_OPEN = "state != 'closed' AND expires > ?"


class NotOpenError(RuntimeError):
    """The class takes no drawings now; the message says so."""


@dataclass(frozen=True)
class Survey:
    """How a class stands, as its host sees it; drawings that are hidden are not in it.

    members: how many have joined; knocks: how many want to, see `entering`
    waiting: how many drawings wait for the host's look
    counts: what was read as what, see `counts`
    latest: its newest drawings, oldest of them first
    """

    there: Class
    members: int
    knocks: int
    waiting: int
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
        waits = found.arrival is Arrival.LOOKED or (
            found.arrival is Arrival.SURE and drawing.doubt is Doubt.NO_DIGIT
        )
        drawing_number = collection.insert(database, number, visitor, drawing, waits=waits)
        # What comes late, from a page that shows another digit, counts for no round.
        database.execute(
            "UPDATE drawing SET round = (SELECT number FROM round WHERE class = ?"
            " AND state = 'open' AND kind NOT IN ('guess', 'watch') AND coalesce(digit, ?) = ?)"
            " WHERE number = ? AND round IS NULL",
            [number, drawing.label, drawing.label, drawing_number],
        )
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


def is_there(visitor: Visitor, drawing: int) -> bool:
    """Whether what this visitor sent by that number is still in its class."""
    own = "SELECT 1 FROM drawing WHERE number = ? AND writer = ?"
    with transaction(writing=False) as database:
        return database.execute(own, [drawing, visitor.digest]).fetchone() is not None


def joined(visitor: Visitor, number: int) -> Class:
    """The class of that number, as it stands, for its members."""
    with transaction(writing=False) as database:
        return as_member(database, visitor, number)


def marks(numbers: set[int]) -> dict[int, str]:
    """For each of these classes, a text that is another one as soon as anything of it changes that
    the pages of its members show; none for one that is deleted. For the server itself, which is
    told nothing else by it."""
    newest = "SELECT max(number) FROM round WHERE round.class = class.number"
    on = "SELECT state FROM round WHERE round.class = class.number ORDER BY number DESC LIMIT 1"
    of_class = f"state, name, model, model_id, expires <= ?, ({newest}), ({on})"
    found = {}
    with transaction(writing=False) as database:
        for number in numbers:
            query = f"SELECT {of_class} FROM class WHERE number = ?"
            row = database.execute(query, [database.now(), number]).fetchone()
            if row is not None:
                found[number] = repr(tuple(row))
    return found


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
        members = "SELECT count(*) FROM member WHERE class = ? AND removed = 0"
        waiting = "SELECT count(*) FROM drawing WHERE class = ? AND waits = 1"
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
            database.execute(waiting, [number]).fetchone()[0],
            counts(database, number),
            latest,
        )


def counts(database: Transaction, number: int) -> np.ndarray:
    """What was read as what in a class, without what is hidden: (10, 11) int, row is the label,
    column what was answered, the last: nothing."""
    found = np.zeros((CLASSES, CLASSES + 1), int)
    tally = "SELECT label, answer, drawings FROM tally WHERE class = ?"
    for label, answer, count in database.execute(tally, [number]):
        found[label, answer] = count  # -1, that is, the last, where none was given
    return found


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
    for table in ("drawing", "tally", "member", "knock", "round", "vote"):
        database.execute(f"DELETE FROM {table} WHERE class = ?", [number])
    database.execute("DELETE FROM class WHERE number = ?", [number])
