"""The run that this page follows: progress while it is on, then its result."""

import contextlib

import streamlit as st

from classifier.config import TrainConfig
from classifier.database.interface import CollectionError
from classifier.events import STAGES, Finished, Fit, Progress, fit, gap_in_words
from classifier.ink.drawings import Contents
from classifier.jobs.run import JobError, Run, RunState
from classifier.limits import LimitError
from classifier.people import classroom
from classifier.rights import Action, NotAllowedError, Visitor
from classifier.serving import saving, store
from classifier.serving.saved import SavedModel
from classifier.ui import figures, memory, session, shared, view
from classifier.ui.sidebar import models

POLL = 0.5  # seconds between two looks at a run
_TESTED_ON = {"mnist": "test images of MNIST", "generated": "generated digits"}  # by source
_PARAMETER = "run"  # in the page's address, so that a refresh finds the run again


def find() -> None:
    """After a refresh, follow the run that the page's address names, or else this visitor's own
    that has not ended. An address shows a run to anybody; it makes it nobody's own."""
    here = session.current()
    run_id, run = st.query_params.get(_PARAMETER), None
    if here.run is not None:
        return
    if run_id:
        run = shared.jobs().find(run_id)
    elif not here.greeted:
        run = shared.jobs().of(session.visitor())
    if run is None:
        st.query_params.pop(_PARAMETER, None)
    else:
        here.follow(run, own=run.owner == session.visitor().digest)
        _look(here, run)


def start(config: TrainConfig, drawn: Contents | None = None, *, answers: bool = True) -> None:
    """Start a run and follow it; if it cannot be started, `Session.error` says why. config, drawn:
    as for `Jobs.submit`; answers: whether its model answers here from its end on."""
    here, visitor = session.current(), session.visitor()
    try:
        saving.check_room(visitor.digest)
        run = shared.jobs().submit(config, drawn, visitor, host=_is_host(visitor))
    except (JobError, LimitError, NotAllowedError) as error:
        here.error = str(error)
        return
    figures.watch(run.id)
    here.follow(run, own=True, answers=answers)
    st.query_params[_PARAMETER] = run.id


def _is_host(visitor: Visitor) -> bool:
    """Whether a class waits for what this visitor does."""
    with contextlib.suppress(CollectionError):
        return classroom.has_class(visitor)
    return False


def throw_away(model: SavedModel) -> None:
    """Delete a model that a run of this visitor made; what it went on from answers again."""
    here = session.current()
    try:
        store.delete(model.name, session.visitor())
    except (LookupError, ValueError, OSError) as error:
        here.error = str(error)
        return
    leave()
    here.answer_with(model.meta.base.name if model.meta.base else None)


def _look(here: session.Session, run: Run) -> None:
    """Hear what is new of the run; the model that the visitor's own has made answers."""
    run.look()
    if run.result and run.id in here.runs:
        here.found(run.result)
        if here.run_answers:
            here.answer_with(run.result.model)


def follow() -> None:
    """The followed run: progress while it is on, then its result."""
    here = session.current()
    run = here.run
    if run is None:
        return
    if here.training:
        _look(here, run)
        if not here.training:
            shared.jobs().get_ready()  # one run is seldom the last
            memory.give_back()
            st.rerun()  # the whole page: the new model answers, and this stops running by itself
    if here.training:
        _progress(run)
    with st.container(key="training-result"):
        if run.result:
            _result(run.result, own=run.id in here.runs)
        elif run.error:
            view.error(run.error)


def _let_answer(name: str) -> None:
    here = session.current()
    here.run_answers = True
    here.answer_with(name)


def _progress(run: Run) -> None:
    progress, stopping = run.progress, run.state is RunState.STOPPING
    with st.container(key="training-progress"):
        if progress is None:
            text = "Starting"
        elif run.place:
            text = f"Waiting: {'1 run goes' if run.place == 1 else f'{run.place} runs go'} first"
        elif progress.stage == "training":
            of = f" of {progress.epochs}" if progress.epochs else ""
            text = f"Epoch {progress.epoch}{of}"
        else:
            text = STAGES[progress.stage]
        if stopping:
            text = f"Stopping · {text}"
        st.progress(progress.fraction or 0.0 if progress else 0.0, text)
        network = run.started.config.get("network") if run.started else "Network"
        st.caption(_figures(progress) or f"{network} · a few seconds")
        if run.attempt > 1:
            st.caption("Started again on another machine: the first is gone.")
    if _may_stop(run):
        view.button("Stop", "stop", _stop, run, disabled=stopping, keys="S")
    else:
        st.caption("Another visitor trains this network.")
        view.button("Back to the form", "leave-run", leave)


def _may_stop(run: Run) -> bool:
    with contextlib.suppress(NotAllowedError):
        session.visitor().check(Action.STOP_RUN, owner=run.owner)
        return True
    return False


def _stop(run: Run) -> None:
    run.stop(session.visitor())


def leave() -> None:
    """Follow no run any more."""
    session.current().run = None
    st.query_params.pop(_PARAMETER, None)


def _figures(progress: Progress | None) -> str:
    if progress is None:
        return ""
    parts = [progress.note.rstrip(".")] if progress.note else []
    if progress.accuracy is not None:
        parts.append(f"accuracy {progress.accuracy:.1%}")
    if progress.seconds_left is not None:
        parts.append(f"{progress.seconds_left:.0f} s left")
    if progress.images_per_second:
        parts.append(f"{progress.images_per_second:,.0f} images/s")
    return " · ".join(parts)


def _result(end: Finished, *, own: bool) -> None:
    here = session.current()
    figures = end.train_accuracy, end.test_accuracy, end.test_images
    tell = st.warning if fit(*figures) is Fit.NOTHING else st.success
    tell(
        f"{'Stopped early. ' if end.stopped else ''}"
        f"Test accuracy {end.test_accuracy * 100:.2f} %: right that often on "
        f"{_TESTED_ON.get(end.source, 'digits')} that it never saw, "
        f"{end.train_accuracy * 100:.2f} % on those it trained on, {gap_in_words(*figures)}."
    )
    whose = " Another visitor trained it." if not own else " It answers now." * here.run_answers
    st.caption(f"{end.data}: {end.train_images:,} training images, {end.seconds:.0f} s.{whose}")
    if own and not here.run_answers:
        view.button("Let it answer", "let-it-answer", _let_answer, end.model, icon="chat")
    models.download(end.model, key="download-result", icon=":material/download:")
