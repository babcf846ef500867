"""Two digits that touch, told apart: of all ways to share out what the pen drew, the one whose two
digits the networks doubt least.

Knows nothing of lines and numbers (`layout`), and of how ways are found (`thinning`, `cutting`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import convention, cutting, finding, rendering, thinning
from classifier.ink.thinning import Graph

Score = Callable[[np.ndarray], np.ndarray]

_HEIGHT = 64  # pixels: height of the line at which ways are looked for
_INK = 0.4  # of full ink
_MOST_WAYS = 14  # what has more is no pair: it doubles what there is to look at
_MOST_DOUBT = 11.0  # a probability of 0.00002
_ASKED = 40  # pairs that the reader is asked about
_AGAIN = 5  # and then again, with the detector, about their ink as it is


@dataclass(frozen=True)
class Pair:
    """Two digits that touch.

    masks: where the ink of each is, (h, w) bool; both have what lies where they meet
    cost: what the networks doubt, and what is odd about it
    """

    masks: tuple[np.ndarray, np.ndarray]
    cost: float


def doubt(probabilities: np.ndarray) -> np.ndarray:
    """What probabilities cost: 0 where they are 1, and _MOST_DOUBT at most."""
    return np.asarray(-np.log(probabilities.clip(np.exp(-_MOST_DOUBT))))


def tell_apart(ink: np.ndarray, height: float, score: Score, is_digit: Score | None) -> Pair | None:
    """The likeliest pair in ink (h, w) float32; None if it cannot be two digits.

    height: of the line, pixels; score, is_digit: as for `layout.read_ink`
    """
    scale = _HEIGHT / height
    size = [max(1, round(side * scale)) for side in ink.shape[::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    graph = thinning.trace(cv2.resize(ink, size, interpolation=how) > _INK)
    if not 2 <= len(graph.ways) <= _MOST_WAYS:
        return None
    sets = cutting.sets_of(graph, _HEIGHT)
    chosen = cutting.pairs(graph, sets)[:_ASKED]
    if not len(chosen):
        return None
    asked, places = np.unique(chosen, return_inverse=True)
    places = places.reshape(chosen.shape)
    images = rendering.render_drawings(_strokes(graph, one) for one in asked.tolist())
    doubts = doubt(score(images).max(axis=1))
    costs = doubts[places].sum(axis=1) + cutting.oddity(sets, chosen)
    best = np.argsort(costs, kind="stable")[:_AGAIN]
    chosen, costs = chosen[best], cutting.oddity(sets, chosen[best])
    asked, places = np.unique(chosen, return_inverse=True)
    masks = [_mask(graph, one, ink) for one in asked.tolist()]
    images = np.array([_picture(np.where(mask, ink, np.float32(0))) for mask in masks])
    doubts = doubt(score(images).max(axis=1))
    if is_digit is not None:
        doubts = doubts + doubt(is_digit(images))
    places = places.reshape(chosen.shape)
    costs = costs + doubts[places].sum(axis=1)
    left, right = places[costs.argmin()].tolist()
    return Pair((masks[left], masks[right]), float(costs.min()))


def _picture(ink: np.ndarray) -> np.ndarray:
    """The network input of ink, (28, 28) uint8; of none it is black."""
    if not (ink >= finding.FAINT).any():
        return np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    return convention.network_input(ink)


def _strokes(graph: Graph, ways: int) -> list[np.ndarray]:
    """The ways of a set."""
    return [way for k, way in enumerate(graph.ways) if ways >> k & 1]


def _mask(graph: Graph, ways: int, ink: np.ndarray) -> np.ndarray:
    """Where the ink (h, w) of a set of ways is, that of the nodes at their ends included."""
    mine = np.array([ways >> k & 1 for k in range(len(graph.ways))], bool)
    nodes = graph.ends[mine].ravel()
    near = (graph.way_of >= 0) & mine[graph.way_of]
    near |= np.isin(graph.node_of, nodes[nodes >= 0])
    large = cv2.resize(near.astype(np.float32), ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((large >= 0.5) & (ink > 0))
