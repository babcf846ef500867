"""The table of drawings and answers: each in a line, and nobody is named in it."""

import csv
import io

import numpy as np

from classifier.people import filing, listing
from classifier.people.collection import Kept

LINE = [np.array([[1.0, 2.0], [30.0, 40.5]], np.float32)]


def kept(number: int, writer: str, label: int, answer: int | None, hand: int = 0) -> Kept:
    model = "" if answer is None else "shipped-dense"
    return Kept(
        f"{number}", label, LINE, 18.0, answer, model, number, writer, hand, 86_400.5, False, False
    )


SOME = [
    kept(7, "ann", 3, 3),
    kept(8, "bob", 7, 2),
    kept(12, "ann", 9, None),
    kept(13, "bob", 1, 1, hand=1),
]


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(listing.as_csv(SOME))))


def test_each_drawing_has_a_line_with_its_answer():
    head, *lines = rows()
    assert head == list(listing.COLUMNS)
    assert lines == [
        ["0", "0", "3", "3", "yes", "shipped-dense", "1970-01-02 00:00:00"],
        ["1", "1", "7", "2", "no", "shipped-dense", "1970-01-02 00:00:00"],
        ["2", "0", "9", "", "", "", "1970-01-02 00:00:00"],
        ["3", "2", "1", "1", "yes", "shipped-dense", "1970-01-02 00:00:00"],
    ]


def test_drawings_and_writers_have_the_numbers_of_the_file_of_drawings():
    drawn = filing.as_drawings(SOME)
    assert [line[1:3] for line in rows()[1:]] == [
        [str(writer), str(label)] for writer, label in zip(drawn.writer, drawn.labels, strict=True)
    ]
    assert not {"ann", "bob"} & {cell for row in rows() for cell in row}


def test_a_table_of_no_drawings_has_its_columns():
    assert listing.as_csv([]) == ",".join(listing.COLUMNS) + "\n"


def test_a_table_of_a_class_has_the_nicknames_that_there_are():
    table = listing.as_csv(SOME, {"ann": "🦊 Fox"})
    first, *lines = csv.reader(io.StringIO(table))
    assert first == [*listing.COLUMNS, "nickname"]
    assert [line[-1] for line in lines] == ["🦊 Fox", "", "🦊 Fox", ""]
    assert listing.as_csv(SOME, {}) == listing.as_csv(SOME)
