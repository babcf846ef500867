"""Classes: one host, a code, and those who join with it to draw together.

A class lives in the collection's file, so that a server that starts again finds it as it was. What
one may do hangs on one's token and is checked here: who joined may send drawings and take back
their own; who opened the class sees all of them, removes any, pauses and closes it.
Each call raises CollectionError, and NoClassError where it is given the number of a class in which
the visitor has no such part. Knows nothing of networks or of the page.
"""

import enum
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.config import CLASSES
from classifier.people import collection
from classifier.people.collection import Kept, Labelled, LimitError, writer_of

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_CODE = 6  # of them: one of 890 million
HOURS = 8  # for which a code lets people in
MAX_MEMBERS = 100
MAX_OF_ONE = 300  # drawings that one may send to a class
_GUESSES = 20  # codes that are wrong, from one origin
_GUESSES_WITHIN = 600.0  # seconds


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
    """A class as its members see it.

    model: the name of the one that answers its members; opened, expires: seconds since 1970
    """

    number: int
    code: str
    model: str
    state: ClassState
    opened: float
    expires: float


@dataclass(frozen=True)
class Survey:
    """How a class stands, as its host sees it.

    members: how many have joined
    counts: (10, 11) int, row is the label, column what was answered, the last: nothing
    latest: its newest drawings, oldest of them first
    """

    there: Class
    members: int
    counts: np.ndarray
    latest: list[Kept]


def open_class(token: str, model: str) -> Class:
    """A new class with this visitor as its host, in which that model answers."""
    now = time.time()
    with collection.transaction() as database:
        while True:
            code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE))
            added = database.execute(
                "INSERT OR IGNORE INTO class (code, host, model, state, opened, expires)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [code, writer_of(token), model, ClassState.OPEN.value, now, now + HOURS * 3600],
            )
            if added.rowcount:
                return _classes(database, "code = ?", [code])[0]


def hosted(token: str) -> list[Class]:
    """The classes that this visitor has opened, whatever became of them, newest first."""
    with collection.transaction(writing=False) as database:
        return _classes(database, "host = ? ORDER BY number DESC", [writer_of(token)])


def join(token: str, code: str, origin: str) -> Class:
    """Enter the class that has this code, or come back to it.

    origin: where the visitor comes from; too many wrong codes from one origin have to wait.
    Raises NoClassError (wrong code, or it is over), LimitError or CollectionError.
    """
    now, code = time.time(), code.strip().lower()
    with collection.transaction() as database:
        recent = "SELECT count(*) FROM guess WHERE origin = ? AND time > ?"
        guesses = database.execute(recent, [origin, now - _GUESSES_WITHIN]).fetchone()[0]
        if guesses >= _GUESSES:
            raise LimitError(
                f"Too many wrong codes came from here: wait {_GUESSES_WITHIN / 60:.0f} minutes."
            )
        found = _class(database, "code = ?", [code])
        if found is None:
            database.execute("DELETE FROM guess WHERE time < ?", [now - _GUESSES_WITHIN])
            database.execute("INSERT INTO guess VALUES (?, ?)", [origin, now])
        elif found.state is not ClassState.CLOSED:
            member = [found.number, writer_of(token)]
            there = "SELECT count(*), sum(writer = ?) FROM member WHERE class = ?"
            count, known = database.execute(there, member[::-1]).fetchone()
            if not known and count >= MAX_MEMBERS:
                raise LimitError(f"This class is full: {MAX_MEMBERS} are in it.")
            database.execute("INSERT OR IGNORE INTO member VALUES (?, ?, ?)", [*member, now])
    if found is None:
        raise NoClassError("No class has this code: look at it once more.")
    if found.state is ClassState.CLOSED:
        raise NoClassError("This class is over. Thank you for your drawings.")
    return found


def send(token: str, number: int, drawing: Labelled) -> None:
    """Put a member's drawing into the class of that number, once, however often it is sent.

    Raises NoClassError (not a member), NotOpenError, ValueError, LimitError or CollectionError.
    """
    with collection.transaction() as database:
        found = _as_member(database, token, number)
        if found.state is not ClassState.OPEN:
            raise NotOpenError(
                "The class is over: this drawing was not sent."
                if found.state is ClassState.CLOSED
                else "The class pauses: wait until it goes on, then send it again."
            )
        own = "SELECT count(*) FROM drawing WHERE class = ? AND writer = ?"
        if database.execute(own, [number, writer_of(token)]).fetchone()[0] >= MAX_OF_ONE:
            raise LimitError(f"You have sent {MAX_OF_ONE} drawings, which is all that one may.")
        collection.insert(database, number, token, drawing)


def own_drawings(token: str, number: int) -> list[Kept]:
    """What this member has sent, oldest first."""
    with collection.transaction(writing=False) as database:
        _as_member(database, token, number)
        return collection.select(database, "class = ? AND writer = ?", [number, writer_of(token)])


def joined(token: str, number: int) -> Class:
    """The class of that number, as it stands, for its members."""
    with collection.transaction(writing=False) as database:
        return _as_member(database, token, number)


# What only the host may do.


def drawings(token: str, number: int) -> list[Kept]:
    """All drawings of the host's class, oldest first."""
    with collection.transaction(writing=False) as database:
        _as_host(database, token, number)
        return collection.select(database, "class = ?", [number])


def survey(token: str, number: int, most: int) -> Survey:
    """How the host's class stands, with its latest drawings, at most so many."""
    with collection.transaction(writing=False) as database:
        there = _as_host(database, token, number)
        members = database.execute("SELECT count(*) FROM member WHERE class = ?", [number])
        counts = np.zeros((CLASSES, CLASSES + 1), int)
        pairs = "SELECT label, answer, count(*) FROM drawing WHERE class = ? GROUP BY label, answer"
        for label, answer, count in database.execute(pairs, [number]):
            counts[label, CLASSES if answer is None else answer] = count
        newest = "SELECT number FROM drawing WHERE class = ? ORDER BY number DESC LIMIT ?"
        latest = collection.select(database, f"number IN ({newest})", [number, most])
        return Survey(there, members.fetchone()[0], counts, latest)


def set_state(token: str, number: int, state: ClassState) -> None:
    """Pause the host's class, let it go on, or close it, after which its code is worth nothing.
    Raises NoClassError if it was closed before, too."""
    with collection.transaction() as database:
        if _as_host(database, token, number).state is ClassState.CLOSED:
            raise NoClassError("This class is over: open another one.")
        database.execute("UPDATE class SET state = ? WHERE number = ?", [state.value, number])


def set_model(token: str, number: int, model: str) -> None:
    """Have another model answer the members of the host's class."""
    with collection.transaction() as database:
        _as_host(database, token, number)
        database.execute("UPDATE class SET model = ? WHERE number = ?", [model, number])


def remove(token: str, number: int, drawing_id: str) -> bool:
    """Delete any drawing of the host's class; whether it was there."""
    with collection.transaction() as database:
        _as_host(database, token, number)
        theirs = "DELETE FROM drawing WHERE id = ? AND class = ?"
        return database.execute(theirs, [drawing_id, number]).rowcount > 0


def discard(token: str, number: int) -> None:
    """Delete the host's class with all of its drawings, for good."""
    with collection.transaction() as database:
        _as_host(database, token, number)
        for table, column in (("drawing", "class"), ("member", "class"), ("class", "number")):
            database.execute(f"DELETE FROM {table} WHERE {column} = ?", [number])


def _as_member(database: sqlite3.Connection, token: str, number: int) -> Class:
    joined = "number = ? AND EXISTS (SELECT 1 FROM member WHERE class = number AND writer = ?)"
    found = _class(database, joined, [number, writer_of(token)])
    if found is None:
        raise NoClassError("You are not in this class: join it with its code.")
    return found


def _as_host(database: sqlite3.Connection, token: str, number: int) -> Class:
    found = _class(database, "number = ? AND host = ?", [number, writer_of(token)])
    if found is None:
        raise NoClassError("Only who opened this class can do that.")
    return found


def _class(database: sqlite3.Connection, condition: str, values: list[Any]) -> Class | None:
    return next(iter(_classes(database, condition, values)), None)


def _classes(database: sqlite3.Connection, condition: str, values: list[Any]) -> list[Class]:
    found, now = [], time.time()
    for row in database.execute(f"SELECT * FROM class WHERE {condition}", values):
        state = ClassState.CLOSED if now > row["expires"] else ClassState(row["state"])
        columns = ("number", "code", "model", "opened", "expires")
        found.append(Class(state=state, **{name: row[name] for name in columns}))
    return found
