"""Who sits in a class, by the names of their seats, and what its host does about them.

Knows nothing of how they joined (`entering`), nor of the page.
"""

from dataclasses import dataclass

from classifier.database.transactions import transaction
from classifier.people import animals, register
from classifier.rights import Action, Visitor


@dataclass(frozen=True)
class Member:
    """A member as the host sees them.

    seat: tells them from the others of the class; name: what it is called
    drawings: how many of theirs the class has, without those that are hidden
    silenced: whether no more are taken
    """

    seat: int
    name: str
    drawings: int
    silenced: bool


def members(visitor: Visitor, number: int) -> list[Member]:
    """The members of the host's class, by their seats."""
    sent = "SELECT count(*) FROM drawing WHERE writer = member.writer AND class = ? AND hidden = 0"
    everybody = (
        f"SELECT seat, ({sent}) AS drawings, silenced FROM member"
        " WHERE class = ? AND removed = 0 ORDER BY seat"
    )
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        return [
            Member(
                row["seat"],
                animals.name_of(row["seat"]),
                row["drawings"],
                bool(row["silenced"]),
            )
            for row in database.execute(everybody, [number, number])
        ]


def nicknames(visitor: Visitor, number: int) -> dict[str, str]:
    """What those who draw in the host's class are called there, by `Visitor.digest`."""
    seats = "SELECT writer, seat FROM member WHERE class = ? AND removed = 0"
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        return {
            row["writer"]: animals.name_of(row["seat"]) for row in database.execute(seats, [number])
        }


def silence(visitor: Visitor, number: int, seat: int, silenced: bool) -> bool:
    """Take no more drawings from a member of the host's class, or take them again; whether there is
    such a member."""
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        change = "UPDATE member SET silenced = ? WHERE class = ? AND seat = ? AND removed = 0"
        return database.execute(change, [int(silenced), number, seat]).rowcount > 0


def remove(visitor: Visitor, number: int, seat: int) -> bool:
    """Remove a member of the host's class with all of their drawings; whether there was one. The
    code does not let them in again."""
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        theirs = "SELECT writer FROM member WHERE class = ? AND seat = ? AND removed = 0"
        for table in ("drawing", "vote"):
            mark = f"DELETE FROM {table} WHERE class = ? AND writer IN ({theirs})"
            database.execute(mark, [number, number, seat])
        change = "UPDATE member SET removed = 1 WHERE class = ? AND seat = ? AND removed = 0"
        return database.execute(change, [number, seat]).rowcount > 0
