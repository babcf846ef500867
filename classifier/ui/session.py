"""What one visitor's session holds, in one typed object."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from classifier.config import CLASSES, TrainConfig
from classifier.events import Finished
from classifier.ink import drawings, preparing
from classifier.ink.layout import Part
from classifier.ink.preparing import Prepared
from classifier.jobs.run import Run
from classifier.people import classroom, collection, visitors
from classifier.people.collection import Doubt, Kept, Labelled
from classifier.people.outcomes import Round
from classifier.people.register import Class
from classifier.rights import Action, NotAllowedError, Visitor
from classifier.serving import store
from classifier.serving.predict import Readings
from classifier.serving.saved import SavedModel
from classifier.ui import hearing, memory
from classifier.ui.board.moving import Moving
from classifier.ui.board.sketch import Sketch
from classifier.ui.door import COOKIE
from classifier.ui.living.frames import Watched
from classifier.ui.presets import Before, Preset
from classifier.ui.reading.brought import Brought
from classifier.ui.wall.told import Told

T = TypeVar("T")


@dataclass(frozen=True)
class Widget(Generic[T]):
    """What the widget of this name says, where code has to know it outside, or to set it before the
    widget is drawn.

    What it says is its default, too, each time it is drawn. Streamlit tells the browser of a value
    in the session's state in one run only, and what the browser drops of that run, since another
    has overtaken it, is never said again.

    What was set is said by a new widget: what the browser says of the old one may have been sent
    before it heard of the change, and would undo it.
    """

    name: str

    @property
    def key(self) -> str:
        """What the widget that says it now is drawn with."""
        number = current().renewed.get(self.name, 0)
        return f"{self.name}-{number}" if number else self.name

    def read(self, otherwise: T) -> T:
        """What it says now; if it says nothing yet, what it was set to, or else `otherwise`."""
        was_set = current().set_to
        if self.key in st.session_state:
            was_set.pop(self.name, None)  # it has begun with that
            return st.session_state[self.key]
        return was_set.get(self.name, otherwise)

    def among(self, options: Sequence[T], first: T) -> T:
        """Which of these it says; it begins anew, with `first`, if it says another."""
        if self.read(first) not in options:
            self.forget()
        return self.read(first)

    def set(self, value: T) -> None:
        """Let it say this from its next drawing on."""
        if self.key not in st.session_state or st.session_state[self.key] != value:
            self.forget()
            current().set_to[self.name] = value

    def forget(self) -> None:
        """Let it begin anew."""
        current().set_to.pop(self.name, None)
        if self.key in st.session_state:
            del st.session_state[self.key]
            renewed = current().renewed
            renewed[self.name] = renewed.get(self.name, 0) + 1


@dataclass(frozen=True)
class Confirmed:
    """A drawing that was stored: its label, its number in the store, and `Sketch.version` then."""

    label: int
    number: int
    version: tuple[str, int]


@dataclass
class Session:
    """One visitor's page."""

    sketch: Sketch = field(default_factory=Sketch)
    living: Watched = field(default_factory=Watched)  # the network as one picture
    moving: Moving = field(default_factory=Moving)  # what answers while the pen moves
    heard: object = None  # the board's message, until it is taken in
    ear_off: bool = False  # the canvas component sends by itself
    loaded: dict | None = None  # what it was given to show, where the ear is off
    prepared: Prepared = field(default_factory=lambda: preparing.prepare_strokes([], 1, 1))
    widgets: dict[str, object] | None = None  # their values when the whole page was drawn last
    toggles: set[str] = field(default_factory=set)  # the keys of all that were drawn
    renewed: dict[str, int] = field(default_factory=dict)  # how often a widget was; see `Widget`
    set_to: dict[str, Any] = field(default_factory=dict)  # what a widget has not begun to say yet
    answering: str | None = None  # the name of the model that answers
    train_pressed: bool = False  # and the form has not seen it yet
    drawing_used: bool = False  # whether the open tab shows something of the drawing
    greeted: bool = False  # whether the whole page has been sent once
    run: Run | None = None  # that this page follows
    run_answers: bool = True  # its model, once there is one
    runs: dict[str, Run] = field(default_factory=dict)  # this visitor's own, oldest first
    sweep_runs: dict[str, Run] = field(default_factory=dict)  # of this visitor's sweep, by id
    sweep_problem: str = ""  # why the last sweep could not be started
    asked: dict[str, object] = field(default_factory=dict)  # the training form's settings
    operator: bool = False  # whether this page was shown the operator's key
    key_problem: str = ""  # why what it was shown in place of it opens nothing
    error: str = ""  # why the last run could not be started
    run_problem: str = ""  # why something could not be done with a saved model
    preset: Preset | None = None
    step: str = ""  # of the lesson; "": the first
    experiment: str = ""  # of the lesson, that is set up now
    before: Before | None = None  # the experiments, while there is a way back
    model_problem: str = ""  # why not the model answers that the page's address names
    link_problem: str = ""  # what is wrong with the lesson that the page's address names
    shuffle: int = 0  # how often other images were asked for
    cookie: str | None = None  # of this browser, when it was looked at last
    secret: str = ""  # in it, if this server has given it
    answer: int | None = None  # what the drawing was read as, if it is one digit,
    doubt: Doubt = Doubt.NONE  # and how surely
    number: list[Part] = field(default_factory=list)  # its digits, if it is a number of several
    pictures: int = 0  # how many were brought
    picture_problem: str = ""  # why the last could not be
    brought: Brought | None = None  # the last, as long as it is shown
    asked_of_picture: object = None  # what the browser asks for there, until it is taken in
    kept: Confirmed | None = None  # what was confirmed last, while it can be taken back
    label_problem: str = ""  # why a drawing could not be stored
    round: int | None = None  # how far a guided round has come
    shown_drawing: int = 0  # the number of the collection's that is on the canvas; 0: none
    uploads: int = 0  # how many files were uploaded
    upload_said: str = ""  # what became of the last,
    upload_problem: str = ""  # or why it was refused
    wall: list[Kept] = field(default_factory=list)  # the class's latest drawings, as shown last
    wall_clicked: bool = False  # a drawing of the class, and the canvas does not show it yet
    wall_told: Told = field(default_factory=Told)  # what the wall of the class has, if this is one
    wall_pressed: str = ""  # a key of it
    wall_living: str = ""  # which model it shows as one picture; "": none
    class_opened: bool = False  # and the way in was not shown yet
    watch_begun: bool = False  # a run for the class, and the sidebar does not show it yet
    there: Class | None = None  # that this visitor has joined, as it stood when last looked at
    class_round: Round | None = None  # that is on there, as far as this page has heard
    class_total: int = 0  # drawings of the host's class when the whole tab was drawn,
    class_drawn: float = 0.0  # and when that was, by the monotonic clock
    readings: Readings = field(default_factory=Readings)  # of drawings in "Our handwriting"

    def follow(self, run: Run, *, own: bool, answers: bool = True) -> None:
        """Watch this run, which is the visitor's own or another's; answers: whether its model does
        from its end on, if it is their own."""
        self.run, self.run_answers = run, own and answers
        if own:
            self.runs[run.id] = run
        self.error = ""

    def answer_with(self, name: str | None) -> None:
        """Let this model answer from the next run of the whole page on."""
        self.answering = name
        ANSWERING.forget()  # and begin with this one

    @property
    def class_number(self) -> int | None:
        """Of the class that this visitor has joined."""
        return None if self.there is None else self.there.number

    def be_in_class(self, there: Class | None) -> None:
        """Draw for that class from now on, or for oneself: what was stored elsewhere is not told
        here, nor taken back."""
        before, self.there = self.class_number, there
        if self.class_number != before:
            self.kept = None

    def drawing(self) -> Prepared:
        """The current drawing, for a tab: it is drawn anew after each stroke from now on."""
        self.drawing_used = True
        return self.prepared

    def put_into_form(self, config: TrainConfig, origin: str, problem: str = "") -> None:
        """Begin the training form anew with these settings."""
        number = 1 if self.preset is None else self.preset.number + 1
        self.preset = Preset(config, origin, number, problem)

    def found(self, end: Finished) -> None:
        """A run of this visitor has made a model; it may have been renamed since."""
        for model in store.list_models()[0]:
            if end.id and model.id == end.id:
                self.renamed(end.model, model.name)

    @property
    def training(self) -> bool:
        """Whether the followed run has not ended yet, as far as this page has heard."""
        return self.run is not None and self.run.end is None

    def renamed(self, old: str, new: str) -> None:
        """Know a model of this visitor by its new name from now on."""
        for run in self.runs.values():
            if run.result and run.result.model == old:
                run.end = dataclasses.replace(run.result, model=new)


def shut(popover: str) -> None:
    """Close the popover of this key, which tells when it is opened, as by a press within it."""
    st.session_state[popover] = False


ANSWERING = Widget[str | None]("answering-model-name")


def current() -> Session:
    """This visitor's state."""
    if "session" not in st.session_state:
        st.session_state["session"] = Session()
    return st.session_state["session"]


def let_go(file: UploadedFile) -> None:
    """Free what an uploaded file takes, which Streamlit holds as long as its page is open."""
    context = get_script_run_ctx()
    if context is not None:
        memory.forget_upload(context.session_id, file.file_id)


def widget_values() -> dict[str, object]:
    """What all widgets of this visitor's page say, by their keys."""
    return {str(key): value for key, value in st.session_state.items()}


def visitor() -> Visitor:
    """Who this page is drawn for: whoever has the secret in its cookie. Whoever has none may look,
    and has nothing."""
    secret, is_operator = _secret(), current().operator
    if not secret:
        return Visitor("", is_operator)
    return visitors.visitor_of(secret, operator=is_operator)


def _secret() -> str:
    here, cookie = current(), st.context.cookies.get(COOKIE, "")
    if here.cookie != cookie:  # at first, or when another browser has taken over this page
        here.cookie, here.operator = cookie, False
        here.secret = cookie if visitors.is_token(cookie) else ""
    return here.secret


def payer() -> str:
    """For whom `hearing.charge` counts what is done for this page."""
    return _secret() or st.context.ip_address or hearing.THIS_MACHINE


def counted(draw: Callable[..., None]) -> Callable[..., None]:
    """The same, and what it takes counts for this visitor, whom it holds up if it is too much."""

    @functools.wraps(draw)
    def run(*arguments: object) -> None:
        # Not asked in the end, when Streamlit may have been told to stop, and ends what asks it.
        whose = payer()
        try:
            draw(*arguments)
        finally:
            hearing.charge(whose)

    return run


def owns(model: SavedModel) -> bool:
    """Whether this visitor may rename and delete the model."""
    try:
        visitor().check(Action.DELETE_MODEL, owner=model.meta.owner)
    except NotAllowedError:
        return False
    return not model.shipped


def send(label: int, model: SavedModel | None) -> None:
    """Keep what is on the canvas as this digit: in the class that the visitor has joined, else in
    their own collection. Another label for the same drawing replaces the first, and the same is
    kept once, however often the browser had to send it. Raises as `classroom.send`.
    """
    here = current()
    version = here.sketch.version
    drawing, others = _on_canvas(label, "" if model is None else model.name)
    if here.class_number is None:
        number = collection.keep(visitor(), drawing)
    else:
        number = classroom.send(visitor(), here.class_number, drawing)
    if here.kept is None:  # another server may have stored it before
        collection.remove_sent(visitor(), others)
    elif here.kept.version == version and here.kept.number != number:
        collection.remove(visitor(), here.kept.number)
    here.kept = Confirmed(label, number, version)


def _on_canvas(label: int, said_by: str) -> tuple[Labelled, list[str]]:
    """What is on the canvas as this digit, and the ids that it has as others."""
    here = current()
    cut = None if here.sketch.under is None else here.sketch.under.kept_as
    if cut is not None:
        ids = [collection.picture_id(cut.snippet, one, here.class_number) for one in range(CLASSES)]
        drawing = collection.of_snippet(
            cut.snippet, label, cut.sheet, ids[label], here.answer, said_by, here.doubt
        )
    else:
        lines, pen = here.sketch.lines, here.sketch.pen
        # What a reload, or another tab, takes along is another drawing elsewhere, or with other
        # ink.
        what = (here.sketch.version, drawings.digest(lines), here.class_number)
        ids = [
            hashlib.sha256(repr((what, one)).encode()).hexdigest()[:16] for one in range(CLASSES)
        ]
        drawing = Labelled(ids[label], label, lines, pen, here.answer, said_by, doubt=here.doubt)
    return drawing, [*ids[:label], *ids[label + 1 :]]
