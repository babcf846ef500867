"""This project beside two readers of print on real photos: `python -m tests.benchmarks.ocr FOLDER`.

The folder is as for `real_photos`. Digits alone are compared, spaces and lines aside; letters that
a reader finds are left out. A reader that is not installed is left out, too:

    apt-get install tesseract-ocr
    python -m venv elsewhere && elsewhere/bin/pip install rapidocr-onnxruntime
    python -m tests.benchmarks.ocr FOLDER --rapidocr elsewhere/bin/python

Tesseract is told that there are only digits, and whether there is one line. Its time has the start
of its process in it, which each picture needs.
"""

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests import networks
from tests.benchmarks import real_photos
from tests.benchmarks.real_photos import KINDS, Judged

_SEVERAL_LINES = "page"
# Run by another interpreter: reads paths, one a line; prints text and seconds, one JSON a line.
_RAPIDOCR = """
import json, sys, time
from rapidocr_onnxruntime import RapidOCR
reader = RapidOCR()
for line in sys.stdin:
    begun = time.perf_counter()
    found, _ = reader(line.rstrip("\\n"))
    text = "/".join(one[1] for one in found or [])
    print(json.dumps([text, time.perf_counter() - begun]), flush=True)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rapidocr", metavar="PYTHON", help="an interpreter that has RapidOCR")
    chosen = parser.parse_args()
    readers: dict[str, Callable[[Path], list[Judged]]] = {"this project": _own}
    if shutil.which("tesseract"):
        readers["Tesseract"] = _tesseract
    if chosen.rapidocr:
        readers["RapidOCR"] = lambda folder: _rapidocr(folder, chosen.rapidocr)
    found = {name: read(chosen.folder) for name, read in readers.items()}
    print(f"| what | n | {' | '.join(found)} |")
    print(f"|{'---|' * (2 + len(found))}")
    for kind, title in KINDS.items():
        rows = [[one for one in judged if one.kind == kind] for judged in found.values()]
        if kind != "tight" and rows[0]:
            counts = " | ".join(str(sum(not one.wrong_digits for one in row)) for row in rows)
            print(f"| {title}, digits wholly right | {len(rows[0])} | {counts} |")
    rows = list(found.values())
    digits = sum(sum(map(str.isdigit, one.label)) for one in rows[0])
    wrong = " | ".join(str(sum(one.wrong_digits for one in row)) for row in rows)
    print(f"| edit distance, of all digits | {digits} | {wrong} |")
    seconds = [[one.seconds for one in row] for row in rows]
    typical = " | ".join(f"{np.median(row):.2f} s" for row in seconds)
    print(f"| median time | | {typical} |")
    print(f"| longest time | | {' | '.join(f'{max(row):.2f} s' for row in seconds)} |")


def _own(folder: Path) -> list[Judged]:
    judged = real_photos.judge(folder, networks.shipped())
    return [one for one in judged if one.kind != "tight"]


def _tesseract(folder: Path) -> list[Judged]:
    found = []
    for row in real_photos.index(folder):
        mode = "6" if row["kind"] == _SEVERAL_LINES else "7"
        command = ["tesseract", str(folder / row["file"]), "stdout", "--psm", mode]
        command += ["-c", "tessedit_char_whitelist=0123456789"]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - begun
        found.append(Judged(row["file"], row["kind"], row["label"], done.stdout, seconds))
    return found


def _rapidocr(folder: Path, python: str) -> list[Judged]:
    rows = real_photos.index(folder)
    paths = "".join(f"{(folder / row['file']).resolve()}\n" for row in rows)
    done = subprocess.run(
        [python, "-c", _RAPIDOCR], input=paths, stdout=subprocess.PIPE, text=True, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        Judged(row["file"], row["kind"], row["label"], text, seconds)
        for row, (text, seconds) in zip(rows, answers, strict=True)
    ]


if __name__ == "__main__":
    main()
