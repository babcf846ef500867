"""The run that this page follows: progress while it is on, then its result."""

import streamlit as st

from classifier.config import TrainConfig
from classifier.events import STAGES, Finished, Fit, Progress, fit, gap_in_words
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError
from classifier.jobs.run import Run, RunState
from classifier.serving import store
from classifier.serving.saved import SavedModel
from classifier.ui import session, shared, view
from classifier.ui.sidebar import models

POLL = 0.5  # seconds between two looks at a run
_PARAMETER = "run"  # in the page's address, so that a refresh finds the run again


def find() -> None:
    """After a refresh, follow the run that the page's address names."""
    run_id = st.query_params.get(_PARAMETER)
    here = session.current()
    if run_id and here.run is None:
        run = shared.jobs().find(run_id)
        if run is None:
            del st.query_params[_PARAMETER]
        else:
            here.follow(run)
            _look(here, run)


def start(config: TrainConfig, drawn: Drawings | None = None) -> None:
    """Start a run and follow it; if it cannot be started, `Session.error` says why. Arguments as
    for `LocalJobs.submit`."""
    here = session.current()
    try:
        run = shared.jobs().submit(config, drawn)
    except JobError as error:
        here.error = str(error)
        return
    here.follow(run)
    st.query_params[_PARAMETER] = run.id


def throw_away(model: SavedModel) -> None:
    """Delete a model that a run of this visitor made; what it went on from answers again."""
    here = session.current()
    if here.owns(model.name):
        try:
            store.delete(model.name)
        except (LookupError, ValueError, OSError) as error:
            here.error = str(error)
            return
        here.run = None
        st.query_params.pop(_PARAMETER, None)
        here.answer_with(model.meta.base.name if model.meta.base else None)


def _look(here: session.Session, run: Run) -> None:
    """Hear what is new of the run; the model that it has made is the visitor's, and answers."""
    run.look()
    if run.result:
        here.claim(run.result)
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
            shared.return_memory()
            st.rerun()  # the whole page: the new model answers, and this stops running by itself
    if here.training:
        _progress(run)
    with st.container(key="training-result"):
        if run.result:
            _result(run.result)
        elif run.error:
            st.error(run.error)


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
    view.button("Stop", "stop", run.stop, disabled=stopping, keys="S")


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


def _result(end: Finished) -> None:
    figures = end.train_accuracy, end.test_accuracy, end.test_images
    tell = st.warning if fit(*figures) is Fit.NOTHING else st.success
    tell(
        f"{'Stopped early. ' if end.stopped else ''}"
        f"Test accuracy {end.test_accuracy * 100:.2f} %: right that often on digits it never saw, "
        f"{end.train_accuracy * 100:.2f} % on those it trained on, {gap_in_words(*figures)}."
    )
    st.caption(
        f"{end.data}: {end.train_images:,} training images, {end.seconds:.0f} s. It answers now."
    )
    models.download(end.model, key="download-result", icon=":material/download:")
