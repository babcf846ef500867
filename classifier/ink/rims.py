"""The printed borders that the edge of a picture of a form's box runs along.

Such a border is seen for a part of its width, mostly at one end more than at the other. A digit
that is cut close reaches the edge, too: it is hardly wider than high, in a number there are gaps,
and it reaches the opposite edge as well.
Knows nothing of light and of how ink is told from paper.
"""

import cv2
import numpy as np

_WIDE = 1.25  # times as wide as it is high: no digit fills such a picture
_ALONG, _WHOLE = 0.6, 0.85  # of an edge that a border runs along, and of a side beside such a one
_THICK = 8  # pixels: a border
_SOFT = 2  # pixels: so near the edge it is seen
_OFF = 1.5  # pixels: a border is as straight as this
_GAP = 3  # pixels: a border may be broken so long; digits of a number are farther apart
_BEYOND = 1  # pixels: it is a little wider than it is seen
_AROUND = 4  # of the picture's height: a part of it tells what paper is like


def rims(colours: np.ndarray) -> np.ndarray | None:
    """Where a wide picture (H, W, channels) float32, 0–1, has borders along its upper and lower
    edge, and, beside such a one, along its sides: (H, W) bool; None if there are none."""
    height, width = colours.shape[:2]
    if height < 4 * _THICK or width < _WIDE * height:
        return None
    dark = _dark(colours)
    found = np.zeros(dark.shape, bool)
    is_above, is_below = (_mark(found, dark, turns, _ALONG) for turns in (0, 2))
    if is_above != is_below:
        opposite = dark[-1 - _SOFT :] if is_above else dark[: 1 + _SOFT]
        if opposite[:, _THICK:-_THICK].any():
            return None  # by the base of a 2 that is cut close, and its bow
    if is_above or is_below:
        for turns in (1, 3):
            _mark(found, dark, turns, _WHOLE)
    return found if found.any() else None


def as_paper(colours: np.ndarray, where: np.ndarray) -> np.ndarray:
    """A picture (H, W, channels) float32 with the paper nearby where it is said, (H, W) bool."""
    bright = (~where & ~_dark(colours)).astype(np.float32)
    size = [max(colours.shape[0] // _AROUND, 1)] * 2
    shares = cv2.blur(bright, size)
    paper = cv2.blur(colours * bright[..., None], size).reshape(colours.shape)
    paper /= np.maximum(shares, 1e-6)[..., None]
    return np.where((where & (shares > 0))[..., None], paper, colours)


def _dark(colours: np.ndarray) -> np.ndarray:
    """Where a picture is darker than its paper, (H, W) bool."""
    grey = np.rint(colours.mean(axis=2) * 255).astype(np.uint8)
    level, _ = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Half way from what parts dark from bright to what is bright: borders are soft at their rims.
    return np.asarray(grey < (level + np.median(grey[grey >= level])) / 2)


def _mark(found: np.ndarray, dark: np.ndarray, turns: int, along: float) -> bool:
    """Mark the border along the edge that so many quarter turns bring up; whether there is one.
    found, dark: (H, W) bool"""
    rim = _rim(np.rot90(dark, turns), along)
    if rim is None:
        return False
    upright = np.rot90(found, turns)  # a view
    upright |= np.arange(len(upright))[:, None] <= rim + _BEYOND
    return True


def _rim(dark: np.ndarray, along: float) -> np.ndarray | None:
    """The row in each column, (W,), at which a border along the upper edge ends; None if there is
    none that is seen along so much of it."""
    seen = dark[: _SOFT + 1].any(axis=0)
    at = np.flatnonzero(seen)
    runs = np.split(at, np.flatnonzero(np.diff(at) > _GAP + 1) + 1)
    longest = max(runs, key=len)
    if longest.size < along * seen.size:
        return None
    below = dark[_SOFT : _SOFT + 2 * _THICK]
    deep = _SOFT + np.argmin(np.vstack([below, np.zeros_like(below[:1])]), axis=0)
    thin = longest[deep[longest] <= _THICK]
    if thin.size < longest.size / 2:
        return None
    points = np.stack([thin, deep[thin]], axis=1).astype(np.float32)
    # Ink that ends on it is deeper in places: the line goes by what most columns have.
    to_right, down, column, row = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
    rim = np.asarray(row + (np.arange(seen.size) - column) * down / to_right)
    on = np.abs(deep[thin] - rim[thin]) <= _OFF
    return rim if on.sum() >= longest.size / 2 else None
