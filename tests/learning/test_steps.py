"""Steps taken in one call are those that Keras takes one by one."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.config import OPTIMIZERS, TrainConfig
from classifier.learning import steps
from tests.learning import linear


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_many_steps_in_one_call_learn_what_keras_fit_learns(optimizer):
    import keras

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 70, dtype=np.uint8)
    ours = linear(TrainConfig())
    theirs = keras.models.clone_model(ours)
    theirs.set_weights(ours.get_weights())
    theirs.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    theirs.optimizer.learning_rate = 0.01
    inputs = images[..., None].astype(np.float32) / 255
    past = theirs.fit(
        inputs, keras.utils.to_categorical(labels, 10), batch_size=32, shuffle=False, verbose=0
    ).history

    learn, _ = steps.learner(ours, optimizer)
    calls = list(steps.calls(np.arange(70), 32))
    assert [call.shape for call in calls] == [(2, 32), (1, 6)]
    rates = [np.full(len(call), 0.01, np.float32) for call in calls]
    figures = [learn(images, labels, *given) for given in zip(calls, rates, strict=True)]
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    assert sum(float(loss) for loss, _ in figures) / 70 == pytest.approx(past["loss"][0], rel=1e-4)
    assert sum(int(right) for _, right in figures) / 70 == pytest.approx(past["accuracy"][0])
