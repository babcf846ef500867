"""A network that learns before a class's eyes: how its host begins that, and what each epoch's
network reads in the class's drawings. That is worked out once, however many windows look.
"""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import streamlit as st

from classifier.config import TrainConfig
from classifier.events import STAGES
from classifier.jobs.run import Run
from classifier.people import filing, rounds, staging, watching
from classifier.people.collection import Kept
from classifier.people.outcomes import Kind, Round, RoundState
from classifier.people.register import Class
from classifier.serving.snapshots import Replay
from classifier.ui import gallery, session, shared, view
from classifier.ui.sidebar import run as sidebar

_PACE = 1.2  # seconds that each epoch is seen at least, however quick the run
# As many epochs as are kept of a run, so that none is missed. Of few drawings each is varied, and
# learned from in many small steps.
_FROM_MNIST = {"epochs": 8}
_FROM_DRAWINGS = {"epochs": 15, "batch_size": 16, "learning_rate": 0.003, "augment": True}
_FILE = "of-the-class.npz"
_TITLE = "From the class alone"
_LONGEST = 200  # characters of what is told of it


@dataclass(frozen=True)
class Scene:
    """What is seen of it now.

    right: for each epoch so far, 0 being before the first, how many of the drawings were read
    rightly; total: how many are read
    answers: to the drawings, by their numbers, after the newest of these epochs
    doing: what the run does, in words; is_over: nothing more comes
    """

    right: list[tuple[int, int]]
    total: int
    answers: dict[int, int]
    doing: str
    is_over: bool


class Watch:
    """One such run on this server. Its method may be called from any session."""

    def __init__(self, run: Run | None, replay: Replay, kept: list[Kept]) -> None:
        """run: None where it is unknown here; kept: the drawings that are read"""
        self.run = run
        self._replay = replay
        self._labels = {one.number: one.label for one in kept}
        pictures = [(one.number, gallery.network_input(one)) for one in kept]
        self._numbers = [number for number, image in pictures if image is not None]
        self._images = np.array([image for _, image in pictures if image is not None])
        self._read: dict[int, dict[int, int]] = {}  # by epoch, then by drawing
        self._asked: set[int] = set()  # the epochs whose network was asked, or is cut
        self._next = 0.0  # when another epoch may be shown
        self._lock = threading.Lock()

    def look(self, there: Collection[int]) -> Scene:
        """How it stands, for those of the drawings that are still there: one epoch more than at the
        last look, if there is one and that was long enough ago."""
        with self._lock:
            if self.run is not None:
                self.run.look()
            left = [one for one in self._replay.epochs() if one not in self._asked]
            if left and time.monotonic() >= self._next:
                self._ask(left.pop(0))
            seen = {number: self._labels[number] for number in self._labels if number in there}
            right = [
                (epoch, sum(read.get(number) == label for number, label in seen.items()))
                for epoch, read in self._read.items()
            ]
            newest = self._read[right[-1][0]] if right else {}
            is_over = not left and (self.run is None or self.run.end is not None)
            answers_now = {number: newest[number] for number in seen if number in newest}
            return Scene(right, len(seen), answers_now, self._doing(right), is_over)

    def _ask(self, epoch: int) -> None:
        self._asked.add(epoch)
        answers = self._replay.answers(epoch, self._images)
        if answers is not None:
            self._read[epoch] = dict(zip(self._numbers, answers.tolist(), strict=True))
            self._next = time.monotonic() + _PACE

    def _doing(self, right: list[tuple[int, int]]) -> str:
        run = self.run
        if run is None or (right and right[-1][0]):
            return f"Epoch {right[-1][0]}" if right else ""
        if right:
            return "Before the first epoch"
        if run.place:
            return f"Waiting: {'1 run goes' if run.place == 1 else f'{run.place} runs go'} first"
        return STAGES[run.progress.stage if run.progress else "starting"]


def begin(there: Class, newest: int, alone: bool) -> None:
    """Start a run before the class's eyes, from MNIST or from its drawings alone. newest: the round
    that the host knows of. Raises ValueError, in words, and as `rounds.start`."""
    here, visitor = session.current(), session.visitor()
    if rounds.newest(visitor, there.number) != newest:
        return  # another window has begun one
    drawn, held = None, tuple[int, ...]()
    if alone:
        split = watching.split(visitor, there.number)
        drawn, held = filing.as_drawings(split.learned), split.held
        chosen = {"drawings": _FILE, "drawings_alone": True, "title": _TITLE, **_FROM_DRAWINGS}
    elif watching.by_seat(visitor, there.number):
        chosen = dict[str, object](_FROM_MNIST)
    else:
        raise ValueError("Nobody has drawn anything yet: the network would have nothing to read.")
    before = here.run
    # The class goes on with its own network, unless the host wants this one.
    sidebar.start(TrainConfig.of("dense", **chosen), drawn, answers=False)
    run = here.run
    if run is None or run is before:
        raise ValueError(here.error)
    try:
        begun = rounds.start(visitor, there.number, Kind.WATCH, newest, run=run.id, held=held)
    except BaseException:
        run.stop(visitor)
        raise
    if begun.run != run.id:
        run.stop(visitor)
    here.watch_begun = True


def look(there: Class, on: Round, drawings: Collection[int] | None = None) -> Scene:
    """How the run stands that the class watches; once it is over, that is told. drawings: those of
    the class that are there, if it is known. Raises as `staging.wall`."""
    visitor = session.visitor()
    if drawings is None:
        found = staging.wall(visitor, there.number, watching.MOST, until=on.began)
        drawings = {one.number for one in found.latest}
    watch = _watch(on.run, on.number, there.number, on)
    scene = watch.look(drawings)
    if scene.is_over and on.state is RoundState.OPEN:
        said = view.without_paths(_changed(there, on, watch.run, scene))
        watching.learned(visitor, there.number, on.number, said[:_LONGEST])
    return scene


@st.cache_resource(max_entries=16, show_spinner=False)
def _watch(run_id: str, round_number: int, class_number: int, _on: Round) -> Watch:
    kept = watching.judges(session.visitor(), class_number, _on)
    return Watch(shared.jobs().find(run_id), shared.replay(run_id), kept)


def told(there: Class, on: Round) -> str:
    """What it learns from, and who judges it, in a sentence."""
    sent = watching.by_seat(session.visitor(), there.number, on)
    if not on.held:
        return "It learns from others’ digits, and has never seen yours."
    learned, people, judged, others = _shares(sent, on.held)
    return (
        f"It learns from {learned:,} drawings of {people} of you. The {judged:,} of the other "
        f"{others} it never sees: they are the test."
    )


def _shares(sent: dict[int, int], held: tuple[int, ...]) -> tuple[int, int, int, int]:
    """How many drawings are learned from and by how many, and how many are held out, by how
    many."""
    judged = [count for seat, count in sent.items() if seat in held]
    learned = min(sum(sent.values()) - sum(judged), watching.MOST_LEARNED)
    return learned, len(sent) - len(judged), sum(judged), len(judged)


def _changed(there: Class, on: Round, run: Run | None, scene: Scene) -> str:
    """Before and after, in a sentence."""
    if run is None:
        return "The run that the class watched is not on this server any more."
    end = run.result
    if end is None:
        return f"The network did not learn: {run.error}"
    if not scene.right:
        return "The network has learned; its epochs are not on this server."
    (_, first), (epochs, last) = scene.right[0], scene.right[-1]
    came = f"{first} of {scene.total} before, and {last} after {epochs} epoch{'s' * (epochs != 1)}."
    if not on.held:
        source = "generated" if end.source == "generated" else "MNIST’s"
        return f"A network that learned from {source} digits read yours: {came}"
    sent = watching.by_seat(session.visitor(), there.number, on)
    learned, people, _, _ = _shares(sent, on.held)
    return (
        f"A network that learned from {learned:,} drawings of {people} of you read the others’: "
        f"{came}"
    )
