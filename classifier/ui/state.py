"""What one visitor's session holds, in one typed object, and what all sessions share."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from classifier import store
from classifier.config import DETECTOR
from classifier.events import History
from classifier.jobs import LocalJobs, Reader
from classifier.predict import Detector, Predictor
from classifier.store import DamagedModelError, ModelNotFoundError


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


@dataclass
class Session:
    """One visitor's page."""

    sketch: Sketch = field(default_factory=Sketch)
    greeted: bool = False  # whether the whole page has been sent once
    reader: Reader | None = None  # of the run that this page follows
    history: History = field(default_factory=History)
    stopping: bool = False
    error: str = ""  # why the last run could not be started

    def follow(self, run_id: str) -> None:
        """Watch this run from its beginning."""
        self.reader = Reader(run_id)
        self.history = History()
        self.stopping = False
        self.error = ""

    @property
    def training(self) -> bool:
        """Whether the followed run has not ended yet, as far as this page has heard."""
        return self.reader is not None and self.history.end is None


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
