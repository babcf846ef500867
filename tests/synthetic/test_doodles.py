"""Drawings that are no digit: repeatable, balanced, well-formed and varied."""

import numpy as np
import pytest

from classifier.config import KINDS
from classifier.ink.rendering import render_drawings
from classifier.synthetic import doodles


def test_same_seed_gives_same_drawings_and_another_others():
    first, again, other = (doodles.generate(300, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_kinds_are_balanced_and_shuffled():
    labels = doodles.generate(601, seed=0).labels
    counts = np.bincount(labels, minlength=len(KINDS))
    assert counts.max() - counts.min() <= 1
    assert (np.diff(labels.astype(int)) == 0).mean() < 0.3


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_count_can_be_asked_for(count):
    few = doodles.generate(count, seed=0)
    assert len(few) == len(few.writer) == len(list(few)) == count


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_drawings_vary_and_show(kind):
    drawn = doodles.generate(60, seed=4, kinds=[kind])
    assert set(drawn.labels.tolist()) == {list(KINDS).index(kind)}
    assert np.isfinite(drawn.points).all()
    pictures = render_drawings(drawn).reshape(60, -1) / 255
    assert pictures.max(axis=1).min() > 0.5
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    alike = (pictures @ pictures.T)[np.triu_indices(60, 1)]
    assert np.median(alike) < 0.7


@pytest.mark.parametrize("kinds", [[], ["letters", "poems"]])
def test_unknown_kinds_are_named(kinds):
    with pytest.raises(ValueError, match="name some of letters, symbols"):
        doodles.generate(5, 0, kinds)


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (5, -1), (5, 2**32)])
def test_impossible_requests_are_refused(count, seed):
    with pytest.raises(ValueError, match="must be a whole number from 0"):
        doodles.generate(count, seed)
