"""The tab "Lesson": ten steps, each with its code, and something to try.

Texts, code and experiments are `classifier.lesson`'s; what stands beside them, `lesson_objects`'.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from classifier.events import gap
from classifier.jobs import grid
from classifier.jobs.grid import SEED
from classifier.jobs.sweeps import same
from classifier.lesson import handout, steps
from classifier.lesson.steps import EXPERIMENTS, STEPS, Experiment, Step
from classifier.serving.saved import SavedModel
from classifier.ui import charts, session, shared, view
from classifier.ui.session import Widget
from classifier.ui.sidebar import run, trying
from classifier.ui.tabs import lesson_objects, sweeping, training

_STEP = Widget[str]("lesson-step")
_FILES = (
    ("Notebook", handout.NOTEBOOK, handout.notebook, "application/x-ipynb+json"),
    ("Script", handout.SCRIPT, handout.script, "text/x-python"),
)


def tab(model: SavedModel | None) -> None:
    """The current step, and the way to the others."""
    here = session.current()
    if here.link_problem:
        view.warning(here.link_problem)
    trying.note_who_answers()
    step = _way(here)
    if not here.experiment:
        _way_back(here)
    left, right = st.columns(2, gap="large")
    with left, st.container(key="lesson-words"):
        st.markdown(f"## {list(STEPS).index(step.key) + 1} · {step.title}")
        st.markdown(f"{step.words} Beside this: {step.beside}.")
        if step.code:
            st.code(step.code, language="python", wrap_lines=True)
        if step.try_this:
            # Whoever reads this has scrolled the canvas away.
            words = re.sub(r"^Draw\b", "[Draw](#canvas)", step.try_this)
            st.markdown(f":material/touch_app: **Try it.** {words}")
    with right, st.container(key="lesson-objects"):
        lesson_objects.show(step.key, model)
    _experiments(step, here)
    _take_home()


def _take_home() -> None:
    """The whole lesson, without the page."""
    st.markdown("### Take it home")
    with st.container(horizontal=True, gap="small", key="take-home"):
        for label, name, make, kind in _FILES:
            key, icon = f"lesson-{label.lower()}", ":material/download:"
            view.download(name, partial(_made, make), key=key, icon=icon, label=label, kind=kind)
        with st.popover("All the code", icon=":material/code:"):
            st.code(handout.code(), language="python", wrap_lines=True)


def _made(make: Callable[[], str]) -> bytes:
    return make().encode()


def _way(here: session.Session) -> Step:
    """Back, the steps, and on."""
    keys = list(STEPS)
    place = keys.index(here.step) if here.step in STEPS else 0
    _STEP.set(keys[place])
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="lesson-way"):
        before, first = keys[max(place - 1, 0)], place == 0
        view.button("Back", "lesson-back", _go, before, icon="arrow_back", disabled=first, keys="B")
        st.button(
            "Next",
            key="lesson-next",
            icon=":material/arrow_forward:",
            icon_position="right",
            shortcut=view.shortcut("N"),
            on_click=_go,
            args=(keys[min(place + 1, len(keys) - 1)],),
            disabled=place == len(keys) - 1,
        )
        st.pills(
            "Step",
            keys,
            default=keys[place],
            key=_STEP.key,
            required=True,
            format_func=lambda key: f"{keys.index(key) + 1} · {STEPS[key].title}",
            label_visibility="collapsed",
            wrap=True,
            on_change=lambda: _go(_STEP.read(keys[place])),
        )
    return STEPS[keys[place]]


def _go(step: str) -> None:
    """Show another step, and say so in the page's address."""
    here = session.current()
    here.step, here.experiment, here.link_problem = step, "", ""
    st.query_params["lesson"] = step
    st.query_params.pop("try", None)


def _experiments(step: Step, here: session.Session) -> None:
    """What to try at this step: it sets the training form, says what to expect, and compares."""
    keys = list(step.experiments)
    if here.experiment and here.experiment not in keys:
        keys.append(here.experiment)  # a link may name one of another step
    if not keys:
        return
    st.markdown("### Try")
    with st.container(horizontal=True, gap="small", key="experiments"):
        for key in keys:
            view.button(
                EXPERIMENTS[key].title,
                f"try-{key}",
                partial(_choose, step.key, key),
                type="primary" if key == here.experiment else "secondary",
            )
    if here.experiment:
        _experiment(step, EXPERIMENTS[here.experiment], here)


def _choose(step: str, key: str) -> None:
    session.current().experiment = key
    trying.begin(EXPERIMENTS[key])
    st.query_params.from_dict(st.query_params.to_dict() | {"lesson": step, "try": key})


def _way_back(here: session.Session) -> None:
    """To the model and the settings before the experiments, once one of them has changed that."""
    if here.training or not trying.is_changed():
        return
    what = "model" if trying.is_another_model() else "settings"
    text = "The model that answered before answers again, and the form is as it was."
    view.button(f"Back to the {what} before", "lesson-undo", trying.end, icon="undo", help=text)


def _with_seeds(step: Step, experiment: Experiment, here: session.Session) -> None:
    """One that is trained with several seeds, as a sweep."""
    values = [{SEED: seed} for seed in experiment.seeds]
    config, what = experiment.config(), experiment.title.rstrip("?")
    configs = [grid.titled(replace(config, seed=one[SEED]), one, what) for one in values]
    sweep = shared.sweeps().of(session.visitor())
    if sweep and sweep.record.settings != same(configs):
        sweep = None
    if sweep is None or not sweep.is_on:
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            label = "Train again" if sweep else f"Train it {len(values)} times"
            text = (
                "With exactly the settings that the form in the sidebar now has, but for the seed."
            )
            if view.button(label, "lesson-train", None, type="primary", help=text):
                sweeping.start(configs, values)
                st.rerun()
            _way_back(here)
            st.markdown(f"[Link to this]({steps.link(step.key, experiment.key)})")
        if here.sweep_problem:
            view.error(here.sweep_problem)
    if sweep is None:
        return
    sweeping.follow(sweep)
    (row,) = sweep.rows
    with st.container(key="comparison"):
        if not sweep.is_on and row.mean is not None and row.spread is not None:
            source = next(part.source for part in sweep.record.parts if part.accuracy is not None)
            _came(*experiment.judge_seeds(row.mean, row.spread, source))


def _came(as_expected: bool, words: str) -> None:
    tell = st.success if as_expected else st.warning
    icon = ":material/check:" if as_expected else ":material/help:"
    tell(f"**What came.** {words}", icon=icon)


def _experiment(step: Step, experiment: Experiment, here: session.Session) -> None:
    config = experiment.config()
    with st.container(border=True, key="experiment"):
        st.markdown(f"**What to expect.** {experiment.expect}")
        if experiment.seeds:
            _with_seeds(step, experiment, here)
            return
        runs = [r for r in here.runs.values() if r.started and r.started.config == config.to_dict()]
        end = runs[-1].result if runs else None
        if here.training:
            view.fragment(training.live, run_every=run.POLL)()
        else:
            with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
                label = "Train again" if runs else "Train it"
                text = "With exactly the settings that the form in the sidebar now has."
                if view.button(label, "lesson-train", None, type="primary", help=text):
                    run.start(config)
                    st.rerun()
                _way_back(here)
                st.markdown(f"[Link to this]({steps.link(step.key, experiment.key)})")
            if here.error:
                view.error(here.error)
        with st.container(key="comparison"):
            if end and end.stopped:
                st.info("It was stopped early, so there is nothing to compare. Train it again.")
            elif end:
                _came(*experiment.judge(end.train_accuracy, end.test_accuracy, end.source))
            elif runs and runs[-1].error:
                view.error(runs[-1].error)
        _so_far(here)


def _so_far(here: session.Session) -> None:
    """The results of the experiments that were tried, to compare them with each other."""
    ends = [
        (run.started.config, run.result) for run in here.runs.values() if run.started and run.result
    ]
    rows = [
        {
            "experiment": experiment.title,
            "training": end.train_accuracy,
            "test": end.test_accuracy,
            "gap, points": gap(end.train_accuracy, end.test_accuracy),
            "seconds": end.seconds,
        }
        for experiment in EXPERIMENTS.values()
        for config, end in ends
        if config == experiment.config().to_dict()
    ]
    if len(rows) > 1:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        charts.table(columns, "The experiments so far", ["training", "test"])
