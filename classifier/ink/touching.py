"""Two digits that touch, told apart: of all ways to share out what the pen drew, the one whose two
digits the networks doubt least. One network looks at both together and says which two they are, so
that only digits that are these are looked for.

Knows nothing of lines and numbers (`layout`), and of how ways are found (`thinning`, `cutting`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import CLASSES, IMAGE_SIZE
from classifier.ink import convention, cutting, finding, rendering, thinning
from classifier.ink.thinning import Graph

OTHERS = CLASSES + CLASSES**2  # the last label of a network of pairs

Score = Callable[[np.ndarray], np.ndarray]

_HEIGHT = 64  # pixels: height of the line at which ways are looked for
_INK = 0.4  # of full ink
_MOST_WAYS = 14  # what has more is no pair: it doubles what there is to look at
_MOST_DOUBT = 11.0  # a probability of 0.00002
_BOX = 26  # pixels: longer side of a pair in its picture
_PEN = 1.7  # pixels of 20: the finest pen there
_ASKED = 40  # pairs that the reader is asked about
_AGAIN = 5  # and then again, with the detector, about their ink as it is


@dataclass(frozen=True)
class Pair:
    """Two digits that touch.

    masks: where the ink of each is, (h, w) bool; both have what lies where they meet
    probabilities: of each, (2, 10) float32
    cost: what the networks doubt, and what is odd about it
    """

    masks: tuple[np.ndarray, np.ndarray]
    probabilities: np.ndarray
    cost: float


def doubt(probabilities: np.ndarray) -> np.ndarray:
    """What probabilities cost: 0 where they are 1, and _MOST_DOUBT at most."""
    return np.asarray(-np.log(probabilities.clip(np.exp(-_MOST_DOUBT))))


def label(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What a network of pairs calls two digits 0–9, each (N,), (N,) int from CLASSES on. Below that
    it is one digit, and OTHERS something else."""
    return np.asarray(CLASSES + CLASSES * left.astype(int) + right)


def picture(ink: np.ndarray) -> np.ndarray:
    """What the network of pairs gets of ink (h, w) float32: (28, 28) uint8. There must be some.

    As a digit's network input, but larger, since there are two, and with a finer pen.
    """
    return _sized(convention.widen_pen(convention.crop_to_ink(ink), _PEN))


def of_greys(greys: np.ndarray) -> np.ndarray:
    """The same of ink (h, w) uint8 with MNIST's pen."""
    return _sized(convention.crop_to_ink(greys.astype(np.float32) / 255))


def _sized(box: np.ndarray) -> np.ndarray:
    return convention.centre(convention.greys(convention.resize(box, _BOX)))


def tell_apart(
    ink: np.ndarray,
    height: float,
    score: Score,
    is_digit: Score | None,
    together: np.ndarray,
) -> Pair | None:
    """The likeliest pair in ink (h, w) float32; None if it cannot be two digits.

    height: of the line, pixels; score, is_digit: as for `layout.read_ink`
    together: how probable each two digits are, (10, 10), the left one first; or (0, 0), where that
    is not known
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
    doubts = _doubts(doubt(score(images))[places], together)
    costs = doubts.min(axis=(1, 2)) + cutting.oddity(sets, chosen)
    best = np.argsort(costs, kind="stable")[:_AGAIN]
    chosen, costs = chosen[best], cutting.oddity(sets, chosen[best])
    asked, places = np.unique(chosen, return_inverse=True)
    masks = [_mask(graph, one, ink) for one in asked.tolist()]
    images = np.array([_alone(np.where(mask, ink, np.float32(0))) for mask in masks])
    places = places.reshape(chosen.shape)
    doubts = _doubts(doubt(score(images))[places], together)
    costs = costs + doubts.min(axis=(1, 2))
    if is_digit is not None:
        costs = costs + doubt(is_digit(images))[places].sum(axis=1)
    least = costs.argmin()
    left, right = places[least].tolist()
    likely = np.exp(-doubts[least])
    probabilities = np.stack([likely.sum(axis=1), likely.sum(axis=0)]) / likely.sum()
    return Pair((masks[left], masks[right]), probabilities.astype(np.float32), float(costs.min()))


def _doubts(alone: np.ndarray, together: np.ndarray) -> np.ndarray:
    """What each two digits cost for each of n pairs, (n, 10, 10); alone: what the left one and the
    right one cost, (n, 2, 10)."""
    both = np.asarray(alone[:, 0, :, None] + alone[:, 1, None, :])
    return both + doubt(together) if together.size else both


def _alone(ink: np.ndarray) -> np.ndarray:
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
