"""The ways of a pen in ink, and the nodes at which they meet."""

import time

import cv2
import numpy as np
import pytest

from classifier.ink import thinning


def drawn(*lines: list[tuple[int, int]], pen: int = 7) -> np.ndarray:
    """Lines of points on a sheet of 64×80, as a mask."""
    sheet = np.zeros((64, 80), np.uint8)
    for line in lines:
        cv2.polylines(sheet, [np.array(line, np.int32)], False, 1, pen)
    return sheet > 0


def test_a_line_is_one_pixel_wide_and_runs_through_the_middle_of_the_ink():
    thin = thinning.thin(drawn([(10, 30), (70, 30)]))
    assert (thin.sum(axis=0) <= 1).all()
    assert np.argwhere(thin)[:, 0].tolist() == [30] * int(thin.sum())
    assert thin.sum() > 50


def test_a_cross_is_four_ways_that_meet_at_a_node():
    graph = thinning.trace(drawn([(40, 8), (40, 56)], [(16, 32), (64, 32)]))
    met = [{*ends} - {-1} for ends in graph.ends.tolist()]
    middle = next(node for node in range(99) if sum(node in nodes for nodes in met) == 4)
    for way, ends in zip(graph.ways, graph.ends.tolist(), strict=True):
        if middle in ends:
            end = way[0] if ends[0] == middle else way[-1]
            assert end == pytest.approx([40, 32], abs=2)


def test_a_sharp_bend_is_a_node():
    graph = thinning.trace(drawn([(12, 50), (40, 10), (68, 50)]))
    places = [way[k] for way in graph.ways for k in (0, -1)]
    assert min(np.hypot(*(place - [40, 14])) for place in places) < 5


def test_a_ring_has_no_free_ends():
    sheet = np.zeros((64, 80), np.uint8)
    cv2.circle(sheet, (40, 32), 22, 1, 6)
    graph = thinning.trace(sheet > 0)
    assert sum(len(way) for way in graph.ways) > 100
    starts, ends = (np.array([way[k] for way in graph.ways]) for k in (0, -1))
    for place in starts:
        assert np.hypot(*(ends - place).T).min() < 2


def test_every_pixel_of_ink_belongs_to_a_way_or_a_node():
    mask = drawn([(40, 8), (40, 56)], [(16, 32), (64, 32)], [(16, 32), (40, 56)])
    graph = thinning.trace(mask)
    assert ((graph.way_of >= 0) ^ (graph.node_of >= 0))[mask].all()
    assert graph.way_of.max() < len(graph.ways)


def test_a_pinhole_in_thick_ink_is_no_ring():
    mask = drawn([(40, 8), (40, 56)], pen=11)
    mask[30:32, 40:42] = False
    assert (thinning.thin(mask).sum(axis=1) == 2).any(), "thinned as it is there is a ring"
    assert len(thinning.trace(mask).ways) == len(thinning.trace(drawn([(40, 8), (40, 56)])).ways)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9, 1.0])
def test_whatever_the_ink_it_is_thinned_at_once(share):
    begun = time.process_time()
    graph = thinning.trace(np.random.default_rng(0).random((140, 140)) < share)
    assert len(graph.ways) == len(graph.ends)
    assert time.process_time() - begun < 2
