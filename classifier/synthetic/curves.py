"""A template's control points to matrices that make smooth curves through them.

A template is written as points x,y in hundredths of the height, y down; `!` makes a point a corner,
and `/` lifts the pen. Knows nothing of digits and of hands.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SAMPLES = 36  # points along each stroke: smooth as a polyline, corners stay sharp
_MOST_POINTS, _MOST_STROKES = 100, 20  # of a stroke, and of a template
_LEAST, _MOST = -50, 150  # hundredths of the height, between which points lie
_POINT = re.compile(r"-?\d{1,3},-?\d{1,3}!?", re.ASCII)


@dataclass(frozen=True)
class Shape:
    """A template made ready.

    control: (C, 2), in heights from the middle
    sway: (C, C), makes independent deviations alike in control points that are near on a stroke
    strokes: which control points a stroke has, and the matrices (SAMPLES, c) from them to the
    points of the sharp and of the rounded curve
    """

    control: NDArray[np.float64]
    sway: NDArray[np.float64]
    strokes: tuple[tuple[slice, NDArray[np.float64], NDArray[np.float64]], ...]


def split(text: str) -> list[list[str]]:
    """The points of each stroke of a template, as they are written there. Raises ValueError."""
    strokes = [stroke.split() for stroke in text.split("/")]
    if len(strokes) > _MOST_STROKES:
        raise ValueError(f"it has {len(strokes)} strokes, and may have {_MOST_STROKES}")
    for number, marks in enumerate(strokes, 1):
        if len(marks) < 2:
            raise ValueError(f"stroke {number} has {len(marks)} points, and needs two or more")
        for mark in marks:
            if not _POINT.fullmatch(mark):
                raise ValueError(f"stroke {number}: “{mark:.40}” is no point like 12,34 or 12,34!")
            if not all(_LEAST <= int(one) <= _MOST for one in mark.rstrip("!").split(",")):
                raise ValueError(f"stroke {number}: {mark} lies beyond {_LEAST} to {_MOST}")
        if len(marks) > _MOST_POINTS:
            raise ValueError(
                f"stroke {number} has {len(marks)} points, and may have {_MOST_POINTS}"
            )
        for one, other in pairwise(mark.rstrip("!") for mark in marks):
            # No curve goes from a point to itself, however that is written.
            if [int(part) for part in one.split(",")] == [int(part) for part in other.split(",")]:
                raise ValueError(f"stroke {number} has the point {one} twice in a row")
    return strokes


@cache
def parse(text: str) -> Shape:
    """A template made ready. Raises ValueError."""
    control: list[NDArray[np.float64]] = []
    strokes: list[tuple[slice, NDArray[np.float64], NDArray[np.float64]]] = []
    sways = []
    for marks in split(text):
        own = np.array([mark.rstrip("!").split(",") for mark in marks], float) / 100 - 0.5
        corners = [i for i, mark in enumerate(marks[:-1]) if i and mark.endswith("!")]
        sharp = _curve(own, corners)
        part = slice(len(control), len(control) + len(own))
        strokes.append((part, sharp, _rounding() @ sharp))
        control.extend(own)
        sways.append(_sway(own))
    sway = np.zeros((len(control), len(control)))
    for (part, _, _), block in zip(strokes, sways, strict=True):
        sway[part, part] = block
    return Shape(np.array(control), sway, tuple(strokes))


def _lengths(control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each control point (c, 2) from the first, from point to point: (c,)."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(control, axis=0).T))])


def _sway(control: NDArray[np.float64]) -> NDArray[np.float64]:
    """A stroke's block of `Shape.sway`; rows have length 1, so deviations keep their size."""
    place = _lengths(control)
    near = np.exp(-(((place - place[:, None]) / 0.25) ** 2))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return near


def _curve(control: NDArray[np.float64], corners: list[int]) -> NDArray[np.float64]:
    """Matrix (SAMPLES, c) from control points, placed about like `control` (c, 2), to points at
    even distances on the smooth curve through them, broken at the corners."""
    knots = _lengths(control)
    at = np.linspace(0, knots[-1], SAMPLES)
    for corner in corners:
        at[np.abs(at - knots[corner]).argmin()] = knots[corner]
    matrix = np.zeros((SAMPLES, len(control)))
    ends = [0, *corners, len(control) - 1]
    for first, last in pairwise(ends):
        inside = (at >= knots[first]) & (at <= knots[last])
        piece = slice(first, last + 1)
        matrix[inside] = 0
        matrix[inside, piece] = _natural_spline(knots[piece], at[inside])
    return matrix


def _natural_spline(knots: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix (len(at), len(knots)) from values at the knots to those at `at` of their
    natural cubic spline."""
    count = len(knots)
    step = np.diff(knots)
    # Second derivatives from values: zero at the ends, slopes meet at the inner knots.
    left, right = np.eye(count), np.zeros((count, count))
    for i in range(1, count - 1):
        before, after = step[i - 1], step[i]
        left[i, i - 1 : i + 2] = before, 2 * (before + after), after
        right[i, i - 1 : i + 2] = 6 / before, -6 / before - 6 / after, 6 / after
    second = np.linalg.solve(left, right)
    piece = (np.searchsorted(knots, at, "right") - 1).clip(0, count - 2)
    width = step[piece][:, None]
    b = (at - knots[piece])[:, None] / width
    a = 1 - b
    value = np.eye(count)
    bulge = ((a**3 - a) * second[piece] + (b**3 - b) * second[piece + 1]) * width**2 / 6
    return np.asarray(a * value[piece] + b * value[piece + 1] + bulge)


@cache
def _rounding() -> NDArray[np.float64]:
    """Matrix (SAMPLES, SAMPLES) that averages along a stroke, its ends left in place."""
    place = np.arange(SAMPLES)
    reach = np.minimum(2.2, 0.3 + 0.7 * np.minimum(place, place[::-1]))[:, None]
    weights = np.exp(-(((place - place[:, None]) / reach) ** 2) / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
