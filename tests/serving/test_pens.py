"""Pictures of drawings are read as rightly as their strokes, whatever the pen and the size."""

import numpy as np
import pytest

from classifier.ink import drawings, preparing
from classifier.serving import store
from classifier.serving.predict import Predictor
from classifier.synthetic import handwriting
from tests.benchmarks import pens
from tests.ink import DIGITS, drawn, photographed

COUNT = 200


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(store.get("shipped-deep").tflite())


def accuracy(predictor: Predictor, found: list[preparing.Prepared], labels: np.ndarray) -> float:
    empty = np.zeros((28, 28), np.uint8)
    images = [empty if one.network_input is None else one.network_input for one in found]
    right = predictor.probabilities(np.array(images)).argmax(axis=1) == labels
    return float(right.mean())


@pytest.mark.parametrize(("side", "pen", "share"), pens.LAYOUTS)
def test_a_picture_is_read_as_its_strokes_are(side, pen, share, predictor):
    digits = handwriting.generate(COUNT, seed=3)
    strokes = [preparing.prepare_strokes(*drawings.fit_canvas(one)) for one in digits]
    pictures = [preparing.prepare(pens.as_picture(one, side, pen, share)) for one in digits]
    as_strokes = accuracy(predictor, strokes, digits.labels)
    assert accuracy(predictor, pictures, digits.labels) > as_strokes - 0.025


@pytest.mark.parametrize("pen", [4, 12, 24, 36, 48, 60])
def test_a_plain_digit_is_read_in_any_pen(pen, predictor):
    found = [preparing.prepare(photographed(drawn(digit), pen)) for digit in DIGITS]
    assert accuracy(predictor, found, np.array(DIGITS)) == 1
