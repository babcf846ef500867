"""The one training path: a config in, events out, a saved model at the end.

Knows nothing of who listens. Keras is imported when training begins, not before.
"""

import dataclasses
import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from classifier.config import DETECTOR, IMAGE_SIZE, PAIRS, TrainConfig, mnist_at_hand
from classifier.data import mnist, sources
from classifier.data.dataset import split_validation
from classifier.data.epochs import in_thread
from classifier.data.generated import with_others
from classifier.data.pairs import with_pairs
from classifier.events import EpochEnded, Event, Finished, Progress, Started
from classifier.learning import networks
from classifier.learning.finetuning import compare, meant, unspoilt, weights_of
from classifier.learning.trainer import Trainer, check_stop
from classifier.serving import evaluation, saving, store
from classifier.serving.saved import SavedModel
from classifier.serving.snapshots import Recorder

_FALSE_ALARMS = 0.02  # share of digits that a detector may take for something else
_JUDGED = 10_000  # training images on which the final training accuracy is taken, at most


def train(
    config: TrainConfig,
    emit: Callable[[Event], None],
    stop: threading.Event | None = None,
    snapshots: Path | None = None,
    owner: str = "",
    base_id: str = "",
) -> SavedModel:
    """Train, test and save a network.

    emit: hears Started, then Progress and EpochEnded, at last Finished.
    snapshots: a folder in which to keep the network as it is before the first epoch and after each,
    or None.
    owner: digest of the visitor whose the model will be; "" for nobody
    base_id: of the model that `config.base` names, by which it is found though it was renamed since
    stop: set it to end within a few batches; what was learned by then is tested and saved.
    Raises ValueError (data or name do not fit), LimitError, DataUnavailableError,
    FileNotFoundError, StoreError, StoppedError, or FloatingPointError if the loss is no number any
    more.
    """
    stop = stop or threading.Event()
    stages: dict[str, float] = {}  # how long each took, in seconds
    emit(Started(config=config.told().to_dict(), time=time.time()))
    if config.name is not None:
        store.check_free(config.name)
    saving.check_writable()
    saving.check_room(owner)
    sources.check_files(config)
    base = None if config.base is None else meant(config.base, base_id)

    def tell(note: str, share: float | None, stage: str = "data") -> None:
        check_stop(stop)
        emit(Progress(stage=stage, note=note, fraction=share))

    emit(Progress(stage="data"))
    loading = load_keras()  # while the data are read
    with _timed(stages, "data"):
        dataset = sources.load(config, tell)
        if config.network == DETECTOR:
            dataset = with_others(dataset)
        if config.network == PAIRS:
            dataset = with_pairs(dataset)
        tell(f"Data: {dataset.description}.", None)
        drawn = dataset.drawn
        if base is not None and drawn is not None:
            base = unspoilt(base, drawn, tell)

    emit(Progress(stage="starting"))
    with _timed(stages, "starting"):
        loading.result()
        recorder = None
        if snapshots is not None:
            # Before the seed is set, so that nothing else is drawn because of it.
            recorder = Recorder(snapshots, networks.forward(networks.for_serving(config)))
        trainer = Trainer(config, stop)
        if base is not None:
            trainer.restart(weights_of(base, config))
    check_stop(stop)

    tuned: dict[str, Any] | None = None
    held_out: dict[str, list[bool]] = {}
    if drawn is not None:
        with _timed(stages, "folds"):
            tuned, held_out = compare(
                trainer, dataset, drawn, lambda share: tell("", share, "folds")
            )
        check_stop(stop)

    trained, kept = split_validation(len(dataset.train_labels), config.seed)
    own = dataset.train_images[trained], dataset.train_labels[trained]
    held = dataset.train_images[kept], dataset.train_labels[kept]
    if dataset.alone is not None:
        own = dataset.alone.images, dataset.alone.labels
    history: list[EpochEnded] = []

    def hear(event: Progress | EpochEnded) -> None:
        emit(event)
        if isinstance(event, EpochEnded):
            history.append(event)
            if recorder is not None:
                recorder.add(event.epoch, trainer.model.get_weights())

    with _timed(stages, "training"):
        if recorder is not None:
            recorder.add(0, trainer.model.get_weights())
        trainer.fit(own, dataset.mixed, held, hear)

    emit(Progress(stage="testing"))
    with _timed(stages, "testing"):
        # The only use of the test images in the whole run.
        tested = evaluation.evaluate(trainer.read(dataset.test_images), dataset.test_labels)
        test_accuracy = tested.accuracy or 0.0
        train_accuracy = float(trainer.right(own[0][:_JUDGED], own[1][:_JUDGED]).mean())
        held_back = [mixture.kept for mixture in dataset.mixed if mixture.kept is not None]
        result: dict[str, Any] = {
            "test_accuracy": test_accuracy,
            "train_accuracy": train_accuracy,
            "gap": train_accuracy - test_accuracy,
            # Of 111 classes it is no table that anybody reads.
            "confusion": [] if config.network == PAIRS else tested.confusion.tolist(),
            "drawings_accuracy": (
                float(trainer.right(*held_back[0]).mean()) if held_back else None
            ),
            "tuned": tuned and tuned | {"test_after": test_accuracy},
            "train_images": len(own[1]),
            "test_images": tested.n,
            "stopped": stop.is_set(),
        }

    emit(Progress(stage="saving"))
    with _timed(stages, "saving"):
        # A fresh network has neither dropout nor the optimizer's memory, which triples the file.
        network = networks.for_serving(config)
        network.set_weights(trainer.model.get_weights())
        final = networks.Trained(network)
        metrics = result | {
            "calibration_error": tested.calibration_error,
            "seconds": stages["training"],
        }
        meta = {
            "owner": owner,
            "config": config.to_dict() | {"drawings": config.told().drawings},
            "command": config.told().command(),
            "metrics": metrics,
            "history": [dataclasses.asdict(epoch) for epoch in history],
            "data": dataset.to_dict(),
        }
        if base is not None and drawn is not None:
            meta["base"] = {"name": base.name, "id": base.id}
            meta["learned_from"] = sorted({*base.meta.learned_from, *drawn.digests})
            meta["held_out"] = held_out
        if dataset.alone is not None:
            meta["learned_from"] = sorted(dataset.alone.digests)
        if config.network == DETECTOR:
            # Fixed on digits that were held out.
            scores = [trainer.read(images)[:, 0] for images, _ in (held, *held_back)]
            found = evaluation.threshold(scores, _FALSE_ALARMS)
            meta["detector"] = {"threshold": found, "false_alarms": _FALSE_ALARMS}
        saved = (
            saving.save(config.name, final, meta)
            if config.name
            else saving.save_new(config.network, dataset.source, final, meta)
        )
    emit(
        Finished(
            model=saved.name,
            id=saved.id,
            seconds=stages["training"],
            stages=stages,
            data=dataset.description,
            source=dataset.source,
            **result,
        )
    )
    return saved


_loading: Future[ModuleType] | None = None


def load_keras(*, and_more: bool = False) -> Future[ModuleType]:
    """Load Keras with TensorFlow, which takes seconds, in the background; once for all calls.

    and_more: for a process that waits for a run: do also what else takes the first one longest
    """
    global _loading
    if _loading is None:
        _loading = in_thread(_get_ready if and_more else _import_keras)
    return _loading


def _import_keras() -> ModuleType:
    # Where there is pandas Keras loads it, which takes a tenth of the time and serves nothing here.
    hidden = "pandas" not in sys.modules
    if hidden:
        sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("keras")
    finally:
        if hidden:
            del sys.modules["pandas"]


def _get_ready() -> ModuleType:
    """Import Keras, read MNIST if it is at hand, and learn from a few empty images: what a process
    does for the first time takes longest."""
    keras = _import_keras()
    with suppress(Exception):  # the run itself will say what is wrong
        path = mnist_at_hand()
        if path is not None:
            mnist.read_ahead(path)
        trainer = Trainer(TrainConfig.of("dense", epochs=1), threading.Event())
        nothing = np.zeros((4, IMAGE_SIZE, IMAGE_SIZE), np.uint8), np.zeros(4, np.uint8)
        trainer.fit(nothing, (), nothing)
        networks.forward(trainer.model)
    return keras


@contextmanager
def _timed(stages: dict[str, float], stage: str) -> Iterator[None]:
    """Note how long the body took, in seconds."""
    begun = time.perf_counter()
    yield
    stages[stage] = round(time.perf_counter() - begun, 3)
