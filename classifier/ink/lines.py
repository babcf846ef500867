"""Where lines of writing run on a sheet, and where one number ends and the next begins.

From the boxes of what hangs together alone; lines may slope and bend. Knows nothing of digits, nor
of ink.
"""

import itertools

import numpy as np

_BODY = 0.5  # of the usual height: what is lower is a mark, or a part of a digit
_STEEPEST = 15  # degrees that lines may slope
_SLOPE_COSTS = 0.01  # of a height for each degree: of slopes that are alike, the flattest
_SAME_LINE = 0.55  # of the height: bodies whose middles are farther apart stand in two lines
_CLOSEST = 1.1  # heights between the middles of two lines
_REACH = 0.9  # of the height: how far above or below its line a mark may be
_TALLEST = 2.2  # usual heights: what is taller does not say how high a line is
_LEAST_GAP = 0.75  # of the height: closer digits are of one number
_TIMES = 1.8  # the gap between two numbers is so many times as wide as those within
_FLOOR = 0.3  # of the height: gaps below this are alike


def usual_height(boxes: np.ndarray) -> float:
    """How high the bodies are among boxes (n, 4) of left, top, right, bottom: the median of those
    that are no mere marks. There must be a box."""
    heights = np.sort(boxes[:, 3] - boxes[:, 1])
    # Half of all ink's height is in boxes at least as high: many specks do not count.
    reached = np.cumsum(heights) >= heights.sum() / 2
    middle = float(heights[np.argmax(reached)])
    return max(float(np.median(heights[heights >= _BODY * middle])), 1e-6)


def line_height(boxes: np.ndarray) -> float:
    """How high the tallest digit of a line is, of its boxes (n, 4)."""
    heights = boxes[:, 3] - boxes[:, 1]
    likely = heights[heights <= _TALLEST * usual_height(boxes)]
    return max(float(likely.max(initial=0)), 1e-6)


def find(boxes: np.ndarray) -> list[np.ndarray]:
    """Boxes (n, 4) in lines from top to bottom: the indices of each line, from left to right by
    their middles. What is far from every line is in none."""
    if not len(boxes):
        return []
    height = usual_height(boxes)
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2
    bodies = np.flatnonzero(boxes[:, 3] - boxes[:, 1] >= _BODY * height)
    level = y - _slope(boxes[bodies], height) * x
    found: list[list[int]] = []
    for k in bodies[np.argsort(x[bodies], kind="stable")].tolist():
        lasts = np.array([np.mean(level[line[-2:]]) for line in found])
        away = np.abs(lasts - level[k]) / height
        if len(found) and away.min() < _SAME_LINE:
            found[int(away.argmin())].append(k)
        else:
            found.append([k])
    found.sort(key=lambda line: float(np.mean(level[line])))
    found = _joined(found, level, height)
    orders = [np.array(line)[np.argsort(x[line])] for line in found]
    spines = [(x[line], level[line]) for line in orders]
    for k in np.setdiff1d(np.arange(len(boxes)), bodies).tolist():
        away = np.array([abs(np.interp(x[k], *spine) - level[k]) for spine in spines]) / height
        if away.min(initial=np.inf) < _REACH:
            found[int(away.argmin())].append(k)
    return [np.array(line)[np.argsort(x[line], kind="stable")] for line in found]


def _joined(found: list[list[int]], level: np.ndarray, height: float) -> list[list[int]]:
    """Lines from top to bottom, but those that stand closer than lines can are one: the halves of
    digits that something has cut through."""
    joined: list[list[int]] = []
    for line in found:
        if joined and np.mean(level[line]) - np.mean(level[joined[-1]]) < _CLOSEST * height:
            joined[-1] += line
        else:
            joined.append(list(line))
    return joined


def _slope(boxes: np.ndarray, height: float) -> float:
    """Rows that lines fall for each column: as many as leave the most paper between lines."""
    x = boxes[:, ::2].mean(axis=1)
    best, least = 0.0, np.inf
    for degrees in sorted(range(-_STEEPEST, _STEEPEST + 1), key=abs):
        slope = float(np.tan(np.radians(degrees)))
        covered = _covered(boxes[:, 1] - slope * x, boxes[:, 3] - slope * x) / height
        if covered + _SLOPE_COSTS * abs(degrees) < least:
            best, least = slope, covered + _SLOPE_COSTS * abs(degrees)
    return best


def _covered(tops: np.ndarray, bottoms: np.ndarray) -> float:
    """The length of the union of intervals."""
    order = np.argsort(tops)
    tops, reach = tops[order], np.maximum.accumulate(bottoms[order])
    paper = (tops[1:] - reach[:-1]).clip(0).sum()
    return float(reach[-1] - tops[0] - paper)


def numbers(boxes: list[np.ndarray]) -> list[list[int]]:
    """The number that each digit belongs to, counted from 0 in each line.

    boxes: of the digits of each line, (n, 4) from left to right. Numbers are told apart by gaps
    that are wider than others on the sheet: digits that are all far apart are one number.
    """
    gaps = [_gaps(line) for line in boxes]
    every = np.sort(np.concatenate([np.zeros(0), *gaps]).clip(_FLOOR))
    jumps = np.flatnonzero((every[1:] > _TIMES * every[:-1]) & (every[1:] > _LEAST_GAP))
    widest = every[jumps[0]] if len(jumps) else np.inf  # within a number
    wide = [(line > widest).astype(int).tolist() for line in gaps]
    return [list(itertools.accumulate(line, initial=0)) for line in wide]


def _gaps(boxes: np.ndarray) -> np.ndarray:
    """Between the neighbours of a line, in heights of it."""
    if len(boxes) < 2:
        return np.zeros(0)
    reach = np.maximum.accumulate(boxes[:, 2])
    return np.asarray((boxes[1:, 0] - reach[:-1]) / line_height(boxes), float)
