"""Settings of a run: what is refused, with words that help, and the command that repeats it."""

import dataclasses
import json
import math
import shlex
from pathlib import Path

import pytest

from classifier import config
from classifier.config import (
    ACTIVATIONS,
    DATA_SOURCES,
    DETECTOR,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    TrainConfig,
)
from classifier.standards import DEFAULTS, FINE_TUNING, HIDDEN_UNITS


def test_unchanged_settings_are_the_articles():
    settings = TrainConfig()
    assert settings.network == "dense"
    assert settings.optimizer == "rmsprop"
    assert (settings.epochs, settings.seconds) == (5, None)
    assert (settings.batch_size, settings.dropout, settings.augment) == (128, 0.0, False)


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().seed = 1


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("epochs", 0, "from 1 to 1000"),
        ("epochs", -3, "from 1 to 1000"),
        ("epochs", 1001, "from 1 to 1000"),
        ("epochs", 2.5, "a whole number"),
        ("epochs", True, "a whole number"),
        ("epochs", "5", "a whole number"),
        ("seconds", 0, "above 0 to 86400"),
        ("seconds", 7 * 86400, "to 86400"),
        ("seconds", math.nan, "above 0"),
        ("seconds", math.inf, "to 86400"),
        ("learning_rate", math.nan, "above 0 to 100"),
        ("learning_rate", math.inf, "above 0 to 100"),
        ("learning_rate", 0.0, "above 0 to 100"),
        ("learning_rate", -0.1, "above 0 to 100"),
        ("learning_rate", "fast", "a number"),
        ("train_size", 9, "from 10"),
        ("train_size", 0, "from 10"),
        ("batch_size", 0, "from 1 to 60000"),
        ("batch_size", 60_001, "from 1 to 60000"),
        ("dropout", 1.0, "from 0 to 0.95"),
        ("dropout", -0.1, "from 0 to 0.95"),
        ("dropout", math.nan, "from 0 to 0.95"),
        ("hidden_units", 0, "from 1 to 4096"),
        ("hidden_units", 4097, "from 1 to 4096"),
        ("hidden_units", 2.0, "a whole number"),
        ("seed", -1, "from 0 to"),
        ("seed", 2**31, "from 0 to"),
    ],
)
def test_number_out_of_range_is_named_with_what_is_allowed(field, value, allowed):
    with pytest.raises(ValueError) as refusal:
        TrainConfig(**{field: value})
    assert str(refusal.value).startswith(f"{field} is {value!r}: ")
    assert allowed in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("network", NETWORKS),
        ("data", DATA_SOURCES),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("activation", ACTIVATIONS),
    ],
)
def test_unknown_choice_is_named_with_all_choices(field, choices):
    with pytest.raises(ValueError) as refusal:
        TrainConfig(**{field: "nonsense"})
    assert f"{field} is 'nonsense'" in str(refusal.value)
    assert ", ".join(choices) in str(refusal.value)
    for choice in choices:
        assert getattr(TrainConfig(**{field: choice}), field) == choice


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("epochs", 1, 1000),
        ("seconds", 0.1, 86400.0),
        ("train_size", 10, 10**9),
        ("batch_size", 1, 60_000),
        ("learning_rate", 1e-9, 100.0),
        ("dropout", 0.0, 0.95),
        ("hidden_units", 1, 4096),
        ("seed", 0, 2**31 - 1),
    ],
)
def test_ends_of_a_range_are_allowed(field, least, most):
    for value in (least, most):
        assert getattr(TrainConfig(**{field: value}), field) == value


def test_epochs_and_seconds_exclude_each_other():
    with pytest.raises(ValueError, match=r"epochs is 3 and seconds is 20.*one of the two"):
        TrainConfig(epochs=3, seconds=20)
    assert TrainConfig(seconds=20).epochs is None


def test_settings_survive_json():
    settings = TrainConfig.of("conv", seconds=7.5, drawings="a b.npz", seed=3, name="mine")
    assert TrainConfig(**json.loads(json.dumps(settings.to_dict()))) == settings


def test_of_takes_the_networks_defaults_where_nothing_was_chosen():
    settings = TrainConfig.of("conv", epochs=None, learning_rate=0.01)
    assert settings.network == "conv"
    assert settings.epochs == DEFAULTS["conv"]["epochs"]
    assert settings.styles == DEFAULTS["conv"]["styles"]
    assert settings.learning_rate == 0.01


def test_seconds_chosen_replace_default_epochs():
    settings = TrainConfig.of("conv", seconds=6.0)
    assert (settings.epochs, settings.seconds) == (None, 6.0)


def test_falsy_choices_are_choices():
    settings = TrainConfig.of("conv", dropout=0.0, augment=False)
    assert settings.dropout == 0.0


def test_command_names_only_what_differs_from_the_defaults():
    assert TrainConfig.of("dense").command() == "python -m classifier train --network dense"
    assert TrainConfig.of("conv").command() == "python -m classifier train --network conv"
    command = TrainConfig.of("conv", epochs=5, augment=True, train_size=100).command()
    assert shlex.split(command)[4:] == (
        ["--network", "conv", "--train-size", "100", "--epochs", "5", "--augment"]
    )


@pytest.mark.parametrize("batch", [None, 512])
def test_command_repeats_the_batches_of_few_images(batch):
    settings = TrainConfig.of("dense", train_size=1000, batch_size=batch)
    command = shlex.split(settings.command())
    assert ("--batch-size" in command) == (batch is not None)
    assert "--train-size" in command


def test_command_quotes_paths_for_the_shell():
    words = shlex.split(TrainConfig.of("dense", drawings="my drawings/it's.npz").command())
    assert words[-2:] == ["--drawings", "my drawings/it's.npz"]


def test_the_command_of_the_articles_settings_names_them():
    command = TrainConfig(network="dense").command()
    assert command.endswith(
        "--batch-size 128 --optimizer rmsprop --learning-rate 0.001 --schedule constant"
    )


def test_bad_model_name_is_refused_before_a_run_begins():
    with pytest.raises(ValueError, match=r"'\.\./up' cannot name a model"):
        TrainConfig(name="../up")


def test_environment_names_the_folder_for_everything_written(home):
    assert config.home() == home
    assert config.models_folder() == home / "models"
    assert config.runs_folder() == home / "runs"
    assert not config.models_folder().exists(), "asking creates nothing"


def test_without_environment_the_folder_is_hidden_in_the_project(monkeypatch):
    monkeypatch.delenv("DIGIT_CLASSIFIER_HOME", raising=False)
    assert config.home().parent == config.PROJECT == Path(__file__).parent.parent
    assert config.home().name.startswith(".")


def test_every_default_is_a_setting_of_a_known_network():
    assert set(DEFAULTS) <= {*NETWORKS, *config.JUDGES}
    for network in DEFAULTS:
        assert TrainConfig.of(network).network == network


@pytest.mark.parametrize("network", NETWORKS)
def test_going_on_has_standards_of_its_own_for_each_network(network):
    settings = TrainConfig.fine_tuning("mine", {"network": network}, "mnist", "x.npz")
    assert settings.to_dict().items() >= FINE_TUNING[network].items()
    assert settings.command() == "python -m classifier train --from mine --drawings x.npz"
    timed = TrainConfig.fine_tuning("mine", {"network": network}, "mnist", "x.npz", seconds=3)
    assert (timed.epochs, timed.seconds) == (None, 3)
    named = TrainConfig.fine_tuning("mine", {}, "mnist", "x.npz", network=network)
    assert named == settings


@pytest.mark.parametrize("network", [*config.JUDGES, "nonsense"])
def test_what_cannot_be_gone_on_from_is_told(network):
    why = "network that reads digits" if network in config.JUDGES else network
    with pytest.raises(ValueError, match=why):
        TrainConfig.fine_tuning("mine", {"network": network}, "mnist", "x.npz")


@pytest.mark.parametrize(("field", "value"), [("styles", -0.1), ("styles", 0.95), ("styles", True),
                                              ("drawings_share", 0), ("drawings_share", 1.0),
                                              ("drawings_share", float("nan"))])  # fmt: skip
def test_a_share_out_of_range_is_named(field, value):
    with pytest.raises(ValueError, match=f"{field} is"):
        TrainConfig(**{field: value})


def test_shares_may_not_leave_too_little_of_the_data():
    with pytest.raises(ValueError, match=r"together they may be at most 0\.9"):
        TrainConfig(drawings="mine.npz", drawings_share=0.5, styles=0.5)


@pytest.mark.parametrize(
    ("size", "batch"), [(None, 512), (60_000, 512), (30_000, 256), (10_000, 64), (100, 32)]
)
def test_few_images_come_in_smaller_batches_unless_a_size_is_chosen(size, batch):
    assert TrainConfig.of("dense", train_size=size).batch_size == batch
    assert TrainConfig.of("dense", train_size=size, batch_size=300).batch_size == 300
    assert TrainConfig.of(DETECTOR).batch_size == 128


@pytest.mark.parametrize("chosen", [{"hidden_units": 8}, {"activation": "linear"}])
def test_only_networks_with_a_hidden_dense_layer_take_another(chosen):
    for network in NETWORKS:
        if network in HIDDEN_UNITS:
            TrainConfig(network=network, **chosen)
        else:
            with pytest.raises(ValueError, match="only dense and conv"):
                TrainConfig(network=network, **chosen)


def test_the_networks_own_number_of_units_may_be_said_or_not():
    assert TrainConfig(hidden_units=512) == TrainConfig()
    assert TrainConfig(network="conv", hidden_units=512).hidden_units == 512


@pytest.mark.parametrize(
    "mixed", [{"styles": 0.1}, {"drawings": "some.npz"}, {"network": DETECTOR}]
)
def test_labels_are_not_shuffled_where_other_digits_are_mixed_in(mixed):
    with pytest.raises(ValueError, match=r"shuffle_labels is on.*take styles 0"):
        TrainConfig(shuffle_labels=True, **mixed)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_command_repeats_an_experiment(network):
    chosen = {"hidden_units": 8, "activation": "linear", "shuffle_labels": True, "styles": 0.0}
    words = shlex.split(TrainConfig.of(network, **chosen).command())
    ours = ["--hidden-units", "8", "--activation", "linear", "--shuffle-labels"]
    assert words[words.index("--hidden-units") :] == ours


@pytest.mark.parametrize("meta", sorted(config.SHIPPED_MODELS.glob("*/meta.json")), ids=str)
def test_settings_saved_before_there_were_so_many_are_still_read(meta):
    saved = json.loads(meta.read_text(encoding="utf-8"))
    settings = TrainConfig(**saved["config"])
    assert settings.to_dict().items() >= saved["config"].items()


@pytest.mark.parametrize(
    "other",
    [
        {"drawings": None},
        {"base": "mine"},
        {"styles": 0.1},
        {"train_size": 100},
        {"network": DETECTOR},
    ],
)
def test_drawings_alone_go_with_nothing_else_to_learn_from(other):
    chosen = {"drawings": "class.npz", "drawings_alone": True}
    assert "--drawings-alone" in TrainConfig(**chosen).command()
    with pytest.raises(ValueError, match="drawings_alone is True"):
        TrainConfig(**chosen | other)
