"""Images and labels to learn from: MNIST, generated digits, and files of drawings.

Knows nothing of networks. Everything here is uint8, ink high, in the MNIST convention.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from classifier import drawings, handwriting, preprocess
from classifier.config import CANVAS, CANVAS_PEN, IMAGE_SIZE, TrainConfig

# Keras' own copy of MNIST and its checksum: keras/src/datasets/mnist.py.
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

CONNECT_SECONDS = 5.0  # without an answer for so long, the network counts as out of reach
AUTO_SECONDS = 15.0  # `auto` gives a download up after this long
GENERATED_TRAIN = 20_000
GENERATED_TEST = 4_000
VALIDATION_SHARE = 1 / 12  # of the training images: 5,000 of MNIST's 60,000
_PENS = (1.5, 5.0)  # pixels of 28: widths of the pens that write generated digits
_TEST_SEED = 2**31  # beyond the seeds that a config takes, so no run trains on the test digits

Notify = Callable[[str, float | None], None]  # a sentence, and the share done or None


@dataclass(frozen=True)
class Dataset:
    """Images (N, 28, 28) uint8, 0–255, ink is high, with labels (N,) uint8, 0–9.

    source: "mnist" or "generated"; description: in words, for the reader.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    description: str

    def fingerprint(self) -> str:
        """SHA-256 over all images and labels, as hex."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()


class DataUnavailableError(RuntimeError):
    """The data cannot be had; the message says why and what to do."""


def load(config: TrainConfig, notify: Notify = lambda note, share: None) -> Dataset:
    """The data that `config` names, cut to `train_size`, with its drawings mixed in.

    Raises DataUnavailableError, FileNotFoundError, or ValueError for unusable files and sizes.
    """
    dataset = _load_source(config, notify)
    rng = np.random.default_rng(config.seed)
    available = len(dataset.train_labels)
    if config.train_size is not None:
        if config.train_size > available:
            raise ValueError(
                f"train_size is {config.train_size}, but {dataset.description} has "
                f"{available} training images: ask for at most that many."
            )
        chosen = rng.permutation(available)[: config.train_size]
        dataset = dataclasses.replace(
            dataset,
            train_images=dataset.train_images[chosen],
            train_labels=dataset.train_labels[chosen],
            description=f"{config.train_size:,} images of {dataset.description}",
        )
    if config.drawings is not None:
        drawn = drawings.load(config.drawings)
        images, readable = to_network_inputs(drawn)
        dataset = dataclasses.replace(
            dataset,
            train_images=np.concatenate([dataset.train_images, images[readable]]),
            train_labels=np.concatenate([dataset.train_labels, drawn.labels[readable]]),
            description=f"{dataset.description}, and {readable.sum():,} drawings of "
            f"{Path(config.drawings).name}",
        )
    return dataset


def _load_source(config: TrainConfig, notify: Notify) -> Dataset:
    if config.data == "generated":
        return generated(config.train_size or GENERATED_TRAIN, config.seed)
    deadline = AUTO_SECONDS if config.data == "auto" and config.mnist is None else None
    try:
        return mnist(config.mnist, notify, deadline)
    except DataUnavailableError as error:
        if config.data != "auto":
            raise
        notify(f"{error} Training on generated digits instead.", None)
        return generated(min(config.train_size or GENERATED_TRAIN, 60_000), config.seed)


def mnist(
    file: str | None = None,
    notify: Notify = lambda note, share: None,
    deadline: float | None = None,
    url: str = MNIST_URL,
    sha256: str = MNIST_SHA256,
) -> Dataset:
    """MNIST from `file`, else the file that MNIST_NPZ names, Keras' cache, or a download into it.

    deadline: seconds after which a download is given up; None: as long as data keeps coming.
    Raises DataUnavailableError, or ValueError or FileNotFoundError for an unusable file.
    """
    named = file or os.environ.get("MNIST_NPZ")
    if named:
        return _mnist_from(Path(named))
    cached = keras_home() / "datasets" / "mnist.npz"
    if not cached.exists():
        download(url, cached, sha256, notify, deadline)
    elif _sha256(cached) != sha256:
        raise DataUnavailableError(
            f"{cached} is damaged (its checksum is wrong): delete it, and it is downloaded again."
        )
    return _mnist_from(cached)


def keras_home() -> Path:
    """Folder where Keras keeps data sets; `KERAS_HOME` names another."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _mnist_from(path: Path) -> Dataset:
    arrays = drawings.read_arrays(path)
    try:
        missing = {"x_train", "y_train", "x_test", "y_test"} - set(arrays)
        if missing:
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
        parts = {}
        for part in ("train", "test"):
            images, labels = drawings.checked_images(arrays[f"x_{part}"], arrays[f"y_{part}"])
            if images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
                raise ValueError(f"images must be 28×28, not {images.shape[1:]}")
            if len(images) < 10:
                raise ValueError(f"x_{part} has {len(images)} images: at least 10 are needed")
            parts |= {f"{part}_images": images, f"{part}_labels": labels}
    except ValueError as error:
        raise ValueError(f"{path} is not MNIST in Keras' layout: {error}.") from None
    return Dataset(**parts, source="mnist", description="MNIST")


def download(
    url: str, path: Path, sha256: str, notify: Notify, deadline: float | None = None
) -> None:
    """Fetch a file, check it, and put it at `path` whole or not at all.

    Raises DataUnavailableError: no connection in CONNECT_SECONDS, cut off, wrong checksum, too
    slow for `deadline`, or no place to write.
    """
    begun = time.monotonic()
    scratch = None
    way_out = "Name a copy with --mnist FILE.npz or MNIST_NPZ, or choose generated digits."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        notify("Downloading MNIST (11 MB)", 0.0)
        handle, scratch = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer,
        ):
            size = int(answer.headers.get("Content-Length") or 0)
            done, told = 0, 0.0
            # read1 gives what has come, so that a trickle does not outlast the deadline.
            while (not size or done < size) and (piece := answer.read1(1 << 16)):
                file.write(piece)
                done += len(piece)
                now = time.monotonic()
                if deadline is not None and now - begun > deadline:
                    raise TimeoutError(f"it would take longer than {deadline:.0f} seconds")
                if size and now - told > 0.2:
                    told = now
                    notify("Downloading MNIST (11 MB)", done / size)
        if size and done < size:
            raise OSError(f"cut off after {done:,} of {size:,} bytes")
        if _sha256(Path(scratch)) != sha256:
            raise OSError("what came is not MNIST (its checksum is wrong)")
        os.replace(scratch, path)
    # URLError and time-outs are OSErrors; a portal that answers nonsense makes an HTTPException.
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise DataUnavailableError(
            f"MNIST could not be downloaded ({reason}). {way_out}"
        ) from error
    finally:
        if scratch:
            Path(scratch).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def generated(train: int = GENERATED_TRAIN, seed: int = 0) -> Dataset:
    """Digits that nobody drew: `train` for training and 4,000 others, always the same, to test."""
    if train > 60_000:
        raise ValueError(f"train_size is {train}: at most 60,000 digits are generated.")
    train_images, train_labels = _generate(train, seed)
    return Dataset(train_images, train_labels, *generated_test(), "generated", "generated digits")


def generated_test() -> tuple[np.ndarray, np.ndarray]:
    """The generated digits, images and labels, that every model is tested on and none trains on."""
    return _generate(GENERATED_TEST, _TEST_SEED)


def _generate(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    drawn = handwriting.generate(count, seed)
    pens = np.random.default_rng(seed).uniform(*_PENS, count)
    return preprocess.render_drawings(drawn, pens), drawn.labels


def to_network_inputs(
    drawn: drawings.Drawings | drawings.Images,
) -> tuple[np.ndarray, np.ndarray]:
    """Network inputs (N, 28, 28) uint8 of drawings, and a mask (N,): which ones can be one digit.

    Where there is nothing to read the input is empty.
    """
    if isinstance(drawn, drawings.Images):
        results = [preprocess.prepare(picture) for picture in drawn.pixels]
    else:
        results = [preprocess.prepare_strokes(*fit_canvas(strokes)) for strokes in drawn]
    empty = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    inputs = [empty if r.network_input is None else r.network_input for r in results]
    readable = [r.verdict is preprocess.Verdict.READABLE for r in results]
    return np.array(inputs), np.array(readable)


def fit_canvas(strokes: list[np.ndarray]) -> tuple[list[np.ndarray], int, float]:
    """Strokes in any unit moved and scaled to fill a canvas, with its size and pen, in pixels."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    scale = (CANVAS - 2 * CANVAS_PEN) / extent
    return [(stroke - low) * scale + CANVAS_PEN for stroke in strokes], CANVAS, CANVAS_PEN


def split_validation(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of `count` training images to train on, and of those kept back for validation."""
    order = np.random.default_rng(seed).permutation(count)
    kept = max(1, round(count * VALIDATION_SHARE))
    return order[kept:], order[:kept]


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image (N, 28, 28) uint8 a little turned, stretched, slanted and shifted, at random."""
    count = len(images)
    angle = rng.normal(0, np.radians(6), count)
    zoom = rng.normal(1, 0.06, (count, 2))
    slant = rng.normal(0, 0.1, count)
    shift = rng.normal(0, 0.7, (count, 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1)
    shape = np.zeros((count, 2, 2))
    shape[:, 0, 0], shape[:, 1, 1], shape[:, 0, 1] = zoom[:, 0], zoom[:, 1], slant
    matrices = turn @ shape
    middle = np.full(2, (IMAGE_SIZE - 1) / 2)
    offsets = middle + shift - matrices @ middle
    maps = np.concatenate([matrices, offsets[..., None]], axis=2)
    changed = np.empty_like(images)
    for image, affine, out in zip(images, maps, changed, strict=True):
        cv2.warpAffine(image, affine, (IMAGE_SIZE, IMAGE_SIZE), dst=out)
    return changed
