"""`.npz` files, whoever made them, to arrays.

What a file says of its sizes is checked before any of it is unpacked, and nothing is unpickled.
Knows nothing of what the arrays mean.
"""

import contextlib
import io
import math
import os
import re
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

# Bytes of a stranger's arrays: 2,000 drawings, as many as are kept, of 1,000 points each, at 16
# bytes a point. A digit has 100 points. Checking them takes a few times as much for a moment.
MAX_BYTES = 32_000_000
_MOST_ARRAYS = 16  # of a stranger's; a file of drawings has five
_MOST_LISTED = 8_192  # bytes in which a stranger's archive may list them
_TAIL = 70_000  # bytes from the end of an archive in which it says where its list is
_PICKLES = "pickled objects, which are never loaded"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def check_exists(path: str | Path) -> None:
    """Raise FileNotFoundError, naming the file, if there is none."""
    if not os.path.exists(path):  # unlike Path.exists, it answers for names of any kind
        raise FileNotFoundError(f"There is no file {path}.")


def read_arrays(source: str | Path | bytes, name: str | None = None) -> dict[str, np.ndarray]:
    """Every array of an `.npz` file, never unpickling.

    source: its path, or its content, which is taken for a stranger's: more than MAX_BYTES of arrays
    are refused before they are unpacked; name: what messages call it.
    Raises FileNotFoundError, or ValueError that names the file and what is wrong with it.
    """
    name = name or ("the file" if isinstance(source, bytes) else str(source))
    if not isinstance(source, bytes):
        check_exists(source)
    try:
        if isinstance(source, bytes):
            _check_list(source)
            return _arrays(io.BytesIO(source), MAX_BYTES)
        with open(source, "rb") as file:
            return _arrays(file, None)
    # A damaged archive makes zipfile, zlib and NumPy raise whatever they stumble over.
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"{name} is not a readable .npz file ({reason}). Make it again with numpy.savez."
        ) from error


def _check_list(content: bytes) -> None:
    """Refuse a long list of what is in an archive: `zipfile` makes an object of each at once."""
    tail = content[-_TAIL:]
    ends = [found.start() for found in re.finditer(b"(?=PK\5\6)", tail)]
    listed = max((int.from_bytes(tail[end + 12 : end + 16], "little") for end in ends), default=0)
    if listed > _MOST_LISTED or b"PK\6\7" in tail:  # which overrules the other one
        raise ValueError(f"it has more than {_MOST_ARRAYS} parts")


def _arrays(file: IO[bytes], most: int | None) -> dict[str, np.ndarray]:
    """The arrays of an archive, of so many bytes at most. Raises anything."""
    begins = file.read(len(npy.MAGIC_PREFIX))
    if begins == npy.MAGIC_PREFIX:
        raise ValueError("it is a single array")
    if begins[:2] != b"PK":
        raise ValueError(f"it is something else, or {_PICKLES}")
    with zipfile.ZipFile(file) as archive:
        parts = {part.filename.removesuffix(".npy"): part for part in archive.infolist()}
        size = sum(part.file_size for part in parts.values())
        if len(parts) < len(archive.infolist()):
            raise ValueError("it has two parts of one name")
        if most is not None and len(parts) > _MOST_ARRAYS:
            raise ValueError(f"it has more than {_MOST_ARRAYS} parts")
        if most is not None and size > most:
            raise ValueError(f"it would unpack to {size / 1e6:,.0f} MB")
        for name, part in parts.items():
            _check(archive, name, part)
        arrays = {}
        for name, part in parts.items():
            with archive.open(part) as one:
                arrays[name] = npy.read_array(one, allow_pickle=False)
        return arrays


def _check(archive: zipfile.ZipFile, name: str, part: zipfile.ZipInfo) -> None:
    """Refuse what is no array, or not of the size that its header says. Raises anything."""
    # The others unpack as much as they like at once.
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name[:80]} in it is compressed as NumPy never does")
    with archive.open(part) as one:
        version = None
        with contextlib.suppress(ValueError):
            version = npy.read_magic(one)
        if version not in _HEADERS:
            raise ValueError(f"{name[:80]} in it is no array")
        shape, _, dtype = _HEADERS[version](one)
        if dtype.hasobject:
            raise ValueError(f"it holds {_PICKLES}")
        if math.prod(shape) * dtype.itemsize != part.file_size - one.tell():
            raise ValueError(f"{name[:80]} in it is not as large as it says")
