"""The folder of saved models: a model appears in it whole, and leaves it at once.

Where a database is named the folder has copies of the database's models (see `mirror`). It is then
another one than that of the models which were saved without a database, so that these stay.
Knows nothing of what is in a model's files.
"""

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import filelock

from classifier import config, files
from classifier.database import interface

_COPIES = "models-of-database"
_SAVING = ".saving-"  # how the name of a folder begins into which a model is being saved
_LOCK = ".lock"  # ends the name of a lock beside it, which the system releases when who saves ends
_BEGINNING = 10.0  # seconds in which the lock is taken


class NameTakenError(ValueError):
    """A model of that name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a model named {name!r} already: choose another name.")


class StoreError(OSError):
    """The store cannot be written; the message names the folder, or the database, and the way
    out."""


def models() -> Path:
    """The folder of the models that were saved here."""
    return config.home() / _COPIES if interface.url() else config.models_folder()


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        if files.lacks_space(error):
            why = "the disk is full: free some space"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            why = f"it is not a folder that can be written ({error.strerror}): change its rights"
        else:
            why = error.strerror or str(error)
        raise StoreError(
            f"Models cannot be saved in {folder}: {why}, or name another folder with "
            "DIGIT_CLASSIFIER_HOME."
        ) from error


def check_writable() -> None:
    """Raise StoreError, saying why, if no model could be saved now."""
    with explained(models()):
        models().mkdir(parents=True, exist_ok=True)
        sweep()
        with tempfile.NamedTemporaryFile(dir=models(), prefix=".try-") as file:
            file.write(b"x")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder to be filled; when the block ends it is gone, unless it was placed. Raises
    StoreError."""
    folder = models()
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Folders whose name begins with a dot are never listed.
        made = Path(tempfile.mkdtemp(dir=folder, prefix=_SAVING))
    lock = filelock.FileLock(made.with_suffix(_LOCK))
    try:
        with explained(folder), lock:
            made.chmod(0o755)
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        Path(lock.lock_file).unlink(missing_ok=True)


def place(made: Path, name: str, *, durable: bool = True) -> None:
    """Give a folder of `scratch` its name. Raises NameTakenError or OSError.

    durable: wait until the disk has its files, so that they outlast a loss of power
    """
    for file in made.iterdir() if durable else ():
        with open(file, "rb") as handle:
            os.fsync(handle.fileno())
    folder = made.with_name(name)
    if folder.exists():  # an empty folder would be replaced without a word
        raise NameTakenError(name)
    try:
        os.rename(made, folder)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # since a moment ago
            raise NameTakenError(name) from None
        raise
    if durable:
        files.make_lasting(folder.parent)


def remove(folder: Path) -> None:
    """Take a model's folder away. Raises OSError."""
    # A fresh folder each time: another may be left of a deletion that was interrupted.
    doomed = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".deleted-"))
    os.rename(folder, doomed / folder.name)
    shutil.rmtree(doomed, ignore_errors=True)


def sweep() -> None:
    """Remove what saves, changes and deletions have left that were cut off."""
    folder = models()
    with contextlib.suppress(OSError):  # no folder yet; the next sweep may succeed
        for left in (*folder.glob(".*"), *folder.glob("*/.*.part")):
            if left.exists() and not _in_use(left):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
                if left.name.startswith(_SAVING):
                    left.with_suffix(_LOCK).unlink(missing_ok=True)


def _in_use(left: Path) -> bool:
    """Whether whoever made this may still be at it."""
    if time.time() - left.lstat().st_mtime < _BEGINNING:
        return True
    if not left.name.startswith(_SAVING):
        return False
    try:
        with filelock.FileLock(left.with_suffix(_LOCK), timeout=0):
            return False
    except filelock.Timeout:
        return True
