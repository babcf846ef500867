"""The lesson: its code is a program that learns, its words keep to their rules, and no link can
break it."""

import re
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qs

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data.dataset import VALIDATION_SHARE
from classifier.ink import drawings
from classifier.learning import networks
from classifier.learning.steps import Steps, batches
from classifier.lesson import steps
from classifier.lesson.steps import EXPERIMENTS, STEPS

TERMS = (
    "machine learning",
    "neural network",
    "training set",
    "test set",
    "pixels",
    "label",
    "arrays",
    "shape",
    "layers",
    "dense",
    "units",
    "weights",
    "bias",
    "activation",
    "relu",
    "softmax",
    "probabilities",
    "loss",
    "optimizer",
    "learning rate",
    "metric",
    "accuracy",
    "reshaped",
    "scaling",
    "one-hot",
    "target",
    "batches",
    "epoch",
    "validation",
    "gap",
    "overfitting",
)


def run_steps(monkeypatch: pytest.MonkeyPatch, mnist: Path, until: str = "test") -> dict:
    """The names that the steps' code leaves behind, with this file as MNIST; seed 0."""
    import keras

    arrays = drawings.read_arrays(mnist)
    parts = tuple((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: parts)
    keras.utils.set_random_seed(0)
    names: dict = {}
    for step in STEPS.values():
        exec(compile(step.code, step.key, "exec"), names)
        if step.key == until:
            break
    return names


# The code


@pytest.mark.slow
def test_the_steps_are_a_program_that_learns_mnist(monkeypatch, real_mnist):
    names = run_steps(monkeypatch, real_mnist)
    assert names["test_accuracy"] >= 0.975
    assert names["gap"] == pytest.approx(names["train_accuracy"] - names["test_accuracy"])
    assert 0 < names["gap"] < 0.03


def test_the_steps_are_a_program_whatever_the_data(monkeypatch, tiny_mnist, capsys):
    names = run_steps(monkeypatch, tiny_mnist)
    assert 0.6 < names["test_accuracy"] <= 1
    assert "(120, 28, 28) (120,)" in capsys.readouterr().out


def test_the_steps_build_the_network_that_is_trained_here(monkeypatch, tiny_mnist):
    theirs = run_steps(monkeypatch, tiny_mnist, until="softmax")["model"]
    ours = networks.build(TrainConfig())
    assert theirs.input_shape == ours.input_shape

    def described(model) -> list[tuple]:
        return [
            (type(layer), layer.units, layer.activation, layer.output.shape)
            for layer in model.layers
        ]

    assert described(theirs) == described(ours)


def test_the_steps_have_the_settings_that_training_has(monkeypatch, tiny_mnist):
    import keras

    standard = TrainConfig()
    model = run_steps(monkeypatch, tiny_mnist, until="compile")["model"]
    assert type(model.optimizer) is type(keras.optimizers.get(standard.optimizer))
    assert model.loss == "categorical_crossentropy"
    assert float(model.optimizer.learning_rate) == pytest.approx(standard.learning_rate)
    assert standard.schedule == "constant"
    stand_in = Mock()
    exec(STEPS["fit"].code, {"model": stand_in, "train_inputs": None, "train_targets": None})
    assert stand_in.fit.call_args.kwargs == {
        "epochs": standard.epochs,
        "batch_size": standard.batch_size,
        "validation_split": VALIDATION_SHARE,
    }


def test_the_steps_learn_what_training_learns_with_the_same_loss(
    monkeypatch, tiny_mnist, tiny_arrays
):
    names = run_steps(monkeypatch, tiny_mnist, until="labels")
    theirs, ours = names["model"], networks.build(TrainConfig())
    ours.set_weights(theirs.get_weights())
    past = theirs.fit(
        names["train_inputs"], names["train_targets"], batch_size=32, shuffle=False, verbose=0
    )
    ours_taken = Steps(ours, TrainConfig().optimizer)
    loss = 0.0
    for some in batches(np.arange(120), 32):
        rates = np.full(len(some), TrainConfig().learning_rate, np.float32)
        loss += ours_taken.take(tiny_arrays["x_train"], tiny_arrays["y_train"], some, rates)[0]
    assert loss / 120 == pytest.approx(past.history["loss"][0], rel=1e-3)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_code_is_narrow_enough_for_half_a_page(step):
    assert max(map(len, step.code.splitlines())) <= 50
    assert len(step.code.splitlines()) <= 8


# The words


def test_steps_come_in_the_order_of_the_article():
    order = ["problem", "data", "layers", "softmax", "compile", "prepare", "labels", "fit", "test"]
    order.append("hands")  # which the article does not have
    assert list(STEPS) == order
    assert [step.key for step in STEPS.values()] == order


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_is_short_and_gives_something_to_try(step):
    assert 40 <= len(f"{step.words} {step.beside}".split()) <= 90
    assert step.beside
    assert "eside" not in step.words, "they are read where nothing stands beside them, too"
    assert step.title
    assert step.code
    assert step.experiments or step.try_this
    assert step.words.count("**") % 2 == 0


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_bold_where_it_first_comes(term):
    text = " ".join(step.words for step in STEPS.values()).lower()
    # As a word of its own, in the singular or plural.
    first = re.search(rf"(?<!\w){term}(?!\w)", text)
    assert text[first.start() - 2 : first.end() + 2] == f"**{term}**"


# Links


def parsed(link: str) -> tuple[str | None, str | None]:
    """What the page gets of a link."""
    values = parse_qs(link.removeprefix("?"), strict_parsing=True)
    return tuple(values.get(name, [None])[0] for name in ("lesson", "try"))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("experiment", ["", *EXPERIMENTS])
def test_a_link_leads_back_to_what_it_was_made_from(step, experiment):
    found = steps.find(*parsed(steps.link(step, experiment)))
    assert found == (STEPS[step], EXPERIMENTS.get(experiment), "")


def test_a_link_without_a_lesson_names_nothing():
    assert steps.find(None, None) == (None, None, "")


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_an_experiment_alone_opens_the_first_step_that_has_it(key):
    step, experiment, problem = steps.find(None, key)
    assert experiment is EXPERIMENTS[key]
    assert step is next(step for step in STEPS.values() if key in step.experiments)
    assert problem == ""


STRANGE = [
    "",
    "nothing",
    "Fit",
    " fit",
    "fit\n",
    "fit/../test",
    "<script>alert(1)</script>",
    "x" * 1_000_000,
    "\x00",
    "‮tif",
    "\ud800",
    0,
    True,
    3.5,
    float("nan"),
    b"fit",
    ["fit"],
    {"fit": 1},
    ("fit",),
    object,
]


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: ascii(value)[:30])
def test_a_strange_link_is_answered_in_words_of_our_own(strange):
    assert_answered(strange, None, None, None, "a step that")
    assert_answered(None, strange, None, None, "an experiment that")
    assert_answered(strange, strange, None, None, "a step and an experiment that")
    assert_answered("fit", strange, "fit", None, "an experiment that")
    assert_answered(strange, "tiny", "layers", "tiny", "a step that")


def assert_answered(
    lesson_value: object, attempt: object, step: str | None, experiment: str | None, words: str
) -> None:
    found_step, found_experiment, problem = steps.find(lesson_value, attempt)
    assert found_step is (STEPS[step] if step else None)
    assert found_experiment is (EXPERIMENTS[experiment] if experiment else None)
    assert problem.startswith(f"The link names {words} this lesson does not have")
    assert problem.isascii()
    assert len(problem) < 120
    assert "script" not in problem
