"""The network as one picture, on a page: the drawing, layer after layer, to the ten digits.

While one draws, what becomes of the drawing comes with the board's answers, see `under_pen`; what
is pointed at, and the epoch, come by a link of the picture's own. Any page may show it: without a
board it shows what it is given.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from classifier.serving import reweighting, store
from classifier.serving.inspection import Inspector
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.serving.tracing import Tracer
from classifier.ui import components, session, shared, view
from classifier.ui.living import frames
from classifier.ui.living.frames import NotUnderstoodError, Pointed, Watched
from classifier.ui.session import Widget
from classifier.ui.tabs import background

_HERE = Path(__file__).parent
# Each after those it imports.
FILES = (
    "unpack",
    "layout",
    "motion",
    "sheets",
    "lighting",
    "paint",
    "pointing",
    "card",
    "epochs",
    "living",
)
_LINK_KEY = "living-link"
_GONE = (DamagedModelError, ModelNotFoundError, ValueError)
Image = Callable[[], np.ndarray | None]  # the picture (28, 28) uint8 that is to be shown, if any
# What is shown of a picture (28, 28) uint8, or of none, where anybody sees it; in any thread.
UnderPen = Callable[[np.ndarray | None], dict[str, Any] | None]


def show(model: SavedModel, image: Image, run_every: float | None = None) -> None:
    """The network of this model with the picture in it.

    run_every: seconds after which it is looked whether that is another one, where no board says so
    """
    here = session.current().living
    here.look_at(_name(model))
    here.is_open = True
    background.album(model.name, model.checksum)  # goes on meanwhile
    with st.container(key="living"):
        with st.container(key="living-parts"):
            _parts()(key="living-picture")
        view.fragment(_tell, run_every=run_every)(model, image)


def under_pen(model: SavedModel | None) -> UnderPen:
    """What shows a drawing that changes on its way through this model, as this page sees it."""
    here, run_id = session.current().living, "" if model is None else _run_of(model)

    def show(image: np.ndarray | None) -> dict[str, Any] | None:
        if not here.is_open or model is None or here.of != _name(model):
            return None
        try:
            return frames.frame(_tracer(model, run_id, here), image, here)
        except _GONE:
            return None  # the page says so, where it is drawn as a whole

    return show


def _tell(model: SavedModel, image: Image) -> None:
    """Tell the picture what it shows."""
    here = session.current().living
    try:
        tracer, picture = _tracer(model, _run_of(model), here), image()
    except _GONE as error:  # it was deleted since the page was drawn
        view.warning(str(error))
        return
    data: dict[str, Any] = {
        "network": here.of,
        "stages": frames.anatomy(tracer),
        "epochs": _epochs(model),
        "frame": frames.frame(tracer, picture, here),
        "near": None,
    }
    if here.pointed is not None:
        near = frames.near(tracer, picture, here.pointed)
        data["near"] = near | _exciting(model, tracer, here.pointed)
    _link()(key=_LINK_KEY, data=data, on_asked_change=lambda: _note_asked(model))


def _exciting(model: SavedModel, tracer: Tracer, pointed: Pointed) -> dict[str, Any]:
    """The training images that excite what is pointed at, or why there are none."""
    if session.current().living.epoch is not None:
        return {"images": [], "words": "Its training images are shown as it answers now."}
    so_far = background.so_far(background.album, model.name, model.checksum)
    album, problem = so_far
    if album is None:
        words = f"The training images are not at hand. {view.without_paths(problem)}"
        return {"images": [], "words": problem and words, "isComing": not problem}
    stage, found = tracer.stages[pointed.stage], album.exciting[pointed.stage]
    images = frames.exciting(stage, pointed.member, found, album.images, album.labels)
    return {"images": images, "words": ""}


def _note_asked(model: SavedModel) -> None:
    """Take in what the browser asks for; what no picture asks for changes nothing."""
    sent = Widget[Any](_LINK_KEY).read(None)
    asked = sent.get("asked") if isinstance(sent, Mapping) else None
    with contextlib.suppress(NotUnderstoodError, *_GONE):
        here = session.current().living
        here.take_in(asked, _tracer(model, _run_of(model), here).stages, _epochs(model))


def _name(model: SavedModel) -> str:
    return f"{model.name} {model.checksum}"


def _tracer(model: SavedModel, run_id: str, here: Watched) -> Tracer:
    """Of the network as it answers, or as it was after the epoch of that run that is looked at.
    Raises as `shared.inspector`."""
    epoch = here.epoch
    if epoch is not None and run_id:
        try:
            return _earlier(model.name, model.checksum, run_id, epoch)
        except _GONE:
            here.epoch = None  # the snapshot has gone since
    return _answering(model.name, model.checksum)


@st.cache_resource(max_entries=4, show_spinner=False)
def _answering(name: str, checksum: str) -> Tracer:
    return Tracer(shared.inspector(name, checksum))


@st.cache_resource(max_entries=4, show_spinner=False)  # of the largest network 40 MB each
def _earlier(name: str, checksum: str, run_id: str, epoch: int) -> Tracer:
    answering = store.get(name)
    weights = shared.replay(run_id).weights(epoch)
    if weights is None:
        raise ValueError(f"the network after epoch {epoch} is gone")
    if answering.checksum != checksum:
        raise ModelNotFoundError(f"The model that was called {name!r} is gone.")
    tflite = reweighting.with_weights(answering.tflite(), weights)
    return Tracer(Inspector(tflite, answering.layers()))


def _run_of(model: SavedModel) -> str:
    """The id of the run that this visitor has seen make this model; "" if there is none."""
    here = session.current()
    for run in ([here.run] if here.run else []) + list(here.runs.values()):
        if run.result and run.result.model == model.name:
            return run.id
    return ""


def _epochs(model: SavedModel) -> list[int]:
    """After which epochs this model's network can be looked into; 0: before the first."""
    run_id = _run_of(model)
    return shared.replay(run_id).epochs() if run_id else []


@st.cache_resource
def _parts():
    """The picture itself; sent once for each page."""
    return components.component("living-network", _HERE, FILES)


@st.cache_resource
def _link():
    return components.link("living-network-link", "living")
