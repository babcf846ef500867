"""Labelled drawings from files and to files, strokes and pictures alike.

Knows nothing of the store, nor of the page.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from classifier import limits
from classifier.config import CANVAS
from classifier.ink import drawings, snippets
from classifier.ink.drawings import Both, Contents, Drawings, Images
from classifier.limits import LimitError
from classifier.people import collection
from classifier.people.collection import MAX_POINTS, MAX_STROKES, TOO_LARGE, Kept, Labelled
from classifier.rights import Visitor

_SMALLEST = CANVAS / 8  # canvas pixels: of a drawing on a canvas; others have another unit


class NoInkError(ValueError):
    """There is nothing on an image of a file; its words go on after the file's name."""


def bring(visitor: Visitor, drawn: Contents) -> int:
    """Put a file's drawings into the visitor's own collection, except those that are there already,
    as they stand in a file or in the store; how many were new. All of them, or none. Raises as
    `keep`."""
    both = drawings.as_both(drawn)
    strokes = both.strokes
    if len(both) > limits.current().drawings:
        raise LimitError(
            f"The file has {len(both):,} drawings: {limits.current().drawings:,} are kept at most."
        )
    begins = np.diff(strokes.stroke_id, prepend=-1) != 0
    most_strokes = np.bincount(strokes.sample_id[begins]).max(initial=0)
    if most_strokes > MAX_STROKES or np.bincount(strokes.sample_id).max(initial=0) > MAX_POINTS:
        raise LimitError(TOO_LARGE)
    hands = np.zeros(len(both), int) if both.writer is None else both.writer - both.writer.min()
    found = [*_from_strokes(strokes), *_from_images(both.images)]
    return collection.keep_all(visitor, list(zip(hands.tolist(), found, strict=True)))


def _from_strokes(drawn: Drawings) -> Iterator[Labelled]:
    """Drawings of a file as they are kept: those that lie on a canvas as they are, so that each is
    known again, and the others moved there."""
    for strokes, label in zip(drawn, drawn.labels.tolist(), strict=True):
        fitting, _, pen = drawings.fit_canvas(strokes)
        known_by = collection.identity(fitting, label)
        as_kept = strokes if _is_on_canvas(strokes) else fitting
        yield Labelled(known_by, label, as_kept, pen, None, "")


def _is_on_canvas(strokes: Sequence[np.ndarray]) -> bool:
    points = np.concatenate(strokes)
    extent = float(np.ptp(points, axis=0).max())
    return bool(points.min() >= 0 and points.max() <= CANVAS and extent >= _SMALLEST)


def _from_images(images: Images) -> Iterator[Labelled]:
    """The same of images. Raises ValueError if there is nothing on one of them."""
    sheets = [""] * len(images) if images.sheet is None else _names(images)
    for number, (pixels, label) in enumerate(
        zip(images.pixels, images.labels.tolist(), strict=True)
    ):
        try:
            snippet = snippets.of_picture(pixels)
        except ValueError:
            raise NoInkError(f"has an image without ink, number {number}: leave it out.") from None
        known_by = collection.picture_id(snippet, label, None)
        yield collection.of_snippet(snippet, label, sheets[number], known_by)


def _names(images: Images) -> list[str]:
    """A name for the sheet of each image, which differs from those in other files."""
    assert images.sheet is not None
    whole = hashlib.sha256(images.pixels.tobytes()).hexdigest()[:16]
    return [f"{whole} {number}" for number in images.sheet.tolist()]


def as_drawings(kept: Sequence[Kept]) -> Contents:
    """N >= 1 drawings as they are trained on and downloaded, with their `writers`."""
    kept = in_file(kept)
    who = np.array(writers(kept), np.int32)
    labels = np.array([one.label for one in kept], np.uint8)
    drawn = [one.strokes for one in kept if one.snippet is None]
    cut = [one.snippet for one in kept if one.snippet is not None]
    count = len(drawn)
    strokes = drawings.from_strokes(drawn, labels[:count], who[:count])
    if not cut:
        return strokes
    images = Images(np.array(cut), labels[count:], who[count:], _sheets(kept[count:]))
    return Both(strokes, images) if drawn else images


def in_file(kept: Sequence[Kept]) -> list[Kept]:
    """Drawings in the order of their file: strokes first, then pictures, each oldest first."""
    return sorted(kept, key=lambda one: one.snippet is not None)


def _sheets(kept: Sequence[Kept]) -> np.ndarray:
    """Which sheet each is from, numbered from 0; one of which none is known has its own."""
    numbers: dict[object, int] = {}
    names = [(one.writer, one.sheet) if one.sheet else one.number for one in kept]
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)


def writers(kept: Sequence[Kept]) -> list[int]:
    """Who drew each: numbered from 0 in the order in which they first drew; nothing else tells who
    they are."""
    numbers: dict[tuple[str, int], int] = {}
    return [numbers.setdefault((one.writer, one.hand), len(numbers)) for one in kept]
