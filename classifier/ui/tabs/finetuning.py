"""Going on from the answering model with drawings, and what that changed for whom."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from classifier.config import MAX_SHARE, TrainConfig
from classifier.ink import drawings
from classifier.people import filing
from classifier.people.collection import Kept
from classifier.serving.meta import Tuned
from classifier.serving.saved import SavedModel
from classifier.ui import session, view
from classifier.ui.board import labelling
from classifier.ui.sidebar import run

FILE = "our-handwriting.npz"
_SHARE_KEY = "drawings-share"
_LEAST = 5  # drawings from which something can be learned and judged
_MANY = 50  # drawings: of fewer a share would say more than is known


def form(
    model: SavedModel, counts: np.ndarray, readable: int, load: Callable[[], list[Kept]]
) -> None:
    """The share of the drawings, and the button that begins; what the last one gave.

    counts: (10,) int, how many drawings there are of each digit
    readable: in how many of them there is a digit to see; load: gives the drawings
    """
    here = session.current()
    st.markdown("### Learn from them")
    _before_and_after(model)
    if readable < _LEAST:
        st.caption(f"From {_LEAST} drawings on a network can learn from them.")
        return
    if model.meta.config.get("drawings_alone"):
        st.caption(
            f"{model.title} has learned from drawings alone: let another model answer, to go on "
            "from that one."
        )
        return
    try:
        config = TrainConfig.fine_tuning(model.name, model.meta.config, model.source, FILE)
    except (TypeError, ValueError) as error:
        view.error(str(error))
        return
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        share = st.slider(
            "Share of these drawings",
            0.05,
            MAX_SHARE,
            config.drawings_share,
            0.05,
            key=f"{_SHARE_KEY}-{config.network}",
            format="percent",
            width=280,
            help="The rest is what it learned from before, so that it does not forget.",
        )
        chosen = dataclasses.replace(config, drawings_share=share)
        view.button(
            f"Fine-tune {model.title}",
            "fine-tune",
            lambda: _begin(chosen, load),
            type="primary",
            disabled=here.training,
        )
    source = "generated digits" if model.source == "generated" else "MNIST"
    there = np.flatnonzero(counts)
    st.caption(
        f"Of the images it goes on with, {share:.0%} are these drawings, each time a little "
        f"different, and {1 - share:.0%} {source}."
        + (f" Only {', '.join(map(str, sorted(there)))} is among them." * (len(there) == 1))
    )
    if here.error:
        view.error(here.error)


def _begin(config: TrainConfig, load: Callable[[], list[Kept]]) -> None:
    try:
        drawn = filing.as_drawings(load())
    except labelling.PROBLEMS as error:  # all may be gone by now
        session.current().error = str(error)
        return
    run.start(config, drawn)


def _before_and_after(model: SavedModel) -> None:
    """What a model that went on from another reads better, on drawings it had not learned from."""
    tuned = model.meta.metrics.tuned
    if tuned is None:
        return
    unseen = "it or others of its sheet" if tuned.by_sheet else "it"
    unseen = "whoever drew it" if tuned.by_writer else unseen
    words = f"{model.title}: {_everyone(tuned)}"
    n, before, after = map(np.array, (tuned.n, tuned.before, tuned.after))
    changed = [
        f"{d}s {before[d] / n[d]:.0%} → {after[d] / n[d]:.0%}"
        for d in np.argsort(before - after, kind="stable")
        if before[d] != after[d]
    ]
    note = (
        f"Measured on {n.sum():,} drawings, each by a network that had not learned from "
        f"{unseen}: {tuned.folds} folds."
    )
    with st.container(key="before-and-after"):
        st.markdown(words + (f"  \n{', '.join(changed)}" * bool(changed)))
        st.caption(note)
        here = session.current()
        result = here.run and here.run.result
        if result and result.model == model.name and session.owns(model):
            view.button("Throw it away", "throw-away", run.throw_away, model, icon="delete")


def _everyone(tuned: Tuned) -> str:
    n, before, after = map(sum, (tuned.n, tuned.before, tuned.after))
    ours = f"{before / n:.1%} → {after / n:.1%}" if n >= _MANY else f"{before} → {after} of {n}"
    return (
        f"**{ours}** of our drawings, test images {tuned.test_before:.2%} → {tuned.test_after:.2%}"
    )


def of_class(model: SavedModel) -> str:
    """What a model has gained that went on from another with a class's drawings; "" of others."""
    tuned = model.meta.metrics.tuned
    return f"{model.title} has learned from the class: {_everyone(tuned)}." if tuned else ""


def what_it_changed(model: SavedModel, kept: Sequence[Kept]) -> None:
    """The same for who drew some of those drawings: what changed for their own, and for all."""
    tuned, held_out = model.meta.metrics.tuned, model.meta.held_out
    if tuned is None or not held_out:
        return
    pairs = [held_out.get(drawings.digest(one.parts)) for one in kept]
    mine = np.array([pair for pair in pairs if pair], bool).reshape(-1, 2)
    words = of_class(model)
    if len(mine):
        before, after = mine.sum(axis=0).tolist()
        words = f"Yours: **{before} → {after} of {len(mine)}** read rightly.  \n" + words
    with st.container(key="before-and-after"):
        st.markdown(words)
