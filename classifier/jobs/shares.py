"""A visitor's share of the processor: how long a run may be, and how many there may be."""

from collections.abc import Collection, Sequence

from classifier import files, limits
from classifier.config import TrainConfig, home
from classifier.jobs.queue import Claim
from classifier.limits import LimitError
from classifier.rights import Visitor


def check_length(config: TrainConfig, by: Visitor) -> None:
    """Raise LimitError if a run asks for more than one run may have here."""
    allowed = limits.current()
    if by.operator:
        return
    if config.seconds is not None and config.seconds > allowed.run_seconds:
        raise LimitError(f"A run may train {allowed.run_seconds:,} seconds here: choose fewer.")
    if config.epochs is not None and config.epochs > allowed.run_epochs:
        raise LimitError(f"A run may have {allowed.run_epochs:,} epochs here: choose fewer.")


def check_sweep(configs: Sequence[TrainConfig], by: Visitor) -> None:
    """Raise LimitError if a sweep has more runs than one may have here, or one asks for more than a
    run may have."""
    allowed = limits.current().sweep_runs
    if len(configs) > allowed and not by.operator:
        raise LimitError(f"That is {len(configs)} runs: a sweep may have {allowed} here.")
    for config in configs:
        check_length(config, by)


def check_room(
    by: Visitor, alive: Collection[Claim], sweeps: Sequence[str], *, host: bool, sweep: str = ""
) -> None:
    """Raise LimitError if this visitor, or all together, have as many runs as they may. A sweep
    counts as one run, for its visitor from its beginning to its end.

    alive: of the runs that wait or are at work; sweeps: the visitor's that are on, by their ids
    host: whether a class waits for it; such a run takes no place of the others, nor they its own
    sweep: of which sweep it is a run, whose place it has
    """
    if by.operator:
        return
    allowed = limits.current()
    own = [one for one in alive if one.owner == by.digest]
    others_on = {*sweeps, *(one.sweep for one in own)} - {"", sweep}
    if others_on and len(others_on) >= allowed.runs:
        raise LimitError("Your sweep has not ended yet: stop it under Runs, or wait for it.")
    if len(others_on) + sum(not one.sweep for one in own) >= allowed.runs:
        raise LimitError("Your last run has not ended yet: stop it, or wait for it.")
    others = len({one.sweep or number for number, one in enumerate(alive) if not one.host})
    if not host and not sweep and others >= allowed.runs_total:
        raise LimitError(f"{others} runs wait already: try again when some have ended.")
    if files.bytes_in(home()) > 1e6 * allowed.stored_megabytes:
        raise LimitError(
            f"All that may be stored here is taken, {allowed.stored_megabytes:,} MB: delete models "
            "first, or ask who runs this page."
        )
