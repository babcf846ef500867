"""Drawn digits as strokes, and the file that keeps them.

Knows nothing of pixels: `preparing` renders strokes. A file may hold images instead of strokes, or
both, and `load` tells which. In one that holds both `labels` and `writer` are those of the strokes,
`y`, `x_writer` and `x_sheet` those of the images, a number in `writer` and `x_writer` means the
same person, and the strokes come first. What knows strokes alone reads these in it.
"""

import hashlib
import io
import itertools
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifier import files
from classifier.config import CANVAS, CANVAS_PEN, CLASSES
from classifier.ink.archives import MAX_BYTES, read_arrays
from classifier.ink.labelled import checked_images, checked_labels

_DIGITS = {str(digit) for digit in range(CLASSES)}
NOT_A_DIGIT = 255  # the label of a drawing that is none
LOOKALIKE = 254  # of one that is none, and that nobody can tell from a 0, 1, 2 or 5
_LOOKALIKES = set("OoIl|/ZzSs")
_MOST_POINTS = MAX_BYTES // 16  # of a stranger's file, also where it has fewer bytes for each


@dataclass(frozen=True)
class Drawings:
    """N drawings as strokes, all points in one array.

    points: (P, 2) float32, x right and y down, in any unit
    stroke_id: (P,) int32, non-decreasing: which stroke a point belongs to
    sample_id: (P,) int32, non-decreasing, 0 to N-1: which drawing a point belongs to
    labels: (N,) uint8, 0–9, or NOT_A_DIGIT or LOOKALIKE where these are allowed
    writer: (N,) int32 or None: who drew it
    """

    points: np.ndarray
    stroke_id: np.ndarray
    sample_id: np.ndarray
    labels: np.ndarray
    writer: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        """Each drawing in turn as a list of strokes, each (k, 2) float32 with k >= 1."""
        samples = np.searchsorted(self.sample_id, np.arange(len(self) + 1))
        breaks = np.flatnonzero(np.diff(self.stroke_id)) + 1
        for start, end in itertools.pairwise(samples):
            inside = breaks[np.searchsorted(breaks, start, "right") : np.searchsorted(breaks, end)]
            yield np.split(self.points[start:end], inside - start)

    def select(self, which: np.ndarray) -> "Drawings":
        """The drawings that `which` (indices or a mask over N) picks, in its order."""
        chosen = np.arange(len(self))[which]
        everything = list(self)
        writer = None if self.writer is None else self.writer[chosen]
        return from_strokes([everything[i] for i in chosen], self.labels[chosen], writer)


@dataclass(frozen=True)
class Images:
    """N pictures of digits.

    pixels: (N, H, W) uint8, in the file `x`; labels: (N,) uint8, 0–9, in the file `y`
    writer: (N,) int32 or None: who wrote it, in the file `x_writer`
    sheet: (N,) int32 or None: which picture it was cut from, in the file `x_sheet`
    """

    pixels: np.ndarray
    labels: np.ndarray
    writer: np.ndarray | None = None
    sheet: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Both:
    """Drawings as strokes, and after them others as images; either may be none."""

    strokes: Drawings
    images: Images

    def __len__(self) -> int:
        return len(self.strokes) + len(self.images)

    @property
    def labels(self) -> np.ndarray:
        """Of all, (N,) uint8."""
        return np.concatenate([self.strokes.labels, self.images.labels])

    @property
    def writer(self) -> np.ndarray | None:
        """Of all, (N,) int32; whoever is not known has the number of nobody else. None if nobody
        is known."""
        known = [one.writer for one in (self.strokes, self.images) if one.writer is not None]
        if not known:
            return None
        nobody = np.concatenate(known).max(initial=-1) + 1
        return np.concatenate(
            [
                np.full(len(one), nobody, np.int32) if one.writer is None else one.writer
                for one in (self.strokes, self.images)
            ]
        )


Contents = Drawings | Images | Both  # of a file


def as_both(drawn: Contents) -> Both:
    """The same as strokes and images."""
    if isinstance(drawn, Both):
        return drawn
    if isinstance(drawn, Images):
        return Both(from_strokes([], np.zeros(0)), drawn)
    return Both(drawn, Images(np.zeros((0, 1, 1), np.uint8), np.zeros(0, np.uint8)))


def from_strokes(
    samples: Sequence[Sequence[np.ndarray]], labels: np.ndarray, writer: np.ndarray | None = None
) -> Drawings:
    """Pack one list of strokes per drawing, each stroke (k, 2), into `Drawings`."""
    strokes = [stroke for sample in samples for stroke in sample]
    lengths = np.array([len(stroke) for stroke in strokes], int)
    owners = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    return Drawings(
        points=np.concatenate([np.zeros((0, 2)), *strokes]).astype(np.float32),
        stroke_id=np.repeat(np.arange(len(strokes)), lengths).astype(np.int32),
        sample_id=np.repeat(owners, lengths).astype(np.int32),
        labels=np.asarray(labels, np.uint8),
        writer=None if writer is None else np.asarray(writer, np.int32),
    )


def together(parts: Sequence[Contents]) -> Contents:
    """The drawings of several files, one after the other. Each person stays one, with a number from
    0 here; in each part those whose writers are not known count as one person. Raises ValueError
    for images of several sizes."""
    both, writers, known, sheets = [as_both(part) for part in parts], [], 0, 0
    for one in both:
        own = np.zeros(len(one), int) if one.writer is None else one.writer
        writers.append(known + np.unique(own, return_inverse=True)[1])
        known = int(writers[-1].max(initial=known - 1)) + 1
    images = [one.images for one in both if len(one.images)]
    sizes = {one.pixels.shape[1:] for one in images}
    if len(sizes) > 1:
        raise ValueError(f"images of several sizes, {sorted(sizes)}, cannot be put together")
    strokes = from_strokes(
        [strokes for one in both for strokes in one.strokes],
        np.concatenate([one.strokes.labels for one in both]),
        np.concatenate([who[: len(one.strokes)] for one, who in zip(both, writers, strict=True)]),
    )
    if not images:
        return strokes
    numbered = []
    for some in images:
        own = np.zeros(len(some), int) if some.sheet is None else some.sheet
        numbered.append(sheets + np.unique(own, return_inverse=True)[1])
        sheets = int(numbered[-1].max()) + 1
    who = np.concatenate([who[len(one.strokes) :] for one, who in zip(both, writers, strict=True)])
    pictures = Images(
        np.concatenate([one.pixels for one in images]),
        np.concatenate([one.labels for one in images]),
        who.astype(np.int32),
        np.concatenate(numbered).astype(np.int32),
    )
    return Both(strokes, pictures) if len(strokes) else pictures


def fit_canvas(strokes: list[np.ndarray]) -> tuple[list[np.ndarray], int, float]:
    """Strokes in any unit moved and scaled to fill a canvas, with its size and pen, in pixels."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    scale = (CANVAS - 2 * CANVAS_PEN) / extent
    return [(stroke - low) * scale + CANVAS_PEN for stroke in strokes], CANVAS, CANVAS_PEN


def digest(parts: Sequence[np.ndarray]) -> str:
    """What tells a drawing from others, 16 hexadecimal digits; parts: its strokes, each (k, 2)
    float32, or its one image (H, W) uint8."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.tobytes())
    return whole.hexdigest()[:16]


def packed(drawings: Contents) -> bytes:
    """What is in a file of drawings."""
    both = as_both(drawings)
    strokes, images = both.strokes, both.images
    arrays: dict[str, Any] = {}
    if len(strokes) or not len(images):
        for name in ("points", "stroke_id", "sample_id", "labels", "writer"):
            arrays[name] = getattr(strokes, name)
    if len(images):
        arrays |= {"x": images.pixels, "y": images.labels}
        arrays |= {"x_writer": images.writer, "x_sheet": images.sheet}
    content = io.BytesIO()
    np.savez_compressed(content, **{name: one for name, one in arrays.items() if one is not None})
    return content.getvalue()


def save(drawings: Contents, path: str | Path) -> None:
    """Write a file of drawings; the file appears whole or not at all. Raises OSError."""
    content = packed(drawings)
    with files.written(Path(path), mode=0o600) as file:  # drawings are their writers' own
        file.write(content)


def load(source: str | Path | bytes, *, symbols: bool = False, name: str | None = None) -> Contents:
    """Read a file of drawings: strokes (`points` …), images (`x`, `y`), or both.

    source, name: as for `read_arrays`
    symbols: take labels that are text too; what is not one of "0" to "9" becomes NOT_A_DIGIT, or
    LOOKALIKE if it is an O, I, l, |, /, Z or S, also a small one.
    Raises FileNotFoundError, or ValueError that names the file, the array and what it must be.
    """
    arrays = read_arrays(source, name)
    allowed = {*range(CLASSES), *({NOT_A_DIGIT, LOOKALIKE} if symbols else ())}
    try:
        if symbols:
            for labels, drawn in (("labels", "points"), ("y", "x")):
                if {labels, drawn} <= set(arrays) and arrays[labels].dtype.kind == "U":
                    arrays[labels] = _from_text(arrays[labels], len(arrays[drawn]))
        _number_writers(arrays)
        if "points" in arrays:
            most = _MOST_POINTS if isinstance(source, bytes) else None
            strokes = _checked_strokes(arrays, allowed, most)
            both = {"x", "y"} <= set(arrays)
            return Both(strokes, _checked_pictures(arrays, allowed)) if both else strokes
        if "x" in arrays and "y" in arrays:
            return _checked_pictures(arrays, allowed)
        raise ValueError(
            "it has neither `points`, `stroke_id`, `sample_id` and `labels` (strokes) "
            f"nor `x` and `y` (images), but {', '.join(sorted(arrays))[:200] or 'nothing'}"
        )
    except ValueError as error:
        raise ValueError(f"{name or str(source)} is not a file of drawings: {error}.") from None


def _from_text(labels: np.ndarray, most: int) -> np.ndarray:
    """Labels for texts. Raises ValueError if there are more than `most`, or one is no text."""
    if labels.size > most:
        raise ValueError(f"it has {labels.size:,} labels for {most:,} points or images")
    try:
        texts = labels.ravel().tolist()
    except SystemError as error:  # so Python says that a character is none
        raise ValueError("a label is no text") from error
    values = [
        int(text) if text in _DIGITS else LOOKALIKE if text in _LOOKALIKES else NOT_A_DIGIT
        for text in texts
    ]
    return np.array(values, np.uint8).reshape(labels.shape)


def _checked_strokes(
    arrays: dict[str, np.ndarray], allowed: Container[int], most: int | None
) -> Drawings:
    """Sizes come first: nothing is made for points or labels that there may not be."""
    missing = {"stroke_id", "sample_id", "labels"} - set(arrays)
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    points = arrays["points"]
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "fiu":
        raise ValueError(f"points must be numbers of shape (P, 2), not {points.shape}")
    if most is not None and len(points) > most:
        raise ValueError(f"it has {len(points):,} points, and may have {most:,}")
    if not np.isfinite(points).all():
        raise ValueError("points has values that are not finite")
    if float(points.max(initial=0)) > 1e6 or float(points.min(initial=0)) < -1e6:
        raise ValueError("points has coordinates beyond a million")
    labels = arrays["labels"]
    if labels.ndim != 1 or not len(labels):
        raise ValueError("labels must be one number for each drawing, and at least one")
    for name in ("stroke_id", "sample_id"):
        ids = arrays[name]
        if ids.shape != (len(points),) or ids.dtype.kind not in "iu":
            raise ValueError(f"{name} must be {len(points)} whole numbers, one for each point")
        if (np.diff(ids.astype(np.int64)) < 0).any():
            raise ValueError(f"{name} must not decrease")
    if len(labels) > len(points):
        raise ValueError(f"it has {len(labels):,} labels and only {len(points):,} points")
    labels = checked_labels(labels, len(labels), allowed)
    sample_id = arrays["sample_id"]
    if not np.array_equal(np.unique(sample_id), np.arange(len(labels))):
        raise ValueError(
            f"sample_id must run from 0 to {len(labels) - 1} with a point for each of the "
            f"{len(labels)} labels"
        )
    return Drawings(
        points.astype(np.float32),
        _numbered(arrays["stroke_id"]),
        sample_id.astype(np.int32),
        labels,
        _whose(arrays, "writer", len(labels)),
    )


def _checked_pictures(arrays: dict[str, np.ndarray], allowed: Container[int]) -> Images:
    pixels, labels = checked_images(arrays["x"], arrays["y"], allowed)
    whose = (_whose(arrays, name, len(labels)) for name in ("x_writer", "x_sheet"))
    return Images(pixels, labels, *whose)


def _whose(arrays: dict[str, np.ndarray], name: str, count: int) -> np.ndarray | None:
    """A whole number for each of so many drawings, if the file has that array."""
    numbers = arrays.get(name)
    if numbers is None:
        return None
    if numbers.shape != (count,) or numbers.dtype.kind not in "iu":
        raise ValueError(f"{name} must be {count} whole numbers, one for each drawing")
    return _numbered(numbers)


def _number_writers(arrays: dict[str, np.ndarray]) -> None:
    """Count the writers of strokes and images anew, from 0, where a number is too large for int32
    and for one more, who is not known: each person stays one."""
    names = [name for name in ("writer", "x_writer") if name in arrays]
    known = [arrays[name].ravel() for name in names if arrays[name].dtype.kind in "iu"]
    bounds = np.iinfo(np.int32)
    if len(known) < len(names) or not any(
        one.size and (int(one.min()) < bounds.min or int(one.max()) >= bounds.max) for one in known
    ):
        return
    people = sorted({number for one in known for number in one.tolist()})
    numbers = {number: k for k, number in enumerate(people)}
    for name in names:
        anew = [numbers[number] for number in arrays[name].ravel().tolist()]
        arrays[name] = np.array(anew, np.int32).reshape(arrays[name].shape)


def _numbered(ids: np.ndarray) -> np.ndarray:
    """Whole numbers as int32; where one is too large for that they are counted anew, from 0."""
    bounds = np.iinfo(np.int32)
    if ids.size and (int(ids.min()) < bounds.min or int(ids.max()) > bounds.max):
        ids = np.unique(ids, return_inverse=True)[1]
    return ids.astype(np.int32)
