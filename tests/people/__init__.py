"""Visitors of the tests, by what they are there, and a drawing."""

import numpy as np

from classifier.people import classroom
from classifier.people.classroom import Class
from classifier.people.collection import Labelled
from classifier.people.database import transaction
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor

ME, YOU, HOST, OTHER_HOST, ONE, TWO, THREE, STRANGER = map(
    visitor_of, ("me", "you", "host", "other host", "one", "two", "three", "stranger")
)
OPERATOR = visitor_of("operator", operator=True)
LINE = [np.array([[10.0, 20.0], [30.5, 200.0]]), np.array([[5.0, 5.0]])]


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
    writers = "coalesce(?, k / 10 % 100)"
    with transaction() as database:
        database.execute(
            "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?) "
            f"INSERT INTO drawing SELECT NULL, k, ?, {writers}, hand, k % 10, points, lengths, pen,"
            " k % 10, model, 0.0, 0 FROM drawing, n",
            [count, class_number, writer and writer.digest],
        )
