"""The tab "Runs": every run of this visitor and every saved model, side by side."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import SETTINGS, TrainConfig
from classifier.events import gap
from classifier.jobs.run import Run
from classifier.names import LONGEST_NAME
from classifier.rights import Visitor
from classifier.serving import store
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.ui import plots, results, session, shared, view
from classifier.ui.session import Widget
from classifier.ui.sidebar import form, models
from classifier.ui.tabs import operating, sweeping

_COMPARED = 4  # laid over each other unless others are chosen
_TO_COMPARE, _CHOSEN = Widget[list[str] | None]("runs-compared"), Widget[str]("run-chosen")
_SETTINGS = {
    field: told.label.lower() for field, told in SETTINGS.items() if field not in ("name", "title")
}


def tab(model: SavedModel | None) -> None:
    """All runs as a table, some of them compared, and what can be done with one."""
    here = session.current()
    models = [m for m in store.list_models()[0] if m.meta.reads_digits]
    by_name = {m.name: m for m in models}
    unfinished = {
        run_id: run
        for run_id, run in here.runs.items()
        if not (run.result and run.result.model in by_name)
    }
    _table(models, unfinished, here)
    sweeping.panel(models)
    if models:
        compared = [by_name[name] for name in _choose(by_name, model)]
        if compared:
            _curves(compared)
            _differences(compared)
            _judged(compared, here)
        _actions(by_name, model, here)
    operating.panel()


def _table(models: list[SavedModel], unfinished: dict[str, Run], here: session.Session) -> None:
    rows = [_row(model, session.owns(model)) for model in models]
    rows += [_unfinished_row(run) for run in reversed(unfinished.values())]
    if not rows:
        st.info("There is no run and no model yet. Train one in the sidebar.")
        return
    share = st.column_config.NumberColumn(format="percent", width="small")
    st.dataframe(
        pa.Table.from_pylist(rows),
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn(pinned=True),
            "training": share,
            "test": share,
            "gap, points": st.column_config.NumberColumn(
                format="%.2f",
                width="small",
                help="Training minus test accuracy, in percentage points.",
            ),
            "seconds": st.column_config.NumberColumn(format="%.1f", width="small"),
        },
        placeholder="–",
        alt=f"{len(rows)} runs and models with data, settings, seconds and accuracies",
        key="runs-table",
    )


def _row(model: SavedModel, own: bool) -> dict:
    metrics = model.meta.metrics
    return {
        "name": model.title,
        "from": "shipped" if model.shipped else "you" if own else "this server",
        "network": _text(model.meta.config.get("network")),
        **_figures(model.test_accuracy, metrics.train_accuracy, metrics.seconds),
        "settings": in_short(model.meta.config),
        "data": model.meta.data.description,
    }


def _unfinished_row(run: Run) -> dict:
    """Of a run whose model is not among the saved ones."""
    config, end = run.started.config if run.started else {}, run.result
    without = "ended without a model" if run.error else "in training"
    figures = (end.test_accuracy, end.train_accuracy, end.seconds) if end else (None,) * 3
    return {
        "name": f"{end.model} (gone)" if end else without,
        "from": "you",
        "network": _text(config.get("network")),
        **_figures(*figures),
        "settings": in_short(config),
        "data": end.data if end else _text(config.get("data")),
    }


def _figures(test: float | None, trained: float | None, seconds: float | None) -> dict:
    points = None if test is None or trained is None else gap(trained, test)
    return {"test": test, "training": trained, "gap, points": points, "seconds": seconds}


def in_short(config: Mapping[str, Any]) -> str:
    """What sets a run apart from its network's standard settings, in a few words."""
    try:
        chosen = TrainConfig(**config)
        standard = TrainConfig.of(chosen.network, train_size=chosen.train_size)
    except (TypeError, ValueError):
        return "settings of another version"
    words = [
        f"{label} {_text(getattr(chosen, field))}"
        for field, label in _SETTINGS.items()
        if getattr(chosen, field) != getattr(standard, field) or (field == "train_size")
        if field not in ("network", "mnist") and getattr(chosen, field) is not None
    ]
    return ", ".join(words) or "standard"


def _text(value: object) -> str:
    if isinstance(value, str):
        return Path(value).name  # where a file is, is nobody's business
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choose(by_name: dict[str, SavedModel], model: SavedModel | None) -> list[str]:
    """Which models are compared: at first those that have curves to lay over each other."""
    chosen = _TO_COMPARE.read(None)
    if chosen is None:
        first = list(dict.fromkeys([*([model.name] if model else []), *by_name]))
        chosen = [name for name in first if by_name[name].meta.history][:_COMPARED]
    there = [name for name in chosen if name in by_name]
    if there != chosen:
        _TO_COMPARE.set(there)
    return st.multiselect(
        "Compare",
        list(by_name),
        there,
        key=_TO_COMPARE.key,
        format_func=lambda name: by_name[name].title,
        placeholder="Choose some models",
    )


def _curves(models: list[SavedModel]) -> None:
    there = {one.title: one.meta.history for one in models if one.meta.history}
    if there:
        results.curves_of_several(there)
    missing = [model.title for model in models if model.title not in there]
    if missing:
        st.caption(f"Without curves, since none were kept: {', '.join(missing)}.")


def _differences(models: list[SavedModel]) -> None:
    """The settings in which they differ, one row each."""
    st.markdown("### Where their settings differ")
    configs = [{**TrainConfig().to_dict(), **model.meta.config} for model in models]
    for config in configs:
        if config["drawings"] is None:
            config["drawings_share"] = None
    names = [model.title for model in models]
    rows, same = [], []
    for field, label in _SETTINGS.items():
        values = [_text(config[field]) for config in configs]
        if len(set(values)) > 1:
            rows.append({"": label} | dict(zip(names, values, strict=True)))
        elif values[0] not in ("–", "no"):
            same.append(f"{label} {values[0]}")
    if rows:
        st.dataframe(pa.Table.from_pylist(rows), hide_index=True, alt="Settings that differ")
    elif len(models) > 1:
        st.caption("Nowhere.")
    else:
        st.caption("Choose another one to compare.")
    st.caption(f"The same throughout: {', '.join(same)}.")


def _judged(models: list[SavedModel], here: session.Session) -> None:
    """The current drawing, asked of each that is compared."""
    with st.container(key="judged"):
        image = here.drawing().network_input
        if image is None:
            st.caption("Draw a digit, and each of them is asked about it here.")
            return
        answers: dict[str, np.ndarray] = {}
        for model in models:
            try:
                predictor = shared.predictor(model.name, model.checksum)
            except (DamagedModelError, ModelNotFoundError):
                continue  # choosing it says what is wrong with it
            answers[model.title] = predictor.probabilities(image[None])[0]
        if answers:
            plots.judged(answers)


def _actions(
    by_name: dict[str, SavedModel], model: SavedModel | None, here: session.Session
) -> None:
    """Answer with one, load its settings, download, rename or delete it."""
    names = list(by_name)
    says = _CHOSEN.among(names, model.name if model else names[0])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="actions"):
        one = by_name[
            st.selectbox(
                "With this one",
                names,
                names.index(says),
                key=_CHOSEN.key,
                format_func=lambda name: by_name[name].title,
                width=280,
            )
        ]
        view.button("Answer with it", "answer-with-it", here.answer_with, one.name)
        view.button("Load into the form", "load-into-form", _load, one.name, one.meta.config)
        models.download(one.name, key="download-run")
        own = session.owns(one)
        with (
            st.popover("Rename", disabled=not own, key="rename"),
            st.form("rename-form", border=False),
        ):
            st.text_input("New name", one.name, max_chars=LONGEST_NAME, key=_new_name(one.name).key)
            st.form_submit_button("Rename", on_click=_rename, args=(one.name,))
        with st.popover("Delete", disabled=not own, key="delete"):
            st.markdown(f"**{one.title}** is gone for good then.")
            view.button("Delete it", "delete-it", _delete, one.name)
    if not own:
        st.caption("Only who trained a model can rename or delete it.")
    if here.run_problem:
        view.warning(here.run_problem)
        here.run_problem = ""


def _new_name(name: str) -> Widget[str]:
    return Widget(f"new-name-{name}")


def _load(name: str, config: Mapping[str, Any]) -> None:
    """Its settings into the training form, but for what the form does not offer: a model to go on
    from, files, a name."""
    unsaid = {field: told.default for field, told in SETTINGS.items() if not told.on_page}
    try:
        settings = TrainConfig(**{**config, **unsaid})
    except (TypeError, ValueError) as error:
        session.current().run_problem = f"{name} has settings that the form does not know: {error}"
        return
    origin = f"{name}, from scratch" if config.get("base") else name
    without = ", without its file of drawings" if config.get("drawings") else ""
    form.fill_in(settings, f"{origin}{without}")


def _rename(old: str) -> None:
    new = _new_name(old).read("").strip()
    if _changed(lambda by: store.rename(old, new, by)):
        here = session.current()
        here.renamed(old, new)
        _CHOSEN.set(new)
        if here.answering == old:
            here.answer_with(new)


def _delete(name: str) -> None:
    _changed(lambda by: store.delete(name, by))


def _changed(change: Callable[[Visitor], object]) -> bool:
    """Change a model of this visitor; where that cannot be, the page says why."""
    try:
        change(session.visitor())
    except (LookupError, ValueError, OSError) as error:
        session.current().run_problem = str(error)
        return False
    return True
