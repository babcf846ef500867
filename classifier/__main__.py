"""The command line: train, evaluate, predict, models.

Each command imports what it needs when it runs, so that `predict` never waits for TensorFlow.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import threading
import time
from pathlib import Path

from classifier import config
from classifier.config import (
    ACTIVATIONS,
    DATA_SOURCES,
    DETECTOR,
    HIDDEN_UNITS,
    NETWORKS,
    OPTIMIZERS,
    SCHEDULES,
    TrainConfig,
)
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
    train.add_argument("--network", choices=networks, help=f"(dense) {_lines(networks)}")
    train.add_argument(
        "--from",
        dest="base",
        metavar="NAME",
        help="go on from this model, with --drawings and standards of its own",
    )
    train.add_argument("--data", choices=DATA_SOURCES, help=_lines(DATA_SOURCES))
    train.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")
    train.add_argument("--drawings", metavar="FILE.npz", help="drawings mixed into the data")
    train.add_argument(
        "--drawings-share",
        type=float,
        metavar="SHARE",
        help="of an epoch's images (0.2, with --from 0.1)",
    )
    train.add_argument(
        "--styles", type=float, metavar="SHARE", help="of an epoch's images are generated digits"
    )
    train.add_argument(
        "--epochs", type=int, metavar="N", help=f"passes over the images {_standard('epochs')}"
    )
    train.add_argument("--seconds", type=float, metavar="S", help="training time, not epochs")
    train.add_argument(
        "--batch-size", type=int, metavar="N", help=f"images per step {_standard('batch_size')}"
    )
    train.add_argument("--optimizer", choices=OPTIMIZERS, help=_lines(OPTIMIZERS))
    train.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"step size {_standard('learning_rate')}"
    )
    train.add_argument("--schedule", choices=SCHEDULES, help=_lines(SCHEDULES))
    train.add_argument("--dropout", type=float, metavar="SHARE", help="0 to 0.95 (0)")
    units = ", ".join(f"{network} {number}" for network, number in HIDDEN_UNITS.items())
    train.add_argument(
        "--hidden-units", type=int, metavar="N", help=f"of the hidden dense layer ({units})"
    )
    train.add_argument("--activation", choices=ACTIVATIONS, help=_lines(ACTIVATIONS))
    train.add_argument(
        "--shuffle-labels",
        action=argparse.BooleanOptionalAction,
        help="of the training images: nothing is left but to learn by heart",
    )
    train.add_argument("--train-size", type=int, metavar="N", help="images used (all)")
    train.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="vary the images; with --from, those alone that are mixed in",
    )
    train.add_argument("--seed", type=int, metavar="N", help="same seed, same result (0)")
    train.add_argument("--name", help="of the saved model")
    train.add_argument("--run", metavar="FOLDER", help=argparse.SUPPRESS)  # see jobs

    evaluate = command("evaluate", _evaluate, "Judge models on labelled digits.")
    evaluate.add_argument(
        "--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME", help=f"({DEFAULT_MODEL})"
    )
    evaluate.add_argument(
        "--data",
        nargs="+",
        default=["mnist"],
        metavar="mnist|generated|FILE.npz",
        help="what to judge them on",
    )
    evaluate.add_argument(
        "--robust", action="store_true", help="repeat it over sizes, places, pens and turns"
    )
    _add_detector(evaluate)
    evaluate.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")

    predict = command("predict", _predict, "Say which digit is on each picture.")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders")
    _add_model(predict)
    _add_detector(predict)

    command("models", _models, "List the models there are.")
    return parser


def _lines(choices: dict[str, str]) -> str:
    return " ".join(f"{name}: {text}" for name, text in choices.items())


def _standard(field: str) -> str:
    """What each network has where nothing else is asked for."""
    return "(" + ", ".join(f"{n} {getattr(TrainConfig.of(n), field)}" for n in NETWORKS) + ")"


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="(%(default)s)")


def _add_detector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector", default=DETECTOR, metavar="NAME", help="tells what is no digit (%(default)s)"
    )


def _train(chosen: argparse.Namespace) -> int:
    emit = _print_json if chosen.json else _Terminal()
    try:
        if chosen.run:
            return _train_as_child(chosen.run, emit)
        fields = ("data", "mnist", "drawings", "epochs", "seconds", "batch_size", "optimizer")
        fields += ("learning_rate", "schedule", "dropout", "train_size", "augment", "seed", "name")
        fields += ("drawings_share", "styles", "hidden_units", "activation", "shuffle_labels")
        values = {field: getattr(chosen, field) for field in fields}
        settings = (
            TrainConfig.of(chosen.network or "dense", **values)
            if chosen.base is None
            else _fine_tuning(chosen.base, chosen.network, values)
        )
        _run_training(settings, emit, threading.Event())
    except KeyboardInterrupt:
        emit(Failed(error="Interrupted: nothing was saved."))
        return 130
    except Exception as error:
        emit(Failed(error=_reason(error)))
        return 1
    return 0


def _fine_tuning(base: str, network: str | None, values: dict) -> TrainConfig:
    from classifier.serving import store

    model = store.get(base)
    if values["drawings"] is None:
        raise ValueError("--from needs drawings to learn from: name a file with --drawings.")
    return TrainConfig.fine_tuning(
        base, model.meta["config"], model.source, **values | {"network": network}
    )


def _run_training(
    chosen: TrainConfig, emit, stop: threading.Event, snapshots: Path | None = None
) -> None:
    from classifier.learning import training

    training.train(chosen, emit, stop, snapshots)


def _reason(error: Exception) -> str:
    """One sentence; what nobody foresaw also leaves its trace on standard error."""
    from classifier.jobs import local
    from classifier.serving import store

    foreseen = (ValueError, OSError, RuntimeError, FloatingPointError, store.ModelNotFoundError)
    # Keras and TensorFlow raise these kinds too, from deep inside and in many lines.
    said = str(error).strip()
    if isinstance(error, MemoryError) or local.lacks_memory(said):
        return local.NO_MEMORY
    if isinstance(error, foreseen) and said and "\n" not in said:
        return said
    import traceback

    traceback.print_exception(error)
    return f"{type(error).__name__}: {said.splitlines()[0][:300] if said else 'no message'}"


def _train_as_child(run: str, emit) -> int:
    """Train for `jobs`: the config from the run's folder, in its turn, until its standard input
    ends."""
    from classifier.jobs import local

    def get_ready() -> None:
        from classifier.learning import training

        training.load_keras()

    local.step_back()
    folder = local.await_run(run, get_ready)
    if folder is None:
        return 0
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

    local.listen(stop, give_up)
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with local.turn(folder, speak, stop):
        _run_training(TrainConfig(**values), speak, stop, local.snapshots_of(folder.name))
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
    from classifier.serving import predict, store

    predictor = predict.Predictor(store.get(name).tflite())
    if predictor.classes != config.CLASSES:
        raise ValueError(f"{name} reads no digits: it has {predictor.classes} classes.")
    return predictor


def _detector(name: str):
    """The detector of that name; None if there is none of the standard name."""
    from classifier.serving import predict, store

    try:
        saved = store.get(name)
    except store.ModelNotFoundError:
        if name == DETECTOR:
            return None
        raise
    if "detector" not in saved.meta:
        raise ValueError(f"{name} is no detector: train one with --network {DETECTOR}.")
    return predict.Detector(saved.tflite(), **saved.meta["detector"])


def _evaluate(chosen: argparse.Namespace) -> int:
    detector = _detector(chosen.detector)
    judge = _robust if chosen.robust else _judge
    results = [
        judge(model, _predictor(model), detector, data, chosen.mnist)
        for data in chosen.data
        for model in chosen.model
    ]
    if chosen.json:
        print(json.dumps(results[0] if len(results) == 1 else results))
        return 0
    rows = results if not chosen.robust else [row for rows in results for row in rows["rows"]]
    print_table([{key: _cell(key, row[key]) for key in row if key != "confusion"} for row in rows])
    if len(results) == 1 and not chosen.robust and results[0]["n"]:
        print("\nConfusion (row: the label, column: the answer)")
        for digit, row in enumerate(results[0]["confusion"]):
            print(f"  {digit}  " + " ".join(f"{count:5d}" for count in row))
    return 0


def _judge(model: str, predictor, detector, source: str, mnist: str | None) -> dict:
    """The figures of one model on one set of digits."""
    import numpy as np

    from classifier.data import sources
    from classifier.ink import drawings
    from classifier.serving import evaluation

    readable = writer = None
    if source == "mnist":
        dataset = sources.mnist(mnist)
        images, labels = dataset.test_images, dataset.test_labels
    elif source == "generated":
        images, labels = sources.generated_test()
    else:
        drawn = drawings.load(source, symbols=True)
        images, readable = sources.to_network_inputs(drawn)
        labels, writer = drawn.labels, getattr(drawn, "writer", None)
    is_digit = detector and np.array([kind is None for kind in detector.kinds(images)])
    result = evaluation.evaluate(
        predictor.probabilities(images), labels, readable, is_digit=is_digit, writer=writer
    )
    values = dataclasses.asdict(result) | {"confusion": result.confusion.tolist()}
    return {"model": model, "data": source, **values}


def _robust(model: str, predictor, detector, source: str, mnist: str | None) -> dict:
    """The accuracy of one model on drawings in other sizes, places, pens and turns."""
    from classifier.ink import drawings
    from classifier.serving import robustness

    if source in ("mnist", "generated"):
        raise ValueError("--robust draws strokes anew: name a file of drawings with --data.")
    drawn = drawings.load(source)
    if not isinstance(drawn, drawings.Drawings):
        raise ValueError(f"{source} has images: --robust needs strokes.")
    rows = [
        {"model": model, "data": source, **row}
        for row in robustness.measure(drawn, predictor, detector)
    ]
    return {"model": model, "data": source, "rows": rows, **robustness.spread(rows)}


def _cell(name: str, value: object) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " – ".join(_cell(name, part) for part in value)
    return f"{value * 100:.2f} %" if isinstance(value, float) else f"{value}"


def print_table(rows: list[dict[str, str]]) -> None:
    """Rows of the same columns, in Markdown; columns that are empty throughout are left out."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    table = [[name.replace("_", " ") for name in names], *[[row[n] for n in names] for row in rows]]
    widths = [max(len(line[k]) for line in table) for k in range(len(names))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        print("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |")


def _predict(chosen: argparse.Namespace) -> int:
    from classifier.ink import pictures, preparing
    from classifier.serving import predict

    predictor, detector = _predictor(chosen.model), _detector(chosen.detector)
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
            said = predict.answer(predictor, preparing.prepare(picture), detector)
            row = said.probabilities
            entry = {
                "path": str(file),
                "digit": said.digit,
                "probabilities": None if row is None else [float(p) for p in row],
                "is_digit": said.is_digit,
            }
            if not said.is_digit:
                kind = said.kind and f"Rather {config.KINDS[said.kind]} than a digit."
                entry["reason"] = kind or said.verdict.value
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
    if not entry["is_digit"]:
        return entry["reason"]
    return f"{entry['digit']} ({max(entry['probabilities']):.1%})"


def _models(chosen: argparse.Namespace) -> int:
    from classifier.serving import store

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
