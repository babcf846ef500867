"""What each way to train brings to people it never saw: `python -m tests.benchmarks.recipes FILE`.

Trains `conv`, which learns fast enough to compare many ways, on MNIST and on what two thirds of the
writers of a file of drawings drew; the others judge. Each third is left out once, and all ways have
the same seed. Prints a table after each third. Takes about half an hour on two cores. MNIST_NPZ
should name MNIST, whose test images are not looked at.
"""

import argparse
import dataclasses
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from classifier.cli.evaluate import print_table
from classifier.config import CLASSES, IMAGE_SIZE, TrainConfig
from classifier.data import epochs, generated, sources
from classifier.data.dataset import Batch, Mixture, split_validation
from classifier.data.drawn import to_network_inputs
from classifier.events import EpochEnded
from classifier.ink import drawings, rendering
from classifier.ink.convention import BOX
from classifier.ink.drawings import Drawings
from classifier.learning import networks
from classifier.learning.steps import to_input
from classifier.learning.trainer import Trainer, one_cycle
from classifier.serving import evaluation
from classifier.synthetic import augmentation, handwriting, templates
from tests.benchmarks import at_least_one, carry_out
from tests.benchmarks.variants import SURE
from tests.benchmarks.writers import by_people, held_out

PLAIN = "both, as it is"
# With which the ways are compared: `conv`'s standards are Muon's.
_ADAM = {"optimizer": "adam", "learning_rate": 0.008, "batch_size": 256, "dropout": 0.25}
_SHARE = 0.1  # of an epoch: generated digits, and as many drawings by the others
_LAST = 0.25  # share of the epochs over which weights are averaged
_TEACHERS, _UNITS = 3, 1024  # an ensemble to learn from, and the width of its hidden layers
_TRUST = 0.7  # in the ensemble, against the label
_OF_EACH = 50  # generated digits of each variant to judge by, in hands
_HANDS = 43  # of this seed
_BEND, _NODES = 0.03, 4  # of a drawing's longer side: how far strokes are bent, at 4×4 places
_VIEWS = [(0, 0), (-6, 0), (6, 0), (0, -0.12), (0, 0.12)]  # turned by degrees, and sheared

Ink = Sequence[Sequence[np.ndarray]]  # the strokes of each drawing
Answer = Callable[[np.ndarray, Ink | None], np.ndarray]  # images and ink to probabilities
Read = Callable[[np.ndarray], np.ndarray]  # images to probabilities


@dataclasses.dataclass
class Judged:
    """One way's answers to what was held out, one array for each fold.

    right, sure: of each drawing; variants: accuracy on generated digits of each
    mnist: accuracy on MNIST's validation images; seconds: of training
    """

    right: list[np.ndarray] = dataclasses.field(default_factory=list)
    sure: list[np.ndarray] = dataclasses.field(default_factory=list)
    variants: list[np.ndarray] = dataclasses.field(default_factory=list)
    mnist: list[float] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)


class Ways:
    """Every way to train while some writers are held out."""

    def __init__(self, seen: Path, count: int) -> None:
        """seen: a file of the others' drawings; count: epochs"""
        self.seen = drawings.load(seen)
        self.by_muon = TrainConfig.of(
            "conv", drawings=str(seen), drawings_share=_SHARE, styles=_SHARE, epochs=count
        )
        self.config = dataclasses.replace(self.by_muon, **_ADAM)
        data = sources.load(self.config)
        trained, kept = split_validation(len(data.train_labels), self.config.seed)
        self.own = data.train_images[trained], data.train_labels[trained]
        self.held = data.train_images[kept], data.train_labels[kept]
        self.mixed = data.mixed

    def all(self) -> Iterator[tuple[str, Answer]]:
        """Each by name, and what it answers with."""
        plain, averaged = self._followed()
        yield PLAIN, _by_image(plain.read)
        yield "both; five views of each drawing are read", _by_image(in_views(plain.read))
        plain.model.set_weights(averaged)
        yield "both; weights averaged over the last epochs", _by_image(plain.read)
        for name, changes in (
            ("neither", {"styles": 0.0, "drawings": None}),
            ("drawings by others alone", {"styles": 0.0}),
            ("generated digits alone", {"drawings": None}),
            ("both; generated digits twice as often", {"styles": 2 * _SHARE}),
        ):
            config = dataclasses.replace(self.config, **changes)
            yield name, _by_image(self._trained(config, sources.load(config).mixed).read)
        yield "both; Muon in place of Adam", _by_image(self._trained(self.by_muon, self.mixed).read)
        yield "both; strokes bent", _by_image(self._trained(self.config, self._bent()).read)
        yield "both; learned from an ensemble", _by_image(self._distilled())
        yield "both; the pen's direction as a second input", self._directed()

    def _trained(
        self,
        config: TrainConfig,
        mixed: tuple[Mixture, ...],
        hear: Callable[[Any, Trainer], None] = lambda event, trainer: None,
    ) -> Trainer:
        trainer = Trainer(config, threading.Event())
        trainer.fit(self.own, mixed, self.held, lambda event: hear(event, trainer))
        return trainer

    def _followed(self) -> tuple[Trainer, list[np.ndarray]]:
        """A trained network, and the mean of its weights after each of the last epochs."""
        after: list[list[np.ndarray]] = []

        def hear(event: Any, trainer: Trainer) -> None:
            if isinstance(event, EpochEnded):
                after.append(trainer.model.get_weights())

        trainer = self._trained(self.config, self.mixed, hear)
        last = after[-max(2, round(_LAST * len(after))) :]
        return trainer, [np.mean(parts, axis=0) for parts in zip(*last, strict=True)]

    def _bent(self) -> tuple[Mixture, ...]:
        """What is mixed in, with strokes bent before they are rendered."""

        def draw(count: int, rng: np.random.Generator) -> Batch:
            ink, labels = self._some(count, rng)
            return _rendered([bend(strokes, rng) for strokes in ink], rng), labels

        return (Mixture(2 * _SHARE, "", "", draw),)

    def _some(self, count: int, rng: np.random.Generator) -> tuple[Ink, np.ndarray]:
        """Drawings by others, and as many generated ones: their ink and labels."""
        which = np.sort(rng.integers(len(self.seen.labels), size=count - count // 2))
        others = self.seen.select(which)
        seed = int(rng.integers(generated.TEST_SEED))
        made = handwriting.generate(count // 2, seed, generated.EVENNESS)
        return [*others, *made], np.concatenate([others.labels, made.labels])

    def _distilled(self) -> Read:
        """A network that learned what an ensemble of larger ones says of each image."""
        larger = dataclasses.replace(self.config, hidden_units=_UNITS)
        teachers = [
            self._trained(dataclasses.replace(larger, seed=seed), self.mixed)
            for seed in range(1, _TEACHERS + 1)
        ]
        student = Trainer(self.config, threading.Event())

        def given() -> Iterator[tuple[Any, np.ndarray]]:
            for images, labels in epochs.feed(self.own, self.mixed, self.config):
                said = np.mean([teacher.read(images) for teacher in teachers], axis=0)
                targets = _TRUST * said + (1 - _TRUST) * _one_hot(labels)
                yield to_input(student.model, images), targets

        fit(student.model, given(), self.config)
        return student.read

    def _directed(self) -> Answer:
        """A network that sees, beside the ink, which way the pen went, where that is known."""
        import keras

        plain = networks.build(self.config)
        keras.utils.set_random_seed(self.config.seed)
        layers = [type(layer).from_config(layer.get_config()) for layer in plain.layers]
        model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3)), *layers])
        rng = np.random.default_rng(self.config.seed)
        count = round(2 * _SHARE / (1 - 2 * _SHARE) * len(self.own[1]))

        def given() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for _ in range(self.config.epochs or 0):
                ink, labels = self._some(count, rng)
                ways = directions(ink)
                ways[rng.random(count) < 0.5] = 0  # as in a picture, where nobody knows them
                unknown = np.zeros((len(self.own[1]), *ways.shape[1:]), np.float32)
                images = np.concatenate([self.own[0], _rendered(ink, rng)])
                images = augmentation.augment(images, rng)
                targets = _one_hot(np.concatenate([self.own[1], labels]))
                yield _stacked(images, np.concatenate([unknown, ways])), targets

        def answer(images: np.ndarray, ink: Ink | None) -> np.ndarray:
            ways = np.zeros((*images.shape, 2), np.float32) if ink is None else directions(ink)
            said = model.predict(_stacked(images, ways), batch_size=500, verbose=0)
            return np.asarray(said)

        fit(model, given(), self.config)
        return answer


def fit(model: Any, given: Iterator[tuple[Any, np.ndarray]], config: TrainConfig) -> None:
    """Keras' own way through the epochs, each of inputs and targets (N, 10), with the rates of
    `Trainer`: for what that does not know, such as targets that are no labels."""
    import keras

    count = config.epochs or 0
    model.compile(config.optimizer, "categorical_crossentropy")
    for epoch, (inputs, targets) in enumerate(given):
        steps = count * -(-len(targets) // config.batch_size)

        def set_rate(batch: int, logs: object, epoch: int = epoch, steps: int = steps) -> None:
            share = epoch / count + batch / steps
            model.optimizer.learning_rate.assign(config.learning_rate * one_cycle(share))

        setting = keras.callbacks.LambdaCallback(on_train_batch_begin=set_rate)
        batch_size = config.batch_size
        model.fit(inputs, targets, batch_size=batch_size, verbose=0, callbacks=[setting])


def in_views(read: Read) -> Read:
    """Reads each image (N, 28, 28) uint8 also a little turned and sheared; the mean of all."""
    middle = (IMAGE_SIZE - 1) / 2

    def answer(images: np.ndarray) -> np.ndarray:
        said = []
        for degrees, shear in _VIEWS:
            change = cv2.getRotationMatrix2D((middle, middle), degrees, 1)
            change += [[0, shear, -shear * middle], [0, 0, 0]]
            moved = [cv2.warpAffine(image, change, (IMAGE_SIZE, IMAGE_SIZE)) for image in images]
            said.append(read(np.array(moved)))
        return np.asarray(np.mean(said, axis=0))

    return answer


def bend(strokes: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """A drawing's strokes (k, 2), moved by a random smooth field over its box."""
    points = np.concatenate(strokes).astype(np.float32)
    low, size = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    moves = rng.normal(0, _BEND * size, (_NODES, _NODES, 2)).astype(np.float32)
    places = (points - low) / size * (_NODES - 1)
    field = cv2.resize(moves, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    at = (8 * places + 3.5).reshape(-1, 1, 2)  # where cv2 puts the middle of a node's square
    moved = cv2.remap(
        field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    return np.split(points + moved.reshape(-1, 2), ends)


def directions(ink: Ink) -> np.ndarray:
    """Which way the pen went, where drawings have ink: (N, 28, 28, 2) float32, along x and y,
    each -1 to 1; 0 without ink. About as wide and in the same place as the ink."""
    found = np.zeros((len(ink), IMAGE_SIZE, IMAGE_SIZE, 2), np.float32)
    for ways, strokes in zip(found, ink, strict=True):
        points = np.concatenate(strokes)
        low, high = points.min(axis=0), points.max(axis=0)
        scale = BOX / max(float((high - low).max()), 1e-6)
        for stroke in strokes:
            line = (stroke - (low + high) / 2) * scale + (IMAGE_SIZE - 1) / 2
            for start, end in itertools.pairwise(line):
                length = np.hypot(*(end - start))
                if length > 0:
                    way = ((end - start) / length).tolist()
                    cv2.line(ways, start.round().astype(int), end.round().astype(int), way, 2)
    return found


def _rendered(ink: Ink, rng: np.random.Generator) -> np.ndarray:
    pens = handwriting.draw_pens(np.arange(len(ink)), rng)
    return rendering.render_drawings(ink, *pens)


def _stacked(images: np.ndarray, ways: np.ndarray) -> np.ndarray:
    return np.concatenate([images[..., None].astype(np.float32) / 255, ways], axis=-1)


def _one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES, dtype=np.float32)[labels]


def _by_image(read: Read) -> Answer:
    return lambda images, ink: read(images)


class Judge:
    """What no way to train has seen."""

    def __init__(self) -> None:
        variants = templates.load().variants
        hands = [
            handwriting.generate_variant(one.digit, one.name, _OF_EACH, _HANDS) for one in variants
        ]
        self._ink = [strokes for drawn in hands for strokes in drawn]
        self._images = rendering.render_drawings(self._ink)
        self._digits = np.repeat([one.digit for one in variants], _OF_EACH)

    def add(self, to: Judged, answer: Answer, held: Drawings, mnist: Batch) -> None:
        """What a way answers to the held-out writers, to generated variants and to MNIST."""
        images, readable = to_network_inputs(held)
        said = answer(images, list(held))
        to.right.append((said.argmax(axis=1) == held.labels) & readable)
        to.sure.append(said.max(axis=1) > SURE)
        right = answer(self._images, self._ink).argmax(axis=1) == self._digits
        to.variants.append(right.reshape(-1, _OF_EACH).mean(axis=1))
        to.mnist.append(float((answer(mnist[0], None).argmax(axis=1) == mnist[1]).mean()))


def row(name: str, judged: Judged, plain: Judged, writer: np.ndarray) -> dict[str, str]:
    """One way as a row; plain: the one that it is compared with; writer: who drew each drawing."""
    right, sure = np.concatenate(judged.right), np.concatenate(judged.sure)
    other = np.concatenate(plain.right)
    low, high = evaluation.interval(int(right.sum()), len(right))
    variants = np.mean(judged.variants, axis=0)
    return {
        "MNIST and": name,
        "held-out writers": f"{right.mean():.2%}",
        "95 % interval": f"{low:.2%} – {high:.2%}",
        "better : worse": f"{(right & ~other).sum()} : {(other & ~right).sum()}",
        "worst writer": f"{min(right[writer == one].mean() for one in np.unique(writer)):.1%}",
        "wrong and sure": f"{(~right & sure).mean():.2%}",
        "variants": f"{variants.mean():.1%}",
        "worst variant": f"{variants.min():.0%}",
        "MNIST, validation": f"{np.mean(judged.mnist):.2%}",
        "training": f"{np.sum(judged.seconds) / np.sum(plain.seconds):.1f}×",
    }


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser()
    parser.add_argument("drawings", help="a file of drawings that names their writers")
    parser.add_argument("--epochs", type=at_least_one, default=8)
    chosen = parser.parse_args()
    drawn, people = by_people(chosen.drawings, parser)
    judge, found, writer = Judge(), dict[str, Judged](), []
    with tempfile.TemporaryDirectory() as folder:
        for seen, out in held_out(drawn, people, Path(folder)):
            held = drawn.select(np.flatnonzero(out))
            writer.append(drawn.writer[out])
            ways = Ways(seen, chosen.epochs)
            begun = time.perf_counter()
            for name, answer in ways.all():
                judged = found.setdefault(name, Judged())
                judged.seconds.append(time.perf_counter() - begun)
                judge.add(judged, answer, held, ways.held)
                begun = time.perf_counter()
            everyone = np.concatenate(writer)
            print_table([row(name, one, found[PLAIN], everyone) for name, one in found.items()])


if __name__ == "__main__":
    carry_out(main)
