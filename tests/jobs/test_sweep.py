"""A sweep's runs are submitted as there is room for them, followed and stopped."""

import threading
from dataclasses import replace

import pytest

from classifier.config import TrainConfig
from classifier.events import Event, Failed, Finished
from classifier.jobs import sweep
from classifier.jobs.run import Run
from classifier.limits import LimitError
from classifier.rights import OPERATOR
from tests.jobs.test_run import Told, lines
from tests.test_events import FINISHED, STARTED

CONFIGS = [TrainConfig(seed=seed) for seed in range(5)]


class Scripted:
    """Carries out nothing: each run says one event more at each look, and then ends."""

    def __init__(self, side_by_side: int = 1, refuse_after: int = 99) -> None:
        self.side_by_side = side_by_side
        self._refuse_after = refuse_after
        self.submitted: list[tuple[TrainConfig, str]] = []
        self.on: set[int] = set()
        self.most_on = 0
        self.stopped: list[int] = []

    def submit(self, config, drawn=None, by=OPERATOR, *, host=False, sweep="") -> Run:
        if len(self.submitted) >= self._refuse_after:
            raise LimitError("No more.")
        number = len(self.submitted)
        self.submitted.append((config, sweep))
        self.on.add(number)
        self.most_on = max(self.most_on, len(self.on))
        return Run(f"run-{number}", _Work(self, number))


class _Work(Told):
    def __init__(self, jobs: Scripted, number: int) -> None:
        super().__init__()
        self._jobs, self._number, self._looks = jobs, number, 0

    def death(self) -> None:
        self._looks += 1
        was_stopped = self._number in self._jobs.stopped
        if self._looks == 1:
            self.text += lines(STARTED)
        elif self._looks == 4 or was_stopped:
            if self._number == 3:
                self.text += lines(Failed(error="Unlucky."))
            else:
                self.text += lines(replace(FINISHED, stopped=was_stopped, seconds=10.0))
            self._jobs.on.discard(self._number)

    def stop(self) -> None:
        self._jobs.stopped.append(self._number)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(sweep, "_LOOK_EVERY", 0.0)


def carried_out(jobs, stop=lambda: False, **more) -> tuple[str, dict[int, list[Event]]]:
    heard: dict[int, list[Event]] = {}

    def hear(number: int, run: Run, new: list[Event]) -> None:
        heard.setdefault(number, []).extend(new)

    why = sweep.carry_out(jobs, CONFIGS, OPERATOR, hear, stop, sweep="one", **more)
    return why, heard


@pytest.mark.parametrize("side_by_side", [1, 2, 9])
def test_all_runs_are_carried_out_as_many_at_a_time_as_there_is_room_for(side_by_side):
    jobs = Scripted(side_by_side)
    why, heard = carried_out(jobs)
    assert why == ""
    assert jobs.submitted == [(config, "one") for config in CONFIGS]
    assert jobs.most_on == min(side_by_side, len(CONFIGS))
    assert [type(events[-1]) for _, events in sorted(heard.items())] == [
        Finished,
        Finished,
        Finished,
        Failed,
        Finished,
    ]
    assert all(events[0] == STARTED for events in heard.values())
    assert jobs.stopped == []


def test_stop_ends_those_at_work_and_begins_no_more():
    jobs = Scripted(2)
    why, heard = carried_out(jobs, stop=lambda: len(jobs.submitted) >= 2)
    assert why == ""
    assert len(jobs.submitted) == 2
    assert jobs.stopped == [0, 1]
    assert all(events[-1].stopped for events in heard.values())


def test_what_cannot_be_begun_ends_it_after_those_at_work():
    jobs = Scripted(2, refuse_after=3)
    why, heard = carried_out(jobs)
    assert why == "No more."
    assert [type(events[-1]) for events in heard.values()] == [Finished] * 3
    assert jobs.stopped == []


def test_no_run_begins_after_so_many_seconds_of_training():
    jobs = Scripted()
    why, _ = carried_out(jobs, seconds=20)
    assert "20 seconds" in why
    assert len(jobs.submitted) == 2


def test_runs_that_nobody_follows_any_more_are_stopped():
    jobs, stop = Scripted(2), threading.Event()

    def hear(number: int, run: Run, new: list[Event]) -> None:
        if new:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.carry_out(jobs, CONFIGS, OPERATOR, hear, stop.is_set, sweep="one")
    assert jobs.stopped == [0, 1]
