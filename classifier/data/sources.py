"""Images and labels to learn from: MNIST, generated digits, and files of drawings.

A data set has images of its own, and may have digits mixed in that are drawn anew in every epoch.
Knows nothing of networks. Everything here is uint8, ink high, in the MNIST convention.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import itertools
import os
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from classifier.config import IMAGE_SIZE, KINDS, TrainConfig
from classifier.ink import drawings, preparing, rendering
from classifier.synthetic import augmentation, doodles, handwriting

# Keras' own copy of MNIST and its checksum: keras/src/datasets/mnist.py.
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

CONNECT_SECONDS = 5.0  # without an answer for so long, the network counts as out of reach
AUTO_SECONDS = 15.0  # `auto` gives a download up after this long
GENERATED_TRAIN = 20_000
GENERATED_TEST = 4_000
GENERATED_MOST = 60_000
VALIDATION_SHARE = 1 / 12  # of the training images: 5,000 of MNIST's 60,000
FOLDS = 5  # in which drawings are held out, one after the other
_LEAST_WRITERS = 3  # from here on folds go by who drew
_PENS = 20  # for a drawing in an epoch, at most: each takes 0.1 ms, and more teach nothing more
_TEST_SEED = 2**31  # beyond the seeds that a config takes, so no run trains on the test digits

Batch = tuple[np.ndarray, np.ndarray]  # images (n, 28, 28) uint8 and labels (n,) uint8
T = TypeVar("T")
Notify = Callable[[str, float | None], None]  # a sentence, and the share done or None


@dataclass(frozen=True)
class Mixture:
    """Digits mixed into every epoch.

    share: of an epoch's images, 0–1; description: in words, for the reader
    fingerprint: SHA-256 of what they are made from, as hex, or "" for generated digits
    draw: some of them, as many as it is asked for, anew at each call
    kept: those kept back for validation, if any
    """

    share: float
    description: str
    fingerprint: str
    draw: Callable[[int, np.random.Generator], Batch]
    kept: Batch | None = None


@dataclass(frozen=True)
class Drawn:
    """Drawings for a network that goes on from another one, and how it is judged by them: each of
    them by a network that trained without it.

    images: (N, 28, 28) uint8; labels: (N,) uint8; digests: what tells each from others, hex
    fold: (N,) int, from 0: the drawings of one fold are held out together
    by_writer: whether all that one person drew are in one fold
    writers: how many people drew them; left_out: how many others have no digit to be seen
    without: for each fold, all that is to be mixed into an epoch, with the others' drawings alone
    """

    images: np.ndarray
    labels: np.ndarray
    digests: tuple[str, ...]
    fold: np.ndarray
    by_writer: bool
    writers: int
    left_out: int
    without: tuple[tuple[Mixture, ...], ...]


@dataclass(frozen=True)
class Dataset:
    """Images (N, 28, 28) uint8, 0–255, ink is high, with labels (N,) uint8, 0–9.

    source: "mnist" or "generated"; description: in words, for the reader
    mixed: what every epoch of training has beside `train_images`
    drawn: the drawings among that, for a network that goes on from another one
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    description: str
    mixed: tuple[Mixture, ...] = ()
    drawn: Drawn | None = None

    def fingerprint(self) -> str:
        """SHA-256 over all its own images and labels, as hex."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()

    def to_dict(self) -> dict:
        """What a model's meta says of its data: every source it saw, without the images."""
        mixed = [
            {"description": m.description, "share": m.share, "fingerprint": m.fingerprint}
            for m in self.mixed
        ]
        return {
            "source": self.source,
            "description": self.description,
            "fingerprint": self.fingerprint(),
            "mixed": mixed,
        }


class DataUnavailableError(RuntimeError):
    """The data cannot be had; the message says why and what to do."""


def load(config: TrainConfig, notify: Notify = lambda note, share: None) -> Dataset:
    """The data that `config` names, cut to `train_size`, with its drawings mixed in.

    Raises DataUnavailableError, FileNotFoundError, or ValueError for unusable files and sizes.
    """
    dataset = _cut(_load_source(config, notify), config)
    mixed, drawn = [], None
    if config.styles:
        mixed.append(Mixture(config.styles, "generated digits", "", _generate_some))
    if config.drawings is not None:
        found = _Readable(Path(config.drawings))
        if config.base is None:
            mixed.append(found.some_kept_back(config.drawings_share, config.seed))
        else:
            drawn = found.in_folds(config.drawings_share, config.seed, mixed)
            mixed.append(found.mixture(config.drawings_share, np.arange(len(found.labels))))
    words = " and ".join(f"{mixture.share:.0%} {mixture.description}" for mixture in mixed)
    return dataclasses.replace(
        dataset,
        description=dataset.description + (words and f", with {words}"),
        mixed=tuple(mixed),
        drawn=drawn,
    )


def _cut(dataset: Dataset, config: TrainConfig) -> Dataset:
    """As many training images as `config` asks for, their labels shuffled if it says so."""
    rng = np.random.default_rng(config.seed)
    available = len(dataset.train_labels)
    if config.train_size is not None:
        if config.train_size > available and config.base is None:  # FINE_TUNING takes what is there
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
    if config.shuffle_labels:
        dataset = dataclasses.replace(
            dataset,
            train_labels=rng.permutation(dataset.train_labels),
            description=f"{dataset.description} with shuffled labels",
        )
    return dataset


def at_hand(config: TrainConfig, source: str) -> Dataset:
    """The images that a run of `config` trained and was tested on, without what was mixed in.

    source: which data it found, "mnist" or "generated", as `Dataset.source` and a model's meta say.
    Which of the training images were kept back for validation, `split_validation` says. Nothing is
    downloaded: another MNIST than it had then may be found, which `Dataset.fingerprint` tells.
    Raises DataUnavailableError, or ValueError for an unusable file or an unknown source.
    """
    if source == "generated":
        return _cut(_generated_for(config), config)
    if source != "mnist":
        raise ValueError(f"source is {source!r}: it must be mnist or generated.")
    path = mnist_at_hand(config.mnist)
    if path is None:
        raise DataUnavailableError(
            "MNIST is not on this disk: name a file of it with MNIST_NPZ, or train on it once, "
            "which downloads it."
        )
    return _cut(_mnist_from(path), config)


def _generated_for(config: TrainConfig) -> Dataset:
    return generated(min(config.train_size or GENERATED_TRAIN, GENERATED_MOST), config.seed)


class _Readable:
    """Those drawings of a file in which there is a digit to see, to be mixed into training."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError, or ValueError for an unusable file or fewer than two."""
        drawn = drawings.load(path)
        images, readable = to_network_inputs(drawn)
        good = np.flatnonzero(readable)
        if len(good) < 2:
            raise ValueError(
                f"{path} has {len(good)} drawings in which there is a digit to see: at least 2 are "
                "needed."
            )
        self._path, self._left_out = path, len(images) - len(good)
        self._images, self.labels = images[good], drawn.labels[good]
        self._strokes, writer = None, None
        if isinstance(drawn, drawings.Drawings):
            everything = list(drawn)
            self._strokes = [everything[i] for i in good]
            writer = None if drawn.writer is None else drawn.writer[good]
        # Who drew each, from 0; where one did all, or nobody knows, no two belong together.
        self._known = writer is not None and len(np.unique(writer)) > 1
        self._writers = 1 if writer is None else len(np.unique(writer))
        everyone = writer if self._known else np.arange(len(good))
        self._people = np.unique(everyone, return_inverse=True)[1]

    def mixture(self, share: float, used: np.ndarray, kept: np.ndarray | None = None) -> Mixture:
        """Those that `used`, indices, names: strokes rendered with other pens each time, images as
        they are. kept: those that are kept back for validation, likewise."""

        def draw(count: int, rng: np.random.Generator) -> Batch:
            # Each once, in a random order, before any comes again.
            rounds = [rng.permutation(used) for _ in range(-(-count // len(used)))]
            which = np.concatenate([used[:0], *rounds])[:count]
            if self._strokes is None:
                return self._images[which], self.labels[which]
            which = which[: _PENS * len(used)]
            pens = handwriting.draw_pens(np.arange(len(which)), rng)
            pictures = rendering.render_drawings([self._strokes[i] for i in which], *pens)
            again = np.arange(count) % max(len(which), 1)
            return pictures[again], self.labels[which[again]]

        by = f" by {len(np.unique(self._people[used]))} people" if self._known else ""
        return Mixture(
            share,
            f"drawings of {self._path.name} ({len(used):,}{by})",
            _sha256(self._path),
            draw,
            None if kept is None else (self._images[kept], self.labels[kept]),
        )

    def some_kept_back(self, share: float, seed: int) -> Mixture:
        """All but those of a few writers, or but a few drawings, by which training is judged."""
        kept = split_validation(int(self._people.max()) + 1, seed)[1]
        held = np.isin(self._people, kept)
        return self.mixture(share, np.flatnonzero(~held), np.flatnonzero(held))

    def in_folds(self, share: float, seed: int, others: Sequence[Mixture]) -> Drawn:
        """All of them, with the mixtures that leave out one fold after the other, beside others."""
        by_writer = self._known and self._writers >= _LEAST_WRITERS
        fold = folds(self.labels, self._people if by_writer else None, seed)
        parts = self._strokes or [[image] for image in self._images]
        return Drawn(
            self._images,
            self.labels,
            tuple(map(drawings.digest, parts)),
            fold,
            by_writer,
            self._writers,
            self._left_out,
            tuple(
                (*others, self.mixture(share, np.flatnonzero(fold != k)))
                for k in range(fold.max() + 1)
            ),
        )


def folds(labels: np.ndarray, people: np.ndarray | None, seed: int) -> np.ndarray:
    """Which of at most FOLDS folds each of N >= 2 drawings belongs to, (N,) int from 0.

    labels: (N,); each fold gets as many of each label as can be
    people: (N,) int from 0; what one drew stays together, and folds differ in size. None: no matter
    """
    rng = np.random.default_rng(seed)
    if people is None:
        order = rng.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]
        fold = np.empty(len(labels), int)
        fold[order] = np.arange(len(labels)) % min(FOLDS, len(labels))
        return fold
    size = np.bincount(people)
    room = np.zeros(min(FOLDS, len(size)), int)
    home = np.empty(len(size), int)
    for person in sorted(rng.permutation(len(size)), key=lambda one: -size[one]):
        home[person] = room.argmin()
        room[home[person]] += size[person]
    return home[people]


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
        return _generated_for(config)


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
    path, *others = _mnist_places(file)
    if not others:  # none is named: it is Keras' cache
        if not path.exists():
            download(url, path, sha256, notify, deadline)
        elif _sha256(path) != sha256:
            raise DataUnavailableError(
                f"{path} is damaged (its checksum is wrong): delete it, and it is downloaded again."
            )
    return _mnist_from(path)


def mnist_at_hand(file: str | None = None) -> Path | None:
    """Where MNIST is on this disk, looked for as `mnist` does; None if it is not."""
    # `isfile`, unlike `Path.is_file`, answers for paths of any kind.
    return next(filter(os.path.isfile, _mnist_places(file)), None)


def _mnist_places(file: str | None) -> list[Path]:
    """Where MNIST is looked for: the files that are named, then Keras' cache."""
    named = (file, os.environ.get("MNIST_NPZ"))
    return [*(Path(path) for path in named if path), keras_home() / "datasets" / "mnist.npz"]


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
    if train > GENERATED_MOST:
        raise ValueError(f"train_size is {train}: at most {GENERATED_MOST:,} digits are generated.")
    train_images, train_labels = _generate(train, seed)
    return Dataset(train_images, train_labels, *generated_test(), "generated", "generated digits")


def generated_test() -> tuple[np.ndarray, np.ndarray]:
    """The generated digits, images and labels, that every model is tested on and none trains on."""
    return _generate(GENERATED_TEST, _TEST_SEED)


def _generate(count: int, seed: int) -> Batch:
    drawn = handwriting.generate(count, seed)
    pens = handwriting.draw_pens(drawn.writer, np.random.default_rng(seed))
    return rendering.render_drawings(drawn, *pens), drawn.labels


def _generate_some(count: int, rng: np.random.Generator) -> Batch:
    return _generate(count, int(rng.integers(_TEST_SEED)))


def to_network_inputs(
    drawn: drawings.Drawings | drawings.Images,
) -> tuple[np.ndarray, np.ndarray]:
    """Network inputs (N, 28, 28) uint8 of drawings, and a mask (N,): which ones can be one digit.

    Where there is nothing to read the input is empty.
    """
    if isinstance(drawn, drawings.Images):
        results = [preparing.prepare(picture) for picture in drawn.pixels]
    else:
        results = [preparing.prepare_strokes(*drawings.fit_canvas(strokes)) for strokes in drawn]
    empty = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    inputs = [empty if r.network_input is None else r.network_input for r in results]
    readable = [r.verdict is preparing.Verdict.READABLE for r in results]
    return np.array(inputs), np.array(readable)


def with_others(dataset: Dataset, kinds: Sequence[str] = tuple(KINDS)) -> Dataset:
    """The data of a detector: label 0 for every digit, and as many drawings of other things,
    with label 1 and on for the kinds of `config.KINDS`, both to train and to test.

    kinds: those to train on; the test has them all
    """

    def draw(count: int, rng: np.random.Generator) -> Batch:
        return others(count, int(rng.integers(_TEST_SEED)), kinds)

    mixed = [
        dataclasses.replace(
            mixture,
            share=mixture.share / 2,
            draw=_relabelled(mixture.draw),
            kept=mixture.kept and (mixture.kept[0], np.zeros_like(mixture.kept[1])),
        )
        for mixture in dataset.mixed
    ]
    test_images, test_kinds = others(len(dataset.test_labels), _TEST_SEED)
    return dataclasses.replace(
        dataset,
        train_labels=np.zeros_like(dataset.train_labels),
        test_images=np.concatenate([dataset.test_images, test_images]),
        test_labels=np.concatenate([np.zeros_like(dataset.test_labels), test_kinds]),
        description=f"{dataset.description}, against as many drawings of other things",
        mixed=(*mixed, Mixture(0.5, "drawings of other things", "", draw)),
    )


def _relabelled(draw: Callable[[int, np.random.Generator], Batch]):
    def draw_zeros(count: int, rng: np.random.Generator) -> Batch:
        images, labels = draw(count, rng)
        return images, np.zeros_like(labels)

    return draw_zeros


def others(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Batch:
    """Images (count, 28, 28) uint8 of drawings that are no digit, of these kinds, with a
    detector's labels (count,). Same seed, same images. Raises ValueError as `doodles.generate`."""
    drawn = doodles.generate(count, seed, kinds)
    pens = handwriting.draw_pens(drawn.writer, np.random.default_rng(seed))
    return rendering.render_drawings(drawn, *pens), drawn.labels + np.uint8(1)


def split_validation(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of `count` training images to train on, and of those kept back for validation."""
    order = np.random.default_rng(seed).permutation(count)
    kept = max(1, round(count * VALIDATION_SHARE))
    return order[kept:], order[:kept]


def epoch_size(own: int, mixed: tuple[Mixture, ...]) -> int:
    """How many images an epoch has if `own` of them are the data set's."""
    return own + sum(_counts(own, mixed))


def _counts(own: int, mixed: tuple[Mixture, ...]) -> list[int]:
    """How many images of each mixture come on top of the data set's own."""
    total = own / (1 - sum(mixture.share for mixture in mixed))
    return [round(mixture.share * total) for mixture in mixed]


def epochs(
    images: np.ndarray,
    labels: np.ndarray,
    mixed: tuple[Mixture, ...],
    *,
    count: int | None,
    augment: bool,
    seed: int,
    plain: bool = False,
) -> Iterator[Batch]:
    """The images and labels of `count` epochs, one after the other; None: without end.

    plain: the images themselves stay as they are, and only what is mixed in is augmented
    Each is made in a thread while the one before is trained on; the same arrays come again where
    there is nothing to mix in or change.
    """
    if not mixed and not augment:
        yield from itertools.repeat((images, labels), *[] if count is None else [count])
        return
    rng = np.random.default_rng(seed)
    counts = _counts(len(labels), mixed)

    def make() -> Batch:
        parts = [(images, labels)]
        parts += [mixture.draw(n, rng) for mixture, n in zip(mixed, counts, strict=True)]
        pictures, answers = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if augment:
            changed = slice(len(images) if plain else 0, None)
            pictures[changed] = augmentation.augment(pictures[changed], rng)
        return pictures, answers

    coming = in_thread(make)
    for number in itertools.count(1):
        batch = coming.result()
        if number != count:
            coming = in_thread(make)
        yield batch
        if number == count:
            return


def in_thread(make: Callable[[], T]) -> Future[T]:
    """What `make` returns or raises. The thread does not keep a process that ends waiting."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="in-thread", daemon=True).start()
    return future
