"""A picture's way through a network: what speaks for a digit adds up to its logit, places see what
they are said to see, and maps stay where they are."""

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.serving.inspection import Inspector
from classifier.serving.tracing import Kind, Tracer, keeping
from tests.serving.test_inspection import exported, layers_in

CONFIGS = {
    "dense": TrainConfig(hidden_units=7),
    "linear": TrainConfig(hidden_units=7, activation="linear"),
    "conv": TrainConfig(network="conv", hidden_units=5),
    "deep": TrainConfig(network="deep"),
}


@pytest.fixture(scope="module")
def tracers(tmp_path_factory) -> dict[str, Tracer]:
    """Networks with random weights and biases."""
    found = {}
    for name, config in CONFIGS.items():
        network = networks.for_serving(config)
        rng = np.random.default_rng(0)
        network.set_weights(
            [
                one if one.ndim > 1 else rng.uniform(0.05, 0.3, one.shape)
                for one in network.get_weights()
            ]
        )
        tflite = exported(network, tmp_path_factory.mktemp(name))
        found[name] = Tracer(Inspector(tflite, layers_in(network)))
    return found


@pytest.fixture
def image(tiny_arrays) -> np.ndarray:
    return tiny_arrays["x_test"][0]


def test_a_network_is_its_drawing_its_layers_and_its_digits(tracers):
    kinds = {name: [stage.kind.value for stage in one.stages] for name, one in tracers.items()}
    assert kinds["dense"] == ["pixels", "units", "digits"]
    assert kinds["conv"] == ["pixels", "maps", "maps", "maps", "units", "digits"]
    assert kinds["deep"] == ["pixels", *["maps"] * 5, "digits"]
    pooled = [stage.pooled for stage in tracers["deep"].stages]
    assert pooled == [0, 0, 0, 7, 0, 3, 0]


@pytest.mark.parametrize("name", CONFIGS)
def test_what_speaks_for_a_digit_and_the_bias_make_up_its_logit(tracers, image, name):
    tracer = tracers[name]
    last = tracer.inspector.layers[-1]
    features = tracer.inspector.features(image[None])[0]
    logits = features @ last.kernel + last.bias
    number = len(tracer.stages) - 1
    for digit in (0, 3, 9):
        adds = tracer.adds_to(image, number, digit)
        assert adds.sum() + last.bias[digit] == pytest.approx(logits[digit], abs=1e-3)
    before = tracer.trace(image)[-2]
    for member, speaks in zip(before.shown, before.speaks, strict=True):
        assert speaks[3] == pytest.approx(tracer.adds_to(image, number, 3)[member], abs=1e-4)


def test_what_the_pixels_say_is_what_the_units_say_but_for_the_biases(tracers, image):
    tracer = tracers["dense"]
    pixels, hidden, _ = tracer.trace(image)
    first, last = tracer.inspector.layers
    assert len(hidden.shown) == 7
    puts_out = hidden.values.ravel()
    by_biases = (first.bias * (puts_out > 0)) @ last.kernel
    np.testing.assert_allclose(
        pixels.speaks.sum(axis=0) + by_biases, hidden.speaks.sum(axis=0), atol=1e-4
    )
    assert (pixels.shown == np.flatnonzero(image)).all()


@pytest.mark.parametrize("name", ["conv", "deep"])
def test_a_place_of_a_map_sees_just_the_pixels_that_it_is_said_to_see(tracers, name):
    tracer = tracers[name]
    noise = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    for stage in tracer.stages:
        if stage.kind is not Kind.MAPS:
            continue
        field, side = stage.field, stage.side[0]
        for row, column in ((0, 0), (side // 2, side // 3), (side - 1, side - 1)):
            rows, columns = (
                slice(
                    max(field.start + field.jump * n, 0), field.start + field.jump * n + field.size
                )
                for n in (row, column)
            )
            other = np.zeros_like(noise)
            other[rows, columns] = noise[rows, columns]
            edge = noise.copy()
            edge[rows, columns] = 255 - edge[rows, columns]
            both = tracer.inspector.activations(np.stack([noise, other, edge]))[stage.name]
            whole, within, changed = both[:, row, column]
            np.testing.assert_allclose(whole, within, atol=1e-4)
            assert not np.allclose(whole, changed, atol=1e-4)


def test_links_into_a_unit_are_the_strongest_of_all(tracers, image):
    tracer = tracers["dense"]
    _, hidden, _ = tracer.trace(image)
    for unit in hidden.shown.tolist():
        adds = tracer.adds_to(image, 1, unit)
        mine = hidden.links[:, 1] == unit
        strongest = np.sort(np.abs(adds))[::-1][: mine.sum()]
        np.testing.assert_allclose(
            np.sort(np.abs(hidden.weights[mine]))[::-1], strongest, atol=1e-5
        )
        np.testing.assert_allclose(hidden.weights[mine], adds[hidden.links[mine, 0]], atol=1e-5)


def test_an_empty_drawing_and_a_full_one_are_traced(tracers):
    for tracer in tracers.values():
        for grey in (0, 255):
            passed = tracer.trace(np.full((28, 28), grey, np.uint8))
            assert all(np.isfinite(one.speaks).all() for one in passed)
            assert passed[-1].values.sum() == pytest.approx(1, abs=1e-4)


def test_maps_stay_in_their_places_while_they_still_matter():
    matters = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 0.0])
    assert keeping([], matters, 2) == [0, 1]
    assert keeping([3, 1], matters, 2) == [3, 1]
    assert keeping([4, 1], matters, 2) == [0, 1]
    assert keeping([5, 4], matters, 2) == [0, 1]


def test_weights_are_a_picture_where_a_unit_sees_the_drawing(tracers):
    dense, conv = tracers["dense"], tracers["conv"]
    kernel = dense.inspector.layers[0].kernel
    np.testing.assert_array_equal(dense.weights_of(1, 4), kernel[:, 4].reshape(28, 28))
    assert conv.weights_of(1, 3).shape == (5, 5)
    assert conv.weights_of(2, 3).shape == (3, 3)
    assert conv.weights_of(4, 0) is None
