"""The ink of a sheet, line by line, cut into pieces of which none is in two digits, if that can be
had.

A piece is what hangs together, or, where that is wide, what lies between two seams: ways from top
to bottom that cross little ink. Knows nothing of digits, and of what the pieces make together.
"""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.ink import convention, lines

MOST = 60  # strokes, or parts of a line's ink, of a number: what has more is none, and taken whole
_PAPER = 0.25  # of full ink: less parts one piece of ink from the next
_WHOLE = 0.7  # of the line's height: ink in one piece that is narrower is not cut
_SEAM_HEIGHT = 48  # pixels: height of the line at which seams are looked for
_ASIDE = 0.3  # of a pixel of ink: what a step aside costs a seam
_APART_SEAMS = 0.08  # of the line's height: seams nearer than this are one
_THICKEST = 3.0  # pens: a seam that crosses more ink is none
_LEAST_PIECE = 0.03  # of a whole's ink
_NOTCH = 0.15  # of the line's height: a dent in an outline that is as deep is a notch
_LEANING = 0.3  # of the line's height: how far apart sideways two notches of one cut may be
_NOTCHED = 0.6  # what a seam between notches costs more, whatever it crosses
_CUT, _CROSSED = 1.2, 0.6  # what a seam costs, and what more for each pen that it crosses


@dataclass(frozen=True)
class Line:
    """The pieces of a line from left to right. More than MOST parts of ink are one piece.

    piece_of: which piece each pixel around the line belongs to, (h, w) int32, -1 for none
    corner: column and row of the sheet at which that begins
    boxes: around each piece, (n, 4) int, in pixels of the sheet
    whole: which part each was cut from, (n,) int
    ties: what a cut before each costs, (n,)
    """

    piece_of: np.ndarray
    corner: tuple[int, int]
    boxes: np.ndarray
    whole: np.ndarray
    ties: np.ndarray

    def whole_beside(self, first: int, end: int) -> np.ndarray:
        """The parts that the pieces before first, and from end on, were cut from."""
        return np.concatenate([self.whole[:first], self.whole[end:]])


def pieces(ink: np.ndarray, most: int) -> list[Line] | None:
    """The lines of a sheet's ink (H, W) float32, from top to bottom; None if it has more than so
    many parts."""
    mask = (ink >= _PAPER).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count - 1 > most:
        return None
    corner, size = stats[1:, :2], stats[1:, 2:4]
    boxes = np.hstack([corner, corner + size])
    return [_cut_line(parts, boxes, line) for line in lines.find(boxes.astype(float))]


def _cut_line(parts: np.ndarray, boxes: np.ndarray, line: np.ndarray) -> Line:
    """The pieces of a line's parts.

    parts: which part each pixel belongs to, counted from 1, (H, W) int32; boxes: of all, (n, 4)
    int; line: indices of those in this line
    """
    (x, y), (right, bottom) = boxes[line, :2].min(axis=0), boxes[line, 2:].max(axis=0)
    here = parts[y:bottom, x:right]
    if len(line) > MOST:
        piece_of = np.isin(here, line + 1).astype(np.int32) - 1
        return Line(
            piece_of, (x, y), np.array([[x, y, right, bottom]]), np.ones(1, int), np.zeros(1)
        )
    height = lines.line_height(boxes[line].astype(float))
    found: list[tuple[np.ndarray, np.ndarray]] = []  # corner and mask of each piece
    owners: list[int] = []
    costs: list[float] = []  # of the cut to the left of each
    for k in line.tolist():
        left, top, right, bottom = boxes[k]
        inside = parts[top:bottom, left:right] == k + 1
        wide = right - left > _WHOLE * height
        cut, prices = _split(inside, height) if wide else ([inside], [])
        found += [(np.array([left, top]), part) for part in cut]
        owners += [k] * len(cut)
        costs += [0.0, *prices]
    around = np.array([_box(corner, part) for corner, part in found])
    order = np.argsort(around[:, 0] + around[:, 2], kind="stable")
    piece_of = np.full(here.shape, -1, np.int32)
    for place, k in enumerate(order.tolist()):
        (left, top), part = found[k]
        within = piece_of[top - y : top - y + len(part), left - x : left - x + part.shape[1]]
        within[part] = place
    whole = np.array(owners)[order]
    ties = np.zeros(len(order))
    for number in np.unique(whole):
        mine = np.flatnonzero(whole == number)
        for before, after in itertools.pairwise(mine):  # pieces of others may lie between
            ties[before + 1 : after + 1] = np.maximum(
                ties[before + 1 : after + 1], costs[order[after]]
            )
    return Line(piece_of, (x, y), around[order], whole, ties)


def _box(corner: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom of a mask (h, w) bool that lies at a corner."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return np.asarray(box + np.tile(corner, 2))


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
    ways = [(_trace(down, up, middle, c), _CROSSED * float(through[c]) / pen) for c in places]
    ways = sorted(ways + [(way, _NOTCHED) for way in _between_notches(small)], key=_middle_of)
    rows = np.arange(len(mask)) * len(small) // len(mask)
    across = mask.shape[1] / small.shape[1]
    parts, prices = [], []
    rest, least = mask, _LEAST_PIECE * mask.sum()
    for way, price in ways:
        seam = (way[rows] + 0.5) * across
        right = rest & (np.arange(mask.shape[1]) >= seam[:, None])
        if (rest & ~right).sum() > least and right.sum() > least:
            parts.append(rest & ~right)
            prices.append(_CUT + price)
            rest = right
    return [*parts, rest], prices


def _middle_of(way: tuple[np.ndarray, float]) -> float:
    return float(way[0].mean())


def _between_notches(ink: np.ndarray) -> list[np.ndarray]:
    """Straight ways from a notch in the upper outline of ink (h, w) to one in the lower, (h,) each:
    where two round digits lean on each other, much ink lies between these."""
    high = len(ink)
    outlines = [np.where(side.any(axis=0), side.argmax(axis=0), high) for side in
                (ink >= 0.5, ink[::-1] >= 0.5)]  # fmt: skip
    upper, lower = (_notches(outline) for outline in outlines)
    ways = []
    for x in upper:
        near = [other for other in lower if abs(other - x) <= _LEANING * _SEAM_HEIGHT]
        if near:
            other = min(near, key=lambda other: abs(other - x))
            ways.append(np.rint(np.linspace(x, other, high)).astype(int))
    return ways


def _notches(outline: np.ndarray) -> list[int]:
    """Columns at which an outline, rows from the top (w,), goes down and up again."""
    reach, depth = _SEAM_HEIGHT // 2, _NOTCH * _SEAM_HEIGHT
    found: list[int] = []
    for x in range(1, len(outline) - 1):
        before, after = outline[max(x - reach, 0) : x], outline[x + 1 : x + 1 + reach]
        deep = outline[x] - max(before.min(), after.min()) >= depth
        deepest = outline[x] >= max(before[-3:].max(), after[:3].max())
        if deep and deepest and (not found or x - found[-1] > 3):
            found.append(x)
    return found


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
