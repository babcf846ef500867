"""Ways of a pen to two digits that touch: which may be the left one's, and which the right one's.

Every set of ways that hang together, whose rest hangs together too, is looked at, and how odd it
is: digits lie beside one another, and are about as high. A way that runs between both may be in
both, as where two round digits lean on each other. Knows nothing of networks.

Sets of ways are bits of an int: way k is 1 << k.
"""

from dataclasses import dataclass

import numpy as np

from classifier.ink.thinning import Graph

_MOST_SHARED = 0.6  # of the height: what is longer is not in both
# For each height of the line that two digits lie over one another, that one is lower than _LOW,
# and that they begin and end at other heights. Fitted to pairs of drawings, with what the networks
# doubt: `python -m tests.benchmarks.touching`.
_OVER, _LOWER, _UNEVEN = 2.7, 1.5, 0.3
_LOW = 0.8


@dataclass(frozen=True)
class Sets:
    """Of each set of a graph's ways, (2 ** ways,), the last are all of them.

    low, high: the corners of the box around it, in heights of the line, (2 ** ways, 2)
    length: how long its ways are together, heights; nodes: which nodes they end at, as bits
    connected: whether they hang together
    """

    low: np.ndarray
    high: np.ndarray
    length: np.ndarray
    nodes: np.ndarray
    connected: np.ndarray


def sets_of(graph: Graph, height: float) -> Sets:
    """The sets of a graph's ways; height: of the line, pixels."""
    count = len(graph.ways)
    low, high = np.full((1 << count, 2), 1e6), np.full((1 << count, 2), -1e6)
    length, nodes = np.zeros(1 << count), np.zeros(1 << count, int)
    for k, way in enumerate(graph.ways):
        old, new = slice(0, 1 << k), slice(1 << k, 2 << k)
        low[new] = np.minimum(low[old], way.min(axis=0) / height)
        high[new] = np.maximum(high[old], way.max(axis=0) / height)
        length[new] = length[old] + np.hypot(*np.diff(way, axis=0).T).sum() / height
        nodes[new] = nodes[old] | sum(1 << end for end in {*graph.ends[k].tolist()} if end >= 0)
    return Sets(low, high, length, nodes, _connected(nodes, count))


def _connected(nodes: np.ndarray, count: int) -> np.ndarray:
    """Which sets hang together, (2 ** count,) bool: a way does, and a set that does and a way that
    meets it."""
    every = np.arange(1 << count)
    sizes = np.bitwise_count(every)
    connected = sizes == 1
    for size in range(2, count + 1):
        some = every[sizes == size]
        for k in range(count):
            rest = some & ~(1 << k)
            grown = (some != rest) & connected[rest] & ((nodes[rest] & nodes[1 << k]) > 0)
            connected[some[grown]] = True
    return np.asarray(connected)


def pairs(graph: Graph, sets: Sets) -> np.ndarray:
    """The sets that may be the left digit and the right one, (n, 2) int, the least odd first."""
    every = (1 << len(graph.ways)) - 1
    left = np.flatnonzero(sets.connected)
    left = left[sets.connected[every & ~left]]
    right = every & ~left
    found = [np.stack([left, right], axis=1)]
    shared = np.zeros(len(left), int)
    for k, (start, end) in enumerate(graph.ends.tolist()):
        way = 1 << k
        if min(start, end) < 0 or start == end or sets.length[way] > _MOST_SHARED:
            continue
        both = 1 << start | 1 << end
        between = (sets.nodes[left & ~way] & sets.nodes[right & ~way] & both) == both
        shared[between] |= way
        found.append(found[0][between] | way)
    several = (np.bitwise_count(shared) > 1) & (sets.length[shared] <= _MOST_SHARED)
    found.append((found[0] | shared[:, None])[several])
    chosen = np.unique(np.concatenate(found), axis=0)
    middles = (sets.low + sets.high)[chosen, 0]
    chosen = chosen[middles[:, 0] < middles[:, 1]]
    return np.asarray(chosen[np.argsort(oddity(sets, chosen), kind="stable")])


def oddity(sets: Sets, chosen: np.ndarray) -> np.ndarray:
    """How odd pairs of sets (n, 2) are as two digits, (n,), 0 for not at all."""
    low, high = sets.low[chosen], sets.high[chosen]
    over = (high[:, 0, 0] - low[:, 1, 0]).clip(0)
    lower = (_LOW - (high - low)[..., 1]).clip(0).sum(axis=1)
    uneven = np.abs(high[:, 0, 1] - high[:, 1, 1]) + np.abs(low[:, 0, 1] - low[:, 1, 1])
    return np.asarray(_OVER * over + _LOWER * lower + _UNEVEN * uneven)
