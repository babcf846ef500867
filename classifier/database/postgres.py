"""The store as a PostgreSQL database, which several page servers may use at a time.

Who writes holds a lock of the whole store, so that a transaction that has read something may rely
on it, as in a file. What is confirmed is on the disk of the database. Where that does not answer,
each call ends with a sentence after seconds, and the next begins anew. Knows its tables' versions,
and what no other engine needs: the key, the salt, and the room that is taken.
"""

import contextlib
import functools
import itertools
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import conninfo, errors
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

from classifier.database.interface import SALT_BYTES, CollectionError, NewerStoreError, Rows
from classifier.database.migrations import ON_POSTGRES
from classifier.database.sentences import AWAY, BUSY, NEWER, NO_URL, explained

_MOST = 8  # connections of one page server; a transaction takes some milliseconds
_PATIENCE = 5.0  # seconds to wait for others who write, or for a connection that is free
_REACHED_WITHIN = 3  # seconds
_ANSWERED_WITHIN = 6.0  # seconds; longer than one waits for others who write
_LEFT_ALONE = 1.0  # seconds after which a database that was away is asked again
_LOCK = 0x6469676974  # of all who write; any number that no other program uses in this database
_AT_ONCE = 500  # rows in one statement
_CLOCK = "extract(epoch FROM clock_timestamp())::float8"
_SETTINGS = (
    f"SET lock_timeout = '{_PATIENCE}s'; SET synchronous_commit = on;"
    " SET idle_in_transaction_session_timeout = '60s'"
)
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})"


class _Connection(psycopg.Connection[Any]):
    """A connection that waits only so long for an answer: a machine that was switched off says
    nothing any more."""

    is_patient = False

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(gen, interval, None if self.is_patient else _ANSWERED_WITHIN)


class DatabaseTransaction:
    """A transaction of a database; its methods are explained in `interface.Transaction`."""

    def __init__(self, connection: _Connection, now: float, writing: bool) -> None:
        self._connection, self._now, self._writing = connection, now, writing

    def execute(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """See `interface.Transaction`."""
        return self._connection.execute(_marked(sql), values)

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """See `interface.Transaction`. Triggers count what comes, once for a statement."""
        marks, left = f"({', '.join('?' * len(columns))})", iter(rows)
        while some := [tuple(row) for row in itertools.islice(left, _AT_ONCE)]:
            self.execute(
                f"INSERT INTO {table} ({', '.join(columns)})"
                f" VALUES {', '.join([marks] * len(some))} ON CONFLICT DO NOTHING",
                [value for row in some for value in row],
            )

    def now(self) -> float:
        """See `interface.Transaction`. The database's clock, when the transaction began."""
        return self._now

    def stored_bytes(self) -> int:
        """See `interface.Transaction`. As triggers count it: what is deleted stays on the disk,
        until the database uses its room again."""
        return int(self.execute("SELECT bytes FROM stored").fetchone()[0])

    def salt(self, day: int) -> bytes:
        """See `interface.Transaction`. It is in a table that is in no log, and is emptied."""
        found = self.execute("SELECT salt FROM salt WHERE day = ?", [day]).fetchone()
        if found is not None:
            return bytes(found[0])
        salt = secrets.token_bytes(SALT_BYTES)
        if self._writing:
            self.execute("TRUNCATE salt")
            self.execute("INSERT INTO salt (day, salt) VALUES (?, ?)", [day, salt])
        return salt


class Database:
    """The store at a URL; its methods are explained in `interface.Engine`. Threads share it."""

    def __init__(self, url: str) -> None:
        self.where = url
        self._turns = threading.BoundedSemaphore(_MOST)
        self._idle: list[_Connection] = []
        self._away = (-_LEFT_ALONE, "")  # since when it is, and what was said

    @contextlib.contextmanager
    def transaction(self, *, writing: bool = True) -> Iterator[DatabaseTransaction]:
        """See `interface.Engine`."""
        if not self._turns.acquire(timeout=_PATIENCE):
            raise CollectionError(BUSY)
        try:
            connection, now = self._begun(writing)
            try:
                yield DatabaseTransaction(connection, now, writing)
                if connection.execute("COMMIT").statusmessage != "COMMIT":
                    raise CollectionError("It was not stored: try again.")
            finally:
                self._put_back(connection)
        except psycopg.Error as error:
            raise CollectionError(explained(error)) from error
        finally:
            self._turns.release()

    def key(self, new: bytes = b"") -> bytes:
        """See `interface.Engine`."""
        with self.transaction(writing=bool(new)) as database:
            found = database.execute("SELECT content FROM visitors_key").fetchone()
            if found is None and new:
                database.execute("INSERT INTO visitors_key (content) VALUES (?)", [new])
        return bytes(found[0]) if found else new

    def close(self) -> None:
        """Give back the connections that nobody uses now."""
        while self._idle:
            self._idle.pop().close()

    def _begun(self, writing: bool) -> tuple[_Connection, float]:
        """A connection on which a transaction has begun, and the time there. One that has died
        since it was used last is replaced, once."""
        with contextlib.suppress(IndexError):
            connection = self._idle.pop()
            try:
                return connection, _begin(connection, writing)
            except BaseException as error:
                has_died = connection.closed and isinstance(error, psycopg.OperationalError)
                self._put_back(connection)
                if not has_died:
                    raise
                self.close()  # the others have died with it
        connection = self._connected()
        try:
            connection.execute(_SETTINGS)
            return connection, _begin(connection, writing)
        except BaseException:
            self._put_back(connection)
            raise

    def _connected(self) -> _Connection:
        since, said = self._away
        if time.monotonic() - since < _LEFT_ALONE:
            raise CollectionError(said)
        try:
            return _Connection.connect(
                self.where,
                autocommit=True,  # what begins and ends a transaction is said here
                row_factory=_rows,
                connect_timeout=_REACHED_WITHIN,
                client_encoding="utf8",
                application_name="digit-classifier",
            )
        except psycopg.OperationalError as error:
            self._away = (time.monotonic(), explained(error))
            raise

    def _put_back(self, connection: _Connection) -> None:
        """Undo what is not committed, and keep the connection, if it can be used again."""
        with contextlib.suppress(psycopg.Error):
            if connection.info.transaction_status in (
                TransactionStatus.INTRANS,
                TransactionStatus.INERROR,
            ):
                connection.execute("ROLLBACK")
        status = connection.info.transaction_status
        if status is TransactionStatus.ACTIVE:  # it has not answered
            self._away = (time.monotonic(), AWAY)
        if status is TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()


@functools.cache
def at(url: str) -> Database:
    """The store at this URL, the same for all threads. Raises CollectionError if it is none."""
    try:
        if not url.startswith(("postgresql://", "postgres://")):
            raise CollectionError(NO_URL)
        conninfo.conninfo_to_dict(url)
    except (psycopg.Error, UnicodeError):
        raise CollectionError(NO_URL) from None  # what was said has the password in it
    return Database(url)


def _begin(connection: _Connection, writing: bool) -> float:
    """Begin a transaction in which all tables have the last version; the time there. Raises
    CollectionError if they have a later one, or psycopg.Error."""
    for _ in range(2):
        try:
            # One message, and so one way to the database and back.
            cursor = connection.execute(
                f"{_WRITE if writing else _READ}; SELECT number, {_CLOCK} FROM version"
            )
            while cursor.nextset():
                pass
            version, now = cursor.fetchone() or (0, 0.0)
            if version == len(ON_POSTGRES):
                return float(now)
            if version > len(ON_POSTGRES):
                raise NewerStoreError(NEWER)
        except errors.UndefinedTable:  # an empty database
            pass
        connection.execute("ROLLBACK")
        _bring_up_to_date(connection)
    raise CollectionError(BUSY)


def _bring_up_to_date(connection: _Connection) -> None:
    """Give the database the last version of its tables, all of it or nothing."""
    connection.is_patient = True  # many drawings take long
    try:
        connection.execute(_WRITE)
        connection.execute("CREATE TABLE IF NOT EXISTS version (number BIGINT NOT NULL)")
        found = connection.execute("SELECT number FROM version").fetchone()
        version = found[0] if found else 0
        for statements in ON_POSTGRES[version:]:  # another page server may have done it
            for statement in statements:
                connection.execute(statement)
        if version < len(ON_POSTGRES):
            connection.execute("DELETE FROM version")
            connection.execute(f"INSERT INTO version VALUES ({len(ON_POSTGRES)})")
        connection.execute("COMMIT")
    finally:
        connection.is_patient = False


@functools.lru_cache(maxsize=1000)
def _marked(sql: str) -> str:
    """A statement with psycopg's marks for values."""
    return sql.replace("%", "%%").replace("?", "%s")


class _Row(tuple[Any, ...]):
    """A row, as sqlite3.Row is one."""

    places: dict[str, int]  # of each column's name

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.places)


@functools.lru_cache(maxsize=1000)
def _row_type(names: tuple[str, ...]) -> type[_Row]:
    places = {name: place for place, name in enumerate(names)}
    return type("Row", (_Row,), {"places": places})


def _rows(cursor: psycopg.Cursor[Any]) -> type[_Row]:
    return _row_type(tuple(column.name for column in cursor.description or ()))
