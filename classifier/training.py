"""The one training path: a config in, events out, a saved model at the end.

Knows nothing of who listens. Keras is imported when training begins, not before.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from classifier import data, evaluation, networks, store
from classifier.config import DETECTOR, TrainConfig
from classifier.events import EpochEnded, Event, Finished, Progress, Started

_TELL_EVERY = 0.2  # seconds between progress events within an epoch
_STEPS_PER_CALL = {"dense": 32, "conv": 8, "deep": 8, DETECTOR: 8}  # batches between clock looks
_FALSE_ALARMS = 0.02  # share of digits that a detector may take for something else
_JUDGED = 10_000  # training images on which the final training accuracy is taken, at most


class StoppedError(RuntimeError):
    """The run was stopped before it had learned anything."""


def train(
    config: TrainConfig,
    emit: Callable[[Event], None],
    stop: threading.Event | None = None,
) -> store.SavedModel:
    """Train, test and save a network.

    emit: hears Started, then Progress and EpochEnded, at last Finished.
    stop: set it to end within a few batches; what was learned by then is tested and saved.
    Raises ValueError (data or name do not fit), DataUnavailableError, FileNotFoundError,
    StoreError, StoppedError, or FloatingPointError if the loss is no number any more.
    """
    stop = stop or threading.Event()
    clock = _Stages()
    emit(Started(config=config.to_dict(), time=time.time()))
    if config.name is not None:
        store.check_free(config.name)
    store.check_writable()

    def tell(note: str, share: float | None) -> None:
        _check_stop(stop)
        emit(Progress(stage="data", note=note, fraction=share))

    emit(Progress(stage="data"))
    # TensorFlow takes seconds to load: it begins while the data are read.
    threading.Thread(target=importlib.import_module, args=("keras",), daemon=True).start()
    with clock("data"):
        dataset = data.load(config, tell)
        if config.network == DETECTOR:
            dataset = data.with_others(dataset)
        tell(f"Data: {dataset.description}.", None)

    emit(Progress(stage="starting"))
    with clock("starting"):
        import keras

        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(precision(config.network))
        model = networks.build(config.network, config.dropout)
        keras.config.set_dtype_policy("float32")
        model.compile(
            optimizer=_optimizer(config),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=_STEPS_PER_CALL[config.network],
            # XLA gains a little in later epochs of a dense network, but compiling it delays the
            # first by a second; convolutions on a CPU it makes four times slower.
            jit_compile=False,
        )
    _check_stop(stop)

    trained, kept = data.split_validation(len(dataset.train_labels), config.seed)
    images, labels = dataset.train_images[trained], dataset.train_labels[trained]
    held_images, held_labels = dataset.train_images[kept], dataset.train_labels[kept]
    feed = data.epochs(
        images,
        labels,
        dataset.mixed,
        count=config.epochs,
        augment=config.augment,
        seed=config.seed,
    )
    size = data.epoch_size(len(labels), dataset.mixed)
    with clock("training"):
        _fit(model, config, feed, size, (held_images, held_labels), emit, stop)

    emit(Progress(stage="testing"))
    with clock("testing"):
        # The only use of the test images in the whole run.
        tested = evaluation.evaluate(_predict(model, dataset.test_images), dataset.test_labels)
        judged = evaluation.evaluate(_predict(model, images[:_JUDGED]), labels[:_JUDGED])
        drawn = [
            evaluation.evaluate(_predict(model, mixture.kept[0]), mixture.kept[1])
            for mixture in dataset.mixed
            if mixture.kept is not None
        ]

    emit(Progress(stage="saving"))
    with clock("saving"):
        result = {
            "test_accuracy": tested.accuracy,
            "train_accuracy": judged.accuracy,
            "gap": judged.accuracy - tested.accuracy,
            "confusion": tested.confusion.tolist(),
            "drawings_accuracy": drawn[0].accuracy if drawn else None,
            "train_images": len(labels),
            "test_images": tested.n,
            "stopped": stop.is_set(),
        }
        # A fresh network has neither dropout nor the optimizer's memory, which triples the file.
        final = networks.build(config.network)
        final.set_weights(model.get_weights())
        metrics = result | {
            "calibration_error": tested.calibration_error,
            "seconds": clock["training"],
        }
        meta = {
            "config": config.to_dict(),
            "command": config.command(),
            "metrics": metrics,
            "data": dataset.to_dict(),
        }
        if config.network == DETECTOR:
            meta["detector"] = _threshold(model, held_images, dataset.mixed)
        name = config.name or store.new_name(config.network, dataset.source)
        saved = store.save(name, final, meta)
    emit(
        Finished(
            model=saved.name,
            seconds=clock["training"],
            stages=clock.seconds,
            data=dataset.description,
            source=dataset.source,
            **result,
        )
    )
    return saved


class _Stages:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - begun, 3)

    def __getitem__(self, stage: str) -> float:
        return self.seconds[stage]


def _check_stop(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedError("Stopped before it had learned anything: nothing was saved.")


def _optimizer(config: TrainConfig):
    import keras

    kinds = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "sgd": keras.optimizers.SGD,
    }
    return kinds[config.optimizer](learning_rate=config.learning_rate)


def _threshold(model, held_images: np.ndarray, mixed: tuple[data.Mixture, ...]) -> dict:
    """A detector's threshold, fixed on digits that were kept back, for its meta."""
    sets = [held_images, *[mixture.kept[0] for mixture in mixed if mixture.kept is not None]]
    scores = [_predict(model, images)[:, 0] for images in sets]
    found = evaluation.threshold(scores, _FALSE_ALARMS)
    return {"threshold": found, "false_alarms": _FALSE_ALARMS}


def precision(network: str) -> str:
    """Keras' policy for a network: bfloat16 quickens convolutions where the processor has it.

    network: of `config.NETWORKS`, or the detector
    """
    if network == "dense":
        return "float32"
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # no Linux: nothing says so
        flags = set()
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def _to_input(model, images: np.ndarray) -> np.ndarray:
    """Images (N, 28, 28) uint8, 0–255, as the network wants them: float32, 0–1, its own shape."""
    return images.reshape(-1, *model.input_shape[1:]).astype(np.float32) / np.float32(255)


def _predict(model, images: np.ndarray) -> np.ndarray:
    """Probabilities (N, 10) of images (N, 28, 28) uint8.

    Called directly: `model.predict` and `evaluate` would each compile a program of their own
    first, which takes longer than these few batches.
    """
    batches = [images[i : i + 1000] for i in range(0, len(images), 1000)]
    rows = [np.asarray(model(_to_input(model, batch), training=False)) for batch in batches]
    return np.concatenate(rows)


def _fit(model, config: TrainConfig, feed, size: int, validation, emit, stop) -> None:
    """Epoch after epoch, until the config's epochs or seconds are over or `stop` is set.

    feed: images and labels of one epoch after the other; size: how many an epoch has
    """
    import keras

    held_images, held_labels = validation
    report = _report(keras, model, config, size, emit, stop)
    report.begin()
    epoch = 0
    _check_stop(stop)
    # At least a few batches, however short the time: an untrained network is not worth saving.
    while epoch == 0 or not (report.done() or epoch == config.epochs):
        begun = time.perf_counter()
        images, labels = next(feed)
        past = model.fit(
            _to_input(model, images),
            keras.utils.to_categorical(labels, model.output_shape[-1]),
            batch_size=config.batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            callbacks=[report],
            verbose=0,
        ).history
        said = _predict(model, held_images)
        # Categorical cross-entropy, with the least probability that Keras too takes it at.
        val_loss = -np.log(said[np.arange(len(said)), held_labels].clip(1e-7)).mean()
        val_accuracy = (said.argmax(axis=1) == held_labels).mean()
        # The epoch's own loss was taken before its last step; the validation's was taken after.
        if not np.isfinite([past["loss"][-1], val_loss]).all():
            raise FloatingPointError(
                f"The loss is no number any more with a learning rate of {config.learning_rate:g}: "
                "try one ten times smaller."
            )
        epoch += 1
        emit(
            EpochEnded(
                epoch=epoch,
                loss=float(past["loss"][-1]),
                accuracy=float(past["accuracy"][-1]),
                val_loss=float(val_loss),
                val_accuracy=float(val_accuracy),
                seconds=round(time.perf_counter() - begun, 3),
            )
        )


def _report(keras, model, config: TrainConfig, count: int, emit, stop: threading.Event):
    """A Keras callback that tells progress, sets the learning rate, and ends the run in time.

    Made inside a function since its base class comes with Keras.
    """
    steps = -(-count // config.batch_size)

    class Report(keras.callbacks.Callback):
        def begin(self) -> None:
            self.begun = time.perf_counter()
            self.told = 0.0
            self.seen = 0
            self.epoch = 0
            self.rate_from: tuple[float, int] | None = None

        def share_done(self) -> float:
            """Share of the run that is over, 0–1."""
            if config.seconds is not None:
                return min(1.0, (time.perf_counter() - self.begun) / config.seconds)
            return min(1.0, self.seen / (count * config.epochs))

        def done(self) -> bool:
            return stop.is_set() or self.share_done() >= 1

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch + 1
            self._schedule()

        def on_train_batch_end(self, batch, logs=None):
            now = time.perf_counter()
            in_epoch = count if batch + 1 >= steps else (batch + 1) * config.batch_size
            self.seen = (self.epoch - 1) * count + in_epoch
            self._schedule()
            if self.rate_from is None:  # the first call compiles, which is no measure of speed
                self.rate_from = now, self.seen
            if self.done():
                self.model.stop_training = True
            if now - self.told < _TELL_EVERY and not self.model.stop_training:
                return
            self.told = now
            since, seen = self.rate_from
            rate = (self.seen - seen) / (now - since) if now > since else None
            left = None
            if config.seconds is not None:
                left = max(0.0, config.seconds - (now - self.begun))
            elif rate:
                left = (count * config.epochs - self.seen) / rate
            emit(
                Progress(
                    stage="training",
                    epoch=self.epoch,
                    epochs=config.epochs,
                    images_seen=self.seen,
                    images_per_second=rate,
                    seconds_left=left,
                    fraction=self.share_done(),
                    loss=float(logs["loss"]),
                    accuracy=float(logs["accuracy"]),
                )
            )

        def _schedule(self) -> None:
            if config.schedule == "one-cycle":
                self.model.optimizer.learning_rate = config.learning_rate * one_cycle(
                    self.share_done()
                )

    return Report()


def one_cycle(share_done: float) -> float:
    """Factor of the learning rate: up from 0.1 to 1 in the first fifth, down to 0.01 by a cosine.

    After L. N. Smith, Super-Convergence (arXiv:1708.07120).
    """
    if share_done < 0.2:
        return 0.1 + 0.9 * share_done / 0.2
    return 0.01 + 0.99 * (1 + np.cos(np.pi * (share_done - 0.2) / 0.8)) / 2
