"""Strokes survive the way into the canvas's format and back, whatever its edit tool did."""

import math
import time

import numpy as np
import pytest

from classifier.people import collection
from classifier.synthetic import handwriting
from classifier.ui.board import canvas
from classifier.ui.board.sketch import Sketch

# As the canvas sends it: a stroke from (80, 60) to (120, 220) through curves.
SENT = {
    "type": "Path",
    "left": 129.0,
    "top": 140.0,
    "strokeWidth": 18,
    "scaleX": 1,
    "scaleY": 1,
    "angle": 0,
    "path": [["M", 80, 60], ["Q", 80, 60, 130, 60], ["Q", 178, 60, 168, 92], ["L", 120, 220]],
}


def test_strokes_come_back_from_the_canvas_as_they_were_put_there():
    strokes = [stroke * 200 + 30 for stroke in handwriting.sample_digit(4)]
    back = canvas.strokes_of(canvas.objects_of(strokes, 18, "#ffffff"))
    assert len(back) == len(strokes)
    for one, other in zip(back, strokes, strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


def test_curves_are_followed_between_their_ends():
    (stroke,) = canvas.strokes_of([SENT | {"left": None} | {"left": 126.5}])
    np.testing.assert_allclose(stroke[0] - stroke[-1], [-40, -160], atol=1e-3)
    assert len(stroke) == 1 + 4 + 4 + 1
    # A quadratic curve passes its middle at a quarter, a half and a quarter of its three points.
    start = canvas.strokes_of([SENT])[0]
    np.testing.assert_allclose(
        (start[7 - 1] - start[0]), [0.25 * 130 + 0.5 * 178 + 0.25 * 168 - 80, 8], atol=1e-3
    )


def test_a_stroke_that_was_moved_scaled_and_turned_is_where_it_looks_to_be():
    line = {"type": "path", "path": [["M", 0, 0], ["L", 10, 0]], "left": 100, "top": 50}
    (moved,) = canvas.strokes_of([line | {"scaleX": 2, "angle": 90}])
    np.testing.assert_allclose(moved, [[100, 40], [100, 60]], atol=1e-4)
    (mirrored,) = canvas.strokes_of([line | {"flipX": True}])
    np.testing.assert_allclose(mirrored, [[105, 50], [95, 50]], atol=1e-4)


def test_an_endless_drawing_is_cut_off_where_it_can_not_be_kept_any_more():
    line = [["M", 0, 0], *([["Q", 1, 1, 2, 2]] * 100_000)]
    begun = time.perf_counter()
    strokes = canvas.strokes_of([SENT | {"path": line}] * 3)
    assert time.perf_counter() - begun < 2
    assert collection.MAX_POINTS < sum(map(len, strokes)) < 5 * collection.MAX_POINTS


def test_other_objects_are_no_strokes():
    assert canvas.strokes_of([{"type": "Circle", "left": 3}]) == []


@pytest.mark.parametrize(("objects", "pen"), [([], 1.0), ([SENT, SENT | {"strokeWidth": 30}], 30)])
def test_the_pen_is_the_widest_that_was_used(objects, pen):
    assert canvas.pen_of(objects) == pen


def sent(*objects: object) -> dict:
    """What the component sends."""
    return {"drawing": {"raw": {"objects": list(objects)}}}


def test_what_the_component_sends_is_strokes_and_the_pen():
    strokes, pen = canvas.taken(sent(SENT))
    assert pen == 18
    np.testing.assert_array_equal(strokes[0], canvas.strokes_of([SENT])[0])


PATHS = {
    "no number": ["L", None, 3],
    "infinite": ["L", math.inf, 3],
    "far away": ["L", 1e30, 3],
    "an endless number": ["L", 10**400, 3],
    "half a point": ["L", 3],
    "no command": [],
    "half a curve": ["Q", 1, 2],
    "a command that is a number": 7,
}
HOSTILE = {
    "nothing": None,
    "text": "drawing",
    "no drawing": {"drawing": None},
    "objects that are none": {"drawing": {"raw": {"objects": 5}}},
    "an object that is text": sent("path"),
    "no path": sent({"type": "path"}),
    "an empty path": sent(SENT | {"path": []}),
    "a path that is an object": sent(SENT | {"path": {"M": 1}}),
    "a place that is text": sent(SENT | {"left": "left"}),
    "a scale without end": sent(SENT | {"scaleX": 1e308}),
    "an angle that is none": sent(SENT | {"angle": math.nan}),
    "a pen that is text": sent(SENT | {"strokeWidth": "wide"}),
    "a pen that is none": sent(SENT | {"strokeWidth": math.nan}),
    "a pen as wide as the world": sent(SENT | {"strokeWidth": 1e9}),
    **{name: sent(SENT | {"path": [["M", 1, 2], path]}) for name, path in PATHS.items()},
}


@pytest.mark.parametrize("what", HOSTILE.values(), ids=HOSTILE)
def test_what_no_canvas_sends_is_nothing(what):
    assert canvas.taken(what) is None


def test_no_drawing_of_the_canvas_is_larger_than_one_that_is_refused():
    line = SENT | {"path": [["M", 0, 0], *([["L", 1, 1]] * 900)]}
    one = {"type": "path", "path": [["L", *([1, 2] * 1_000_000)]]}
    for objects in ([line] * 5000, [one] * 3, [{"type": "path", "path": [["M", 0, 0]]}] * 50_000):
        begun = time.perf_counter()
        sketch = Sketch()
        sketch.drawn(*canvas.taken(sent(*objects)))
        assert time.perf_counter() - begun < 3
        assert len(sketch.strokes) <= collection.MAX_STROKES
        assert sum(map(len, sketch.lines)) <= collection.MAX_POINTS + 1
