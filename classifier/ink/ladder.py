"""A drawing's way to the network input as pictures, to see what each step is good for."""

from dataclasses import dataclass

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink.convention import (
    adjust_pen,
    centre,
    crop_to_ink,
    greys,
    placed,
    resize,
    scale_to_box,
)
from classifier.ink.finding import FAINT


@dataclass(frozen=True)
class Rung:
    """A drawing on its way to the network input: a picture that a network could be asked about.

    image: (28, 28) uint8, 0–255, ink is high; why: what this step is for, in a sentence
    """

    name: str
    image: np.ndarray
    why: str


def rungs(ink: np.ndarray, network_input: np.ndarray) -> list[Rung]:
    """A drawing's way as pictures, each a step further, to see what each step is good for.

    ink: (H, W) float32, as in `Prepared`; network_input: (28, 28) uint8, what became of it.
    Raw is the whole picture, squeezed where it is not square. Empty if there is no ink.
    """
    if not (ink >= FAINT).any():
        return []
    box = crop_to_ink(ink)
    scaled = scale_to_box(box)
    raw = cv2.resize(ink, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)
    large = resize(box, IMAGE_SIZE)
    pen = scale_to_box(adjust_pen(box))
    return [
        Rung("raw", greys(raw), "The whole picture made small: place and size are as drawn."),
        Rung("ink box", _middle(greys(large)), "Cut out: place and size no longer matter."),
        Rung("20 × 20", _middle(scaled), "As large as MNIST's digits, with paper around it."),
        Rung("centre of mass", centre(scaled), "Balanced about the middle, as MNIST's digits are."),
        Rung("pen", centre(pen), "Lines finer or wider than any in MNIST are redrawn."),
        Rung(
            "network input",
            network_input,
            "What the network gets; canvas lines are redrawn with MNIST's pen.",
        ),
    ]


def _middle(scaled: np.ndarray) -> np.ndarray:
    """A box of at most 28×28 in the middle of 28×28."""
    height, width = scaled.shape
    return placed(scaled, (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2)
