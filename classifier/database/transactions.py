"""The store that is used: by default one file, or the PostgreSQL database that is named.

Knows nothing of either.
"""

from contextlib import AbstractContextManager

from classifier import config
from classifier.database import sqlite
from classifier.database.interface import SETTING, CollectionError, Engine, Transaction, url


def transaction(*, writing: bool = True) -> AbstractContextManager[Transaction]:
    """One transaction of the store: all of it happens, or nothing; nobody else writes meanwhile.

    Raises CollectionError, with the way out, if the store cannot be used.
    """
    return engine().transaction(writing=writing)


def engine() -> Engine:
    """The store. Raises CollectionError if what it takes is not installed."""
    named = url()
    if not named:
        return sqlite.File(config.collection_file())
    try:
        from classifier.database import postgres  # which takes 60 ms
    except ImportError:
        raise CollectionError(
            f"{SETTING} names a database, and psycopg, which opens it, is not installed: run pip "
            "install -r assets/deploy/requirements.txt, or take the setting away."
        ) from None
    return postgres.at(named)
