"""Inside a served network: Keras' own layers, weights and intermediate outputs, without TensorFlow;
what an answer hangs on; what lies nearest."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from classifier.config import NETWORKS, PROJECT, TrainConfig
from classifier.learning import networks
from classifier.serving import inspection, store
from classifier.serving.inspection import Inspector, Layer, Occlusion
from classifier.serving.predict import Predictor

if TYPE_CHECKING:
    import keras


class Pair(NamedTuple):
    """The same network twice."""

    model: keras.Sequential
    tflite: bytes


def exported(model: keras.Model, folder: Path) -> bytes:
    """The network as it is served."""
    file = folder / "model.tflite"
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        model.export(str(file), format="litert", verbose=False)
    return file.read_bytes()


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
    hidden, digits = Inspector(store.get("dense").tflite()).layers
    assert (hidden.name, hidden.kind, hidden.activation) == ("hidden", "dense", "relu")
    assert (hidden.output_shape, hidden.parameters) == ((512,), 401_920)
    assert (digits.name, digits.kind, digits.activation) == ("digits", "dense", "softmax")
    assert (digits.output_shape, digits.parameters) == ((10,), 5_130)


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_names_shapes_and_parameters(pairs, name):
    model, tflite = pairs[name]
    assert [(layer.name, layer.output_shape, layer.parameters)
            for layer in Inspector(tflite).layers] == [
        (layer.name, layer.output.shape[1:], layer.count_params()) for layer in layers_of(model)
    ]  # fmt: skip


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_weights(pairs, name):
    model, tflite = pairs[name]
    for layer, original in zip(Inspector(tflite).layers, layers_of(model), strict=True):
        weights = [array for array in (layer.kernel, layer.bias) if array is not None]
        for mine, theirs in zip(weights, original.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
            with pytest.raises(ValueError):
                mine[0] = 1


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_layers_have_keras_activations(pairs, name):
    model, tflite = pairs[name]
    for layer, original in zip(Inspector(tflite).layers, layers_of(model), strict=True):
        activation = getattr(original, "activation", None)
        theirs = activation.__name__ if activation else ""
        assert layer.activation == theirs.replace("linear", "")


def test_kinds_are_plain_words(pairs):
    kinds = {name: [layer.kind for layer in Inspector(pairs[name].tflite).layers] for name in pairs}
    assert kinds["dense"] == ["dense", "dense"]
    assert kinds["conv"] == ["convolution", "convolution", "max pooling", "convolution",
                             "max pooling", "flatten", "dense", "dense"]  # fmt: skip
    assert kinds["conv without hidden"] == ["convolution", "convolution", "average pooling",
                                            "flatten", "dense"]  # fmt: skip
    # The mean over each map has no name of its own here: it keeps the operation's.
    assert kinds["reshaped"] == ["reshape", "convolution", "mean", "dense"]


def test_normalisation_melts_into_its_convolution(pairs, images):
    model, tflite = pairs["deep"]
    inspector = Inspector(tflite)
    names = [layer.name for layer in inspector.layers]
    assert names == ["strokes", "corners", "bows", "pool", "parts", "shapes", "pool-again", "flat",
                     "digits"]  # fmt: skip
    strokes = inspector.layers[0]
    assert strokes.parameters == 5 * 5 * 32 + 32
    assert (strokes.kernel.shape, strokes.bias.shape) == ((5, 5, 1, 32), (32,))
    expected = keras_outputs(model, images)
    found = inspector.activations(images)
    for name in names:
        theirs = expected.get(f"{name}-relu", expected[name])
        np.testing.assert_allclose(found[name], theirs, rtol=1e-4, atol=1e-4 * theirs.max())


def test_bias_of_a_dense_layer_without_activation_is_served_in_the_next_one(pairs, images):
    model, tflite = pairs["linear"]
    inspector = Inspector(tflite)
    hidden, digits = inspector.layers
    weights, bias, next_weights, next_bias = model.get_weights()
    assert (hidden.activation, hidden.bias, hidden.parameters) == ("", None, 784 * 7)
    np.testing.assert_array_equal(hidden.kernel, weights)
    np.testing.assert_allclose(digits.bias, next_bias + bias @ next_weights, rtol=1e-5)
    found = inspector.activations(images)
    expected = keras_outputs(model, images)
    np.testing.assert_allclose(found["hidden"] + bias, expected["hidden"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["digits"], expected["digits"], atol=1e-5)


def test_a_layer_that_runs_twice_is_shown_twice(tmp_path, images):
    from keras import Input, Model, layers

    inputs, bend = Input((784,)), layers.Activation("tanh", name="bend")
    hidden = layers.Dense(5, name="hidden")(bend(inputs))
    outputs = layers.Dense(10, activation="softmax", name="digits")(bend(hidden))
    inspector = Inspector(exported(Model(inputs, outputs), tmp_path))
    assert [layer.name for layer in inspector.layers] == ["bend", "hidden", "bend 2", "digits"]
    found = inspector.activations(images)
    np.testing.assert_allclose(found["bend 2"], np.tanh(found["hidden"]), atol=1e-6)


# Outputs.


@pytest.mark.parametrize("name", AS_IN_KERAS)
def test_activations_equal_those_of_keras(pairs, images, name):
    model, tflite = pairs[name]
    inspector = Inspector(tflite)
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
    model, tflite = pairs[name]
    features = Inspector(tflite).features(images)
    before = [layer.name for layer in layers_of(model)][:-1]
    expected = keras_outputs(model, images)[before[-1]] if before else images / np.float32(255)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected.reshape(150, -1), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_no_pictures_have_no_activations(pairs, name):
    inspector = Inspector(pairs[name].tflite)
    none = np.zeros((0, 28, 28), np.uint8)
    assert inspector.features(none).shape == (0, len(inspector.layers[-1].kernel))
    for layer in inspector.layers:
        assert inspector.activations(none)[layer.name].shape == (0, *layer.output_shape)


def test_threads_that_share_an_inspector_get_their_own_pictures_activations(pairs, images):
    inspector = Inspector(pairs["conv"].tflite)
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
    inspector = Inspector(pairs[name].tflite)
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


# What an answer hangs on.


class _Looks:
    """Answers 3 as surely as there is ink at (9, 14), else 8; counts what it is asked."""

    asked = 0

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        self.asked += len(images)
        rows = np.zeros((len(images), 10), np.float32)
        rows[:, 3] = images[:, 9, 14] / 255
        rows[:, 8] = 1 - rows[:, 3]
        return rows


@pytest.fixture
def bar() -> np.ndarray:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    return image


def test_a_patch_hides_a_square_and_is_cut_off_at_the_edge():
    image = np.arange(784).reshape(28, 28).astype(np.uint8) | 1
    pictures = inspection.occlude(image, 5)
    assert pictures.shape == (28, 28, 28, 28)
    assert pictures.dtype == np.uint8
    for row, column in ((10, 12), (0, 0), (27, 3)):
        expected = image.copy()
        expected[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
        np.testing.assert_array_equal(pictures[row, column], expected)
    grey = inspection.occlude(image, 1, fill=128)[7, 8]
    assert grey[7, 8] == 128
    assert (grey != image).sum() == 1


@pytest.mark.parametrize("patch", [0, 4, -3])
def test_a_patch_without_a_middle_is_refused(patch):
    with pytest.raises(ValueError, match=f"odd.*{patch}"):
        inspection.occlude(np.zeros((28, 28), np.uint8), patch)


def test_the_answer_changes_where_what_it_hangs_on_is_hidden(bar):
    found = inspection.occlusion(_Looks(), bar, patch=7)
    near = np.zeros((28, 28), bool)
    near[6:13, 11:18] = True
    np.testing.assert_array_equal(found.answer, np.where(near, 8, 3))
    np.testing.assert_array_equal(found.drop, near)
    assert (found.patch, found.digit, found.becomes) == (7, 3, 8)
    assert found.changes
    assert near[found.weakest]


def test_only_patches_that_hide_ink_are_asked_about(bar):
    predictor = _Looks()
    inspection.occlusion(predictor, bar, patch=7)
    assert predictor.asked == 1 + 26 * 9, "places within 3 pixels of the bar, and the whole"


def test_nothing_drawn_hangs_on_nothing():
    found = inspection.occlusion(_Looks(), np.zeros((28, 28), np.uint8))
    assert not found.changes
    assert not found.drop.any()
    assert found.becomes == found.digit == 8


def test_the_weakest_place_is_one_that_changes_the_answer_if_there_is_one():
    probabilities = np.full((28, 28, 3), [0.8, 0.1, 0.1], np.float32)
    probabilities[5, 6] = [0.4, 0.3, 0.3]
    whole = np.array([0.8, 0.1, 0.1], np.float32)
    still = Occlusion(7, whole, probabilities.copy())
    assert (still.changes, still.weakest, still.becomes) == (False, (5, 6), 0)
    probabilities[7, 8] = [0.45, 0.0, 0.55]
    changed = Occlusion(7, whole, probabilities)
    assert (changed.changes, changed.weakest, changed.becomes) == (True, (7, 8), 2)


def test_occlusion_of_a_real_answer_is_what_the_predictor_says(tiny_arrays):
    predictor = Predictor(store.get("dense").tflite())
    image = tiny_arrays["x_train"][0]
    found = inspection.occlusion(predictor, image)
    every = inspection.occlude(image, inspection.PATCH).reshape(784, 28, 28)
    expected = predictor.probabilities(every).reshape(28, 28, 10)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.whole, predictor.probabilities(image[None])[0], atol=1e-6)


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
