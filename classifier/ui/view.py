"""How the page is looked at and handled: its tabs, large type, values as tables, shortcuts."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import streamlit as st

from classifier import config
from classifier.turns import BusyError, Turns
from classifier.ui import hearing, memory, session
from classifier.ui.session import Widget

TABS = ("Training", "Inside the network", "Runs", "Lesson", "Our handwriting")
TRAINING, INSIDE, RUNS, LESSON, HANDWRITING = TABS
OPEN_TAB = Widget[str]("tabs")
# Absolute, but no part of an address.
_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:\\|/)[^\s'\",;:()]*[^\s'\",;:().]")
_PACKING, _HANDED_OUT = Turns(), memory.HandedOut()  # of files that are packed
_PATIENCE = 60.0  # seconds that a file waits for its turn
ZIP = "application/zip"  # which the server does not pack again
_LARGE = 1.3  # times the usual size: read from the back of a room
_SWITCHES = {
    "large-type": ("Large type", "For a projector.", False),
    "tables": ("Values as tables", "Below each chart, the numbers that it shows.", False),
    "shortcuts": ("Keyboard shortcuts", "Single keys act while no field is being filled.", True),
}


def switches() -> None:
    """What each visitor sets for themselves."""
    with st.popover("View", icon=":material/visibility:", key="view"):
        for key, (label, text, standard) in _SWITCHES.items():
            toggle(label, standard, key=key, help=text)
    if _is_on("large-type"):
        st.html(f"<style>html {{ font-size: {_LARGE:.0%}; --board-grow: {_LARGE} }}</style>")


def _is_on(key: str) -> bool:
    return Widget[bool](key).read(_SWITCHES[key][2])


def fragment(draw: Callable[..., None], run_every: float | None = None) -> Callable[..., None]:
    """What draws a part of the page, also by itself, every so many seconds if they are given."""
    return st.fragment(session.counted(draw), run_every=run_every)


def warning(text: str) -> None:
    """Say what went wrong, without where files of the server are."""
    st.warning(without_paths(text))


def error(text: str) -> None:
    """The same, in red."""
    st.error(without_paths(text))


def caption(text: str) -> None:
    """The same, in small print."""
    st.caption(without_paths(text))


def without_paths(text: str) -> str:
    """A sentence in which files and folders have only their names: where they are is nobody's
    business."""
    for folder in (config.home(), config.PROJECT, Path(sys.prefix), Path.cwd(), Path.home()):
        if folder != Path(folder.anchor):
            text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)
    return _PATH.sub(lambda found: re.split(r"[/\\]", found[0])[-1], text)


def scale() -> float:
    """How much larger than usual the charts' type is."""
    return _LARGE if _is_on("large-type") else 1.0


def tables() -> bool:
    """Whether each chart's values are shown as a table, too."""
    return _is_on("tables")


def shortcut(keys: str) -> str | None:
    """These keys, or None where shortcuts are switched off."""
    return keys if _is_on("shortcuts") else None


def button(
    label: str,
    key: str,
    on_click: Callable[..., None] | None,
    *args: object,
    icon: str | None = None,
    help: str | None = None,
    type: Literal["primary", "secondary", "tertiary"] = "secondary",
    disabled: bool = False,
    keys: str | None = None,
) -> bool:
    """A button that calls `on_click` with these arguments; whether it was clicked.

    icon: name of a Material symbol; keys: its shortcut, where shortcuts are on
    """
    return st.button(
        label,
        key,
        help,
        on_click,
        args,
        type=type,
        icon=icon and f":material/{icon}:",
        disabled=disabled,
        shortcut=keys and shortcut(keys),
    )


def download(
    name: str,
    make: Callable[[], bytes],
    *,
    key: str,
    icon: str | None,
    disabled: bool = False,
    label: str = "Download",
    kind: str = ZIP,
) -> None:
    """A button that hands out a file of that name and of that MIME type; an npz is a zip. It is
    made when it is asked for, one file at a time for all visitors, since each takes memory for the
    whole of it. Whoever asks for one more meanwhile is told so: all who wait take a thread."""
    whose, payer = session.visitor().digest, session.payer()

    def pack() -> bytes:
        try:
            with _PACKING.turn(whose, _PATIENCE, 0), hearing.computing_for(payer):
                content = make()
                _HANDED_OUT.hold(content, kind, name)
                return content
        except BusyError as error:
            raise RuntimeError(f"{name} {error}: try again in a moment.") from None
        except Exception as error:  # the browser is told its words
            raise RuntimeError(without_paths(str(error))) from error

    st.download_button(
        label,
        data=pack,
        file_name=name,
        mime=kind,
        key=key,
        icon=icon,
        on_click="ignore",
        disabled=disabled,
    )


def toggle(label: str, value: bool = False, *, key: str, help: str) -> bool:
    """A switch of the page; see `widgets_changed`."""
    session.current().toggles.add(key)
    return st.toggle(label, value, key=key, help=help)


def decimal(
    label: str,
    value: float,
    low: float,
    high: float,
    *,
    above: bool = False,
    key: str,
    help: str | None = None,
) -> float | str:
    """A field for a decimal number, written with a point or a comma: a browser's own number field
    drops the comma where the page's language has points, so that 0,05 becomes 5. A number is one
    from low to high, and not low itself if it has to be above. What is none is told below the
    field, and comes back as it was typed: no check lets a text pass for a number, and each names
    it.
    """
    typed = st.text_input(label, f"{value:.12g}", key=key, help=help)
    try:
        number = float(typed.strip().replace(",", "."))
        if low <= number <= high and not (above and number == low):
            return number
    except ValueError:
        pass
    st.markdown(
        f":red[:small[A number {'above' if above else 'from'} {low:g} to {high:g}, "
        f"such as {value:g}.]]"
    )
    return typed


def open_tab(name: str) -> None:
    """Show this tab of TABS from the next run of the page on."""
    OPEN_TAB.set(name)


def put_into_address(name: str, value: str, standard: str) -> None:
    """Have the page's address say this, so that a page which begins anew, also on another server,
    goes on so; the standard is not said."""
    if value == standard:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


# The browser sends what happens within a few milliseconds as one message. If the canvas's is among
# it, the message is that of the board's fragment, and nothing else is drawn anew: a tab that was
# clicked in that moment would stay empty.


def forget_widgets() -> None:
    """The whole page is being drawn: whatever its widgets say now will be seen."""
    session.current().widgets = None


def note_widgets() -> None:
    """The whole page has been drawn, as its widgets say now."""
    session.current().widgets = _widgets()


def widgets_changed() -> bool:
    """Whether, in a run of the board alone, other widgets say something that was not drawn yet."""
    here = session.current()
    # A button is true in the one run after its click; a toggle stays so.
    values = session.widget_values()
    pressed = any(value is True and key not in here.toggles for key, value in values.items())
    return here.widgets is not None and (pressed or here.widgets != _widgets())


def _widgets() -> dict[str, object]:
    toggles = session.current().toggles
    return {
        key: value
        for key, value in session.widget_values().items()
        if isinstance(value, str | int | float | list | None)
        and (key in toggles or not isinstance(value, bool))
    }
