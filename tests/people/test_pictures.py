"""Digits that came as pictures, where drawings are kept: in the store, in files, in a class."""

import numpy as np
import pytest

from classifier.database.transactions import transaction
from classifier.ink import drawings, rendering, snippets
from classifier.limits import LimitError
from classifier.people import albums, classroom, collection, entering, filing
from classifier.people.collection import Labelled, Source
from classifier.synthetic import handwriting
from tests.people import HOST, LINE, ME, ONE, YOU, labelled


def snippet(digit: int, pen: float = 16) -> np.ndarray:
    strokes = [stroke * 200 + 40 for stroke in handwriting.sample_digit(digit)]
    return snippets.cut(rendering.render_strokes(strokes, 280, pen))


def picture(digit: int, label: int | None = None, sheet: str = "a sheet") -> Labelled:
    one, label = snippet(digit), digit if label is None else label
    return collection.of_snippet(one, label, sheet, collection.picture_id(one, label, None), 3, "m")


def test_a_picture_comes_back_as_it_was_kept():
    collection.keep(ME, picture(4))
    (one,) = collection.drawings_of(ME)
    assert (one.label, one.answer, one.sheet, one.source) == (4, 3, "a sheet", Source.PICTURE)
    np.testing.assert_array_equal(one.snippet, snippet(4))
    assert drawings.digest(one.parts) == drawings.digest([snippet(4)])
    assert len(one.strokes), "what can only draw lines has some to draw"


def test_strokes_are_kept_beside_pictures_as_before():
    collection.keep(ME, labelled())
    collection.keep(ME, picture(4))
    first, second = collection.drawings_of(ME)
    assert (first.source, first.snippet, first.sheet) == (Source.PEN, None, "")
    np.testing.assert_array_equal(first.strokes[0], LINE[0])
    assert second.source is Source.PICTURE


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64, 64), np.uint8),
        np.full((64, 64), 255, np.uint8),
        np.zeros((28, 28), np.uint8),
        np.eye(64, dtype=np.uint8),
        np.zeros((5000, 5000), np.uint8),
    ],
)
def test_other_pixels_are_refused(pixels):
    with pytest.raises(ValueError, match="other pixels"):
        collection.keep(ME, Labelled("a", 3, LINE, 18, None, "", snippet=pixels))
    with pytest.raises(ValueError, match="64 characters"):
        collection.keep(ME, picture(3, sheet="x" * 65))
    assert collection.drawings_of(ME) == []


def test_many_are_kept_at_once_each_once_and_all_or_none(monkeypatch):
    many = [(0, picture(digit)) for digit in (1, 2, 2, 3)]
    assert collection.keep_all(ME, many) == 3
    assert collection.keep_all(ME, many) == 0
    assert collection.keep_all(ME, [(0, picture(3, label=8))]) == 1
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS", "5")
    with pytest.raises(LimitError):
        collection.keep_all(ME, [(0, picture(digit)) for digit in (5, 6)])
    assert sorted(one.label for one in collection.drawings_of(ME)) == [1, 2, 3, 8]
    assert collection.keep_all(YOU, many) == 3


def test_what_is_kept_of_a_sheet_is_its_keepers_alone():
    number = collection.keep(ME, picture(4))
    collection.keep(ME, picture(5, sheet="another"))
    collection.keep(YOU, picture(6))
    assert collection.of_sheet(ME, None, "a sheet") == {picture(4).id: (4, number)}


def downloaded(who=ME) -> drawings.Contents:
    return drawings.load(drawings.packed(filing.as_drawings(collection.drawings_of(who))))


def test_both_kinds_go_into_a_file_and_come_back_once():
    for one in (picture(4), labelled(), picture(7), picture(2, sheet="")):
        collection.keep(ME, one)
    before = [(one.id, one.label, one.time) for one in collection.drawings_of(ME)]
    file = downloaded()
    assert file.labels.tolist() == [7, 4, 7, 2], "strokes first"
    assert file.images.sheet.tolist() == [0, 0, 1]
    assert filing.bring(ME, file) == 0
    assert [(one.id, one.label, one.time) for one in collection.drawings_of(ME)] == before
    assert filing.bring(YOU, file) == 4
    digests = {drawings.digest(one.parts) for one in collection.drawings_of(ME)}
    assert {drawings.digest(one.parts) for one in collection.drawings_of(YOU)} == digests
    theirs = [one.sheet for one in collection.drawings_of(YOU) if one.snippet is not None]
    assert theirs[0] == theirs[1] != theirs[2]


def test_a_file_of_pictures_alone_is_one_of_images():
    collection.keep(ME, picture(4))
    assert isinstance(downloaded(), drawings.Images)
    assert filing.bring(YOU, downloaded()) == 1


def test_a_class_has_pictures_too():
    there = classroom.open_class(HOST, "conv")
    entering.join(ONE, there.code, "here")
    one = snippet(4)
    known_by = collection.picture_id(one, 4, there.number)
    sent = collection.of_snippet(one, 4, "s", known_by)
    number = classroom.send(ONE, there.number, sent)
    assert classroom.send(ONE, there.number, sent) == number
    collection.keep(ONE, picture(4))  # in one's own collection it is another
    (seen,) = classroom.drawings(HOST, there.number)
    assert (seen.number, seen.source) == (number, Source.PICTURE)
    assert collection.of_sheet(ONE, there.number, "s") == {known_by: (4, number)}
    assert albums.page(HOST, there.number, 4, 0, 9)[0].snippet is not None


def test_rows_that_are_no_picture_are_told():
    collection.check_stored(snippet(4).tobytes(), "[]", 5.0, "picture")
    for points, lengths, source in (
        (snippet(4).tobytes(), "[1]", "picture"),
        (snippet(4).tobytes()[1:], "[]", "picture"),
        (b"\x07" * 4096, "[]", "picture"),
        (snippet(4).tobytes(), "[]", "pen"),
        (snippet(4).tobytes(), "[]", "magic"),
    ):
        with pytest.raises(ValueError, match="make no sense"):
            collection.check_stored(points, lengths, 5.0, source)


def test_the_room_that_pictures_take_is_counted():
    with transaction(writing=False) as database:
        before = database.stored_bytes()
    collection.keep_all(ME, [(0, picture(digit)) for digit in range(10)])
    with transaction(writing=False) as database:
        assert database.stored_bytes() - before >= 10 * 4096
