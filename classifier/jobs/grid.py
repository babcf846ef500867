"""Which runs a sweep has, and what they show: the mean and the spread of the test accuracy over
seeds.

Knows no setting by name but the seed, and nothing of how runs are carried out.
"""

import dataclasses
import itertools
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.config import SETTINGS, TrainConfig

Value = str | int | float | bool
Values = Mapping[str, Value]  # of settings, by their names

SEED = "seed"
MOST_RUNS = 1_000  # of one sweep, whoever asks
_MOST_COMBINATIONS = 10**9  # from which some are chosen at random
_TRUTHS = {"yes": True, "no": False, "on": True, "off": False, "true": True, "false": False}


@dataclass(frozen=True)
class Row:
    """One setting and what its runs came to.

    values: of the settings that the sweep varies, but for the seed
    accuracies: on the test images, 0–1, by seed, of the runs that have finished
    """

    values: Values
    accuracies: Mapping[int, float]

    @property
    def mean(self) -> float | None:
        """The mean accuracy, 0–1; None without any run."""
        return statistics.fmean(self.accuracies.values()) if self.accuracies else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds, 0–1; None with fewer than two."""
        return statistics.stdev(self.accuracies.values()) if len(self.accuracies) > 1 else None


def values_of(field: str, text: str) -> list[Value]:
    """A setting's values out of a text that has commas between them; a text or a file's name is one
    value, whatever is in it. Raises ValueError, naming the setting and the value."""
    told = SETTINGS.get(field)
    if told is None:
        raise ValueError(f"{field[:40]} is no setting: choose one of {', '.join(SETTINGS)}.")
    if told.kind == "str" and not told.choices:
        return [text]
    found: list[Value] = []
    for word in text.split(","):
        word = word.strip()
        if not word:
            raise ValueError(f"{field} is {text[:40]!r}: give one value after each comma.")
        value: Value = word
        try:
            if told.kind == "bool":
                value = _TRUTHS[word.lower()]
            elif told.kind != "str":
                value = int(word) if told.kind == "int" else float(word)
        except (KeyError, ValueError):
            value = word[:40]  # the check names it, and what it must be
        told.check(value)
        found.append(value)
    _check_list(field, found)
    return found


def combinations(
    lists: Mapping[str, Sequence[Value]], chosen: int | None = None
) -> list[dict[str, Value]]:
    """The settings of each run: every combination of the values, with the first seed, then with the
    next. So a sweep that ends early has seen all of them, or as many as it could.

    chosen: so many combinations, the same at each call, each with every seed, in place of all
    Raises ValueError if a list is empty or has a value twice, or there would be too many runs.
    """
    for field, values in lists.items():
        _check_list(field, values)
    seeds = lists.get(SEED, [0])
    others = {field: values for field, values in lists.items() if field != SEED}
    total = math.prod(map(len, others.values()))
    if total > _MOST_COMBINATIONS:
        raise ValueError(f"There are more than {_MOST_COMBINATIONS:,} combinations: give fewer.")
    if chosen is not None and not 1 <= chosen <= total:
        raise ValueError(f"{chosen} combinations cannot be chosen: choose from 1 to {total:,}.")
    runs = (total if chosen is None else chosen) * len(seeds)
    if runs > MOST_RUNS:
        raise ValueError(f"That is {runs:,} runs: at most {MOST_RUNS:,} make a sweep.")
    places: Sequence[int] = range(total)
    if chosen is not None:
        places = sorted(random.Random(0).sample(places, chosen))
    return [{**_combination(others, n), SEED: seed} for seed, n in itertools.product(seeds, places)]


def _combination(lists: Mapping[str, Sequence[Value]], number: int) -> dict[str, Value]:
    """The one of this number, the last list changing first."""
    found: dict[str, Value] = {}
    for field, values in reversed(list(lists.items())):
        number, place = divmod(number, len(values))
        found[field] = values[place]
    return dict(reversed(list(found.items())))


def _check_list(field: str, values: Sequence[Value]) -> None:
    if not values:
        raise ValueError(f"{field} has no value: give one at least.")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{field} has {text_of(value)} twice.")


def titled(config: TrainConfig, values: Values, what: str = "") -> TrainConfig:
    """The same run with a title that tells it from the sweep's others, if that is short enough.

    what: stands before the seed in place of the other values
    """
    words = f"{what}, seed {values[SEED]}" if what else in_words(values)
    try:
        return dataclasses.replace(config, title=words)
    except ValueError:
        return config


def in_words(values: Values) -> str:
    """Settings as the reader meets them: "learning rate 0.003, seed 2"."""
    return ", ".join(f"{label_of(field)} {text_of(value)}" for field, value in values.items())


def label_of(field: str) -> str:
    """What a setting is called within a sentence."""
    return SETTINGS[field].label.lower()


def text_of(value: Value) -> str:
    """One value of a setting, for the reader."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def rows(runs: Sequence[tuple[Values, float | None]]) -> list[Row]:
    """What the runs of each setting came to, in the order of the runs.

    runs: the values of each, with its seed, and its test accuracy, 0–1, or None
    """
    found: dict[tuple[tuple[str, Value], ...], dict[int, float]] = {}
    for values, accuracy in runs:
        key = tuple((field, value) for field, value in values.items() if field != SEED)
        accuracies = found.setdefault(key, {})
        if accuracy is not None:
            accuracies[int(values[SEED])] = accuracy
    return [Row(dict(key), accuracies) for key, accuracies in found.items()]
