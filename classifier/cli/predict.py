"""`predict`: which digits are on each picture."""

import argparse
import itertools
import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from classifier.cli import asking
from classifier.cli.asking import DEFAULT_MODEL
from classifier.config import KINDS

if TYPE_CHECKING:
    import numpy as np

    from classifier.ink.pictures import Picture
    from classifier.serving.predict import Detector, Pairs, Predictor
    from classifier.serving.sheets import Reading

TEXT = "Say which digits are on each picture: one, a number, or lines of numbers."
# The sentence for a picture on which nothing is read, by its verdict (`ink.preparing`).
REASONS = {
    "blank": "There is nothing to read: no ink stands out from the paper.",
    "dot": "There is only a dot: a digit's whole shape is needed.",
    "full": "There is too much ink to see a shape: a digit of one line is needed.",
    "several": "There are several shapes side by side, and none of them is a digit.",
}
BETWEEN_LINES = " / "  # where each picture has but one line of output
HELD = "It looks {how}, so what is read may be wrong."
CROWDED = "There is more on it than is read at once: a part of it, closer, is needed."
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # kinds of characters: control, direction, halves, breaks


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Its arguments on the command line."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="(%(default)s)")
    parser.add_argument(
        "--annotate",
        metavar="FOLDER",
        type=Path,
        help="write each picture with a box around each digit",
    )
    asking.add_detector_flag(parser)


def command(chosen: argparse.Namespace) -> int:
    """Ask about each picture, print the answers, and return the exit status."""
    predictor, detector = asking.predictor(chosen.model), asking.detector(chosen.detector)
    pairs = asking.pairs()
    writing = None if chosen.annotate is None else Annotating(chosen.annotate)
    look = not chosen.json  # whose entries have no place for it
    found = (
        one
        for path in chosen.paths
        for one in _entries(path, predictor, detector, pairs, writing, look)
    )
    if chosen.json:
        entries = list(found)
        _print(json.dumps(entries, ensure_ascii=False))
        return int(any("error" in entry for entry in entries))
    failed = False
    for entry in found:
        written = entry.get("text", "")
        path = _on_one_line(entry["path"])
        _print(f"{path}\t{BETWEEN_LINES.join(written.splitlines())}")
        if "error" in entry:
            failed = True
            _print(f"Error: {_on_one_line(entry['error'])}", sys.stderr)
        elif not written:
            _print(f"{path}: {entry['reason']}", sys.stderr)
        if "held" in entry:
            _print(f"{path}: {HELD.format(how=entry['held'])}", sys.stderr)
    return int(failed)


def _on_one_line(text: str) -> str:
    """A text with a path in it, without what would break its line or change what a terminal shows:
    in place of that stands what Python would write."""
    return "".join(
        one.encode("unicode_escape").decode() if unicodedata.category(one) in _UNSEEN else one
        for one in text
    )


def _print(line: str, stream: TextIO | None = None) -> None:
    # Bytes of a file's name that are no text are printed as JSON writes them.
    print(line.encode(errors="backslashreplace").decode(), file=stream)


def _entries(
    path: str,
    predictor: "Predictor",
    detector: "Detector | None",
    pairs: "Pairs | None",
    writing: "Annotating | None",
    look: bool,
) -> Iterator[dict[str, Any]]:
    """What is read on each picture of a path, or why that cannot be.

    look: say, too, how a picture is held that cannot be read as it lies
    """
    from classifier.ink import pictures, preparing
    from classifier.serving import holding, sheets

    try:
        found = pictures.pictures_in(path)
    except pictures.UnreadablePictureError as error:
        yield {"path": path, "error": str(error)}
        return
    if not found:
        yield {"path": path, "error": f"{path} has no pictures in it."}
    for file in found:
        try:
            picture = pictures.read(file)
        except pictures.UnreadablePictureError as error:
            yield {"path": str(file), "error": str(error)}
            continue
        read = sheets.read(preparing.prepare(picture.pixels), predictor, detector, pairs)
        if writing is not None:
            writing.write(file, picture, read)
        entry = {"path": str(file)} | _entry(picture, read)
        held = holding.held(read.ink, predictor, detector) if look else None
        yield entry if held is None else entry | {"held": held.value}


def _entry(picture: "Picture", read: "Reading") -> dict[str, Any]:
    """What is said of a picture besides its path."""
    answer = read.answer
    row = answer.probabilities if read.alone else None
    entry = {
        "digit": answer.digit if read.alone else None,
        "probabilities": None if row is None else _plain(row),
        "is_digit": answer.is_digit and read.alone,
        "text": read.sheet.text,
        "digits": _digits(picture, read),
    }
    if read.alone and not answer.is_digit:
        kind = answer.kind and f"Rather {KINDS[answer.kind]} than a digit."
        entry["reason"] = CROWDED if read.sheet.crowded else kind or REASONS[answer.verdict.value]
    return entry


def _digits(picture: "Picture", read: "Reading") -> list[dict[str, Any]]:
    """Each digit in reading order; boxes in pixels of the upright picture."""
    high, wide = read.ink.shape
    scale = (picture.width / wide, picture.height / high) * 2
    return [
        {
            "digit": part.digit,
            "probabilities": _plain(part.probabilities),
            "is_digit": is_digit,
            "box": [round(side * times) for side, times in zip(part.box, scale, strict=True)],
            "line": part.line,
            "number": part.number,
        }
        for part, is_digit in zip(read.sheet.digits, read.are_digits, strict=True)
    ]


def _plain(probabilities: "np.ndarray") -> list[float]:
    return [float(p) for p in probabilities]


class Annotating:
    """Writes pictures with their boxes into a folder; it knows the names that it has given."""

    def __init__(self, folder: Path) -> None:
        """Raises ValueError if it is a file, and OSError if there can be no such folder."""
        if folder.is_file():
            raise ValueError(
                f"{folder} is a file: name a folder for the pictures with their boxes."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._given: set[str] = set()

    def write(self, file: Path, picture: "Picture", read: "Reading") -> None:
        """Write a picture as PNG under its name; of those of one name, all but the first with a
        number. Raises OSError."""
        import cv2

        from classifier import files
        from classifier.ink import annotating

        high, wide = read.ink.shape
        scale = picture.pixels.shape[1] / wide, picture.pixels.shape[0] / high
        drawn = annotating.annotated(picture.pixels, read.sheet, read.are_digits, scale)
        numbered = (f"{file.stem}-{k}" for k in itertools.count(2))
        name = next(
            name for name in itertools.chain([file.stem], numbered) if name not in self._given
        )
        self._given.add(name)
        with files.written(self._folder / f"{name}.png", durable=False) as sink:
            sink.write(cv2.imencode(".png", drawn[..., ::-1])[1].tobytes())
