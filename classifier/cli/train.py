"""`train`: a network from scratch, or on from a saved one; for a shell, and for `jobs`."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from pathlib import Path

from classifier.cli.terminal import Terminal
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
from classifier.events import Event, Failed

TEXT = "Train a network from scratch, test it and save it."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What may be said to it."""
    networks = NETWORKS | {DETECTOR: "Tells digits from other drawings."}
    parser.add_argument("--network", choices=networks, help=f"(dense) {_lines(networks)}")
    parser.add_argument(
        "--from",
        dest="base",
        metavar="NAME",
        help="go on from this model, with --drawings and standards of its own",
    )
    parser.add_argument("--data", choices=DATA_SOURCES, help=_lines(DATA_SOURCES))
    parser.add_argument("--mnist", metavar="FILE.npz", help="MNIST in Keras' layout")
    parser.add_argument("--drawings", metavar="FILE.npz", help="drawings mixed into the data")
    parser.add_argument(
        "--drawings-share",
        type=float,
        metavar="SHARE",
        help="of an epoch's images (0.2, with --from 0.1)",
    )
    parser.add_argument(
        "--styles", type=float, metavar="SHARE", help="of an epoch's images are generated digits"
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help=f"passes over the images {_standard('epochs')}"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="training time, not epochs")
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help=f"images per step {_standard('batch_size')}"
    )
    parser.add_argument("--optimizer", choices=OPTIMIZERS, help=_lines(OPTIMIZERS))
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"step size {_standard('learning_rate')}"
    )
    parser.add_argument("--schedule", choices=SCHEDULES, help=_lines(SCHEDULES))
    parser.add_argument("--dropout", type=float, metavar="SHARE", help="0 to 0.95 (0)")
    units = ", ".join(f"{network} {number}" for network, number in HIDDEN_UNITS.items())
    parser.add_argument(
        "--hidden-units", type=int, metavar="N", help=f"of the hidden dense layer ({units})"
    )
    parser.add_argument("--activation", choices=ACTIVATIONS, help=_lines(ACTIVATIONS))
    parser.add_argument(
        "--shuffle-labels",
        action=argparse.BooleanOptionalAction,
        help="of the training images: nothing is left but to learn by heart",
    )
    parser.add_argument("--train-size", type=int, metavar="N", help="images used (all)")
    parser.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="vary the images; with --from, those alone that are mixed in",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="same seed, same result (0)")
    parser.add_argument("--name", help="of the saved model")
    parser.add_argument("--run", metavar="FOLDER", help=argparse.SUPPRESS)  # see jobs


def _lines(choices: dict[str, str]) -> str:
    return " ".join(f"{name}: {text}" for name, text in choices.items())


def _standard(field: str) -> str:
    """What each network has where nothing else is asked for."""
    return "(" + ", ".join(f"{n} {getattr(TrainConfig.of(n), field)}" for n in NETWORKS) + ")"


def command(chosen: argparse.Namespace) -> int:
    """Train, and return the exit status."""
    from classifier.jobs import child

    emit = child.say if chosen.json else Terminal()
    try:
        if chosen.run:
            child.carry_out(chosen.run, _load_keras, _run_training)
            return 0
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


def _load_keras() -> None:
    from classifier.learning import training

    training.load_keras()


def _run_training(
    chosen: TrainConfig,
    emit: Callable[[Event], None],
    stop: threading.Event,
    snapshots: Path | None = None,
) -> None:
    from classifier.learning import training

    training.train(chosen, emit, stop, snapshots)


def _reason(error: Exception) -> str:
    """One sentence; what nobody foresaw also leaves its trace on standard error."""
    from classifier.jobs import resources
    from classifier.serving import store

    foreseen = (ValueError, OSError, RuntimeError, FloatingPointError, store.ModelNotFoundError)
    # Keras and TensorFlow raise these kinds too, from deep inside and in many lines.
    said = str(error).strip()
    if isinstance(error, MemoryError) or resources.lacks_memory(said):
        return resources.NO_MEMORY
    if resources.lacks_space(error):
        return resources.NO_SPACE
    if isinstance(error, foreseen) and said and "\n" not in said:
        return said
    import traceback

    traceback.print_exception(error)
    return f"{type(error).__name__}: {said.splitlines()[0][:300] if said else 'no message'}"
