"""What the browser is sent: it follows the network, is small, and nothing wild is taken back."""

import base64
import json

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.serving import store
from classifier.serving.exciting import Exciting
from classifier.serving.inspection import Inspector
from classifier.serving.tracing import Tracer
from classifier.ui.living import frames
from classifier.ui.living.frames import MOST_BYTES, NotUnderstoodError, Pointed, Watched


@pytest.fixture(scope="module")
def tracers() -> dict[str, Tracer]:
    models = {name: store.get(f"shipped-{name}") for name in ("dense", "deep")}
    return {
        name: Tracer(Inspector(model.tflite(), model.layers())) for name, model in models.items()
    }


@pytest.fixture
def image(tiny_arrays) -> np.ndarray:
    return tiny_arrays["x_test"][0]


def values_of(stage: dict, kind: type = np.uint8) -> np.ndarray:
    return np.frombuffer(base64.b64decode(stage["values"]), kind)


def test_a_frame_has_every_stage_scaled_to_its_loudest(tracers, image):
    tracer = tracers["dense"]
    frame = frames.frame(tracer, image, Watched())
    pixels, hidden, _ = frame["stages"]
    puts_out = tracer.inspector.activations(image[None])
    np.testing.assert_allclose(
        values_of(hidden), puts_out["hidden"][0] / puts_out["hidden"].max() * 255, atol=0.51
    )
    np.testing.assert_allclose(values_of(pixels), image.ravel() / image.max() * 255, atol=0.51)
    np.testing.assert_allclose(frame["answer"], puts_out["digits"][0], atol=1e-4)
    speaks = np.frombuffer(base64.b64decode(hidden["speaks"]), np.int8).reshape(-1, 10)
    assert len(speaks) == len(hidden["shown"])
    assert np.abs(speaks).max() == 127


def test_of_a_convolution_some_maps_are_sent_and_they_keep_their_places(tracers, tiny_arrays):
    tracer, watched = tracers["deep"], Watched()
    first = frames.frame(tracer, tiny_arrays["x_test"][0], watched)
    again = frames.frame(tracer, tiny_arrays["x_test"][0], watched)
    assert [one["shown"] for one in first["stages"]] == [one["shown"] for one in again["stages"]]
    assert again["number"] == first["number"] + 1
    shapes = [(14, 14), (14, 14), (14, 14), (7, 7), (7, 7)]
    for stage, (rows, columns) in zip(first["stages"][1:-1], shapes, strict=True):
        assert len(stage["shown"]) == len(set(stage["shown"])) == 12
        assert len(values_of(stage)) == 12 * rows * columns


@pytest.mark.parametrize("config", [
    TrainConfig(hidden_units=4096),
    TrainConfig(network="conv", hidden_units=4096),
    TrainConfig(network="deep"),
])  # fmt: skip
def test_no_network_of_the_form_makes_a_frame_too_large(config, tmp_path):
    network = networks.for_serving(config)
    networks.Trained(network).export(tmp_path / "model.tflite")
    named = [(layer.name, type(layer).__name__) for layer in network.layers]
    tracer = Tracer(Inspector((tmp_path / "model.tflite").read_bytes(), named))
    noise = np.random.default_rng(0).integers(1, 256, (28, 28)).astype(np.uint8)
    assert len(json.dumps(frames.frame(tracer, noise, Watched()))) < MOST_BYTES


def test_what_is_usual_is_much_smaller(tracers, image):
    for name, most in (("dense", 16_000), ("deep", 20_000)):
        assert len(json.dumps(frames.frame(tracers[name], image, Watched()))) < most


def test_without_a_drawing_there_is_a_frame_that_says_so(tracers):
    frame = frames.frame(tracers["dense"], None, Watched())
    assert not frame["isDrawn"]
    assert not values_of(frame["stages"][0]).any()


def test_a_unit_closely_has_its_weights_and_its_strongest_links(tracers, image):
    tracer = tracers["dense"]
    near = frames.near(tracer, image, Pointed(1, 17))
    weights = tracer.inspector.layers[0].kernel[:, 17]
    sent = np.frombuffer(base64.b64decode(near["weights"]["values"]), np.int8)
    np.testing.assert_allclose(sent, weights / np.abs(weights).max() * 127, atol=0.51)
    adds = tracer.adds_to(image, 1, 17)
    assert near["links"][0] == int(np.abs(adds).argmax())
    assert len(near["links"]) <= 32


def test_a_training_image_has_a_frame_around_what_the_map_sees(tracers, tiny_arrays):
    stage = tracers["deep"].stages[1]
    found = Exciting(np.array([[3]]), np.array([[0]]))
    images, labels = tiny_arrays["x_train"], tiny_arrays["y_train"]
    (one,) = frames.exciting(stage, 0, found, images, labels)
    assert one["label"] == labels[3]
    assert one["box"] == [0, 0, 4, 4]
    assert base64.b64decode(one["pixels"]) == images[3].tobytes()


def test_what_can_be_asked_for_is_taken_in_and_nothing_else(tracers):
    stages, watched = tracers["dense"].stages, Watched()
    watched.take_in({"pointed": [1, 511], "epoch": 2}, stages, [0, 1, 2])
    assert (watched.pointed, watched.epoch) == (Pointed(1, 511), 2)
    wild = [[0, 5], [1, 512], [1, -1], [3, 0], [1], [1, 2, 3], [True, 1], [1, 2.0], "12", {"1": 2},
            7, [10**30, 1], [[1], [2]]]  # fmt: skip
    asked = [{"pointed": sent, "epoch": 1} for sent in wild]
    asked += [{"pointed": [1, 1], "epoch": epoch} for epoch in (3, -1, True, "1", [1], 1.0)]
    for sent in [*asked, None, 3, [1, 2]]:
        with pytest.raises(NotUnderstoodError):
            watched.take_in(sent, stages, [0, 1, 2])
        assert (watched.pointed, watched.epoch) == (Pointed(1, 511), 2)
    watched.take_in({}, stages, [])
    assert (watched.pointed, watched.epoch) == (None, None)


def test_another_network_is_begun_anew():
    watched = Watched()
    watched.look_at("one")
    watched.epoch, watched.pointed, watched.places = 3, Pointed(1, 2), [[1]]
    watched.look_at("one")
    assert watched.epoch == 3
    watched.look_at("other")
    assert (watched.epoch, watched.pointed, watched.places) == (None, None, [])
