"""The store as one SQLite file, and the key in a file beside it.

What is confirmed is on the disk: neither a killed server nor a second one on the same file loses or
doubles anything. Between two transactions the file is whole by itself, so that it can be copied.
Knows its tables' versions, and nothing of what is in them.
"""

import contextlib
import os
import secrets
import sqlite3
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from classifier import files
from classifier.database.interface import KEY, SALT_BYTES, CollectionError, NewerStoreError
from classifier.database.migrations import MIGRATIONS
from classifier.rights import NotAllowedError

_LONGEST_ROW = 200_000  # bytes, also of a text; a drawing's points have 80,000
# Whether what has this name is no plain table: a view, a virtual table, a generated column.
_COMPUTED = (
    "SELECT 1 FROM sqlite_schema WHERE name = ?1"
    " AND (type = 'view' OR sql LIKE 'CREATE VIRTUAL%'"
    " OR EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE hidden != 0))"
)
_PATIENCE = 5.0  # seconds to wait for another process that writes
# Held while the file is made: whoever closes a file takes all locks of their process from it, also
# those by which SQLite uses it meanwhile.
_MAKING = threading.Lock()
_used: set[Path] = set()  # files that this process has found or made
_salts: dict[int, bytes] = {}  # today's, by the number of the day


class FileTransaction:
    """A transaction of a file; its methods are explained in `interface.Transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.execute = connection.execute

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """See `interface.Transaction`."""
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING",
            (tuple(row) for row in rows),
        )

    def now(self) -> float:
        """See `interface.Transaction`."""
        return time.time()

    def stored_bytes(self) -> int:
        """See `interface.Transaction`."""
        pages, free, size = (
            self.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def salt(self, day: int) -> bytes:
        """See `interface.Transaction`. No disk has it: only this process."""
        found = _salts.setdefault(day, secrets.token_bytes(SALT_BYTES))
        for other in set(_salts) - {day}:
            _salts.pop(other, None)
        return found


@dataclass(frozen=True)
class File:
    """The store at a path; its methods are explained in `interface.Engine`."""

    path: Path

    @property
    def where(self) -> str:
        """See `interface.Engine`."""
        return str(self.path)

    @contextlib.contextmanager
    def transaction(self, *, writing: bool = True) -> Iterator[FileTransaction]:
        """See `interface.Engine`: what is not committed when the file is closed is undone."""
        path = self.path
        try:
            _keep_private(path)
            opened = path.stat()
            # Opening and reading takes 0.5 ms, which a connection that stays open would not pay.
            database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            with contextlib.closing(database):
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA synchronous = FULL")
                _bring_up_to_date(database, path)
                database.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
                yield FileTransaction(database)
                database.execute("COMMIT")
            if not path.exists() or not os.path.samestat(path.stat(), opened):
                raise CollectionError(_gone(path))
        except NotAllowedError:  # which is an OSError, too
            raise
        except (sqlite3.Error, OSError) as error:
            raise CollectionError(_explained(error, path)) from error

    def key(self, new: bytes = b"") -> bytes:
        """See `interface.Engine`. An empty file, as a full disk leaves it, counts as none."""
        path = self.path.with_name(KEY)
        if new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with filelock.FileLock(f"{path}.lock"):  # a second server on the folder has the same
                if not self.key():
                    with files.written(path, mode=0o600) as file:
                        file.write(new)
        try:
            return files.content(path)
        except (FileNotFoundError, NotADirectoryError):
            return b""


@contextlib.contextmanager
def untrusted(path: Path) -> Iterator[FileTransaction]:
    """A file that somebody brought, to be read once, with the last version of its tables. Raises
    CollectionError if it is no whole store, or one whose tables compute what they show."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_ROW)
            database.execute("PRAGMA trusted_schema = OFF")
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise CollectionError(f"{path.name} in it is damaged.")
            _bring_up_to_date(database, path)
            for table in ("class", "member", "drawing"):
                if database.execute(_COMPUTED, [table]).fetchone():
                    raise CollectionError(f"{path.name} in it computes what it shows.")
                # All of it once, so that what cannot be read is no fault of the store it goes to.
                for _ in database.execute(f"SELECT * FROM {table}"):
                    pass
            yield FileTransaction(database)
    except sqlite3.Error as error:
        raise CollectionError(f"{path.name} in it is no collection ({error}).") from error


def _bring_up_to_date(database: sqlite3.Connection, path: Path) -> None:
    """Give the file at this path the last version of its tables, if it has an earlier one, or none.
    Raises CollectionError if it has a later one."""
    newest = len(MIGRATIONS)
    if _version(database) == newest:
        return
    if _version(database) > newest:
        raise NewerStoreError(
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
