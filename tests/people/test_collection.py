"""What was confirmed is kept once and for good, is its writer's alone, and bad input is told."""

import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from classifier import config
from classifier.database.transactions import transaction
from classifier.ink import drawings
from classifier.limits import LimitError
from classifier.people import classroom, collection, entering, filing
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.rights import NotAllowedError
from tests.people import LINE, ME, YOU, in_a_file, labelled


def keep(who=ME, drawing_id="a", label=7, strokes=LINE, pen=18.0, answer=1, model="conv"):
    return collection.keep(who, Labelled(drawing_id, label, strokes, pen, answer, model))


def test_a_drawing_comes_back_as_it_was_kept():
    before = time.time()
    keep()
    (kept,) = collection.drawings_of(ME)
    assert (kept.id, kept.label, kept.pen, kept.answer, kept.model) == ("a", 7, 18.0, 1, "conv")
    assert before <= kept.time <= time.time()
    for one, other in zip(kept.strokes, LINE, strict=True):
        np.testing.assert_array_equal(one, other)


@in_a_file
def test_nothing_of_the_writer_is_in_the_file():
    keep(visitor_of("a-secret-token"))
    assert b"a-secret-token" not in config.collection_file().read_bytes()


def test_what_is_sent_twice_is_kept_once():
    keep()
    keep()
    assert len(collection.drawings_of(ME)) == 1


def test_ids_of_other_writers_are_no_concern():
    keep(ME)
    keep(YOU, label=3)
    assert [one.label for one in collection.drawings_of(ME)] == [7]
    assert [one.label for one in collection.drawings_of(YOU)] == [3]


def test_one_takes_back_only_ones_own():
    number = keep(ME)
    with pytest.raises(NotAllowedError):
        collection.remove(YOU, number)
    assert collection.remove(ME, number)
    assert not collection.remove(ME, number)
    assert collection.drawings_of(ME) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 10}, "0 to 9"),
        ({"label": -1}, "0 to 9"),
        ({"label": True}, "0 to 9"),
        ({"label": "7"}, "0 to 9"),
        ({"answer": 11}, "0 to 9"),
        ({"strokes": []}, "nothing drawn"),
        ({"strokes": [np.zeros((0, 2))]}, "nowhere"),
        ({"strokes": [np.array([[np.nan, 1.0]])]}, "nowhere"),
        ({"strokes": [np.array([[np.inf, 1.0]])]}, "nowhere"),
        ({"strokes": [np.array([[1e30, 1.0]])]}, "nowhere"),
        ({"pen": np.nan}, "nowhere"),
        ({"pen": 0}, "nowhere"),
        ({"strokes": [np.zeros((20_000, 2))]}, "points at most"),
        ({"strokes": [np.zeros((1, 2))] * 1_000_000}, "strokes"),
    ],
)
def test_what_is_no_labelled_drawing_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        keep(**change)
    assert collection.drawings_of(ME) == []


def test_a_drawing_without_an_answer_is_kept():
    keep(answer=None)
    assert collection.drawings_of(ME)[0].answer is None


def test_there_is_a_limit_for_a_minute_and_one_for_good(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "3")
    for number in range(3):
        keep(drawing_id=str(number))
    with pytest.raises(LimitError, match="a minute"):
        keep(drawing_id="3")
    keep(drawing_id="2")  # is there already
    keep(YOU)
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "60")
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS", "3")
    with pytest.raises(LimitError, match="delete some"):
        keep(drawing_id="3")
    assert len(collection.drawings_of(ME)) == 3


def test_all_visitors_together_keep_so_many_drawings(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_TOTAL", "6")  # of which half is for classes
    keep(ME)
    for number in range(2):
        last = keep(YOU, str(number))
    for number in range(20):
        with pytest.raises(
            LimitError, match="keeps 6 drawings, and has them, or what is left is for classes"
        ):
            keep(visitor_of(str(number)))
    keep(YOU, "1")  # is there already
    with pytest.raises(
        LimitError, match="keeps 6 drawings, and has them, or what is left is for classes"
    ):
        filing.bring(ME, drawings.from_strokes(on_canvas(0), np.array([1])))
    assert len(collection.drawings_of(ME)) == 1
    collection.remove(YOU, last)
    keep(ME, "b")


def test_whoever_draws_for_themselves_takes_no_room_from_classes(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_TOTAL", "6")
    there = classroom.open_class(YOU, "conv")
    entering.join(ME, there.code, "here")
    for number in range(3):
        keep(ME, str(number))
    for number in range(3):
        classroom.send(ME, there.number, labelled(f"sent {number}"))
    with pytest.raises(LimitError, match=r"keeps 6 drawings, and has them: ask"):
        classroom.send(ME, there.number, labelled("one more"))


def test_ones_own_drawings_have_so_many_points_that_a_file_of_them_can_be_brought_back(monkeypatch):
    monkeypatch.setattr(collection, "_MOST_BYTES", 100_000)
    large = [np.ones((5_000, 2))]  # 40 kB
    for number in range(2):
        keep(drawing_id=str(number), strokes=large)
    with pytest.raises(LimitError, match="more points than are kept of one"):
        keep(drawing_id="one more", strokes=large)
    with pytest.raises(LimitError, match="more points than are kept of one"):
        filing.bring(ME, drawings.from_strokes([[np.eye(2).repeat(2_000, 0)]], np.array([1])))
    keep(YOU, strokes=large)


def test_the_file_grows_to_so_many_megabytes(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_STORED_MEGABYTES", "2")  # half for classes
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "1000")
    large = [np.ones((9_000, 2))]
    for number in range(8):
        keep(drawing_id=str(number), strokes=large)  # 72 kB each
    refused = 0
    for number in range(100):
        try:
            keep(drawing_id=f"more {number}", strokes=large)
        except LimitError:
            refused += 1
    assert refused > 92
    with pytest.raises(LimitError, match="The 2 MB of"):
        keep(drawing_id="one more", strokes=large)
    kept = collection.drawings_of(ME)
    for one in kept[:3]:
        collection.remove(ME, one.number)
    keep(drawing_id="again", strokes=large)  # what was freed is used


def test_a_number_is_never_given_twice():
    numbers = [keep(drawing_id=drawing_id) for drawing_id in "ab"]
    collection.remove(ME, numbers[1])
    assert keep(drawing_id="c") > numbers[1]
    assert keep(drawing_id="a") == numbers[0]


def test_they_are_trained_on_with_their_writers_numbered():
    keep(YOU, label=3)
    keep(ME, label=7)
    keep(YOU, "b", label=4)
    with transaction(writing=False) as database:
        found = filing.as_drawings(collection.select(database, "1 = 1", []))
    assert found.labels.tolist() == [3, 7, 4]
    assert found.writer.tolist() == [0, 1, 0]
    assert [len(strokes) for strokes in found] == [2, 2, 2]


# Files in and out


def on_canvas(*offsets):
    """Drawings as somebody may have drawn them, small, large and in corners."""
    rng = np.random.default_rng(5)
    return [[rng.random((k + 2, 2)) * 90 + offset for k in range(2)] for offset in offsets]


def downloaded(who=ME):
    """The visitor's file of drawings, through its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.npz"
        drawings.save(filing.as_drawings(collection.drawings_of(who)), path)
        return drawings.load(path.read_bytes())


def test_what_was_downloaded_changes_nothing_when_it_is_uploaded():
    for number, strokes in enumerate(on_canvas(0, 40, 150)):
        keep(drawing_id=str(number), label=number, strokes=strokes)
    before = [(one.id, one.label, one.time) for one in collection.drawings_of(ME)]
    for _ in range(2):
        assert filing.bring(ME, downloaded()) == 0
    assert [(one.id, one.label, one.time) for one in collection.drawings_of(ME)] == before


def test_what_was_brought_can_be_downloaded_and_brought_again():
    others = drawings.from_strokes(on_canvas(1e3, 2e3, 5e3), np.array([1, 2, 3]))
    assert filing.bring(ME, others) == 3
    assert filing.bring(ME, others) == 0
    assert filing.bring(ME, downloaded()) == 0
    assert filing.bring(YOU, downloaded()) == 3


def test_the_same_strokes_with_another_label_are_another_drawing():
    (strokes,) = on_canvas(0)
    keep(label=1, strokes=strokes)
    assert filing.bring(ME, drawings.from_strokes([strokes] * 3, np.array([1, 7, 7]))) == 1
    assert sorted(one.label for one in collection.drawings_of(ME)) == [1, 7]


def test_more_than_one_may_keep_is_refused_while_another_writes(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS", "3")
    own = drawings.from_strokes(on_canvas(0, 1e3), np.array([1, 2]))
    assert filing.bring(ME, own) == 2
    with transaction():  # nothing has to be written to know it
        with pytest.raises(LimitError, match="3 drawings are kept at most"):
            filing.bring(ME, drawings.from_strokes(on_canvas(2e3, 5e3), np.array([3, 4])))
        assert filing.bring(ME, own) == 0  # nor that all of them are here
    assert len(collection.drawings_of(ME)) == 2
