"""What the server knows of the drawing is what the browser last said, however its messages come."""

import base64
import copy
import random

import numpy as np
import pytest

from classifier.people.collection import MAX_POINTS, MAX_STROKES
from classifier.ui.board.sketch import NotUnderstoodError, Sketch

LINE = [10, 10, 20, 10, 30, 10]
IMAGE = np.arange(784, dtype=np.uint8).reshape(28, 28)
PIXELS = base64.b64encode(IMAGE.tobytes()).decode()


def message(number: int, *strokes: list, drawing: str = "a", **more: object) -> dict:
    """A message of the board with the whole drawing, but for what `more` says of it."""
    plain = {"applied": "", "image": None, "from": 0, "resting": True, "presses": []}
    return plain | {"number": number, "drawing": drawing, "strokes": list(strokes)} | more


def points(sketch: Sketch) -> list[list[float]]:
    return [line.ravel().tolist() for line in sketch.lines]


def test_a_stroke_grows_by_what_is_new_of_it():
    sketch = Sketch()
    sketch.take_in(message(1, [1, 18, 0, 10, 10], resting=False))
    assert sketch.have()["points"] == 1
    assert not sketch.resting
    sketch.take_in(message(2, [1, 18, 1, 20, 10, 30, 10], resting=False))
    sketch.take_in(message(3, [2, 30, 0, 50, 50], **{"from": 1}))
    assert points(sketch) == [LINE, [50, 50]]
    assert sketch.pen == 30
    assert sketch.resting
    assert sketch.have() | {"drawing": ""} == {
        "number": 3, "drawing": "", "strokes": 2, "points": 1, "sum": 1900, "resting": True,
        "pressed": 0,
    }  # fmt: skip


def test_what_came_before_changes_nothing():
    sketch = Sketch()
    whole = message(5, [1, 18, 0, *LINE])
    sketch.take_in(whole)
    before = copy.deepcopy(sketch)
    for late in (whole, message(4), message(1, drawing="b"), whole):
        assert sketch.take_in(late) == []
    assert sketch.have() == before.have()
    assert points(sketch) == points(before)


def test_what_follows_on_a_message_that_never_came_is_left_out_and_asked_for_again():
    sketch = Sketch()
    sketch.take_in(message(1, [1, 18, 0, 10, 10]))
    for gap in (
        message(2, [1, 18, 5, 20, 10]),  # four points are missing
        message(3, [3, 18, 0, 20, 10], **{"from": 2}),  # a stroke is
        message(4, [1, 18, 1, 20, 10], drawing="b"),  # all of another drawing is
    ):
        sketch.take_in(gap)
        assert points(sketch) == [[10, 10]]
        assert sketch.have()["drawing"] == "a"
    assert sketch.have()["number"] == 4  # so that the browser sends the whole


def test_any_order_of_messages_ends_where_the_newest_does():
    rows = [[1, 18, 0, *LINE], [2, 18, 0, 50, 50, 60, 60], [3, 18, 0, 70, 70]]
    sent = [message(n, *rows[:n]) for n in (1, 2, 3)]
    for seed in range(30):
        sketch = Sketch()
        shuffled = sent * 3
        random.Random(seed).shuffle(shuffled)
        for one in shuffled:
            sketch.take_in(one)
        assert len(sketch.strokes) == 3


def test_a_press_is_told_once_and_none_is_lost_with_an_earlier_message():
    sketch = Sketch()
    first, second = ({"name": f"label-{n}", "number": n} for n in (1, 2))
    assert sketch.take_in(message(1, [1, 18, 0, *LINE], presses=[first])) == ["label-1"]
    assert sketch.take_in(message(2, [1, 18, 0, *LINE], presses=[first])) == []
    assert sketch.take_in(message(3, presses=[first, second])) == ["label-2"]
    other = Sketch()  # which never heard of the first
    assert other.take_in(message(3, presses=[second, first])) == ["label-1", "label-2"]


def test_a_command_is_the_drawing_until_the_browser_goes_on_from_it():
    sketch = Sketch()
    sketch.take_in(message(1, [7, 18, 0, *LINE]))
    sketch.put_strokes([np.array([[1, 2], [3, 4]])])
    command = sketch.command
    assert (command.follows, sketch.drawing) == (7, command.id)
    # A stroke that was begun on the drawing before, by a browser that has not heard of it yet.
    sketch.take_in(message(2, [7, 18, 0, *LINE], [8, 18, 0, 9, 9]))
    assert points(sketch) == [[1, 2, 3, 4]]
    assert sketch.command is command
    # The browser has done it, and has put the newer stroke on top.
    both = [[0, 18, 0, 1, 2, 3, 4], [8, 18, 0, 9, 9]]
    sketch.take_in(message(3, *both, drawing=command.id, applied=command.id))
    assert points(sketch) == [[1, 2, 3, 4], [9, 9]]
    assert sketch.command is None


def test_a_press_while_the_drawing_is_being_replaced_waits_for_the_new_one():
    sketch = Sketch()
    sketch.take_in(message(1, [1, 18, 0, *LINE]))
    sketch.empty()
    after = {"drawing": sketch.command.id, "applied": sketch.command.id}
    press = [{"name": "label-7", "number": 1}]
    assert sketch.take_in(message(2, [2, 18, 0, 5, 5], presses=press)) == []
    assert sketch.have()["pressed"] == 0  # so that the browser sends it again
    assert sketch.take_in(message(3, [2, 18, 0, 5, 5], presses=press, **after)) == ["label-7"]
    assert sketch.take_in(message(4, presses=press, **after)) == []


def test_a_press_that_came_with_a_gap_is_not_lost():
    sketch = Sketch()
    press = [{"name": "label-7", "number": 1}]
    assert sketch.take_in(message(1, [1, 18, 4, 20, 10], presses=press)) == []
    assert sketch.take_in(message(2, [1, 18, 0, *LINE], presses=press)) == ["label-7"]


def test_an_image_is_known_by_its_id_and_else_taken_as_it_comes():
    sketch = Sketch()
    sketch.put(IMAGE, "Test image 3")
    sent = sketch.command.as_data()
    assert sent["image"]["pixels"] == PIXELS
    known, applied = sketch.image, sketch.command.id
    sketch.take_in(message(1, drawing="cleared", applied=applied))
    assert sketch.is_empty
    sketch.take_in(message(2, drawing="undone", applied=applied, image=sent["image"]))
    assert sketch.image is known
    other = Sketch()  # of a server that was started anew
    other.take_in(message(9, drawing="undone", image=sent["image"]))
    np.testing.assert_array_equal(other.image.image, IMAGE)
    assert other.image.caption == "Test image 3"


ROW = [1, 18, 0, *LINE]
NAN, INFINITE = float("nan"), float("inf")
BAD = {
    "no object": [],
    "text": "hello",
    "nothing": None,
    "no number": message("1", ROW),
    "a negative number": message(-1, ROW),
    "a truth for a number": message(True, ROW),
    "an endless number": message(10**400, ROW),
    "a number that leaves none to come": message(2**53 - 1, ROW),
    "a drawing without an id": message(9, ROW, drawing=""),
    "a drawing with a long id": message(9, ROW, drawing="x" * 10_000),
    "a drawing that is a list": message(9, ROW, drawing=["a"]),
    "NaN": message(9, [1, 18, 0, NAN, 10]),
    "infinite": message(9, [1, 18, 0, INFINITE, 10]),
    "far away": message(9, [1, 18, 0, 1e30, 10]),
    "an endless coordinate": message(9, [1, 18, 0, 10**400, 10]),
    "text for a coordinate": message(9, [1, 18, 0, "10", 10]),
    "a truth for a coordinate": message(9, [1, 18, 0, True, 10]),
    "a list for a coordinate": message(9, [1, 18, 0, [10], 10]),
    "half a point": message(9, [1, 18, 0, 10]),
    "a stroke of nothing": message(9, [1, 18, 0]),
    "an empty stroke": message(9, []),
    "a stroke that is none": message(9, {"points": LINE}),
    "no strokes": message(9, strokes=None),
    "a million points": message(9, [1, 18, 0, *([10, 10] * 1_000_000)]),
    "a point too many": message(9, [1, 18, 0, *([10, 10] * (MAX_POINTS + 1))]),
    "a stroke too many": message(9, *([ROW] * (MAX_STROKES + 1))),
    "no pen": message(9, [1, 0, 0, *LINE]),
    "a negative pen": message(9, [1, -5, 0, *LINE]),
    "a pen as wide as the world": message(9, [1, 1e9, 0, *LINE]),
    "a pen that is no number": message(9, [1, NAN, 0, *LINE]),
    "a negative beginning": message(9, ROW, **{"from": -1}),
    "points left out below zero": message(9, [1, 18, -3, *LINE]),
    "resting that is no truth": message(9, ROW, resting=1),
    "presses that are text": message(9, ROW, presses="label-7"),
    "a press that is text": message(9, ROW, presses=["label-7"]),
    "a press without a number": message(9, ROW, presses=[{"name": "label-7"}]),
    "a press without a name": message(9, ROW, presses=[{"number": 3}]),
    "a press that leaves none to come": message(
        9, ROW, presses=[{"name": "next", "number": 2**53 - 1}]
    ),
    "a thousand presses": message(9, ROW, presses=[{"name": "next", "number": 1}] * 1000),
    "an image that is text": message(9, ROW, image="data:image/png;base64,AAAA"),
    "an image of another size": message(9, ROW, image={"id": "x", "pixels": "AAAA", "caption": ""}),
    "an image that is no base64": message(
        9, ROW, image={"id": "x", "pixels": "%" * 1048, "caption": ""}
    ),
    "an image that is no ASCII": message(
        9, ROW, image={"id": "x", "pixels": "é" * 1048, "caption": ""}
    ),
    "a drawing with half a character": message(9, ROW, drawing="\ud800"),
    "a press with half a character": message(9, ROW, presses=[{"name": "\udfff", "number": 1}]),
    "a caption with half a character": message(
        9, ROW, drawing="b", image={"id": "x", "pixels": PIXELS, "caption": "\ud83d"}
    ),
    "an image of 50 MB": message(
        9, ROW, image={"id": "x", "pixels": "A" * 50_000_000, "caption": ""}
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_no_board_sends_is_refused_in_words_and_touches_nothing(bad):
    sketch = Sketch()
    sketch.take_in(message(1, [1, 18, 0, *LINE]))
    with pytest.raises(NotUnderstoodError, match=r"\w \w"):
        sketch.take_in(bad)
    assert points(sketch) == [LINE]
    sketch.take_in(message(10, [1, 18, 0, *LINE], [2, 18, 0, 5, 5]))
    assert len(sketch.strokes) == 2


def test_a_drawing_that_grows_for_ever_stops_at_its_bound():
    sketch = Sketch()
    piece = [10, 10] * 1000
    for number in range(MAX_POINTS // 1000):
        sketch.take_in(message(number + 1, [1, 18, 1000 * number, *piece]))
    assert len(sketch.lines[0]) == MAX_POINTS
    with pytest.raises(NotUnderstoodError, match="10,000 points"):
        sketch.take_in(message(99, [1, 18, MAX_POINTS, 10, 10]))
    assert len(sketch.lines[0]) == MAX_POINTS


def test_what_the_canvas_sends_is_cut_off_where_it_can_not_be_kept():
    for lines in ([np.zeros((2, 2))] * 5000, [np.zeros((5 * MAX_POINTS, 2))] * 2):
        sketch = Sketch()
        sketch.drawn(lines, 18)
        assert len(sketch.lines) <= MAX_STROKES
        assert sum(map(len, sketch.lines)) <= MAX_POINTS + 1  # one too many: it is told when kept
