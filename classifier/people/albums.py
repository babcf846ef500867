"""What a page shows of many drawings, without reading all of them: how many, a page, one.

An album is one visitor's own collection, or what the members of a class have sent, as its host sees
it: `class_number` tells which, None being one's own. Knows nothing of the page.
"""

from dataclasses import dataclass

import numpy as np

from classifier.config import CLASSES
from classifier.database.interface import Transaction
from classifier.database.transactions import transaction
from classifier.people import classroom, collection, register
from classifier.people.collection import OWN, Kept
from classifier.rights import Action, Visitor


@dataclass(frozen=True)
class Contents:
    """Which drawings an album has, oldest first; hidden: how many others the host has hidden.

    numbers: (N,) int64; labels: (N,) int64, 0–9
    """

    numbers: np.ndarray
    labels: np.ndarray
    hidden: int

    @property
    def counts(self) -> np.ndarray:
        """How many there are of each digit: (10,) int."""
        return np.bincount(self.labels, minlength=CLASSES)


def contents(visitor: Visitor, class_number: int | None) -> Contents:
    """Which drawings the album has. Raises CollectionError, and NoClassError for another's."""
    with transaction(writing=False) as database:
        album, whose = _album(database, visitor, class_number)
        query = f"SELECT number, label FROM drawing WHERE {album} AND hidden = 0"
        rows = np.array([*map(tuple, database.execute(query, [whose]))], np.int64).reshape(-1, 2)
        count = f"SELECT count(*) FROM drawing WHERE {album} AND hidden = 1"
        hidden = database.execute(count, [whose]).fetchone()[0]
    numbers, labels = rows[rows[:, 0].argsort()].T
    return Contents(numbers, labels, hidden)


def everything(visitor: Visitor, class_number: int | None) -> list[Kept]:
    """All drawings of the album that are not hidden, oldest first."""
    if class_number is None:
        return collection.drawings_of(visitor)
    return classroom.drawings(visitor, class_number)


def page(
    visitor: Visitor, class_number: int | None, label: int | None, first: int, most: int
) -> list[Kept]:
    """Drawings of that digit or, without one, those that are hidden: the newest first, from `first`
    on, at most so many."""
    with transaction(writing=False) as database:
        album, whose = _album(database, visitor, class_number)
        which, values = ("hidden = 1", [whose])
        if label is not None:
            which, values = ("hidden = 0 AND label = ?", [whose, label])
        order = "number DESC LIMIT ? OFFSET ?"
        return collection.select(database, f"{album} AND {which}", [*values, most, first], order)


def some(visitor: Visitor, class_number: int | None, numbers: list[int]) -> list[Kept]:
    """Those of these drawings, at most 500, that the album has, hidden or not, oldest first."""
    with transaction(writing=False) as database:
        album, whose = _album(database, visitor, class_number)
        marks = ", ".join("?" * len(numbers))
        return collection.select(database, f"{album} AND number IN ({marks})", [whose, *numbers])


def _album(database: Transaction, visitor: Visitor, class_number: int | None) -> tuple[str, object]:
    """The SQL condition of an album, with the value in it."""
    if class_number is None:
        return OWN, visitor.digest
    register.as_host(database, visitor, class_number, Action.SEE_CLASS)
    return "class = ?", class_number
