"""Pictures of drawings are read as rightly as their strokes, whatever the pen and the size."""

import numpy as np
import pytest

from classifier.ink import drawings
from classifier.serving import store
from classifier.serving.predict import Predictor
from classifier.synthetic import handwriting
from tests.benchmarks import pens
from tests.ink import DIGITS, drawn, photographed

COUNT = 200


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(store.get("shipped-deep").tflite())


@pytest.fixture(scope="module")
def digits() -> drawings.Drawings:
    return handwriting.generate(COUNT, seed=3)


@pytest.fixture(scope="module")
def as_strokes(digits, predictor) -> float:
    return pens.judge(digits, predictor)[0].mean()


@pytest.mark.parametrize(("side", "pen", "share"), pens.LAYOUTS)
def test_a_picture_is_read_as_its_strokes_are(side, pen, share, digits, as_strokes, predictor):
    right, _ = pens.judge(pens.pictures_of(digits, side, pen, share), predictor)
    assert right.mean() > as_strokes - 0.025


@pytest.mark.parametrize("pen", [4, 12, 24, 36, 48, 60])
def test_a_plain_digit_is_read_in_any_pen(pen, predictor):
    pixels = np.array([photographed(drawn(digit), pen) for digit in DIGITS])
    right, _ = pens.judge(drawings.Images(pixels, np.array(DIGITS)), predictor)
    assert right.all()
