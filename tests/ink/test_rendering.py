"""Strokes to ink and to network inputs."""

import numpy as np

from classifier.config import IMAGE_SIZE
from classifier.ink import rendering
from tests.ink import drawn


def test_stray_strokes_are_those_far_shorter_than_the_longest():
    long, short, tap = (np.array([[0, 0], [n, 0]], float) for n in (150, 11, 9))
    kept = rendering.drop_stray_strokes([tap, long, short])
    assert [float(np.ptp(stroke)) for stroke in kept] == [150, 11]


def test_drawings_can_be_rendered_each_with_its_pen():
    thin, thick = rendering.render_drawings([drawn(3), drawn(3)], np.array([2.0, 4.0]))
    assert thick.sum() > 1.5 * thin.sum()
    assert rendering.render_drawings([]).shape == (0, IMAGE_SIZE, IMAGE_SIZE)
