"""Rounds of a class: what its host asks of everybody, what came of it, and the sentence that stays.

One round is on at a time. What a member sends counts for the one that is on, whenever their page
hears of it; a vote counts once, and never for what one drew oneself. Each call raises NoClassError
for who has no such part in the class, NotOpenError where it comes too late, or CollectionError.
Knows no network and nothing of the page.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.people import classroom, collection, register
from classifier.people.classroom import NotOpenError
from classifier.people.collection import Kept
from classifier.people.outcomes import (
    FOOLS,
    READ_BY_ALL,
    VOTES,
    Kind,
    Round,
    RoundState,
    points_in,
    sentence,
)
from classifier.people.register import ClassState
from classifier.rights import Action, Visitor

MOST = 200  # rounds of one class
_LONGEST = 200  # characters of a sentence


def current(visitor: Visitor, class_number: int) -> Round | None:
    """The round that is on in a class, for its host and its members."""
    with transaction(writing=False) as database:
        there = _either(database, visitor, class_number)
        return _current(database, class_number) if there.state is not ClassState.CLOSED else None


def record(visitor: Visitor, class_number: int) -> list[Round]:
    """The rounds of the host's class that have ended, oldest first."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, class_number, Action.SEE_CLASS)
        return _rounds(database, "class = ? AND state = 'ended'", [class_number])


def last(visitor: Visitor, class_number: int) -> tuple[float, str]:
    """When the round of the host's class began that ended last, seconds since 1970, and what it
    showed; (0, "") for none."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, class_number, Action.SEE_CLASS)
        row = database.execute(
            "SELECT began, said FROM round WHERE class = ? AND state = 'ended'"
            " ORDER BY number DESC LIMIT 1",
            [class_number],
        ).fetchone()
        return (row["began"], row["said"]) if row else (0.0, "")


def newest(visitor: Visitor, class_number: int) -> int:
    """The number of the newest round of the host's class; 0 for none."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, class_number, Action.SEE_CLASS)
        return _newest(database, class_number)


def start(
    visitor: Visitor,
    class_number: int,
    kind: Kind,
    after: int,
    *,
    digit: int | None = None,
    drawing: int | None = None,
    said: str = "",
    run: str = "",
    held: Sequence[int] = (),
) -> Round:
    """Begin a round in the host's class; the one that was on ends.

    after: the number of the newest round that the host knows of, 0 for none: pressed twice, or in
    two windows, it begins once. said: what it shows, where that is known; run, held: see `Round`
    Raises ValueError, or LimitError.
    """
    if (kind is Kind.DIGIT) != (digit in range(CLASSES)) or len(said) > _LONGEST:
        raise ValueError(f"A round asks for a digit from 0 to 9, or for none, not for {digit!r}.")
    with transaction() as database:
        there = register.as_host(database, visitor, class_number, Action.STEER_CLASS)
        if there.state is not ClassState.OPEN:
            raise NotOpenError("The class pauses, or is over: no round can begin.")
        number = _newest(database, class_number)
        if number != after:
            (known,) = _rounds(database, "number = ?", [number])
            return known
        count = "SELECT count(*) FROM round WHERE class = ?"
        if database.execute(count, [class_number]).fetchone()[0] >= MOST:
            raise LimitError(f"This class has had {MOST} rounds, which is all that one may have.")
        if kind is Kind.GUESS:
            drawing = _to_guess(database, class_number, drawing)
        if on := _current(database, class_number):
            _end(database, on)
        what = [kind.value, digit, drawing, RoundState.OPEN.value, database.now(), said]
        database.execute(
            "INSERT INTO round (class, kind, digit, drawing, state, began, said, run, held)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [class_number, *what, run, json.dumps(held) if held else ""],
        )
        (begun,) = _rounds(database, "number = ?", [_newest(database, class_number)])
        return begun


def show(visitor: Visitor, class_number: int, number: int) -> None:
    """Let a round of the host's class go into its second half; once it has, nothing."""
    with transaction() as database:
        register.as_host(database, visitor, class_number, Action.STEER_CLASS)
        database.execute(
            "UPDATE round SET state = 'shown' WHERE class = ? AND number = ? AND state = 'open'"
            " AND kind IN ('guess', 'fool')",
            [class_number, number],
        )


def end(visitor: Visitor, class_number: int, number: int) -> None:
    """End a round of the host's class, with its sentence; one that has ended stays as it is."""
    with transaction() as database:
        register.as_host(database, visitor, class_number, Action.STEER_CLASS)
        for on in _rounds(database, "class = ? AND number = ?", [class_number, number]):
            _end(database, on)


def close(visitor: Visitor, class_number: int) -> None:
    """Close the host's class; the round that is on ends with it, and says what it showed."""
    on = current(visitor, class_number)
    if on is not None:
        end(visitor, class_number, on.number)
    classroom.set_state(visitor, class_number, ClassState.CLOSED)


def vote(visitor: Visitor, class_number: int, number: int, drawing: int, digit: int) -> None:
    """Say what a drawing of this round is; who says so again has changed their mind. Raises
    ValueError."""
    if digit not in range(CLASSES):
        raise ValueError(f"A vote names a digit from 0 to 9, not {digit!r}.")
    with transaction() as database:
        there = register.as_member(database, visitor, class_number)
        on = _current(database, class_number)
        if on is None or on.number != number or there.state is not ClassState.OPEN:
            raise NotOpenError("This round is over: your vote was not counted.")
        asked = "SELECT writer FROM drawing WHERE number = ? AND class = ? AND hidden = 0"
        row = database.execute(asked, [drawing, class_number]).fetchone()
        if row is None or not _is_asked(database, on, drawing):
            raise NotOpenError("Nobody is asked about this drawing any more.")
        if row["writer"] == visitor.digest:
            raise NotOpenError("You drew this one: the others say what it is.")
        database.execute(
            "INSERT INTO vote (class, round, drawing, writer, digit) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (round, drawing, writer) DO UPDATE SET digit = excluded.digit",
            [class_number, number, drawing, visitor.digest, digit],
        )


def own_vote(visitor: Visitor, class_number: int, on: Round) -> int | None:
    """What this member said that the drawing of a guess is."""
    with transaction(writing=False) as database:
        register.as_member(database, visitor, class_number)
        own = "SELECT digit FROM vote WHERE round = ? AND drawing = ? AND writer = ?"
        found = database.execute(own, [on.number, on.drawing, visitor.digest]).fetchone()
        return None if found is None else int(found["digit"])


def guessed(visitor: Visitor, class_number: int, on: Round) -> Kept | None:
    """The drawing of a guess, for the class's host and members; None once it is gone. While it is
    guessed, nobody may show more of it than its strokes."""
    with transaction(writing=False) as database:
        _either(database, visitor, class_number)
        where = "number = ? AND class = ? AND hidden = 0"
        return next(iter(collection.select(database, where, [on.drawing, class_number])), None)


def votes(visitor: Visitor, class_number: int, on: Round) -> np.ndarray:
    """How many said each digit of the drawing of a guess: (10,) int. For members once it is
    shown."""
    found = np.zeros(CLASSES, int)
    with transaction(writing=False) as database:
        if on.state is RoundState.OPEN:
            register.as_host(database, visitor, class_number, Action.SEE_CLASS)
        else:
            _either(database, visitor, class_number)
        said = "SELECT digit, count(*) FROM vote WHERE round = ? AND drawing = ? GROUP BY digit"
        for digit, count in database.execute(said, [on.number, on.drawing]):
            found[digit] = count
    return found


def to_judge(visitor: Visitor, class_number: int, on: Round) -> Kept | None:
    """What fooled the network in this round and this member has not read yet: of others, what the
    fewest have read."""
    with transaction(writing=False) as database:
        register.as_member(database, visitor, class_number)
        known = "SELECT drawing FROM vote WHERE writer = ?"
        own = visitor.digest
        where = f"{FOOLS} AND writer != ? AND number NOT IN ({known})"
        order = f"{VOTES}, number LIMIT 1"
        found = collection.select(database, where, [on.number, own, own], order)
        return next(iter(found), None)


def fooled(visitor: Visitor, class_number: int) -> list[Kept]:
    """All drawings of the host's class that people read and the network did not, oldest first."""
    with transaction(writing=False) as database:
        register.as_host(database, visitor, class_number, Action.SEE_CLASS)
        where = (
            "class = ? AND hidden = 0 AND coalesce(answer, -1) != label"
            f" AND round IN (SELECT number FROM round WHERE kind = 'fool') AND {READ_BY_ALL}"
        )
        return collection.select(database, where, [class_number])


def points(visitor: Visitor, class_number: int, on: Round) -> list[tuple[str, int]]:
    """Who fooled the network with how many drawings of this round that people read, by the names of
    their seats, the most first."""
    with transaction(writing=False) as database:
        _either(database, visitor, class_number)
        return points_in(database, on)


# Within a transaction.


def _newest(database: Transaction, class_number: int) -> int:
    """The number of the newest round of a class; 0 for none."""
    newest = "SELECT coalesce(max(number), 0) FROM round WHERE class = ?"
    return int(database.execute(newest, [class_number]).fetchone()[0])


def _either(database: Transaction, visitor: Visitor, number: int) -> register.Class:
    """The class, for its members and its host."""
    try:
        return register.as_member(database, visitor, number)
    except register.NoClassError:
        return register.as_host(database, visitor, number, Action.SEE_CLASS)


def _current(database: Transaction, class_number: int) -> Round | None:
    on = "class = ? AND state != 'ended'"
    return next(iter(_rounds(database, on, [class_number])), None)


def _rounds(database: Transaction, condition: str, values: list[Any]) -> list[Round]:
    drawn = "SELECT count(*) FROM drawing WHERE drawing.round = round.number AND hidden = 0"
    voters = "SELECT count(DISTINCT writer) FROM vote WHERE vote.round = round.number"
    query = (
        f"SELECT round.*, ({drawn}) AS drawn, ({voters}) AS voters FROM round"
        f" WHERE {condition} ORDER BY number"
    )
    now = database.now()
    return [
        Round(
            row["number"],
            row["class"],
            Kind(row["kind"]),
            row["digit"],
            row["drawing"],
            RoundState(row["state"]),
            max(0.0, now - row["began"]),
            row["said"],
            row["drawn"],
            row["voters"],
            row["began"],
            row["run"],
            tuple(json.loads(row["held"] or "[]")),
        )
        for row in database.execute(query, values).fetchall()
    ]


def _is_asked(database: Transaction, on: Round, drawing: int) -> bool:
    """Whether members say what this drawing is."""
    if on.kind is Kind.GUESS:
        return on.state is RoundState.OPEN and on.drawing == drawing
    query = f"SELECT 1 FROM drawing WHERE {FOOLS} AND number = ?"
    is_one = database.execute(query, [on.number, drawing]).fetchone() is not None
    return on.kind is Kind.FOOL and on.state is RoundState.SHOWN and is_one


def _to_guess(database: Transaction, class_number: int, chosen: int | None) -> int:
    """The drawing that was chosen, if the class has it, or else the newest that the network erred
    on or doubted, or any, and that was not guessed before."""
    shown = "SELECT number FROM drawing WHERE class = ? AND hidden = 0"
    fresh = f"{shown} AND number NOT IN (SELECT drawing FROM round WHERE drawing IS NOT NULL)"
    hard = f"{fresh} AND (coalesce(answer, -1) != label OR doubt > 0)"
    newest = " ORDER BY number DESC LIMIT 1"
    for query, more in ((f"{shown} AND number = ?", [chosen]), (hard, []), (fresh, [])):
        row = database.execute(query + newest, [class_number, *more]).fetchone()
        if row is not None:
            return int(row["number"])
    raise ValueError("There is no drawing to guess yet, or all were guessed.")


def _end(database: Transaction, on: Round) -> None:
    if on.state is not RoundState.ENDED:
        change = "UPDATE round SET state = 'ended', ended = ?, said = ? WHERE number = ?"
        said = (on.said or sentence(database, on))[:_LONGEST]
        database.execute(change, [database.now(), said, on.number])
