"""The predictor: Keras' answers without TensorFlow, for one picture or many, from any thread."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from classifier.config import NETWORKS, PROJECT, TrainConfig
from classifier.ink import preparing
from classifier.ink.preparing import Prepared, Verdict
from classifier.learning import networks
from classifier.serving import evaluation, predict, saving, store
from classifier.serving.predict import Network, Readings, Tally
from tests.serving.test_store import META


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, tuple]:
    """Each network with random weights that make it sure of itself: (Keras model, SavedModel)."""
    import keras

    pairs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path_factory.mktemp("models")))
        for name in NETWORKS:
            keras.utils.set_random_seed(0)  # some random weights answer all alike
            model = networks.build(TrainConfig(network=name))
            last = model.layers[-1]
            weights, bias = last.get_weights()
            last.set_weights([weights * 12, bias])
            pairs[name] = model, saving.save(f"random-{name}", networks.Trained(model), META)
    return pairs


@pytest.fixture(scope="module")
def images(tiny_arrays) -> np.ndarray:
    """300 pictures (300, 28, 28) uint8: digits, noise, all black and all white."""
    noise = np.random.default_rng(0).integers(0, 256, (138, 28, 28), np.uint8)
    flat = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    return np.concatenate([tiny_arrays["x_train"], tiny_arrays["x_test"], noise, flat])


@pytest.fixture(params=list(NETWORKS))
def pair(request, exported):
    return exported[request.param]


def test_answers_equal_those_of_keras(pair, images):
    model, saved = pair
    inputs = images.reshape(-1, *model.input_shape[1:]) / np.float32(255)
    expected = model.predict(inputs, verbose=0)
    rows = predict.Predictor(saved.tflite()).probabilities(images)
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    assert len(set(expected.argmax(axis=1))) > 2, "the pictures must have different answers"


def test_rows_are_probabilities(pair, images):
    rows = predict.Predictor(pair[1].tflite()).probabilities(images)
    assert rows.shape == (300, 10)
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_many_at_once_get_the_same_answers_as_one_by_one(pair, images):
    predictor = predict.Predictor(pair[1].tflite())
    together = predictor.probabilities(images)
    alone = np.concatenate([predictor.probabilities(image[None]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_no_pictures_get_no_answers(pair):
    rows = predict.Predictor(pair[1].tflite()).probabilities(np.zeros((0, 28, 28), np.uint8))
    assert rows.shape == (0, 10)


def test_threads_that_share_a_predictor_get_the_answers_to_their_own_pictures(exported, images):
    predictor = predict.Predictor(exported["conv"][1].tflite())
    expected = predictor.probabilities(images)
    # Different sizes, so that one thread's batch would not even fit another's.
    slices = [slice(i, i + 1 + i % 5) for i in range(290)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda part: predictor.probabilities(images[part]), slices))
    for part, rows in zip(slices, answers, strict=True):
        np.testing.assert_allclose(rows, expected[part], atol=1e-6)


def test_an_answer_stays_as_it_is_when_the_next_is_asked_for(exported, images):
    predictor = predict.Predictor(exported["dense"][1].tflite())
    first = predictor.probabilities(images[:1])
    kept = first.copy()
    other = predictor.probabilities(images[1:2])
    assert not np.allclose(other, kept)
    np.testing.assert_array_equal(first, kept)


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ValueError):
        predict.Predictor(b"this is no model")


def test_answering_a_picture_imports_neither_tensorflow_nor_keras(exported):
    program = (
        "import sys, numpy as np; from classifier.ink import preparing\n"
        "from classifier.serving import predict, store\n"
        "predictor = predict.Predictor(open(sys.argv[1], 'rb').read())\n"
        "picture = np.zeros((80, 80), np.uint8); picture[20:60, 38:42] = 255\n"
        "assert predict.answer(predictor, preparing.prepare(picture)).is_digit\n"
        "print(sorted({'tensorflow', 'keras', 'streamlit'} & set(sys.modules)))\n"
    )
    file: Path = exported["dense"][1].folder / "model.tflite"
    run = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


class _MustNotBeAsked:
    def probabilities(self, images: np.ndarray) -> np.ndarray:
        raise AssertionError("there is nothing to ask about")


def _picture(**boxes: tuple[int, int, int, int]) -> np.ndarray:
    picture = np.zeros((280, 280), np.uint8)
    for top, bottom, left, right in boxes.values():
        picture[top:bottom, left:right] = 255
    return picture


@pytest.mark.parametrize(
    ("picture", "verdict"),
    [
        (_picture(), Verdict.BLANK),
        (_picture(tap=(138, 142, 138, 142)), Verdict.DOT),
        (_picture(flood=(2, 278, 2, 278)), Verdict.FULL),
    ],
)
def test_no_digit_is_invented_where_there_is_no_shape(picture, verdict):
    said = predict.answer(_MustNotBeAsked(), preparing.prepare(picture))
    assert said.verdict is verdict
    assert said.digit is None
    assert said.probabilities is None
    assert not said.is_digit


def test_two_digits_side_by_side_are_not_taken_for_one(exported):
    bars = _picture(left=(60, 220, 60, 80), right=(60, 220, 200, 220))
    predictor = predict.Predictor(exported["dense"][1].tflite())
    said = predict.answer(predictor, preparing.prepare(bars))
    assert said.verdict is Verdict.SEVERAL
    assert not said.is_digit


def test_the_answer_is_the_likeliest_digit(exported, images):
    predictor = predict.Predictor(exported["conv"][1].tflite())
    for image in images[:5]:
        said = predict.answer(predictor, Prepared(Verdict.READABLE, image, network_input=image))
        np.testing.assert_allclose(
            said.probabilities, predictor.probabilities(image[None])[0], atol=1e-6
        )
        assert said.is_digit
        assert said.digit == said.probabilities.argmax()
        assert isinstance(said.digit, int)


# LiteRT's interpreter: what goes in, in batches of any size, and what is refused

GREYS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


def test_grey_levels_become_the_same_shares_for_who_serves_and_who_learns():
    import tensorflow as tf

    served = predict.as_input(GREYS)
    assert served.dtype == np.float32
    np.testing.assert_array_equal(served, GREYS.astype(np.float32) / np.float32(255))
    learned = predict.as_input(tf.cast(GREYS, tf.float32)).numpy()
    np.testing.assert_array_equal(learned, served)


def test_a_network_says_what_it_takes_and_gives():
    for name, shape, classes in (
        ("shipped-dense", (784,), 10),
        ("shipped-detector", (28, 28, 1), 7),
        ("shipped-pairs", (28, 28, 1), 111),
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
def test_bytes_that_are_no_network_are_refused(content):
    with pytest.raises(ValueError):
        Network(content)


def test_right_answers_are_counted_by_digit_and_the_unreadable_is_wrong():
    readings = np.array([3, 3, 5, predict.NOTHING], np.int8)
    tally = predict.tally(readings, np.array([3, 4, 5, 5]))
    assert tally.total.tolist() == [0, 0, 0, 1, 1, 2, 0, 0, 0, 0]
    assert tally.right.tolist() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert tally.shares == [None, None, None, 1.0, 0.0, 0.5, None, None, None, None]
    assert tally.interval == evaluation.interval(2, 4)


def test_what_is_not_read_yet_or_was_learned_from_is_not_judged():
    readings = np.array([3, predict.UNREAD, predict.LEARNED], np.int8)
    tally = predict.tally(readings, np.array([3, 3, 3]))
    assert (tally.total.sum(), tally.right.sum()) == (1, 1)


def test_a_drawing_is_read_once_by_each_model_and_what_is_gone_is_forgotten():
    readings = Readings()
    first = readings.of("one", np.array([2, 5]))
    assert first.tolist() == [predict.UNREAD] * 2
    first[:] = 7, 8
    assert readings.of("one", np.array([1, 2, 5, 9])).tolist() == [-1, 7, 8, -1]
    assert readings.of("other", np.array([2, 5])).tolist() == [-1, -1]
    assert readings.of("one", np.array([5])).tolist() == [8]
    assert readings.of("one", np.array([], np.int64)).tolist() == []
    assert readings.of("one", np.array([2, 5])).tolist() == [-1, -1]


def test_of_many_models_only_the_last_few_are_remembered():
    readings, numbers = Readings(), np.arange(3)
    for k in range(100):
        readings.of(str(k), numbers)[:] = 1
    known = [str(k) for k in range(100) if str(k) in readings._known]
    assert known == ["96", "97", "98", "99"]


@pytest.mark.parametrize(("total", "right"), [(1, 1), (50, 0), (100, 99)])
def test_the_interval_holds_the_share(total, right):
    low, high = Tally(np.array([total]), np.array([right])).interval
    assert 0 <= low <= right / total <= high <= 1
