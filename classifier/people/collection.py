"""Drawings of which somebody said what they are, in one SQLite file that all sessions share.

Kept of a drawing: its strokes, its label, what was answered, by which model, and when. Of whoever
drew it nothing but a digest of a random token, which only their browser has; what that token may
do is checked here. Each call is a transaction of its own, so that neither a killed server nor a
second one on the same file loses or doubles a drawing. Knows nothing of networks or of the page.
"""

import contextlib
import hashlib
import json
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier import config
from classifier.config import CLASSES
from classifier.ink import drawings

MAX_STROKES, MAX_POINTS = 100, 10_000  # of one drawing
_TOO_LARGE = (
    f"A drawing may have {MAX_STROKES} strokes and {MAX_POINTS:,} points at most: clear the canvas "
    "and draw the digit anew."
)
MAX_COORDINATE = 1e5
MAX_OWN = 2_000  # drawings that one visitor may keep outside of classes
PER_MINUTE = 60  # drawings that one visitor may send
_PATIENCE = 5.0  # seconds to wait for another process that writes
# Held while the file is made: whoever closes a file takes all locks of their process from it, also
# those by which SQLite uses it meanwhile.
_MAKING = threading.Lock()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS drawing (
  number INTEGER PRIMARY KEY,         -- in the order in which they came
  id TEXT NOT NULL,                   -- chosen by the sender: sent twice, it is kept once
  class INTEGER,                      -- NULL: the writer's own collection
  writer TEXT NOT NULL,
  hand INTEGER NOT NULL,              -- who drew it, where one brought what several had drawn
  label INTEGER NOT NULL,
  points BLOB NOT NULL,               -- float32, x and y in turn
  lengths TEXT NOT NULL,              -- of the strokes, in points, as a JSON list
  pen REAL NOT NULL,
  answer INTEGER,                     -- NULL: none was given
  model TEXT NOT NULL,
  time REAL NOT NULL,
  UNIQUE (writer, id)
) STRICT;
CREATE INDEX IF NOT EXISTS drawing_by_class ON drawing (class, number);
CREATE INDEX IF NOT EXISTS drawing_by_writer ON drawing (writer, class, time);
CREATE TABLE IF NOT EXISTS class (
  number INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,                -- that answers its members, by its name
  state TEXT NOT NULL,
  opened REAL NOT NULL,
  expires REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS member (
  class INTEGER NOT NULL,
  writer TEXT NOT NULL,
  joined REAL NOT NULL,
  PRIMARY KEY (class, writer)
) STRICT;
CREATE TABLE IF NOT EXISTS guess (origin TEXT NOT NULL, time REAL NOT NULL) STRICT;
PRAGMA user_version = 1;
"""
_INSERT = (
    "INSERT OR IGNORE INTO drawing"
    " (id, class, writer, hand, label, points, lengths, pen, answer, model, time)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class CollectionError(RuntimeError):
    """The file cannot be read or written; the message says why and what to do."""


class LimitError(ValueError):
    """More was sent than one may send; the message says how much that is."""


@dataclass(frozen=True)
class Labelled:
    """A drawing of which somebody said what it is.

    id: chosen by the sender
    label: what it is, 0–9; answer: what a model said, 0–9, or None; model: that model's name
    strokes: each (k, 2) float32, in canvas pixels; pen: its width, canvas pixels
    """

    id: str
    label: int
    strokes: Sequence[np.ndarray]
    pen: float
    answer: int | None
    model: str


@dataclass(frozen=True)
class Kept(Labelled):
    """One drawing of the collection.

    number: in the order in which they came; time: when, seconds since 1970
    writer: whose it is, see `writer_of`
    hand: who drew it, 0 for the writer, other numbers for others whose drawings they brought
    """

    number: int
    writer: str
    hand: int
    time: float


def writer_of(token: str) -> str:
    """What is kept of a visitor's token: nobody who reads the file can act for them."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def keep(token: str, drawing: Labelled) -> None:
    """Put a drawing into the visitor's own collection, once, however often it is sent.

    Raises ValueError (what came is no labelled drawing), LimitError or CollectionError.
    """
    with transaction() as database:
        _check_room(database, token, 1)
        insert(database, None, token, drawing)


def bring(token: str, drawn: drawings.Drawings) -> int:
    """Put a file's drawings into the visitor's own collection, except those that are there already,
    as they stand in a file or as they are kept; how many were new. All of them, or none. Raises as
    `keep`."""
    if len(drawn) > MAX_OWN:  # before others wait for so many to be written
        raise LimitError(f"The file has {len(drawn):,} drawings: {MAX_OWN:,} are kept at most.")
    begins = np.diff(drawn.stroke_id, prepend=-1) != 0
    most_strokes = np.bincount(drawn.sample_id[begins]).max(initial=0)
    if most_strokes > MAX_STROKES or np.bincount(drawn.sample_id).max(initial=0) > MAX_POINTS:
        raise LimitError(_TOO_LARGE)
    writer, now = writer_of(token), time.time()
    hands = np.zeros(len(drawn), int) if drawn.writer is None else drawn.writer - drawn.writer.min()
    with transaction() as database:
        own = select(database, "writer = ? AND class IS NULL", [writer])
        known = {identity(one.strokes, one.label) for one in own}
        before = database.total_changes
        for strokes, label, hand in zip(drawn, drawn.labels.tolist(), hands.tolist(), strict=True):
            on_canvas, _, pen = drawings.fit_canvas(strokes)
            new = identity(on_canvas, label)
            if known.isdisjoint({identity(strokes, label), new}):
                known.add(new)
                one = Labelled(new, label, on_canvas, pen, None, "")
                _write(database, None, writer, hand, one, now)
        came = database.total_changes - before
        _check_room(database, token, 0)
    return came


def identity(strokes: Sequence[np.ndarray], label: int) -> str:
    """What tells a labelled drawing from others, 16 hexadecimal digits; strokes each (k, 2)."""
    points = [np.asarray(stroke, "<f4") for stroke in strokes]
    return hashlib.sha256(f"{drawings.digest(points)} {label}".encode()).hexdigest()[:16]


def _check_room(database: sqlite3.Connection, token: str, more: int) -> None:
    own = "SELECT count(*) FROM drawing WHERE writer = ? AND class IS NULL"
    if database.execute(own, [writer_of(token)]).fetchone()[0] + more > MAX_OWN:
        raise LimitError(f"{MAX_OWN:,} drawings are kept at most: delete some first.")


def insert(
    database: sqlite3.Connection, class_number: int | None, token: str, drawing: Labelled
) -> None:
    """Write a drawing within a transaction, into that class or, without one, the visitor's own
    collection; errors as for `keep`."""
    writer, now = writer_of(token), time.time()
    known = "SELECT 1 FROM drawing WHERE writer = ? AND id = ?"
    if database.execute(known, [writer, drawing.id]).fetchone():
        return
    recent = "SELECT count(*) FROM drawing WHERE writer = ? AND time > ?"
    if database.execute(recent, [writer, now - 60]).fetchone()[0] >= PER_MINUTE:
        raise LimitError(f"At most {PER_MINUTE} drawings a minute: wait a moment.")
    _write(database, class_number, writer, 0, drawing, now)


def _write(
    database: sqlite3.Connection,
    class_number: int | None,
    writer: str,
    hand: int,
    drawing: Labelled,
    now: float,
) -> None:
    points, lengths = _checked(drawing)
    whose = [drawing.id, class_number, writer, hand, drawing.label]
    what = [points, lengths, drawing.pen, drawing.answer, drawing.model, now]
    database.execute(_INSERT, whose + what)


def _checked(drawing: Labelled) -> tuple[bytes, str]:
    """Points and lengths as they are kept, or ValueError."""
    for value in (drawing.label, *([] if drawing.answer is None else [drawing.answer])):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < CLASSES:
            raise ValueError(f"A label must be 0 to 9, not {value!r}.")
    strokes = drawing.strokes
    if not strokes:
        raise ValueError("There is nothing drawn yet.")
    lengths = [len(stroke) for stroke in strokes]
    if len(lengths) > MAX_STROKES or sum(lengths) > MAX_POINTS:
        raise LimitError(_TOO_LARGE)
    points = np.concatenate([np.asarray(stroke, "<f4").reshape(-1, 2) for stroke in strokes])
    nowhere = 0 in lengths or not (np.abs(points) <= MAX_COORDINATE).all()
    if nowhere or not 0 < drawing.pen <= 1e4:
        raise ValueError("The drawing has points that lie nowhere.")
    return points.tobytes(), json.dumps(lengths)


def drawings_of(token: str) -> list[Kept]:
    """The visitor's own collection, oldest first. Raises CollectionError."""
    with transaction(writing=False) as database:
        return select(database, "writer = ? AND class IS NULL", [writer_of(token)])


def select(database: sqlite3.Connection, condition: str, values: list[object]) -> list[Kept]:
    """Drawings by an SQL condition, oldest first."""
    found = []
    for row in database.execute(f"SELECT * FROM drawing WHERE {condition} ORDER BY number", values):
        as_it_is = {name: row[name] for name in set(row.keys()) - {"class", "points", "lengths"}}
        found.append(Kept(strokes=_strokes(row["points"], row["lengths"]), **as_it_is))
    return found


def _strokes(points: bytes, lengths: str) -> list[np.ndarray]:
    pairs = np.frombuffer(points, "<f4").reshape(-1, 2)
    return np.split(pairs, np.cumsum(json.loads(lengths))[:-1])


def remove(token: str, drawing_id: str) -> bool:
    """Delete a drawing of one's own, wherever it is; whether there was one."""
    with transaction() as database:
        own = "DELETE FROM drawing WHERE id = ? AND writer = ?"
        return database.execute(own, [drawing_id, writer_of(token)]).rowcount > 0


def as_drawings(kept: Sequence[Kept]) -> drawings.Drawings:
    """N >= 1 drawings as they are trained on and downloaded: writers are numbered from 0 in the
    order in which they came, and nothing else is said of them."""
    numbers: dict[tuple[str, int], int] = {}
    writer = [numbers.setdefault((one.writer, one.hand), len(numbers)) for one in kept]
    labels = np.array([one.label for one in kept], np.uint8)
    return drawings.from_strokes([one.strokes for one in kept], labels, np.array(writer))


@contextlib.contextmanager
def transaction(*, writing: bool = True) -> Iterator[sqlite3.Connection]:
    """The collection's file, in one transaction: all of it happens, or nothing, since what is not
    committed when the file is closed is undone.

    Raises CollectionError, with the way out, if the file is no collection, or cannot be written.
    """
    path = config.collection_file()
    try:
        _keep_private(path)
        database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        with contextlib.closing(database):
            database.row_factory = sqlite3.Row
            if not database.execute("PRAGMA user_version").fetchone()[0]:
                database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT")
            database.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            yield database
            database.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise CollectionError(_explained(error)) from error


def _keep_private(path: Path) -> None:
    """Make the file and its folder where they are missing, and keep others from reading them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _MAKING:
        if not path.exists():
            path.touch(mode=0o600)
    for one in (path.parent, *path.parent.glob(f"{path.name}*")):
        with contextlib.suppress(OSError):  # another's, or a journal that is gone by now
            mode = one.stat().st_mode
            if mode & 0o077 and not mode & stat.S_ISVTX:  # no /tmp
                one.chmod(mode & 0o700)


def _explained(error: sqlite3.Error | OSError) -> str:
    path, said = config.collection_file(), str(error)
    if "malformed" in said or "not a database" in said:
        return f"{path} is damaged: move it away, and a new collection begins."
    if "locked" in said:
        return f"{path} is in use by another program: close that, or try again in a moment."
    if "full" in said:
        return f"The disk is full: free some space, so that {path} can grow."
    return (
        f"{path} cannot be used ({said}): make it and its folder writable, or name another folder "
        "with DIGIT_CLASSIFIER_HOME."
    )
