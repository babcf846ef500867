"""The training form; while a run is on, the run stands in its place."""

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
from classifier.ui import session, shared, view
from classifier.ui.sidebar import run

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
_NETWORK_KEY = "network"
_DATA_NAMES = {"auto": "MNIST if possible", "mnist": "MNIST", "generated": "Generated digits"}


def form_or_run() -> None:
    """The form, or the run that is on."""
    st.subheader("Train from scratch", anchor=False)
    here = session.current()
    # A fragment that runs by itself only while there is something to follow.
    st.fragment(run.follow, run_every=run.POLL if here.training else None)()
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
            run.start(TrainConfig.of(network, **values))
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
