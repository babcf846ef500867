"""A run's settings as parameters of the page's address, and back.

Knows nothing of the page. What a link names is anybody's text: it is told of, never repeated.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from classifier.config import NETWORKS, SETTINGS, TrainConfig
from classifier.settings import Setting

# Those that a link may name: no files, and no name for what is saved.
ALLOWED: dict[str, Setting] = {name: told for name, told in SETTINGS.items() if told.on_page}
_NETWORK, _FIRST = "network", "dense"
_LONGEST = 100  # characters of a value; numbers have fewer


def address(asked: Mapping[str, object]) -> str:
    """The part of an address that opens the form with these settings, each of them named, since
    another version may have other standards."""
    return "?" + urlencode(
        {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in asked.items()
            if value is not None and name in ALLOWED
        }
    )


def is_one(parameters: Mapping[str, str]) -> bool:
    """Whether an address names a setting."""
    return not ALLOWED.keys().isdisjoint(parameters)


def read(parameters: Mapping[str, str]) -> tuple[TrainConfig, list[str]]:
    """The settings that an address names, with its network's standards for the rest; and a sentence
    for each that cannot be had."""
    problems = []
    network = parameters.get(_NETWORK, _FIRST)
    if network not in NETWORKS:
        problems.append(f"Network: choose one of {', '.join(NETWORKS)}.")
        network = _FIRST
    config, chosen = TrainConfig.of(network), dict[str, object]()
    for name, told in ALLOWED.items():
        if name == _NETWORK or name not in parameters:
            continue
        value = told.parse(parameters[name][:_LONGEST])
        try:
            told.check(value)
        except ValueError:
            problems.append(f"{told.label}: it must {told.allowed}.")
            continue
        try:
            config = TrainConfig.of(network, **chosen, **{name: value})
        except ValueError:
            problems.append(f"{told.label}: it does not go with the other settings.")
        else:
            chosen[name] = value
    return config, problems
