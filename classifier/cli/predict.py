"""`predict`: which digit is on each picture."""

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from classifier.cli import asking
from classifier.cli.asking import DEFAULT_MODEL
from classifier.config import KINDS

if TYPE_CHECKING:
    from classifier.serving.predict import Detector, Predictor

TEXT = "Say which digit is on each picture."
# The sentence for a picture that no network is asked about, by its verdict (`ink.preparing`).
REASONS = {
    "blank": "There is nothing to read: no ink stands out from the paper.",
    "dot": "There is only a dot: a digit's whole shape is needed.",
    "full": "There is too much ink to see a shape: a digit of one line is needed.",
    "several": "There are two digits side by side: one at a time is read.",
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Its arguments on the command line."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="(%(default)s)")
    asking.add_detector_flag(parser)


def command(chosen: argparse.Namespace) -> int:
    """Ask about each picture, print the answers, and return the exit status."""
    predictor, detector = asking.predictor(chosen.model), asking.detector(chosen.detector)
    entries = [one for path in chosen.paths for one in _entries(path, predictor, detector)]
    for line in [json.dumps(entries, ensure_ascii=False)] if chosen.json else map(_line, entries):
        # Bytes of a file's name that are no text are printed as JSON writes them.
        print(line.encode(errors="backslashreplace").decode())
    return int(any("error" in entry for entry in entries))


def _entries(
    path: str, predictor: "Predictor", detector: "Detector | None"
) -> Iterator[dict[str, Any]]:
    """What is read on each picture of a path, or why that cannot be."""
    from classifier.ink import pictures, preparing
    from classifier.serving import predict

    try:
        found = pictures.pictures_in(path)
    except pictures.UnreadablePictureError as error:
        yield {"path": path, "error": str(error)}
        return
    if not found:
        yield {"path": path, "error": f"{path} has no pictures in it."}
    for file in found:
        try:
            picture = pictures.read_picture(file)
        except pictures.UnreadablePictureError as error:
            yield {"path": str(file), "error": str(error)}
            continue
        said = predict.answer(predictor, preparing.prepare(picture), detector)
        row = said.probabilities
        entry = {
            "path": str(file),
            "digit": said.digit,
            "probabilities": None if row is None else [float(p) for p in row],
            "is_digit": said.is_digit,
        }
        if not said.is_digit:
            kind = said.kind and f"Rather {KINDS[said.kind]} than a digit."
            entry["reason"] = kind or REASONS[said.verdict.value]
        yield entry


def _line(entry: dict[str, Any]) -> str:
    words = f"error: {entry['error']}" if "error" in entry else entry.get("reason")
    return f"{entry['path']}: " + (words or f"{entry['digit']} ({max(entry['probabilities']):.1%})")
