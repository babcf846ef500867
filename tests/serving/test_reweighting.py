"""Other weights in a served network: it answers, and looks inside, as Keras does with them."""

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.serving.inspection import Inspector
from classifier.serving.reweighting import with_weights

CONFIGS = {
    "dense": TrainConfig(hidden_units=7),
    "linear": TrainConfig(hidden_units=7, activation="linear"),
    "conv": TrainConfig(network="conv", hidden_units=5),
    "deep": TrainConfig(network="deep"),
}


def wild(network, seed: int) -> list[np.ndarray]:
    """Random weights for a network: a trained one's biases and variances are not Keras' first."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.1, 0.5, one.shape).astype(np.float32) for one in network.get_weights()]


@pytest.mark.parametrize("name", CONFIGS)
def test_an_earlier_epoch_answers_as_it_did(name, tmp_path, tiny_arrays):
    network = networks.for_serving(CONFIGS[name])
    network.set_weights(wild(network, 1))
    networks.Trained(network).export(tmp_path / "later.tflite")
    earlier = wild(network, 2)
    again = with_weights((tmp_path / "later.tflite").read_bytes(), earlier)
    network.set_weights(earlier)
    images = tiny_arrays["x_test"][:3]
    given = (images / np.float32(255)).reshape(-1, *network.input_shape[1:])
    answers = list(Inspector(again).activations(images).values())[-1]
    np.testing.assert_allclose(answers, network(given).numpy(), atol=1e-5)


def test_before_the_first_epoch_biases_are_zeros(tmp_path, tiny_arrays):
    network = networks.for_serving(CONFIGS["dense"])
    first = network.get_weights()
    network.set_weights(wild(network, 1))
    networks.Trained(network).export(tmp_path / "later.tflite")
    again = Inspector(with_weights((tmp_path / "later.tflite").read_bytes(), first))
    np.testing.assert_array_equal(again.layers[0].kernel, first[0])


def test_weights_of_another_network_are_refused(tmp_path):
    network = networks.for_serving(CONFIGS["dense"])
    networks.Trained(network).export(tmp_path / "dense.tflite")
    dense = (tmp_path / "dense.tflite").read_bytes()
    other = networks.for_serving(TrainConfig(hidden_units=8)).get_weights()
    for weights in (other, other[:1], network.get_weights()[1:], [np.zeros((1, 2, 3))]):
        with pytest.raises(ValueError, match=r"there (is|are)|belong"):
            with_weights(dense, weights)
