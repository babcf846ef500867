"""Digits that touch, made of pictures of digits: beside one another, a little uneven.

Knows nothing of where the pictures are from, and of networks.
"""

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE

_INK = 100  # of 255: from here on it is ink that touches
_HIGH = 56  # pixels: of what they are put on
_MARGIN = 0.2  # of a digit's height: paper above and below it in its picture
_HEIGHTS, _MOST = 0.17, 1.6  # standard deviation of a digit's height, by its logarithm; at most
_NARROW, _WIDTHS = -0.03, 0.1  # mean and standard deviation of how wide it is for that
_FALL = 1.6  # pixels: standard deviation of its place above or below the line
_DEPTHS = (-1, 6)  # pixels of 28: how far the right one is moved on once it touches
_DEEP, _DEEPER = 0.15, 3  # share of pairs that lie deeper than so many pixels in one another


def beside(left: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two digits that touch, (h, w) uint8, with paper above and below as around one digit; each
    a picture (28, 28) uint8, or what this gave, for more than two."""
    mine, other = (_on_the_line(picture, rng) for picture in (left, right))
    # How far each row's ink is from the right edge of the one, and from the left of the other.
    ends, begins = _reach(mine[:, ::-1]), _reach(other)
    ends = np.minimum(ends, np.minimum(np.roll(ends, 1), np.roll(ends, -1)))
    apart = int((ends + begins).min())
    low, high = _DEPTHS
    deep = rng.random() < _DEEP
    depth = int(rng.integers(_DEEPER, high) if deep else rng.integers(low, _DEEPER + 1))
    place = mine.shape[1] - apart - depth  # of the right one's left edge
    start = min(0, place)
    wide = max(mine.shape[1], place + other.shape[1]) - start
    ink = np.zeros((_HIGH, wide), np.uint8)
    ink[:, -start : mine.shape[1] - start] = mine
    into = ink[:, place - start : place - start + other.shape[1]]
    np.maximum(into, other, out=into)
    rows = np.flatnonzero((ink > 0).any(axis=1))
    margin = round(_MARGIN * len(rows))
    return np.pad(ink[rows[0] : rows[-1] + 1], ((margin, margin), (0, 0)))


def _on_the_line(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture of a height and width of its own, on a high one."""
    scale = IMAGE_SIZE / len(picture) * min(np.exp(rng.normal(0, _HEIGHTS)), _MOST)
    aspect = np.exp(rng.normal(_NARROW, _WIDTHS))
    high, wide = (round(side * scale) for side in picture.shape)
    sized = cv2.resize(picture, (max(1, round(wide * aspect)), high))
    top = int(np.clip(round((_HIGH - high) / 2 + rng.normal(0, _FALL)), 0, _HIGH - high))
    placed = np.zeros((_HIGH, sized.shape[1]), np.uint8)
    placed[top : top + high] = sized
    return placed


def _reach(picture: np.ndarray) -> np.ndarray:
    """How far the ink of each row is from the left edge, (h,) int; far where there is none."""
    ink = picture > _INK
    return np.where(ink.any(axis=1), ink.argmax(axis=1), 1_000)
