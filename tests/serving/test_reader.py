"""The program that comes with a downloaded model reads a picture with that model."""

import io
import subprocess
import sys
import zipfile

import cv2
import numpy as np
import pytest

from classifier.config import READER
from classifier.serving import store
from classifier.synthetic import handwriting


def read(folder, digit: int) -> int:
    """What it says to a dark digit on a light photo's paper, off the middle."""
    picture = np.full((240, 400), 235, np.uint8)
    for stroke in handwriting.sample_digit(digit):
        line = (stroke * 160 + [190, 40]).astype(np.int32)
        cv2.polylines(picture, [line], False, 30, 13, cv2.LINE_AA)
    cv2.imwrite(str(folder / "photo.png"), picture)
    done = subprocess.run(
        [sys.executable, str(folder / READER.name), str(folder / "photo.png")],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shares = [float(line.split()[1].rstrip("%")) for line in done.stdout.splitlines()]
    assert len(shares) == 10
    return int(np.argmax(shares))


@pytest.mark.parametrize("name", ["shipped-deep", "shipped-dense"])
def test_a_downloaded_model_reads_a_picture_by_its_own_program(name, tmp_path):
    zipfile.ZipFile(io.BytesIO(store.as_zip(name))).extractall(tmp_path)
    assert [read(tmp_path / name, digit) for digit in (2, 4, 7)] == [2, 4, 7]


def test_the_program_is_short():
    _, _, code = READER.read_text(encoding="utf-8").partition("ImageOps\n\n")
    assert len(code.splitlines()) <= 12


def test_a_model_that_reads_no_digits_comes_without_it():
    with zipfile.ZipFile(io.BytesIO(store.as_zip("shipped-detector"))) as file:
        assert not any(name.endswith(".py") for name in file.namelist())
