"""Steps taken in one call are those that Keras takes one by one."""

import numpy as np
import pytest

from classifier.config import OPTIMIZERS, TrainConfig
from classifier.learning import networks, steps, training
from tests.learning import linear


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_many_steps_in_one_call_learn_what_keras_fit_learns(optimizer):
    import keras

    rng = np.random.default_rng(0)
    # One pattern, more or less bright: the weights share ten gradients, none of them near to zero,
    # where Adam, which divides by their size, would make a step of their rounding.
    images = (rng.integers(0, 2, (28, 28)) * rng.integers(50, 256, (70, 1, 1))).astype(np.uint8)
    labels = rng.integers(0, 10, 70, dtype=np.uint8)
    ours, own = linear(TrainConfig()), keras.optimizers.get(optimizer)
    if optimizer == "muon":
        ours = networks.build(TrainConfig(hidden_units=8))
        # Keras' shrinks weights, too, and has to be told which layer is the last.
        own = keras.optimizers.Muon(
            momentum=0.9,
            ns_steps=3,
            weight_decay=None,
            adam_weight_decay=None,
            exclude_layers=["digits"],
        )
    theirs = keras.models.clone_model(ours)
    theirs.set_weights(ours.get_weights())
    theirs.compile(own, "categorical_crossentropy", metrics=["accuracy"])
    theirs.optimizer.learning_rate = 0.01
    inputs = np.asarray(steps.to_input(ours, images))
    past = theirs.fit(
        inputs, keras.utils.to_categorical(labels, 10), batch_size=32, shuffle=False, verbose=0
    ).history

    taken = steps.Steps(ours, optimizer)
    calls = list(steps.batches(np.arange(70), 32))
    assert [call.shape for call in calls] == [(2, 32), (1, 6)]
    rates = [np.full(len(call), 0.01, np.float32) for call in calls]
    figures = [taken.take(images, labels, *given) for given in zip(calls, rates, strict=True)]
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    assert sum(loss for loss, _ in figures) / 70 == pytest.approx(past["loss"][0], rel=1e-4)
    assert sum(right for _, right in figures) / 70 == pytest.approx(past["accuracy"][0])


def test_muon_steps_alike_in_all_directions_of_a_convolution():
    model = networks.build(TrainConfig.of("conv"))
    kernel = model.get_layer("convolution-2").kernel
    before = kernel.numpy()
    images = np.random.default_rng(0).integers(0, 256, (8, 28, 28), dtype=np.uint8)
    taken = steps.Steps(model, "muon")
    taken.take(images, np.arange(8, dtype=np.uint8), np.arange(8)[None], np.float32([0.01]))
    step = kernel.numpy() - before
    # By what a unit looks at, 3x3x16, and units; a gradient's own go over orders of magnitude.
    lengths = np.linalg.svd(step.reshape(144, 32), compute_uv=False) / (0.01 * 0.2 * 144**0.5)
    assert lengths.min() > 0.3
    assert lengths.max() < 1.3


def test_an_optimizer_that_nobody_taught_it_is_an_error(home, tiny_mnist, monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "lion", "Roars.")
    config = TrainConfig(mnist=str(tiny_mnist), optimizer="lion", epochs=1)
    with pytest.raises(ValueError, match=r"optimizer is 'lion': .* rmsprop, adam, muon, sgd"):
        training.train(config, lambda event: None)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_that_forgets_begins_anew(optimizer):
    model = networks.build(TrainConfig(hidden_units=8))
    weights = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype=np.uint8)
    labels = np.arange(64, dtype=np.uint8) % 10
    (some,) = steps.batches(np.arange(64), 16)
    taken = steps.Steps(model, optimizer)
    learned = []
    for _ in range(2):
        taken.take(images, labels, some, np.full(4, 0.01, np.float32))
        learned.append(model.get_weights())
        model.set_weights(weights)
        taken.forget()
    for first, again in zip(*learned, strict=True):
        np.testing.assert_array_equal(first, again)
