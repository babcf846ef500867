"""How well rendered pages are read, beside real photos: `python -m tests.benchmarks.sheets FILE`.

Renders pages of each kind from a file of drawings, and reads them. With a folder of real photos
that has an `index.csv`, it prints what these give below: where the renders are too kind shows.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from classifier.ink import drawings, preparing
from classifier.serving import evaluation, sheets
from classifier.synthetic import pages
from classifier.synthetic.sheets import render
from tests import networks
from tests.benchmarks import real_photos
from tests.benchmarks.real_photos import edit_distance

# Which kinds of pages are like which kind of real photos.
LIKE = {
    "single": ("single digit",),
    "form": ("form boxes", "table"),
    "number": ("number", "comma, point, minus", "wide gaps"),
    "page": ("several lines", "sloping lines", "bent lines"),
}
Read = tuple[str, str]  # what was read, and what is written; lines apart by a new line


def figures(read: list[Read]) -> str:
    """Cells of a row: pages, numbers wholly right with their interval, and digits right."""
    numbers = sum(len(text.split()) for _, text in read)
    wrong = sum(edit_distance(found.split(), text.split()) for found, text in read)
    right = max(numbers - wrong, 0)
    low, high = evaluation.interval(right, numbers)
    digits = sum(len(_digits(text)) for _, text in read)
    missed = sum(edit_distance(_digits(found), _digits(text)) for found, text in read)
    return (
        f"{len(read)} | {right / numbers:.1%} of {numbers} | {low:.1%} – {high:.1%} "
        f"| {1 - missed / digits:.1%} of {digits}"
    )


def _digits(text: str) -> str:
    return "".join(text.split())


def table(rows: Iterable[tuple[str, list[Read]]]) -> dict[str, list[Read]]:
    """Print a row for each kind of pages as it is read, and return them all."""
    print("| pages | n | numbers wholly right | 95 % interval | digits right |")
    print(f"|{'---|' * 5}", flush=True)
    found = {}
    for title, read in rows:
        found[title] = read
        print(f"| {title} | {figures(read)} |", flush=True)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings")
    parser.add_argument("--photos", type=Path, help="a folder of real photos")
    parser.add_argument("--count", type=int, default=30, help="pages of each kind")
    parser.add_argument("--each", action="store_true", help="name the pages that are misread")
    chosen = parser.parse_args()
    drawn = drawings.load(chosen.drawings)
    readers = networks.shipped()

    def rendered(kind: str) -> list[Read]:
        rng = np.random.default_rng(list(pages.KINDS).index(kind))
        read = []
        for _ in range(chosen.count):
            sheet = render(pages.at_random(kind, rng), drawn)
            found = sheets.read(preparing.prepare(sheet.picture), *readers).sheet.text
            read.append((found, sheet.text))
            if chosen.each and found != sheet.text:
                print(f"{kind}: {found!r}, not {sheet.text!r}")
        return read

    found = table((kind, rendered(kind)) for kind in pages.KINDS)
    if chosen.photos is None:
        return
    judged = real_photos.judge(chosen.photos, readers)
    print("\nRendered and real:\n")
    beside = []
    for kind, like in LIKE.items():
        mine = [read for one in like for read in found[one]]
        real = [(one.text, one.label) for one in judged if one.kind == kind]
        real = [(text.replace("/", "\n"), label.replace("/", "\n")) for text, label in real]
        beside += [(f"{', '.join(like)}: rendered", mine)]
        beside += [(f"{real_photos.KINDS[kind]}: real", real)] if real else []
    table(beside)


if __name__ == "__main__":
    main()
