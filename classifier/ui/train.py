"""The sidebar: which model answers, the training form, and the run as it goes on."""

from __future__ import annotations

import io
import zipfile

import streamlit as st

from classifier import store
from classifier.config import (
    DATA_SOURCES,
    DETECTOR,
    MAX_SHARE,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    TrainConfig,
)
from classifier.events import STAGES, Failed, Finished, Progress
from classifier.jobs import JobError, RunState
from classifier.store import SavedModel
from classifier.ui import charts, state

_POLL = 0.5  # seconds between two looks at a run
# Tells the server, once a minute at most, that a pointer or the keyboard has come to the form.
_TOUCH = """
export default function ({ setTriggerValue }) {
  const form = document.querySelector(".st-key-training-form");
  let told = -Infinity;
  const tell = () => {
    if (performance.now() - told > 60000) {
      told = performance.now();
      setTriggerValue("touched", true);
    }
  };
  form.addEventListener("pointerenter", tell);
  form.addEventListener("focusin", tell);
  if (form.matches(":hover, :focus-within")) tell();
  return () => {
    form.removeEventListener("pointerenter", tell);
    form.removeEventListener("focusin", tell);
  };
}
"""
_MODEL_KEY = "answering-model"
_RUN_PARAMETER = "run"  # in the page's address, so that a refresh finds the run again
_DATA_NAMES = {"auto": "MNIST if possible", "mnist": "MNIST", "generated": "Generated digits"}


def find_run() -> None:
    """After a refresh, follow the run that the page's address names."""
    run_id = st.query_params.get(_RUN_PARAMETER)
    here = state.session()
    if run_id and here.reader is None:
        if state.jobs().state(run_id) is RunState.UNKNOWN:
            del st.query_params[_RUN_PARAMETER]
        else:
            here.follow(run_id)
            _listen(here)


def choose_model() -> SavedModel | None:
    """The model that answers; the newest run's at once when it has finished."""
    models, problems = store.list_models()
    by_name = {m.name: m for m in models if m.meta["config"].get("network") != DETECTOR}
    wanted = st.session_state.pop("answer-with", None)
    if wanted in by_name:
        st.session_state[_MODEL_KEY] = wanted
    if st.session_state.get(_MODEL_KEY) not in by_name:
        st.session_state.pop(_MODEL_KEY, None)
    with st.container(key="answering"):
        name = st.selectbox(
            "Answering model",
            list(by_name),
            key=_MODEL_KEY,
            format_func=lambda n: f"{n} · {by_name[n].test_accuracy:.1%}",
            help="The share is its accuracy on test digits that it never saw.",
            placeholder="No model yet: train one",
        )
        if name is not None:
            st.caption(f"Learned from {by_name[name].meta['data']['description']}.")
        for problem in problems:
            st.warning(problem)
    return by_name.get(name)


def training() -> None:
    """The form, or the run that is on."""
    st.subheader("Train from scratch", anchor=False)
    here = state.session()
    # A fragment that runs by itself only while there is something to follow.
    st.fragment(_run, run_every=_POLL if here.training else None)()
    if not here.training:
        with st.container(key="training-form"):
            _form()
            _await_touch()


def _await_touch() -> None:
    """Whoever comes to the form may train soon: TensorFlow is loaded meanwhile.

    No fragment: the browser sends what happens within 10 ms as one message, and in that of a
    fragment a click on Train would be lost.
    """
    with st.container(key="training-touch"):
        _touch_component()(on_touched_change=state.jobs().get_ready)


@st.cache_resource
def _touch_component():
    return st.components.v2.component("training-touch", js=_TOUCH)


def _form() -> None:
    network = st.segmented_control(
        "Network", list(NETWORKS), default="dense", required=True, key="network"
    )
    st.caption(NETWORKS[network])
    standard = TrainConfig.of(network)
    # Keys with the network in them: another network comes with its own defaults.
    values: dict = {}
    values["data"] = st.selectbox(
        "Data", list(DATA_SOURCES), format_func=_DATA_NAMES.get, help=_help(DATA_SOURCES)
    )
    left, right = st.columns(2)
    by_time = right.toggle("By time", help="Train for some seconds in place of epochs.")
    if by_time:
        values["seconds"] = left.number_input("Seconds", 1.0, 3600.0, 20.0, step=5.0)
    else:
        values["epochs"] = left.number_input(
            "Epochs",
            1,
            100,
            standard.epochs,
            key=f"epochs-{network}",
            help="How many times it sees every training image.",
        )
    with st.expander("More settings"):
        values |= _more(network)
    problem = st.container()
    # No callback: its arguments would be the form's values of the run before, and a value typed
    # just before the click would be lost.
    if st.button("Train", key="train", type="primary"):
        _start(network, values)
        st.rerun()
    if state.session().error:
        problem.error(state.session().error)


def _help(choices: dict[str, str]) -> str:
    return "\n\n".join(choices.values())


def _more(network: str) -> dict:
    size = st.number_input(
        "Training images",
        100,
        60_000,
        None,
        step=1000,
        placeholder="all",
        help="Fewer images: quicker, and more overfitting.",
    )
    standard, variant = TrainConfig.of(network, train_size=size), network
    if network == "dense" and st.toggle(
        "As in the article",
        help="Plain rmsprop, batches of 128 and a constant learning rate: slower, to compare.",
    ):
        standard, variant = TrainConfig(network=network), "article"
    return {
        "train_size": size,
        "batch_size": st.number_input(
            "Batch size",
            1,
            10_000,
            standard.batch_size,
            key=f"batch-{variant}-{standard.batch_size}",
            help="Images for each step.",
        ),
        "optimizer": st.selectbox(
            "Optimizer",
            list(OPTIMIZERS),
            list(OPTIMIZERS).index(standard.optimizer),
            key=f"optimizer-{variant}",
            help=_help(OPTIMIZERS),
        ),
        "learning_rate": st.number_input(
            "Learning rate",
            0.00001,
            10.0,
            standard.learning_rate,
            step=0.0005,
            format="%.5f",
            key=f"rate-{variant}",
            help="How far each step goes.",
        ),
        "schedule": st.selectbox(
            "Learning rate over time",
            list(SCHEDULES),
            list(SCHEDULES).index(standard.schedule),
            key=f"schedule-{variant}",
            help=_help(SCHEDULES),
        ),
        "dropout": st.slider(
            "Dropout",
            0.0,
            0.9,
            standard.dropout,
            0.05,
            key=f"dropout-{variant}",
            help="Share of units left out at each step: works against overfitting.",
        ),
        "augment": st.toggle(
            "Vary the images",
            standard.augment,
            key=f"augment-{variant}",
            help="Turns, stretches and shifts each image a little, anew in every epoch.",
        ),
        "styles": st.slider(
            "Other handwriting",
            0.0,
            MAX_SHARE,
            standard.styles,
            0.05,
            key=f"styles-{variant}",
            help="Share of generated digits among the images: for styles that the data lack.",
        ),
        "seed": st.number_input(
            "Seed", 0, 2**31 - 1, standard.seed, help="The same seed gives the same result."
        ),
    }


def _start(network: str, values: dict) -> None:
    here = state.session()
    try:
        run_id = state.jobs().submit(TrainConfig.of(network, **values))
    except (ValueError, JobError) as error:
        here.error = str(error)
        return
    here.follow(run_id)
    st.query_params[_RUN_PARAMETER] = run_id


def _stop() -> None:
    here = state.session()
    here.stopping = True
    state.jobs().stop(here.reader.run_id)


def _listen(here: state.Session) -> None:
    """Hear what is new of the followed run, and notice when it has ended."""
    # In this order: a process that has ended has written all that it will ever write.
    ended = state.jobs().state(here.reader.run_id) is not RunState.ACTIVE
    for event in here.reader.new_events():
        here.history.add(event)
    if ended and here.history.end is None:
        here.history.add(state.jobs().post_mortem(here.reader.run_id))
    if isinstance(here.history.end, Finished):
        st.session_state["answer-with"] = here.history.end.model


def _run() -> None:
    """The followed run: progress while it is on, then its result."""
    here = state.session()
    if here.reader is None:
        return
    if here.training:
        _listen(here)
        if not here.training:
            state.jobs().get_ready()  # one run is seldom the last
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
    if history.epochs:
        charts.curves(history.epochs)


def _progress(here: state.Session, progress: Progress | None) -> None:
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
    st.button("Stop", key="stop", on_click=_stop, disabled=here.stopping)


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
        data=lambda: _as_zip(end.model),
        file_name=f"{end.model}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
    )


def _as_zip(name: str) -> bytes:
    """A model's folder as a zip file."""
    folder = store.get(name).folder
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for part in sorted(folder.iterdir()):
            file.write(part, f"{name}/{part.name}")
    return buffer.getvalue()
