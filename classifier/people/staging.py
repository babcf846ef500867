"""What a host has their class show: its name, its wall, and what waits for their look.

Only the host may do any of it; each call raises NoClassError for others, or CollectionError. Knows
nothing of the page, nor of how a wall is drawn.
"""

import re
from dataclasses import dataclass

import numpy as np

from classifier.database.transactions import transaction
from classifier.people import classroom, collection, register
from classifier.people.classroom import CODE, LETTERS
from classifier.people.collection import Doubt, Kept
from classifier.people.register import Arrival, Class, NoClassError, WayIn
from classifier.rights import Action, Visitor

LONGEST_NAME, LONGEST_ADDRESS = 40, 100  # characters
_ADDRESS = re.compile(r"((https?://)?[\w.:\[\]-]+(/[\w./~-]*)?)?")
_NAME = re.compile(r"\w[\w ,.’'()-]*")  # nothing that a page would make a link or a list of


@dataclass(frozen=True)
class Seen:
    """A drawing as the wall tells it: its number, what it is, what it was read as, how surely."""

    number: int
    label: int
    answer: int | None
    doubt: Doubt


@dataclass(frozen=True)
class Wall:
    """How a class stands, for its wall.

    members: how many have joined
    counts: what was read as what, see `classroom.counts`
    latest: its newest drawings that are not hidden, oldest of them first
    """

    there: Class
    members: int
    counts: np.ndarray
    latest: list[Seen]


def check_name(name: str) -> str:
    """Return `name` if a class can be called so; raises ValueError."""
    if name and (len(name) > LONGEST_NAME or not _NAME.fullmatch(name)):
        raise ValueError(
            f"A class cannot be called {name[:60]!r}: use 1 to {LONGEST_NAME} letters, digits, "
            "spaces and simple marks."
        )
    return name


def check_address(address: str) -> str:
    """Return `address` if it can be one of the page; raises ValueError."""
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        raise ValueError(
            f"{address[:60]!r} is no address of this page: write it as http://10.0.0.5:8501."
        )
    return address


def set_address(visitor: Visitor, number: int, address: str) -> None:
    """Have phones find the page of the host's class there; "": where the page thinks itself.
    Raises ValueError."""
    _set(visitor, number, "address", check_address(address.strip()))


def set_name(visitor: Visitor, number: int, name: str) -> None:
    """Call the host's class so; "": nothing. Raises ValueError."""
    _set(visitor, number, "name", check_name(name.strip()))


def set_arrival(visitor: Visitor, number: int, arrival: Arrival) -> None:
    """Look first at those of the drawings that come from now on."""
    _set(visitor, number, "arrival", arrival.value)


def set_way_in(visitor: Visitor, number: int, way_in: WayIn) -> None:
    """Show so large on the wall how one joins."""
    _set(visitor, number, "way_in", way_in.value)


def set_results(visitor: Visitor, number: int, results: bool) -> None:
    """Show on the wall what was read as what, or the drawings alone."""
    _set(visitor, number, "results", int(results))


def set_living(visitor: Visitor, number: int, living: bool) -> None:
    """Show on the wall the network as one picture, or the drawings."""
    _set(visitor, number, "living", int(living))


def _set(visitor: Visitor, number: int, column: str, value: str | int) -> None:
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_CLASS)
        database.execute(f"UPDATE class SET {column} = ? WHERE number = ?", [value, number])


def waiting(visitor: Visitor, number: int, most: int) -> list[Kept]:
    """Drawings of the host's class that wait for a look, the first to come first, at most so
    many."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.SEE_CLASS)
        return collection.select(
            database, "class = ? AND waits = 1", [number, most], "number LIMIT ?"
        )


def show_waiting(visitor: Visitor, number: int, drawings: list[int]) -> None:
    """Let those of these drawings, at most 500, that wait in the host's class wait no more."""
    marks = ", ".join("?" * len(drawings)) or "NULL"
    with transaction() as database:
        register.as_host(database, visitor, number, Action.HIDE_DRAWING)
        database.execute(
            "UPDATE drawing SET hidden = 0, waits = 0 WHERE class = ? AND waits = 1"
            f" AND number IN ({marks})",
            [number, *drawings],
        )


def of_code(visitor: Visitor, code: str) -> Class:
    """The class with this code, for its host alone: others are not told whether there is one."""
    text = code.strip().lower()
    with transaction(writing=False) as database:
        is_code = len(text) == CODE and not set(text) - set(LETTERS)
        found = register.find(database, visitor, "code = ?", [text]) if is_code else None
        try:
            number = -1 if found is None else found.number
            return register.as_host(database, visitor, number, Action.SEE_CLASS)
        except NoClassError:
            raise NoClassError("Only who opened a class can show its wall.") from None


def wall(
    visitor: Visitor,
    number: int,
    most: int,
    of_round: int | None = None,
    until: float | None = None,
) -> Wall:
    """How the host's class stands, with at most so many of its drawings, or of those of one round,
    or of those that came until then, in seconds since 1970; their strokes are had by
    `albums.some`."""
    with transaction(writing=False) as database:
        there = register.as_host(database, visitor, number, Action.SEE_CLASS)
        members = "SELECT count(*) FROM member WHERE class = ? AND removed = 0"
        newest = (
            "SELECT number, label, answer, doubt FROM drawing WHERE class = ? AND hidden = 0"
            f"{'' if of_round is None else ' AND round = ?'}"
            f"{'' if until is None else ' AND time <= ?'} ORDER BY number DESC LIMIT ?"
        )
        some = [one for one in (of_round, until) if one is not None]
        rows = database.execute(newest, [number, *some, most]).fetchall()
        return Wall(
            there,
            int(database.execute(members, [number]).fetchone()[0]),
            classroom.counts(database, number),
            [Seen(row[0], row[1], row[2], Doubt(row[3])) for row in reversed(rows)],
        )
