"""Training: what is told and when, that it repeats, ends in time, and never looks at the test."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from classifier.config import KINDS, TrainConfig
from classifier.events import (
    STAGES,
    EpochEnded,
    Event,
    Finished,
    Progress,
    Started,
    from_json,
    to_json,
)
from classifier.ink import drawings
from classifier.learning import networks, trainer, training
from classifier.serving import folders, predict, saving, snapshots, store
from classifier.synthetic import handwriting
from tests.learning import linear

TRAINED_ON = 110  # of the 120 images of `tiny_mnist`; the others are for validation


@dataclass
class Run:
    """What one call of `train` said, and the weights that it saved."""

    events: list[Event]
    weights: list[np.ndarray]

    @property
    def finished(self) -> Finished:
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    @property
    def epochs(self) -> list[EpochEnded]:
        return [e for e in self.events if isinstance(e, EpochEnded)]

    def progress(self, stage: str) -> list[Progress]:
        return [e for e in self.events if isinstance(e, Progress) and e.stage == stage]

    def results(self) -> tuple:
        """All figures but times."""
        last = self.finished
        epochs = [(e.loss, e.accuracy, e.val_loss, e.val_accuracy) for e in self.epochs]
        return epochs, last.train_accuracy, last.test_accuracy, last.confusion


def _train_without_saving(config: TrainConfig, stop: threading.Event | None = None) -> Run:
    """Train for real, but leave out the export, which `test_store` covers and which takes long."""
    kept = []

    def save(name: str, model, meta: dict) -> SimpleNamespace:
        kept.append(model.network.get_weights())
        assert meta["history"], "the curves belong to the model"
        return SimpleNamespace(name=name, id="")

    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "save", save)
        training.train(config, events.append, stop)
    return Run(events, kept[0])


@pytest.fixture
def mock_network(monkeypatch) -> None:
    """In place of `conv`, which is trained without XLA, a network of one layer."""
    monkeypatch.setitem(networks.BUILDERS, "conv", linear)


@pytest.fixture
def settings(home, tiny_mnist) -> Callable[..., TrainConfig]:
    """Makes a config that trains `conv` on the tiny MNIST, with what a test changes in it."""

    def make(**changed) -> TrainConfig:
        return TrainConfig(
            **{"network": "conv", "data": "mnist", "mnist": str(tiny_mnist)} | changed
        )

    return make


@pytest.fixture(scope="module")
def module_data(tmp_path_factory, tiny_arrays) -> Path:
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    np.savez(path, **tiny_arrays)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory, module_data) -> Run:
    """One epoch of the mock network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path_factory.mktemp("plain")))
        patch.setitem(networks.BUILDERS, "conv", linear)
        return _train_without_saving(
            TrainConfig(network="conv", data="mnist", mnist=str(module_data), epochs=1)
        )


def _article(file: Path, **changed) -> TrainConfig:
    fields = {"network": "dense", "data": "mnist", "mnist": str(file), "epochs": 2, "batch_size": 2}
    return TrainConfig(**fields | changed)


@pytest.fixture(scope="module")
def article(tmp_path_factory, module_data) -> tuple[Run, store.SavedModel]:
    """Two epochs of the article's network, told of as often as there is anything to tell, saved."""
    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(trainer, "_TELL_EVERY", 0.0)
        saved = training.train(_article(module_data, name="article"), events.append)
    import keras

    weights = keras.models.load_model(saved.folder / "model.keras").get_weights()
    return Run(events, weights), saved


def test_a_run_starts_with_its_config_and_ends_with_its_result(article, module_data):
    events = article[0].events
    assert isinstance(events[0], Started)
    assert TrainConfig(**events[0].config) == _article(module_data, name="article").told()
    assert abs(events[0].time - time.time()) < 3600
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(e, Started | Finished) for e in events) == 2


def test_stages_come_in_order(article):
    seen = [e.stage for e in article[0].events if isinstance(e, Progress)]
    in_order = [stage for stage in STAGES if stage not in ("waiting", "folds")]
    assert sorted(seen, key=list(STAGES).index) == sorted(seen, key=in_order.index)
    first_of_each = list(dict.fromkeys(seen))
    assert set(first_of_each) == set(in_order)
    assert first_of_each.index("training") < first_of_each.index("testing")
    assert first_of_each[-2:] == ["testing", "saving"]
    assert first_of_each[0] == "data"


def test_progress_is_told_within_each_epoch(article):
    told = article[0].progress("training")
    # 55 batches of 2 images, looked at every 32 batches and at the end of the epoch.
    assert [e.images_seen for e in told] == [64, 110, 174, 220]
    assert [e.epoch for e in told] == [1, 1, 2, 2]
    assert {e.epochs for e in told} == {2}
    assert [e.fraction for e in told] == pytest.approx([64 / 220, 0.5, 174 / 220, 1])
    assert all(np.isfinite(e.loss) and 0 <= e.accuracy <= 1 for e in told)


def test_progress_tells_the_speed_and_the_time_left(article):
    told = article[0].progress("training")[1:]  # the first call compiles: no measure of speed
    assert all(e.images_per_second > 0 for e in told)
    for event in told:
        expected = (2 * TRAINED_ON - event.images_seen) / event.images_per_second
        assert event.seconds_left == pytest.approx(expected)
    assert told[-1].seconds_left == 0


def test_each_epoch_ends_once_after_its_progress(article):
    run = article[0]
    assert [e.epoch for e in run.epochs] == [1, 2]
    kinds = [e for e in run.events if isinstance(e, EpochEnded) or getattr(e, "epoch", None)]
    assert [e.epoch for e in kinds] == sorted(e.epoch for e in kinds)
    for number in (1, 2):
        of_epoch = [e for e in kinds if e.epoch == number]
        assert isinstance(of_epoch[-1], EpochEnded)
        assert of_epoch[-1].accuracy == pytest.approx(of_epoch[-2].accuracy)
    assert run.epochs[1].loss < run.epochs[0].loss


def test_the_result_adds_up(article):
    last = article[0].finished
    confusion = np.array(last.confusion)
    assert confusion.shape == (10, 10)
    assert confusion.sum() == last.test_images == 40
    assert confusion.sum(axis=1).tolist() == [4] * 10
    assert last.test_accuracy == pytest.approx(np.trace(confusion) / 40)
    assert last.gap == pytest.approx(last.train_accuracy - last.test_accuracy)
    assert last.train_images == TRAINED_ON
    assert last.test_accuracy > 0.5, "five times as good as guessing"
    assert not last.stopped
    assert (last.data, last.source) == ("MNIST", "mnist")


def test_the_result_says_how_long_each_stage_took(article):
    last = article[0].finished
    assert set(last.stages) == set(STAGES) - {"waiting", "folds"}
    assert all(seconds >= 0 for seconds in last.stages.values())
    assert last.seconds == last.stages["training"] > 0


def test_the_saved_model_carries_the_run(article, module_data):
    run, saved = article
    assert saved.name == run.finished.model == "article"
    assert TrainConfig(**saved.meta.config) == _article(module_data, name="article")
    assert saved.test_accuracy == run.finished.test_accuracy
    assert saved.meta.saved["metrics"]["confusion"] == run.finished.confusion
    assert saved.meta.data.source == "mnist"
    assert len(saved.meta.data.fingerprint) == 64
    assert "--network dense" in saved.meta.command


def test_every_event_survives_its_line_of_json(article):
    heard = [from_json(to_json(event)) for event in article[0].events]
    assert heard == article[0].events
    assert heard[-1] == article[0].finished
    assert sum(isinstance(event, EpochEnded) for event in heard) == 2


def test_other_test_labels_change_nothing_but_the_test(article, tiny_arrays, home):
    """The test set is used once, at the end: neither training nor validation sees it."""
    file = home / "other-test.npz"
    others = (tiny_arrays["y_test"] + 1) % 10
    np.savez(file, **tiny_arrays | {"y_test": others, "x_test": tiny_arrays["x_test"][:, ::-1]})
    first, second = article[0], _train_without_saving(_article(file))
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.results()[:2] == second.results()[:2]
    assert second.finished.test_accuracy < first.finished.test_accuracy


def test_the_same_seed_and_config_give_the_same_result(home, module_data, monkeypatch):
    """With everything that is random: shuffling, dropout, augmentation, mixed-in drawings. In a
    process that had got ready for any run, too."""
    drawn = home / "drawn.npz"
    drawings.save(handwriting.generate(20, seed=5), drawn)
    config = TrainConfig(
        network="conv",
        data="mnist",
        mnist=str(module_data),
        drawings=str(drawn),
        train_size=100,
        epochs=2,
        batch_size=16,
        optimizer="adam",
        learning_rate=0.003,
        schedule="one-cycle",
        dropout=0.25,
        augment=True,
        seed=7,
    )
    first = _train_without_saving(config)
    monkeypatch.setattr(training, "_loading", None)
    training.load_keras(and_more=True)
    second = _train_without_saving(config)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.results() == second.results()


@pytest.mark.usefixtures("mock_network")
@pytest.mark.parametrize("change", [{"seed": 1}, {"augment": True}])
def test_another_seed_or_augmentation_gives_another_result(settings, change, plain):
    other = _train_without_saving(settings(**change, epochs=1))
    assert not np.array_equal(plain.weights[0], other.weights[0])
    assert plain.results() != other.results()
    assert plain.finished.train_images == other.finished.train_images


@pytest.mark.usefixtures("mock_network")
def test_drawings_are_mixed_in_and_told_of(settings, home):
    digits = [handwriting.sample_digit(digit) for digit in range(10)]
    drawings.save(drawings.from_strokes(digits * 2, np.arange(20) % 10), home / "mine.npz")
    run = _train_without_saving(settings(epochs=1, drawings=str(home / "mine.npz")))
    assert run.finished.train_images == 110, "its own images"
    assert run.finished.data == "MNIST, with 20% drawings of mine.npz (18)"
    assert run.finished.test_images == 40, "drawings are never tested on"
    assert 0 <= run.finished.drawings_accuracy <= 1


@pytest.mark.usefixtures("mock_network")
@pytest.mark.parametrize("writers", [None, np.repeat(np.arange(5), 4)])
def test_huge_drawings_of_one_digit_with_dots_leave_all_figures_numbers(settings, home, writers):
    huge, dot = [stroke * 1e6 for stroke in handwriting.sample_digit(7)], [np.zeros((1, 2))]
    drawn = drawings.from_strokes([[*huge, *dot]] * 20, np.full(20, 7), writers)
    drawings.save(drawn, home / "sevens.npz")
    run = _train_without_saving(
        settings(epochs=1, drawings=str(home / "sevens.npz"), drawings_share=0.9)
    )
    figures = [run.finished.drawings_accuracy, run.finished.test_accuracy, run.epochs[0].loss]
    assert np.isfinite(figures).all()
    assert all(np.isfinite(weights).all() for weights in run.weights)


@pytest.mark.slow
def test_a_detector_is_trained_and_says_its_threshold(settings, home):
    chosen = settings(network="detector", epochs=1, styles=0.2)
    saved = training.train(chosen, lambda event: None)
    assert 0 < saved.meta.detector.threshold < 1
    assert saved.meta.detector.false_alarms == 0.02
    detector = saved.detector()
    assert set(detector.kinds(np.zeros((2, 28, 28), np.uint8))) <= {None, *KINDS}


@pytest.mark.usefixtures("mock_network")
def test_the_train_size_limits_the_images(settings):
    run = _train_without_saving(settings(epochs=1, train_size=60))
    assert run.finished.train_images == 55
    assert run.finished.data == "60 images of MNIST"


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "sgd"])
@pytest.mark.usefixtures("mock_network")
def test_every_optimizer_learns(settings, optimizer):
    rate = 0.1 if optimizer == "sgd" else 0.01
    run = _train_without_saving(
        settings(epochs=3, batch_size=8, optimizer=optimizer, learning_rate=rate)
    )
    assert run.epochs[-1].loss < run.epochs[0].loss
    assert run.finished.test_accuracy > 0.5


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float32"])
def test_every_precision_learns(settings, monkeypatch, network, policy):
    """Whether or not this processor has it: elsewhere it is only slower."""
    monkeypatch.setattr(networks, "policy", lambda: policy)
    run = _train_without_saving(
        settings(network=network, epochs=8, batch_size=10, optimizer="adam", learning_rate=0.003)
    )
    assert run.epochs[-1].loss < run.epochs[0].loss
    assert run.finished.test_accuracy > 0.6
    assert {weights.dtype for weights in run.weights} == {np.dtype(np.float32)}


@pytest.mark.usefixtures("mock_network")
def test_a_batch_larger_than_the_data_is_the_whole_data(settings, monkeypatch):
    monkeypatch.setattr(trainer, "_TELL_EVERY", 0.0)
    run = _train_without_saving(settings(epochs=3, batch_size=60_000))
    assert [e.images_seen for e in run.progress("training")] == [110, 220, 330]
    assert run.epochs[-1].loss < run.epochs[0].loss


@pytest.mark.usefixtures("mock_network")
def test_a_clock_that_is_set_back_or_forward_changes_nothing(settings, monkeypatch):
    days = iter(np.random.default_rng(0).normal(0, 1e5, 10_000))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(days))
    run = _train_without_saving(settings(seconds=1.0))
    assert 1 <= run.finished.seconds < 1 + 8
    assert all(e.seconds >= 0 for e in run.epochs)
    assert all(0 <= e.seconds_left <= 1 for e in run.progress("training"))


@pytest.mark.usefixtures("mock_network")
def test_stopped_in_mid_run_it_keeps_what_was_learned(settings, monkeypatch):
    monkeypatch.setattr(trainer, "_TELL_EVERY", 0.0)  # so tiny epochs are over sooner than that
    stop = threading.Event()
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, Progress) and event.stage == "training" and event.epoch >= 3:
            stop.set()

    saved = training.train(settings(epochs=1000, name="stopped"), emit, stop)
    run = Run(events, [])
    assert run.finished.stopped
    assert len(run.epochs) < 100
    assert run.epochs[-1].loss < run.epochs[0].loss
    assert store.get("stopped").checksum == saved.checksum
    assert saved.meta.metrics.stopped


def test_stopped_before_it_learned_anything_it_saves_nothing(settings, home):
    stop = threading.Event()
    stop.set()
    with pytest.raises(trainer.StoppedError, match="nothing was saved"):
        training.train(settings(), lambda event: None, stop)
    assert store.list_models()[0] == [m for m in store.list_models()[0] if m.shipped]


@pytest.mark.usefixtures("mock_network")
def test_stopped_just_before_the_first_batch_it_saves_nothing(settings, monkeypatch):
    stop = threading.Event()
    split = training.split_validation

    def split_and_stop(count: int, seed: int):
        stop.set()
        return split(count, seed)

    monkeypatch.setattr(training, "split_validation", split_and_stop)
    with pytest.raises(trainer.StoppedError):
        training.train(settings(name="untrained"), lambda event: None, stop)
    with pytest.raises(store.ModelNotFoundError):
        store.get("untrained")


@pytest.mark.usefixtures("mock_network")
def test_a_budget_in_seconds_ends_the_run_in_time(settings):
    run = _train_without_saving(settings(seconds=2.0))
    assert len(run.epochs) > 1
    # An epoch here takes well under a second; the rest is for a busy machine.
    assert 2 <= run.finished.seconds < 2 + 8
    told = run.progress("training")
    assert {e.epochs for e in told} == {None}
    assert [e.seconds_left for e in told] == sorted((e.seconds_left for e in told), reverse=True)
    assert told[0].seconds_left <= 2
    assert 0.5 < told[-1].fraction <= 1
    assert not run.finished.stopped


@pytest.mark.usefixtures("mock_network")
def test_however_short_the_time_the_network_has_seen_images(settings):
    run = _train_without_saving(settings(seconds=1e-6))
    assert len(run.epochs) == 1
    assert run.progress("training")[-1].images_seen > 0


def test_a_huge_learning_rate_fails_with_the_way_out(settings):
    events: list[Event] = []
    config = settings(optimizer="sgd", learning_rate=100.0, epochs=3, batch_size=8, name="lost")
    with pytest.raises(FloatingPointError, match="learning rate of 100: try one ten times smaller"):
        training.train(config, events.append)
    assert not any(isinstance(e, Finished) for e in events)
    with pytest.raises(store.ModelNotFoundError):
        store.get("lost")


def test_weights_that_the_last_step_ruined_are_not_saved(settings, monkeypatch):
    """The epoch's loss is a number, since it was taken before the step."""
    monkeypatch.setattr(trainer, "one_cycle", lambda share: np.nan)
    with pytest.raises(FloatingPointError, match="learning rate"):
        _train_without_saving(settings(epochs=1, batch_size=TRAINED_ON, schedule="one-cycle"))


def test_a_name_that_is_taken_is_refused_before_anything_is_loaded(settings, home):
    (home / "models" / "mine").mkdir(parents=True)
    events: list[Event] = []
    with pytest.raises(folders.NameTakenError, match="'mine'"):
        training.train(settings(name="mine"), events.append)
    assert [type(e) for e in events] == [Started]


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_loaded(settings, home):
    (home / "models").write_text("a file where the folder should be")
    events: list[Event] = []
    with pytest.raises(folders.StoreError, match="DIGIT_CLASSIFIER_HOME"):
        training.train(settings(), events.append)
    assert [type(e) for e in events] == [Started]


def test_a_train_size_over_the_data_names_both_numbers(settings):
    with pytest.raises(ValueError, match=r"train_size is 121, .* 120 training images"):
        training.train(settings(train_size=121), lambda event: None)


def test_one_real_epoch_of_the_articles_network(home, real_mnist):
    run = _train_without_saving(
        TrainConfig(network="dense", data="mnist", mnist=str(real_mnist), epochs=1)
    )
    assert run.finished.test_accuracy >= 0.93
    assert run.epochs[0].val_accuracy >= 0.93
    assert run.finished.train_images == 55_000
    assert run.finished.test_images == 10_000
    assert len(run.progress("training")) >= 2


# What the page shows of it later


def test_a_network_of_pairs_is_trained_and_tells_which_two(settings, home):
    saved = training.train(settings(network="pairs", epochs=1, styles=0.2), lambda event: None)
    assert not saved.meta.reads_digits
    assert saved.detector() is None
    found = saved.pairs().probabilities(np.zeros((2, 28, 28), np.uint8))
    assert found.shape == (2, 10, 10)
    assert (found.sum(axis=(1, 2)) <= 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen",
    [
        {"network": "dense"},
        {"network": "dense", "hidden_units": 7, "activation": "linear"},
        {"network": "conv", "dropout": 0.5},
        {"network": "deep"},
    ],
    ids=str,
)
def test_the_network_after_each_epoch_can_be_asked_later(home, tiny_mnist, tiny_arrays, chosen):
    config = TrainConfig(data="mnist", mnist=str(tiny_mnist), epochs=3, **chosen)
    events: list[Event] = []
    saved = training.train(config, events.append, snapshots=home / "epochs")
    image = tiny_arrays["x_test"][0]
    epochs, rows = snapshots.Replay(home / "epochs").probabilities(image)
    assert epochs == [0, 1, 2, 3]
    last = predict.Predictor(saved.tflite()).probabilities(image[None])[0]
    np.testing.assert_allclose(rows[-1], last, atol=1e-5)
    assert np.abs(rows[0] - rows[-1]).max() > 1e-4, "it learned between them"
    assert list(saved.meta.history) == [event for event in events if isinstance(event, EpochEnded)]


def test_keeping_them_changes_nothing_and_prints_nothing(home, tiny_mnist, monkeypatch, capfd):
    monkeypatch.setattr(
        saving, "save", lambda name, model, meta: SimpleNamespace(name=name, id="", meta=meta)
    )
    config = TrainConfig.of("conv", data="mnist", mnist=str(tiny_mnist), styles=0.0, epochs=2)
    figures = []
    for folder in (None, home / "epochs"):
        saved = training.train(config, lambda event: None, snapshots=folder)
        figures.append([epoch | {"seconds": 0.0} for epoch in saved.meta["history"]])
    assert figures[0] == figures[1]
    assert capfd.readouterr().out == "", "standard output is for events"


def test_nowhere_to_keep_them_is_no_reason_to_end_a_run(settings, mock_network, tmp_path):
    (tmp_path / "file").write_text("in the way")
    saved = training.train(
        settings(epochs=1), lambda event: None, snapshots=tmp_path / "file" / "x"
    )
    assert saved.test_accuracy >= 0


# Settings to experiment with


def test_hidden_units_and_activation_are_the_networks_own(home):
    tiny = networks.build(TrainConfig(network="dense", hidden_units=8, activation="linear"))
    assert tiny.count_params() == 784 * 8 + 8 + 8 * 10 + 10
    assert tiny.get_layer("hidden").activation.__name__ == "linear"
    small = networks.build(TrainConfig(network="conv", hidden_units=9, activation="linear"))
    assert small.get_layer("hidden").units == 9
    assert small.get_layer("convolution-2").activation.__name__ == "linear"


def test_shuffled_labels_teach_nothing_that_holds_for_others(home, tiny_mnist):
    chosen = {"mnist": str(tiny_mnist), "epochs": 20, "batch_size": 32, "learning_rate": 0.003}
    told, untold = (
        _train_without_saving(
            TrainConfig(data="mnist", optimizer="adam", shuffle_labels=shuffle, **chosen)
        ).finished
        for shuffle in (False, True)
    )
    assert told.test_accuracy > 0.9
    assert untold.test_accuracy < 0.5
    assert "shuffled labels" in untold.data
