"""A detector's data: digits against drawings of other things."""

from __future__ import annotations

import pytest

from classifier.data.others import with_others
from tests.data import load_tiny, shares


def test_a_detector_learns_digits_against_as_many_other_drawings(tiny_mnist, drawn):
    dataset = with_others(load_tiny(tiny_mnist, drawings=str(drawn), styles=0.2))
    (_, labels) = shares(dataset, count=1)[0]
    assert (labels == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert set(labels.tolist()) == set(range(7))
    assert (dataset.test_labels == 0).sum() == 40 == (dataset.test_labels > 0).sum()
    assert not dataset.mixed[1].kept[1].any()


def test_a_kind_can_be_left_out_of_a_detectors_training(tiny_mnist):
    dataset = with_others(load_tiny(tiny_mnist), kinds=["letters", "scribbles"])
    (_, labels) = shares(dataset, count=1)[0]
    assert set(labels.tolist()) == {0, 1, 4}
    assert set(dataset.test_labels.tolist()) == set(range(7))
