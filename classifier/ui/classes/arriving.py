"""What arrives in a class, as its host sees it: what waits for a look, the latest drawings, and
what can be done with each beside it."""

from collections.abc import Sequence

import streamlit as st

from classifier.people import albums, classroom, collection, staging
from classifier.people.classroom import Survey
from classifier.people.collection import Kept
from classifier.people.register import Class
from classifier.ui import gallery, session, view
from classifier.ui.board import board, labelling

_WALL = 24  # drawings on the wall
_WAITING = 12  # drawings that wait for a look and are shown at a time


def look(there: Class, most: int, known: Sequence[Kept] = ()) -> Survey | None:
    """How the host's class stands, see `classroom.survey`; None where it is told why not."""
    try:
        return classroom.survey(session.visitor(), there.number, most, known)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return None


def wall(there: Class) -> None:
    """What waits for a look, and the latest drawings, the newest first; each of those that are on
    the canvas has beside it what can be done with it."""
    here = session.current()
    if here.wall_clicked:
        here.wall_clicked = False
        st.rerun()  # the canvas, too
    found = look(there, _WALL, here.wall)
    if found is None:
        return
    if found.waiting:
        _to_look_at(there)
    here.wall = found.latest

    def put(one: Kept) -> None:
        board.put_kept(one)
        here.wall_clicked = True

    if here.wall:
        gallery.drawings("wall", here.wall[::-1], put, lambda one: beside(one, there.number))
    if here.shown_drawing not in {one.number for one in here.wall}:
        on_canvas(there.number)


def _to_look_at(there: Class) -> None:
    """The drawings that nobody sees before the host has looked at them, the first to come first."""
    try:
        waiting = staging.waiting(session.visitor(), there.number, _WAITING)
    except labelling.PROBLEMS as error:
        view.warning(str(error))
        return
    do, numbers = labelling.attempt, [one.number for one in waiting]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("**To look at:** a click shows one to all.", width="content")
        many = f"Show all {len(numbers)}" if len(numbers) > 1 else "Show it"
        view.button(many, "waiting-show", do, staging.show_waiting, there.number, numbers)
        away = "Delete these" if len(numbers) > 1 else "Delete it"
        view.button(away, "waiting-delete", _delete_all, numbers, icon="delete")

    def show(one: Kept) -> None:
        labelling.attempt(staging.show_waiting, there.number, [one.number])

    def delete(one: Kept) -> None:
        place, words = one.number % gallery.PLACES, f"Delete this {one.label}"
        with st.container(key=f"beside-waiting-{place}", width="content"):
            do, key = labelling.delete, f"waiting-delete-{place}"
            view.button(":material/delete:", key, do, one.number, help=words)

    gallery.drawings("waiting", waiting, show, delete)


def _delete_all(numbers: list[int]) -> None:
    for number in numbers:
        labelling.delete(number)


def beside(one: Kept, class_number: int | None, key: str = "drawing") -> None:
    """What can be done with a drawing that was put on the canvas, beside its picture."""
    if one.number != session.current().shown_drawing:
        return
    with st.container(key=f"beside-{key}", width="content"):
        if class_number is not None:
            do, hide = labelling.attempt, (collection.hide, one.number, not one.hidden)
            icon, what = ("visibility", "Show") if one.hidden else ("visibility_off", "Hide")
            words = f"{what} this {one.label}"
            view.button(f":material/{icon}:", f"hide-{key}", do, *hide, help=words)
        words = f"Delete this {one.label}"
        view.button(":material/delete:", f"delete-{key}", labelling.delete, one.number, help=words)


def on_canvas(class_number: int | None) -> None:
    """What can be done with the drawing that was put on the canvas."""
    shown = session.current().shown_drawing
    try:
        found = albums.some(session.visitor(), class_number, [shown]) if shown else []
    except labelling.PROBLEMS as error:
        view.error(str(error))
        return
    for one in found:
        with st.container(horizontal=True, gap="small"):
            if class_number is not None:
                do = labelling.attempt, collection.hide, shown, not one.hidden
                if one.hidden:
                    view.button(
                        f"Show this {one.label} again", "hide-drawing", *do, icon="visibility"
                    )
                else:
                    view.button(
                        f"Hide this {one.label}", "hide-drawing", *do, icon="visibility_off"
                    )
            label = f"Delete this {one.label}"
            view.button(label, "delete-drawing", labelling.delete, shown, icon="delete")
