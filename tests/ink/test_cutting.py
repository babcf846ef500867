"""Which ways of a pen may be the left one of two digits, and which the right one."""

import cv2
import numpy as np

from classifier.ink import cutting, thinning

HEIGHT = 48


def graph_of(*lines: list[tuple[int, int]]) -> thinning.Graph:
    sheet = np.zeros((64, 100), np.uint8)
    for line in lines:
        cv2.polylines(sheet, [np.array(line, np.int32)], False, 1, 5)
    return thinning.trace(sheet > 0)


def around(graph: thinning.Graph, ways: int) -> np.ndarray:
    points = [way for k, way in enumerate(graph.ways) if ways >> k & 1]
    return np.r_[np.concatenate(points).min(axis=0), np.concatenate(points).max(axis=0)]


def test_the_least_odd_pair_stands_side_by_side():
    graph = graph_of([(20, 8), (20, 56)], [(70, 8), (70, 56)], [(20, 32), (70, 32)])
    sets = cutting.sets_of(graph, HEIGHT)
    left, right = cutting.pairs(graph, sets)[0].tolist()
    assert around(graph, left)[0] < 25
    assert around(graph, right)[2] > 65
    assert around(graph, left)[2] <= around(graph, right)[0] + 2


def test_all_ink_is_in_a_pair_and_each_side_hangs_together():
    graph = graph_of([(10, 8), (40, 30), (10, 56)], [(40, 30), (80, 8)], [(40, 30), (80, 56)])
    sets = cutting.sets_of(graph, HEIGHT)
    chosen = cutting.pairs(graph, sets)
    assert len(chosen)
    every = (1 << len(graph.ways)) - 1
    assert ((chosen[:, 0] | chosen[:, 1]) == every).all()
    assert sets.connected[chosen].all()


def test_the_wall_between_two_rings_may_be_in_both():
    ring = [(10, 8), (40, 8), (40, 56), (10, 56), (10, 8)]
    other = [(40, 20), (70, 8), (70, 56), (40, 44)]
    graph = graph_of(ring, other)
    sets = cutting.sets_of(graph, HEIGHT)
    shared = [
        (left, right)
        for left, right in cutting.pairs(graph, sets).tolist()
        if np.abs(around(graph, left) - [10, 8, 40, 56]).max() < 4
        and np.abs(around(graph, right) - [40, 8, 70, 56]).max() < 4
        and left & right
    ]
    assert shared


def test_a_pair_that_lies_over_one_another_or_is_low_is_odder():
    graph = graph_of([(20, 8), (20, 56)], [(70, 8), (70, 56)], [(20, 32), (70, 32)])
    sets = cutting.sets_of(graph, HEIGHT)
    chosen = cutting.pairs(graph, sets)
    odd = cutting.oddity(sets, chosen)
    assert (np.diff(odd) >= 0).all()
    assert odd[-1] > odd[0] + 1
