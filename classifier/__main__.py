"""The command line: train, evaluate, predict, models.

Each command imports what it needs when it runs, so that `predict` never waits for TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path

from classifier import config
from classifier.config import DATA_SOURCES, DETECTOR, NETWORKS, OPTIMIZERS, SCHEDULES, TrainConfig
from classifier.events import STAGES, EpochEnded, Event, Failed, Finished, Progress, to_json

DEFAULT_MODEL = "conv"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 if something failed, 2 for bad usage."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.command(chosen)
    except KeyboardInterrupt:
        return 130
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m classifier", description="Train, judge and ask digit classifiers."
    )
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | predict | models")

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=run)
        sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    train = command("train", _train, "Train a network from scratch, test it and save it.")
    networks = NETWORKS | {DETECTOR: "Tells digits from other drawings."}
    train.add_argument("--network", choices=networks, default="dense", help=_lines(networks))
    train.add_argument("--data", choices=DATA_SOURCES, help=_lines(DATA_SOURCES))
    train.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")
    train.add_argument("--drawings", metavar="FILE.npz", help="drawings mixed into the data")
    train.add_argument(
        "--drawings-share", type=float, metavar="SHARE", help="of an epoch's images (0.2)"
    )
    train.add_argument(
        "--styles", type=float, metavar="SHARE", help="of an epoch's images are generated digits"
    )
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the images (5)")
    train.add_argument("--seconds", type=float, metavar="S", help="training time, not epochs")
    train.add_argument("--batch-size", type=int, metavar="N", help="images per step (128)")
    train.add_argument("--optimizer", choices=OPTIMIZERS, help=_lines(OPTIMIZERS))
    train.add_argument("--learning-rate", type=float, metavar="R", help="step size (0.001)")
    train.add_argument("--schedule", choices=SCHEDULES, help=_lines(SCHEDULES))
    train.add_argument("--dropout", type=float, metavar="SHARE", help="0 to 0.95 (0)")
    train.add_argument("--train-size", type=int, metavar="N", help="images used (all)")
    train.add_argument("--augment", action=argparse.BooleanOptionalAction, help="vary the images")
    train.add_argument("--seed", type=int, metavar="N", help="same seed, same result (0)")
    train.add_argument("--name", help="of the saved model")
    train.add_argument("--run", metavar="FOLDER", help=argparse.SUPPRESS)  # see jobs.py

    evaluate = command("evaluate", _evaluate, "Judge a model on labelled digits.")
    _add_model(evaluate)
    evaluate.add_argument(
        "--data", default="mnist", metavar="mnist|generated|FILE.npz", help="what to judge it on"
    )
    evaluate.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")

    predict = command("predict", _predict, "Say which digit is on each picture.")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders")
    _add_model(predict)

    command("models", _models, "List the models there are.")
    return parser


def _lines(choices: dict[str, str]) -> str:
    return " ".join(f"{name}: {text}" for name, text in choices.items())


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="(%(default)s)")


def _train(chosen: argparse.Namespace) -> int:
    emit = _print_json if chosen.json else _Terminal()
    try:
        if chosen.run:
            return _train_as_child(Path(chosen.run), emit)
        fields = ("data", "mnist", "drawings", "epochs", "seconds", "batch_size", "optimizer")
        fields += ("learning_rate", "schedule", "dropout", "train_size", "augment", "seed", "name")
        fields += ("drawings_share", "styles")
        values = {field: getattr(chosen, field) for field in fields}
        _run_training(TrainConfig.of(chosen.network, **values), emit, threading.Event())
    except KeyboardInterrupt:
        emit(Failed(error="Interrupted: nothing was saved."))
        return 130
    except Exception as error:
        emit(Failed(error=_reason(error)))
        return 1
    return 0


def _run_training(chosen: TrainConfig, emit, stop: threading.Event) -> None:
    from classifier import training

    training.train(chosen, emit, stop)


def _reason(error: Exception) -> str:
    """One sentence; what nobody foresaw also leaves its trace on standard error."""
    foreseen = (ValueError, OSError, RuntimeError, FloatingPointError)
    if isinstance(error, MemoryError):
        return "There is not enough memory: use fewer images or a smaller batch."
    # Keras and TensorFlow raise these kinds too, from deep inside and in many lines.
    said = str(error).strip()
    if isinstance(error, foreseen) and said and "\n" not in said:
        return said
    import traceback

    traceback.print_exception(error)
    return f"{type(error).__name__}: {said.splitlines()[0][:300] if said else 'no message'}"


def _train_as_child(folder: Path, emit) -> int:
    """Train for `jobs`: the config from its folder, in its turn, until its standard input ends."""
    from classifier import jobs

    if hasattr(os, "nice"):
        os.nice(10)  # drawing goes before training
    stop = threading.Event()
    speaking = threading.RLock()
    learning = threading.Event()

    def speak(event: Event) -> None:
        with speaking:
            if isinstance(event, Progress) and event.stage == "training":
                learning.set()
            emit(event)

    def give_up() -> None:
        # Training looks at `stop` by itself; an import or a download does not.
        time.sleep(0.5)
        with speaking:
            if not learning.is_set():
                emit(Failed(error="Stopped before it had learned anything: nothing was saved."))
                os._exit(1)

    jobs.listen(stop, give_up)
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with jobs.turn(folder, speak, stop):
        _run_training(TrainConfig(**values), speak, stop)
    return 0


def _print_json(event: Event) -> None:
    sys.stdout.write(to_json(event) + "\n")
    sys.stdout.flush()


class _Terminal:
    """Shows a run's events on a terminal: a bar while it trains, a line for each epoch."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[accuracy]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1.0, accuracy="")

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(note=note) if note:
                self._console.print(note)
            case Progress():
                self._bar.start()
                text = STAGES[event.stage] + (f", epoch {event.epoch}" if event.epoch else "")
                accuracy = "" if event.accuracy is None else f"accuracy {event.accuracy:.2%}"
                self._bar.update(
                    self._task,
                    description=text,
                    completed=event.fraction or 0.0,
                    accuracy=accuracy,
                )
            case EpochEnded():
                self._console.print(
                    f"Epoch {event.epoch}: accuracy {event.accuracy:.2%}, "
                    f"on validation images {event.val_accuracy:.2%} ({event.seconds:.1f} s)"
                )
            case Finished():
                self._bar.stop()
                self._console.print(
                    f"Test accuracy {event.test_accuracy:.2%} on {event.test_images:,} digits it "
                    f"never saw, {event.train_accuracy:.2%} on those it trained on. "
                    f"Saved as {event.model}."
                )
            case Failed():
                self._bar.stop()
                print(f"Error: {event.error}", file=sys.stderr)


def _predictor(name: str):
    from classifier import predict, store

    return predict.Predictor(store.get(name).tflite())


def _evaluate(chosen: argparse.Namespace) -> int:
    import numpy as np

    from classifier import data, drawings, evaluation

    predictor = _predictor(chosen.model)
    readable = None
    if chosen.data == "mnist":
        dataset = data.mnist(chosen.mnist)
        images, labels = dataset.test_images, dataset.test_labels
    elif chosen.data == "generated":
        images, labels = data.generated_test()
    else:
        drawn = drawings.load(chosen.data)
        images, readable = data.to_network_inputs(drawn)
        labels = drawn.labels
    result = evaluation.evaluate(predictor.probabilities(images), labels, readable)
    if chosen.json:
        values = {
            "model": chosen.model,
            "data": chosen.data,
            "n": result.n,
            "accuracy": result.accuracy,
            "confusion": result.confusion.tolist(),
            "calibration_error": result.calibration_error,
            "flagged_not_a_digit": result.flagged_not_a_digit,
        }
        print(json.dumps(values))
        return 0
    print(f"{chosen.model} on {result.n:,} digits of {chosen.data}")
    print(f"  accuracy              {result.accuracy:.2%}")
    print(f"  calibration error     {result.calibration_error:.2%}")
    print(f"  flagged not a digit   {result.flagged_not_a_digit:.2%}")
    print("  confusion (row: the label, column: the answer)")
    for digit, row in enumerate(np.asarray(result.confusion)):
        print(f"    {digit}  " + " ".join(f"{count:5d}" for count in row))
    return 0


def _predict(chosen: argparse.Namespace) -> int:
    from classifier import pictures, predict, preprocess

    predictor = _predictor(chosen.model)
    entries, failed = [], False
    for path in chosen.paths:
        found = pictures.pictures_in(path)
        if not found:
            entries.append({"path": path, "error": f"{path} has no pictures in it."})
            failed = True
        for file in found:
            try:
                picture = pictures.read_picture(file)
            except pictures.UnreadablePictureError as error:
                entries.append({"path": str(file), "error": str(error)})
                failed = True
                continue
            said = predict.answer(predictor, preprocess.prepare(picture))
            row = said.probabilities
            entry = {
                "path": str(file),
                "digit": said.digit,
                "probabilities": None if row is None else [float(p) for p in row],
                "is_digit": said.is_digit,
            }
            if not said.is_digit:
                entry["reason"] = said.verdict.value
            entries.append(entry)
    if chosen.json:
        print(json.dumps(entries, ensure_ascii=False))
    else:
        for entry in entries:
            print(f"{entry['path']}: {_in_words(entry)}")
    return 1 if failed else 0


def _in_words(entry: dict) -> str:
    if "error" in entry:
        return f"error: {entry['error']}"
    if entry["digit"] is None:
        return entry["reason"]
    return f"{entry['digit']} ({max(entry['probabilities']):.1%})"


def _models(chosen: argparse.Namespace) -> int:
    from classifier import store

    models, problems = store.list_models()
    for problem in problems:
        print(f"Warning: {problem}", file=sys.stderr)
    entries = [
        {
            "name": model.name,
            "shipped": model.shipped,
            "network": model.meta["config"].get("network"),
            "data": model.meta["data"]["description"],
            "created": model.meta["created"],
            "metrics": model.meta["metrics"],
            "command": model.meta.get("command"),
        }
        for model in models
    ]
    if chosen.json:
        print(json.dumps(entries, ensure_ascii=False))
        return 0
    for model in models:
        origin = "shipped" if model.shipped else model.meta["created"][:16].replace("T", " ")
        print(
            f"{model.name:28} {model.test_accuracy:7.2%}  {origin:16}  "
            f"{model.meta['data']['description']}"
        )
    if not models:
        print(f"There are no models in {config.models_folder()}. Train one.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
