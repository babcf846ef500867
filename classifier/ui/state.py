"""What one visitor's session holds, in one typed object, and what all sessions share."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from classifier import data, evaluation, predict, preprocess, snapshots, store
from classifier.config import CLASSES, DETECTOR, TrainConfig
from classifier.data import DataUnavailableError
from classifier.events import Finished, History
from classifier.inspection import Inspector
from classifier.jobs import LocalJobs, Reader, snapshots_of
from classifier.predict import Answer, Detector, Predictor
from classifier.preprocess import Prepared, Verdict
from classifier.store import DamagedModelError, ModelNotFoundError, SavedModel

_NEIGHBOURS = 2_000  # training images among which the nearest are looked for
_EXAM_THREADS = 2


@dataclass
class Sketch:
    """The drawing on the canvas, with its history.

    `strokes` are the canvas's own objects (Fabric.js paths), oldest first. The browser's canvas
    and this object each may change the drawing; `revision` counts the changes made here, and
    tells the canvas to load the drawing anew.
    """

    strokes: list[dict] = field(default_factory=list)
    revision: int = 0
    past: list[list[dict]] = field(default_factory=list)
    future: list[list[dict]] = field(default_factory=list)
    echo_due: bool = False  # the canvas answers a new revision with the same drawing

    def drawn(self, strokes: list[dict]) -> None:
        """Take in what the canvas sent."""
        echo = self.echo_due and len(strokes) == len(self.strokes)
        self.echo_due = False
        if not echo and strokes != self.strokes:
            self.past.append(self.strokes)
            self.future.clear()
        self.strokes = strokes

    def replace(self, strokes: list[dict]) -> None:
        """Put other strokes on the canvas; undo brings the old ones back."""
        self.past.append(self.strokes)
        self.future.clear()
        self._show(strokes)

    def undo(self) -> None:
        """Go back by one stroke, or to before the last clearing."""
        if self.past:
            self.future.append(self.strokes)
            self._show(self.past.pop())

    def redo(self) -> None:
        """Go forward again after `undo`."""
        if self.future:
            self.past.append(self.strokes)
            self._show(self.future.pop())

    def _show(self, strokes: list[dict]) -> None:
        self.strokes = strokes
        self.revision += 1
        self.echo_due = True


@dataclass(frozen=True)
class Preset:
    """Settings that were put into the training form from elsewhere.

    number: tells one putting from the next, so that the form's fields begin anew
    origin: where they come from, for the reader
    """

    config: TrainConfig
    origin: str
    number: int


@dataclass
class Session:
    """One visitor's page."""

    sketch: Sketch = field(default_factory=Sketch)
    prepared: Prepared = field(default_factory=lambda: preprocess.prepare_strokes([], 1, 1))
    drawing_used: bool = False  # whether the open tab shows something of the drawing
    greeted: bool = False  # whether the whole page has been sent once
    reader: Reader | None = None  # of the run that this page follows
    history: History = field(default_factory=History)
    runs: dict[str, History] = field(default_factory=dict)  # this visitor's own, oldest first
    stopping: bool = False
    error: str = ""  # why the last run could not be started
    preset: Preset | None = None
    step: str = ""  # of the lesson; "": the first
    experiment: str = ""  # of the lesson, that is set up now
    link_problem: str = ""  # what is wrong with the lesson that the page's address names
    shuffle: int = 0  # how often other images were asked for
    # What is known of the network inputs that were put on the canvas, by their bytes.
    captions: dict[bytes, str] = field(default_factory=dict)

    def follow(self, run_id: str) -> None:
        """Watch this run from its beginning."""
        self.reader = Reader(run_id)
        self.history = self.runs[run_id] = History()
        self.stopping = False
        self.error = ""

    def drawing(self) -> Prepared:
        """The current drawing, for a tab: it is drawn anew after each stroke from now on."""
        self.drawing_used = True
        return self.prepared

    def put_into_form(self, config: TrainConfig, origin: str) -> None:
        """Begin the training form anew with these settings."""
        number = 1 if self.preset is None else self.preset.number + 1
        self.preset = Preset(config, origin, number)

    def owns(self, name: str) -> bool:
        """Whether a run of this visitor made the model of that name."""
        ends = (history.end for history in self.runs.values())
        return any(isinstance(end, Finished) and end.model == name for end in ends)

    @property
    def training(self) -> bool:
        """Whether the followed run has not ended yet, as far as this page has heard."""
        return self.reader is not None and self.history.end is None

    def renamed(self, old: str, new: str) -> None:
        """Know a model of this visitor by its new name from now on."""
        for history in self.runs.values():
            if isinstance(history.end, Finished) and history.end.model == old:
                history.end = dataclasses.replace(history.end, model=new)


def session() -> Session:
    """This visitor's state."""
    if "session" not in st.session_state:
        st.session_state["session"] = Session()
    return st.session_state["session"]


@st.cache_resource
def jobs() -> LocalJobs:
    """The runs of this server; its methods may be called from any session."""
    return LocalJobs()


@st.cache_resource(max_entries=16, show_spinner=False)
def predictor(name: str, checksum: str) -> Predictor:
    """The loaded model of that name. Raises DamagedModelError or ModelNotFoundError.

    `checksum` tells models apart that had the same name one after the other.
    """
    return Predictor(store.get(name).tflite())


@st.cache_resource(show_spinner=False)
def detector() -> Detector | None:
    """What tells digits from other drawings; None if there is none that can be used."""
    try:
        saved = store.get(DETECTOR)
        return Detector(saved.tflite(), **saved.meta["detector"])
    except (DamagedModelError, ModelNotFoundError):
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def inspector(name: str, checksum: str) -> Inspector:
    """A look inside that model; arguments and errors as for `predictor`."""
    return Inspector(store.get(name).tflite())


@st.cache_resource(max_entries=4, show_spinner=False)
def replay(run_id: str) -> snapshots.Replay:
    """The networks of a run, epoch by epoch."""
    return snapshots.Replay(snapshots_of(run_id))


def ask(model: SavedModel, image: np.ndarray) -> Answer:
    """What a model says to one network input (28, 28) uint8. Raises as `predictor` does."""
    probabilities = predictor(model.name, model.checksum).probabilities(image[None])[0]
    return predict.Answer(Verdict.READABLE, probabilities)


@dataclass(frozen=True)
class Exam:
    """A model's answers to its test images.

    images: (N, 28, 28) uint8; labels: (N,) uint8; probabilities: (N, 10) float32
    as_then: whether these are the very images that it was tested on when it was trained
    """

    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    as_then: bool

    @property
    def answers(self) -> np.ndarray:
        """The digit that it said to each, (N,) int."""
        return self.probabilities.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """Counts (10, 10): row is the label, column the answer."""
        return evaluation.confusion(self.labels, self.answers, CLASSES)


@st.cache_resource(max_entries=4, show_spinner=False)
def exam(name: str, checksum: str) -> Future[Exam]:
    """The model's answers to its test images, taken in the background.

    The future raises DataUnavailableError, ValueError or what `predictor` raises.
    """

    def sit() -> Exam:
        model = store.get(name)
        dataset = _data_of(model)
        images, labels = _shared(dataset.fingerprint(), (dataset.test_images, dataset.test_labels))
        probabilities = Predictor(model.tflite(), _EXAM_THREADS).probabilities(images)
        return Exam(images, labels, probabilities, _as_then(model, dataset))

    return data.in_thread(sit)


def _data_of(model: SavedModel) -> data.Dataset:
    """What the model was trained and tested on. Raises DataUnavailableError or ValueError."""
    try:
        config = TrainConfig(**model.meta["config"])
    except TypeError as error:
        raise ValueError(f"{model.name} has settings that this version does not know.") from error
    return data.at_hand(config, model.meta["data"].get("source", ""))


def _as_then(model: SavedModel, dataset: data.Dataset) -> bool:
    return dataset.fingerprint() == model.meta["data"].get("fingerprint")


@dataclass(frozen=True)
class Memory:
    """Some of a model's training images with what its last hidden layer makes of them.

    images: (N, 28, 28) uint8; labels: (N,) uint8; features: (N, D) float16
    """

    images: np.ndarray
    labels: np.ndarray
    features: np.ndarray


@st.cache_resource(max_entries=4, show_spinner=False)
def memory(name: str, checksum: str) -> Future[Memory]:
    """What the model makes of images that it trained on, in the background; raises as `exam`."""

    def recall() -> Memory:
        model = store.get(name)
        dataset = _data_of(model)
        if not _as_then(model, dataset):
            raise DataUnavailableError("The training images have changed since then.")
        trained, _ = data.split_validation(len(dataset.train_labels), model.meta["config"]["seed"])
        which = trained[:_NEIGHBOURS]
        images = dataset.train_images[which]
        features = Inspector(model.tflite()).features(images)
        return Memory(images, dataset.train_labels[which], features.astype(np.float16))

    return data.in_thread(recall)


@dataclass(frozen=True)
class Specimens:
    """Some training images to look at, and what there is of them all.

    images: (N, 28, 28) uint8; labels: (N,) uint8; shapes: of the arrays, by their names
    """

    images: np.ndarray
    labels: np.ndarray
    shapes: dict[str, tuple[int, ...]]
    description: str


@st.cache_resource(show_spinner=False)
def specimens() -> Future[Specimens]:
    """Images as training would get them here, without a download, in the background."""

    def collect() -> Specimens:
        try:
            dataset = data.at_hand(TrainConfig(), "mnist")
        except DataUnavailableError:
            dataset = data.at_hand(TrainConfig(), "generated")
        shapes = {
            name: getattr(dataset, name).shape
            for name in ("train_images", "train_labels", "test_images", "test_labels")
        }
        some = dataset.train_images[:_NEIGHBOURS].copy(), dataset.train_labels[:_NEIGHBOURS].copy()
        return Specimens(*some, shapes, dataset.description)

    return data.in_thread(collect)


@st.cache_resource(max_entries=2, show_spinner=False)
def _shared(fingerprint: str, _arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The arrays that were given first for that fingerprint: models share their test images."""
    return _arrays
