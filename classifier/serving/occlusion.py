"""What an answer hangs on: one part of a picture is hidden after the other.

Knows nothing of how a network answers.
"""

from dataclasses import dataclass

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.serving.predict import Predictor

# Pixels: side of the square that occlusion hides. Pens are 2 to 4 wide, so that 7 takes away a
# piece of line, where 5 leaves its rim, and is a third of the 20 that a digit fills. Of 60 of
# MNIST's test images, hiding 5, 7 and 9 pixels changes the shipped `conv`'s answer in 40, 65 and
# 78 %.
PATCH = 7
_LEAST = 1e-12  # taken for any smaller share, so that all odds have a logarithm
_IMAGE = (IMAGE_SIZE, IMAGE_SIZE)


@dataclass(frozen=True)
class Occlusion:
    """A network's answers with a square patch hidden at each place.

    patch: pixels, the square's side
    whole: (10,) float32 probabilities with nothing hidden
    probabilities: (28, 28, 10) float32; [row, column] with the patch centred there
    """

    patch: int
    whole: np.ndarray
    probabilities: np.ndarray

    @property
    def digit(self) -> int:
        """The answer with nothing hidden."""
        return int(self.whole.argmax())

    @property
    def drop(self) -> np.ndarray:
        """By how many powers of ten that answer's odds fall: (28, 28) float32; below 0, they rise.

        Odds are the answer's probability to that of all others together. Where it is sure, its
        probability alone hardly moves, whatever is hidden.
        """
        lost: np.ndarray = self._odds(self.whole) - self._odds(self.probabilities)
        return lost

    def _odds(self, probabilities: np.ndarray) -> np.ndarray:
        """The decimal logarithm of that answer's odds: (...,) of (..., 10)."""
        others = np.delete(probabilities, self.digit, axis=-1).sum(axis=-1)
        pair = probabilities[..., self.digit], others
        found, against = (np.log10(np.maximum(share, _LEAST)) for share in pair)
        odds: np.ndarray = found - against
        return odds

    @property
    def answer(self) -> np.ndarray:
        """The digit that is answered instead, or still: (28, 28) int."""
        digits: np.ndarray = self.probabilities.argmax(axis=2)
        return digits

    @property
    def changes(self) -> bool:
        """Whether some patch changes the answer."""
        return bool((self.answer != self.digit).any())

    @property
    def weakest(self) -> tuple[int, int]:
        """Row and column where the answer loses most; if some patches change it, among those."""
        counted = (self.answer != self.digit) | (not self.changes)
        row, column = np.unravel_index(np.where(counted, self.drop, -np.inf).argmax(), _IMAGE)
        return int(row), int(column)

    @property
    def becomes(self) -> int:
        """What is answered at the weakest place: `digit` if no patch changes it."""
        return int(self.answer[self.weakest])


def occlude(image: np.ndarray, patch: int, fill: int = 0) -> np.ndarray:
    """The image with a square hidden, at every place: (28, 28, 28, 28) uint8, the first two being
    row and column of the square's middle. It is cut off at the edge.

    image: (28, 28) uint8; patch: pixels, odd; fill: 0–255, what the square shows; 0 is paper.
    Raises ValueError for a patch that has no middle.
    """
    if patch < 1 or patch % 2 == 0:
        raise ValueError(f"patch must be an odd number of pixels, not {patch}")
    places = np.arange(IMAGE_SIZE)
    near = np.abs(places[:, None] - places) <= patch // 2
    hidden = near[:, None, :, None] & near[None, :, None, :]
    return np.where(hidden, np.uint8(fill), image)


def occlusion(predictor: Predictor, image: np.ndarray, patch: int = PATCH) -> Occlusion:
    """Find what an answer hangs on by hiding one part of the image (28, 28) uint8 after the other.

    After M. Zeiler and R. Fergus, Visualizing and Understanding Convolutional Networks (2014),
    arXiv:1311.2901, section 4.2; theirs hid under grey, here it is as if nothing were drawn there.
    """
    pictures = occlude(image, patch)
    hides_ink = (pictures != image).any(axis=(2, 3))  # elsewhere the answer stays as it is
    rows = predictor.probabilities(np.concatenate([image[None], pictures[hides_ink]]))
    probabilities = np.broadcast_to(rows[0], (*_IMAGE, rows.shape[1])).copy()
    probabilities[hides_ink] = rows[1:]
    return Occlusion(patch, rows[0], probabilities)
