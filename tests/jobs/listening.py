"""What tests of runs share: waiting, and listening to a run."""

import time
from collections.abc import Callable, Sequence

from classifier.events import Event, Failed, Finished
from classifier.jobs.run import Run

PATIENCE = 150  # seconds: TensorFlow's import alone may take ten on a busy machine


def wait_for(
    condition: Callable[[], object],
    what: str,
    seconds: float = PATIENCE,
    follow: Sequence[Run] = (),
) -> None:
    """Poll until the condition holds, and follow these runs meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        for run in follow:
            run.look()
        if condition():
            return
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} seconds"
        time.sleep(0.02)


class Listener(Run):
    """Follows one run and keeps all that it says."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.id, run._work, run.owner)
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        super().add(event)
        self.events.append(event)

    def first(self, *kinds: type, stage: str | None = None) -> Event | None:
        """The first event of a kind, if it has come."""
        self.look()
        fits = (e for e in self.events if isinstance(e, kinds))
        return next((e for e in fits if stage in (None, getattr(e, "stage", None))), None)

    def has(self, *kinds: type, stage: str | None = None) -> bool:
        """Whether an event of a kind has come."""
        return self.first(*kinds, stage=stage) is not None

    def until(self, *kinds: type, stage: str | None = None) -> Event:
        """The first event of a kind, when it has come."""
        wait_for(lambda: self.has(*kinds, stage=stage) or self.end, f"{kinds} {stage}")
        event = self.first(*kinds, stage=stage)
        assert event is not None, self.end
        return event

    def last(self) -> Event:
        """The last event, once the run has ended."""
        wait_for(lambda: self.has(Finished, Failed), "the end")
        return self.events[-1]
