"""A visitor's sweep on a cluster's workers: side by side, one share, stopped together."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from classifier.config import TrainConfig
from classifier.database.interface import SETTING
from classifier.events import EpochEnded, Finished, Progress
from classifier.jobs import grid
from classifier.jobs.board import Board
from classifier.jobs.cluster import ClusterJobs, Stores
from classifier.jobs.shared import BoardShelf
from classifier.jobs.sweeps import Sweep, Sweeps, SweepState
from classifier.limits import LimitError
from classifier.rights import OPERATOR, Visitor
from classifier.serving import saving, store
from tests.jobs.listening import Listener, wait_for

pytestmark = pytest.mark.slow
ANN, BEN = Visitor("a"), Visitor("b")


@pytest.fixture
def jobs(cluster, home) -> Iterator[ClusterJobs]:
    """What a page server has, of two workers; what was begun is stopped."""
    made = cluster.jobs()
    wait_for(lambda: made.side_by_side == 2, "two workers")
    yield made
    for one in Sweeps(made).all(OPERATOR):
        Sweeps(made).stop(one, OPERATOR)
    for run in made.all(OPERATOR):
        run.stop(OPERATOR)
    wait_for(lambda: not made.living(), "the end of all runs")
    made.close()


def plan(config: TrainConfig, seeds: int) -> tuple[list[TrainConfig], list[dict[str, grid.Value]]]:
    values = grid.combinations({"seed": range(1, seeds + 1)})
    return [replace(config, name=None, seed=one["seed"]) for one in values], values


def at_work(sweep: Sweep | None) -> list[str]:
    return [part.run for part in sweep.record.parts if part.run and not part.is_over]


def test_a_sweep_has_as_many_runs_at_work_as_there_are_workers_and_one_share(jobs, short):
    there = Sweeps(jobs)
    configs, values = plan(short, 4)
    begun = there.start(configs, values, ANN)
    most = 0
    wait_for(lambda: at_work(there.of(ANN)), "the first run")
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        jobs.submit(short, by=ANN)
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        there.start(configs, values, ANN)
    assert jobs.of(ANN) is None, "the sidebar follows none of its runs"
    while (sweep := there.of(ANN)).is_on:
        most = max(most, len(at_work(sweep)))
        wait_for(lambda before=sweep: there.of(ANN) != before, "something new")
    assert (sweep.id, sweep.state) == (begun.id, SweepState.FINISHED)
    assert most == 2
    runs = [Listener(jobs.find(part.run)) for part in sweep.record.parts]
    ends = [run.until(Finished) for run in runs]
    assert [run.attempt for run in runs] == [1] * 4
    assert not any(isinstance(e, Progress) and e.stage == "waiting" for r in runs for e in r.events)
    assert len({run.id for run in runs}) == len({end.id for end in ends}) == 4
    own = [model.meta.id for model in store.list_models()[0] if not model.shipped]
    assert sorted(own) == sorted(end.id for end in ends), "each model is saved once"
    assert sorted(sweep.rows[0].accuracies) == [1, 2, 3, 4]
    jobs.submit(short, by=ANN).stop(ANN)


@pytest.fixture
def boards(postgres, monkeypatch) -> Iterator[tuple[Board, Board]]:
    """Of two page servers with one database, in which the records are."""
    with postgres.store() as url:
        monkeypatch.setenv(SETTING, url)
        both = (Board(), Board())
        yield both
        for one in both:
            one.close()


def test_stop_all_by_another_server_ends_both_runs_that_are_on_and_keeps_what_they_learned(
    cluster, jobs, long, boards
):
    there = Sweeps(jobs, BoardShelf(boards[0]))
    other_jobs = ClusterJobs(
        cluster.address, Stores(saving.packed, saving.received), BoardShelf(boards[1]).on
    )
    elsewhere = Sweeps(other_jobs, BoardShelf(boards[1]))
    there.start(*plan(long("long"), 3), ANN)
    wait_for(lambda: len(at_work(there.of(ANN))) == 2, "two runs")
    for run in at_work(there.of(ANN)):
        Listener(jobs.find(run)).until(EpochEnded)
    other = jobs.submit(long("other"), by=BEN)
    for begin in (
        lambda: other_jobs.submit(long("more"), by=ANN),
        lambda: elsewhere.start(*plan(long("more"), 2), ANN),
    ):
        with pytest.raises(LimitError, match="Your sweep has not ended"):
            begin()
    elsewhere.stop(elsewhere.of(ANN), ANN)
    wait_for(lambda: not there.of(ANN).is_on, "the end of the sweep", 30)
    sweep = there.of(ANN)
    wait_for(lambda: elsewhere.of(ANN) == sweep, "the same at the other server", 2)
    assert sweep.state is SweepState.STOPPED
    first, second, third = sweep.record.parts
    assert first.stopped
    assert second.stopped
    assert store.get(first.model).meta.id != store.get(second.model).meta.id
    assert not third.run
    Listener(other).until(EpochEnded)
    other.stop(BEN)
    other_jobs.close()
