"""Visitors of the tests, by what they are there, and a drawing."""

import time

import numpy as np
import pytest

from classifier.database import postgres
from classifier.database.transactions import transaction
from classifier.people import classroom
from classifier.people.classroom import Class
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor

ME, YOU, HOST, OTHER_HOST, ONE, TWO, THREE, STRANGER = map(
    visitor_of, ("me", "you", "host", "other host", "one", "two", "three", "stranger")
)
OPERATOR = visitor_of("operator", operator=True)
LINE = [np.array([[10.0, 20.0], [30.5, 200.0]]), np.array([[5.0, 5.0]])]

in_a_file = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def labelled(drawing_id: str = "a", label: int = 7, answer: int | None = 1) -> Labelled:
    """A drawing of two strokes."""
    return Labelled(drawing_id, label, LINE, 18, answer, "conv")


def send(
    who: Visitor, there: Class, drawing_id: str = "a", label: int = 7, answer: int | None = 1
) -> int:
    """Send one to a class; its number."""
    return classroom.send(who, there.number, labelled(drawing_id, label, answer))


def fill(writer: Visitor | None, class_number: int | None, count: int) -> None:
    """Copy the only drawing so often, each with the next digit; without a writer, by a hundred."""
    columns = "id, class, writer, hand, label, points, lengths, pen, answer, model, time"
    with transaction() as database:
        database.execute(
            "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?)"
            f" INSERT INTO drawing ({columns}) SELECT CAST(k AS TEXT), CAST(? AS BIGINT),"
            " coalesce(CAST(? AS TEXT), CAST(k / 10 % 100 AS TEXT)), hand, k % 10, points, lengths,"
            " pen, k % 10, model, 0.0 FROM drawing, n",
            [count, class_number, writer and writer.digest],
        )


def later(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let so much time pass for the store, whatever clock it goes by."""
    now, clock = time.time, postgres._CLOCK
    patch.setattr(time, "time", lambda: now() + seconds)
    patch.setattr(postgres, "_CLOCK", f"({clock} + {seconds})")
