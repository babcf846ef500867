"""A sweep on the page: which settings it tries, how it goes on, and what it came to.

Its other settings are those of the training form.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from classifier.config import SETTINGS, TrainConfig
from classifier.events import STAGES, Progress
from classifier.jobs import grid, shares
from classifier.jobs.grid import SEED, Value, Values
from classifier.jobs.run import JobError
from classifier.jobs.sweeps import Part, Sweep, SweepState
from classifier.limits import LimitError
from classifier.rights import NotAllowedError
from classifier.serving import saving, store
from classifier.serving.saved import SavedModel
from classifier.settings import Setting
from classifier.ui import charts, memory, results, session, shared, view
from classifier.ui.sidebar import run
from classifier.ui.tabs import planning

_FIRST = "learning_rate"  # is offered first
_SEEDS, _MOST_SEEDS = 3, 10


def panel(models: Sequence[SavedModel]) -> None:
    """The form for a sweep, or the one that is on; and what the last one came to."""
    sweep = shared.sweeps().of(session.visitor())
    with st.expander(
        "Sweep: several settings, several seeds",
        expanded=sweep is not None,
        key="sweep",
        icon=":material/scatter_plot:",
        on_change="rerun",
    ) as box:
        if not box.open:
            return
        if sweep is None or not sweep.is_on:
            _form(models)
        if sweep is not None:
            follow(sweep)
            if not sweep.is_on:
                _models_of(sweep, models)


def start(configs: Sequence[TrainConfig], values: Sequence[Values]) -> None:
    """Start a sweep; if it cannot be started, `Session.sweep_problem` says why. Arguments as for
    `Sweeps.start`."""
    here, visitor = session.current(), session.visitor()
    here.sweep_problem = ""
    try:
        saving.check_room(visitor.digest, len(configs))
        shared.sweeps().start(configs, values, visitor)
    except (JobError, LimitError, NotAllowedError) as error:
        here.sweep_problem = str(error)


def follow(sweep: Sweep) -> None:
    """How a sweep goes on, and what it has come to so far."""
    view.fragment(partial(_follow, sweep.is_on), run_every=run.POLL if sweep.is_on else None)()


def _follow(was_on: bool) -> None:
    sweep = shared.sweeps().of(session.visitor())
    if sweep is None or (was_on and not sweep.is_on):
        memory.give_back()
        st.rerun()  # the whole page: its models are among the others, and this stops by itself
    if sweep.is_on:
        _progress(sweep)
    else:
        _ended(sweep)
    _errors(sweep.record.parts)
    rows = sweep.rows
    if any(row.accuracies for row in rows):
        with st.container(key="sweep-chart"):
            results.sweep(rows)
        if rows[0].values:
            _table(rows)
        st.caption(
            "Spread: the standard deviation. Two of three runs are no farther from the mean."
        )


def _progress(sweep: Sweep) -> None:
    parts = sweep.record.parts
    over = sum(part.is_over for part in parts)
    with st.container(key="sweep-progress"):
        st.progress(over / len(parts), f"{over} of {len(parts)} runs are done{_left(sweep)}")
        for part in parts:
            if part.run and not part.is_over:
                st.caption(f"{grid.in_words(part.values)}: {_stage(part)}")
    stopping = sweep.state is SweepState.STOPPING
    label = "Stopping …" if stopping else "Stop all"
    view.button(label, "stop-sweep", stop, sweep, disabled=stopping)


def _left(sweep: Sweep) -> str:
    seconds = sweep.seconds_left
    return "" if seconds is None else f", about {_long(seconds)} left"


def _stage(part: Part) -> str:
    """How far a run is, in words."""
    here = session.current()
    if part.run not in here.sweep_runs:
        found = shared.jobs().find(part.run)
        if found is None:
            return "gone"
        here.sweep_runs = {part.run: found} | dict(list(here.sweep_runs.items())[:8])
    one = here.sweep_runs[part.run]
    one.look()
    if one.place:
        return f"waits, {one.place} {'run goes' if one.place == 1 else 'runs go'} first"
    said = one.progress or Progress(stage="starting")
    words = STAGES[said.stage].lower() if said.stage != "starting" else STAGES["starting"]
    epoch = f", epoch {said.epoch}" if said.epoch else ""
    right = "" if said.accuracy is None else f", accuracy {said.accuracy:.1%}"
    return words + epoch + right


def stop(sweep: Sweep) -> None:
    """Let all its runs end early."""
    shared.sweeps().stop(sweep, session.visitor())


def _ended(sweep: Sweep) -> None:
    parts = sweep.record.parts
    done = f"{sum(part.accuracy is not None for part in parts)} of {len(parts)} runs are done"
    match sweep.state:
        case SweepState.STOPPED:
            st.info(f"The sweep was stopped: {done}.")
        case SweepState.CUT_SHORT:
            view.warning(f"The sweep has ended early, {done}: {sweep.record.why}")
        case SweepState.LOST:
            st.warning(f"The sweep ended with the server that carried it out: {done}.")


def _errors(parts: Sequence[Part]) -> None:
    """Why runs have ended without a model, each reason once."""
    for error in dict.fromkeys(part.error for part in parts if part.error):
        which = [part for part in parts if part.error == error]
        view.warning(f"{grid.in_words(which[0].values)}{_others(len(which) - 1)}: {error}")


def _others(count: int) -> str:
    return f" and {count} other{'s' * (count > 1)}" if count else ""


def _table(rows: Sequence[grid.Row]) -> None:
    columns: dict[str, list] = {
        grid.label_of(field): [grid.text_of(row.values[field]) for row in rows]
        for field in rows[0].values
    }
    columns["runs"] = [len(row.accuracies) for row in rows]
    columns["mean"] = [row.mean for row in rows]
    columns["spread, points"] = [
        None if row.spread is None else round(100 * row.spread, 2) for row in rows
    ]
    charts.table(columns, "Mean and spread of the test accuracy", ["mean"])


def _models_of(sweep: Sweep, models: Sequence[SavedModel]) -> None:
    """Its models can go together: each takes a place of those that one may have."""
    ids = {part.model_id for part in sweep.record.parts if part.model_id}
    own = [model.name for model in models if model.id in ids and session.owns(model)]
    if own:
        with st.popover(f"Delete its {len(own)} models", key="delete-sweep"):
            st.markdown("They are gone for good then. The chart and the table stay.")
            view.button("Delete them", "delete-sweep-now", _delete, own)


def _delete(names: Sequence[str]) -> None:
    for name in names:
        try:
            store.delete(name, session.visitor())
        except (LookupError, ValueError, OSError) as error:
            session.current().run_problem = str(error)


def _form(models: Sequence[SavedModel]) -> None:
    here = session.current()
    asked = here.asked or {"network": next(iter(planning.PACE))}
    fields = [
        name for name, told in SETTINGS.items() if planning.can_vary(told, str(asked["network"]))
    ]
    lists: dict[str, Sequence[Value]] = {}
    problem = ""
    for label, key, among in (
        ("Setting", "sweep-first", fields),
        ("And", "sweep-second", [None, *fields]),
    ):
        left, right = st.columns(2)
        with left:
            field = st.selectbox(
                label,
                [name for name in among if name not in lists],
                fields.index(_FIRST) if None not in among else 0,
                key=key,
                format_func=lambda name: SETTINGS[name].label if name else "nothing else",
            )
        if field is None:
            continue
        with right:
            try:
                lists[field] = _values(SETTINGS[field], asked)
            except ValueError as error:
                lists[field], problem = [], problem or str(error)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sweep-start"):
        seeds = st.number_input("Seeds", 1, _MOST_SEEDS, _SEEDS, key="sweep-seeds", width=140)
        pressed = view.button("Start the sweep", "start-sweep", None, type="primary")
    try:
        if problem:
            raise ValueError(problem)
        values, configs = planning.planned(lists | {SEED: range(1, int(seeds) + 1)}, asked)
        shares.check_sweep(configs, session.visitor())
        saving.check_room(session.visitor().digest, len(configs))
    except ValueError as error:  # a LimitError is one
        view.warning(str(error))
        return
    if pressed:
        start(configs, values)
        st.rerun()
    at_once = min(shared.jobs().side_by_side, len(configs))
    each = "one after the other" if at_once == 1 else f"{at_once} at a time"
    runs = "1 run" if len(configs) == 1 else f"{len(configs)} runs, {each}"
    time = _long(planning.about(configs, models) / max(at_once, 1))
    own = ", or each network’s own" if "network" in lists else ""
    st.caption(
        f"{runs}: about {time}. All other settings are those of the form in the sidebar{own}."
    )
    if here.sweep_problem:
        view.error(here.sweep_problem)


def _values(told: Setting, asked: Mapping[str, object]) -> list[Value]:
    """What the visitor gives for one setting. Raises ValueError."""
    key = f"sweep-{told.name}-{asked['network']}"
    if told.choices or told.kind == "bool":
        choices: list[Value] = list(told.choices) or [False, True]
        if told.name == "network":
            choices = list(planning.PACE)
        return st.multiselect("Values", choices, choices, key=key, format_func=grid.text_of)
    offered = ", ".join(map(grid.text_of, planning.offered(told, asked.get(told.name))))
    text = st.text_input("Values", offered, key=key, help="With commas between them.")
    return grid.values_of(told.name, text)


def _long(seconds: float) -> str:
    """A span of time, roughly."""
    if seconds < 90:
        return f"{max(10 * round(seconds / 10), 10)} seconds"
    return f"{round(seconds / 60)} minutes"
