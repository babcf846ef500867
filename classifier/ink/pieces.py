"""The ink of a number cut into pieces, none of which is in two digits, if that can be had.

A piece is what hangs together, or, where that is wide, what lies between two seams: ways from top
to bottom that cross little ink. Knows nothing of digits, and of what the pieces make together.
"""

import itertools

import cv2
import numpy as np

from classifier.ink import convention

MOST = 60  # strokes, or parts of ink, of a number: what has more is none, and is taken whole
_PAPER = 0.25  # of full ink: less parts one piece of ink from the next
_WHOLE = 0.7  # of the line's height: ink in one piece that is narrower is not cut
_SEAM_HEIGHT = 48  # pixels: height of the line at which seams are looked for
_ASIDE = 0.3  # of a pixel of ink: what a step aside costs a seam
_APART_SEAMS = 0.08  # of the line's height: seams nearer than this are one
_THICKEST = 3.0  # pens: a seam that crosses more ink is none
_LEAST_PIECE = 0.03  # of a whole's ink
_CUT, _CROSSED = 1.2, 0.6  # what a seam costs, and what more for each pen that it crosses


def pieces(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ink in pieces from left to right, none of which is in two digits, if that can be had.

    Returns which piece each pixel belongs to, (H, W) int32, -1 for paper; the pieces' boxes (n, 4)
    int; which whole each was cut from, (n,) int; and what a cut before each costs, (n,). More than
    MOST wholes are one piece.
    """
    mask = (ink >= _PAPER).astype(np.uint8)
    count, wholes, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return wholes - 1, np.zeros((0, 4), int), np.zeros(0, int), np.zeros(0)
    if count - 1 > MOST:  # a sheet of dots has 100,000
        corners = stats[1:, :2], stats[1:, :2] + stats[1:, 2:4]
        around = np.array([[*corners[0].min(axis=0), *corners[1].max(axis=0)]])
        return np.minimum(wholes, 1) - 1, around, np.ones(1, int), np.zeros(1)
    height = float(stats[1:, cv2.CC_STAT_HEIGHT].max())
    found: list[tuple[np.ndarray, np.ndarray]] = []  # corner and mask of each piece
    owners, costs = [], []  # and what the cut to its left costs
    for number, (left, top, wide, high, _) in enumerate(stats[1:], 1):
        inside = wholes[top : top + high, left : left + wide] == number
        parts, prices = _split(inside, height) if wide > _WHOLE * height else ([inside], [])
        found += [(np.array([left, top]), part) for part in parts]
        owners += [number] * len(parts)
        costs += [0.0, *prices]
    boxes = []
    for corner, part in found:
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        box = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        boxes.append(np.array(box) + np.tile(corner, 2))
    order = np.argsort([box[0] + box[2] for box in boxes], kind="stable")
    pieces = np.full(ink.shape, -1, np.int32)
    for place, k in enumerate(order):
        (left, top), part = found[k]
        here = pieces[top : top + part.shape[0], left : left + part.shape[1]]
        here[part] = place
    whole = np.array(owners)[order]
    ties = np.zeros(len(order))
    for number in np.unique(whole):
        mine = np.flatnonzero(whole == number)
        for before, after in itertools.pairwise(mine):  # pieces of others may lie between
            ties[before + 1 : after + 1] = np.maximum(
                ties[before + 1 : after + 1], costs[order[after]]
            )
    return pieces, np.array(boxes)[order], whole, ties


def _split(mask: np.ndarray, height: float) -> tuple[list[np.ndarray], list[float]]:
    """Ink in one piece cut from top to bottom, wherever a seam crosses little of it.

    mask: (h, w) bool; height: of the line, pixels
    Returns masks from left to right, and what the cut between each and the next costs.
    """
    scale = min(_SEAM_HEIGHT / height, 1.0)
    size = [max(1, round(side * scale)) for side in mask.shape[::-1]]
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    down, up = _descend(small), _descend(small[::-1])[::-1]
    middle = len(small) // 2
    through = down[middle] + up[middle] - small[middle]
    pen = max(convention.pen_width(small), 1.0)
    reach = max(1, round(_APART_SEAMS * _SEAM_HEIGHT))
    lowest = -cv2.dilate(-through[None].astype(np.float32), np.ones((1, 2 * reach + 1)))[0]
    columns = np.flatnonzero((through <= lowest + 1e-6) & (through < _THICKEST * pen))
    edge = 0.1 * _SEAM_HEIGHT
    columns = columns[(columns > edge) & (columns < len(through) - edge)]
    places = [c for k, c in enumerate(columns.tolist()) if not k or c - columns[k - 1] > 1]
    rows = np.arange(len(mask)) * len(small) // len(mask)
    across = mask.shape[1] / small.shape[1]
    seams = [(_trace(down, up, middle, column)[rows] + 0.5) * across for column in places]
    parts, prices = [], []
    rest, least = mask, _LEAST_PIECE * mask.sum()
    for seam, column in zip(seams, places, strict=True):
        right = rest & (np.arange(mask.shape[1]) >= seam[:, None])
        if (rest & ~right).sum() > least and right.sum() > least:
            parts.append(rest & ~right)
            prices.append(_CUT + _CROSSED * float(through[column]) / pen)
            rest = right
    return [*parts, rest], prices


def _descend(cost: np.ndarray) -> np.ndarray:
    """Least cost of a way down to each pixel from the top, a step aside costing _ASIDE."""
    total = cost.copy()
    for row in range(1, len(cost)):
        above = total[row - 1]
        best = above.copy()
        best[1:] = np.minimum(best[1:], above[:-1] + _ASIDE)
        best[:-1] = np.minimum(best[:-1], above[1:] + _ASIDE)
        total[row] += best
    return total


def _trace(down: np.ndarray, up: np.ndarray, middle: int, column: int) -> np.ndarray:
    """The columns of the cheapest way through a column in the middle row, (h,)."""
    way = np.full(len(down), column)
    for rows, total in ((range(middle - 1, -1, -1), down), (range(middle + 1, len(down)), up)):
        here = column
        for row in rows:
            near = range(max(here - 1, 0), min(here + 2, down.shape[1]))
            here = min(near, key=lambda c: total[row, c] + _ASIDE * (c != here))
            way[row] = here
    return way
