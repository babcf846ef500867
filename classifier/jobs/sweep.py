"""A sweep: runs with different settings and seeds, as many at a time as there is room for.

It uses the interface of `jobs` alone: it submits a run, follows it, and stops it. A run is
submitted when there is room for it, so that one that waits for others of its sweep costs nothing.
Knows nothing of visitors' shares, nor of what a server keeps of a sweep.
"""

import math
import time
from collections.abc import Callable, Sequence

from classifier.config import TrainConfig
from classifier.events import Event
from classifier.jobs.run import JobError, Jobs, Run
from classifier.limits import LimitError
from classifier.rights import NotAllowedError, Visitor

_LOOK_EVERY = 0.2  # seconds between two looks at the runs


def carry_out(
    jobs: Jobs,
    configs: Sequence[TrainConfig],
    by: Visitor,
    hear: Callable[[int, Run, list[Event]], None],
    stop: Callable[[], bool],
    *,
    sweep: str,
    seconds: float = math.inf,
) -> str:
    """Carry out runs with these settings. Returns why no more of them were begun, where something
    else than `stop` was in the way; "" otherwise.

    hear: is told a run's number, from 0, and what is new of it; first nothing, when it is submitted
    stop: whether all shall end early, keeping what they have learned
    sweep: its id; seconds: of training after which no more runs begin
    """
    waiting, at_work = list(enumerate(configs)), dict[int, Run]()
    trained, why, is_stopping = 0.0, "", False
    try:
        while waiting or at_work:
            if stop() and not is_stopping:
                is_stopping, waiting = True, []
                for run in at_work.values():
                    run.stop(by)
            while waiting and len(at_work) < jobs.side_by_side:
                number, config = waiting.pop(0)
                try:
                    if trained >= seconds:
                        raise LimitError(
                            f"A sweep may train {seconds:,.0f} seconds here, and then begins no "
                            "more runs."
                        )
                    at_work[number] = jobs.submit(config, None, by, sweep=sweep)
                except (JobError, LimitError, NotAllowedError) as error:
                    why, waiting = str(error), []
                    break
                hear(number, at_work[number], [])
            for number, run in list(at_work.items()):
                if new := run.look():
                    hear(number, run, new)
                if run.end is not None:
                    del at_work[number]
                    trained += run.result.seconds if run.result else 0.0
            if at_work:
                time.sleep(_LOOK_EVERY)
    finally:
        for run in at_work.values():  # nobody follows them any more
            run.stop(by)
    return why
