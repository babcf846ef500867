"""What the tabs show of a model and its data, worked out in the background and shared by all.

Each function gives a future at once; `result` shows what became of it.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from streamlit.runtime.caching.cache_utils import CachedFunc

from classifier.config import CLASSES, TrainConfig
from classifier.data import sources
from classifier.data.dataset import Dataset, DataUnavailableError, split_validation
from classifier.data.epochs import in_thread
from classifier.serving import evaluation, exciting, store
from classifier.serving.exciting import Exciting
from classifier.serving.inspection import Inspector
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.serving.tracing import Tracer
from classifier.ui import hearing, session, shared, view

T = TypeVar("T")
# What the futures raise, each with words for the reader.
_PROBLEMS = (DataUnavailableError, DamagedModelError, ModelNotFoundError, ValueError, OSError)
_WORST = 16  # mistakes shown
_NEIGHBOURS = 2_000  # training images that are looked at
_EXAM_THREADS = 2
# One model is worked on at a time: whoever goes through many takes no more than that. Of those that
# wait a visitor has so many, the newest.
_WORKER, _MOST_WAIT = ThreadPoolExecutor(1, "model"), 3
_waiting: dict[str, list[Future[Any]]] = {}  # by who pays for them
_waiting_lock = threading.Lock()
_LOOK_EVERY = 0.1  # seconds between two looks at what is being worked out


@dataclass(frozen=True)
class Exam:
    """A model's answers to its test images.

    images: (N, 28, 28) uint8; labels, answers: (N,) uint8; confidence: (N,) float32, of the answer
    worst: indices of its worst mistakes, the surest first
    as_then: whether these are the very images that it was tested on when it was trained
    """

    images: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    confidence: np.ndarray
    worst: np.ndarray
    as_then: bool

    @property
    def confusion(self) -> np.ndarray:
        """Counts (10, 10): row is the label, column the answer."""
        return evaluation.confusion(self.labels, self.answers, CLASSES)


@dataclass(frozen=True)
class Memory:
    """Some of a model's training images with what its last hidden layer makes of them.

    images: (N, 28, 28) uint8; labels: (N,) uint8; features: (N, D) float16
    """

    images: np.ndarray
    labels: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Album:
    """Some of a model's training images, and which of them excite each unit and map most.

    images: (N, 28, 28) uint8; labels: (N,) uint8; exciting: of each stage, see `exciting`
    """

    images: np.ndarray
    labels: np.ndarray
    exciting: list[Exciting]


@dataclass(frozen=True)
class Specimens:
    """Some training images to look at, and the shapes of all arrays.

    images: (N, 28, 28) uint8; labels: (N,) uint8; shapes: of the arrays, by their names
    """

    images: np.ndarray
    labels: np.ndarray
    shapes: dict[str, tuple[int, ...]]
    description: str


@st.cache_resource(max_entries=32, show_spinner=False)  # 50 KB each, since images are shared
def exam(name: str, checksum: str) -> Future[Exam]:
    """The answers of the model that has this name and checksum to its test images."""

    def sit() -> Exam:
        model = store.get(name)
        images, labels, as_then = _test_of(model)
        probabilities = shared.open_predictor(name, _EXAM_THREADS).probabilities(images)
        return Exam(
            images,
            labels,
            probabilities.argmax(axis=1).astype(np.uint8),
            probabilities.max(axis=1),
            evaluation.worst_mistakes(probabilities, labels, _WORST),
            as_then,
        )

    return _in_turn(sit)


@st.cache_resource(max_entries=3, show_spinner=False)  # 4 MB each
def memory(name: str, checksum: str) -> Future[Memory]:
    """What the model that has this name and checksum makes of images that it trained on."""

    def recall() -> Memory:
        model = store.get(name)
        images, labels = _some_trained_on(model)
        features = Inspector(model.tflite(), model.layers()).features(images)
        return Memory(images, labels, features.astype(np.float16))

    return _in_turn(recall)


@st.cache_resource(max_entries=3, show_spinner=False)  # 2 MB each
def album(name: str, checksum: str) -> Future[Album]:
    """The images that excite the units and maps of the model of this name and checksum most."""

    def look() -> Album:
        model = store.get(name)
        images, labels = _some_trained_on(model)
        tracer = Tracer(Inspector(model.tflite(), model.layers()))
        return Album(images, labels, exciting.exciting(tracer, images))

    return _in_turn(look)


@st.cache_resource(max_entries=2, show_spinner=False)
def specimens(source: str) -> Future[Specimens]:
    """Images as training would get them here; source: as of `sources.at_hand`."""

    def collect() -> Specimens:
        dataset = sources.at_hand(TrainConfig(), source)
        shapes = {
            name: getattr(dataset, name).shape
            for name in ("train_images", "train_labels", "test_images", "test_labels")
        }
        some = dataset.train_images[:_NEIGHBOURS].copy(), dataset.train_labels[:_NEIGHBOURS].copy()
        return Specimens(*some, shapes, dataset.description)

    return in_thread(collect)


def _in_turn(make: Callable[[], T]) -> Future[T]:
    """What `make` returns or raises, when its turn has come; this visitor pays for it."""
    payer = session.payer()

    def work() -> T:
        with hearing.computing_for(payer):
            return make()

    future = _WORKER.submit(work)
    with _waiting_lock:
        for other, futures in list(_waiting.items()):
            if all(one.done() or one.running() for one in futures):
                del _waiting[other]
        mine = _waiting.setdefault(payer, [])
        mine.append(future)
        while len(mine) > _MOST_WAIT:
            mine.pop(0).cancel()  # does nothing to what is worked on
    return future


def result(coming: CachedFunc[..., Future[T]], *key: str, doing: str, failed: str) -> T | None:
    """What `coming`, one of the functions above, has for this key. None while it is still being
    worked out, and if it failed: then the page says so.

    doing: what is going on, in words; failed: how the sentence begins that says why there is none
    """
    future = coming(*key)
    if future.cancelled():  # for whoever had asked first, and has turned to others since
        coming.clear(*key)
        future = coming(*key)
    if not future.done():
        view.fragment(_wait, run_every=_LOOK_EVERY)(future, doing)
        return None
    try:
        return future.result()
    except _PROBLEMS as error:
        coming.clear(*key)  # the next look tries again: a file may have come back
        view.caption(f"{failed} {error}")
        return None


def so_far(coming: CachedFunc[..., Future[T]], *key: str) -> tuple[T | None, str]:
    """What `coming`, one of the functions above, has for this key; None, and why there is none: ""
    while it is still being worked out."""
    future = coming(*key)
    if not future.done():
        return None, ""
    try:
        return future.result(), ""
    except CancelledError:  # for whoever had asked first, and has turned to others since
        coming.clear(*key)
        return None, ""
    except _PROBLEMS as error:
        coming.clear(*key)  # the next look tries again
        return None, str(error)


def _wait(future: Future[Any], doing: str) -> None:
    if future.done():
        st.rerun()
    st.caption(f"{doing} …")


# All of MNIST is let go of before anything else is done: it takes 55 MB.


def _test_of(model: SavedModel) -> tuple[np.ndarray, np.ndarray, bool]:
    """The model's test images with their labels, and whether they are as they were then."""
    _, dataset = _data_of(model)
    fingerprint = dataset.fingerprint()
    images, labels = _shared(fingerprint, (dataset.test_images, dataset.test_labels))
    return images, labels, fingerprint == model.meta.data.fingerprint


def _some_trained_on(model: SavedModel) -> tuple[np.ndarray, np.ndarray]:
    """Some of the images that the model trained on, with their labels."""
    config, dataset = _data_of(model)
    if config.drawings_alone:
        raise DataUnavailableError("It learned from drawings, which are not kept with it.")
    if dataset.fingerprint() != model.meta.data.fingerprint:
        raise DataUnavailableError("The training images have changed since then.")
    trained, _ = split_validation(len(dataset.train_labels), config.seed)
    which = trained[:_NEIGHBOURS]
    return dataset.train_images[which], dataset.train_labels[which]


def _data_of(model: SavedModel) -> tuple[TrainConfig, Dataset]:
    """What the model was trained and tested on."""
    try:
        config = TrainConfig(**model.meta.config)
    except TypeError as error:
        raise ValueError(f"{model.title} has settings that this version does not know.") from error
    return config, sources.at_hand(config, model.source)


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(fingerprint: str, _arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The arrays that were given first for that fingerprint: models share their test images."""
    return _arrays
