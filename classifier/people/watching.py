"""A network that learns before a class's eyes: whose drawings it learns from, whose it never sees
and is judged by, and what that showed.

It learns from MNIST, or from what the class drew. Then the drawings of one part of its members, of
PARTS, are held out: nobody's are read by a network that has seen them. Each time that is another
part. Only the host may do any of it; each call raises NoClassError for others, or CollectionError.
Knows no network and nothing of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from classifier.database.transactions import transaction
from classifier.people import collection, register
from classifier.people.collection import Kept
from classifier.people.outcomes import Round
from classifier.rights import Action, Visitor

MOST = 300  # drawings that are read after each epoch
MOST_LEARNED = 2_000  # drawings that are learned from
PARTS = 3  # one of which is held out
LEAST_DRAWINGS, LEAST_OF_PART = 30, 5
_SENT = "class = ? AND hidden = 0"


@dataclass(frozen=True)
class Split:
    """Drawings to learn from, the newest of them, and the seats whose drawings are held out."""

    learned: list[Kept]
    held: tuple[int, ...]


def split(visitor: Visitor, number: int) -> Split:
    """What a network may learn from in the host's class, and who judges it. Raises ValueError where
    too few have drawn, or too little."""
    sent = by_seat(visitor, number)
    thirds = parts(sent)
    least = min(sum(sent[seat] for seat in part) for part in thirds)
    if sum(sent.values()) < LEAST_DRAWINGS or least < LEAST_OF_PART:
        raise ValueError(
            f"To learn from your digits alone takes {LEAST_DRAWINGS} drawings, fairly shared among "
            f"{PARTS} of you or more: there are {sum(sent.values()):,} by {len(sent)}."
        )
    with transaction(writing=False) as database:
        before = "SELECT count(*) FROM round WHERE class = ? AND held != ''"
        turn = database.execute(before, [number]).fetchone()[0]
        held = thirds[turn % PARTS]
        marks = ", ".join("?" * len(held))
        those = f"SELECT writer FROM member WHERE class = ? AND seat IN ({marks})"
        where = f"{_SENT} AND writer NOT IN ({those})"
        newest = [number, number, *held, MOST_LEARNED]
        learned = collection.select(database, where, newest, "number DESC LIMIT ?")
    return Split(learned[::-1], held)


def parts(sent: Mapping[int, int]) -> list[tuple[int, ...]]:
    """PARTS parts of those seats, rising in each, with about as many drawings each. sent: how many
    each seat has sent"""
    found: list[list[int]] = [[] for _ in range(PARTS)]
    for seat in sorted(sent, key=lambda one: (-sent[one], one)):
        least = min(found, key=lambda part: sum(sent[one] for one in part))
        least.append(seat)
    return [tuple(sorted(part)) for part in found]


def by_seat(visitor: Visitor, number: int, on: Round | None = None) -> dict[int, int]:
    """How many drawings the host's class has from each seat, or had when that round began."""
    until = "" if on is None else " AND time <= ?"
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.SEE_CLASS)
        count = (
            "SELECT seat, count(*) FROM drawing JOIN member ON member.class = drawing.class"
            " AND member.writer = drawing.writer"
            f" WHERE drawing.class = ? AND hidden = 0 AND removed = 0{until} GROUP BY seat"
        )
        values = [number] if on is None else [number, on.began]
        return {row[0]: row[1] for row in database.execute(count, values).fetchall()}


def judges(visitor: Visitor, number: int, on: Round) -> list[Kept]:
    """The drawings of the host's class by which the network of that round is judged, of the newest
    that were there when it began, oldest first: those of the seats that are held out, or all."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.SEE_CLASS)
        where, values = f"{_SENT} AND time <= ?", [number, on.began]
        if on.held:
            marks = ", ".join("?" * len(on.held))
            where += (
                f" AND writer IN (SELECT writer FROM member WHERE class = ? AND seat IN ({marks}))"
            )
            values += [number, *on.held]
        newest = "number DESC LIMIT ?"
        return collection.select(database, where, [*values, MOST], newest)[::-1]


def learned(visitor: Visitor, number: int, round_number: int, said: str) -> None:
    """The network of that round of the host's class has learned, which showed this; once that is
    told, nothing."""
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_CLASS)
        database.execute(
            "UPDATE round SET state = 'shown', said = ? WHERE class = ? AND number = ?"
            " AND state = 'open' AND kind = 'watch'",
            [said, number, round_number],
        )
