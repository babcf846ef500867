"""A fresh server for each test, and networks of every shape."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from classifier.config import CLASSES, TrainConfig
from classifier.learning import networks
from tests.ui.tabs.pages import Network


@pytest.fixture(autouse=True)
def _fresh(home):
    """A server that has looked at nothing yet."""
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def small_network() -> tuple[bytes, list[np.ndarray]]:
    """A network as a function of its weights, and some weights."""
    network = networks.build(TrainConfig(hidden_units=3))
    return networks.forward(network), network.get_weights()


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> dict[str, Network]:
    """Networks of other shapes than those of the form, as they are served."""
    from keras import Input, Sequential, layers

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
    found = {}
    for name, stack in stacks.items():
        file = tmp_path_factory.mktemp("exported") / "model.tflite"
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            model = Sequential(stack)
            model.export(str(file), format="litert", verbose=False)
        named = [(layer.name, type(layer).__name__) for layer in model.layers]
        found[name] = file.read_bytes(), named
    return found | {"no-model": (b"TFL3, but nothing of it", [])}


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
