"""Events of a run: each is one line of JSON and comes back as it was."""

from __future__ import annotations

import json
import math

import pytest

from classifier import events
from classifier.events import EpochEnded, Failed, Finished, History, Progress, Started

STARTED = Started(config={"network": "dense", "epochs": 2, "name": None}, time=1.5)
PROGRESS = Progress(stage="training", epoch=1, epochs=2, images_seen=640, loss=0.5, accuracy=0.0)
EPOCH = EpochEnded(epoch=1, loss=0.5, accuracy=0.8, val_loss=0.6, val_accuracy=0.75, seconds=1.25)
FINISHED = Finished(
    model="mine",
    test_accuracy=0.97,
    train_accuracy=0.99,
    gap=0.02,
    seconds=3.0,
    stages={"data": 0.1, "training": 3.0},
    confusion=[[0] * 10 for _ in range(10)],
    data="MNIST",
    train_images=110,
    test_images=40,
    stopped=True,
    source="mnist",
)
FAILED = Failed(error="There is no file “a b”.\nReally.")
NAMED = {
    "started": STARTED,
    "progress": PROGRESS,
    "epoch": EPOCH,
    "finished": FINISHED,
    "failed": FAILED,
}


@pytest.mark.parametrize(("name", "event"), NAMED.items())
def test_event_is_one_line_that_names_it_and_comes_back(name, event):
    line = events.to_json(event)
    assert "\n" not in line
    assert json.loads(line)["event"] == name
    assert events.from_json(line) == event
    assert events.from_json(line + "\n") == event


def test_every_kind_of_event_is_covered_here():
    assert {type(event) for event in NAMED.values()} == set(events.Event.__args__)


def test_absent_values_are_left_out_and_zero_is_not_absent():
    assert json.loads(events.to_json(Progress(stage="data", fraction=0.0))) == {
        "event": "progress",
        "stage": "data",
        "note": "",
        "fraction": 0.0,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_null_in_strict_json(value):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    line = events.to_json(Progress(stage="training", loss=value))
    assert json.loads(line, parse_constant=refuse)["loss"] is None
    assert events.from_json(line).loss is None


def test_every_stage_has_words():
    assert all(words and words[0].isupper() for words in events.STAGES.values())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Traceback (most recent call last):",
        '{"event": "prog',
        "[]",
        "null",
        "5",
        "{}",
        '{"event": "unknown"}',
        '{"event": ["progress"]}',
        '{"event": "progress"}',
        '{"event": "failed", "error": "x", "more": 1}',
    ],
)
def test_a_line_that_is_no_event_is_refused_and_shown(line):
    with pytest.raises(ValueError, match="not an event") as refusal:
        events.from_json(line)
    assert repr(line) in str(refusal.value)


def test_a_long_line_that_is_no_event_is_shown_in_part():
    with pytest.raises(ValueError) as refusal:
        events.from_json("x" * 10_000)
    assert len(str(refusal.value)) < 200


def test_history_keeps_all_epochs_and_the_last_of_the_rest():
    history = History()
    second = EpochEnded(epoch=2, loss=0.4, accuracy=0.9, val_loss=0.5, val_accuracy=0.8, seconds=1)
    later = Progress(stage="testing")
    for event in (STARTED, PROGRESS, EPOCH, second, later):
        history.add(event)
    assert history.started is STARTED
    assert history.progress is later
    assert history.epochs == [EPOCH, second]
    assert history.end is None
    history.add(FINISHED)
    assert history.end is FINISHED


def test_history_ends_with_a_failure_too():
    history = History()
    history.add(FAILED)
    assert history.end is FAILED


def test_histories_do_not_share_epochs():
    History().add(EPOCH)
    assert History().epochs == []
