"""A network that goes on from another learns new hands, is judged by drawings it has not seen, and
never by those that it has."""

import os
import re

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.data.drawn import to_network_inputs
from classifier.events import Finished, Progress
from classifier.ink import drawings
from classifier.learning import training
from classifier.rights import OPERATOR
from classifier.serving import store
from classifier.serving.meta import Base
from classifier.serving.predict import Predictor
from classifier.synthetic import handwriting

REAL_DRAWINGS = os.environ.get("DRAWN_NPZ")


@pytest.fixture
def file(tmp_path):
    """Drawings of four writers, five of each digit."""
    drawn = handwriting.generate(200, 5)
    path = tmp_path / "ours.npz"
    writer = np.arange(200) % 4
    drawings.save(drawings.from_strokes(list(drawn), drawn.labels, writer), path)
    return path


def settings(file, tiny_mnist, base="shipped-dense", **chosen) -> TrainConfig:
    trained = store.get(base).meta.config | {"mnist": str(tiny_mnist)}
    chosen = {"train_size": 100} | chosen
    return TrainConfig.fine_tuning(base, trained, "mnist", str(file), **chosen)


def go_on(config: TrainConfig) -> tuple[store.SavedModel, list]:
    events: list = []
    return training.train(config, events.append), events


def test_it_goes_on_from_what_the_other_knows_and_is_judged_by_writers(home, file, tiny_mnist):
    saved, events = go_on(settings(file, tiny_mnist))
    assert re.fullmatch(r"dense, fine-tuned, \d\d:\d\d", saved.title)
    end = events[-1]
    assert isinstance(end, Finished)
    tuned = end.tuned
    drawn, readable = to_network_inputs(drawings.load(file))
    assert sum(tuned["n"]) + tuned["left_out"] == len(drawn)
    assert tuned["left_out"] == (~readable).sum()
    assert (tuned["by_writer"], tuned["writers"], tuned["folds"]) == (True, 4, 4)
    assert sum(tuned["before"]) > 0.7 * sum(tuned["n"])  # it knows digits already
    assert all(0 <= after <= n for after, n in zip(tuned["after"], tuned["n"], strict=True))
    assert saved.meta.base == Base("shipped-dense", store.get("shipped-dense").id)
    assert len(saved.meta.learned_from) == sum(tuned["n"])
    each = np.array(list(saved.meta.held_out.values()))
    assert set(saved.meta.held_out) == set(saved.meta.learned_from)
    assert each.sum(axis=0).tolist() == [sum(tuned["before"]), sum(tuned["after"])]
    assert saved.meta.command.startswith(
        "python -m classifier train --from shipped-dense --drawings"
    )
    fractions = [e.fraction for e in events if isinstance(e, Progress) and e.stage == "folds"]
    assert fractions == [0, 0.25, 0.5, 0.75]


def test_before_is_what_the_page_says_of_the_other(home, file, tiny_mnist):
    _, events = go_on(settings(file, tiny_mnist, seconds=0.01))
    images, readable = to_network_inputs(drawings.load(file))
    labels = drawings.load(file).labels[readable]
    answers = (
        Predictor(store.get("shipped-dense").tflite())
        .probabilities(images[readable])
        .argmax(axis=1)
    )
    wrong = abs(sum(events[-1].tuned["before"]) - int((answers == labels).sum()))
    assert wrong <= 2  # in bfloat16 a close call may fall the other way


@pytest.mark.slow
def test_a_model_that_knows_the_drawings_already_is_not_gone_on_from(home, file, tiny_mnist):
    go_on(settings(file, tiny_mnist, name="first"))
    second, events = go_on(settings(file, tiny_mnist, base="first", name="second"))
    assert second.meta.base.name == "shipped-dense"
    assert any("knows some of these" in getattr(event, "note", "") for event in events)


def test_a_model_that_was_deleted_is_told(home, file, tiny_mnist):
    go_on(settings(file, tiny_mnist, name="first"))
    config = settings(file, tiny_mnist, base="first")
    store.delete("first", OPERATOR)
    with pytest.raises(store.ModelNotFoundError, match="no model named 'first'"):
        go_on(config)


def test_a_model_is_gone_on_from_whatever_it_is_called_by_then(home, file, tiny_mnist):
    first, _ = go_on(settings(file, tiny_mnist, name="first"))
    asked = settings(file, tiny_mnist, base="first", drawings_share=0.2)
    store.rename("first", "second", OPERATOR)
    go_on(settings(file, tiny_mnist, name="first"))  # which is another
    saved = training.train(asked, lambda event: None, base_id=first.id)
    assert saved.meta.base == Base(
        "shipped-dense", store.get("shipped-dense").id
    )  # of `second`, which knows these drawings
    store.delete("second", OPERATOR)
    with pytest.raises(ValueError, match="first, from which to go on, was deleted"):
        training.train(asked, lambda event: None, base_id=first.id)


def test_a_model_of_another_shape_is_told(home, file, tiny_mnist):
    config = settings(file, tiny_mnist, hidden_units=32)
    with pytest.raises(ValueError, match="dense cannot be gone on from"):
        go_on(config)


def right(model: store.SavedModel, drawn: drawings.Drawings) -> np.ndarray:
    images, _ = to_network_inputs(drawn)
    answers = Predictor(model.tflite()).probabilities(images).argmax(axis=1)
    return answers == drawn.labels


@pytest.mark.slow
@pytest.mark.skipif(not REAL_DRAWINGS, reason="DRAWN_NPZ names no file of drawings")
def test_a_writers_other_drawings_are_read_better_and_hardly_a_test_image_worse(
    home, tmp_path, real_mnist
):
    """By the standard settings, with five of each digit by somebody whom `dense` reads badly."""
    everything, base = drawings.load(REAL_DRAWINGS), store.get("shipped-dense")
    people = (everything.select(np.flatnonzero(everything.writer == one))
              for one in np.unique(everything.writer))  # fmt: skip
    theirs = next(drawn for drawn in people if right(base, drawn).mean() < 0.88)
    some = np.concatenate([np.flatnonzero(theirs.labels == d)[:5] for d in range(10)])
    drawings.save(theirs.select(np.sort(some)), tmp_path / "theirs.npz")
    others = theirs.select(np.setdiff1d(np.arange(len(theirs.labels)), some))
    saved, events = go_on(settings(tmp_path / "theirs.npz", real_mnist, train_size=None))
    before, after = (right(model, others).mean() for model in (base, saved))
    assert after - before > (1 - before) / 2
    tuned = events[-1].tuned
    assert tuned["test_after"] > tuned["test_before"] - 0.004
    assert sum(tuned["after"]) > sum(tuned["before"])


@pytest.mark.parametrize("count", [2, 7])
def test_few_drawings_of_one_digit_are_enough(home, tmp_path, tiny_mnist, count):
    strokes = handwriting.sample_digit(3)
    moved = [[stroke + 0.01 * k for stroke in strokes] for k in range(count)]
    drawings.save(drawings.from_strokes(moved, np.full(count, 3)), tmp_path / "threes.npz")
    _, events = go_on(settings(tmp_path / "threes.npz", tiny_mnist))
    assert events[-1].tuned["n"] == [0, 0, 0, count, 0, 0, 0, 0, 0, 0]
    assert events[-1].tuned["folds"] == min(count, 5)


def test_one_writer_is_judged_drawing_by_drawing(home, tmp_path, tiny_mnist):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    drawn = drawings.from_strokes(digits * 2, np.arange(20) % 10, np.full(20, 7))
    drawings.save(drawn, tmp_path / "mine.npz")
    _, events = go_on(settings(tmp_path / "mine.npz", tiny_mnist))
    tuned = events[-1].tuned
    assert (tuned["by_writer"], tuned["writers"], tuned["folds"]) == (False, 1, 5)
    assert tuned["n"] == [2] * 10


def test_one_drawing_is_too_few(home, tmp_path, tiny_mnist):
    one = drawings.from_strokes([handwriting.sample_digit(3)], np.array([3]))
    drawings.save(one, tmp_path / "one.npz")
    with pytest.raises(ValueError, match="at least 2 are needed"):
        go_on(settings(tmp_path / "one.npz", tiny_mnist))


@pytest.mark.parametrize(
    "changed", [{"drawings": None}, {"network": "detector"}, {"shuffle_labels": True}]
)
def test_settings_that_make_no_sense_are_refused(changed):
    fields = {"base": "dense", "drawings": "x.npz"} | changed
    with pytest.raises(ValueError):
        TrainConfig(**fields)


def test_the_command_repeats_the_settings():
    config = TrainConfig.fine_tuning("dense", {"network": "dense"}, "mnist", "x.npz", seed=3)
    assert config.command() == "python -m classifier train --from dense --drawings x.npz --seed 3"


def test_from_drawings_alone_it_learns_nothing_else_and_is_tested_on_the_data(
    home, file, tiny_mnist
):
    chosen = {"mnist": str(tiny_mnist), "drawings": str(file), "drawings_alone": True}
    config = TrainConfig.of("dense", epochs=2, batch_size=16, name="alone", **chosen)
    saved, events = go_on(config)
    _, readable = to_network_inputs(drawings.load(file))
    end = events[-1]
    assert (end.train_images, end.test_images) == (readable.sum(), 40)
    assert end.data.startswith(f"drawings of ours.npz ({readable.sum()} by 4 people) alone")
    assert end.train_accuracy > 0.5
    assert len(saved.meta.learned_from) == len({*saved.meta.learned_from}) > 100
    with pytest.raises(ValueError, match="alone has learned from these drawings already"):
        go_on(settings(file, tiny_mnist, base="alone"))
