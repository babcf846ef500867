"""The one SQLite file that the collection and the classes share: each call a transaction.

What is confirmed is on the disk: neither a killed server nor a second one on the same file loses or
doubles a drawing. Between two calls the file is whole by itself, so that it can be copied. Knows
its tables' versions, and nothing of what is in them.
"""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from classifier import config, limits
from classifier.limits import LimitError
from classifier.people.migrations import MIGRATIONS
from classifier.rights import NotAllowedError

_PATIENCE = 5.0  # seconds to wait for another process that writes
# Held while the file is made: whoever closes a file takes all locks of their process from it, also
# those by which SQLite uses it meanwhile.
_MAKING = threading.Lock()
_used: set[Path] = set()  # files that this process has found or made


class CollectionError(RuntimeError):
    """The file cannot be read or written; the message says why and what to do."""


@contextlib.contextmanager
def transaction(*, writing: bool = True) -> Iterator[sqlite3.Connection]:
    """The file, in one transaction: all of it happens, or nothing, since what is not committed when
    the file is closed is undone.

    Raises CollectionError, with the way out, if the file is no collection, or cannot be written.
    """
    path = config.collection_file()
    try:
        _keep_private(path)
        opened = path.stat()
        # Opening and reading takes 0.5 ms, which a connection that stays open would not pay for.
        database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        with contextlib.closing(database):
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA synchronous = FULL")
            bring_up_to_date(database, path)
            database.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            yield database
            database.execute("COMMIT")
        if not path.exists() or not os.path.samestat(path.stat(), opened):
            raise CollectionError(_gone(path))
    except NotAllowedError:  # which is an OSError, too
        raise
    except (sqlite3.Error, OSError) as error:
        raise CollectionError(_explained(error, path)) from error


def bring_up_to_date(database: sqlite3.Connection, path: Path) -> None:
    """Give the file at this path the last version of its tables, if it has an earlier one, or none.
    Raises CollectionError if it has a later one."""
    newest = len(MIGRATIONS)
    if _version(database) == newest:
        return
    if _version(database) > newest:
        raise CollectionError(
            f"{path.name} was written by a newer version of this program: use that one, or name "
            "another folder with DIGIT_CLASSIFIER_HOME."
        )
    database.execute("PRAGMA journal_mode = WAL")  # so that who reads waits for nobody who writes
    database.execute("BEGIN IMMEDIATE")
    for statements in MIGRATIONS[_version(database) :]:  # another process may have done it
        for statement in statements:
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {newest}")
    database.execute("COMMIT")


def check_room(database: sqlite3.Connection, *, for_class: bool) -> None:
    """Raise LimitError if no more may be stored. The last half of all room is for classes: whoever
    draws for themselves cannot take it from them."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    most, share = limits.current(), 1.0 if for_class else 0.5
    rest = ": ask whoever runs it to make room."
    if not for_class:
        rest = ", or what is left is for classes" + rest
    if (pages - free) * size > share * most.stored_megabytes * 1e6:
        raise LimitError(f"The {most.stored_megabytes:,} MB of this page's storage are taken{rest}")
    drawings = database.execute("SELECT drawings FROM total").fetchone()[0]
    if drawings > share * most.drawings_total:
        raise LimitError(f"This page keeps {most.drawings_total:,} drawings, and has them{rest}")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _keep_private(path: Path) -> None:
    """Make the file and its folder where they are missing, and keep others from reading them."""
    with _MAKING:
        if not path.exists():
            # A folder that was unmounted hides what it holds, and would hide what comes now.
            if path in _used:
                raise CollectionError(_gone(path))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        _used.add(path)
    for one in (path.parent, *path.parent.glob(f"{path.name}*")):
        with contextlib.suppress(OSError):  # another's, or a journal that is gone by now
            mode = one.stat().st_mode
            if mode & 0o077 and not mode & stat.S_ISVTX:  # no /tmp
                one.chmod(mode & 0o700)


def _gone(path: Path) -> str:
    return (
        f"{path.name} was taken away while this page used it: put it back, or start the server "
        "anew, with an empty one."
    )


def _explained(error: sqlite3.Error | OSError, path: Path) -> str:
    """What is wrong, in words that name no folder: whoever visits the page reads them."""
    said = error.strerror or "" if isinstance(error, OSError) else str(error)
    if "malformed" in said or "not a database" in said:
        _used.discard(path)
        return f"{path.name} is damaged: move it away, and a new collection begins."
    if "locked" in said:
        return f"{path.name} is in use by another program: close that, or try again in a moment."
    if "full" in said:
        return f"The disk is full: free some space, so that {path.name} can grow."
    return (
        f"{path.name} cannot be used ({said}): make it and its folder writable, or name another "
        "folder with DIGIT_CLASSIFIER_HOME."
    )
