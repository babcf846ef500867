"""How well the real photos of a folder are read, as `tests.benchmarks.photos FOLDER` prints it.

The folder has pictures and an `index.csv` (file, label, kind): labels in reading order, with a
space between numbers and `/` between lines; kinds as in KINDS.
"""

import csv
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from classifier.ink import finding, pictures, preparing
from classifier.serving import evaluation, holding, predict, sheets
from tests import networks
from tests.paper import HELD

KINDS = {
    "single": "single digits",
    "tight": "cut close to the ink",
    "whiteboard": "on a whiteboard",
    "form": "in boxes of forms",
    "number": "numbers",
    "page": "sheets of several lines",
}
_CLOSE = 0.02  # of the longer side: the paper that is left around a digit that is cut close


@dataclass(frozen=True)
class Judged:
    """One picture: what is on it, what was read, and how long that took, from file to text."""

    file: str
    kind: str
    label: str
    text: str
    seconds: float

    @property
    def right(self) -> bool:
        return self.text == self.label

    @property
    def wrong_digits(self) -> int:
        """The edit distance to the label, spaces and lines aside."""
        return edit_distance(_digits(self.text), _digits(self.label))


def index(folder: Path) -> list[dict[str, str]]:
    """The rows of a folder's index."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def judge(folder: Path, readers: tuple) -> list[Judged]:
    """Each picture of a folder with an index, and each single digit cut close to its ink; readers:
    as of `networks.shipped`."""
    found = []
    for row in index(folder):
        begun = time.perf_counter()
        picture = pictures.read_picture(folder / row["file"])
        prepared = preparing.prepare(picture)
        text = sheets.read(prepared, *readers).sheet.text.replace("\n", "/")
        seconds = time.perf_counter() - begun
        found.append(Judged(row["file"], row["kind"], row["label"], text, seconds))
        if row["kind"] == "single" and prepared.ink.any():
            cut = preparing.prepare(cut_close(picture, prepared.ink))
            text = sheets.read(cut, *readers).sheet.text.replace("\n", "/")
            found.append(Judged(row["file"], "tight", row["label"], text, 0))
    return found


def cut_close(picture: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """A picture cut close to its ink (H, W), which may be of another size."""
    height, width = picture.shape[:2]
    mask = cv2.resize(finding.drop_specks(ink), (width, height)) > 0.3
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    edge = round(_CLOSE * max(np.ptp(rows), np.ptp(columns)))
    top, left = max(rows[0] - edge, 0), max(columns[0] - edge, 0)
    return picture[top : rows[-1] + edge + 1, left : columns[-1] + edge + 1]


def edit_distance(one: str, other: str) -> int:
    """How many characters must be put in, left out or changed."""
    before = list(range(len(other) + 1))
    for k, mine in enumerate(one, 1):
        row = [k]
        for j, theirs in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (mine != theirs)))
        before = row
    return before[-1]


def report_held(folder: Path, predictor: predict.Predictor, detector) -> None:
    """Print how photos of three digits and more, each held in all ways, seem to be held."""
    files = [row["file"] for row in index(folder) if len(_digits(row["label"])) > 2]
    print("\n| held | photos | told so | told otherwise | median time of the processor |")
    print(f"|{'---|' * 5}")
    for way in (None, *HELD):
        found, seconds = [], []
        for name in files:
            picture = pictures.read_picture(folder / name)
            if way:
                picture = np.ascontiguousarray(HELD[way](picture))
            ink = preparing.prepare(picture).ink
            begun = time.process_time()
            found.append(holding.held(ink, predictor, detector))
            seconds.append(time.process_time() - begun)
        right = found.count(way)
        wrong = len(found) - right - (found.count(None) if way else 0)
        name = way.value if way else "as it should be"
        print(f"| {name} | {len(found)} | {right} | {wrong} | {np.median(seconds):.2f} s |")


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def report(folder: Path, each: bool) -> None:
    """Print the table by kind; and if `each`, what is read wrongly."""
    readers = networks.shipped()
    judged = judge(folder, readers)
    for one in judged:
        if each and not one.right:
            print(f"{one.kind} {one.file}: {one.text or 'nothing'}, not {one.label}")
    print("| what | n | wholly right | 95 % interval | digits right | median time |")
    print(f"|{'---|' * 6}")
    for kind, title in KINDS.items():
        mine = [one for one in judged if one.kind == kind]
        if not mine:
            continue
        right = sum(one.right for one in mine)
        low, high = evaluation.interval(right, len(mine))
        digits = sum(len(_digits(one.label)) for one in mine)
        share = 1 - sum(one.wrong_digits for one in mine) / digits
        typical = np.median([one.seconds for one in mine])
        print(
            f"| {title} | {len(mine)} | {right} ({right / len(mine):.1%}) "
            f"| {low:.1%} – {high:.1%} | {share:.1%} of {digits} | {typical:.2f} s |"
        )
    report_held(folder, *readers[:2])
