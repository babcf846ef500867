"""What a data set says of itself, and what is kept back of it for validation."""

import numpy as np
import pytest

from classifier.data.dataset import split_validation
from tests.data import load_tiny, sha256


def test_fingerprint_changes_with_any_pixel_or_label(tiny_mnist):
    base = load_tiny(tiny_mnist)
    assert base.fingerprint() == load_tiny(tiny_mnist).fingerprint()
    for part in ("train_images", "train_labels", "test_images", "test_labels"):
        changed = load_tiny(tiny_mnist)
        array = getattr(changed, part)
        array.flat[-1] ^= 1
        assert changed.fingerprint() != base.fingerprint(), part


@pytest.mark.parametrize(("count", "kept"), [(10, 1), (12, 1), (120, 10), (60_000, 5_000)])
def test_validation_is_a_twelfth_disjoint_and_complete(count, kept):
    trained, held = split_validation(count, seed=0)
    assert (len(trained), len(held)) == (count - kept, kept)
    np.testing.assert_array_equal(np.sort(np.concatenate([trained, held])), np.arange(count))


def test_validation_is_drawn_by_the_seed():
    first, again, other = (split_validation(120, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_the_data_say_every_source(tiny_mnist, drawn):
    said = load_tiny(tiny_mnist, drawings=str(drawn), styles=0.1).to_dict()
    assert [part["share"] for part in said["mixed"]] == [0.1, 0.2]
    assert said["mixed"][1]["fingerprint"] == sha256(drawn.read_bytes())
