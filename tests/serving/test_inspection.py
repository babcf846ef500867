"""Inside a served network: Keras' own layers, weights and intermediate outputs, without TensorFlow;
what an answer hangs on; what lies nearest."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from classifier.config import NETWORKS, PROJECT, TrainConfig
from classifier.learning import networks
from classifier.serving import inspection, saving, store
from classifier.serving.inspection import Inspector, Layer
from classifier.serving.meta import KerasLayer
from classifier.serving.predict import Predictor

if TYPE_CHECKING:
    import keras


class Pair(NamedTuple):
    """The same network twice."""

    model: keras.Sequential
    tflite: bytes

    @property
    def inspector(self) -> Inspector:
        return Inspector(self.tflite, layers_in(self.model))


def exported(model: keras.Model, folder: Path) -> bytes:
    """The network as it is served."""
    file = folder / "model.tflite"
    networks.Trained(model).export(file)
    return file.read_bytes()


def layers_in(model: keras.Sequential) -> list[KerasLayer]:
    """Its layers as a saved model names them."""
    return [(layer.name, type(layer).__name__) for layer in model.layers]


def _others() -> dict[str, keras.Sequential]:
    """Networks of other shapes than those that are offered."""
    from keras import Input, Sequential, layers

    def digits(bias: bool = True) -> keras.layers.Layer:
        return layers.Dense(10, activation="softmax", use_bias=bias, name="digits")

    flat, picture = Input((784,)), Input((28, 28, 1))
    found = {
        "no hidden": [flat, digits()],
        "two hidden": [
            flat,
            layers.Dense(24, activation="relu", name="first"),
            layers.Dropout(0.5),
            layers.Dense(24, activation="relu", name="second"),
            digits(),
        ],
        "tanh": [flat, layers.Dense(7, activation="tanh", name="hidden"), digits()],
        "no bias": [
            flat,
            layers.Dense(7, activation="relu", use_bias=False, name="hidden"),
            digits(bias=False),
        ],
        "named by Keras": [
            flat,
            layers.Dense(7, activation="relu", name="dense"),
            layers.Dense(7, activation="relu", name="dense_1"),
            digits(),
        ],
        "conv without hidden": [
            picture,
            layers.Conv2D(4, (3, 5), strides=2, name="strokes"),
            layers.Conv2D(6, 3, use_bias=False, activation="relu", name="bows"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            digits(),
        ],
        "reshaped": [
            flat,
            layers.Reshape((28, 28, 1), name="picture"),
            layers.Conv2D(4, 5, activation="relu", name="strokes"),
            layers.GlobalAveragePooling2D(name="mean"),
            digits(),
        ],
    }  # fmt: skip
    return {name: Sequential(stack, name="other") for name, stack in found.items()}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> dict[str, Pair]:
    """Those networks and these with random weights, biases and normalisations."""
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    folder: Path = tmp_path_factory.mktemp("exported")
    models = {
        **{name: networks.build(TrainConfig(network=name, dropout=0.25)) for name in NETWORKS},
        "linear": networks.build(TrainConfig(hidden_units=7, activation="linear")),
        **_others(),
    }
    found = {}
    for name, model in models.items():
        for layer in model.layers:
            layer.set_weights(
                [
                    rng.uniform(0.1, 1, array.shape) if array.ndim == 1 else array
                    for array in layer.get_weights()
                ]
            )
        found[name] = Pair(model, exported(model, folder))
    return found


NAMES = [*NETWORKS, "no hidden", "two hidden", "linear", "tanh", "no bias", "named by Keras",
         "conv without hidden", "reshaped"]  # fmt: skip
# What becomes of the other two when they are exported has tests of its own.
AS_IN_KERAS = [name for name in NAMES if name not in {"deep", "linear"}]


@pytest.fixture(scope="module")
def images(tiny_arrays) -> np.ndarray:
    """150 pictures (150, 28, 28) uint8: digits, noise, all black and all white."""
    noise = np.random.default_rng(0).integers(0, 256, (28, 28, 28), np.uint8)
    flat = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    return np.concatenate([tiny_arrays["x_train"], noise, flat])


def keras_outputs(model: keras.Sequential, images: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer puts out, by Keras."""
    import keras

    inside = keras.Model(model.inputs, {layer.name: layer.output for layer in model.layers})
    inputs = images.reshape(-1, *model.input_shape[1:]) / np.float32(255)
    return {name: np.asarray(rows) for name, rows in inside([inputs]).items()}


def layers_of(model: keras.Sequential) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if type(layer).__name__ != "Dropout"]


# Layers.


def test_layers_of_the_articles_network_are_as_in_the_article():
    saved = store.get("shipped-dense")
    hidden, digits = Inspector(saved.tflite(), saved.layers()).layers
    assert (hidden.name, hidden.kind, hidden.activation) == ("hidden", "dense", "relu")
    assert (hidden.output_shape, hidden.parameters) == ((512,), 401_920)
    assert (digits.name, digits.kind, digits.activation) == ("digits", "dense", "softmax")
    assert (digits.output_shape, digits.parameters) == ((10,), 5_130)


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_names_shapes_and_parameters(pairs, name):
    model = pairs[name].model
    assert [(layer.name, layer.output_shape, layer.parameters)
            for layer in pairs[name].inspector.layers] == [
        (layer.name, layer.output.shape[1:], layer.count_params()) for layer in layers_of(model)
    ]  # fmt: skip


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_weights(pairs, name):
    model = pairs[name].model
    for layer, original in zip(pairs[name].inspector.layers, layers_of(model), strict=True):
        weights = [array for array in (layer.kernel, layer.bias) if array is not None]
        for mine, theirs in zip(weights, original.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
            with pytest.raises(ValueError):
                mine[0] = 1


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_activations(pairs, name):
    model = pairs[name].model
    for layer, original in zip(pairs[name].inspector.layers, layers_of(model), strict=True):
        activation = getattr(original, "activation", None)
        theirs = activation.__name__ if activation else ""
        assert layer.activation == theirs.replace("linear", "")


def test_kinds_are_plain_words(pairs):
    kinds = {name: [layer.kind for layer in pairs[name].inspector.layers] for name in pairs}
    assert kinds["dense"] == ["dense", "dense"]
    assert kinds["conv"] == ["convolution", "convolution", "max pooling", "convolution",
                             "max pooling", "flatten", "dense", "dense"]  # fmt: skip
    assert kinds["conv without hidden"] == ["convolution", "convolution", "average pooling",
                                            "flatten", "dense"]  # fmt: skip
    # The mean over each map has no name of its own here: it keeps the operation's.
    assert kinds["reshaped"] == ["reshape", "convolution", "mean", "dense"]


def test_normalisation_melts_into_its_convolution(pairs, images):
    model, inspector = pairs["deep"].model, pairs["deep"].inspector
    names = [layer.name for layer in inspector.layers]
    first, second, third, fourth, fifth = (f"convolution-{number}" for number in range(1, 6))
    assert names == [first, second, third, "pool", fourth, fifth, "pool-again", "flat", "digits"]
    layer = inspector.layers[0]
    assert layer.parameters == 5 * 5 * 32 + 32
    assert (layer.kernel.shape, layer.bias.shape) == ((5, 5, 1, 32), (32,))
    expected = keras_outputs(model, images)
    found = inspector.activations(images)
    for name in names:
        theirs = expected.get(f"{name}-relu", expected[name])
        np.testing.assert_allclose(found[name], theirs, rtol=1e-4, atol=1e-4 * theirs.max())


def test_bias_of_a_dense_layer_without_activation_is_served_in_the_next_one(pairs, images):
    model, inspector = pairs["linear"].model, pairs["linear"].inspector
    hidden, digits = inspector.layers
    weights, bias, next_weights, next_bias = model.get_weights()
    assert (hidden.activation, hidden.bias, hidden.parameters) == ("", None, 784 * 7)
    np.testing.assert_array_equal(hidden.kernel, weights)
    np.testing.assert_allclose(digits.bias, next_bias + bias @ next_weights, rtol=1e-5)
    found = inspector.activations(images)
    expected = keras_outputs(model, images)
    np.testing.assert_allclose(found["hidden"] + bias, expected["hidden"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["digits"], expected["digits"], atol=1e-5)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_saved_model_knows_its_layers_and_so_does_one_saved_before_they_were_noted(
    pairs, home, name
):
    model, expected = pairs[name].model, [layer.name for layer in pairs[name].inspector.layers]
    meta = {"config": {}, "metrics": {"test_accuracy": 0.5}, "data": {"description": "none"}}
    saving.save("mine", networks.Trained(model), meta)
    file = home / "models" / "mine" / "meta.json"
    written = json.loads(file.read_text())
    assert [[one.name, type(one).__name__] for one in model.layers] == [
        layer for layer in written.pop("layers") if layer[1] != "InputLayer"
    ]
    for content in (file.read_text(), json.dumps(written)):
        file.write_text(content)
        saved = store.get("mine")
        layers = Inspector(saved.tflite(), saved.layers()).layers
        assert [layer.name for layer in layers] == expected


def test_layers_that_no_name_is_known_of_are_called_by_their_kinds(pairs, images):
    names = ["convolution", "convolution 2", "max pooling", "convolution 3", "max pooling 2",
             "flatten", "dense", "dense 2"]  # fmt: skip
    inspector = Inspector(pairs["conv"].tflite)
    assert list(inspector.activations(images[:1])) == names
    assert inspector.layers[-1].activation == "softmax"
    wrong = Inspector(pairs["conv"].tflite, [("hidden", "Dense"), ("digits", "Dense")])
    assert [layer.name for layer in wrong.layers] == [*names[:-2], "hidden", "digits"]


def test_a_layer_that_runs_twice_is_shown_twice(tmp_path, images):
    from keras import Input, Model, layers

    inputs, bend = Input((784,)), layers.Activation("tanh", name="bend")
    hidden = layers.Dense(5, name="hidden")(bend(inputs))
    outputs = layers.Dense(10, activation="softmax", name="digits")(bend(hidden))
    twice = ("bend", "Activation")
    called = [twice, ("hidden", "Dense"), twice, ("digits", "Dense")]
    inspector = Inspector(exported(Model(inputs, outputs), tmp_path), called)
    assert [layer.name for layer in inspector.layers] == ["bend", "hidden", "bend 2", "digits"]
    found = inspector.activations(images)
    np.testing.assert_allclose(found["bend 2"], np.tanh(found["hidden"]), atol=1e-6)


# Outputs.


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_activations_equal_those_of_keras(pairs, images, name):
    model, inspector = pairs[name].model, pairs[name].inspector
    found = inspector.activations(images)
    expected = keras_outputs(model, images)
    assert list(found) == [layer.name for layer in inspector.layers]
    for layer in inspector.layers:
        assert found[layer.name].dtype == np.float32
        assert found[layer.name].shape == (150, *layer.output_shape)
        theirs = expected[layer.name]
        np.testing.assert_allclose(found[layer.name], theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_layer_has_the_predictors_answers(pairs, images, name):
    tflite = pairs[name].tflite
    *_, rows = Inspector(tflite).activations(images).values()
    np.testing.assert_allclose(rows, Predictor(tflite).probabilities(images), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "linear"])
def test_features_are_what_goes_into_the_last_layer(pairs, images, name):
    model = pairs[name].model
    features = pairs[name].inspector.features(images)
    before = [layer.name for layer in layers_of(model)][:-1]
    expected = keras_outputs(model, images)[before[-1]] if before else images / np.float32(255)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected.reshape(150, -1), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_no_pictures_have_no_activations(pairs, name):
    inspector = pairs[name].inspector
    none = np.zeros((0, 28, 28), np.uint8)
    assert inspector.features(none).shape == (0, len(inspector.layers[-1].kernel))
    for layer in inspector.layers:
        assert inspector.activations(none)[layer.name].shape == (0, *layer.output_shape)


def test_threads_that_share_an_inspector_get_their_own_pictures_activations(pairs, images):
    inspector = pairs["conv"].inspector
    expected = inspector.features(images)
    # Different sizes, so that one thread's batch would not even fit another's.
    slices = [slice(i, i + 1 + i % 5) for i in range(140)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda part: inspector.features(images[part]), slices))
    for part, rows in zip(slices, found, strict=True):
        np.testing.assert_allclose(rows, expected[part], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"this is no model", b"\0" * 5000])
def test_bytes_that_are_no_model_are_refused(content):
    with pytest.raises(ValueError):
        Inspector(content)


def test_half_a_model_is_refused(pairs):
    tflite = pairs["linear"].tflite
    for size in (8, 1000, len(tflite) // 2, len(tflite) - 1):
        with pytest.raises(ValueError):
            Inspector(tflite[:size])


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_model_is_refused_or_looked_into(seed):
    """In a process of its own, which must not crash where a predictor's does not."""
    program = (
        "import sys, numpy as np; from classifier.serving import store\n"
        "from classifier.serving.inspection import Inspector\n"
        "from classifier.serving.predict import Predictor\n"
        "saved, rng = store.get('dense'), np.random.default_rng(int(sys.argv[1]))\n"
        "for _ in range(20):\n"
        "    content = bytearray(saved.tflite())\n"
        "    for place in rng.integers(len(content) - 16_000, len(content), 3):\n"
        "        content[place] = rng.integers(256)\n"
        "    for kind in (Predictor, Inspector):\n"
        "        try:\n"
        "            kind(bytes(content))\n"
        "        except Exception:\n"
        "            break\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(seed)], cwd=PROJECT, capture_output=True, timeout=120
    )
    assert run.returncode == 0, run.stderr


def test_a_network_of_something_else_than_pictures_is_refused_by_its_shape(tmp_path):
    from keras import Input, Sequential, layers

    tflite = exported(Sequential([Input((5,)), layers.Dense(10)]), tmp_path)
    with pytest.raises(ValueError, match=r"\(5,\).*28×28"):
        Inspector(tflite)


def test_looking_inside_imports_neither_tensorflow_nor_keras():
    program = (
        "import sys, numpy as np; from classifier.serving import inspection, store\n"
        "inspector = inspection.Inspector(store.get('conv').tflite())\n"
        "inspector.features(np.zeros((3, 28, 28), np.uint8))\n"
        "print(sorted({'tensorflow', 'keras', 'streamlit'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


# What units add.


@pytest.mark.parametrize("name", ["dense", "conv", "no hidden", "no bias"])
def test_contributions_and_bias_make_up_the_answer(pairs, images, name):
    inspector = pairs[name].inspector
    last = inspector.layers[-1]
    features = inspector.features(images[:1])[0]
    adds = inspection.contributions(last, features)
    assert adds.shape == (len(features), 10)
    logits = adds.sum(axis=0) + (0 if last.bias is None else last.bias)
    odds = np.exp(logits - logits.max())
    *_, rows = inspector.activations(images[:1]).values()
    np.testing.assert_allclose(odds / odds.sum(), rows[0], atol=1e-4)


def test_contributions_of_what_does_not_fit_are_refused():
    last = Layer("digits", "dense", (10,), 30, "softmax", np.ones((3, 10), np.float32))
    with pytest.raises(ValueError, match=r"\(3,\).*\(4,\)"):
        inspection.contributions(last, np.ones(4, np.float32))
    with pytest.raises(ValueError, match=r"'pool'.*max pooling"):
        inspection.contributions(Layer("pool", "max pooling", (9,), 0), np.ones(9, np.float32))


# Neighbours.


@pytest.mark.parametrize("rows", [3, 1500])
@pytest.mark.parametrize("precision", [np.float16, np.float32])
def test_nearest_are_those_that_brute_force_finds(rows, precision):
    rng = np.random.default_rng(1)
    features = rng.normal(0, 100, (rows, 40)).astype(precision)
    query = rng.normal(0, 100, 40).astype(precision)
    distances = [math.dist(row, query) for row in features]
    expected = sorted(range(rows), key=distances.__getitem__)[:7]
    found, how_far = inspection.nearest(features, query, 7)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(how_far, np.take(distances, expected), rtol=1e-5)


def test_what_is_there_itself_is_nearest_at_no_distance():
    features = np.random.default_rng(2).normal(100, 1, (50, 8)).astype(np.float32)
    found, how_far = inspection.nearest(features, features[31], 2)
    assert (found[0], how_far[0]) == (31, 0)
    assert how_far[1] > 0


def test_another_networks_features_are_refused():
    with pytest.raises(ValueError, match=r"\(8,\).*\(9,\)"):
        inspection.nearest(np.zeros((4, 8), np.float32), np.zeros(9, np.float32), 1)
