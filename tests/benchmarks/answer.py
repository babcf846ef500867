"""How long an answer takes inside the page: `python -m tests.benchmarks.answer`.

Prints the median time of preprocessing and of asking each shipped model, for strokes as the
canvas sends them and for a 280×280 picture of them.
"""

import statistics
import time

from classifier.config import CANVAS, CANVAS_PEN
from classifier.ink import preparing, rendering
from classifier.serving import predict, store
from classifier.synthetic import handwriting

ROUNDS = 50


def main() -> None:
    """Measure and print."""
    digits = [[s * 200 + 40 for s in handwriting.sample_digit(d)] for d in range(10)]
    pictures = [rendering.render_strokes(strokes, CANVAS, CANVAS_PEN) for strokes in digits]
    ways = {
        "strokes": (lambda d: preparing.prepare_strokes(d, CANVAS, CANVAS_PEN), digits),
        "picture": (preparing.prepare, pictures),
    }
    print("| input | model | preprocess, ms | predict, ms | both, ms |")
    print("|---|---|---|---|---|")
    for way, (prepare, inputs) in ways.items():
        for name in ("shipped-deep", "shipped-dense"):
            predictor = predict.Predictor(store.get(name).tflite())
            steps, asking = [], []
            for _ in range(ROUNDS):
                for one in inputs:
                    begun = time.perf_counter()
                    prepared = prepare(one)
                    middle = time.perf_counter()
                    predict.answer(predictor, prepared)
                    steps.append(1e3 * (middle - begun))
                    asking.append(1e3 * (time.perf_counter() - middle))
            both = statistics.median(a + b for a, b in zip(steps, asking, strict=True))
            print(
                f"| {way} | {name} | {statistics.median(steps):.2f} "
                f"| {statistics.median(asking):.2f} | {both:.2f} |"
            )


if __name__ == "__main__":
    main()
