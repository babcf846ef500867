"""The way into a class: by its code or, for whoever has that and may not enter, by knocking.

The host lets those who knock in as new, or gives them a seat that was somebody's: that of whoever
lost their cookie, with all that they sent. Knows nothing of the page.
"""

import re
import secrets
from dataclasses import dataclass

from classifier import limits
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.people import animals, classroom, guesses, register
from classifier.people.classroom import KNOCK_LASTS
from classifier.people.register import Class, ClassState, NoClassError
from classifier.rights import Action, Visitor

_IS_CODE = re.compile(f"[{classroom.LETTERS}]{{{classroom.CODE}}}")
MAX_KNOCKS = 20  # at one class's door that wait for an answer
MAX_OWN_KNOCKS = 3  # classes at whose doors one visitor waits for an answer
MAX_REFUSED = 100  # at one class's door whom the host has turned away
_THERE = "class = ? AND writer = ?"
_STANDS = "knock.class = ? AND knock.writer = ?"


class ShutOutError(LimitError):
    """The code is right, but whoever has it does not get in: they can knock."""

    def __init__(self, message: str, number: int) -> None:
        """number: of the class"""
        super().__init__(message)
        self.number = number


@dataclass(frozen=True)
class Knock:
    """Somebody at the door of a class.

    seat: by which the host knows them; name: what that is called
    member: whether they have a seat in it already, and ask for another
    removed: whether the host once removed them; refused: whether the host lets them stand there
    """

    seat: int
    name: str
    member: bool
    removed: bool
    refused: bool


def with_code(visitor: Visitor, code: str, address: str) -> Class:
    """The class that has this code, whether or not the visitor gets in.

    address: where the visitor comes from; who is wrong too often has to wait, see `guesses`
    Raises NoClassError (wrong code, or it is over), LimitError or CollectionError.
    """
    visitor.check(Action.JOIN_CLASS)
    text, found = code.strip().lower(), None
    with transaction(writing=False) as database:
        if _IS_CODE.fullmatch(text):
            found = register.find(database, visitor, "code = ?", [text])
        if found is None or not found.seat:
            guesses.check(database, visitor, address)
    if found is None:
        with transaction() as database:
            guesses.forget(database)
            guesses.note(database, visitor, address, text)
        raise NoClassError("No class has this code: look at it once more.")
    if found.state is ClassState.CLOSED and not found.seat:  # members see what they sent
        raise NoClassError("This class is over. Thank you for your drawings.")
    return found


def join(visitor: Visitor, code: str, address: str) -> Class:
    """Enter the class that has this code, or come back to it; raises as `with_code`, and
    ShutOutError."""
    found = with_code(visitor, code, address)
    if found.seat:
        return found
    number = found.number
    with transaction() as database:
        guesses.forget(database)
        was = database.execute(
            f"SELECT removed FROM member WHERE {_THERE}", [number, visitor.digest]
        )
        row = was.fetchone()
        if row is not None and row["removed"]:
            raise ShutOutError("The host has removed you from this class.", number)
        if row is None:
            if found.locked:
                raise ShutOutError("The host lets nobody new in now.", number)
            if _is_full(database, number):
                most = limits.current().class_members
                raise ShutOutError(f"This class is full: {most} are in it.", number)
            _sit_down(database, number, visitor.digest, _free_seat(database, number))
        return register.as_member(database, visitor, number)


def knock(visitor: Visitor, code: str, address: str) -> Knock:
    """Stand at the door of the class that has this code, for ten minutes; once, however often.
    Raises as `with_code`."""
    number = with_code(visitor, code, address).number
    with transaction() as database:
        now = database.now()
        database.execute("DELETE FROM knock WHERE time <= ?", [now - KNOCK_LASTS])
        known = _knocks(database, _STANDS, [number, visitor.digest])
        if known:
            return known[0]
        count = "SELECT count(*) FROM knock WHERE refused = 0 AND"
        if database.execute(f"{count} class = ?", [number]).fetchone()[0] >= MAX_KNOCKS:
            raise LimitError(f"{MAX_KNOCKS} knock here already: wait a moment.")
        if (
            database.execute(f"{count} writer = ?", [visitor.digest]).fetchone()[0]
            >= MAX_OWN_KNOCKS
        ):
            raise LimitError(f"You knock at {MAX_OWN_KNOCKS} classes already: wait for an answer.")
        seat = database.execute(f"SELECT seat FROM member WHERE {_THERE}", [number, visitor.digest])
        row = seat.fetchone()
        database.execute(
            "INSERT INTO knock (class, writer, seat, time) VALUES (?, ?, ?, ?)",
            [number, visitor.digest, row["seat"] if row else _free_seat(database, number), now],
        )
        return _knocks(database, _STANDS, [number, visitor.digest])[0]


def standing(visitor: Visitor, number: int) -> Knock | None:
    """How this visitor stands at the door of that class, if they do."""
    with transaction(writing=False) as database:
        return next(iter(_knocks(database, _STANDS, [number, visitor.digest])), None)


# What only the host may do.


def knocks(visitor: Visitor, number: int) -> list[Knock]:
    """Who stands at the door of the host's class, the first to come first."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        return _knocks(database, "knock.class = ? AND refused = 0 ORDER BY time", [number])


def turn_away(visitor: Visitor, number: int, seat: int) -> bool:
    """Let whoever knocks by this seat's name stand there, so that they cannot knock again for a
    while; whether somebody did. Where too many stand there so, the oldest may knock again."""
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        refuse = "UPDATE knock SET refused = 1 WHERE class = ? AND seat = ?"
        found = database.execute(refuse, [number, seat]).rowcount > 0
        database.execute(
            "DELETE FROM knock WHERE class = ? AND refused = 1 AND writer NOT IN (SELECT writer"
            " FROM knock WHERE class = ? AND refused = 1 ORDER BY time DESC LIMIT ?)",
            [number, number, MAX_REFUSED],
        )
        return found


def let_in(visitor: Visitor, number: int, seat: int, old_seat: int | None) -> None:
    """Let whoever knocks by this seat's name into the host's class: as new, or into the seat of a
    member. Then what that one sent is theirs, and whoever sat there has nothing there any more.

    Raises NoClassError if nobody knocks or sits there any more, LimitError if there is no room.
    """
    with transaction() as database:
        register.as_host(database, visitor, number, Action.STEER_MEMBER)
        knocking = "SELECT writer FROM knock WHERE class = ? AND seat = ? AND time > ?"
        found = database.execute(knocking, [number, seat, database.now() - KNOCK_LASTS]).fetchone()
        if found is None:
            raise NoClassError("Nobody knocks by this name any more.")
        writer = found["writer"]
        if old_seat is not None:
            _give(database, number, old_seat, writer)
        elif not database.execute(
            f"SELECT 1 FROM member WHERE {_THERE} AND removed = 0", [number, writer]
        ).fetchone():
            if _is_full(database, number):
                raise LimitError(
                    f"{limits.current().class_members} are in this class: give a seat that was "
                    "somebody's, or remove a member first."
                )
            _sit_down(database, number, writer, seat)
        database.execute(f"DELETE FROM knock WHERE {_THERE}", [number, writer])


def _give(database: Transaction, number: int, seat: int, writer: str) -> None:
    """Make a member's seat, with all that was sent from it, that of another visitor."""
    sits = "SELECT writer FROM member WHERE class = ? AND seat = ? AND removed = 0"
    found = database.execute(sits, [number, seat]).fetchone()
    if found is None:
        raise NoClassError("Nobody has this seat any more.")
    if found["writer"] == writer:
        return
    old = [number, found["writer"]]
    database.execute(f"DELETE FROM member WHERE {_THERE}", [number, writer])
    database.execute(f"DELETE FROM knock WHERE {_THERE}", old)
    # Where both have used one id, as only somebody who means to can have them do.
    twice = f"{_THERE} AND id IN (SELECT id FROM drawing WHERE writer = ?)"
    same = database.execute(f"SELECT number FROM drawing WHERE {twice}", [*old, writer])
    for (drawing,) in same.fetchall():
        other_id = [secrets.token_hex(8), drawing]
        database.execute("UPDATE drawing SET id = ? WHERE number = ?", other_id)
    # One seat has one vote for each drawing, and none for its own.
    both = "SELECT 1 FROM vote AS other WHERE other.writer = ? AND other.round = vote.round"
    database.execute(
        f"DELETE FROM vote WHERE {_THERE} AND EXISTS ({both} AND other.drawing = vote.drawing)",
        [*old, writer],
    )
    for table in ("drawing", "member", "vote"):
        database.execute(f"UPDATE {table} SET writer = ? WHERE {_THERE}", [writer, *old])
    own = "SELECT number FROM drawing WHERE class = ? AND writer = ?"
    theirs = [number, writer]
    database.execute(f"DELETE FROM vote WHERE {_THERE} AND drawing IN ({own})", [*theirs, *theirs])


def _is_full(database: Transaction, number: int) -> bool:
    members = "SELECT count(*) FROM member WHERE class = ? AND removed = 0"
    there = database.execute(members, [number]).fetchone()[0]
    return bool(there >= limits.current().class_members)


def _free_seat(database: Transaction, number: int) -> int:
    """The first seat that is nobody's. Who was removed keeps theirs, and who knocks has one: the
    host knows them by its name."""
    seats = "SELECT seat FROM member WHERE class = ? UNION SELECT seat FROM knock WHERE class = ?"
    taken = {seat for (seat,) in database.execute(seats, [number, number])}
    return next(seat for seat in range(len(taken) + 1) if seat not in taken)


def _sit_down(database: Transaction, number: int, writer: str, seat: int) -> None:
    """Make them a member; who was removed has their seat again."""
    database.execute(
        "INSERT INTO member (class, writer, joined, seat) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (class, writer) DO UPDATE SET removed = 0, silenced = 0",
        [number, writer, database.now(), seat],
    )
    database.execute(f"DELETE FROM knock WHERE {_THERE}", [number, writer])


def _knocks(database: Transaction, condition: str, values: list[object]) -> list[Knock]:
    """Those by an SQL condition who have not stood there for too long."""
    query = (
        "SELECT knock.seat, refused, removed FROM knock LEFT JOIN member"
        " ON member.class = knock.class AND member.writer = knock.writer"
        f" WHERE time > ? AND {condition}"
    )
    since = database.now() - KNOCK_LASTS
    return [
        Knock(
            row["seat"],
            animals.name_of(row["seat"]),
            member=row["removed"] == 0,
            removed=row["removed"] == 1,
            refused=bool(row["refused"]),
        )
        for row in database.execute(query, [since, *values])
    ]
