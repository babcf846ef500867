"""Sweeps of visitors: their share, their turn; found again, stopped, gone with their server. With
records in files, and in a database."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from classifier.config import PROJECT, TrainConfig, runs_folder
from classifier.database import interface
from classifier.database.interface import CollectionError
from classifier.database.transactions import transaction
from classifier.jobs import board as board_module
from classifier.jobs import grid, local, queue, shelf
from classifier.jobs.board import Board
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.shared import BoardShelf, SharedJobs
from classifier.jobs.sweeps import Sweep, Sweeps, SweepState
from classifier.limits import LimitError
from classifier.people import visitors
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from tests.jobs.quick import quick  # noqa: F401

ONE, OTHER = visitors.visitor_of("1" * 32), visitors.visitor_of("2" * 32)
BASE = TrainConfig(name="quick")


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def page_server() -> Sweeps:
    """What one more page server has."""
    if not interface.url():
        return Sweeps(LocalJobs())
    board = Board()
    return Sweeps(SharedJobs(board), BoardShelf(board))


@pytest.fixture
def servers(quick, engine) -> Iterator[Callable[[], Sweeps]]:  # noqa: F811
    """Begins page servers whose runs learn nothing; what they begin is stopped."""
    begun: list[Sweeps] = []

    def begin() -> Sweeps:
        begun.append(page_server())
        return begun[-1]

    yield begin
    for one in begun:
        for sweep in one.all(OPERATOR):
            one.stop(sweep, OPERATOR)
        one._jobs.close()
    for one in begun:
        until(lambda one=one: not one.all(OPERATOR), "the end of all sweeps")
        if isinstance(one._jobs, SharedJobs):
            one._jobs._board.close()
    until(lambda: not queue.alive(), "the end of all runs")


@pytest.fixture
def there(servers) -> Sweeps:
    return servers()


def plan(seeds: int = 3, **settings: object) -> tuple[list[TrainConfig], list[dict]]:
    values = grid.combinations({"seed": range(1, seeds + 1)})
    return [replace(BASE, **settings, **one) for one in values], values


def ended(there: Sweeps, by: Visitor = ONE) -> Sweep:
    until(lambda: not there.of(by).is_on, "the end of the sweep")
    return there.of(by)


def at_work(there: Sweeps, by: Visitor = ONE) -> str:
    """The run of a sweep that trains now, once one does."""

    def on() -> list[str]:
        return [
            part.run
            for part in there.of(by).record.parts
            if part.run and not part.is_over and queue._at_work() == part.run
        ]

    until(on, "a run's turn")
    return on()[0]


def test_a_sweep_is_carried_out_and_its_figures_are_found_by_its_owner_alone(
    there, servers, monkeypatch
):
    most, start = [0], local._start

    def counted(*arguments):
        here = getattr(there._jobs, "_here", there._jobs)
        alive = [one for one in here._children.values() if one.poll() is None]
        most[0] = max(most[0], len(alive))
        return start(*arguments)

    monkeypatch.setattr(local, "_start", counted)
    begun = there.start(*plan(3), ONE)
    assert begun.state is SweepState.RUNNING
    sweep = ended(there)
    assert sweep.id == begun.id
    assert sweep.state is SweepState.FINISHED
    (row,) = sweep.rows
    assert row.accuracies == pytest.approx({1: 0.91, 2: 0.92, 3: 0.93})
    assert row.spread == pytest.approx(0.01)
    assert [part.model for part in sweep.record.parts] == [f"quick-0.001-{n}" for n in (1, 2, 3)]
    assert sweep.seconds_left == 0
    assert sweep.record.settings["network"] == "dense"
    assert "seed" not in sweep.record.settings
    assert most[0] <= 1, "a run's process starts when the one before has said its last word"
    assert there.of(OTHER) is None
    assert servers().of(ONE) == sweep, "another server finds it"
    assert queue.sweeps_on() == []
    assert list((runs_folder() / ".queue").glob("*.sweep")) == []


def test_a_sweep_counts_as_the_one_run_of_its_visitor(there):
    there.start(*plan(3), ONE)
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        there._jobs.submit(BASE, None, ONE)
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        there.start(*plan(2), ONE)
    at_work(there)
    assert there._jobs.of(ONE) is None, "the sidebar follows none of its runs"
    run = there._jobs.submit(BASE, None, OTHER)
    assert there._jobs.of(OTHER).id == run.id
    with pytest.raises(LimitError, match="Your last run"):
        there.start(*plan(2), OTHER)
    assert ended(there).state is SweepState.FINISHED
    until(lambda: not queue.alive(), "the end of the other run")
    there._jobs.submit(BASE, None, ONE)


def test_a_sweep_may_have_so_many_runs_each_as_long_as_a_run_may_be(there, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_SWEEP_RUNS", "2")
    with pytest.raises(LimitError, match="3 runs: a sweep may have 2"):
        there.start(*plan(3), ONE)
    with pytest.raises(LimitError, match="600 seconds"):
        there.start(*plan(2, epochs=None, seconds=601.0), ONE)
    monkeypatch.setenv("DIGIT_CLASSIFIER_SWEEP_SECONDS", "1")
    there.start(*plan(2), ONE)
    sweep = ended(there)
    assert sweep.state is SweepState.CUT_SHORT
    assert "1 second" in sweep.record.why
    assert [part.is_over for part in sweep.record.parts] == [True, False]


def test_another_visitors_run_goes_between_two_of_a_sweep(there):
    there.start(*plan(3), ONE)
    first = at_work(there)
    other = there._jobs.submit(BASE, None, OTHER)
    sweep = ended(there)
    turns = {one: (runs_folder() / one / "trained").stat().st_mtime_ns for one in (first, other.id)}
    second = sweep.record.parts[1].run
    turns[second] = (runs_folder() / second / "trained").stat().st_mtime_ns
    assert turns[first] < turns[other.id] < turns[second]


def test_stop_ends_all_and_keeps_what_is_done(there, servers):
    configs, values = plan(3)
    configs[1] = replace(configs[1], epochs=None, seconds=60.0)
    there.start(configs, values, ONE)
    until(lambda: there.of(ONE).record.parts[0].is_over, "the first run's end")
    at_work(there)
    until(lambda: there.of(ONE).record.parts[1].run, "the second run")
    with pytest.raises(NotAllowedError):
        there.stop(there.of(ONE), OTHER)
    assert there.of(ONE).state is SweepState.RUNNING
    other_server = servers()
    begun = time.monotonic()
    other_server.stop(other_server.of(ONE), ONE)
    assert other_server.of(ONE).state is SweepState.STOPPING
    until(lambda: there.of(ONE).state is not SweepState.RUNNING, "the request")
    assert time.monotonic() - begun < 2
    sweep = ended(there)
    assert time.monotonic() - begun < 20
    assert sweep.state is SweepState.STOPPED
    first, second, third = sweep.record.parts
    assert first.accuracy == pytest.approx(0.91)
    assert second.is_over
    assert second.accuracy is None
    assert not third.run
    there.stop(sweep, ONE)
    assert there.of(ONE).state is SweepState.STOPPED
    assert there.start(*plan(1), ONE).state is SweepState.RUNNING, "its share is free again"


def test_a_run_that_fails_is_told_and_the_others_go_on(there):
    configs, values = plan(3)
    configs[1] = replace(configs[1], batch_size=13)
    there.start(configs, values, ONE)
    sweep = ended(there)
    assert sweep.state is SweepState.FINISHED
    assert [part.error for part in sweep.record.parts] == ["", "13 is unlucky.", ""]
    assert len(sweep.rows[0].accuracies) == 2


SERVER = """
import sys, time
from classifier.jobs import board, local
from tests.jobs import quick, test_sweeps
local._start = quick._start
board._BEAT = 0.5
test_sweeps.page_server().start(
    *test_sweeps.plan(3, epochs=None, seconds=60.0), test_sweeps.ONE
)
print("started", flush=True)
time.sleep(600)
"""


def test_a_sweep_whose_server_was_killed_says_so_and_holds_up_nobody(there, engine, monkeypatch):
    monkeypatch.setattr(board_module, "_GONE", 2.0)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=PROJECT, stdout=subprocess.PIPE, env=os.environ
    )
    assert server.stdout.readline() == b"started\n"
    until(lambda: there.of(ONE), "the sweep")
    at_work(there)
    assert there.of(ONE).state is SweepState.RUNNING
    server.send_signal(signal.SIGKILL)
    server.wait()
    until(lambda: not queue.alive(), "the end of its run")
    if engine is not None:
        until(lambda: there.of(ONE).state is SweepState.LOST, "a beat's lack")
    assert there.of(ONE).state is SweepState.LOST
    assert there.all(OPERATOR) == []
    begun = there.start(*plan(1), ONE)
    assert ended(there).id == begun.id
    assert len(kept(engine)) == 1, "one record of a visitor"


def kept(engine: object) -> list[bytes]:
    """All records."""
    if engine is None:
        return [file.read_bytes() for file in (runs_folder() / ".sweeps").glob("*.json")]
    with transaction(writing=False) as database:
        asked = "SELECT content FROM job_said JOIN job ON job.id = job WHERE kind = 'sweep'"
        return [bytes(content) for (content,) in database.execute(asked)]


def damage(engine: object, sweep: Sweep, text: str) -> None:
    """Have a sweep's record be another."""
    if engine is None:
        (runs_folder() / ".sweeps" / f"{sweep.id}.json").write_text(text)
        return
    with transaction() as database:
        database.execute("UPDATE job_said SET content = ? WHERE job = ?", [text.encode(), sweep.id])


def test_damaged_records_are_none(there, servers, engine):
    there.start(*plan(1), ONE)
    sweep = ended(there)
    whole = json.loads(*kept(engine))
    wild = ["", "[" * 100_000, "[]", '{"owner": 3}', json.dumps(whole | {"parts": [{"values": 1}]})]
    wild += [json.dumps(whole | {"owner": OTHER.digest})]
    odd = [], [{}], [{"seed": 1, "bar": 2}], [{"seed": 1}, {"seed": 2, "epochs": 3}]
    wild += [json.dumps(whole | {"parts": [{"values": one} for one in each]}) for each in odd]
    for text in wild:
        damage(engine, sweep, text)
        assert servers().of(ONE) is None, text[:50]
    there.start(*plan(1), ONE)
    assert ended(there).state is SweepState.FINISHED


def test_what_cannot_be_written_is_told_and_leaves_the_share_free(there, engine, monkeypatch):
    error = OSError(28, "No space left on device") if engine is None else CollectionError("is full")

    def full(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        if engine is None:
            patch.setattr(shelf, "_write", full)
        else:
            patch.setattr(Board, "_tell", full)
        with pytest.raises(JobError, match="is full"):
            there.start(*plan(2), ONE)
    assert there.all(OPERATOR) == []
    there.start(*plan(1), ONE)
    assert ended(there).state is SweepState.FINISHED


def test_two_that_start_at_once_start_one(there):
    started, refused = [], []

    def begin() -> None:
        try:
            started.append(there.start(*plan(1), ONE))
        except LimitError as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(started), len(refused)) == (1, 3)
    ended(there)


def test_a_sweep_goes_on_while_the_database_is_away_and_ends_once(
    quick,  # noqa: F811
    own_database,
    monkeypatch,
):
    monkeypatch.setattr(board_module, "_GONE", 2.0)
    one, two = page_server(), page_server()
    one.start(*plan(3), ONE)
    until(lambda: two.of(ONE), "the sweep at another server")
    until(lambda: one.of(ONE).record.parts[0].is_over, "the first run's end")
    own_database.stop(signal.SIGQUIT)
    until(lambda: one._jobs._board.trouble and two._jobs._board.trouble, "what is wrong")
    begun = time.monotonic()
    assert two.of(ONE).is_on
    with pytest.raises(JobError, match="DIGIT_CLASSIFIER_DATABASE"):
        two.start(*plan(1), OTHER)
    assert time.monotonic() - begun < 1
    time.sleep(2)
    own_database.start()
    for server in (one, two):
        sweep = ended(server)
        assert sweep.state is SweepState.FINISHED, sweep
        assert [part.error for part in sweep.record.parts] == [""] * 3
        server._jobs._board.close()
