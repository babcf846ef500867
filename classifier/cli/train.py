"""`train`: a network from scratch, or on from a saved one; for a shell, and for `jobs`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.cli.terminal import Terminal
from classifier.config import NETWORKS, SETTINGS, TrainConfig
from classifier.events import Event, Failed, Progress, to_json
from classifier.settings import Setting

Emit = Callable[[Event], None]
_KINDS = {"int": (int, "N"), "float": (float, "X"), "str": (str, "NAME")}  # and how help calls it
TEXT = "Train a network from scratch, test it and save it."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What may be said to it."""
    for told in SETTINGS.values():
        if told.kind == "bool":
            parser.add_argument(
                told.option, action=argparse.BooleanOptionalAction, help=_help(told)
            )
        elif told.choices:
            parser.add_argument(told.option, choices=told.choices, help=_help(told))
        else:
            kind, metavar = _KINDS[told.kind]
            metavar = told.metavar or metavar
            parser.add_argument(
                told.option, dest=told.name, type=kind, metavar=metavar, help=_help(told)
            )
    parser.add_argument("--run", metavar="FOLDER", help=argparse.SUPPRESS)  # see jobs


def _help(told: Setting) -> str:
    """What a setting does, or what each choice means; and what each network has where nothing else
    is asked for."""
    text = told.help or " ".join(f"{name}: {text}" for name, text in told.choices.items())
    standards = {
        name: getattr(TrainConfig.of(name), told.name) for name in told.networks or NETWORKS
    }
    if told.name == "network" or told.kind == "bool" or None in standards.values():
        return text
    if len(set(standards.values())) == 1:
        return f"{text} ({standards.popitem()[1]})"
    return f"{text} ({', '.join(f'{name} {value}' for name, value in standards.items())})"


def command(chosen: argparse.Namespace) -> int:
    """Train, and return the exit status."""
    emit: Emit = _print_json if chosen.json else Terminal()
    try:
        if chosen.run:
            return _train_as_child(chosen.run, emit)
        values = {name: getattr(chosen, name) for name in SETTINGS.keys() - {"network", "base"}}
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


def _fine_tuning(base: str, network: str | None, values: dict[str, Any]) -> TrainConfig:
    from classifier.serving import store

    model = store.get(base)
    if values["drawings"] is None:
        raise ValueError("--from needs drawings to learn from: name a file with --drawings.")
    return TrainConfig.fine_tuning(
        base, model.meta.config, model.source, **values | {"network": network}
    )


def _run_training(
    chosen: TrainConfig, emit: Emit, stop: threading.Event, snapshots: Path | None = None
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


def _train_as_child(run: str, emit: Emit) -> int:
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
