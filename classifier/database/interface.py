"""What each engine of the store gives. Knows none of them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

SETTING = "DIGIT_CLASSIFIER_DATABASE"  # in the environment, or in .streamlit/secrets.toml
KEY = "visitors.key"  # what the key is called as a file
SALT_BYTES = 16


def url() -> str:
    """The PostgreSQL database that is named; "" for none: then the store is a file."""
    return os.environ.get(SETTING, "").strip()


class CollectionError(RuntimeError):
    """The store cannot be read or written; the message says why and what to do."""


class NewerStoreError(CollectionError):
    """A newer version of this program has written the store: this one never uses it again."""


class Rows(Protocol):
    """What a statement has found. A row's values are had by name, by position, and in turn."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement has written."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left, in turn."""


class Transaction(Protocol):
    """Statements of which all happen, or none. SQL is what both engines take, with `?` for each
    value; 0 and 1 stand for no and yes."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """Carry out one statement."""

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows, except those that are there already."""

    def now(self) -> float:
        """Seconds since 1970, by the one clock of all who use this store."""

    def stored_bytes(self) -> int:
        """Room that is taken, without what was freed."""

    def salt(self, day: int) -> bytes:
        """What all who use this store salt digests with on this day, by its number. The salts of
        other days are gone once a transaction that writes asks for this one."""


class Engine(Protocol):
    """A store."""

    @property
    def where(self) -> str:
        """Tells it from other stores. Not for sentences: it may have a password in it."""

    def transaction(self, *, writing: bool) -> AbstractContextManager[Transaction]:
        """Read, or read and write while nobody else writes: all of it happens, or nothing.

        Raises CollectionError.
        """

    def key(self, new: bytes = b"") -> bytes:
        """The key of visitors' secrets; where there is none, `new` from now on. Raises OSError or
        CollectionError."""
