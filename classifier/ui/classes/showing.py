"""What the wall of a class shows, and what reaches it: the host's buttons for that."""

import streamlit as st

from classifier.people import staging
from classifier.people.register import Arrival, Class, WayIn
from classifier.ui import view
from classifier.ui.board import labelling

PARAMETER = "wall"  # in the address of the page that is the wall of a class
_ARRIVALS = {
    Arrival.ALL: "all",
    Arrival.SURE: "what may be no digit, after a look",
    Arrival.LOOKED: "each after a look",
}
_WAYS_IN = {WayIn.AUTO: "large at first", WayIn.LARGE: "large", WayIn.SMALL: "small"}


def popover(there: Class) -> None:
    """The button that opens all of it."""
    with st.popover("Wall", icon=":material/cast:", key="wall-of-class"):
        st.link_button(
            "Open the wall",
            f"?{PARAMETER}={there.code}",
            icon=":material/open_in_new:",
            type="primary",
            help="A window for the projector. Keys in it: F full screen, "
            "Q code and picture, M what was read as what, N the network as one picture.",
        )
        do, number = labelling.attempt, there.number
        view.button(
            "Hide what was read as what" if there.results else "Show what was read as what",
            "stage-results",
            do,
            staging.set_results,
            number,
            not there.results,
            icon="grid_on",
        )
        view.button(
            "Show the drawings" if there.living else "Show the network as one picture",
            "stage-living",
            do,
            staging.set_living,
            number,
            not there.living,
            icon="hub",
            help="With the drawing that came last, while no round is on.",
        )
        st.caption("Code and picture of it")
        with st.container(horizontal=True, gap="small"):
            for way_in, words in _WAYS_IN.items():
                key, chosen = f"stage-way-in-{way_in.value}", way_in is there.way_in
                _one_of(words, key, chosen, staging.set_way_in, number, way_in)
        st.caption("Drawings that arrive are shown")
        with st.container(gap="small"):
            for arrival, words in _ARRIVALS.items():
                key, chosen = f"stage-arrival-{arrival.value}", arrival is there.arrival
                _one_of(words, key, chosen, staging.set_arrival, number, arrival)


def _one_of(words: str, key: str, chosen: bool, *given: object) -> None:
    icon = "radio_button_checked" if chosen else "radio_button_unchecked"
    view.button(words.capitalize(), key, labelling.attempt, *given, icon=icon, type="tertiary")
