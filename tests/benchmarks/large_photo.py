"""A photo of twelve megapixels, from file to text: `python -m tests.benchmarks.large_photo`.

Prints the median time, wall and processor, and by how much the process and the one that decodes
pictures grow. The models are loaded, and one small picture has been read, as on a page in use.
"""

import time

import numpy as np

from classifier.ink import pictures, preparing
from classifier.serving import sheets
from classifier.synthetic import handwriting
from tests import networks, paper
from tests.watching import Watch

ROUNDS = 5


def main() -> None:
    """Measure and print."""
    readers = networks.shipped()

    def read(content: bytes) -> str:
        prepared = preparing.prepare(pictures.read_picture(content))
        return sheets.read(prepared, *readers).sheet.text

    strokes = [
        stroke + np.array([1.3 * place, 0])
        for place, digit in enumerate((1, 2, 3, 4, 5))
        for stroke in handwriting.sample_digit(digit)
    ]
    small, large = (
        paper.encode(paper.photograph(strokes, paper.Photo(shape, thickness=0.012, size=0.8))[0])
        for shape in ((600, 800), (3000, 4000))
    )
    read(small)
    seconds, processor, texts = [], [], set()
    with Watch() as watch:
        for _ in range(ROUNDS):
            begun, worked = time.perf_counter(), time.process_time()
            texts.add(read(large))
            seconds.append(time.perf_counter() - begun)
            processor.append(time.process_time() - worked)
    print("| photo of 12 megapixels | read as | median time | of it this process | page grows "
          "| decoding process |")  # fmt: skip
    print(f"|{'---|' * 6}")
    print(
        f"| JPEG, {len(large) / 1e6:.1f} MB | {' or '.join(sorted(texts))} "
        f"| {np.median(seconds):.2f} s | {np.median(processor):.2f} s "
        f"| {watch.growth / 1e6:.0f} MB | {watch.child / 1e6:.0f} MB in all |"
    )


if __name__ == "__main__":
    main()
