"""Small pictures in rows, each a button."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.ink import preparing, snippets
from classifier.people.collection import Doubt, Kept
from classifier.ui import charts, view
from classifier.ui.board import canvas
from classifier.ui.session import Widget

PER_PAGE = 24
# Streamlit remembers each key that it ever had, with what a click on it does: a wall on which
# drawings arrive for hours has so many keys, and no more.
PLACES = 1_000
_REMEMBERED = 1_000  # network inputs, of 1 kB each
_WRONGLY, _UNSURE = ", wrongly", ", not surely"  # end sentences whose pictures page.css frames


_inputs: dict[tuple[int, str, float], np.ndarray | None] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Item:
    """One picture: (28, 28) uint8, two short lines below it, and a sentence of what it is.

    number: tells it from the others of its gallery; source: what it is a picture of, for `on_click`
    """

    number: int
    image: np.ndarray
    title: str
    note: str
    sentence: str
    source: Any = None


def of_training(
    images: np.ndarray, labels: np.ndarray, which: np.ndarray, notes: Sequence[str]
) -> list[Item]:
    """Those of the images (N, 28, 28) uint8, with their labels and notes; which: (k,) indices."""
    return [
        Item(k, images[k], str(labels[k]), note, f"Training image {k} · a {labels[k]}")
        for k, note in zip(which.tolist(), notes, strict=True)
    ]


def drawings(
    key: str,
    kept: Sequence[Kept],
    on_click: Callable[[Kept], None],
    beside: Callable[[Kept], None] | None = None,
) -> None:
    """Drawings as the networks see them, with what each is and what it was read as; a click calls
    `on_click` with the drawing. beside: draws what stands beside one"""
    items = []
    for one in kept:
        image = network_input(one)
        picture = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8) if image is None else image
        said, was = _reading(one)
        sentence = f"{charts.article(one.label).capitalize()} {one.label}{was}"
        items.append(Item(one.number, picture, str(one.label), said, sentence, one))
    pictures(
        key,
        items,
        lambda item: on_click(item.source),
        None if beside is None else lambda item: beside(item.source),
    )


def _reading(one: Kept) -> tuple[str, str]:
    """What a drawing was read as, in signs and in words, and whether that was right, and sure."""
    if one.answer is None:
        return "", ""
    said, was = f"→ {one.answer}", f", read as {one.answer} by {one.model}"
    if one.doubt is not Doubt.NONE:
        return f"{said} ?", was + _UNSURE
    if one.answer != one.label:
        return f"{said} ✗", was + _WRONGLY
    return said, was


def network_input(one: Kept) -> np.ndarray | None:
    """What `prepared` gives, remembered. Not by Streamlit's cache, which keeps a lock for each
    drawing that it ever saw."""
    key = one.number, one.writer, one.time
    with _LOCK:
        if key in _inputs:
            return _inputs[key]
    image = prepared(one)
    with _LOCK:
        _inputs[key] = image
        while len(_inputs) > _REMEMBERED:
            del _inputs[next(iter(_inputs))]  # the oldest
    return image


def prepared(one: Kept) -> np.ndarray | None:
    """The network input of a drawing, (28, 28) uint8; None if there is no digit to see."""
    if one.snippet is not None:
        return snippets.prepared(one.snippet).network_input
    return preparing.prepare_strokes(one.strokes, CANVAS, one.pen).network_input


def pictures(
    key: str,
    items: Sequence[Item],
    on_click: Callable[[Item], None],
    beside: Callable[[Item], None] | None = None,
) -> None:
    """The items as buttons; a click calls `on_click` with the item. beside: draws what stands
    beside one"""
    taken: set[int] = set()
    with st.container(horizontal=True, gap="small", key=f"gallery-{key}"):
        for item in items:
            place = item.number % PLACES
            while place in taken:
                place = (place + 1) % PLACES
            taken.add(place)
            picture = canvas.png_address(item.image, 2)
            # One element for all of it: with each that the page has, every stroke takes longer.
            label = f"![{item.sentence}]({picture}) **{item.title}** {item.note}"
            view.button(label, f"{key}-picture-{place}", on_click, item)
            if beside is not None:
                beside(item)


def page_of(which: np.ndarray, key: str) -> np.ndarray:
    """The part of `which` that fits a page; see `first_of_page`."""
    first = first_of_page(len(which), key)
    return which[first : first + PER_PAGE]


def first_of_page(count: int, key: str) -> int:
    """The index, from 0 on, with which a page of so many pictures begins, chosen by a number field
    where they do not fit one; PER_PAGE of them fit."""
    pages = -(-count // PER_PAGE)
    page = 1
    if pages > 1:
        field = Widget[int](key)
        says = min(field.read(1), pages)
        field.set(says)
        page = st.number_input(f"Page of {pages}", 1, pages, says, key=field.key, width=130)
    st.markdown(f"{count:,} image{'s' if count != 1 else ''}")
    return (page - 1) * PER_PAGE
