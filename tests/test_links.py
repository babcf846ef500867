"""Links to the training form: what they name comes back, and nothing else does."""

from urllib.parse import parse_qsl

import pytest

from classifier import links
from classifier.config import NETWORKS, SETTINGS, TrainConfig


def parsed(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.removeprefix("?"), strict_parsing=True))


def asked(config: TrainConfig) -> dict[str, object]:
    """What the form asks for that has these settings."""
    values = {name: getattr(config, name) for name in links.ALLOWED}
    for name, told in links.ALLOWED.items():
        if told.networks and values[name] is None:
            values[name] = told.networks.get(config.network)
    return values


@pytest.mark.parametrize(
    "config",
    [
        *(TrainConfig.of(network) for network in NETWORKS),
        TrainConfig(),
        TrainConfig.of("dense", data="generated", seed=2**31 - 1, train_size=100, epochs=50),
        TrainConfig.of("conv", seconds=0.5, hidden_units=9, activation="linear", augment=True),
        TrainConfig.of("deep", augment=False, styles=0.0, learning_rate=1e-9),
        TrainConfig(shuffle_labels=True, optimizer="sgd", batch_size=60_000, dropout=0.95),
    ],
    ids=str,
)
def test_a_link_leads_back_to_the_settings_that_it_was_made_from(config):
    link = links.address(asked(config))
    assert links.read(parsed(link)) == (config, [])
    assert len(link) < 400


def test_a_link_names_each_setting_so_that_other_standards_change_nothing():
    named = parsed(links.address(asked(TrainConfig.of("dense"))))
    unsaid = {"seconds", "train_size"}  # None
    assert named.keys() == links.ALLOWED.keys() - unsaid


def test_a_link_names_neither_files_nor_names():
    assert not {"drawings", "mnist", "base", "name", "title"} & links.ALLOWED.keys()
    wild = {"mnist": "/etc/passwd", "drawings": "x.npz", "name": "mine", "base": "shipped-dense"}
    assert links.read(wild) == (TrainConfig.of("dense"), [])
    assert not links.is_one(wild)


def test_what_a_form_is_being_filled_with_may_be_nonsense_and_is_no_other_parameter():
    link = links.address({"network": "dense", "learning_rate": "a&seed=5)<b>"})
    assert not set("()<>") & set(link)
    _, problems = links.read(parsed(link))
    assert problems == ["Learning rate: it must be a number above 0 to 100."]


STRANGE = ["", "nan", "-1", "1e999", "9" * 5000, "abc", "<b>", "\x00", "\ud800", "0x10", "1,5"]


@pytest.mark.parametrize("name", [name for name in links.ALLOWED if name != "network"])
@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text)[:20])
def test_a_value_out_of_range_is_told_and_the_rest_goes_on(name, text):
    config, problems = links.read({"network": "conv", name: text, "seed": "3"} | {name: text})
    standard = TrainConfig.of("conv", seed=None if name == "seed" else 3)
    assert config == standard
    assert len(problems) == 1
    assert problems[0].startswith(f"{SETTINGS[name].label}: it must be ")
    assert text not in problems[0] or not text or text in "1"


@pytest.mark.parametrize("network", ["", "transformer", "detector", "Dense", "x" * 10_000])
def test_a_network_that_is_not_there_is_told(network):
    config, problems = links.read({"network": network, "epochs": "7"})
    assert config == TrainConfig.of("dense", epochs=7)
    assert problems == ["Network: choose one of dense, conv, deep."]


@pytest.mark.parametrize(
    ("named", "expected", "label"),
    [
        ({"epochs": "3", "seconds": "9"}, {"epochs": 3}, "Seconds"),
        ({"network": "deep", "hidden_units": "8"}, {"network": "deep"}, "Hidden units"),
        ({"styles": "0.5", "shuffle_labels": "true"}, {"styles": 0.5}, "Shuffle the labels"),
    ],
)
def test_settings_that_do_not_go_together_are_told(named, expected, label):
    config, problems = links.read(named)
    assert config == TrainConfig.of(expected.pop("network", "dense"), **expected)
    assert problems == [f"{label}: it does not go with the other settings."]
