"""How often a model reads labelled drawings rightly: what is counted, and what is asked."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.config import CLASSES
from classifier.serving import evaluation
from classifier.serving.readings import Readings, Tally


class Reader:
    """Reads an image as its first pixel, and notes how many it was asked about."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        self.asked.append(len(images))
        return np.eye(CLASSES, dtype=np.float32)[images[:, 0, 0]]


def image(digit: int) -> np.ndarray:
    return np.full((28, 28), digit, np.uint8)


def test_right_answers_are_counted_by_digit_and_the_unreadable_is_wrong():
    images = [image(3), image(3), image(5), None]
    tally = Readings().judge(Reader(), "model", list("abcd"), images, np.array([3, 4, 5, 5]))
    assert tally.total.tolist() == [0, 0, 0, 1, 1, 2, 0, 0, 0, 0]
    assert tally.right.tolist() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert tally.shares == [None, None, None, 1.0, 0.0, 0.5, None, None, None, None]
    assert tally.interval == evaluation.interval(2, 4)


def test_a_drawing_is_read_once_by_each_model():
    readings, reader = Readings(), Reader()
    for model, drawings in (("one", "ab"), ("one", "abc"), ("one", "ca"), ("other", "ab")):
        images = [image("abc".index(name)) for name in drawings]
        tally = readings.judge(reader, model, list(drawings), images, np.arange(len(drawings)))
        assert tally.total.sum() == len(drawings)
    assert reader.asked == [2, 1, 2]


def test_another_label_is_judged_anew_without_asking():
    readings, reader = Readings(), Reader()
    shares = [
        readings.judge(reader, "model", ["a"], [image(7)], np.array([label])).shares[label]
        for label in (1, 7)
    ]
    assert shares == [0.0, 1.0]
    assert reader.asked == [1]


def test_what_cannot_be_read_is_never_asked_about():
    reader = Reader()
    tally = Readings().judge(reader, "model", ["a"], [None], np.array([0]))
    assert reader.asked == []
    assert tally.right.sum() == 0


@pytest.mark.parametrize(("total", "right"), [(1, 1), (50, 0), (100, 99)])
def test_the_interval_holds_the_share(total, right):
    low, high = Tally(np.array([total]), np.array([right])).interval
    assert 0 <= low <= right / total <= high <= 1
