"""A sheet that lies upside down, on its side or mirrored is told so; one that lies right is not."""

import time

import numpy as np
import pytest

from classifier.ink import preparing
from classifier.names import SHIPPED_DETECTOR
from classifier.serving import holding, predict, store
from classifier.serving.holding import Held
from tests.paper import HELD
from tests.serving.test_sheets import picture, written


@pytest.fixture(scope="module")
def held():
    """How a picture seems to be held."""
    predictor = predict.Predictor(store.get("shipped-deep").tflite())
    detector = store.get(SHIPPED_DETECTOR).detector()

    def look(seen: np.ndarray) -> Held | None:
        ink = preparing.prepare(np.ascontiguousarray(seen)).ink
        return holding.held(ink, predictor, detector)

    return look


@pytest.mark.parametrize("way", HELD)
@pytest.mark.parametrize(
    "rows", [("12345", "67890"), ("73 44 27",), ("4835", "2967"), ("3472", "5743"), ("723",)]
)
def test_a_sheet_that_is_held_otherwise_is_told(rows, way, held):
    sheet = picture(written(*rows), thickness=0.012)
    assert held(sheet) is None
    assert held(HELD[way](sheet)) is way


@pytest.mark.parametrize("row", ["80", "69", "7", "888"])
def test_what_may_lie_either_way_is_not_told_to_lie_wrongly(row, held):
    sheet = picture(written(row), thickness=0.03)
    for seen in (sheet, np.rot90(sheet, 2), sheet[:, ::-1]):
        assert held(seen) is None


@pytest.mark.parametrize("row", ["1001", "10801"])
def test_what_but_its_flags_tell_is_told_rightly_or_not_at_all(row, held):
    sheet = picture(written(row), thickness=0.03)
    assert held(sheet) is None
    for way in (Held.UPSIDE_DOWN, Held.MIRRORED):
        assert held(HELD[way](sheet)) in (None, way)


def test_what_is_no_writing_is_not_told_to_lie_wrongly(held):
    rng = np.random.default_rng(0)
    assert held(np.full((300, 400), 255, np.uint8)) is None
    assert held(rng.integers(0, 256, (300, 400), np.uint8)) is None
    letters = [np.array([[k, 1.0], [k + 0.4, 0], [k + 0.8, 1]]) for k in range(6)]
    assert held(picture(letters, thickness=0.02)) is None


def test_of_a_large_sheet_a_part_is_enough(held):
    rows = picture(written(*["7342574"] * 9), shape=(1600, 1000), size=1.2, thickness=0.004)
    ink = preparing.prepare(np.rot90(rows, 2).copy()).ink
    predictor = predict.Predictor(store.get("shipped-deep").tflite())
    begun = time.process_time()
    assert holding.held(ink, predictor, None) is Held.UPSIDE_DOWN
    assert time.process_time() - begun < 2
