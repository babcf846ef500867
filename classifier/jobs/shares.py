"""A visitor's share of the processor: how long a run may be, and how many there may be."""

from classifier import files, limits
from classifier.config import TrainConfig, home
from classifier.jobs import queue
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


def check_room(by: Visitor, *, host: bool) -> None:
    """Raise LimitError if this visitor, or all together, have as many runs as they may.

    host: whether a class waits for it; such a run takes no place of the others, nor they its own
    """
    if by.operator:
        return
    allowed, alive = limits.current(), [queue.claim_of(one) for one in queue.alive()]
    if sum(one.owner == by.digest for one in alive) >= allowed.runs:
        raise LimitError("Your last run has not ended yet: stop it, or wait for it.")
    others = sum(not one.host for one in alive)
    if not host and others >= allowed.runs_total:
        raise LimitError(f"{others} runs wait already: try again when some have ended.")
    if files.bytes_in(home()) > 1e6 * allowed.stored_megabytes:
        raise LimitError(
            f"All that may be stored here is taken, {allowed.stored_megabytes:,} MB: delete models "
            "first, or ask who runs this page."
        )
