"""Which runs a sweep has, and what their accuracies come to."""

import pytest

from classifier.config import SETTINGS, TrainConfig
from classifier.jobs import grid


def test_values_are_read_as_their_setting_has_them():
    assert grid.values_of("learning_rate", "0.001, 1e-2,1") == [0.001, 0.01, 1.0]
    assert grid.values_of("seed", "1,2") == [1, 2]
    assert grid.values_of("network", "dense,conv") == ["dense", "conv"]
    assert grid.values_of("augment", "no, YES") == [False, True]
    assert grid.values_of("drawings", "one, two.npz") == ["one, two.npz"], "a file's name is one"


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("learning_rate", "0.1,,1", "learning_rate is '0.1,,1': give one value after each comma"),
        ("learning_rate", "", "learning_rate is '': give one value"),
        ("learning_rate", "0.1,200", "learning_rate is 200.0: it must be a number above 0 to 100"),
        ("learning_rate", "nan", "learning_rate is nan"),
        ("epochs", "1,2.5", "epochs is '2.5': it must be a whole number from 1 to 1000"),
        ("epochs", "9" * 5000, "epochs is '999"),
        ("seed", "1,2,1", "seed has 1 twice"),
        ("learning_rate", "0.1,1e-1", "learning_rate has 0.1 twice"),
        ("network", "dense,none", "network is 'none': choose one of dense, conv"),
        ("augment", "perhaps", "augment is 'perhaps': it must be true or false"),
        ("colour", "red", "colour is no setting: choose one of network"),
    ],
)
def test_what_is_no_list_of_values_is_refused_by_name(field, text, said):
    with pytest.raises(ValueError) as refused:
        grid.values_of(field, text)
    assert str(refused.value).startswith(said)
    assert len(str(refused.value)) < 400


def test_every_setting_takes_a_list_of_its_default():
    for field, told in SETTINGS.items():
        if told.default is not None:
            text = ("yes" if told.default else "no") if told.kind == "bool" else str(told.default)
            assert grid.values_of(field, text) == [told.default]


LISTS = {"optimizer": ["sgd", "adam"], "learning_rate": [0.1, 0.2, 0.3], "seed": [7, 8]}


def test_every_combination_comes_with_the_first_seed_then_with_the_next():
    found = grid.combinations(LISTS)
    assert [one["seed"] for one in found] == [7] * 6 + [8] * 6
    assert [(one["optimizer"], one["learning_rate"]) for one in found[:4]] == [
        ("sgd", 0.1),
        ("sgd", 0.2),
        ("sgd", 0.3),
        ("adam", 0.1),
    ]
    assert len({tuple(one.items()) for one in found}) == 12


def test_random_combinations_are_some_of_all_each_with_every_seed_and_the_same_each_time():
    some, again = (grid.combinations(LISTS, 4) for _ in range(2))
    assert some == again
    assert len(some) == 8
    assert all(one in grid.combinations(LISTS) for one in some)
    settings = [{k: v for k, v in one.items() if k != "seed"} for one in some]
    assert settings[:4] == settings[4:]
    assert grid.combinations(LISTS, 6) == grid.combinations(LISTS)


@pytest.mark.parametrize(
    ("lists", "chosen", "said"),
    [
        ({"learning_rate": []}, None, "learning_rate has no value"),
        ({"seed": []}, None, "seed has no value"),
        ({"epochs": [1, 1]}, None, "epochs has 1 twice"),
        ({"seed": range(1001)}, None, "1,001 runs: at most 1,000"),
        ({"epochs": range(1, 1001), "train_size": range(10, 20)}, None, "10,000 runs"),
        ({"epochs": range(1, 1001)} | {f"{n}": range(1000) for n in range(3)}, 5, "combinations"),
        ({"epochs": [1, 2]}, 3, "3 combinations cannot be chosen: choose from 1 to 2"),
        ({"epochs": [1, 2]}, 0, "0 combinations cannot be chosen"),
        ({"epochs": range(1, 601), "seed": [1, 2]}, 501, "1,002 runs"),
    ],
)
def test_too_much_too_little_and_the_same_twice_are_refused(lists, chosen, said):
    with pytest.raises(ValueError, match=said):
        grid.combinations(lists, chosen)


def test_each_run_has_a_title_unless_it_would_be_too_long():
    values = {"learning_rate": 0.003, "augment": True, "seed": 2}
    config = grid.titled(TrainConfig(), values)
    assert config.title == "learning rate 0.003, vary the images yes, seed 2"
    assert grid.titled(TrainConfig(), values, "Luck").title == "Luck, seed 2"
    assert grid.titled(TrainConfig(), values, "Long" * 20).title is None


def test_rows_have_the_mean_and_the_spread_of_what_has_finished():
    runs = [
        ({"epochs": 1, "seed": 1}, 0.9),
        ({"epochs": 2, "seed": 1}, 0.5),
        ({"epochs": 1, "seed": 2}, 0.8),
        ({"epochs": 2, "seed": 2}, None),
        ({"epochs": 3, "seed": 1}, None),
    ]
    first, second, third = grid.rows(runs)
    assert [row.values for row in (first, second, third)] == [{"epochs": n} for n in (1, 2, 3)]
    assert first.accuracies == {1: 0.9, 2: 0.8}
    assert first.mean == pytest.approx(0.85)
    assert first.spread == pytest.approx(0.0707107, abs=1e-6)
    assert (second.mean, second.spread) == (0.5, None)
    assert (third.mean, third.spread) == (None, None)
