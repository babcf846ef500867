"""An experiment of the lesson in the training form, and the way back to what was there before."""

from dataclasses import replace

import streamlit as st

from classifier.config import TrainConfig
from classifier.lesson.steps import EXPERIMENTS, Experiment
from classifier.ui import session
from classifier.ui.presets import Before
from classifier.ui.sidebar import form, run


def begin(experiment: Experiment) -> None:
    """Put its settings into the form. What it takes the place of is remembered, and stays so while
    other experiments follow. Before the form is drawn."""
    here = session.current()
    before = Before(here.answering, dict(here.asked), here.preset)
    if here.before and _is_of_experiment(here):
        before = replace(before, answering=here.before.answering)
    if here.before and here.preset and here.preset.config in _configs():
        before = replace(before, asked=here.before.asked, preset=here.before.preset)
    here.before = before
    form.fill_in(experiment.config(), f"the lesson’s “{experiment.title}”")


def note_who_answers() -> None:
    """Where the page begins with an experiment, nobody had been chosen before it."""
    here = session.current()
    if here.before and here.before.answering is None:
        here.before = replace(here.before, answering=here.answering)


def is_another_model() -> bool:
    """Whether another model answers than before the experiments."""
    here = session.current()
    return here.before is not None and here.before.answering not in (None, here.answering)


def is_changed() -> bool:
    """Whether that, or the form, is another than before the experiments."""
    here = session.current()
    before = here.before
    return is_another_model() or (before is not None and here.preset is not before.preset)


def end() -> None:
    """Let the model before answer again, and put the form back as it was."""
    here, before = session.current(), session.current().before
    if before is None:
        return
    if is_another_model():
        here.answer_with(before.answering)
        run.leave()
    here.before, here.experiment = None, ""
    st.query_params.pop("try", None)
    form.put_back(before.asked, before.preset)


def _configs() -> list[TrainConfig]:
    return [experiment.config() for experiment in EXPERIMENTS.values()]


def _is_of_experiment(here: session.Session) -> bool:
    """Whether an experiment of this visitor has made the model that answers."""
    configs = [config.to_dict() for config in _configs()]
    return any(
        one.result.model == here.answering and one.started.config in configs
        for one in here.runs.values()
        if one.result and one.started
    )
