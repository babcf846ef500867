"""What a saved model tells of itself: nothing that stands in meta.json harms its reader."""

import contextlib
import copy
import io
import json
import random
import zipfile

import pytest

from classifier import config
from classifier.config import DETECTOR, JUDGES
from classifier.events import EpochEnded
from classifier.serving import meta, saving, store
from classifier.serving.meta import Base, ModelMeta, Threshold
from tests.serving.test_store import META, FakeModel

SHIPPED = sorted(config.SHIPPED_MODELS.glob("*/meta.json"))
EPOCH = {"epoch": 1, "loss": 0.5, "accuracy": 0.9, "val_loss": 1, "val_accuracy": 0.8, "seconds": 2}
TUNED = {
    "n": [1] * 10,
    "before": [0] * 10,
    "after": [1] * 10,
    "folds": 5,
    "by_writer": False,
    "test_before": 0.9,
    "test_after": 0.91,
}
FULL = {
    "format": 1,
    "created": "2026-01-01T00:00:00+00:00",
    "id": "abc",
    "command": "python -m classifier train",
    "config": {"network": "dense", "epochs": 1},
    "metrics": {
        "test_accuracy": 0.98,
        "train_accuracy": 0.99,
        "gap": 0.01,
        "seconds": 3,
        "stopped": True,
        "confusion": [[1] * 10] * 10,
        "tuned": TUNED,
    },
    "data": {"description": "MNIST", "source": "mnist", "fingerprint": "f" * 64},
    "history": [EPOCH],
    "base": {"name": "dense", "id": ""},
    "learned_from": ["a", "b"],
    "held_out": {"a": [False, True]},
    "detector": {"threshold": 0.6, "false_alarms": 0.02},
    "layers": [["hidden", "Dense"]],
    "files": {"model.keras": "1", "model.tflite": "2"},
}


def read(values: object) -> ModelMeta:
    return ModelMeta.read(json.dumps(values).encode())


@pytest.fixture
def odd(home, monkeypatch):
    """Writes that content into a model's meta.json, and gives what `list_models` says."""
    monkeypatch.setattr(config, "SHIPPED_MODELS", home / "shipped")
    saving.save("sound", FakeModel(), META)
    file = saving.save("odd", FakeModel(), META).folder / "meta.json"

    def listed(content: bytes) -> tuple[list[str], list[str]]:
        file.write_bytes(content)
        models, problems = store.list_models()
        return [model.name for model in models], problems

    return listed


def test_all_of_it_has_types():
    found = read(FULL)
    assert found.metrics.test_accuracy == 0.98
    assert (found.metrics.seconds, found.metrics.stopped) == (3.0, True)
    assert found.metrics.digits_confusion.tolist() == [[1] * 10] * 10
    assert found.metrics.tuned.after == (1,) * 10
    assert found.data.fingerprint == "f" * 64
    assert found.history == (EpochEnded(**EPOCH),)
    assert found.base == Base("shipped-dense")
    assert found.learned_from == ("a", "b")
    assert found.held_out == {"a": (False, True)}
    assert found.detector == Threshold(0.6, 0.02)
    assert found.layers == (("hidden", "Dense"),)
    assert found.reads_digits
    assert found.saved == FULL


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_the_shipped_models_are_read(file):
    saved = json.loads(file.read_text("utf-8"))
    found = ModelMeta.read(file.read_bytes())
    assert found.metrics.test_accuracy == saved["metrics"]["test_accuracy"]
    assert found.metrics.seconds == saved["metrics"]["seconds"]
    assert found.reads_digits == (saved["config"]["network"] not in JUDGES)
    assert (found.metrics.digits_confusion is not None) == found.reads_digits
    assert (found.detector is not None) == (saved["config"]["network"] == DETECTOR)


@pytest.mark.parametrize("tuned", [{"n": [0] * 10}, {"n": [1] * 9}, {"after": []}, {"folds": "5"}])
def test_a_comparison_that_makes_no_sense_is_left_out(tuned):
    metrics = FULL["metrics"] | {"tuned": TUNED | tuned}
    assert read(FULL | {"metrics": metrics}).metrics.tuned is None


GOOD = json.dumps(FULL).encode()
DEEP = b"[" * 900 + b"]" * 900
HOSTILE = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a deep format": b'{"format":' + DEEP + b"}",
    "a deep setting": GOOD.replace(b'"epochs": 1', b'"epochs": ' + DEEP),
    "a deep figure": GOOD.replace(b'"gap": 0.01', b'"gap": ' + DEEP),
    "a huge number": GOOD.replace(b"0.98", b"9" * 10_000),
    "a huge accuracy": GOOD.replace(b"0.98", b"9" * 400),
    "a number beyond floats": GOOD.replace(b"0.98", b"1e999"),
    "not a number": GOOD.replace(b"0.98", b"NaN"),
    "half a character": GOOD.replace(b"MNIST", b"\\uD800"),
    "half a character in figures": GOOD.replace(b'"gap"', b'"\\udfff"'),
    "too long": GOOD.replace(b"MNIST", b"x" * 4_000_000),
    "no text": b"\xff\xfe\xfd",
    "nothing": b"",
    "null": b"null",
    "a number": b"1",
    "text": b'"format"',
    "no files": GOOD.replace(b', "model.tflite": "2"', b""),
    "files are numbers": GOOD.replace(b': "2"', b": 2"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_its_own_model_alone(odd, content):
    names, problems = odd(content)
    assert names == ["sound"]
    assert len(problems) == 1
    assert "odd" in problems[0]
    assert len(problems[0]) < 1000
    with pytest.raises(store.DamagedModelError):
        store.get("odd")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_changed_in_it_is_read_or_refused(odd, seed):
    """And all that a reader may look at has the type that it should have, and can be printed."""
    rng = random.Random(seed)
    wild = [None, True, -1, 0, 0.5, 10**30, 10**400, float("nan"), float("inf"), "", "text", [], {},
            [[]], [1, "x"], {"a": 1}, {"name": None}, "\ud800"]  # fmt: skip

    def places(value: object, path: tuple = ()) -> list[tuple]:
        inner = value.items() if isinstance(value, dict) else ()
        inner = enumerate(value) if isinstance(value, list) else inner
        return [path, *(place for key, part in inner for place in places(part, (*path, key)))]

    everywhere = places(FULL)[1:]
    for _ in range(300):
        values = copy.deepcopy(FULL)
        for *path, last in rng.sample(everywhere, rng.choice([1, 1, 2, 5])):
            target = values
            with contextlib.suppress(KeyError, IndexError, TypeError):  # gone by the change before
                for key in path:
                    target = target[key]
                target[last] = rng.choice(wild)
        names, problems = odd(json.dumps(values).encode())
        assert ("odd" in names) != bool(problems), values
        if "odd" in names:
            found = store.get("odd").meta
            assert isinstance(found.metrics.train_accuracy, float | None)
            assert isinstance(found.base, Base | None)
            assert all(isinstance(epoch, EpochEnded) for epoch in found.history)
            json.dumps(dict(found.saved), ensure_ascii=False).encode()


def test_convolutions_whose_names_said_what_they_look_for_are_numbered():
    former = [
        ("input", "InputLayer"),
        ("strokes", "Conv2D"),
        ("strokes-normal", "BatchNormalization"),
        ("bows", "Conv2D"),
        ("bows-relu", "ReLU"),
        ("pool", "MaxPooling2D"),
        ("digits", "Dense"),
    ]
    named = [name for name, _ in meta.plainly_named(former)]
    first, second = "convolution-1", "convolution-2"
    assert named == [
        "input", first, f"{first}-normal", second, f"{second}-relu", "pool", "digits"
    ]  # fmt: skip
    for model in ("shipped-deep", "shipped-detector"):
        layers = store.get(model).layers()
        assert not {"strokes", "corners", "bows", "parts", "shapes"} & {name for name, _ in layers}


def test_what_is_no_network_of_keras_has_no_layers():
    def archive(content: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("config.json", content)
        return buffer.getvalue()

    good = {"config": {"layers": [{"class_name": "Dense", "config": {"name": "hidden"}}]}}
    assert meta.layers_of(archive(json.dumps(good).encode())) == (("hidden", "Dense"),)
    for content in (b"", b"[" * 100_000, b"{}", b'{"config": {"layers": [1]}}', b" " * 10**7):
        assert meta.layers_of(archive(content)) == ()
    assert meta.layers_of(b"no archive") == ()
    assert meta.layers_of(archive(json.dumps(good).encode())[:-30]) == ()
