"""What all sessions of a server share: loaded models, and the runs."""

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from classifier.config import CLASSES, IMAGE_SIZE
from classifier.database import interface
from classifier.jobs import cluster, link
from classifier.jobs.local import LocalJobs
from classifier.jobs.run import Jobs
from classifier.jobs.shelf import FileShelf, Shelf
from classifier.jobs.sweeps import Sweeps
from classifier.limits import Rate
from classifier.names import SHIPPED_DETECTOR, SHIPPED_PAIRS
from classifier.serving import saving, snapshots, store
from classifier.serving.inspection import Inspector
from classifier.serving.predict import Detector, Pairs, Predictor
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError

if TYPE_CHECKING:
    from classifier.jobs.board import Board


@cache
def _board() -> "Board | None":
    """What this server and others tell each other where a database is named; None without."""
    if not interface.url():
        return None
    from classifier.jobs.board import Board

    return Board()


@cache
def jobs() -> Jobs:
    """The runs of this server, carried out here or by the scheduler that a setting names, and those
    of other servers with the same database or scheduler; its methods may be called from any
    session."""
    if address := link.address():
        stores = cluster.Stores(saving.packed, saving.received)
        return cluster.ClusterJobs(address, stores, _shelf().on)
    board = _board()
    if board is None:
        return LocalJobs()
    from classifier.jobs.shared import SharedJobs

    return SharedJobs(board)


@cache
def _shelf() -> Shelf:
    """Where the records of sweeps are."""
    board = _board()
    if board is None:
        return FileShelf()
    from classifier.jobs.shared import BoardShelf

    return BoardShelf(board)


@cache
def sweeps() -> Sweeps:
    """The sweeps of this server's visitors; its methods may be called from any session."""
    return Sweeps(jobs(), _shelf())


@cache
def brought() -> Rate:
    """How many files each visitor has brought."""
    return Rate()


@st.cache_resource(max_entries=8, show_spinner=False)
def predictor(name: str, checksum: str) -> Predictor:
    """The loaded model of that name. Raises DamagedModelError or ModelNotFoundError.

    `checksum` tells models apart that had the same name one after the other.
    """
    if store.get(name).checksum != checksum:
        raise ModelNotFoundError(f"The model that was called {name!r} is gone.")
    return open_predictor(name)


def open_predictor(name: str, threads: int = 1) -> Predictor:
    """The same for one's own use, with so many threads."""
    tflite = store.get(name).tflite()
    try:
        found = Predictor(tflite, threads)
    except ValueError as error:
        raise DamagedModelError(f"The model {name} cannot be read: {error}.") from error
    pixels = math.prod(found.input_shape)
    if (pixels, found.classes) != (IMAGE_SIZE * IMAGE_SIZE, CLASSES):
        raise DamagedModelError(
            f"The model {name} reads no digits: it takes {pixels} values, not 784, or tells "
            f"{found.classes} classes apart, not {CLASSES}."
        )
    return found


@st.cache_resource(show_spinner=False)
def detector() -> Detector | None:
    """What tells digits from other drawings; None if there is none that can be used."""
    try:
        return store.get(SHIPPED_DETECTOR).detector()
    except (DamagedModelError, ModelNotFoundError):
        return None


@st.cache_resource(show_spinner=False)
def pairs() -> Pairs | None:
    """What tells which two digits that touch are; None if there is none that can be used."""
    try:
        return store.get(SHIPPED_PAIRS).pairs()
    except (DamagedModelError, ModelNotFoundError):
        return None


@st.cache_resource(max_entries=2, show_spinner=False)
def inspector(name: str, checksum: str) -> Inspector:
    """A look inside that model; arguments and errors as for `predictor`."""
    model = store.get(name)
    return Inspector(model.tflite(), model.layers())


@st.cache_resource(max_entries=2, show_spinner=False)
def replay(run_id: str) -> snapshots.Replay:
    """The networks of a run, epoch by epoch."""
    return snapshots.Replay(jobs().snapshots_of(run_id))


def ask(model: SavedModel, image: np.ndarray) -> np.ndarray:
    """The probabilities (10,) float32, 0–1, that a model gives to one network input (28, 28) uint8.
    Raises as `predictor` does."""
    return np.asarray(predictor(model.name, model.checksum).probabilities(image[None])[0])
