"""`train`: a network from scratch, or on from a saved one; for a shell, and for `jobs`."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from classifier import files
from classifier.config import NETWORKS, SETTINGS, TrainConfig
from classifier.events import STAGES, EpochEnded, Event, Failed, Finished, Progress
from classifier.settings import Setting

Emit = Callable[[Event], None]
_KINDS = {"int": (int, "N"), "float": (float, "X"), "str": (str, "NAME")}  # and how help calls it
TEXT = "Train a network from scratch, test it and save it."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Its arguments on the command line."""
    for told in SETTINGS.values():
        if told.kind == "bool":
            parser.add_argument(
                told.option, action=argparse.BooleanOptionalAction, help=help_of(told)
            )
        elif told.choices:
            parser.add_argument(told.option, choices=told.choices, help=help_of(told))
        else:
            kind, metavar = _KINDS[told.kind]
            metavar = told.metavar or metavar
            parser.add_argument(
                told.option, dest=told.name, type=kind, metavar=metavar, help=help_of(told)
            )
    parser.add_argument("--run", metavar="FOLDER", help=argparse.SUPPRESS)  # see jobs


def help_of(told: Setting) -> str:
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
    from classifier.jobs import child

    emit: Emit = child.say if chosen.json else Terminal()
    with _interrupts() as stop:
        try:
            if chosen.run:
                child.carry_out(chosen.run, _get_ready, _planned)
                return 0
            settings = settings_of({name: getattr(chosen, name) for name in SETTINGS})
            _planned(settings)(emit, stop)
        except (KeyboardInterrupt, Exception) as error:
            if stop.is_set() or not isinstance(error, Exception):
                emit(Failed(error="Interrupted: nothing was saved."))
                return 130
            emit(Failed(error=_reason(error)))
            return 1
    return 0


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Is set by Ctrl-C, which also raises KeyboardInterrupt, as always; a library that is being
    imported may swallow that."""
    stop = threading.Event()

    def interrupt(*_: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def settings_of(values: dict[str, Any]) -> TrainConfig:
    """A run's settings from what the flags say, None where they say nothing. Raises ValueError, or
    as `store.get`."""
    others = {name: value for name, value in values.items() if name not in ("network", "base")}
    if values["base"] is None:
        return TrainConfig.of(values["network"] or "dense", **others)
    return _fine_tuning(values["base"], values["network"], others)


def _fine_tuning(base: str, network: str | None, values: dict[str, Any]) -> TrainConfig:
    from classifier.serving import store

    model = store.get(base)
    if values["drawings"] is None:
        raise ValueError("--from needs drawings to learn from: name a file with --drawings.")
    return TrainConfig.fine_tuning(
        base, model.meta.config, model.source, **values | {"network": network}
    )


def _get_ready() -> None:
    from classifier.learning import training

    training.load_keras(and_more=True)


def _planned(chosen: TrainConfig) -> Callable[..., None]:
    """What trains with these settings, on from the model that has the base's name now. Raises as
    `store.get`."""
    from classifier.serving import store

    base_id = "" if chosen.base is None else store.get(chosen.base).id

    def run(
        emit: Emit, stop: threading.Event, snapshots: Path | None = None, owner: str = ""
    ) -> None:
        from classifier.learning import training

        training.train(chosen, emit, stop, snapshots, owner, base_id)

    return run


def _reason(error: Exception) -> str:
    """One sentence; what nobody foresaw also leaves its trace on standard error."""
    from classifier.jobs import resources
    from classifier.serving import store

    foreseen = (ValueError, OSError, RuntimeError, FloatingPointError, store.ModelNotFoundError)
    # Keras and TensorFlow raise these kinds too, from deep inside and in many lines.
    said = str(error).strip()
    if isinstance(error, MemoryError) or resources.lacks_memory(said):
        return resources.NO_MEMORY
    if files.lacks_space(error):
        return resources.NO_SPACE
    if isinstance(error, foreseen) and said and "\n" not in said:
        return said
    import traceback

    traceback.print_exception(error)
    return f"{type(error).__name__}: {said.splitlines()[0][:300] if said else 'no message'}"


class Terminal:
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
                    self._task, description=text, completed=event.fraction or 0.0, accuracy=accuracy
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
