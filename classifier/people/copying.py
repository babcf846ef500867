"""All drawings and classes at once, or all of one visitor's: copied into another file, added from
one, counted, cleared.

Knows nothing of what a visitor may do, but that clearing is the operator's.
"""

import contextlib
import sqlite3
from pathlib import Path

from classifier.people import classroom
from classifier.people.database import CollectionError, bring_up_to_date, transaction
from classifier.rights import Action, Visitor

_CLASS = "code, host, model, state, opened, expires, locked, model_id"
_MEMBER = "writer, joined, seat, silenced, removed"
_DRAWING = "id, writer, hand, label, points, lengths, pen, answer, model, time, hidden"
_TABLES = ("drawing", "member", "knock", "class", "tally", "guess")


def save_copy(path: Path) -> int:
    """Copy all of it, as it is at one moment, into a new file; how many drawings there are. Raises
    CollectionError."""
    with transaction(writing=False) as database, contextlib.closing(sqlite3.connect(path)) as copy:
        database.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, and no other beside it
        return int(copy.execute("SELECT drawings FROM total").fetchone()[0])


def merge(path: Path) -> int:
    """Add what such a copy has and is not here yet: how many drawings. All of it, or nothing; a
    copy of an earlier version is brought up to date. Raises CollectionError."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source:
            source.row_factory = sqlite3.Row
            source.execute("PRAGMA trusted_schema = OFF")
            if source.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise CollectionError(f"{path.name} in it is damaged.")
            bring_up_to_date(source, path)
            with transaction() as database:
                return _add(source, database)
    except sqlite3.Error as error:
        raise CollectionError(f"{path.name} in it is no collection ({error}).") from error


def _add(source: sqlite3.Connection, database: sqlite3.Connection) -> int:
    """Add rows of one file to another, in whose transaction this is."""
    before = database.execute("SELECT drawings FROM total").fetchone()[0]
    numbers: dict[int | None, int | None] = {None: None}  # of classes: in the copy, and here
    for row in source.execute(f"SELECT number, {_CLASS} FROM class"):
        database.execute(
            f"INSERT OR IGNORE INTO class ({_CLASS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(row)[1:],
        )
        here = database.execute("SELECT number FROM class WHERE code = ?", [row["code"]])
        numbers[row["number"]] = here.fetchone()[0]
    for row in source.execute(f"SELECT class, {_MEMBER} FROM member ORDER BY seat"):
        _seat(database, numbers.get(row["class"]), row)
    places = ", ".join("?" * (2 + _DRAWING.count(",")))
    database.executemany(
        f"INSERT OR IGNORE INTO drawing (class, {_DRAWING}) VALUES ({places})",
        (
            (numbers[row[0]], *tuple(row)[1:])
            for row in source.execute(f"SELECT class, {_DRAWING} FROM drawing ORDER BY number")
            if row[0] in numbers
        ),
    )
    return int(database.execute("SELECT drawings FROM total").fetchone()[0] - before)


def _seat(database: sqlite3.Connection, number: int | None, row: sqlite3.Row) -> None:
    """Let a member in who is not here yet: in the seat that they had, or, if another member has it
    by now, in the next that is free."""
    if number is None:
        return
    taken = "SELECT 1 FROM member WHERE class = ? AND seat = ?"
    last = "SELECT coalesce(max(seat), -1) FROM member WHERE class = ?"
    seat = row["seat"]
    if database.execute(taken, [number, seat]).fetchone():
        seat = database.execute(last, [number]).fetchone()[0] + 1
    database.execute(
        f"INSERT OR IGNORE INTO member (class, {_MEMBER}) VALUES (?, ?, ?, ?, ?, ?)",
        [number, row["writer"], row["joined"], seat, row["silenced"], row["removed"]],
    )


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
