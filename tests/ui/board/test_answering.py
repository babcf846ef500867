"""The answer in words."""

import numpy as np

from classifier.ink.layout import Part
from classifier.ink.preparing import Prepared, Verdict
from classifier.serving import predict
from classifier.ui.board import answering
from classifier.ui.board.sketch import Sketch


def test_every_verdict_but_readable_says_what_to_do():
    assert set(answering.IN_THE_WAY) == set(Verdict) - {Verdict.READABLE}
    sentences = set(answering.IN_THE_WAY.values())
    assert len(sentences) == len(Verdict) - 1
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


def reading_of(*lines: str) -> answering.Reading:
    """A picture on which these lines were read."""
    image = np.zeros((28, 28), np.uint8)
    prepared = Prepared(Verdict.SEVERAL, image / np.float32(255), network_input=image)
    parts = [
        Part(prepared, np.eye(10, dtype=np.float32)[int(digit)], (0, 0, 1, 1), False, line, number)
        for line, row in enumerate(lines)
        for number, digits in enumerate(row.split())
        for digit in digits
    ]
    return answering.Reading(prepared, predict.Answer(Verdict.SEVERAL, None), parts, left_out=True)


def test_lines_and_numbers_are_told_apart_in_the_answer():
    title, note, _ = answering.in_sentences(reading_of("12 345", "67"))
    assert title.startswith("It is 12 345 / 67 · ")
    assert note == "What is no digit is left out."


def test_of_a_long_sheet_the_board_shows_the_first_digits():
    """A sheet may have hundreds: bars for each would fill the page."""
    shown = answering.shown(reading_of("1" * 400), Sketch(), ["", ""], None)
    assert len(shown["rows"]) <= 24
    assert len(shown["title"]) < 100
    assert len(shown["picture"]) < 20_000
