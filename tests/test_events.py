"""Events of a run: each is one line of JSON and comes back as it was."""

import json
import math

import pytest

from classifier import events
from classifier.events import EpochEnded, Failed, Finished, Fit, Progress, Restarted, Started

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
    "restarted": Restarted(attempt=2),
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


# The gap


@pytest.mark.parametrize(
    ("train", "test", "images", "meaning"),
    [
        (0.0978, 0.1002, 10_000, Fit.NOTHING),  # a learning rate ten times too large
        (0.1002, 0.0978, 10_000, Fit.NOTHING),
        (0.1124, 0.1135, 10_000, Fit.NOTHING),  # whatever is drawn, it says 1
        (0.9962, 0.9813, 10_000, Fit.OVERFITTING),
        (0.9835, 0.9813, 10_000, Fit.CLOSE),  # 0.22 points, and the noise is 0.27
        (0.9845, 0.9813, 10_000, Fit.OVERFITTING),
        (0.9800, 0.9813, 10_000, Fit.CLOSE),
        (1.0, 0.68, 10_000, Fit.OVERFITTING),  # 100 images, learned by heart
        (0.99, 0.975, 40, Fit.CLOSE),  # of 40 test images one is wrong
        (0.60, 0.50, 10_000, Fit.WEAK),
        (1.0, 1.0, 10_000, Fit.CLOSE),
        (1.0, 0.0, 0, Fit.OVERFITTING),  # nothing divides by the images that there are not
    ],
)
def test_overfitting_is_named_only_where_training_went_well_and_the_gap_is_no_noise(
    train, test, images, meaning
):
    assert events.fit(train, test, images) is meaning
    assert events.gap_in_words(train, test, images).endswith(f" points: {meaning.value}")


def test_the_gap_is_in_percentage_points():
    assert events.gap(0.9962, 0.9813) == 1.49
    assert str(events.gap(0.98, 0.980001)) == "0.0"
    assert events.gap_in_words(0.9962, 0.9813, 10_000) == "a gap of 1.49 points: overfitting"


# Values that are no event's


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (PROGRESS, "fraction", 1.5),
        (PROGRESS, "fraction", True),
        (PROGRESS, "stage", "party"),
        (PROGRESS, "stage", ["training"]),
        (PROGRESS, "epoch", 1.5),
        (PROGRESS, "epoch", -1),
        (PROGRESS, "place", 10**400),
        (EPOCH, "loss", None),
        (EPOCH, "loss", math.nan),
        (EPOCH, "loss", 10**400),
        (EPOCH, "val_accuracy", 1.01),
        (FINISHED, "confusion", [["1"]]),
        (FINISHED, "stages", {"data": "long"}),
        (FINISHED, "model", 7),
        (STARTED, "config", {"network": {}}),
        (FAILED, "error", None),
        (FAILED, "error", "\ud800"),
        (STARTED, "config", {"network": "\ud800"}),
    ],
)
def test_a_field_of_the_wrong_type_or_range_is_refused(event, field, value):
    values = json.loads(events.to_json(event)) | {field: value}
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(json.dumps(values))


def test_a_line_of_a_megabyte_or_of_many_levels_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("was parsed"))
    for line in ('{"event": "failed", "error": "%s"}' % ("x" * 1_000_000), "[" * 17 + "]" * 17):
        with pytest.raises(ValueError, match="not an event"):
            events.from_json(line)
