"""Which data a run's settings name, in which order they are looked for, and how they are cut."""

import functools
import socket
import time

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data import mnist, sources
from classifier.data.dataset import DataUnavailableError
from classifier.ink import drawings
from classifier.synthetic import handwriting
from tests.data import load_tiny, trickling


@pytest.mark.parametrize("source", ["mnist", "auto"])
def test_named_file_that_is_missing_is_an_error_and_not_replaced(home, source, unreachable):
    config = TrainConfig(data=source, mnist=str(home / "gone.npz"))
    with pytest.raises(FileNotFoundError, match=r"There is no file .*gone\.npz"):
        sources.load(config)


def test_auto_takes_mnist_where_it_is(home, tiny_mnist, monkeypatch, unreachable):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    assert sources.load(TrainConfig(data="auto")).source == "mnist"


def out_of_reach(monkeypatch) -> None:
    """MNIST's address refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = functools.partial(mnist.load, url=f"http://127.0.0.1:{port}/mnist.npz")
    monkeypatch.setattr(mnist, "load", away)


def test_auto_falls_back_to_generated_digits_and_says_so(home, few_generated, monkeypatch):
    out_of_reach(monkeypatch)
    told = []
    dataset = sources.load(TrainConfig(data="auto"), lambda note, share: told.append(note))
    assert dataset.source == "generated"
    assert "generated" in dataset.description
    assert len(dataset.train_labels) == 40
    assert told[-1].startswith("MNIST could not be downloaded (")
    assert told[-1].endswith("Training on generated digits instead.")


def test_auto_falls_back_from_a_damaged_cache_and_says_so(cached, few_generated):
    cached.write_bytes(b"half of it")
    told = []
    dataset = sources.load(TrainConfig(data="auto"), lambda note, share: told.append(note))
    assert dataset.source == "generated"
    assert "damaged" in told[-1]


def test_auto_gives_up_a_slow_download(home, few_generated, serve, monkeypatch):
    monkeypatch.setattr(mnist, "load", functools.partial(mnist.load, url=serve(trickling(5))))
    monkeypatch.setattr(sources, "AUTO_SECONDS", 0.3)
    begun = time.monotonic()
    assert sources.load(TrainConfig(data="auto")).source == "generated"
    assert time.monotonic() - begun < 2


def test_mnist_waits_for_a_slow_download(home, serve, monkeypatch):
    monkeypatch.setattr(mnist, "load", functools.partial(mnist.load, url=serve(trickling(0.3))))
    monkeypatch.setattr(sources, "AUTO_SECONDS", 0.1)
    with pytest.raises(DataUnavailableError, match="cut off"):
        sources.load(TrainConfig(data="mnist"))


def test_mnist_out_of_reach_is_an_error_when_mnist_was_asked_for(home, monkeypatch):
    out_of_reach(monkeypatch)
    with pytest.raises(DataUnavailableError, match="choose generated digits"):
        sources.load(TrainConfig(data="mnist"))


def test_generated_digits_need_neither_file_nor_network(home, few_generated, unreachable):
    dataset = sources.load(TrainConfig(data="generated"))
    assert dataset.train_images.shape == (40, 28, 28)
    assert dataset.test_images.shape == (20, 28, 28)
    assert dataset.train_images.dtype == dataset.train_labels.dtype == np.uint8
    assert np.bincount(dataset.train_labels, minlength=10).tolist() == [4] * 10
    assert (dataset.source, dataset.description) == ("generated", "generated digits")


def test_as_many_digits_are_generated_as_are_trained_on(few_generated):
    assert len(sources.load(TrainConfig(data="generated", train_size=55)).train_labels) == 55


def test_more_generated_digits_than_there_are_is_refused():
    with pytest.raises(ValueError, match="train_size is 60001: at most 60,000"):
        sources.load(TrainConfig(data="generated", train_size=60_001))


def test_train_size_cuts_the_training_images_alone(tiny_mnist, tiny_arrays):
    dataset = load_tiny(tiny_mnist, train_size=30)
    assert dataset.train_images.shape == (30, 28, 28)
    assert len(dataset.test_labels) == 40
    assert dataset.description == "30 images of MNIST"
    known = {
        (image.tobytes(), int(label))
        for image, label in zip(tiny_arrays["x_train"], tiny_arrays["y_train"], strict=True)
    }
    for image, label in zip(dataset.train_images, dataset.train_labels, strict=True):
        assert (image.tobytes(), int(label)) in known


def test_cut_is_random_and_repeatable(tiny_mnist, tiny_arrays):
    first, again, other = (
        load_tiny(tiny_mnist, train_size=30, seed=seed).train_images for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != tiny_arrays["x_train"][:30]).any(), "the first 30 may all be of one writer"


def test_train_size_may_be_all_there_are(tiny_mnist):
    assert len(load_tiny(tiny_mnist, train_size=120).train_labels) == 120


def test_a_run_that_goes_on_takes_what_there_is(tiny_mnist, tmp_path):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    drawings.save(drawings.from_strokes(digits, np.arange(10)), tmp_path / "drawn.npz")
    more = {"base": "some-model", "drawings": str(tmp_path / "drawn.npz")}
    assert len(load_tiny(tiny_mnist, train_size=15_000, **more).train_labels) == 120


def test_train_size_over_the_data_names_both_numbers(tiny_mnist):
    with pytest.raises(ValueError) as refusal:
        load_tiny(tiny_mnist, train_size=121)
    assert "train_size is 121" in str(refusal.value)
    assert "MNIST has 120 training images: ask for at most that many" in str(refusal.value)


@pytest.mark.parametrize("chosen", [{}, {"train_size": 50}, {"shuffle_labels": True, "seed": 3}])
def test_the_data_of_a_run_are_found_again_without_a_download(
    home, tiny_mnist, monkeypatch, unreachable, chosen
):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    config = TrainConfig(**chosen)
    then, now = sources.load(config), sources.at_hand(config, "mnist")
    assert now.fingerprint() == then.fingerprint()
    assert now.description == then.description


def test_generated_digits_are_drawn_again_as_they_were(home, few_generated, unreachable):
    config = TrainConfig(data="generated", train_size=30, seed=5, styles=0.5)
    assert sources.at_hand(config, "generated").fingerprint() == sources.load(config).fingerprint()


def test_data_that_are_gone_are_said_to_be_gone(home, tmp_path, unreachable):
    for file in (None, str(tmp_path / "gone.npz"), str(tmp_path / ("x" * 300)), "a\0b"):
        with pytest.raises(DataUnavailableError, match=r"not on this disk.*MNIST_NPZ"):
            sources.at_hand(TrainConfig(mnist=file), "mnist")


def test_another_copy_stands_in_for_the_file_that_is_gone(cached, tiny_mnist, monkeypatch):
    then = load_tiny(tiny_mnist)
    config = TrainConfig(mnist=str(tiny_mnist))
    tiny_mnist.rename(cached)
    assert sources.at_hand(config, "mnist").fingerprint() == then.fingerprint()
    copy = cached.rename(cached.with_name("copy.npz"))
    monkeypatch.setenv("MNIST_NPZ", str(copy))
    assert sources.at_hand(config, "mnist").fingerprint() == then.fingerprint()


def test_a_damaged_file_and_an_unknown_source_are_named(home, tiny_mnist):
    tiny_mnist.write_bytes(tiny_mnist.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"tiny-mnist\.npz is not a readable"):
        sources.at_hand(TrainConfig(mnist=str(tiny_mnist)), "mnist")
    with pytest.raises(ValueError, match="source is 'letters'"):
        sources.at_hand(TrainConfig(), "letters")


def test_shuffling_keeps_the_images_and_the_test_as_they_are(tiny_mnist, tiny_arrays):
    plain, shuffled = load_tiny(tiny_mnist), load_tiny(tiny_mnist, shuffle_labels=True)
    np.testing.assert_array_equal(shuffled.train_images, plain.train_images)
    np.testing.assert_array_equal(shuffled.test_labels, tiny_arrays["y_test"])
    assert sorted(shuffled.train_labels) == sorted(plain.train_labels)
    assert shuffled.description == "MNIST with shuffled labels"
    assert (shuffled.train_labels == plain.train_labels).mean() < 0.3
    again = load_tiny(tiny_mnist, shuffle_labels=True)
    np.testing.assert_array_equal(again.train_labels, shuffled.train_labels)
