"""Time to a test accuracy from scratch: `python -m tests.benchmarks.race`.

`dense` to 98 % against the article's recipe by plain `fit`, and `conv` to 99 % against that of the
well-known Keras convnet example, both also with bfloat16 forced off, and by a worker that waited
for the run, as on the page; and against the usual PyTorch example where torch is installed. All
take turns, seed by seed, each in a process of its own.

What is compared plans its learning rate for no certain length: it goes on epoch by epoch, and its
clock stops at the end of the first one that reaches the accuracy, testing not counted. This
project's runs are planned for a length, which is fixed here, and must reach the accuracy with it.
Takes ten minutes. MNIST_NPZ should name MNIST.
"""

import contextlib
import dataclasses
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from classifier.cli.evaluate import print_table
from classifier.config import PROJECT, TrainConfig
from classifier.data import mnist
from classifier.jobs.local import LocalJobs
from tests.benchmarks.scaling import carried_out

SEEDS = (200, 201, 202)  # not those with which rates, batches and lengths were chosen
MOST_EPOCHS = 15  # after which a recipe counts as not reaching the accuracy
# Without AVX512_CORE_BF16 and AMX: oneDNN's and this project's own way to do without bfloat16.
NO_BFLOAT16 = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}


@dataclass(frozen=True)
class Runner:
    """One who takes part. arguments: of this module, or of the project's command line"""

    name: str
    target: float
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()

    def run(self, seed: int) -> tuple[float, float, int] | None:
        """Seconds of training, seconds from the start of the process, and epochs; None if it does
        not reach the accuracy."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *self.arguments, "--seed", str(seed)],
            cwd=PROJECT,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        epochs = untimed = 0
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "epoch":
                epochs = event["epoch"]
                untimed += event.get("untimed", 0)
            elif event["event"] == "finished":
                whole = time.perf_counter() - begun - untimed
                process.communicate()
                reached = event["test_accuracy"] >= self.target
                return (event["seconds"], whole, epochs) if reached else None
        raise RuntimeError(f"{self.name} ended with status {process.wait()}")


@dataclass(frozen=True)
class Waiting:
    """A network of this project, by a worker that has got ready before the clock starts."""

    name: str
    target: float
    config: TrainConfig

    def run(self, seed: int) -> tuple[float, float, int] | None:
        """As a `Runner`; the second: seconds from submission."""
        with contextlib.closing(LocalJobs()) as jobs:
            jobs.get_ready()
            worker, before = psutil.Process(jobs._ready.pid), None
            while before != (now := worker.cpu_times()[:2]):  # until it rests
                before = now
                time.sleep(2)
            config = dataclasses.replace(self.config, seed=seed)
            ((end, whole, _),) = carried_out(jobs, [config])
            reached = end.test_accuracy >= self.target
            return (end.seconds, whole, config.epochs) if reached else None


def waiting(network: str, epochs: int, target: float) -> Waiting:
    """The same network as `own` has, and settings."""
    name = f"`{network}`, {_epochs(epochs)}, by a worker that waited"
    return Waiting(name, target, TrainConfig.of(network, epochs=epochs, styles=0.0))


def own(network: str, epochs: int, target: float, environment: dict | None = None) -> Runner:
    """A network of this project, with its standard settings but for epochs and other styles."""
    words = f"classifier train --json --network {network} --epochs {epochs} --styles 0".split()
    name = f"`{network}`, {_epochs(epochs)}" + (", no bfloat16" if environment else "")
    return Runner(name, target, tuple(words), tuple((environment or {}).items()))


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def recipe(name: str, title: str, target: float) -> Runner:
    """One of RECIPES."""
    return Runner(title, target, ("tests.benchmarks.race", name, str(target)))


def main() -> None:
    """Run all and print."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        race()


def race() -> None:
    """Let all take their turns, seed by seed, and print what each took."""
    article = recipe("article", "the article's `fit`", 0.98)
    example = recipe("convnet", "the Keras convnet example's `fit`", 0.99)
    # The recipes compute in float32 throughout, so nothing changes for them without bfloat16.
    pairs = [
        (own("dense", 4, 0.98), article),
        (own("conv", 1, 0.99), example),
        (own("dense", 4, 0.98, NO_BFLOAT16), article),
        (own("conv", 1, 0.99, NO_BFLOAT16), example),
        (waiting("dense", 4, 0.98), article),
        (waiting("conv", 1, 0.99), example),
    ]
    if importlib.util.find_spec("torch"):
        pairs.append((own("conv", 1, 0.99), recipe("torch", "the PyTorch example", 0.99)))
    results: dict[Runner | Waiting, list] = {runner: [] for pair in pairs for runner in pair}
    for seed in SEEDS:
        for runner, runs in results.items():
            runs.append(runner.run(seed))
            print(f"seed {seed}, {runner.name}: {runs[-1]}", file=sys.stderr, flush=True)
    print_table(
        [
            row(runner, results[runner], results[theirs])
            for ours, theirs in pairs
            for runner in (ours, theirs)
        ]
    )


def row(runner: Runner | Waiting, runs: list, others: list) -> dict[str, str]:
    """A line of the table: medians over the seeds, and against the medians of `others`."""
    reached = [run for run in runs if run is not None]
    cells = {
        "": runner.name,
        "to": f"{runner.target:.0%}",
        "reached": f"{len(reached)} of {len(runs)}",
        "epochs": "",
        "training, s": "",
        "times as fast": "",
        "from process start, s": "",
        "times as fast, from there": "",
    }
    if len(reached) == len(runs) and None not in others:
        seconds, whole, epochs = (statistics.median(column) for column in zip(*runs, strict=True))
        theirs = [statistics.median(column) for column in zip(*others, strict=True)]
        cells |= {
            "epochs": f"{epochs:.0f}",
            "training, s": f"{seconds:.1f}",
            "times as fast": f"{theirs[0] / seconds:.1f}",
            "from process start, s": f"{whole:.1f}",
            "times as fast, from there": f"{theirs[1] / whole:.1f}",
        }
    return cells


# The recipes, each in a process of its own, which says what it does in the same words as `train`.


class Clock:
    """Runs while a recipe trains, and stands still while it is tested."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._epoch = 0
        self._untimed = 0.0
        self._begun = time.perf_counter()

    def epoch_ended(self, test: Callable[[], float]) -> bool:
        """Test and report; whether the recipe is done."""
        paused = time.perf_counter()
        seconds = paused - self._begun - self._untimed
        accuracy = test()
        untimed = time.perf_counter() - paused
        self._untimed += untimed
        self._epoch += 1
        print(json.dumps({"event": "epoch", "epoch": self._epoch, "untimed": untimed}))
        if accuracy < self._target and self._epoch < MOST_EPOCHS:
            return False
        end = {"event": "finished", "seconds": seconds, "test_accuracy": accuracy}
        print(json.dumps(end), flush=True)
        return True


def article(target: float, seed: int) -> None:
    """F. Chollet, Deep Learning with Python, section 2.1: batches of 128, rmsprop; 5 epochs there,
    and more where these are not enough."""
    from keras import Input, layers

    fit(
        [
            Input((28 * 28,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        "rmsprop",
        target,
        seed,
    )


def convnet(target: float, seed: int) -> None:
    """https://keras.io/examples/vision/mnist_convnet, without its validation split."""
    from keras import Input, layers

    fit(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ],
        "adam",
        target,
        seed,
    )


def fit(layers: list, optimizer: str, target: float, seed: int) -> None:
    """Plain Keras: compile and fit, in batches of 128."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential(layers)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    digits = mnist.load()
    shape = (-1, *model.input_shape[1:])
    inputs, tests = (
        images.reshape(shape).astype("float32") / 255
        for images in (digits.train_images, digits.test_images)
    )
    answers, test_answers = (
        keras.utils.to_categorical(labels, 10)
        for labels in (digits.train_labels, digits.test_labels)
    )
    clock = Clock(target)

    class Test(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            self.model.stop_training = clock.epoch_ended(
                lambda: model.evaluate(tests, test_answers, batch_size=1000, verbose=0)[1]
            )

    model.fit(inputs, answers, batch_size=128, epochs=MOST_EPOCHS, verbose=0, callbacks=[Test()])


def torch(target: float, seed: int) -> None:
    """https://github.com/pytorch/examples/tree/main/mnist: batches of 64, Adadelta at 1.0, times
    0.7 after each epoch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
        nn.LogSoftmax(1),
    )
    digits = mnist.load()
    inputs, tests = (
        (torch.from_numpy(images)[:, None].float() / 255 - 0.1307) / 0.3081
        for images in (digits.train_images, digits.test_images)
    )
    answers, test_answers = (
        torch.from_numpy(labels).long() for labels in (digits.train_labels, digits.test_labels)
    )

    def test() -> float:
        model.eval()
        with torch.no_grad():
            said = torch.cat([model(some).argmax(1) for some in tests.split(1000)])
        model.train()
        return float((said == test_answers).float().mean())

    clock = Clock(target)
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    done = False
    while not done:
        for batch in torch.randperm(len(answers)).split(64):
            optimizer.zero_grad()
            functional.nll_loss(model(inputs[batch]), answers[batch]).backward()
            optimizer.step()
        schedule.step()
        done = clock.epoch_ended(test)


RECIPES = {"article": article, "convnet": convnet, "torch": torch}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:  # one recipe: its name, the accuracy, --seed and the seed
        name, accuracy, _, number = sys.argv[1:]
        RECIPES[name](float(accuracy), int(number))
