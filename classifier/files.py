"""Files that appear whole or not at all, or are read, if they are files; and a full disk. Knows
nothing of what is in them."""

import contextlib
import errno
import hashlib
import os
import stat
import uuid
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO


def lacks_space(error: BaseException) -> bool:
    """Whether an error says that the disk, or one's part of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def check_free(path: Path) -> None:
    """Raise ValueError unless a file can be made there anew: it is taken, or its folder is none."""
    if path.exists():
        raise ValueError(f"{path} exists already: name another file.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"There is no folder {path.parent}.")


@contextlib.contextmanager
def written(path: Path, *, mode: int = 0o666, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` when the block ends. If the block or
    the disk fails, `path` stays as it was and nothing is left beside it. Raises OSError.

    mode: its permissions, less those that the process's umask takes from new files
    durable: wait until the disk has it, 10 to 300 ms, so that it outlasts a loss of power
    """
    scratch = path.parent / f".{uuid.uuid4().hex}.part"
    try:
        with open(scratch, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(scratch, path)
        if durable:
            make_lasting(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise


def opened(path: Path) -> BufferedReader:
    """A file, opened to be read. Raises OSError, also for what is no regular file: a pipe would be
    waited for, and a device may have no end."""
    return open(path, "rb", opener=_regular)


def _regular(path: str, flags: int) -> int:
    # A pipe that is opened waits for whoever writes into it, but for this; Windows has none.
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no regular file", path)
    return handle


def content(path: Path, most: int = -1) -> bytes:
    """What is in a file, or so many bytes of it; -1: all. Raises as `opened`."""
    with opened(path) as file:
        return file.read(most)


def digest(path: Path) -> str:
    """SHA-256 of a file, as hex. Raises as `opened`."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_in(folder: Path) -> int:
    """Bytes of all files in a folder, and in those within it; 0 if there is none."""
    found = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # it has just gone
                found += os.lstat(os.path.join(parent, name)).st_size
    return found


def make_lasting(folder: Path) -> None:
    """Wait until the disk has which files a folder holds: names outlast a loss of power then."""
    with contextlib.suppress(OSError):  # Windows opens no folder, and needs it not
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
