"""The run that this page follows: progress while it is on, then its result."""

from __future__ import annotations

import streamlit as st

from classifier.config import TrainConfig
from classifier.events import STAGES, Failed, Finished, History, Progress
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError, RunState
from classifier.serving import store
from classifier.serving.store import SavedModel
from classifier.ui import session, shared, view

POLL = 0.5  # seconds between two looks at a run
_PARAMETER = "run"  # in the page's address, so that a refresh finds the run again


def find() -> None:
    """After a refresh, follow the run that the page's address names."""
    run_id = st.query_params.get(_PARAMETER)
    here = session.current()
    if run_id and here.reader is None:
        if shared.jobs().state(run_id) is RunState.UNKNOWN:
            del st.query_params[_PARAMETER]
        else:
            here.follow(run_id)
            _listen(here)


def start(config: TrainConfig, drawn: Drawings | None = None) -> None:
    """Start a run and follow it; if it cannot be started, `Session.error` says why. Arguments as
    for `LocalJobs.submit`."""
    here = session.current()
    try:
        run_id = shared.jobs().submit(config, drawn)
    except JobError as error:
        here.error = str(error)
        return
    here.follow(run_id)
    st.query_params[_PARAMETER] = run_id


def throw_away(model: SavedModel) -> None:
    """Delete a model that a run of this visitor made; what it went on from answers again."""
    here = session.current()
    if here.owns(model.name):
        try:
            store.delete(model.name)
        except (LookupError, ValueError, OSError) as error:
            here.error = str(error)
            return
        here.reader, here.history = None, History()
        st.query_params.pop(_PARAMETER, None)
        here.answer_with(model.meta.base and model.meta.base.name)


def _stop() -> None:
    here = session.current()
    here.stopping = True
    shared.jobs().stop(here.reader.run_id)


def _listen(here: session.Session) -> None:
    """Hear what is new of the followed run, and notice when it has ended."""
    # In this order: a process that has ended has written all that it will ever write.
    ended = shared.jobs().state(here.reader.run_id) is not RunState.ACTIVE
    for event in here.reader.new_events():
        here.history.add(event)
    if ended and here.history.end is None:
        here.history.add(shared.jobs().post_mortem(here.reader.run_id))
    if isinstance(here.history.end, Finished):
        here.claim(here.history.end)
        here.answer_with(here.history.end.model)


def follow() -> None:
    """The followed run: progress while it is on, then its result."""
    here = session.current()
    if here.reader is None:
        return
    if here.training:
        _listen(here)
        if not here.training:
            shared.jobs().get_ready()  # one run is seldom the last
            shared.return_memory()
            st.rerun()  # the whole page: the new model answers, and this stops running by itself
    history = here.history
    if history.end is None:
        _progress(here, history.progress)
    with st.container(key="training-result"):
        match history.end:
            case Finished() as end:
                _result(end)
            case Failed(error=error):
                st.error(error)


def _progress(here: session.Session, progress: Progress | None) -> None:
    config = here.history.started.config if here.history.started else {}
    with st.container(key="training-progress"):
        if progress is None:
            text = "Starting"
        elif progress.stage == "waiting":
            before = "1 run goes" if progress.place == 1 else f"{progress.place} runs go"
            text = f"Waiting: {before} first"
        elif progress.stage == "training":
            of = f" of {progress.epochs}" if progress.epochs else ""
            text = f"Epoch {progress.epoch}{of}"
        else:
            text = STAGES[progress.stage]
        if here.stopping:
            text = f"Stopping · {text}"
        st.progress(progress.fraction or 0.0 if progress else 0.0, text)
        st.caption(_figures(progress) or f"{config.get('network', 'Network')} · a few seconds")
    st.button(
        "Stop",
        key="stop",
        shortcut=view.shortcut("S"),
        on_click=_stop,
        disabled=here.stopping,
    )


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
    stopped = "Stopped early. " if end.stopped else ""
    meaning = "the difference is overfitting" if end.gap >= 0.002 else "no overfitting to speak of"
    st.success(
        f"{stopped}Test accuracy {end.test_accuracy * 100:.2f} %: right that often on digits it "
        f"never saw, {end.train_accuracy * 100:.2f} % on those it trained on: {meaning}."
    )
    st.caption(
        f"{end.data}: {end.train_images:,} training images, {end.seconds:.0f} s. It answers now."
    )
    st.download_button(
        "Download",
        data=lambda: store.as_zip(end.model),
        file_name=f"{end.model}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
    )
