"""Picture files to arrays, with every kind of bad file answered in a sentence.

They are decoded in a process of its own (`decoding`), whose memory and time are bounded: a small
file can ask for much of both. Knows nothing of digits.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from classifier.ink import decoding
from classifier.ink.decoding import RefusedError
from classifier.turns import BusyError, Turns

MAX_BYTES = 50_000_000  # of a file; with 40 megapixels of colour it fits `decoding.MEMORY`
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff", ".pgm",
    ".ppm",
)  # fmt: skip
_TOLD = (".heic", ".heif", ".hif")  # photos that are not read, and told rather than passed over
# Seconds for a picture: where its time on the processor is bounded, only a busy one takes so long.
_PATIENCE = 12.0 if hasattr(signal, "setitimer") else 4.0
_TURN = 15.0  # seconds that a picture waits for another of the same visitor, then for those of all


class UnreadablePictureError(ValueError):
    """The file is no picture that can be read; the message names it and says what to do."""


@dataclass(frozen=True)
class Picture:
    """A picture file, upright.

    pixels: (H, W) uint8 or uint16 grey, (H, W, 3) RGB or (H, W, 4) RGBA uint8. Longer sides of
        2,560 pixels and more are reduced, to no less than half of that
    width, height: pixels, before that
    """

    pixels: np.ndarray
    width: int
    height: int


def read_picture(
    source: str | Path | bytes, name: str | None = None, whose: str | None = None
) -> np.ndarray:
    """The pixels of a picture file; see `read`."""
    return read(source, name, whose).pixels


def read(source: str | Path | bytes, name: str | None = None, whose: str | None = None) -> Picture:
    """Decode a picture file; of an animation, the first frame.

    source: a path, or the file's bytes; name: what messages call it; whose: as for `Decoder.ask`
    Raises UnreadablePictureError for files that are missing, empty, truncated, not pictures, of
    more than 40 megapixels or MAX_BYTES, which are refused before they are decoded, or that take
    too much memory or time to decode.
    """
    name = name or (str(source) if not isinstance(source, bytes) else "the picture")
    try:
        data = source if isinstance(source, bytes) else _content(Path(source))
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        raise _unreadable(name, error) from error
    if not data:
        raise UnreadablePictureError(f"{name} is empty: choose another file.")
    if len(data) > MAX_BYTES:
        raise UnreadablePictureError(
            f"{name} has more than {MAX_BYTES // 1_000_000} MB: make it smaller first."
        )
    try:
        decoded = _decoder.ask(data, whose)
    except OSError as error:
        raise _unreadable(name, error) from error
    except RefusedError as error:
        raise UnreadablePictureError(f"{name} {error}") from error
    return Picture(_pixels(decoded), *decoded.whole)


def _pixels(decoded: "Decoded") -> np.ndarray:
    shape, pixels = decoded.shape, decoded.pixels
    if decoded.mode == "I":
        return np.frombuffer(pixels, np.int32).reshape(shape).clip(0, 65535).astype(np.uint16)
    if decoded.mode == "F":
        values = np.nan_to_num(np.frombuffer(pixels, np.float32).reshape(shape)).astype(float)
        low, high = values.min(), values.max()
        return np.asarray((values - low) / max(high - low, 1e-9) * 65535, np.uint16)
    channels = [] if decoded.mode == "L" else [len(decoded.mode)]
    return np.frombuffer(pixels, np.uint8).reshape(*shape, *channels)


def _content(path: Path) -> bytes:
    """A file's content, but for what is beyond MAX_BYTES + 1."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _unreadable(name: object, error: OSError | ValueError) -> UnreadablePictureError:
    return UnreadablePictureError(
        f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."
    )


def pictures_in(path: str | Path) -> list[Path]:
    """`path` itself if it is no folder, else the picture files in it, sorted by name, also those of
    a phone that no decoder here reads. Raises UnreadablePictureError for a folder that cannot be
    listed."""
    path = Path(path)
    # Of `os.path`, since these raise nothing, whatever the name and the permissions.
    if not os.path.isdir(path):
        return [path]
    try:
        files = sorted(path.iterdir())
    except OSError as error:
        raise _unreadable(path, error) from error
    return [
        file
        for file in files
        if file.suffix.lower() in (*SUFFIXES, *_TOLD) and os.path.isfile(file)
    ]


class Decoded(NamedTuple):
    """What `decoding.decode` makes of a picture file: its mode, height and width, pixels, and the
    width and height that it has in its file."""

    mode: str
    shape: tuple[int, int]
    pixels: bytes
    whole: tuple[int, int]


class Decoder:
    """The process that decodes: started for the first picture, kept for the next ones, replaced
    when it has died or had to be ended. For several threads at once, in the order of asking."""

    def __init__(self) -> None:
        self._turns = Turns()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, data: bytes, whose: str | None = None) -> Decoded:
        """What `decoding.decode` makes of a picture file.

        whose: the visitor's digest, who gets in line with one picture at a time; None: nobody's
        Raises RefusedError, or OSError if no process can be started.
        """
        with self._turn(whose):
            process = self._started()
            patience = threading.Timer(_PATIENCE, process.kill)
            patience.start()
            try:
                mode, decoded = _exchange(process, data)
            except (OSError, EOFError) as error:
                self.end()
                raise RefusedError(decoding.TOO_MUCH) from error
            finally:
                patience.cancel()
        if mode == decoding.REFUSED:
            raise RefusedError(decoded.pixels.decode("utf-8", "replace"))
        return decoded

    @contextlib.contextmanager
    def _turn(self, whose: str | None) -> Iterator[None]:
        """As `Turns.turn`, but raises RefusedError."""
        try:
            with self._turns.turn(whose, _TURN, _TURN):
                yield
        except BusyError as error:
            raise RefusedError(f"{error}: choose it again in a moment.") from None

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        atexit.unregister(self.end)
        atexit.register(self.end)
        self._process = subprocess.Popen(
            [sys.executable, "-P", decoding.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def end(self) -> None:
        """End the process, if there is one; the next picture starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what it was sent last cannot be flushed
                _open(pipe).close()
        process.wait()


def _exchange(process: "subprocess.Popen[bytes]", data: bytes) -> tuple[bytes, Decoded]:
    """Send a file, and get the answer: mode or REFUSED, and what follows. Raises OSError or
    EOFError if the process ends."""
    source, sink = _open(process.stdout), _open(process.stdin)
    sink.write(decoding.LENGTH.pack(len(data)))
    sink.write(data)
    sink.flush()
    head = source.read(decoding.HEADER.size)
    if len(head) < decoding.HEADER.size:
        raise EOFError
    mode, width, height, whole_width, whole_height, size = decoding.HEADER.unpack(head)
    body = source.read(min(size, decoding.MOST_BYTES))
    mode = mode.rstrip(b"\0")
    if mode != decoding.REFUSED and len(body) != width * height * decoding.PIXEL.get(mode, 0):
        raise EOFError
    name = mode.decode("ascii", "replace")
    return mode, Decoded(name, (height, width), body, (whole_width, whole_height))


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


_decoder = Decoder()
