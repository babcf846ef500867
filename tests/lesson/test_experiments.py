"""The lesson's experiments: each is tried somewhere, and comes out as it says."""

import re
import statistics

import pytest

from classifier.config import SETTINGS, TrainConfig
from classifier.lesson.steps import EXPERIMENTS, STEPS

# Each experiment's (training, test) accuracies as `python -m classifier train` gave them: seeds
# 0, 1 and 2 on MNIST, then on generated digits, in bfloat16; seed 0 on each in float32.
MEASURED = {
    "no-activation": [
        (0.9215, 0.9176),
        (0.9215, 0.9138),
        (0.9237, 0.9177),
        (0.7370, 0.7135),
        (0.7701, 0.7322),
        (0.7670, 0.7278),
        (0.9214, 0.9176),
        (0.7370, 0.7135),
    ],
    "tiny": [
        (0.9089, 0.9133),
        (0.9128, 0.9143),
        (0.9157, 0.9112),
        (0.7435, 0.7242),
        (0.7570, 0.7388),
        (0.7492, 0.7260),
        (0.9092, 0.9127),
        (0.7436, 0.7232),
    ],
    "fast": [
        (0.9067, 0.9001),
        (0.9061, 0.9088),
        (0.8922, 0.8782),
        (0.6662, 0.6613),
        (0.6521, 0.6285),
        (0.6170, 0.6025),
        (0.9054, 0.9003),
        (0.5843, 0.5790),
    ],
    "shuffled": [
        (1.0000, 0.0913),
        (1.0000, 0.1290),
        (0.9989, 0.0853),
        (0.9956, 0.0850),
        (0.9935, 0.0820),
        (1.0000, 0.1045),
        (1.0000, 0.0909),
        (0.9978, 0.0885),
    ],
    "one-epoch": [
        (0.9531, 0.9503),
        (0.9644, 0.9591),
        (0.9594, 0.9564),
        (0.8197, 0.7980),
        (0.7864, 0.7575),
        (0.8063, 0.7827),
        (0.9523, 0.9498),
        (0.8198, 0.7973),
    ],
    "overfit": [
        (1.0000, 0.7725),
        (1.0000, 0.6960),
        (1.0000, 0.7391),
        (1.0000, 0.4890),
        (1.0000, 0.4662),
        (1.0000, 0.4645),
        (1.0000, 0.7729),
        (1.0000, 0.4885),
    ],
}
# Of experiments with several seeds: the test accuracies of seeds 1 to 5, on each source.
MEASURED_BY_SEED = {
    "luck": {
        "mnist": (0.9785, 0.9804, 0.9774, 0.9810, 0.9790),
        "generated": (0.86775, 0.86450, 0.82925, 0.84950, 0.85350),
    }
}
SOURCES = ["mnist"] * 3 + ["generated"] * 3 + ["mnist", "generated"]


def test_every_experiment_is_tried_at_some_step():
    tried = [key for step in STEPS.values() for key in step.experiments]
    assert set(tried) == set(EXPERIMENTS)
    assert set(EXPERIMENTS) == {
        "overfit",
        "no-activation",
        "fast",
        "shuffled",
        "one-epoch",
        "tiny",
        "luck",
    }
    assert set(EXPERIMENTS) == {*MEASURED, *MEASURED_BY_SEED}


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_an_experiment_is_the_articles_run_but_for_its_settings(key):
    experiment = EXPERIMENTS[key]
    assert experiment.key == key
    config, standard = experiment.config(), TrainConfig()
    assert (config.network, config.data, config.seed, config.name) == ("dense", "auto", 0, None)
    differ = {k for k, v in config.to_dict().items() if v != getattr(standard, k)}
    assert differ == {"title", *experiment.settings}
    assert config.title == experiment.title.rstrip("?")
    assert config.epochs < SETTINGS["epochs"].high
    assert len(experiment.title) <= 40
    assert len(experiment.expect.split()) <= 60
    assert re.search(r"\d %", experiment.expect), "it says figures"


@pytest.mark.parametrize(
    ("key", "accuracies", "source"),
    [
        (key, pair, source)
        for key, pairs in MEASURED.items()
        for pair, source in zip(pairs, SOURCES, strict=True)
    ],
)
def test_what_was_measured_is_as_expected(key, accuracies, source):
    as_expected, words = EXPERIMENTS[key].judge(*accuracies, source)
    assert as_expected
    train, test = (f"{share * 100:.1f} %" for share in accuracies)
    assert words.startswith("As expected")
    assert train in words
    assert test in words
    assert ("98 %" if source == "mnist" else "85 %") in words


@pytest.mark.parametrize("source", ["mnist", "generated"])
@pytest.mark.parametrize("key", MEASURED_BY_SEED)
def test_what_was_measured_with_several_seeds_is_as_expected(key, source):
    experiment = EXPERIMENTS[key]
    accuracies = MEASURED_BY_SEED[key][source]
    assert len(experiment.seeds) == len(accuracies)
    mean, spread = statistics.fmean(accuracies), statistics.stdev(accuracies)
    as_expected, words = experiment.judge_seeds(mean, spread, source)
    assert as_expected
    assert words.startswith("As expected, chance alone")
    for figure in (
        f"{mean * 100:.2f} %",
        f"a spread of {spread * 100:.2f} points",
        f"less than {spread * 200:.1f} points",
    ):
        assert figure in words


@pytest.mark.parametrize(
    ("mean", "spread", "said"),
    [
        (0.9, 0.0015, "the mean should be between 97.5 and 98.5 %)"),
        (0.98, 0.0, "the spread should be between 0.03 and 0.4 points)"),
        (0.98, 0.1, "the spread should"),
        (0.1, 0.3, "the mean should be between 97.5 and 98.5 % and the spread should"),
        (float("nan"), float("nan"), "the mean should"),
    ],
)
def test_another_mean_or_spread_is_not_as_expected(mean, spread, said):
    as_expected, words = EXPERIMENTS["luck"].judge_seeds(mean, spread, "mnist")
    assert not as_expected
    assert words.startswith("Not as expected (the ")
    assert said in words


@pytest.mark.parametrize("key", MEASURED)
@pytest.mark.parametrize(
    "accuracies",
    [(0.99, 0.98), (0.0, 1.0), (1.0, 0.0), (float("nan"), float("nan")), (7.0, -3.0)],
    ids=str,
)
@pytest.mark.parametrize("source", ["mnist", "generated"])
def test_what_no_experiment_should_give_is_not_as_expected(key, accuracies, source):
    as_expected, words = EXPERIMENTS[key].judge(*accuracies, source)
    assert not as_expected
    assert words.startswith("Not as expected")
    assert "should be between" in words


def test_what_is_strange_is_named_with_what_was_expected():
    _, words = EXPERIMENTS["overfit"].judge(0.995, 0.96, "mnist")
    assert "test accuracy should be between 60 and 85 %" in words
    assert "the gap should be between 15 and 70 points" in words
    assert "training accuracy" not in words
    assert "99.5 %" in words
    assert "3.5 points" in words
