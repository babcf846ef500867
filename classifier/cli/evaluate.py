"""`evaluate`: how well saved models read labelled digits."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from classifier.cli import asking
from classifier.cli.asking import DEFAULT_MODEL

if TYPE_CHECKING:
    from classifier.serving.predict import Detector, Predictor

TEXT = "Judge models on labelled digits."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument(
        "--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME", help=f"({DEFAULT_MODEL})"
    )
    parser.add_argument(
        "--data",
        nargs="+",
        default=["mnist"],
        metavar="mnist|generated|FILE.npz",
        help="what to judge them on",
    )
    parser.add_argument(
        "--robust", action="store_true", help="repeat it over sizes, places, pens and turns"
    )
    asking.add_detector_flag(parser)
    parser.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")


def command(chosen: argparse.Namespace) -> int:
    """Judge each model on each set, print the figures, and return the exit status."""
    detector = asking.detector(chosen.detector)
    judge = _robust if chosen.robust else _judge
    results = [
        judge(model, asking.predictor(model), detector, data, chosen.mnist)
        for data in chosen.data
        for model in chosen.model
    ]
    if chosen.json:
        print(json.dumps(results[0] if len(results) == 1 else results))
        return 0
    rows = results if not chosen.robust else [row for rows in results for row in rows["rows"]]
    print_table([{key: cell(key, row[key]) for key in row if key != "confusion"} for row in rows])
    if len(results) == 1 and not chosen.robust and results[0]["n"]:
        print("\nConfusion (row: the label, column: the answer)")
        for digit, row in enumerate(results[0]["confusion"]):
            print(f"  {digit}  " + " ".join(f"{count:5d}" for count in row))
    return 0


def _judge(
    model: str, predictor: Predictor, detector: Detector | None, source: str, mnist: str | None
) -> dict[str, Any]:
    """The figures of one model on one set of digits."""
    import numpy as np

    from classifier.data import generated
    from classifier.data.drawn import to_network_inputs
    from classifier.data.mnist import load as load_mnist
    from classifier.ink import drawings
    from classifier.serving import evaluation

    readable = writer = None
    if source == "mnist":
        dataset = load_mnist(mnist)
        images, labels = dataset.test_images, dataset.test_labels
    elif source == "generated":
        images, labels = generated.for_testing()
    else:
        drawn = drawings.load(source, symbols=True)
        images, readable = to_network_inputs(drawn)
        labels, writer = drawn.labels, getattr(drawn, "writer", None)
    is_digit = np.array([kind is None for kind in detector.kinds(images)]) if detector else None
    result = evaluation.evaluate(
        predictor.probabilities(images), labels, readable, is_digit=is_digit, writer=writer
    )
    values = dataclasses.asdict(result) | {"confusion": result.confusion.tolist()}
    return {"model": model, "data": source, **values}


def _robust(
    model: str, predictor: Predictor, detector: Detector | None, source: str, mnist: str | None
) -> dict[str, Any]:
    """The accuracy of one model on drawings in other sizes, places, pens and turns."""
    from classifier.ink import drawings
    from classifier.serving import robustness

    if source in ("mnist", "generated"):
        raise ValueError("--robust draws strokes anew: name a file of drawings with --data.")
    drawn = drawings.load(source)
    if not isinstance(drawn, drawings.Drawings):
        raise ValueError(f"{source} has images: --robust needs strokes.")
    rows = [
        {"model": model, "data": source, **row}
        for row in robustness.measure(drawn, predictor, detector)
    ]
    return {"model": model, "data": source, "rows": rows, **robustness.spread(rows)}


def cell(name: str, value: object) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " – ".join(cell(name, part) for part in value)
    return f"{value * 100:.2f} %" if isinstance(value, float) else f"{value}"


def print_table(rows: list[dict[str, str]]) -> None:
    """Rows of the same columns, in Markdown; columns that are empty throughout are left out."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    table = [[name.replace("_", " ") for name in names], *[[row[n] for n in names] for row in rows]]
    widths = [max(len(line[k]) for line in table) for k in range(len(names))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        print("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |")
