"""How a sheet is held: whether what is on it reads better if it is turned or mirrored.

Each body of ink is looked at by itself, in all ways, since lines and digits are only found on a
sheet that lies as it should. Knows nothing of files and of where models come from.
"""

import enum
from collections.abc import Callable

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import annotating, convention, finding, lines
from classifier.serving.predict import Detector, Predictor

_MOST = 40  # bodies that are looked at
_SMALLEST, _LARGEST = 0.6, 1.7  # of what is usual: a body's longer side
# It is held so where so many bodies are surely digits then, so many more than as it lies, and so
# many of all, by the table of `tests.benchmarks.photos` for a folder.
_ENOUGH, _MORE, _SHARE = 3, 2, 0.6


class Held(enum.Enum):
    """How a sheet is held that cannot be read as it lies."""

    UPSIDE_DOWN = "upside down"
    LEFT = "turned to the left"  # by a quarter
    RIGHT = "turned to the right"
    MIRRORED = "mirrored"  # left for right, as a window's other side shows it


# What sets right an image (H, W).
_HELD: dict[Held, Callable[[np.ndarray], np.ndarray]] = {
    Held.UPSIDE_DOWN: lambda image: np.rot90(image, 2),
    Held.LEFT: lambda image: np.rot90(image, -1),
    Held.RIGHT: lambda image: np.rot90(image),
    Held.MIRRORED: lambda image: image[:, ::-1],
}


def held(ink: np.ndarray, predictor: Predictor, detector: Detector | None) -> Held | None:
    """How a sheet with this ink (H, W) float32 seems to be held; None if it lies right, or if that
    cannot be told."""
    images = _bodies(ink)
    if len(images) < _ENOUGH:
        return None

    def sure(seen: np.ndarray) -> int:
        surely = predictor.probabilities(seen).max(axis=1) >= annotating.SURE
        if detector is not None:
            surely &= detector.digit_probabilities(seen) >= detector.threshold
        return int(surely.sum())

    found = {way: sure(np.array(list(map(turned, images)))) for way, turned in _HELD.items()}
    way = max(found, key=lambda way: found[way])
    wanted = max(_ENOUGH, _SHARE * len(images), sure(images) + _MORE)
    return way if found[way] >= wanted else None


def _bodies(ink: np.ndarray) -> np.ndarray:
    """The network inputs (n, 28, 28) uint8 of what hangs together and is as large as most is."""
    ink = finding.drop_specks(ink)
    mask = (ink > finding.FAINT).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sides = stats[1:, 2:4].max(axis=1, initial=0)
    if not len(sides):
        return np.empty((0, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    # Whichever way it lies.
    usual = lines.usual_height(np.stack([0 * sides, 0 * sides, sides, sides], axis=1))
    chosen = np.flatnonzero((sides >= _SMALLEST * usual) & (sides <= _LARGEST * usual))[:_MOST]
    images = []
    for number in chosen + 1:
        left, top, wide, high = stats[number, :4]
        here = np.s_[top : top + high, left : left + wide]
        body = np.where(parts[here] == number, ink[here], np.float32(0))
        images.append(convention.network_input(body))
    return np.array(images)
