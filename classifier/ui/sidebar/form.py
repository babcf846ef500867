"""The training form; while a run is on, the run stands in its place."""

import contextlib
import dataclasses
from collections.abc import Mapping

import streamlit as st

from classifier import links
from classifier.config import NETWORKS, SETTINGS, TrainConfig
from classifier.ui import session, shared, view
from classifier.ui.presets import Preset
from classifier.ui.session import Widget
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
  const end = new AbortController();
  for (const type of ["pointerenter", "focusin"]) form.addEventListener(type, tell, end);
  if (form.matches(":hover, :focus-within")) tell();
  return () => end.abort();
}
"""
_NETWORK, _FIRST = Widget[str]("network"), "dense"
_ALWAYS_SHOWN = ("network", "data", "epochs", "seconds")
_SECONDS = 20.0  # unless other settings are loaded
_DATA_NAMES = {"auto": "MNIST if possible", "mnist": "MNIST", "generated": "Generated digits"}


def form_or_run() -> None:
    """The form, or the run that is on."""
    st.subheader("Train from scratch", anchor=False)
    here = session.current()
    # A fragment that runs by itself only while there is something to follow.
    view.fragment(run.follow, run_every=run.POLL if here.training else None)()
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
    networks = list(NETWORKS)
    says = _NETWORK.among(networks, _FIRST)
    network = (
        st.segmented_control("Network", networks, default=says, required=True, key=_NETWORK.key)
        or _FIRST
    )
    st.caption(NETWORKS[network])
    preset = here.preset if here.preset and here.preset.config.network == network else None
    if preset:
        st.caption(f"Set as in {preset.origin}.")
        if preset.problem:
            st.warning(preset.problem)
        view.button("Back to standard settings", "standard", _forget, type="tertiary")
    standard = preset.config if preset else TrainConfig.of(network)
    number = preset.number if preset else 0
    # Fields begin anew with each network and preset, which come with values of their own.
    variant = f"{network}-{number}" if preset else network
    values = {"data": _field("data", standard, f"{number}")}
    left, right = st.columns(2)
    with right:
        by_time = view.toggle(
            "By time",
            standard.seconds is not None,
            key=f"by-time-{number}",
            help="Train for some seconds in place of epochs.",
        )
    if by_time != (standard.seconds is not None):
        standard = TrainConfig.of(network, seconds=_SECONDS if by_time else None)
    with left:
        length = "seconds" if by_time else "epochs"
        values[length] = _field(length, standard, variant)
    with st.expander("More settings"):
        values |= _more(network, preset, variant)
    here.asked = {"network": network, **values}
    problem = st.container()
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        view.button("Train", "train", _press_train, type="primary", keys="T")
        st.markdown(f":small[[Link to this form]({links.address(here.asked)})]")
    # Not in the callback: its arguments would be the form's values of the run before, and a value
    # typed just before the click would be lost.
    if here.train_pressed:
        here.train_pressed = False
        try:
            config = TrainConfig.of(network, **values)
            if preset and preset.config == dataclasses.replace(config, title=preset.config.title):
                config = preset.config  # unchanged, so that its title is true
            run.start(config)
        except ValueError as error:
            here.error = str(error)
        st.rerun()
    if here.error:
        problem.error(view.without_paths(here.error))


def _press_train() -> None:
    session.current().train_pressed = True


def fill_in(config: TrainConfig, origin: str, problem: str = "") -> None:
    """Put these settings into the form, saying where they come from, and what of that could not be.
    Before the form is drawn."""
    session.current().put_into_form(config, origin, problem)
    _NETWORK.set(config.network)


def put_back(asked: Mapping[str, object], preset: Preset | None) -> None:
    """Begin the form anew as it was when it asked for this, with that preset in it."""
    others = {name: value for name, value in asked.items() if name != "network"}
    network = str(asked.get("network", _FIRST))
    standard = config = TrainConfig.of(network)
    # A field may have been left with what is no number.
    with contextlib.suppress(ValueError):
        config = TrainConfig.of(network, **others)
    if preset and preset.config == dataclasses.replace(config, title=preset.config.title):
        fill_in(preset.config, preset.origin)
    elif config != standard:
        fill_in(config, "your own settings")
    else:
        _forget()
        _NETWORK.set(network)


def _forget() -> None:
    session.current().preset = None


def _more(network: str, preset: Preset | None, variant: str) -> dict:
    number = preset.number if preset else 0
    standard = preset.config if preset else TrainConfig.of(network)
    values = {"train_size": _field("train_size", standard, f"{number}")}
    if not preset:
        standard = TrainConfig.of(network, train_size=values["train_size"])
        if network == "dense" and view.toggle(
            "As in the article",
            key="article",
            help="Plain rmsprop, batches of 128 and a constant learning rate: slower, to compare.",
        ):
            standard, variant = TrainConfig(network=network), "article"
    # What only some networks have comes last.
    for told in sorted(SETTINGS.values(), key=lambda told: bool(told.networks)):
        has = not told.networks or network in told.networks
        if told.on_page and told.name not in _ALWAYS_SHOWN and has and told.name not in values:
            begins_anew = variant if told.name != "seed" else f"{number}"
            values[told.name] = _field(told.name, standard, begins_anew)
    return values


def _field(name: str, standard: TrainConfig, variant: str) -> object:
    """What the visitor sets, from the standard's value on; the field begins anew with each
    variant, and where the standard batch size changes."""
    told, value = SETTINGS[name], getattr(standard, name)
    if value is None and told.networks:
        value = told.networks[standard.network]
    key = f"{name}-{variant}-{value}" if name == "batch_size" else f"{name}-{variant}"
    if told.choices:
        choices = list(told.choices)
        return st.selectbox(
            told.label,
            choices,
            choices.index(value),
            key=key,
            format_func=lambda choice: _DATA_NAMES.get(choice, choice),
            help="\n\n".join(told.lines),
        )
    if told.kind == "bool":
        return view.toggle(told.label, value, key=key, help=told.help)
    low, high, step, text = told.low, told.high, told.step, told.help
    if told.kind == "int":
        return st.number_input(
            told.label, low, high, value, step or 1, key=key, placeholder="all", help=text
        )
    if step:
        return st.slider(told.label, float(low), high, float(value), step, key=key, help=text)
    return view.decimal(told.label, value, low, high, above=told.above, key=key, help=text)
