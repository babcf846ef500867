"""What was left out of a picture, and the word for why."""

import cv2
import numpy as np

from classifier.ink import leftovers
from classifier.ink.layout import Part, Sheet
from classifier.ink.preparing import Prepared, Verdict

NOTHING = Sheet([], [])


def part(left: float) -> Part:
    prepared = Prepared(Verdict.READABLE, np.zeros((1, 1), np.float32))
    return Part(prepared, np.eye(10, dtype=np.float32)[1], (left, 100, left + 40, 180), False)


def test_a_mark_among_digits_is_called_by_its_size():
    boxes = [
        (150.0, 165.0, 165.0, 195.0),
        (200.0, 135.0, 250.0, 145.0),
        (300.0, 90.0, 350.0, 190.0),
    ]
    paper = np.full((300, 500), 230, np.uint8)
    found = leftovers.find(paper, np.zeros((300, 500), np.float32), Sheet([part(50)], boxes))
    assert [one.why for one in found] == ["a comma or point", "a dash", "no digit"]


def test_ruling_and_what_reaches_the_edge_are_found_and_ink_is_not():
    paper = np.full((300, 500), 230, np.uint8)
    cv2.line(paper, (0, 220), (499, 220), 120, 2)
    cv2.rectangle(paper, (488, 40), (499, 100), 40, -1)
    cv2.line(paper, (100, 60), (100, 160), 30, 9)
    ink = np.zeros((300, 500), np.float32)
    cv2.line(ink, (100, 60), (100, 160), 1.0, 9)
    found = leftovers.find(paper, ink, NOTHING)
    assert {one.why for one in found} == {"a line", "at the edge"}
    assert leftovers.find(np.full((300, 500), 230, np.uint8), ink * 0, NOTHING) == []


def test_no_more_are_told_than_are_seen():
    paper = np.full((900, 900), 230, np.uint8)
    paper[::9] = 60
    assert len(leftovers.find(paper, np.zeros((900, 900), np.float32), NOTHING)) <= leftovers.MOST
