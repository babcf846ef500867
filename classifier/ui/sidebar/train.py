"""The sidebar: which model answers, the training form, and the run as it goes on."""

from __future__ import annotations

import streamlit as st

from classifier.config import (
    ACTIVATIONS,
    CLASSES,
    DATA_SOURCES,
    HIDDEN_UNITS,
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MAX_IMAGES,
    MAX_SECONDS,
    MAX_SHARE,
    MAX_UNITS,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    TrainConfig,
)
from classifier.events import STAGES, Failed, Finished, History, Progress
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError, RunState
from classifier.serving import store
from classifier.serving.store import SavedModel
from classifier.ui import session, shared, view

POLL = 0.5  # seconds between two looks at a run
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
MODEL_KEY, _SECOND_KEY, _NETWORK_KEY = "answering-model", "second-model", "network"
_NOBODY = "Nobody"
_RUN_PARAMETER = "run"  # in the page's address, so that a refresh finds the run again
_DATA_NAMES = {"auto": "MNIST if possible", "mnist": "MNIST", "generated": "Generated digits"}


def find_run() -> None:
    """After a refresh, follow the run that the page's address names."""
    run_id = st.query_params.get(_RUN_PARAMETER)
    here = session.current()
    if run_id and here.reader is None:
        if shared.jobs().state(run_id) is RunState.UNKNOWN:
            del st.query_params[_RUN_PARAMETER]
        else:
            here.follow(run_id)
            _listen(here)


def choose_models() -> tuple[SavedModel | None, SavedModel | None]:
    """The model that answers, the newest run's at once when it has finished; and who answers beside
    it, if anybody does."""
    models, problems = store.list_models()
    by_name = {m.name: m for m in models if m.meta.reads_digits}
    wanted = st.session_state.pop("answer-with", None)
    if wanted in by_name:
        st.session_state[MODEL_KEY] = wanted
    if by_name and st.session_state.get(MODEL_KEY) not in by_name:
        st.session_state[MODEL_KEY] = next(iter(by_name))  # said to the browser, too
    with st.container(key="answering"):
        name = st.selectbox(
            "Answering model",
            list(by_name),
            key=MODEL_KEY,
            format_func=lambda n: f"{n} · {by_name[n].test_accuracy:.1%}",
            help="The share is its accuracy on test digits that it never saw.",
            placeholder="No model yet: train one",
        )
        if name is not None:
            st.caption(f"Learned from {by_name[name].meta.data.description}.")
        for problem in problems:
            st.warning(problem)
    other = st.selectbox(
        "Beside it",
        [_NOBODY, *(one for one in by_name if one != name)],
        key=_SECOND_KEY,
        format_func=lambda n: f"{n} · {by_name[n].test_accuracy:.1%}" if n in by_name else n,
        help="A second model answers on the same drawing, in bars of another colour. A network in "
        "training does so by itself.",
    )
    return by_name.get(name), by_name.get(other)


def training() -> None:
    """The form, or the run that is on."""
    st.subheader("Train from scratch", anchor=False)
    here = session.current()
    # A fragment that runs by itself only while there is something to follow.
    st.fragment(_run, run_every=POLL if here.training else None)()
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
        _touch_component()(on_touched_change=shared.jobs().get_ready)


@st.cache_resource
def _touch_component():
    return st.components.v2.component("training-touch", js=_TOUCH)


def _form() -> None:
    here = session.current()
    if st.session_state.get(_NETWORK_KEY) is None:
        st.session_state[_NETWORK_KEY] = "dense"
    network = st.segmented_control("Network", list(NETWORKS), required=True, key=_NETWORK_KEY)
    st.caption(NETWORKS[network])
    preset = here.preset if here.preset and here.preset.config.network == network else None
    if preset:
        st.caption(f"Set as in {preset.origin}.")
        st.button("Back to standard settings", key="standard", type="tertiary", on_click=_forget)
    standard = preset.config if preset else TrainConfig.of(network)
    # Fields begin anew with each network and preset, which come with values of their own.
    variant = f"{network}-{preset.number}" if preset else network
    values: dict = {}
    values["data"] = st.selectbox(
        "Data",
        list(DATA_SOURCES),
        list(DATA_SOURCES).index(standard.data),
        key=f"data-{preset.number if preset else 0}",
        format_func=_DATA_NAMES.get,
        help=_help(DATA_SOURCES),
    )
    left, right = st.columns(2)
    with right:
        by_time = view.toggle(
            "By time",
            standard.seconds is not None,
            key=f"by-time-{preset.number if preset else 0}",
            help="Train for some seconds in place of epochs.",
        )
    if by_time:
        with left:
            values["seconds"] = view.decimal(
                "Seconds", standard.seconds or 20, 0.001, MAX_SECONDS, key=f"seconds-{variant}"
            )
    else:
        values["epochs"] = left.number_input(
            "Epochs",
            1,
            MAX_EPOCHS,
            standard.epochs or TrainConfig.of(network).epochs,
            key=f"epochs-{variant}",
            help="How many times it sees every training image.",
        )
    with st.expander("More settings"):
        values |= _more(network, preset)
    problem = st.container()
    st.button(
        "Train", key="train", type="primary", shortcut=view.shortcut("T"), on_click=_press_train
    )
    # Not in the callback: its arguments would be the form's values of the run before, and a value
    # typed just before the click would be lost.
    if here.train_pressed:
        here.train_pressed = False
        try:
            start(TrainConfig.of(network, **values))
        except ValueError as error:
            here.error = str(error)
        st.rerun()
    if here.error:
        problem.error(here.error)


def _press_train() -> None:
    session.current().train_pressed = True


def fill_in(config: TrainConfig, origin: str) -> None:
    """Put these settings into the form, saying where they come from. Before the form is drawn."""
    session.current().put_into_form(config, origin)
    st.session_state[_NETWORK_KEY] = config.network


def _forget() -> None:
    session.current().preset = None


def _help(choices: dict[str, str]) -> str:
    return "\n\n".join(choices.values())


def _more(network: str, preset: session.Preset | None) -> dict:
    number = preset.number if preset else 0
    size = st.number_input(
        "Training images",
        CLASSES,
        MAX_IMAGES,
        preset and preset.config.train_size,
        step=1000,
        key=f"size-{number}",
        placeholder="all",
        help="Fewer images: quicker, and more overfitting.",
    )
    standard, variant = TrainConfig.of(network, train_size=size), network
    if preset:
        standard, variant = preset.config, f"{network}-{number}"
    elif network == "dense" and view.toggle(
        "As in the article",
        key="article",
        help="Plain rmsprop, batches of 128 and a constant learning rate: slower, to compare.",
    ):
        standard, variant = TrainConfig(network=network), "article"
    values = {
        "train_size": size,
        "batch_size": st.number_input(
            "Batch size",
            1,
            MAX_BATCH_SIZE,
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
        "learning_rate": view.decimal(
            "Learning rate",
            standard.learning_rate,
            1e-9,
            100.0,
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
            0.95,
            float(standard.dropout),
            0.05,
            key=f"dropout-{variant}",
            help="Share of units left out at each step: works against overfitting.",
        ),
        "augment": view.toggle(
            "Vary the images",
            standard.augment,
            key=f"augment-{variant}",
            help="Turns, stretches and shifts each image a little, anew in every epoch.",
        ),
        "styles": st.slider(
            "Other handwriting",
            0.0,
            MAX_SHARE,
            float(standard.styles),
            0.05,
            key=f"styles-{variant}",
            help="Share of generated digits among the images: for styles that the data lack.",
        ),
        "shuffle_labels": view.toggle(
            "Shuffle the labels",
            standard.shuffle_labels,
            key=f"shuffle-{variant}",
            help="Gives each training image another one's label: nothing is left to understand.",
        ),
        "seed": st.number_input(
            "Seed",
            0,
            2**31 - 1,
            standard.seed,
            key=f"seed-{number}",
            help="The same seed gives the same result.",
        ),
    }
    if network in HIDDEN_UNITS:
        values["hidden_units"] = st.number_input(
            "Hidden units",
            1,
            MAX_UNITS,
            standard.hidden_units or HIDDEN_UNITS[network],
            key=f"units-{variant}",
            help="Of the layer before the ten outputs: more can tell more apart.",
        )
        values["activation"] = st.selectbox(
            "Activation",
            list(ACTIVATIONS),
            list(ACTIVATIONS).index(standard.activation),
            key=f"activation-{variant}",
            help=_help(ACTIVATIONS),
        )
    return values


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
    st.query_params[_RUN_PARAMETER] = run_id


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
        st.query_params.pop(_RUN_PARAMETER, None)
        st.session_state["answer-with"] = model.meta.base and model.meta.base.name


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
        st.session_state["answer-with"] = here.history.end.model


def _run() -> None:
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
