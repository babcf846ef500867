"""MNIST: from a file, from Keras' cache, or by a download into that. Knows no other source."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path

from classifier import files
from classifier.config import IMAGE_SIZE, mnist_places
from classifier.data.dataset import Batch, Dataset, DataUnavailableError, Notify
from classifier.ink import archives
from classifier.ink.labelled import checked_images

# Keras' own copy of MNIST and its checksum: keras/src/datasets/mnist.py.
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CONNECT_SECONDS = 5.0  # without an answer for so long, the network counts as out of reach


def load(
    file: str | None = None,
    notify: Notify = lambda note, share: None,
    deadline: float | None = None,
    url: str = URL,
    sha256: str = SHA256,
) -> Dataset:
    """MNIST from `file`, else the file that MNIST_NPZ names, Keras' cache, or a download into it.

    deadline: seconds after which a download is given up; None: as long as data keeps coming.
    Raises DataUnavailableError, or ValueError or FileNotFoundError for an unusable file.
    """
    path, *others = mnist_places(file)
    if not others:  # none is named: it is Keras' cache
        if not path.exists():
            download(url, path, sha256, notify, deadline)
        elif files.digest(path) != sha256:
            raise DataUnavailableError(
                f"{path} is damaged (its checksum is wrong): delete it, and it is downloaded again."
            )
    return _ahead.pop(_stamp(path), None) or read(path)


_ahead: dict[object, Dataset] = {}  # what `read_ahead` has read and `load` has not yet given


def read_ahead(path: Path) -> None:
    """Read it now, for the next `load` of this file as it is. Raises as `read`, or OSError."""
    stamp = _stamp(path)
    _ahead[stamp] = read(path)


def _stamp(path: Path) -> object:
    """What changes when the file does; None if there is none."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def read(path: Path) -> Dataset:
    """MNIST from this file. Raises ValueError or FileNotFoundError for an unusable one."""
    arrays = archives.read_arrays(path)

    def part(name: str) -> Batch:
        images, labels = checked_images(arrays[f"x_{name}"], arrays[f"y_{name}"])
        if images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
            raise ValueError(f"images must be 28×28, not {images.shape[1:]}")
        if len(images) < 10:
            raise ValueError(f"x_{name} has {len(images)} images: at least 10 are needed")
        return images, labels

    try:
        missing = {"x_train", "y_train", "x_test", "y_test"} - set(arrays)
        if missing:
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
        return Dataset(*part("train"), *part("test"), "mnist", "MNIST")
    except ValueError as error:
        raise ValueError(f"{path} is not MNIST in Keras' layout: {error}.") from None


def download(
    url: str, path: Path, sha256: str, notify: Notify, deadline: float | None = None
) -> None:
    """Fetch a file, check it, and put it at `path` whole or not at all.

    Raises DataUnavailableError: no connection in CONNECT_SECONDS, cut off, wrong checksum, too
    slow for `deadline`, or no place to write.
    """
    begun = time.monotonic()
    way_out = "Name a copy with --mnist FILE.npz or MNIST_NPZ, or choose generated digits."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        notify("Downloading MNIST (11 MB)", 0.0)
        with (
            files.written(path) as file,
            urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer,
        ):
            size = int(answer.headers.get("Content-Length") or 0)
            done, told, digest = 0, 0.0, hashlib.sha256()
            # read1 gives what has come, so that a trickle does not outlast the deadline.
            while (not size or done < size) and (piece := answer.read1(1 << 16)):
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                now = time.monotonic()
                if deadline is not None and now - begun > deadline:
                    raise TimeoutError(f"it would take longer than {deadline:.0f} seconds")
                if size and now - told > 0.2:
                    told = now
                    notify("Downloading MNIST (11 MB)", done / size)
            if size and done < size:
                raise OSError(f"cut off after {done:,} of {size:,} bytes")
            if digest.hexdigest() != sha256:
                raise OSError("what came is not MNIST (its checksum is wrong)")
    # URLError and time-outs are OSErrors; a portal that answers nonsense makes an HTTPException.
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise DataUnavailableError(
            f"MNIST could not be downloaded ({reason}). {way_out}"
        ) from error
