"""The middle lines of ink as a graph: ways of the pen, and the nodes at which they meet.

Ink is thinned to lines one pixel wide. Where they branch there is a node, and where they bend
sharply or run on for long. Knows nothing of digits, and of what the ways make together.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

MOST = 11  # ways of ink, where it has no more branches

_STEPS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise
_PINHOLE = 8  # pixels: paper within ink that is no larger is none
_ZONE = 0.9  # of the pen's half width there: branches nearer than this are one node
_SPUR = 0.6  # of the pen's half width: a branch that is shorter is a bump of the outline
_SMOOTH = 2  # pixels to each side that a way is averaged over
_BEND = 4  # pixels to each side of a bend that its angle is taken from; bends are farther apart
_SHARP = np.radians(50)  # from here on a bend is a node
_LONG = 18  # pixels: ways are cut in half as long as they are longer, and few

Ends = tuple[int, int]


@dataclass(frozen=True)
class Graph:
    """Ways of a pen.

    ways: (k, 2) float each, x and y in pixels, the nodes at their ends included
    ends: the nodes at the ends of each way, (n, 2) int, -1 for a free end
    way_of: the way that each pixel is nearest to, (h, w) int, -1 for none
    node_of: the node that it is nearest to, where that is nearer than any way, else -1
    """

    ways: list[np.ndarray]
    ends: np.ndarray
    way_of: np.ndarray
    node_of: np.ndarray


def thin(mask: np.ndarray) -> np.ndarray:
    """The middle lines of a mask (h, w) bool, one pixel wide, by Zhang and Suen: (h, w) bool."""
    lines = np.pad(mask, 1).astype(np.uint8)
    inner = lines[1:-1, 1:-1]
    left = -1
    while left != (left := int(inner.sum())):
        for table in _removable()[:2]:
            inner[table[_codes(lines)]] = 0
    _, _, corners = _removable()
    for y, x in np.argwhere(lines).tolist():  # the inner corners of steps
        around = sum(int(lines[y + down, x + right]) << k for k, (down, right) in enumerate(_STEPS))
        lines[y, x] = not corners[around]
    return inner.astype(bool)


def _codes(lines: np.ndarray) -> np.ndarray:
    """Which of its neighbours each pixel has, as bits; lines (h + 2, w + 2) uint8 to (h, w)."""
    high, wide = lines.shape[0] - 2, lines.shape[1] - 2
    code = np.zeros((high, wide), np.uint8)
    for bit, (down, right) in enumerate(_STEPS):
        code |= lines[1 + down : 1 + down + high, 1 + right : 1 + right + wide] << np.uint8(bit)
    return code


@cache
def _removable() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether a pixel with these neighbours may go, (256,) bool: in each of the two passes, and
    where lines are thin already."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    count = bits.sum(axis=1)
    crossings = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    some = (count >= 2) & (count <= 6) & (crossings == 1)
    up, right, down, left = bits[:, ::2].T
    first = some & (up * right * down == 0) & (right * down * left == 0)
    second = some & (up * right * left == 0) & (up * down * left == 0)
    paper = 1 - bits
    beside, next_but_one = np.roll(paper, -1, axis=1), np.roll(paper, -2, axis=1)
    parts = (paper - paper * beside * next_but_one)[:, ::2].sum(axis=1)
    return first, second, (parts == 1) & (count >= 2)


def trace(mask: np.ndarray) -> Graph:
    """The ways in ink (h, w) bool."""
    mask = _without_pinholes(mask)
    lines = thin(mask)
    half = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    zones = _zones(lines, half)
    count, node_of_line = cv2.connectedComponents(zones)
    node_of_line = np.where(lines, node_of_line, 0)
    nodes = [np.argwhere(node_of_line == k).mean(axis=0)[::-1] for k in range(1, count)]
    number, parts = cv2.connectedComponents((lines & (node_of_line == 0)).astype(np.uint8))
    owner = np.where(node_of_line > 0, -1 - node_of_line, -1)
    paths: list[np.ndarray] = []
    ends: list[Ends] = []
    for part in range(1, number):
        path = _path(np.argwhere(parts == part))
        tips = [_node_near(node_of_line, tip) for tip in (path[0], path[-1])]
        if max(tips) >= 0 > min(tips) and len(path) < _SPUR * half[tuple(path.T)].mean():
            owner[tuple(path.T)] = -2 - max(tips)
            continue
        paths.append(path)
        ends.append((tips[0], tips[1]))
    _cut_ways(paths, ends, nodes)
    for k, path in enumerate(paths):
        owner[tuple(path.T)] = k
    nearest = _nearest(owner)
    return Graph(
        [_smooth(path, tips, nodes) for path, tips in zip(paths, ends, strict=True)],
        np.array(ends, int).reshape(-1, 2),
        np.where(nearest >= 0, nearest, -1),
        np.where(nearest < -1, -2 - nearest, -1),
    )


def _without_pinholes(mask: np.ndarray) -> np.ndarray:
    _, parts, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    holes = stats[:, cv2.CC_STAT_AREA] <= _PINHOLE
    holes[0] = False
    return np.asarray(mask | holes[parts])


def _zones(lines: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Where lines branch, and what is within the pen's reach of that, (h, w) uint8."""
    beside = cv2.filter2D(lines.astype(np.uint8), -1, np.ones((3, 3)), borderType=0) - 1
    zones = np.zeros(lines.shape, np.uint8)
    for y, x in np.argwhere(lines & (beside >= 3)).tolist():
        cv2.circle(zones, (x, y), max(1, round(_ZONE * float(half[y, x]))), 1, -1)
    return zones


def _node_near(node_of_line: np.ndarray, place: np.ndarray) -> int:
    """The node beside a pixel, from 0; -1 if there is none."""
    y, x = place
    return int(node_of_line[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].max()) - 1


def _path(pixels: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) of a line in order, from one of its ends; a ring begins and ends alike."""
    left = {(y, x) for y, x in pixels.tolist()}

    def beside(pixel: tuple[int, int]) -> list[tuple[int, int]]:
        near = [(pixel[0] + y, pixel[1] + x) for y, x in (*_STEPS[::2], *_STEPS[1::2])]
        return [other for other in near if other in left]

    here = first = min(left, key=lambda pixel: len(beside(pixel)))
    ring = len(left) > 2 and len(beside(first)) == 2
    found = [here]
    left.discard(here)
    while near := beside(here):
        here = near[0]
        left.discard(here)
        found.append(here)
    return np.array([*found, first] if ring else found)


def _cut_ways(paths: list[np.ndarray], ends: list[Ends], nodes: list[np.ndarray]) -> None:
    """Cut paths where they bend most, and the longest in half, as long as there are few; what is
    cut ends in new nodes."""
    while len(paths) < MOST:
        bends = [_sharpest(path) for path in paths]
        sharp = max(range(len(paths)), key=lambda k: bends[k][0], default=None)
        if sharp is None:
            return
        place = bends[sharp][1]
        if bends[sharp][0] < _SHARP:
            sharp = max(range(len(paths)), key=lambda k: len(paths[k]))
            place = len(paths[sharp]) // 2
            if len(paths[sharp]) < _LONG:
                return
        path, (start, end) = paths[sharp], ends[sharp]
        node = len(nodes)
        nodes.append(path[place][::-1].astype(float))
        paths[sharp], ends[sharp] = path[: place + 1], (start, node)
        paths.append(path[place:])
        ends.append((node, end))


def _sharpest(path: np.ndarray) -> tuple[float, int]:
    """The angle at the sharpest bend of a path, and its place in it; 0 if it is too short."""
    if len(path) <= 2 * _BEND + 2:
        return 0.0, 0
    even = _averaged(path)
    before, after = even[_BEND:-_BEND] - even[: -2 * _BEND], even[2 * _BEND :] - even[_BEND:-_BEND]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angles = np.abs(np.arctan2(cross, (before * after).sum(axis=1)))
    place = int(angles.argmax())
    return float(angles[place]), place + _BEND


def _averaged(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) each averaged with its neighbours, but for the first and the last."""
    wide = np.pad(points.astype(float), ((_SMOOTH, _SMOOTH), (0, 0)), mode="edge")
    even = np.mean([wide[k : k + len(points)] for k in range(2 * _SMOOTH + 1)], axis=0)
    even[0], even[-1] = points[0], points[-1]
    return np.asarray(even)


def _smooth(path: np.ndarray, tips: Ends, nodes: list[np.ndarray]) -> np.ndarray:
    """A path (k, 2) of rows and columns as x and y without its steps, from node to node."""
    before, after = ([nodes[tip][None]] if tip >= 0 else [] for tip in tips)
    return np.concatenate([*before, _averaged(path[:, ::-1]), *after])


def _nearest(owner: np.ndarray) -> np.ndarray:
    """Of each pixel the owner of the pixel of a line that is nearest, (h, w) int."""
    paper = (owner == -1).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        paper, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.full(int(labels.max()) + 1, -1)
    of_label[labels[paper == 0]] = owner[paper == 0]
    return np.asarray(of_label[labels])
