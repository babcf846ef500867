"""How well digits on photographed paper are read: `python -m tests.benchmarks.photos DRAWINGS.npz`.

Renders photos of drawings by kind of paper and light, and as many of empty sheets, and prints a
table; then the seconds that a photo of twelve megapixels takes. With a folder that has an
`index.csv` in place of drawings, it reads the real photos in there (`real_photos`).
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from classifier.ink import drawings, preparing
from classifier.ink.preparing import Verdict
from classifier.serving import evaluation, predict, store
from tests import paper
from tests.benchmarks import real_photos


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings, or a folder of photos")
    parser.add_argument("--each", action="store_true", help="name the photos that are misread")
    parser.add_argument("--count", type=int, default=60, help="photos of each kind")
    chosen = parser.parse_args()
    if Path(chosen.drawings).is_dir():
        real_photos.report(Path(chosen.drawings), chosen.each)
        return
    drawn = drawings.load(chosen.drawings)
    everything = list(drawn)
    predictor = predict.Predictor(store.get("shipped-deep").tflite())

    def judge(kind: str) -> tuple[list[bool], list[bool], list[bool], list[bool]]:
        """Of each photo: read rightly, read rightly as strokes, its box is where the ink is, and
        its like without ink is blank."""
        rng = np.random.default_rng(list(paper.KINDS).index(kind))
        right, as_strokes, found, blank = [], [], [], []
        for k in rng.integers(0, len(everything), chosen.count):
            photo = paper.at_random(kind, rng)
            picture, ink = paper.photograph(everything[k], photo)
            prepared = preparing.prepare(picture)
            said = predict.answer(predictor, prepared).digit
            right.append(said == drawn.labels[k])
            strokes = preparing.prepare_strokes(*drawings.fit_canvas(everything[k]))
            as_strokes.append(predict.answer(predictor, strokes).digit == drawn.labels[k])
            found.append(paper.overlap(prepared.ink, ink) > 0.8)
            empty, _ = paper.photograph([], photo)
            blank.append(preparing.prepare(empty).verdict is Verdict.BLANK)
        return right, as_strokes, found, blank

    print("| photos | n | accuracy | 95 % interval | the same drawings as strokes | ink box right "
          "| empty sheet is blank |")  # fmt: skip
    print(f"|{'---|' * 7}")
    rows = {kind: judge(kind) for kind in paper.KINDS}
    rows["all"] = tuple(
        list(itertools.chain(*column)) for column in zip(*rows.values(), strict=True)
    )
    for kind, (right, as_strokes, found, blank) in rows.items():
        low, high = evaluation.interval(sum(right), len(right))
        shares = " | ".join(f"{np.mean(column):.1%}" for column in (as_strokes, found, blank))
        accuracy = f"{np.mean(right):.1%} | {low:.1%} – {high:.1%}"
        print(f"| {kind} | {len(right)} | {accuracy} | {shares} |")

    large = paper.photograph(everything[0], paper.Photo(shape=(3000, 4000), ruling="squared"))[0]
    begun = time.perf_counter()
    for _ in range(5):
        preparing.prepare(large)
    print(f"twelve megapixels: {(time.perf_counter() - begun) / 5:.2f} s")


if __name__ == "__main__":
    main()
