"""`sweep`: `train` with several values of its settings and several seeds, and what they come to."""

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from classifier.cli import train
from classifier.config import SETTINGS, TrainConfig
from classifier.events import STAGES, Event, Failed, Finished, Progress, to_json
from classifier.jobs import grid, sweep
from classifier.jobs.grid import Row
from classifier.jobs.local import LocalJobs
from classifier.jobs.run import Run
from classifier.rights import OPERATOR

TEXT = "Train with several values of the settings and several seeds, and compare them."
_SWEEP = "of-the-shell"  # what its runs say they belong to
Hear = Callable[[int, Event], None]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Those of `train`, each for several values with commas between them."""
    for told in SETTINGS.values():
        text = train.help_of(told)
        if told.kind == "bool":
            parser.add_argument(
                told.option, dest=told.name, nargs="?", const="yes", metavar="yes,no", help=text
            )
            no = told.option.replace("--", "--no-", 1)
            parser.add_argument(no, dest=told.name, action="store_const", const="no")
        else:
            has_list = told.choices or told.kind != "str"
            metavar = "A,B,…" if has_list else told.metavar or "NAME"
            parser.add_argument(told.option, dest=told.name, metavar=metavar, help=text)
    parser.add_argument(
        "--random",
        type=int,
        metavar="N",
        help="try so many of the combinations, chosen at random, each with every seed (all)",
    )


def command(chosen: argparse.Namespace) -> int:
    """Carry out the sweep, and return the exit status: 1 if a run failed, 130 if interrupted."""
    try:
        values, configs = _planned(chosen)
    except (LookupError, ValueError, OSError) as error:
        if not chosen.json:
            raise
        print(to_json(Failed(error=str(error))))
        return 1
    accuracies: list[float | None] = [None] * len(configs)
    failed = False

    def hear(number: int, run: Run, new: list[Event]) -> None:
        nonlocal failed
        failed = failed or isinstance(run.end, Failed)
        if run.result and not run.result.stopped:
            accuracies[number] = run.result.test_accuracy
        for event in new:
            show(number, event)

    show: Hear = _print_json if chosen.json else Terminal([grid.in_words(one) for one in values])
    with _interrupts() as interrupted:
        why = sweep.carry_out(
            LocalJobs(), configs, OPERATOR, hear, interrupted.is_set, sweep=_SWEEP
        )
    rows = grid.rows(list(zip(values, accuracies, strict=True)))
    if isinstance(show, Terminal):
        show.close(rows)
    else:
        _say({"event": "sweep", "results": [_as_json(row) for row in rows]})
    if why:
        print(f"Error: {why}", file=sys.stderr)
    if interrupted.is_set():
        return 130
    return int(failed or bool(why))


def _planned(chosen: argparse.Namespace) -> tuple[list[dict[str, grid.Value]], list[TrainConfig]]:
    """What differs between the runs, and the settings of each. Raises ValueError, or as
    `store.get`."""
    lists = {
        field: grid.values_of(field, text)
        for field in SETTINGS
        if (text := getattr(chosen, field)) is not None
    }
    same = {field: found[0] for field, found in lists.items() if len(found) == 1}
    varied = {field: found for field, found in lists.items() if len(found) > 1}
    varied[grid.SEED] = lists.get(grid.SEED, [TrainConfig().seed])
    if same.get("drawings"):  # a run is carried out in a folder of its own
        same["drawings"] = str(Path(str(same["drawings"])).absolute())
    values = grid.combinations(varied, chosen.random)
    nothing: dict[str, Any] = dict.fromkeys(SETTINGS)
    configs = []
    for number, one in enumerate(values, 1):
        config = train.settings_of(nothing | same | one)
        if config.name is not None:
            config = replace(config, name=f"{config.name}-{number}")
        configs.append(config if config.title else grid.titled(config, one))
    return values, configs


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Is set by the first Ctrl-C, by which all runs end early; the second one waits for none."""
    interrupted = threading.Event()

    def note(number: int, _: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _print_json(number: int, event: Event) -> None:
    _say({"run": number + 1, **json.loads(to_json(event))})


def _say(values: dict[str, Any]) -> None:
    print(json.dumps(values, ensure_ascii=False), flush=True)


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "settings": dict(row.values),
        "test_accuracies": {str(seed): one for seed, one in row.accuracies.items()},
        "mean": row.mean,
        "spread": row.spread,
    }


class Terminal:
    """Shows a sweep on a terminal: a bar for each run that is on, a line for each that has ended,
    and a table at the end."""

    def __init__(self, names: Sequence[str]) -> None:
        """names: what tells each run from the others, in words"""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._console = Console(highlight=False)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[stage]}"),
            console=self._console,
            transient=True,
        )
        self._names = [f"{n} of {len(names)}: {name}" for n, name in enumerate(names, 1)]
        self._tasks: dict[int, Any] = {}

    def __call__(self, number: int, event: Event) -> None:
        """Show what is new of the run of that number, from 0."""
        self._bars.start()
        if number not in self._tasks:
            self._tasks[number] = self._bars.add_task(self._names[number], total=1.0, stage="")
        match event:
            case Progress():
                stage = STAGES[event.stage] + (f", epoch {event.epoch}" if event.epoch else "")
                done = event.fraction or 0.0
                self._bars.update(self._tasks[number], completed=done, stage=stage)
            case Finished(test_accuracy=accuracy, stopped=stopped):
                early = ", stopped early" if stopped else ""
                self._end(number, f"test accuracy {accuracy:.2%}{early}")
            case Failed(error=error):
                self._end(number, error)

    def _end(self, number: int, words: str) -> None:
        self._bars.remove_task(self._tasks[number])
        self._console.print(f"{self._names[number]}: {words}", markup=False)

    def close(self, rows: Sequence[Row]) -> None:
        """The table of what all came to."""
        from rich.table import Table

        self._bars.stop()
        table = Table()
        for field in rows[0].values:
            table.add_column(grid.label_of(field))
        for title in ("runs", "mean test accuracy", "spread over seeds"):
            table.add_column(title, justify="right")
        for row in rows:
            table.add_row(*map(grid.text_of, row.values.values()), *_figures(row))
        self._console.print(table)


def _figures(row: Row) -> tuple[str, str, str]:
    """How many runs of a setting have finished, their mean and their spread, in words."""
    mean = "–" if row.mean is None else f"{row.mean:.2%}"
    spread = "–" if row.spread is None else f"± {100 * row.spread:.2f} points"
    return str(len(row.accuracies)), mean, spread
