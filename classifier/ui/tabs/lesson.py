"""The tab "Lesson": nine steps, each with its code, live objects beside it, and something to try.

Texts, code and experiments are `classifier.lesson`'s.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES, TrainConfig
from classifier.data import sources
from classifier.events import Failed, Finished
from classifier.lesson import steps
from classifier.lesson.experiments import EXPERIMENTS, Experiment
from classifier.lesson.steps import STEPS, Step
from classifier.serving.store import DamagedModelError, ModelNotFoundError, SavedModel
from classifier.ui import charts, curves, gallery, plots, session, shared, view
from classifier.ui.board import board, canvas
from classifier.ui.sidebar import form, run
from classifier.ui.tabs import background, inside, training

_SHOWN = 12  # random images at a time
_STEP_KEY = "lesson-step"


def tab(model: SavedModel | None) -> None:
    """The current step, and the way to the others."""
    here = session.current()
    if here.link_problem:
        st.warning(here.link_problem)
    step = _way(here)
    left, right = st.columns(2, gap="large")
    with left, st.container(key="lesson-words"):
        st.markdown(f"## {list(STEPS).index(step.key) + 1} · {step.title}")
        st.markdown(step.words)
        if step.code:
            st.code(step.code, language="python", wrap_lines=True)
        if step.try_this:
            st.markdown(f":material/touch_app: **Try it.** {step.try_this}")
    with right, st.container(key="lesson-objects"):
        _OBJECTS[step.key](model)
    _experiments(step, here)


def _way(here: session.Session) -> Step:
    """Back, the nine steps, and on."""
    keys = list(STEPS)
    place = keys.index(here.step) if here.step in STEPS else 0
    st.session_state[_STEP_KEY] = keys[place]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="lesson-way"):
        st.button(
            "Back",
            key="lesson-back",
            icon=":material/arrow_back:",
            shortcut=view.shortcut("B"),
            on_click=_go,
            args=(keys[max(place - 1, 0)],),
            disabled=place == 0,
        )
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
        st.segmented_control(
            "Step",
            keys,
            key=_STEP_KEY,
            required=True,
            format_func=lambda key: str(keys.index(key) + 1),
            label_visibility="collapsed",
            on_change=lambda: _go(st.session_state[_STEP_KEY]),
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
            st.button(
                EXPERIMENTS[key].title,
                key=f"try-{key}",
                type="primary" if key == here.experiment else "secondary",
                on_click=_choose,
                args=(step.key, key),
            )
    if here.experiment:
        _experiment(step, EXPERIMENTS[here.experiment], here)


def _choose(step: str, key: str) -> None:
    here = session.current()
    here.experiment = key
    experiment = EXPERIMENTS[key]
    form.fill_in(experiment.config(), f"the lesson’s “{experiment.title}”")
    st.query_params.from_dict(st.query_params.to_dict() | {"lesson": step, "try": key})


def _experiment(step: Step, experiment: Experiment, here: session.Session) -> None:
    config = experiment.config()
    with st.container(border=True, key="experiment"):
        st.markdown(f"**What to expect.** {experiment.expect}")
        runs = [h for h in here.runs.values() if h.started and h.started.config == config.to_dict()]
        end = runs[-1].end if runs else None
        if here.training:
            st.fragment(training.live, run_every=run.POLL)()
        else:
            with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
                if st.button(
                    "Train again" if runs else "Train it",
                    key="lesson-train",
                    type="primary",
                    help="With exactly the settings that the form in the sidebar now has.",
                ):
                    run.start(config)
                    st.rerun()
                st.markdown(f"[Link to this]({steps.link(step.key, experiment.key)})")
            if here.error:
                st.error(here.error)
        with st.container(key="comparison"):
            match end:
                case Finished(stopped=True):
                    st.info("It was stopped early, so there is nothing to compare. Train it again.")
                case Finished():
                    as_expected, words = experiment.judge(
                        end.train_accuracy, end.test_accuracy, end.source
                    )
                    (st.success if as_expected else st.warning)(
                        f"**What came.** {words}",
                        icon=":material/check:" if as_expected else ":material/help:",
                    )
                case Failed(error=error):
                    st.error(error)
        _so_far(here)


def _so_far(here: session.Session) -> None:
    """The results of the experiments that were tried, to compare them with each other."""
    ends = [
        (history.started.config, history.end)
        for history in here.runs.values()
        if history.started and isinstance(history.end, Finished)
    ]
    rows = [
        {
            "experiment": experiment.title,
            "training": end.train_accuracy,
            "test": end.test_accuracy,
            "gap": end.gap,
            "seconds": end.seconds,
        }
        for experiment in EXPERIMENTS.values()
        for config, end in ends
        if config == experiment.config().to_dict()
    ]
    if len(rows) > 1:
        share = st.column_config.NumberColumn(format="percent")
        st.dataframe(
            pa.Table.from_pylist(rows),
            hide_index=True,
            column_config={"training": share, "test": share, "gap": share},
            alt="The experiments so far",
        )


def _drawing() -> np.ndarray | None:
    """The current network input; without one, a word about how to get one."""
    image = session.current().drawing().network_input
    if image is None:
        st.caption("Draw a digit above, or press one of the samples: it is shown here.")
    return image


def _problem(model: SavedModel | None) -> None:
    """The drawing as the network sees it, and what it is to say."""
    image = _drawing()
    if image is not None:
        inside.picture(image, 8, "Your drawing in 28 by 28 pixels")
        st.caption("In: 28 × 28 numbers. Out: one of ten digits.")
    found = _specimens()
    if found is not None:
        _random_images(found)


def _specimens() -> background.Specimens | None:
    return background.result(
        background.specimens,
        "mnist" if sources.mnist_at_hand() else "generated",
        doing="Loading the images",
        failed="No images can be shown.",
    )


def _random_images(found: background.Specimens) -> None:
    """Some training images with their labels, others on request."""
    which = np.random.default_rng(session.current().shuffle).choice(
        len(found.labels), min(_SHOWN, len(found.labels)), replace=False
    )
    items = [
        gallery.Item(
            int(index),
            found.images[index],
            str(found.labels[index]),
            "",
            f"Training image {index} · a {found.labels[index]}",
        )
        for index in which
    ]
    gallery.pictures("specimen", items, board.put)
    st.button("Show others", key="show-others", icon=":material/casino:", on_click=_shuffle)


def _shuffle() -> None:
    session.current().shuffle += 1


def _data(model: SavedModel | None) -> None:
    found = _specimens()
    if found is None:
        return
    st.dataframe(
        pa.table(
            {
                "array": list(found.shapes),
                "shape": [" × ".join(f"{n:,}" for n in s) for s in found.shapes.values()],
                "values": ["0 to 255", "0 to 9"] * 2,
            }
        ),
        hide_index=True,
        alt="The arrays of the data and their shapes",
    )
    st.caption(f"Here: {found.description}.")
    _random_images(found)


def _layers(model: SavedModel | None) -> None:
    with_model(model, lambda m: inside.layers(shared.inspector(m.name, m.checksum)))


def with_model(model: SavedModel | None, show: Callable[[SavedModel], None]) -> None:
    """Show something of the answering model, or say why not."""
    if model is None:
        st.caption("No model answers yet. Train one in the sidebar.")
        return
    try:
        show(model)
    except (DamagedModelError, ModelNotFoundError, ValueError) as error:
        st.warning(str(error))


def _softmax(model: SavedModel | None) -> None:
    """The drawing's ten sums, and the probabilities that softmax makes of them."""

    def show(answering: SavedModel) -> None:
        image = _drawing()
        if image is None:
            return
        inspector = shared.inspector(answering.name, answering.checksum)
        last = inspector.layers[-1]
        if last.kernel is not None:
            sums = inspector.features(image[None])[0] @ last.kernel
            sums = sums + (0 if last.bias is None else last.bias)
            plots.bars("Before softmax: ten sums", sums, ".1f", "The ten sums before softmax.")
        said = shared.ask(answering, image).probabilities
        plots.bars(
            "After softmax: ten probabilities, together 100 %", said, ".0%", charts.in_words(said)
        )

    with_model(model, show)


def _compile(model: SavedModel | None) -> None:
    """The drawing's loss for each label that it might have."""

    def show(answering: SavedModel) -> None:
        image = _drawing()
        if image is None:
            return
        said = shared.ask(answering, image).probabilities
        loss = -np.log(np.clip(said, 1e-7, 1))
        plots.losses(loss)
        digit = int(said.argmax())
        st.caption(
            f"If it is a {digit}, the loss is {loss[digit]:.3f}; if it is anything else, the loss "
            f"is {np.delete(loss, digit).min():.1f} or more. Training makes it small."
        )

    with_model(model, show)


def _prepare(model: SavedModel | None) -> None:
    """The drawing before and after reshaping and scaling."""
    image = _drawing()
    if image is None:
        return
    inside.picture(image, 6, "The drawing, 28 by 28 pixels")
    row = (image.reshape(1, -1) / np.float32(255)).astype(np.float32)
    strip = canvas.png_address(image.reshape(1, -1).repeat(36, axis=0))
    st.image(
        strip,
        caption="The same 784 values in one row",
        alt="784 values in one row",
        width="stretch",
    )
    st.dataframe(
        pa.table(
            {
                "": ["before", "after"],
                "shape": [f"{image.shape}", f"{row.shape}"],
                "type": [str(image.dtype), str(row.dtype)],
                "smallest": [f"{image.min()}", f"{row.min():.1f}"],
                "largest": [f"{image.max()}", f"{row.max():.3f}"],
            }
        ),
        hide_index=True,
        alt="Shape, type and range before and after",
    )


def _labels(model: SavedModel | None) -> None:
    """A label as one-hot, beside what the network says."""
    digit = st.segmented_control(
        "Label", list(range(CLASSES)), default=7, required=True, key="one-hot"
    )
    rows = [{"": f"a {digit}, one-hot"} | {str(k): f"{int(k == digit)}" for k in range(CLASSES)}]
    image = _drawing()
    if image is not None and model is not None:
        try:
            said = shared.ask(model, image).probabilities
            rows.append({"": "your drawing"} | {str(k): f"{said[k]:.2f}" for k in range(CLASSES)})
        except (DamagedModelError, ModelNotFoundError) as error:
            st.warning(str(error))
    st.dataframe(
        pa.Table.from_pylist(rows),
        hide_index=True,
        column_config={str(k): st.column_config.TextColumn(width=38) for k in range(CLASSES)},
        alt="The label as ten numbers",
    )
    st.caption("The network is to give the first row; training moves the second one towards it.")


def _fit(model: SavedModel | None) -> None:
    """The curves of the run that is on, or of the model that answers."""
    here = session.current()
    if here.training and not here.experiment:
        st.fragment(training.live, run_every=run.POLL)()
        return
    st.button(
        "Set the form as in the article",
        key="as-in-the-article",
        on_click=form.fill_in,
        args=(TrainConfig(), "the article"),
    )
    epochs = training.history_of(model) if model else []
    if epochs:
        curves.of_one(epochs, stacked=True)
    else:
        st.caption("Train a network in the sidebar: its curves appear here as it learns.")


def _test(model: SavedModel | None) -> None:
    """The answering model on images it trained on, and on images it never saw."""
    if model is None:
        st.caption("No model answers yet. Train one in the sidebar.")
        return
    trained = training.figure(model, "train_accuracy")
    figures = {"Test images": f"{model.test_accuracy * 100:.2f} %"}
    if trained is not None:
        gap = trained - model.test_accuracy
        figures |= {"Trained on": f"{trained * 100:.2f} %", "Gap, points": f"{gap * 100:.2f}"}
    for place, (name, figure) in zip(st.columns(len(figures)), figures.items(), strict=True):
        place.metric(name, figure)
    epochs = training.history_of(model)
    if epochs:
        curves.of_one(epochs, stacked=True)
    st.caption(f"{model.name}. Which digits it misreads, the tab “{view.TRAINING}” shows.")


_OBJECTS: dict[str, Callable[[SavedModel | None], None]] = {
    "problem": _problem,
    "data": _data,
    "layers": _layers,
    "softmax": _softmax,
    "compile": _compile,
    "prepare": _prepare,
    "labels": _labels,
    "fit": _fit,
    "test": _test,
}
