"""What a round is, what came of it, and the sentence that stays of it.

Knows nothing of who may ask, nor of the page.
"""

import enum
from dataclasses import dataclass

from classifier.database.interface import Transaction
from classifier.people import animals

_LEAST_VOTES = 2  # for one drawing, all of which name what it is: then people can read it
_OF_ROUND = "round = ? AND hidden = 0"
_CAST = (
    "SELECT count(*) FROM vote WHERE vote.drawing = drawing.number AND vote.round = drawing.round"
)
_SAY_SO = f"({_CAST} AND digit = drawing.label)"
# Conditions of drawings: the network erred in that round, people may have, too; how many votes
# there are in it; all who voted could read it.
FOOLS = f"{_OF_ROUND} AND coalesce(answer, -1) != label"
VOTES = f"({_CAST})"
READ_BY_ALL = f"{VOTES} >= {_LEAST_VOTES} AND {VOTES} = {_SAY_SO}"


class Kind(enum.Enum):
    """What a round asks."""

    DIGIT = "digit"  # everyone draws the same digit
    FREE = "free"  # everyone draws what they like
    GUESS = "guess"  # everyone says what one drawing is, before the network does
    FOOL = "fool"  # draw a digit that people read and the network does not
    HELP = "help"  # what fooled it once is read by the network that answers now
    WATCH = "watch"  # a network learns, and reads what the class drew, epoch by epoch


class RoundState(enum.Enum):
    """How far a round has come."""

    OPEN = "open"  # members draw, or guess
    SHOWN = "shown"  # guess: the answer is shown; fool: members read what fooled the network;
    # watch: the network has learned, and what that changed is told
    ENDED = "ended"  # its sentence stays


@dataclass(frozen=True)
class Round:
    """A round as it stands.

    digit: that everyone draws; drawing: the number of the one that is guessed; if any
    age: seconds since it began; said: what it showed, once it has ended
    drawn: how many drawings it has; voters: how many have voted
    began: seconds since 1970
    run: that is watched; held: the seats whose drawings it never sees, if it learns from others'
    """

    number: int
    class_number: int
    kind: Kind
    digit: int | None
    drawing: int | None
    state: RoundState
    age: float
    said: str
    drawn: int
    voters: int
    began: float
    run: str
    held: tuple[int, ...]


def sentence(database: Transaction, on: Round) -> str:
    """What a round showed."""
    drawings = f"{on.drawn:,} drawing{'s' * (on.drawn != 1)}"
    if on.kind is Kind.GUESS:
        return _of_guess(database, on)
    if on.kind is Kind.WATCH:
        return "The class watched a network learn, but not to the end."
    if on.kind is Kind.FOOL:
        ranked = points_in(database, on)
        if not ranked:
            return f"Fool the network: {drawings}, and none that all could read but the network."
        count = sum(score for _, score in ranked)
        best, most = ranked[0]
        return f"Fool the network: {count} of {drawings} did; {best} with {most}."
    query = f"SELECT label, answer, count(*) FROM drawing WHERE {_OF_ROUND} GROUP BY label, answer"
    counts = [tuple(row) for row in database.execute(query, [on.number]).fetchall()]
    right = sum(count for label, answer, count in counts if answer == label)
    wrong = max(
        ((count, label, answer) for label, answer, count in counts if answer not in (label, None)),
        default=None,
    )
    what = f"Everyone drew {_a(on.digit)}" if on.kind is Kind.DIGIT else "Everyone drew at will"
    often = f"; {_a(wrong[1])} was taken for {_a(wrong[2])} most" if wrong else ""
    return f"{what}: {right} of {drawings} read rightly{often}."


def _of_guess(database: Transaction, on: Round) -> str:
    row = database.execute(
        "SELECT label, answer FROM drawing WHERE number = ? AND hidden = 0", [on.drawing]
    ).fetchone()
    if row is None:
        return "Guess: the drawing was deleted."
    said = "SELECT count(*) FROM vote WHERE round = ? AND drawing = ? AND digit = ?"
    agree = database.execute(said, [on.number, on.drawing, row["label"]]).fetchone()[0]
    network = "nothing" if row["answer"] is None else _a(row["answer"])
    return (
        f"Guess: it is {_a(row['label'])}; {agree} of {on.voters} said so, and the network said "
        f"{network}."
    )


def points_in(database: Transaction, on: Round) -> list[tuple[str, int]]:
    """Who fooled the network with how many drawings that people read, by the names of their seats,
    the most first."""
    query = (
        "SELECT seat, count(*) AS points FROM drawing JOIN member"
        " ON member.class = drawing.class AND member.writer = drawing.writer"
        f" WHERE {FOOLS} AND removed = 0 AND {READ_BY_ALL} GROUP BY seat"
    )
    found = database.execute(query, [on.number]).fetchall()
    rows = [(row["seat"], row["points"]) for row in found]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return [(animals.name_of(seat), points) for seat, points in rows]


def _a(digit: int | None) -> str:
    return f"an {digit}" if digit == 8 else f"a {digit}"
