"""`predict`: which digit is on each picture."""

from __future__ import annotations

import argparse
import json

from classifier.cli import asking
from classifier.cli.asking import DEFAULT_MODEL
from classifier.config import KINDS

TEXT = "Say which digit is on each picture."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What may be said to it."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="(%(default)s)")
    asking.add_detector_flag(parser)


def command(chosen: argparse.Namespace) -> int:
    """Ask about each picture, print the answers, and return the exit status."""
    from classifier.ink import pictures, preparing
    from classifier.serving import predict

    predictor, detector = asking.predictor(chosen.model), asking.detector(chosen.detector)
    entries, failed = [], False
    for path in chosen.paths:
        found = pictures.pictures_in(path)
        if not found:
            entries.append({"path": path, "error": f"{path} has no pictures in it."})
            failed = True
        for file in found:
            try:
                picture = pictures.read_picture(file)
            except pictures.UnreadablePictureError as error:
                entries.append({"path": str(file), "error": str(error)})
                failed = True
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
                entry["reason"] = kind or said.verdict.value
            entries.append(entry)
    if chosen.json:
        print(json.dumps(entries, ensure_ascii=False))
    else:
        for entry in entries:
            print(f"{entry['path']}: {_in_words(entry)}")
    return 1 if failed else 0


def _in_words(entry: dict) -> str:
    if "error" in entry:
        return f"error: {entry['error']}"
    if not entry["is_digit"]:
        return entry["reason"]
    return f"{entry['digit']} ({max(entry['probabilities']):.1%})"
