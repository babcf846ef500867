"""How generated digits look, and how long they take: `python -m tests.benchmarks.sheet`.

Writes assets/handwriting.png, 20 of each digit by 20 writers, and prints the seconds for 60,000.
"""

import time

import cv2
import numpy as np

from classifier.config import ASSETS, CLASSES
from classifier.data import generated
from classifier.ink import rendering
from classifier.synthetic import handwriting

_COLUMNS = 20
_SCALE = 2  # pixels of the sheet for one of an image


def main() -> None:
    """Draw, write and print."""
    drawn = handwriting.generate(6000, seed=3)
    images = rendering.render_drawings(
        drawn, *handwriting.draw_pens(drawn.writer, np.random.default_rng(3))
    )
    rows = []
    for digit in range(CLASSES):
        mine = np.flatnonzero(drawn.labels == digit)
        _, first = np.unique(drawn.writer[mine], return_index=True)
        rows.append(np.hstack(images[mine[first[:_COLUMNS]]]))
    sheet = cv2.resize(255 - np.vstack(rows), None, fx=_SCALE, fy=_SCALE)
    cv2.imwrite(str(ASSETS / "handwriting.png"), sheet)

    begun = time.perf_counter()
    generated.load(56_000)  # and the 4,000 of its test
    print(f"60,000 generated images: {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
