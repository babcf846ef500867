"""LiteRT's interpreter: what goes in, in batches of any size, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.serving import litert, store
from classifier.serving.litert import Network

GREYS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


def test_grey_levels_become_the_same_shares_for_who_serves_and_who_learns():
    import tensorflow as tf

    served = litert.as_input(GREYS)
    assert served.dtype == np.float32
    np.testing.assert_array_equal(served, GREYS.astype(np.float32) / np.float32(255))
    learned = litert.as_input(tf.cast(GREYS, tf.float32)).numpy()
    np.testing.assert_array_equal(learned, served)


def test_a_network_says_what_it_takes_and_gives():
    for name, shape, classes in (
        ("shipped-dense", (784,), 10),
        ("shipped-detector", (28, 28, 1), 7),
    ):
        network = Network(store.get(name).tflite())
        assert (network.input_shape, network.classes) == (shape, classes)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_batches_of_any_size_give_the_same_answers(tiny_arrays, batch):
    network, images = Network(store.get("shipped-dense").tflite()), tiny_arrays["x_test"]
    (expected,) = next(network.run(images, len(images)))
    parts = [rows for (rows,) in network.run(images, batch)]
    assert [len(part) for part in parts[:-1]] == [batch] * (len(parts) - 1)
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)
    assert list(network.run(images[:0], batch)) == []


@pytest.mark.parametrize("weights", [[np.zeros(3, np.float32)], [np.zeros((784, 512), np.float64)]])
def test_a_network_that_takes_no_weights_is_given_none(weights):
    with pytest.raises((KeyError, ValueError)):
        Network(store.get("shipped-dense").tflite()).set_weights(weights)


@pytest.mark.parametrize("content", [b"", b"this is no model", b"\0" * 5000])
def test_bytes_that_are_no_model_are_refused(content):
    with pytest.raises(ValueError):
        Network(content)
