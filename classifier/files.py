"""Files that appear whole or not at all, and a full disk. Knows nothing of what is in them."""

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def lacks_space(error: BaseException) -> bool:
    """Whether an error says that the disk, or one's part of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


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
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
