"""`sweep`: which runs it makes of its flags, what it says of them, and how it ends."""

import json
import os
import signal
import threading
import time

import pytest

from classifier.__main__ import _parser, main
from classifier.cli import sweep, train
from classifier.config import SETTINGS, TrainConfig
from classifier.events import from_json
from classifier.jobs import queue
from classifier.serving import store
from tests.jobs.quick import quick  # noqa: F401


def planned(*flags: str) -> list[TrainConfig]:
    return sweep._planned(_parser().parse_args(["sweep", *flags]))[1]


def events(said: str) -> list[dict]:
    return [json.loads(line) for line in said.splitlines()]


def test_each_flag_of_train_is_one_of_sweep_for_one_value_or_for_several():
    for field, told in SETTINGS.items():
        if field in ("base", "network", "seconds", "shuffle_labels", "title"):
            continue
        flags = {"name": "mine", "mnist": "file.npz", "drawings": "file.npz"}.get(field)
        value = flags or ("0.5" if told.kind == "float" else "20")
        value = next(iter(told.choices)) if told.choices else value
        words = [told.option] if told.kind == "bool" else [told.option, value]
        words += ["--drawings", "file.npz"] * (field == "drawings_alone")
        (config,) = planned(*words)
        of_train = vars(_parser().parse_args(["train", *words]))
        expected = train.settings_of({name: of_train[name] for name in SETTINGS})
        got = getattr(config, field)
        if field == "name":
            assert got == "mine-1"
        elif field == "drawings":
            assert got == os.path.abspath("file.npz"), "a run is carried out elsewhere"
        else:
            assert got == getattr(expected, field), field


def test_the_runs_are_all_combinations_with_the_standards_of_each_network():
    configs = planned("--network", "dense,conv", "--seed", "1,2", "--augment", "no,yes")
    assert len(configs) == 8
    assert {(c.network, c.epochs) for c in configs} == {("dense", 5), ("conv", 3)}
    assert [c.seed for c in configs] == [1] * 4 + [2] * 4
    assert configs[0].title == "network dense, vary the images no, seed 1"
    assert len({c.title for c in configs}) == 8
    some = planned("--learning-rate", "0.1,0.2,0.3", "--seed", "1,2", "--random", "2")
    assert len(some) == 4
    assert [c.name for c in planned("--seed", "1,2", "--name", "mine")] == ["mine-1", "mine-2"]
    assert not planned("--no-augment")[0].augment


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--learning-rate 0.1,,2", "learning_rate is '0.1,,2': give one value after each comma."),
        ("--learning-rate 0.1,200", "learning_rate is 200.0: it must be a number above 0 to 100."),
        ("--seed 1,1", "seed has 1 twice."),
        ("--seed=", "seed is ''"),
        ("--network dense,none", "network is 'none': choose one of dense"),
        ("--network deep --hidden-units 3,4", "hidden_units is 3: only dense and conv"),
        ("--seconds 3 --epochs 2,4", "epochs is 2 and seconds is 3.0: give one of the two."),
        ("--epochs 1,2 --random 3", "3 combinations cannot be chosen: choose from 1 to 2."),
        ("--from nothing --drawings x.npz", "There is no model named 'nothing'"),
        (f"--seed {','.join(map(str, range(1001)))}", "That is 1,001 runs: at most 1,000"),
    ],
)
def test_bad_input_is_told_in_words_and_starts_nothing(home, capsys, flags, said):
    assert main(["sweep", *flags.split()]) == 1
    assert said in capsys.readouterr().err
    assert main(["sweep", "--json", *flags.split()]) == 1
    (event,) = events(capsys.readouterr().out)
    assert said in event["error"]
    assert not (home / "runs").exists()


def test_an_unknown_setting_is_bad_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(["sweep", "--colour", "red,blue"])
    assert left.value.code == 2
    assert "--colour" in capsys.readouterr().err


def test_with_json_each_event_has_its_runs_number_and_the_last_line_the_figures(
    quick,  # noqa: F811
    capsys,
):
    assert main(["sweep", "--json", *["--learning-rate", "0.1,0.2", "--seed", "1,2"]]) == 0
    *lines, last = events(capsys.readouterr().out)
    assert {one["run"] for one in lines} == {1, 2, 3, 4}
    for number in (1, 2, 3, 4):
        mine = [one for one in lines if one["run"] == number]
        assert [one["event"] for one in mine][-1] == "finished"
        for one in mine:
            from_json(json.dumps({k: v for k, v in one.items() if k != "run"}))
    assert last["event"] == "sweep"
    first, second = last["results"]
    assert [one["settings"] for one in (first, second)] == [
        {"learning_rate": 0.1},
        {"learning_rate": 0.2},
    ]
    assert first["test_accuracies"] == pytest.approx({"1": 0.91, "2": 0.92})
    assert first["mean"] == pytest.approx(0.915)
    assert first["spread"] == pytest.approx(0.00707, abs=1e-5)


def test_a_terminal_has_a_line_for_each_run_and_a_table(quick, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["sweep", *["--batch-size", "13,64", "--seed", "1,2"]]) == 1, "a batch of 13 fails"
    said = capsys.readouterr().out
    assert "1 of 4: batch size 13, seed 1: 13 is unlucky." in said
    assert "4 of 4: batch size 64, seed 2: test accuracy 92.00%" in said
    rows = {line.split()[1]: line for line in said.splitlines() if line.startswith("│")}
    assert "–" in rows["13"]
    assert "91.50%" in rows["64"]
    assert "0.71 points" in rows["64"]


def test_an_interrupt_stops_all_and_keeps_what_is_done(quick, capsys):  # noqa: F811
    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not queue._at_work():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    before = signal.getsignal(signal.SIGINT)
    assert main(["sweep", "--json", *["--seconds", "60", "--seed", "1,2,3"]]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    *lines, last = events(capsys.readouterr().out)
    assert {one["run"] for one in lines} == {1}
    assert lines[-1]["event"] in ("finished", "failed")
    assert last == {
        "event": "sweep",
        "results": [{"settings": {}, "test_accuracies": {}, "mean": None, "spread": None}],
    }


@pytest.mark.slow
def test_networks_are_really_trained_and_saved(home, tiny_mnist, capsys):
    flags = f"--mnist {tiny_mnist} --data mnist --epochs 1 --batch-size 16 --seed 1,2 --name one"
    assert main(["sweep", "--json", *flags.split()]) == 0
    last = events(capsys.readouterr().out)[-1]
    for number, accuracy in enumerate(last["results"][0]["test_accuracies"].values(), 1):
        saved = store.get(f"one-{number}")
        assert saved.test_accuracy == accuracy
        assert saved.meta.config["seed"] == number
