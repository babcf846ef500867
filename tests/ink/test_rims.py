"""Borders along the edge of a picture are found, and digits that are cut close are none."""

import cv2
import numpy as np
import pytest

from classifier.ink import rims
from classifier.synthetic import handwriting

PAPER, INK, SHAPE = 0.8, 0.2, (120, 240)


def sheet(*lines: tuple[tuple[int, int], tuple[int, int]], thick: int = 7) -> np.ndarray:
    """Paper with dark lines from end to end, (H, W, 1) float32."""
    picture = np.full(SHAPE, PAPER, np.float32)
    for one, other in lines:
        cv2.line(picture, one, other, INK, thick, cv2.LINE_AA)
    noise = np.random.default_rng(1).normal(0, 0.01, SHAPE)
    return (picture + noise)[..., None].astype(np.float32)


@pytest.mark.parametrize("fall", [-5, 0, 5])
def test_a_border_that_leaves_the_picture_is_found_and_nothing_else(fall):
    picture = sheet(((-9, 119 + fall // 2), (249, 119 - fall // 2)), ((90, 20), (90, 125)))
    found = rims.rims(picture)
    dark = picture[..., 0] < 0.5
    assert found[112:][dark[112:]].mean() > 0.95  # the foot of the line that stands on it, too
    assert not found[:100].any()


def test_the_sides_of_a_box_are_found_beside_its_upper_or_lower_border():
    upper, side = ((-9, 0), (249, 0)), ((1, -9), (1, 129))
    assert rims.rims(sheet(upper, side))[60, 0]
    assert rims.rims(sheet(side)) is None  # a 1 that is cut close


def test_what_is_under_a_border_becomes_like_the_paper_beside_it():
    light = np.linspace(1, 0.8, 240, dtype=np.float32)[:, None]
    picture = sheet(((-9, 0), (249, 0))) * light
    bare = rims.as_paper(picture, rims.rims(picture))
    assert np.abs(bare[0] - PAPER * light).max() < 0.03
    assert np.array_equal(bare[20:], picture[20:])


CLOSE = ["7", "1", "2", "5", "77", "1177", "22", "55", "1111"]


@pytest.mark.parametrize(
    ("number", "width"), [*((number, 60) for number in CLOSE), ("2", 110), ("7", 110)]
)
def test_numbers_that_are_cut_close_have_none(number, width):
    height = 70
    picture = np.full((height, len(number) * width), PAPER, np.float32)
    for place, digit in enumerate(number):
        strokes = handwriting.sample_digit(int(digit))
        points = np.concatenate(strokes)
        low, extent = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 0.3)
        room = np.array([width - 12, height - 1])
        for stroke in strokes:
            line = ((stroke - low) / extent * room + [place * width, 0]).round().astype(np.int32)
            cv2.polylines(picture, [line], False, INK, 6, cv2.LINE_AA)
    assert rims.rims(picture[..., None]) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 9), (40, 60)])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_pictures_of_any_size_with_nothing_on_them_have_none(shape, level):
    assert rims.rims(np.full((*shape, 3), level, np.float32)) is None
