"""The one training path: a config in, events out, a saved model at the end.

Knows nothing of who listens. Keras is imported when training begins, not before.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from classifier.config import CLASSES, DETECTOR, IMAGE_SIZE, TrainConfig
from classifier.data import epochs, sources
from classifier.data.dataset import Batch, Dataset, Drawn, Mixture, Notify, split_validation
from classifier.data.epochs import in_thread
from classifier.data.others import with_others
from classifier.events import EpochEnded, Event, Finished, Progress, Started
from classifier.learning import networks
from classifier.serving import evaluation, store
from classifier.serving.snapshots import Recorder

_TELL_EVERY = 0.2  # seconds between progress events within an epoch
_PER_CALL = 2048  # images learned from between two looks at the clock, in whole batches,
_STEPS_PER_CALL = 32  # and at most so many of them
_PER_READING = 250  # images answered in one call: a cache holds what lies between layers
_FALSE_ALARMS = 0.02  # share of digits that a detector may take for something else
_PROCESSOR = Path("/proc/cpuinfo")  # what it can do, as Linux says
_WITHOUT_BFLOAT16 = {  # of oneDNN's names for instruction sets
    "SSE41",
    "AVX",
    "AVX2",
    "AVX2_VNNI",
    "AVX2_VNNI_2",
    "AVX512_CORE",
    "AVX512_CORE_VNNI",
}
_JUDGED = 10_000  # training images on which the final training accuracy is taken, at most


class StoppedError(RuntimeError):
    """The run was stopped before it had learned anything."""


def train(
    config: TrainConfig,
    emit: Callable[[Event], None],
    stop: threading.Event | None = None,
    snapshots: Path | None = None,
) -> store.SavedModel:
    """Train, test and save a network.

    emit: hears Started, then Progress and EpochEnded, at last Finished.
    snapshots: a folder in which to keep the network as it is before the first epoch and after each,
    or None.
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
    base = None if config.base is None else store.get(config.base)

    def tell(note: str, share: float | None) -> None:
        _check_stop(stop)
        emit(Progress(stage="data", note=note, fraction=share))

    emit(Progress(stage="data"))
    loading = load_keras()  # while the data are read
    with clock("data"):
        dataset = sources.load(config, tell)
        if config.network == DETECTOR:
            dataset = with_others(dataset)
        tell(f"Data: {dataset.description}.", None)
        if base is not None:
            base = _unspoilt(base, dataset.drawn, tell)

    emit(Progress(stage="starting"))
    with clock("starting"):
        keras = loading.result()
        recorder = None
        if snapshots is not None:
            # Before the seed is set, so that nothing else is drawn because of it.
            recorder = Recorder(snapshots, networks.forward(networks.for_serving(config)))
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(precision())
        model = networks.build(config)
        keras.config.set_dtype_policy("float32")
        learn, forget = _learner(model, config.optimizer)
        read = _reader(model)
        if base is not None:
            _take_weights(model, config, base)
    _check_stop(stop)

    tuned, held_out = None, {}
    if dataset.drawn is not None:
        with clock("folds"):
            tuned, held_out = _compare(model, read, learn, forget, config, dataset, emit, stop)
        _check_stop(stop)

    trained, kept = split_validation(len(dataset.train_labels), config.seed)
    images, labels = dataset.train_images[trained], dataset.train_labels[trained]
    held_images, held_labels = dataset.train_images[kept], dataset.train_labels[kept]
    history: list[EpochEnded] = []

    def note(epoch: EpochEnded) -> None:
        history.append(epoch)
        emit(epoch)
        if recorder is not None:
            recorder.add(epoch.epoch, model.get_weights())

    with clock("training"):
        if recorder is not None:
            recorder.add(0, model.get_weights())
        learned, held = (images, labels), (held_images, held_labels)
        _fit(read, learn, config, learned, dataset.mixed, held, emit, note, stop)

    emit(Progress(stage="testing"))
    with clock("testing"):
        # The only use of the test images in the whole run.
        tested = evaluation.evaluate(read(dataset.test_images), dataset.test_labels)
        judged = evaluation.evaluate(read(images[:_JUDGED]), labels[:_JUDGED])
        drawn = [
            evaluation.evaluate(read(mixture.kept[0]), mixture.kept[1])
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
            "tuned": tuned and tuned | {"test_after": tested.accuracy},
            "train_images": len(labels),
            "test_images": tested.n,
            "stopped": stop.is_set(),
        }
        # A fresh network has neither dropout nor the optimizer's memory, which triples the file.
        final = networks.for_serving(config)
        final.set_weights(model.get_weights())
        metrics = result | {
            "calibration_error": tested.calibration_error,
            "seconds": clock["training"],
        }
        meta = {
            "config": config.to_dict(),
            "command": config.command(),
            "metrics": metrics,
            "history": [dataclasses.asdict(epoch) for epoch in history],
            "data": dataset.to_dict(),
        }
        if base is not None:
            seen = base.meta.get("learned_from", [])
            meta["base"] = {"name": base.name, "id": base.id}
            meta["learned_from"] = sorted({*seen, *dataset.drawn.digests})
            meta["held_out"] = held_out
        if config.network == DETECTOR:
            meta["detector"] = _threshold(read, held_images, dataset.mixed)
        name = config.name or store.new_name(config.network, dataset.source)
        saved = store.save(name, final, meta)
    emit(
        Finished(
            model=saved.name,
            id=saved.id,
            seconds=clock["training"],
            stages=clock.seconds,
            data=dataset.description,
            source=dataset.source,
            **result,
        )
    )
    return saved


def _take_weights(model, config: TrainConfig, base: store.SavedModel) -> None:
    try:
        model.set_weights(networks.learned(config, base.keras()).get_weights())
    except ValueError as error:
        raise ValueError(f"{base.name} cannot be gone on from: {error}.") from error


def _unspoilt(base: store.SavedModel, drawn: Drawn, tell: Notify) -> store.SavedModel:
    """`base`, or, where that has learned from some of these drawings already, the model that it
    came from: what a model has seen says nothing of how well it reads. Raises ValueError."""
    first = base
    while not set(base.meta.get("learned_from", [])).isdisjoint(drawn.digests):
        origin = base.meta["base"]
        # Shipped models have no id, and keep their names.
        same = "id" if origin["id"] else "name"
        found = [m for m in store.list_models()[0] if getattr(m, same) == origin[same]]
        if not found:
            raise ValueError(
                f"{first.name} has learned from these drawings already, and the model that it came "
                f"from, {origin['name']}, is gone: choose another to go on from."
            )
        base = found[0]
    if base is not first:
        tell(f"{first.name} knows some of these drawings: going on from {base.name} instead.", None)
    return base


def _compare(
    model,
    read: Callable,
    learn: Callable,
    forget: Callable[[], None],
    config: TrainConfig,
    dataset: Dataset,
    emit: Callable[[Event], None],
    stop: threading.Event,
) -> tuple[dict, dict[str, list[bool]]]:
    """How well drawings are read before and after training on the others, fold by fold, and the
    test images before; and for each drawing, by its digest, whether it was read rightly before and
    after. The model has its first weights again in the end."""
    drawn, weights = dataset.drawn, model.get_weights()
    learned = dataset.train_images, dataset.train_labels
    before = read(drawn.images).argmax(axis=1) == drawn.labels
    test_before = read(dataset.test_images).argmax(axis=1) == dataset.test_labels
    after = np.zeros(len(drawn.labels), bool)
    for number, mixed in enumerate(drawn.without):
        _check_stop(stop)
        emit(Progress(stage="folds", fraction=number / len(drawn.without)))
        held = drawn.fold == number
        validation = drawn.images[held], drawn.labels[held]
        _fit(read, learn, config, learned, mixed, validation, _hear_nothing, _hear_nothing, stop)
        after[held] = read(validation[0]).argmax(axis=1) == validation[1]
        model.set_weights(weights)
        forget()

    def by_digit(values: np.ndarray) -> list[int]:
        return np.bincount(drawn.labels, values, CLASSES).astype(int).tolist()

    pairs = zip(before.tolist(), after.tolist(), strict=True)
    each = dict(zip(drawn.digests, map(list, pairs), strict=True))
    return {
        "n": by_digit(np.ones(len(after))),
        "before": by_digit(before),
        "after": by_digit(after),
        "folds": len(drawn.without),
        "by_writer": drawn.by_writer,
        "writers": drawn.writers,
        "left_out": drawn.left_out,
        "test_before": float(test_before.mean()),
    }, each


def _hear_nothing(event: Event) -> None:
    pass


@cache
def load_keras() -> Future[ModuleType]:
    """Load Keras with TensorFlow, which takes seconds, in the background; once for all calls."""
    return in_thread(lambda: importlib.import_module("keras"))


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


def _learner(model, optimizer: str) -> tuple[Callable, Callable[[], None]]:
    """A compiled function that takes many steps in one call, as `fit` would take them one by one,
    and a function that makes the optimizer forget them.

    The first takes images (n, 28, 28) uint8, their labels (n,) uint8, the indices of the images of
    each step (steps, batch) int32, and the learning rate of each (steps,) float32. It returns the
    sum of the losses, categorical cross-entropy, and how many answers were right, both before each
    step.
    """
    import keras
    import tensorflow as tf

    weights = [variable.value for variable in model.trainable_variables]
    update, forget = _optimizer(optimizer, weights)

    # Sizes are left open, so that the last batch of an epoch, which is smaller, and the next
    # epoch's images need no second compilation. XLA would take a dense network's epoch from 0.56
    # to 0.47 s in float32 and from 0.41 to 0.51 s in bfloat16, but compile for 0.4 s longer;
    # convolutions on a CPU it makes four times slower.
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, IMAGE_SIZE, IMAGE_SIZE], tf.uint8),
            tf.TensorSpec([None], tf.uint8),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.float32),
        ],
        autograph=False,  # it would read all sources anew, for half a second, to find one loop
    )
    def learn(images, labels, batches, rates):
        def take_step(step, loss_sum, right):
            inputs = _to_input(model, tf.gather(images, batches[step]))
            answers = tf.one_hot(tf.gather(labels, batches[step]), model.output_shape[-1])
            with tf.GradientTape() as tape:
                said = tf.cast(model(inputs, training=True), tf.float32)
                losses = keras.losses.categorical_crossentropy(answers, said)
                loss = tf.reduce_mean(losses)
            update(tape.gradient(loss, weights), rates[step])
            agree = tf.equal(tf.argmax(answers, axis=1), tf.argmax(said, axis=1))
            right += tf.math.count_nonzero(agree, dtype=tf.int32)
            return step + 1, loss_sum + tf.reduce_sum(losses), right

        steps = tf.shape(rates)[0]
        start = tf.constant(0), tf.constant(0.0), tf.constant(0)
        return tf.while_loop(
            lambda step, *_: step < steps, take_step, start, parallel_iterations=1
        )[1:]

    return learn, forget


def _optimizer(name: str, weights: list) -> tuple[Callable, Callable[[], None]]:
    """One step of a Keras optimizer with its standard settings, a function of gradients and
    learning rate; and a function that forgets the steps that were taken.

    TensorFlow has each as one fused kernel, which goes over a weight once where Keras' own goes
    ten times: that saves a tenth of conv's time and a sixth of dense's.
    """
    import tensorflow as tf

    ops, epsilon = tf.raw_ops, 1e-7
    slots = [[tf.Variable(tf.zeros_like(weight)) for _ in range(2)] for weight in weights]
    decays = (0.9, 0.999)  # of Adam's two averages
    powers = [tf.Variable(decay) for decay in decays]

    def apply(weight, gradient, rate, first, second) -> None:
        if name == "sgd":
            ops.ResourceApplyGradientDescent(var=weight.handle, alpha=rate, delta=gradient)
        elif name == "rmsprop":
            ops.ResourceApplyRMSProp(
                var=weight.handle,
                ms=first.handle,
                mom=second.handle,
                lr=rate,
                rho=0.9,
                momentum=0.0,
                epsilon=epsilon,
                grad=gradient,
            )
        elif name == "adam":
            ops.ResourceApplyAdam(
                var=weight.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=rate,
                beta1=decays[0],
                beta2=decays[1],
                epsilon=epsilon,
                grad=gradient,
            )

    def update(gradients, rate) -> None:
        for weight, gradient, pair in zip(weights, gradients, slots, strict=True):
            apply(weight, gradient, rate, *pair)
        for power, decay in zip(powers, decays, strict=True):
            power.assign(power * decay)

    def forget() -> None:
        for slot in itertools.chain.from_iterable(slots):
            slot.assign(tf.zeros_like(slot))
        for power, decay in zip(powers, decays, strict=True):
            power.assign(decay)

    return update, forget


def _threshold(read, held_images: np.ndarray, mixed: tuple[Mixture, ...]) -> dict:
    """A detector's threshold, fixed on digits that were kept back, for its meta."""
    sets = [held_images, *[mixture.kept[0] for mixture in mixed if mixture.kept is not None]]
    scores = [read(images)[:, 0] for images in sets]
    found = evaluation.threshold(scores, _FALSE_ALARMS)
    return {"threshold": found, "false_alarms": _FALSE_ALARMS}


def precision() -> str:
    """Keras' policy: bfloat16 halves the work where the processor has it, float32 elsewhere.

    Where oneDNN is told to do without by ONEDNN_MAX_CPU_ISA, so does this:
    https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
    """
    try:
        flags = set(_PROCESSOR.read_text(encoding="utf-8").split())
    except OSError:  # no Linux: nothing says so
        flags = set()
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper() not in _WITHOUT_BFLOAT16
    native = flags & {"avx512_bf16", "amx_bf16"}
    return "mixed_bfloat16" if native and allowed else "float32"


def _to_input(model, images):
    """Images (N, 28, 28) uint8, 0–255, as the network wants them: float32, 0–1, its own shape."""
    from keras import ops

    return ops.reshape(ops.cast(images, "float32") / 255, (-1, *model.input_shape[1:]))


def _reader(model) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function from images (N, 28, 28) uint8, N >= 1, to probabilities (N, classes).

    One for the whole run: `model.predict` and `evaluate` would each compile a program of their own
    first, which takes longer than these few batches, and `deep`, called directly, is half as fast.
    """
    import tensorflow as tf

    answer = tf.function(
        lambda images: model(_to_input(model, images), training=False),
        input_signature=[tf.TensorSpec([None, IMAGE_SIZE, IMAGE_SIZE], tf.uint8)],
        autograph=False,
    )

    def read(images: np.ndarray) -> np.ndarray:
        batches = (images[i : i + _PER_READING] for i in range(0, len(images), _PER_READING))
        return np.concatenate([np.asarray(answer(batch)) for batch in batches])

    return read


def _fit(
    read,
    learn,
    config: TrainConfig,
    learned: Batch,
    mixed: tuple[Mixture, ...],
    validation: Batch,
    emit,
    note,
    stop,
) -> None:
    """Epoch after epoch, until the config's epochs or seconds are over or `stop` is set.

    learned: what is trained on, beside what is mixed in; validation: what is asked after each epoch
    emit: hears of the progress; note: hears of each epoch's end
    """
    import tensorflow as tf

    held_images, held_labels = validation
    feed = epochs.feed(
        *learned,
        mixed,
        count=config.epochs,
        augment=config.augment,
        seed=config.seed,
        plain=config.base is not None,
    )
    size = epochs.size(len(learned[1]), mixed)
    course = _Course(config, size, stop)
    order = np.random.default_rng(config.seed)
    epoch, given = 0, None
    _check_stop(stop)
    # At least a few batches, however short the time: an untrained network is not worth saving.
    while epoch == 0 or not (course.done() or epoch == config.epochs):
        epoch += 1
        begun = time.perf_counter()
        last, given = given, next(feed)
        if given is not last:
            images, labels = (tf.constant(array) for array in given)
        loss_sum, right, seen = 0.0, 0, 0
        for batches in _calls(order.permutation(size), config.batch_size):
            figures = learn(images, labels, batches, course.rates(*batches.shape))
            loss_sum, right = loss_sum + float(figures[0]), right + int(figures[1])
            seen += batches.size
            course.advance(batches.size)
            if course.to_tell():
                emit(course.progress(epoch, loss_sum / seen, right / seen))
            if course.done():
                break
        said = read(held_images)
        # Categorical cross-entropy, with the least probability that Keras too takes it at.
        val_loss = -np.log(said[np.arange(len(said)), held_labels].clip(1e-7)).mean()
        val_accuracy = (said.argmax(axis=1) == held_labels).mean()
        # The epoch's own loss was taken before its last step; the validation's was taken after.
        if not np.isfinite([loss_sum, val_loss]).all():
            raise FloatingPointError(
                f"The loss is no number any more with a learning rate of {config.learning_rate:g}: "
                "try one ten times smaller."
            )
        note(
            EpochEnded(
                epoch=epoch,
                loss=loss_sum / seen,
                accuracy=right / seen,
                val_loss=float(val_loss),
                val_accuracy=float(val_accuracy),
                seconds=round(time.perf_counter() - begun, 3),
            )
        )


def _calls(order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """An epoch's image indices (n,) as int32 (steps, batch) for one call after the other; what is
    left over at the end is a smaller batch of its own."""
    whole = len(order) - len(order) % batch_size
    batches = order[:whole].astype(np.int32).reshape(-1, batch_size)
    steps = max(1, min(_STEPS_PER_CALL, _PER_CALL // batch_size))
    for start in range(0, len(batches), steps):
        yield batches[start : start + steps]
    if whole < len(order):
        yield order[None, whole:].astype(np.int32)


class _Course:
    """How far a run has come, the learning rates of its next steps, and what it tells of both."""

    def __init__(self, config: TrainConfig, size: int, stop: threading.Event) -> None:
        self._config, self._stop = config, stop
        self._total = None if config.epochs is None else size * config.epochs
        self._seen = 0
        self._begun = time.perf_counter()
        self._told = -_TELL_EVERY
        self._since: tuple[float, int] | None = None

    def _share_done(self, ahead: int = 0) -> float:
        """Share of the run that is over, 0–1, `ahead` images from now; time has no such view."""
        if self._total is None:
            return min(1.0, (time.perf_counter() - self._begun) / self._config.seconds)
        return min(1.0, (self._seen + ahead) / self._total)

    def done(self) -> bool:
        return self._stop.is_set() or self._share_done() >= 1

    def rates(self, steps: int, batch_size: int) -> np.ndarray:
        """The learning rate of each of the next steps, float32 (steps,)."""
        factors = np.ones(steps)
        if self._config.schedule == "one-cycle":
            factors = [one_cycle(self._share_done(step * batch_size)) for step in range(steps)]
        return np.float32(self._config.learning_rate) * np.array(factors, np.float32)

    def advance(self, images: int) -> None:
        self._seen += images
        if self._since is None:  # the first call compiles, which is no measure of speed
            self._since = time.perf_counter(), self._seen

    def to_tell(self) -> bool:
        """Whether it is time for a word: now and then, and at the end."""
        now = time.perf_counter()
        if now - self._told < _TELL_EVERY and not self.done():
            return False
        self._told = now
        return True

    def progress(self, epoch: int, loss: float, accuracy: float) -> Progress:
        now = time.perf_counter()
        since, before = self._since
        rate = (self._seen - before) / (now - since) if now > since else None
        left = None
        if self._total is None:
            left = max(0.0, self._config.seconds - (now - self._begun))
        elif rate:
            left = (self._total - self._seen) / rate
        return Progress(
            stage="training",
            epoch=epoch,
            epochs=self._config.epochs,
            images_seen=self._seen,
            images_per_second=rate,
            seconds_left=left,
            fraction=self._share_done(),
            loss=loss,
            accuracy=accuracy,
        )


def one_cycle(share_done: float) -> float:
    """Factor of the learning rate: up from 0.1 to 1 in the first fifth, down to 0.01 by a cosine.

    After L. N. Smith, Super-Convergence (arXiv:1708.07120).
    """
    if share_done < 0.2:
        return 0.1 + 0.9 * share_done / 0.2
    return 0.01 + 0.99 * (1 + np.cos(np.pi * (share_done - 0.2) / 0.8)) / 2
