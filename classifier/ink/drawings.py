"""Drawn digits as strokes, and the file that keeps them.

Knows nothing of pixels: `preparing` renders strokes. A file may hold images instead of strokes,
and `load` tells which.
"""

import hashlib
import io
import itertools
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """N pictures of digits: pixels (N, H, W) uint8, labels (N,) uint8 0–9."""

    pixels: np.ndarray
    labels: np.ndarray


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


def together(parts: Sequence[Drawings]) -> Drawings:
    """The drawings of several files, one after the other. Each person stays one, with a number from
    0 here; in each part those whose writers are not known count as one person."""
    writers, known = [], 0
    for part in parts:
        own = np.zeros(len(part), int) if part.writer is None else part.writer
        writers.append(known + np.unique(own, return_inverse=True)[1])
        known = int(writers[-1].max()) + 1
    return from_strokes(
        [strokes for part in parts for strokes in part],
        np.concatenate([part.labels for part in parts]),
        np.concatenate(writers),
    )


def fit_canvas(strokes: list[np.ndarray]) -> tuple[list[np.ndarray], int, float]:
    """Strokes in any unit moved and scaled to fill a canvas, with its size and pen, in pixels."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    scale = (CANVAS - 2 * CANVAS_PEN) / extent
    return [(stroke - low) * scale + CANVAS_PEN for stroke in strokes], CANVAS, CANVAS_PEN


def digest(strokes: Sequence[np.ndarray]) -> str:
    """What tells a drawing from others, 16 hexadecimal digits; strokes each (k, 2) float32."""
    whole = hashlib.sha256()
    for stroke in strokes:
        whole.update(stroke.tobytes())
    return whole.hexdigest()[:16]


def packed(drawings: Drawings) -> bytes:
    """What is in a file of drawings."""
    arrays = {
        name: getattr(drawings, name) for name in ("points", "stroke_id", "sample_id", "labels")
    }
    if drawings.writer is not None:
        arrays["writer"] = drawings.writer
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def save(drawings: Drawings, path: str | Path) -> None:
    """Write a file of drawings; the file appears whole or not at all. Raises OSError."""
    content = packed(drawings)
    with files.written(Path(path), mode=0o600) as file:  # drawings are their writers' own
        file.write(content)


def load(
    source: str | Path | bytes, *, symbols: bool = False, name: str | None = None
) -> Drawings | Images:
    """Read a file of drawings: strokes (`points` …) or images (`x`, `y`).

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
        if "points" in arrays:
            most = _MOST_POINTS if isinstance(source, bytes) else None
            return _checked_strokes(arrays, allowed, most)
        if "x" in arrays and "y" in arrays:
            return Images(*checked_images(arrays["x"], arrays["y"], allowed))
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
    writer = arrays.get("writer")
    if writer is not None and (writer.shape != labels.shape or writer.dtype.kind not in "iu"):
        raise ValueError(f"writer must be {len(labels)} whole numbers, one for each drawing")
    return Drawings(
        points.astype(np.float32),
        _numbered(arrays["stroke_id"]),
        sample_id.astype(np.int32),
        labels,
        None if writer is None else _numbered(writer),
    )


def _numbered(ids: np.ndarray) -> np.ndarray:
    """Whole numbers as int32; where one is too large for that they are counted anew, from 0."""
    bounds = np.iinfo(np.int32)
    if ids.size and (int(ids.min()) < bounds.min or int(ids.max()) > bounds.max):
        ids = np.unique(ids, return_inverse=True)[1]
    return ids.astype(np.int32)
