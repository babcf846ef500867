"""Saved models in the database, where one is named: the folder of models is a copy of them.

A model is saved, renamed and deleted in the database first, in one transaction, so that a name is
given once, whichever page server gives it. Then, as whenever models are looked for, the folder is
made as the database is. What was cut off between the two is mended by the next look. While the
database is away the folder stays as it was.
"""

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import filelock

from classifier import files, limits, names
from classifier.database import interface
from classifier.database.interface import CollectionError, Transaction
from classifier.limits import LimitError
from classifier.serving import folders
from classifier.serving.folders import NameTakenError, StoreError
from classifier.serving.meta import FILES, LONGEST, ModelMeta
from classifier.serving.saved import digest

LOOK_EVERY = 1.0  # seconds; the look takes less than a millisecond of the database's time
_AWAY = 5.0  # seconds after which it is asked again where it did not answer
# Seconds for which a model that was trained is tried to be saved, or the folder waited for.
_PATIENCE = 30.0
_TRY_EVERY = 0.5
_META = "meta.json"
_COLUMNS = {_META: "meta"} | dict(zip(FILES, ("keras", "tflite"), strict=True))
# Bytes of a network's file: the largest that a run can make has 13,100,000.
_LARGEST = {_META: LONGEST} | dict.fromkeys(FILES, 16_000_000)
_MOST = 5_000  # models


@dataclass
class _Mirror:
    """A folder, and what is known of how it stands to a database. Threads share it."""

    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)  # of the one who looks
    mark: str | None = None  # the database's, when the folder was made as it is; None: never
    looked: float = -math.inf  # when that was tried last, by the monotonic clock
    away: str = ""  # why it was in vain
    taken: frozenset[str] = frozenset()  # names of all its models
    damaged: list[str] = field(default_factory=list)  # a sentence for each model that is

    def refresh(self, within: float) -> None:
        """See `refresh`."""
        if self._age() < (_AWAY if self.away and within else within):
            return
        if self.away and within:  # a page need not wait for it again
            self.looked = time.monotonic()
            threading.Thread(target=self._look, args=[0.0, False], daemon=True).start()
        else:
            self._look(within, within < LOOK_EVERY or self.mark is None)

    def _age(self) -> float:
        return time.monotonic() - self.looked

    def _look(self, within: float, wait: bool) -> None:
        """Look unless somebody else does, or after that one; not if the folder is as it should by
        then."""
        if not self.lock.acquire(blocking=wait):
            return
        try:
            if within and self._age() < within:
                return
            with _transaction(writing=False) as database:
                mark = _mark(database)
            if mark != self.mark:
                self._apply()
            self.away = ""
        except (CollectionError, OSError) as error:
            self.away = str(error)
        finally:
            self.looked = time.monotonic()
            self.lock.release()

    def _apply(self) -> None:
        """Make the folder as the database is. Raises CollectionError or StoreError."""
        with folders.explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            # Other processes use the folder, too: none undoes what another has just done.
            lock = filelock.FileLock(f"{self.folder}.lock", timeout=_PATIENCE)
            with lock, _transaction(writing=False) as database:
                mark = _mark(database)
                sizes = ", ".join(f"octet_length({_COLUMNS[file]})" for file in FILES)
                asked = f"SELECT name, digest, {sizes} FROM model ORDER BY name LIMIT ?"
                wanted = {row[0]: row[1:] for row in database.execute(asked, [_MOST])}
                here = {
                    folder.name: _state(folder)
                    for folder in self.folder.iterdir()
                    if not folder.name.startswith(".")
                }
                self.taken, self.damaged = frozenset(wanted), []
                # What is new comes first, so that a renamed model is never missing.
                for name in sorted(wanted, key=lambda one: one in here):
                    if here.get(name) != wanted[name]:
                        self._bring(database, name, name in here)
                for name in here.keys() - wanted.keys():
                    folders.remove(self.folder / name)
        self.mark = mark

    def _bring(self, database: Transaction, name: str, is_here: bool) -> None:
        try:
            contents = _read(database, name)
        except ValueError as error:
            self.damaged.append(
                f"The model {name!r:.80} in the database is damaged: {error}. It is skipped."
            )
            contents = {}
        if is_here:
            folders.remove(self.folder / name)
        if contents:
            with folders.scratch() as made:
                for file, content in contents.items():
                    (made / file).write_bytes(content)
                folders.place(made, name, durable=False)  # it is in the database


def refresh(within: float = LOOK_EVERY) -> bool:
    """Where a database is named, make the folder of models as it is, unless that was done within so
    many seconds. Whether one is named."""
    if not interface.url():
        return False
    _of(interface.url(), folders.models()).refresh(within)
    return True


def taken() -> frozenset[str]:
    """The names of the database's models at the last look, also of those that are damaged."""
    return _of(interface.url(), folders.models()).taken if interface.url() else frozenset()


def problems() -> list[str]:
    """A sentence for each model of the database that cannot be used, and for what was in the way of
    the last look."""
    if not interface.url():
        return []
    here = _of(interface.url(), folders.models())
    return [*filter(None, [here.away]), *here.damaged]


def check_room() -> None:
    """Where a database is named, raise StoreError if it cannot be written, or LimitError if it has
    all that may be stored."""
    if interface.url():
        with _explained(), _transaction(writing=True) as database:
            database.execute("UPDATE stored SET bytes = bytes")
            most = limits.current().stored_megabytes
            if database.stored_bytes() > 1e6 * most:
                raise LimitError(
                    f"All that may be stored here is taken, {most:,} MB: delete models first, or "
                    "ask who runs this page."
                )


def add(name: str, contents: Mapping[str, bytes]) -> None:
    """Save a model, by the contents of its files, in the database and then in the folder. A
    database that is away is waited for. Raises NameTakenError, StoreError, or ValueError if a file
    is too large."""
    for file, content in contents.items():
        _check_size(file, len(content))
    columns = ["name", *(_COLUMNS[file] for file in contents)]
    asked = "SELECT digest FROM model WHERE name = ?"
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with _explained(), _transaction(writing=True) as database:
                known = database.execute(asked, [name]).fetchone()
                if known is None:
                    database.add("model", columns, [(name, *contents.values())])
                elif known[0] != digest(contents[_META]):  # it may have been stored unconfirmed
                    raise NameTakenError(name)
            break
        except StoreError:
            if time.monotonic() > end:
                raise
            time.sleep(_TRY_EVERY)
    refresh(0)


def rename(name: str, meta: ModelMeta, new: str, described: bytes) -> None:
    """Give the model of this name, which tells this of itself, another name and meta.json, in the
    database and then in the folder. Raises NameTakenError, StoreError, or KeyError if the database
    has it no more."""
    with _explained(), _transaction(writing=True) as database:
        if database.execute("SELECT 1 FROM model WHERE name = ?", [new]).fetchone():
            raise NameTakenError(new)
        _check_there(database, name, meta)
        database.execute(
            "UPDATE model SET name = ?, meta = ? WHERE name = ?", [new, described, name]
        )
    refresh(0)


def delete(name: str, meta: ModelMeta) -> None:
    """Delete the model of this name, which tells this of itself, from the database and then from
    the folder. Raises StoreError, or KeyError if the database has it no more."""
    with _explained(), _transaction(writing=True) as database:
        _check_there(database, name, meta)
        database.execute("DELETE FROM model WHERE name = ?", [name])
    refresh(0)


def _check_there(database: Transaction, name: str, meta: ModelMeta) -> None:
    """Raise KeyError if it is not: another may have its name by now, whose owner is another."""
    found = database.execute("SELECT meta FROM model WHERE name = ?", [name]).fetchone()
    try:
        if found is not None and ModelMeta.read(bytes(found[0])) == meta:
            return
    except ValueError:
        pass
    raise KeyError(name)


@cache
def _of(url: str, folder: Path) -> _Mirror:
    """The same for all threads."""
    return _Mirror(folder)


@contextlib.contextmanager
def _transaction(*, writing: bool) -> Iterator[Transaction]:
    from classifier.database.transactions import transaction  # 20 ms, which few commands need

    with transaction(writing=writing) as database:
        yield database


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except CollectionError as error:
        raise StoreError(f"Models cannot be saved: {error}") from error


def _mark(database: Transaction) -> str:
    """What differs after each change of the models."""
    return str((database.execute("SELECT mark FROM models").fetchone() or [""])[0])


def _read(database: Transaction, name: str) -> dict[str, bytes]:
    """A model's files. Raises ValueError if they are not such as were saved."""
    names.check_name(name)
    lengths = ", ".join(f"octet_length({column})" for column in _COLUMNS.values())
    found = database.execute(f"SELECT {lengths} FROM model WHERE name = ?", [name]).fetchone()
    for file, length in zip(_COLUMNS, found, strict=True):
        _check_size(file, length)
    asked = f"SELECT {', '.join(_COLUMNS.values())} FROM model WHERE name = ?"
    found = database.execute(asked, [name]).fetchone()
    contents = dict(zip(_COLUMNS, map(bytes, found), strict=True))
    meta = ModelMeta.read(contents[_META])
    for file in FILES:
        if digest(contents[file]) != meta.files[file]:
            raise ValueError(f"{file} is not as it was saved")
    return contents


def _check_size(file: str, length: int) -> None:
    if length > _LARGEST[file]:
        raise ValueError(
            f"{file} has {length / 1e6:.1f} MB, and the database takes {_LARGEST[file] / 1e6:.0f}"
        )


def _state(folder: Path) -> tuple[object, ...]:
    """What tells a whole copy: the digest of its meta.json, and how many bytes the networks have.
    Whoever reads a network looks at its digest, too."""
    with contextlib.suppress(OSError):
        described = digest(files.content(folder / _META, LONGEST + 1))
        return (described, *((folder / file).stat().st_size for file in FILES))
    return ()
