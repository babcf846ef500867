"""A fresh server for each test, and networks of every shape."""

from pathlib import Path

import numpy as np
import pytest

from classifier.config import CLASSES, TrainConfig
from classifier.data import generated
from classifier.learning import networks
from classifier.limits import Rate
from classifier.ui import key, shared
from classifier.ui.tabs import operating
from classifier.ui.tabs.background import album, exam, memory, specimens
from tests.ui.tabs.pages import Network


@pytest.fixture(autouse=True)
def _fresh(home, monkeypatch):
    """A server that has looked at no runs or images yet, and without MNIST draws few digits in its
    place: all 24,000 take seconds in the background. Loaded models are as good as new."""
    shared.jobs.cache_clear()
    shared.brought.cache_clear()
    shared.sweeps.cache_clear()
    monkeypatch.setattr(operating, "_guesses", Rate(key.WITHIN))
    for known in (shared.replay, album, exam, memory, specimens):
        known.clear()
    monkeypatch.setattr(generated, "TRAIN", 60)
    monkeypatch.setattr(generated, "TEST", 40)


@pytest.fixture(scope="session")
def small_network() -> tuple[bytes, list[np.ndarray]]:
    """A network as a function of its weights, and some weights."""
    network = networks.build(TrainConfig(hidden_units=3))
    return networks.forward(network), network.get_weights()


class Shapes(dict):
    """Networks of other shapes than those of the form, as they are served; each is exported when it
    is asked for."""

    def __init__(self, stacks: dict[str, list], folder: Path) -> None:
        super().__init__({"no-model": (b"TFL3, but nothing of it", [])})
        self._stacks, self._folder = stacks, folder

    def __missing__(self, name: str) -> Network:
        from keras import Sequential

        file = self._folder / f"{name}.tflite"
        model = Sequential(self._stacks[name])
        networks.Trained(model).export(file)
        named = [(layer.name, type(layer).__name__) for layer in model.layers]
        self[name] = file.read_bytes(), named
        return self[name]


@pytest.fixture(scope="session")
def shapes(tmp_path_factory) -> Shapes:
    """Those of every shape that the page must bear."""
    from keras import Input, layers

    def dense(units: int, name: str) -> layers.Dense:
        return layers.Dense(units, activation="relu", name=name)

    def digits(count: int = CLASSES) -> layers.Dense:
        return layers.Dense(count, activation="softmax", name="digits")

    flat = Input((784,))
    stacks = {
        "three-hidden": [flat, dense(9, "one"), dense(8, "two"), dense(7, "three"), digits()],
        "no-hidden": [flat, digits()],
        "no-dense": [
            Input((28, 28, 1)),
            layers.Conv2D(4, 3, strides=2, activation="relu", name="strokes"),
            layers.Conv2D(CLASSES, 3, name="bows"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Softmax(name="shares"),
        ],
        "small-maps": [
            Input((28, 28, 1)),
            layers.Conv2D(2, 3, strides=3, name="edges"),
            layers.Flatten(),
            dense(600, "wide"),
            digits(),
        ],
        "five-classes": [flat, dense(6, "hidden"), digits(5)],
        "twelve-classes": [flat, dense(6, "hidden"), digits(12)],
        "other-input": [Input((100,)), dense(6, "hidden"), digits()],
    }  # fmt: skip
    return Shapes(stacks, tmp_path_factory.mktemp("exported"))


@pytest.fixture
def mixed_up(tmp_path, tiny_arrays) -> Path:
    """Test images of which eleven have another label than what they show, and none is a 5."""
    labels = tiny_arrays["y_test"].copy()
    kept = labels != 5
    labels[np.flatnonzero(labels == 4)] = 9
    labels[np.flatnonzero(labels == 1)[:3]] = 7
    path = tmp_path / "mixed-up.npz"
    tests = {"x_test": tiny_arrays["x_test"][kept], "y_test": labels[kept]}
    np.savez(path, **tiny_arrays | tests)
    return path
