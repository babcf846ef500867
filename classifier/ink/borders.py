"""The printed borders of form boxes and tables, taken out of what stands out from paper.

They are straight thin lines: two about horizontal ones, one below the other, and upright ones all
the way from the first to the second, with corners at both sides. No digit's strokes lie so, nor
does a ruling, which has no ends. Knows nothing of light and of how ink is told from paper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from classifier.ink import ruling

_ASKEW = np.radians(12)  # at most, of a border, by perspective and by how the camera was held
_SHORTEST, _LEAST_HIGH = 40, 16  # pixels: of a border, and from the upper one to the lower one
_MOST_LINES, _MOST_BORDERS, _MOST_POSTS = 200, 60, 300  # that are looked at
_FAINTEST = 0.5  # of the faintest ink: a border stands out so much
_NEAR = 2  # pixels to both sides in which a border is seen
_GAP = 7  # pixels: a border may be broken so long
_SEEN, _BARE = 0.85, 0.5  # of its length: a border is seen there, and no thick ink crosses it
_LEANS = 0.12  # of a box's height: so far its sides lean, and end from its corners
_EDGE = 0.01  # of the picture's width: what comes so near its edge has no end there
_BELOW, _ALIKE = 8, 0.4  # lines below one that are looked at, and what of it is above them
_BOXES = 2  # lines below one that close a box with it: boxes may overlap
_STEPS = 64  # places at which an upright line is looked for on its way, at most
_FITS = 3  # of a line to what is near it
_BEYOND = 3  # pixels: a line is taken out a little farther than it is seen
_FAR = -1_000_000  # a row that no picture has


@dataclass(frozen=True)
class _Border:
    """A thin line about from left to right: its row in each column from `first` on."""

    first: int
    rows: np.ndarray

    @property
    def end(self) -> int:
        return self.first + len(self.rows)

    def at(self, columns: np.ndarray) -> np.ndarray:
        """Its rows in columns, beyond its ends as at them."""
        found: np.ndarray = self.rows[(columns - self.first).clip(0, len(self.rows) - 1)]
        return found


@dataclass(frozen=True)
class _View:
    """What stands out. thin: (H, W), contrast of what is thin, 0 where it is fainter than borders;
    dark: (H, W) bool, where anything stands out so much"""

    thin: np.ndarray
    dark: np.ndarray

    @cached_property
    def wide(self) -> np.ndarray:
        """Both, (H, W, 2) uint8, a little higher, so that a path beside them sees them."""
        both = np.dstack([self.thin > 0, self.dark]).astype(np.uint8)
        return cv2.dilate(both, np.ones((2 * _NEAR - 1, 1), np.uint8))

    def near(self, columns: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, ...]:
        """The rows near a line that has one for each of these columns, (5, columns), and what is
        thin and what is dark there."""
        rows = np.rint(line).astype(int) + np.arange(-_NEAR, _NEAR + 1)[:, None]
        inside = (rows >= 0) & (rows < len(self.thin))
        at = rows.clip(0, len(self.thin) - 1), columns
        return rows, np.where(inside, self.thin[at], 0), inside & self.dark[at]


def _look(contrast: np.ndarray, faintest: float) -> _View:
    thin = ruling.thin(contrast)
    return _View(np.where(thin > faintest, thin, 0), contrast > faintest)


def without_borders(contrast: np.ndarray, noise: float, least: float) -> np.ndarray:
    """Contrast (H, W) without the borders of boxes and tables; ink that crosses one stays. noise:
    its standard deviation; least: contrast of the faintest ink"""
    faintest = max(_FAINTEST * least, 3 * noise)
    found = _lines(_look(contrast, faintest))
    if len(found) < 2:
        return contrast
    upright = _look(np.ascontiguousarray(contrast.T), faintest)
    flat, posts = list[_Border](), list[_Border]()
    for upper, lower, between in _boxes(found, upright):
        flat += [upper, lower]
        posts += between
        if len(posts) > _MOST_POSTS:
            break
    if not flat:
        return contrast
    ink = ruling.as_dark_as_ink(contrast, least)
    contrast = contrast.copy()
    for one in {id(one): one for one in flat}.values():
        ruling.take_out(contrast, _whole(one, contrast.shape[1]), ink)
    turned = np.ascontiguousarray(contrast.T)
    for one in posts:
        ruling.take_out(turned, _whole(one, turned.shape[1]), ink)
    return np.ascontiguousarray(turned.T)


def _boxes(
    found: Sequence[_Border], upright: _View
) -> Iterator[tuple[_Border, _Border, list[_Border]]]:
    """What of these lines is upper and lower border of boxes, with the upright ones between."""
    for k, upper in enumerate(found):
        boxes, below = 0, [one for one in found[k + 1 :] if _is_alike(upper, one)]
        for lower in below[:_BELOW]:
            between = _posts(upright, upper, lower)
            if between:
                boxes += 1
                yield upper, lower, between
            if boxes == _BOXES:
                break


def _is_alike(one: _Border, other: _Border) -> bool:
    """Whether two lines may be of the same box, by what of them is one above the other."""
    common = min(one.end, other.end) - max(one.first, other.first)
    return common >= max(_ALIKE * max(len(one.rows), len(other.rows)), _SHORTEST)


def _whole(one: _Border, width: int) -> np.ndarray:
    """Its row in each column of a picture, and a little beyond its ends, as `ruling.take_out`
    takes it."""
    columns = np.arange(max(one.first - _BEYOND, 0), min(one.end + _BEYOND, width))
    line = np.full(width, float(_FAR))
    line[columns] = one.at(columns)
    return line


def _lines(view: _View) -> list[_Border]:
    """Thin lines about from left to right, from top to bottom; they are taken out of the view."""
    left = view.thin
    votes = int(_SEEN * _SHORTEST)
    found = cv2.HoughLines(
        (left > 0).astype(np.uint8), 1, np.radians(0.5), votes,
        min_theta=np.pi / 2 - _ASKEW, max_theta=np.pi / 2 + _ASKEW,
    )  # fmt: skip
    if found is None:
        return []
    borders: list[_Border] = []
    for rho, theta in found.reshape(-1, found.shape[-1])[:_MOST_LINES, :2]:
        border = _along(view, (rho, theta))
        if border is None:
            continue
        borders.append(border)
        columns = np.arange(border.first, border.end)
        for beside in range(-_NEAR - 1, _NEAR + 2):
            rows = np.rint(border.rows).astype(int) + beside
            inside = (rows >= 0) & (rows < len(left))
            left[rows[inside], columns[inside]] = 0
        if len(borders) == _MOST_BORDERS:
            break
    return sorted(borders, key=lambda one: float(one.rows.mean()))


def _along(view: _View, hough: tuple[float, float]) -> _Border | None:
    """The longest run along a line, as Hough's transform has it, of what is thin, and as it bends;
    thick ink may cross it."""
    rho, theta = hough
    columns = np.arange(view.thin.shape[1])
    line = (rho - columns * np.cos(theta)) / np.sin(theta)
    part = slice(0)
    for _ in range(_FITS):
        rows, near, dark = view.near(columns, line)
        run = _longest_run(np.any(near, axis=0), np.any(dark, axis=0))
        if run is None:
            return None
        part = slice(*run)
        line = _as_seen(columns, rows, near, part)
    border = _Border(part.start, line[part])
    return border if _is_straight(border) else None


def _is_straight(one: _Border) -> bool:
    """Whether a line bends no more than paper and lens bend it, as the bows of a 0 do."""
    return ruling.bow(one.rows) <= max(ruling.BENT * len(one.rows), 1)


def _as_seen(columns: np.ndarray, rows: np.ndarray, near: np.ndarray, part: slice) -> np.ndarray:
    """The line, (columns,), through what is seen in a part of it, bent a little by paper and
    lens; the rest as of `_View.near`."""
    at, column = np.nonzero(near[:, part])
    column += part.start
    fitted = np.polyfit(columns[column], rows[at, column], 2, w=near[at, column])
    return np.polyval(fitted, columns)


def _longest_run(thin: np.ndarray, dark: np.ndarray) -> tuple[int, int] | None:
    """First and end of the longest run of what is dark, (W,) bool, with short gaps, from what is
    thin to what is thin; None if it is too short for a border, or seen too little."""
    at = np.flatnonzero(dark)
    if len(at) < _SEEN * _SHORTEST:
        return None
    breaks = np.flatnonzero(np.diff(at) > _GAP)
    firsts, lasts = at[np.r_[0, breaks + 1]], at[np.r_[breaks, len(at) - 1]]
    longest = int((lasts - firsts).argmax())
    bare = firsts[longest] + np.flatnonzero(thin[firsts[longest] : lasts[longest] + 1])
    if len(bare) < _BARE * _SHORTEST:
        return None
    first, end = int(bare[0]), int(bare[-1]) + 1
    is_seen = dark[first:end].mean() >= _SEEN and len(bare) >= _BARE * (end - first)
    return (first, end) if is_seen and end - first >= _SHORTEST else None


def _posts(upright: _View, upper: _Border, lower: _Border) -> list[_Border]:
    """The upright lines from one border to another below it, from left to right, with rows for
    columns and columns for rows; none if the two are no borders of boxes. upright: the picture,
    turned in the same way"""
    size = upright.thin.shape
    first, end = max(upper.first, lower.first), min(upper.end, lower.end)
    columns = np.arange(first, end)
    high = float((lower.at(columns) - upper.at(columns)).min())
    edge = _EDGE * size[0]
    lefts = [one.first for one in (upper, lower) if one.first > edge]
    rights = [one.end for one in (upper, lower) if one.end < size[0] - edge]
    if high < _LEAST_HIGH or not lefts or not rights:
        return []
    near = max(_LEANS * high, _GAP)
    columns = np.arange(max(first - round(near), 0), min(end + round(near), size[0]))
    posts = []
    for place, lean in zip(*_across(upright, columns, upper, lower, high), strict=True):
        at = np.array([place])
        post = _post(upright, float(upper.at(at)[0]), float(lower.at(at)[0]), place, lean)
        posts += [post] if post is not None else []
    places = np.array([post.rows.mean() for post in posts])
    at_left, at_right = _are_near(places, lefts, near), _are_near(places, rights, near)
    if not len(at_left) or not len(at_right) or at_left[0] >= at_right[-1]:
        return []
    return posts[at_left[0] : at_right[-1] + 1]


def _post(upright: _View, top: float, bottom: float, place: float, lean: float) -> _Border | None:
    """The upright line between two rows, which is there half way down and leans so far to the right
    on its way, as it runs; None if it is not straight."""
    down = np.arange(max(round(top), 0), min(round(bottom) + 1, upright.thin.shape[1]))
    path = place + lean * ((down - top) / (bottom - top) - 0.5)
    for _ in range(_FITS):
        rows, seen, _ = upright.near(down, path)
        if np.any(seen, axis=0).sum() < _BARE * max(len(down), _LEAST_HIGH):
            return None
        path = _as_seen(down, rows, seen, slice(0, len(down)))
    post = _Border(int(down[0]), path)
    return post if _is_straight(post) else None


def _are_near(places: np.ndarray, ends: list[int], near: float) -> np.ndarray:
    """Which of these places are near one of these ends, rising."""
    apart = np.abs(places[:, None] - np.array(ends, float))
    return np.flatnonzero(apart.min(axis=1) <= near)


def _across(
    upright: _View, columns: np.ndarray, upper: _Border, lower: _Border, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where upright lines run all the way from one border to the other: the column of each half way
    down, rising, and how far it leans to the right on its way."""
    steps = min(round(high), _STEPS)
    share = (np.arange(steps) + 0.5)[:, None] / steps
    rows = upper.at(columns) * (1 - share) + lower.at(columns) * share
    best, lean_of = np.zeros(len(columns)), np.zeros(len(columns))
    for lean in np.arange(-_LEANS * high, _LEANS * high + 1, _NEAR):
        at = rows.astype(np.float32), (columns + lean * (share - 0.5)).astype(np.float32)
        bare, seen = cv2.remap(upright.wide, *at, cv2.INTER_NEAREST).mean(axis=0).T
        seen[bare < _BARE] = 0
        lean_of[seen > best], best = lean, np.maximum(best, seen)
    found: list[int] = []
    while best.max() >= _SEEN and len(found) < _MOST_BORDERS:
        # In the middle of those that see it as well.
        k = int(best.argmax())
        same = np.flatnonzero(best[k : k + 2 * _NEAR + 1] == best[k])
        k += int(same[-1]) // 2
        found.append(k)
        best[max(k - 2 * _NEAR - 1, 0) : k + 2 * _NEAR + 2] = 0
    order = np.sort(np.array(found, int))
    return columns[order], lean_of[order]
