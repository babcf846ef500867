"""A template's smooth curves: through its points, at even distances, sharp at its corners."""

import numpy as np

from classifier.synthetic import curves, templates
from classifier.synthetic.curves import SAMPLES


def test_a_line_is_a_line_at_even_distances():
    shape = curves.parse("50,0 50,50 50,100")
    ((part, sharp, _),) = shape.strokes
    points = sharp @ shape.control[part]
    np.testing.assert_allclose(points[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(points[:, 1], np.linspace(-0.5, 0.5, SAMPLES))


def test_a_corner_is_sharp_and_is_rounded_off_in_haste():
    shape = curves.parse("0,0 50,0 100,0! 100,50 100,100")
    ((part, sharp, rounded),) = shape.strokes
    corner = np.array([0.5, -0.5])
    near, far = (
        np.abs(matrix @ shape.control[part] - corner).max(axis=1).min()
        for matrix in (sharp, rounded)
    )
    assert near < 1e-9
    assert 0.01 < far < 0.1


def test_each_lift_of_the_pen_begins_a_stroke():
    shape = curves.parse("0,0 50,50 100,100 / 0,100 100,0")
    assert [part for part, _, _ in shape.strokes] == [slice(0, 3), slice(3, 5)]
    assert not shape.sway[:3, 3:].any(), "strokes sway by themselves"


def test_every_template_is_within_its_box():
    own = templates.load()
    digits = [variant.strokes for variant in own.variants]
    for text in (*digits, *own.letters, *own.symbols, *own.shapes):
        assert np.abs(curves.parse(text).control).max() <= 0.8, text
