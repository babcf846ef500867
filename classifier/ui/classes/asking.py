"""A round as members see it on their phones: what is asked, and what they can say to it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from classifier.config import CANVAS, CLASSES
from classifier.database.interface import CollectionError
from classifier.people import rounds
from classifier.people.collection import Kept
from classifier.people.outcomes import Kind, Round, RoundState
from classifier.people.register import Class, NoClassError
from classifier.ui import session, view
from classifier.ui.board import labelling
from classifier.ui.charts import article

_LIKE_THE_CANVAS = "#22403a", "#fdfcf5"  # of its slate, and its chalk


def current(there: Class) -> Round | None:
    """The round that is on in the class, as far as the store tells."""
    try:
        return rounds.current(session.visitor(), there.number)
    except (CollectionError, NoClassError):
        return None  # which is told where something is sent


def task(on: Round) -> str:
    """What a round asks, in a few words."""
    if on.kind is Kind.DIGIT and on.digit is not None:
        return f"Everyone draws {article(on.digit)} {on.digit}"
    if on.kind is Kind.GUESS:
        return "What is it?" if on.state is RoundState.OPEN else "What it is"
    if on.kind is Kind.FOOL:
        is_open = on.state is RoundState.OPEN
        return "Fool the network: a digit that only people read" if is_open else "Can you read it?"
    if on.kind is Kind.WATCH and on.state is RoundState.OPEN:
        return "A network learns before your eyes"
    return "Draw what you like" if on.kind is Kind.FREE else on.said


def so_far(on: Round) -> str:
    """How many have done what is asked, and for how long it has been asked."""
    count = f"{on.drawn:,} drawing{'s' * (on.drawn != 1)}"
    if on.kind is Kind.GUESS or on.state is RoundState.SHOWN:
        count = f"{on.voters:,} answered"
    is_told = on.kind in (Kind.HELP, Kind.WATCH)  # by the host's press, or by the wall
    return f"{'' if is_told else count + ' · '}{clock(on.age)}"


def clock(seconds: float) -> str:
    """Minutes and seconds, as 1:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def ask(on: Round) -> None:
    """What the round asks, and for how long it has been on, which the phone counts on; of a network
    that has learned, what it learned."""
    if on.kind is Kind.WATCH and on.state is not RoundState.OPEN:
        st.markdown(f"**{task(on)}**")
        return
    script = Path(__file__).with_name("clock.js").read_text().replace('"AGE"', f"{on.age:.1f}")
    shown = f'<span class="round-clock">{clock(on.age)}</span><script>{script}</script>'
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="task"):
        st.markdown(f"### {task(on)}")
        st.html(shown, width="content", unsafe_allow_javascript=True)


def is_drawn(on: Round | None) -> bool:
    """Whether the page needs its canvas: else one says what others have drawn."""
    if on is None:
        return True
    return on.kind is not Kind.GUESS and not (on.kind is Kind.FOOL and on.state is RoundState.SHOWN)


def answering(there: Class, on: Round) -> None:
    """What others have drawn, and ten buttons to say what it is."""
    with st.container(key="asked"):
        try:
            if on.kind is Kind.GUESS:
                _guess(there, on)
            else:
                _judge(there, on)
        except labelling.PROBLEMS as error:
            view.warning(str(error))  # the next look may succeed
        if session.current().label_problem:
            view.warning(session.current().label_problem)


def _guess(there: Class, on: Round) -> None:
    visitor = session.visitor()
    one = rounds.guessed(visitor, there.number, on)
    if one is None:
        st.markdown("This drawing was deleted.")
        return
    _picture(one)
    own = rounds.own_vote(visitor, there.number, on)
    if on.state is RoundState.SHOWN:
        read = "nothing" if one.answer is None else f"{article(one.answer)} {one.answer}"
        you = "" if own is None else f" You said {article(own)} {own}."
        st.markdown(
            f"It is **{article(one.label)} {one.label}**, says who drew it. The network said "
            f"**{read}**.{you}"
        )
    elif one.writer == visitor.digest:
        st.markdown("You drew this one: see what the others say.")
    else:
        _ten(there, on, one, own)
        st.markdown("Tap what you read." if own is None else f"You say **{own}**.")


def _judge(there: Class, on: Round) -> None:
    one = rounds.to_judge(session.visitor(), there.number, on)
    if one is None:
        st.markdown("You have read all that fooled the network. Look at the wall.")
        return
    _picture(one)
    _ten(there, on, one, None)
    st.markdown("Tap what you read.")


def _ten(there: Class, on: Round, one: Kept, own: int | None) -> None:
    with st.container(key="guess-buttons"):
        for digit in range(CLASSES):
            view.button(
                str(digit),
                f"guess-{digit}",
                labelling.attempt,
                rounds.vote,
                there.number,
                on.number,
                one.number,
                digit,
                type="primary" if digit == own else "secondary",
            )


def _picture(one: Kept) -> None:
    """The strokes alone, as on the canvas."""
    with st.container(key="guessed"):
        st.image(as_svg(one.strokes, one.pen), alt="A drawing")


def as_svg(strokes: Sequence[np.ndarray], pen: float) -> str:
    """Strokes, each (k, 2) in canvas pixels, as a picture without a word of what they are."""
    board, ink = _LIKE_THE_CANVAS
    lines = "".join(
        f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in stroke.tolist())}"/>'
        for stroke in (np.concatenate([one, one[-1:] + 0.1]) for one in strokes)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CANVAS} {CANVAS}" width="600" '
        f'height="600"><rect width="{CANVAS}" height="{CANVAS}" rx="12" fill="{board}"/>'
        f'<g fill="none" stroke="{ink}" stroke-width="{pen:.1f}" stroke-linecap="round" '
        f'stroke-linejoin="round">{lines}</g></svg>'
    )
