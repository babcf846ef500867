"""All drawings and classes at once, or all of one visitor's: copied into a SQLite file, added from
one, counted, cleared.

Knows nothing of what a visitor may do, but that clearing is the operator's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from classifier.config import CLASSES
from classifier.database import sqlite
from classifier.database.interface import CollectionError, Transaction
from classifier.database.transactions import transaction
from classifier.people import classroom, collection, rounds, staging
from classifier.people.classroom import CODE, LETTERS
from classifier.people.collection import Doubt
from classifier.people.outcomes import Kind, RoundState
from classifier.people.register import Arrival, ClassState, WayIn
from classifier.records import record
from classifier.rights import Action, Visitor

_TABLES = ("drawing", "member", "knock", "class", "tally", "guess", "round", "vote")
_AT_ONCE = 100  # drawings that are in memory
_LONGEST = 200  # characters of a text
_Flag = Annotated[int, (0, 1)]
_Digit = Annotated[int, (0, CLASSES - 1)]
_Count = Annotated[int, (0, 2**53)]
_Time = Annotated[float, (0, 1e12)]


# Rows as they are copied. To make one of what somebody brought checks it: ValueError.


@dataclass(frozen=True)
class _Class:
    code: str
    host: str
    model: str
    state: str
    opened: _Time
    expires: _Time
    locked: _Flag
    model_id: str
    name: str
    address: str
    arrival: str
    way_in: str
    results: _Flag
    living: _Flag

    def __post_init__(self) -> None:
        ClassState(self.state), Arrival(self.arrival), WayIn(self.way_in)
        staging.check_name(self.name)
        staging.check_address(self.address)
        if not re.fullmatch(f"[{LETTERS}]{{{CODE}}}", self.code):
            raise ValueError(f"has the code {self.code!r}")


@dataclass(frozen=True)
class _Member:
    writer: str
    joined: _Time
    seat: Annotated[int, (0, 10**6)]
    silenced: _Flag
    removed: _Flag


@dataclass(frozen=True)
class _Drawing:
    id: str
    writer: str
    hand: _Count
    label: _Digit
    points: Any
    lengths: str
    pen: float
    answer: _Digit | None
    model: str
    time: _Time
    hidden: _Flag
    doubt: Annotated[int, (0, max(Doubt))]
    waits: _Flag
    source: str
    sheet: str

    def __post_init__(self) -> None:
        collection.check_stored(self.points, self.lengths, self.pen, self.source)


@dataclass(frozen=True)
class _Round:
    kind: str
    digit: _Digit | None
    state: str
    began: _Time
    ended: _Time | None
    said: str

    def __post_init__(self) -> None:
        Kind(self.kind), RoundState(self.state)


_Take = Callable[[type, Any], list[Any]]  # of a row, the values of these fields


def save_copy(path: Path) -> int:
    """Copy all of it, as it is at one moment, into a new SQLite file; how many drawings there are.
    Raises CollectionError."""
    with transaction(writing=False) as database, sqlite.File(path).transaction() as copy:
        return _add(database, copy, _as_it_is)


def merge(path: Path) -> int:
    """Add what such a copy has and is not here yet: how many drawings. All of it, or nothing; a
    copy of an earlier version is brought up to date. Drawings of members that a host has removed do
    not come back. Raises CollectionError."""
    with sqlite.untrusted(path) as source, transaction() as database:
        return _add(source, database, _checked)


def _columns(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def _as_it_is(kind: type, row: Any) -> list[Any]:
    return [row[column] for column in _columns(kind)]


def _checked(kind: type, row: Any) -> list[Any]:
    values = _as_it_is(kind, row)
    try:
        record(kind, dict(row))
        if any(isinstance(value, str) and len(value) > _LONGEST for value in values):
            raise ValueError(f"has texts of more than {_LONGEST} characters")
    except ValueError as error:
        what = kind.__name__.strip("_").lower()
        raise CollectionError(f"A {what} in it {error}: nothing was added.") from error
    return values


def _add(source: Transaction, database: Transaction, take: _Take) -> int:
    """Add rows of one store to another."""
    before = _drawings(database)
    numbers: dict[int | None, int | None] = {None: None}  # of classes: there, and here
    known = "SELECT number FROM class WHERE code = ?"
    for row in source.execute("SELECT * FROM class ORDER BY number"):
        database.add("class", _columns(_Class), [take(_Class, row)])
        numbers[row["number"]] = database.execute(known, [row["code"]]).fetchone()[0]
    for row in source.execute("SELECT * FROM member ORDER BY seat"):
        if numbers.get(row["class"]) is not None:
            _seat(database, numbers[row["class"]], take(_Member, row))
    removed = database.execute("SELECT class, writer FROM member WHERE removed = 1")
    gone = {(row["class"], row["writer"]) for row in removed}
    last = -(2**63)
    some = f"SELECT * FROM drawing WHERE number > ? ORDER BY number LIMIT {_AT_ONCE}"
    while rows := source.execute(some, [last]).fetchall():
        last = rows[-1]["number"]
        known_here = (
            [numbers[row["class"]], *take(_Drawing, row)]
            for row in rows
            if row["class"] in numbers and (numbers[row["class"]], row["writer"]) not in gone
        )
        database.add("drawing", ["class", *_columns(_Drawing)], known_here)
    for there, here in numbers.items():
        if here is not None:
            _add_rounds(source, database, there, here, take)
    return _drawings(database) - before


def _add_rounds(
    source: Transaction, database: Transaction, there: int | None, here: int, take: _Take
) -> None:
    """What a class's rounds have shown, unless it has rounds here already; drawings, which have
    other numbers here, and votes stay behind."""
    if database.execute("SELECT 1 FROM round WHERE class = ?", [here]).fetchone():
        return
    some = f"SELECT * FROM round WHERE class = ? ORDER BY number LIMIT {rounds.MOST}"
    rows = source.execute(some, [there]).fetchall()
    database.add(
        "round", ["class", *_columns(_Round)], [[here, *take(_Round, row)] for row in rows]
    )


def _drawings(database: Transaction) -> int:
    return int(database.execute("SELECT drawings FROM total").fetchone()[0])


def _seat(database: Transaction, number: int | None, values: list[Any]) -> None:
    """Let a member in who is not here yet: in the seat that they had, or, if another member has it
    by now, in the next that is free."""
    columns = _columns(_Member)
    place = columns.index("seat")
    taken = "SELECT 1 FROM member WHERE class = ? AND seat = ?"
    last = "SELECT coalesce(max(seat), -1) FROM member WHERE class = ?"
    if database.execute(taken, [number, values[place]]).fetchone():
        values[place] = database.execute(last, [number]).fetchone()[0] + 1
    database.add("member", ["class", *columns], [[number, *values]])


def holders(visitor: Visitor, count: int) -> dict[str, int]:
    """Who has most of the drawings here, by `Visitor.digest`, and how many: those in their own
    collection and in the classes that they opened. Raises NotAllowedError or CollectionError."""
    visitor.check(Action.CLEAR)
    whose = (
        "SELECT coalesce(host, writer) AS whose, count(*) FROM drawing"
        " LEFT JOIN class ON class.number = drawing.class GROUP BY whose ORDER BY 2 DESC LIMIT ?"
    )
    with transaction(writing=False) as database:
        return {row[0]: row[1] for row in database.execute(whose, [count])}


def clear(visitor: Visitor, whose: str | None = None) -> None:
    """Delete all drawings and classes, or those of one, by `Visitor.digest`, and what they sent to
    others' classes; for good. Raises NotAllowedError or CollectionError."""
    visitor.check(Action.CLEAR)
    with transaction() as database:
        if whose is None:
            for table in _TABLES:
                database.execute(f"DELETE FROM {table}")
        else:
            opened = database.execute("SELECT number FROM class WHERE host = ?", [whose])
            for (number,) in opened.fetchall():
                classroom.delete(database, number)
            database.execute("DELETE FROM drawing WHERE writer = ?", [whose])
