"""A class as the store has it, and the check that whoever asks has the part in it that they say.

Knows nothing of what is done in one, nor of the page.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from classifier.database.interface import Transaction
from classifier.people import animals
from classifier.rights import Action, NotAllowedError, Visitor


class ClassState(enum.Enum):
    """What a class does with those who have its code."""

    OPEN = "open"  # they join and draw
    PAUSED = "paused"  # they stay and wait
    CLOSED = "closed"  # it is over; its drawings stay with the host


class Arrival(enum.Enum):
    """Which drawings wait for the host's look before they are shown, counted and learned from."""

    ALL = "all"  # none: each is shown as it arrives
    SURE = "sure"  # those that may be no digit
    LOOKED = "looked"  # each


class WayIn(enum.Enum):
    """How large the wall shows how one joins."""

    AUTO = "auto"  # large until enough have joined
    LARGE = "large"  # over the drawings' side
    SMALL = "small"  # in a corner


class NoClassError(LookupError):
    """There is no such class for whoever asks; the message says what to do."""


@dataclass(frozen=True)
class Class:
    """A class as it is for whoever asks.

    name: what its host calls it; address: where they say that phones find the page; "": nothing
    model, model_id: the name and the id of the one that answers its members; "": it goes by its
    name; opened, expires: seconds since 1970
    locked: whether it lets nobody new in; arrival: what its host looks at first
    way_in, results, living: how large its wall shows how one joins, whether it shows what was read
    as what, and whether the network as one picture in place of the drawings
    seat: what the visitor is called in it, "" for who is no member; silenced: whether that seat's
    drawings are refused
    """

    number: int
    code: str
    name: str
    address: str
    model: str
    model_id: str
    state: ClassState
    opened: float
    expires: float
    locked: bool
    arrival: Arrival
    way_in: WayIn
    results: bool
    living: bool
    seat: str
    silenced: bool


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
    """The first class by an SQL condition, as it is for this visitor."""
    return next(iter(classes(database, visitor, condition, values)), None)


def classes(
    database: Transaction, visitor: Visitor, condition: str, values: Sequence[object]
) -> list[Class]:
    """The classes by an SQL condition, as they are for this visitor."""
    found, now = [], database.now()
    query = (
        "SELECT class.*, seat, silenced FROM class LEFT JOIN member ON member.class = number"
        f" AND writer = ? AND removed = 0 WHERE {condition}"
    )
    for row in database.execute(query, [visitor.digest, *values]):
        found.append(
            Class(
                number=row["number"],
                code=row["code"],
                name=row["name"],
                address=row["address"],
                model=row["model"],
                model_id=row["model_id"],
                state=ClassState.CLOSED if now > row["expires"] else ClassState(row["state"]),
                opened=row["opened"],
                expires=row["expires"],
                locked=bool(row["locked"]),
                arrival=Arrival(row["arrival"]),
                way_in=WayIn(row["way_in"]),
                results=bool(row["results"]),
                living=bool(row["living"]),
                seat="" if row["seat"] is None else animals.name_of(row["seat"]),
                silenced=bool(row["silenced"]),
            )
        )
    return found
