"""Runs through the interface that a page has, carried out in child processes and on a cluster, with
what is shared in files and in a database."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.events import EpochEnded, Failed, Finished, Progress, Started
from classifier.ink import drawings
from classifier.jobs.local import LocalJobs
from classifier.jobs.run import Jobs, RunState
from classifier.limits import LimitError
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from classifier.serving import store
from classifier.synthetic import handwriting
from tests.jobs.clusters import Cluster
from tests.jobs.listening import Listener, wait_for

pytestmark = [
    pytest.mark.slow,
    # A cluster beside a file has tests of its own, in test_cluster.
    pytest.mark.parametrize(
        ("engine", "way"),
        [("sqlite", "children"), ("postgres", "children"), ("postgres", "cluster")],
        indirect=True,
    ),
]
ANN, BEN = Visitor("a"), Visitor("b")


@dataclass
class Way:
    """How runs are carried out: by what a page server has, and so many at a time."""

    cluster: Cluster | None
    at_once: int
    jobs: Jobs
    another: Callable[[], Jobs]  # what another page server has, or this one after it began anew


@pytest.fixture
def way(request, home, engine) -> Iterator[Way]:
    """Each of the two, and a file or a database; what was begun is stopped."""
    if request.param == "cluster":
        cluster = request.getfixturevalue("cluster")
        one = Way(cluster, 2, cluster.jobs(), cluster.jobs)
    elif engine is None:
        one = Way(None, 1, LocalJobs(), LocalJobs)
    else:
        servers = request.getfixturevalue("page_servers")
        one = Way(None, 1, servers(), servers)
    yield one
    for run in one.jobs.all(OPERATOR):
        run.stop(OPERATOR)
    wait_for(lambda: not one.jobs.all(OPERATOR), "the end of all runs")
    one.jobs.close()


def test_a_run_goes_from_submit_to_a_saved_model(way, short):
    run = way.jobs.submit(replace(short, name="short"), by=ANN)
    assert (run.state, run.owner) == (RunState.WAITING, "a")
    one = Listener(run)
    end = one.until(Finished)
    assert isinstance(one.events[0], Started)
    assert one.started.config == short.told().to_dict()
    assert len(one.epochs) == 1
    assert one.until(Progress, stage="training")
    assert not any(isinstance(e, Progress) and e.stage == "waiting" for e in one.events)
    assert (one.state, one.attempt) == (RunState.FINISHED, 1)
    saved = store.get(end.model)
    assert saved.test_accuracy == end.test_accuracy
    assert (saved.meta.owner, saved.meta.id) == ("a", end.id)
    names = {path.name for path in way.jobs.snapshots_of(run.id).iterdir()}
    assert names == {"forward.tflite", "00000.npz", "00001.npz"}

    # After a restart of the server, or from another one.
    again = Listener(way.another().find(run.id))
    assert again.until(Finished) == end
    assert (again.owner, again.epochs) == ("a", one.epochs)
    again.stop(OPERATOR)
    again.look()
    assert again.end == end, "to stop what has ended does nothing"
    assert way.jobs.of(ANN) is None


def test_runs_take_turns_and_keep_what_they_learned_when_stopped(way, long):
    first = [Listener(way.jobs.submit(long(f"first{n}"))) for n in range(way.at_once)]
    for one in first:
        one.until(EpochEnded)
    last = Listener(way.jobs.submit(long("last")))
    assert last.until(Progress, stage="waiting").place == 1
    assert (last.state, last.place) == (RunState.WAITING, 1)
    other = Listener(way.another().find(first[0].id))
    assert other.until(EpochEnded).epoch == 1, "another server follows from the beginning"

    (first[0] if way.cluster is None else other).stop(OPERATOR)
    asked = time.monotonic()
    end = first[0].until(Finished)
    assert end.stopped
    assert time.monotonic() - asked < 20
    assert store.get(end.model).meta.metrics.stopped
    last.until(EpochEnded)
    last.stop(OPERATOR)
    assert last.state is RunState.STOPPING
    assert last.until(Finished).stopped
    assert last.state is RunState.STOPPED


def test_stopped_early_a_run_says_that_nothing_was_learned(way, long):
    run = way.jobs.submit(long("early"))
    run.stop(OPERATOR)
    failed = Listener(run).until(Failed)
    assert "Stopped before it had learned anything" in failed.error


def test_a_run_that_waits_can_be_stopped(way, long):
    ahead = [way.jobs.submit(long(f"ahead{n}")) for n in range(way.at_once)]
    for one in ahead:
        Listener(one).until(Started)
    last = Listener(way.jobs.submit(long("last")))
    last.until(Progress, stage="waiting")
    last.stop(OPERATOR)
    assert "nothing was saved" in last.until(Failed).error


def test_settings_that_do_not_fit_the_data_fail_with_their_sentence(way, tiny_mnist):
    config = TrainConfig(data="mnist", mnist=str(tiny_mnist), train_size=5000)
    assert "train_size is 5000" in Listener(way.jobs.submit(config)).until(Failed).error


def test_a_run_goes_on_from_a_saved_model_with_drawings(way, short):
    base = Listener(way.jobs.submit(short, by=ANN)).until(Finished).model
    strokes = [handwriting.sample_digit(digit) for digit in range(10)]
    drawn = drawings.from_strokes(strokes * 2, np.arange(20, dtype=np.uint8) % 10)
    meta = store.get(base).meta
    config = TrainConfig.fine_tuning(base, meta.config, "mnist", "mine.npz", epochs=1)
    run = way.jobs.submit(config, drawn, ANN)
    end = Listener(run).until(Finished)
    assert store.get(end.model).meta.base.name == base
    assert sum(end.tuned["n"]) == 20


def test_a_run_that_waits_goes_on_from_the_model_that_was_meant(way, short, long):
    base = Listener(way.jobs.submit(short)).until(Finished)
    strokes = [handwriting.sample_digit(digit) for digit in range(10)]
    drawn = drawings.from_strokes(strokes * 2, np.arange(20, dtype=np.uint8) % 10)
    trained = store.get(base.model).meta.config
    config = TrainConfig.fine_tuning(base.model, trained, "mnist", "mine.npz", epochs=1)
    ahead = [way.jobs.submit(long(f"ahead{n}")) for n in range(way.at_once)]
    for one in ahead:
        Listener(one).until(Started)
    run = Listener(way.jobs.submit(config, drawn))
    run.until(Progress, stage="waiting")
    store.rename(base.model, "moved", OPERATOR)
    for one in ahead:
        one.stop(OPERATOR)
    assert store.get(run.until(Finished).model).meta.base.id == base.id


def test_one_visitor_has_one_run_and_all_together_so_many(way, long, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS_TOTAL", "2")
    first = way.jobs.submit(long("ann"), by=ANN)
    with pytest.raises(LimitError, match="has not ended"):
        way.jobs.submit(long("again"), by=ANN)
    assert way.jobs.of(ANN).id == first.id
    assert way.jobs.of(BEN) is None
    second = way.jobs.submit(long("ben"), by=BEN)
    with pytest.raises(LimitError, match="2 runs wait"):
        way.jobs.submit(long("c"), by=Visitor("c"))
    with pytest.raises(NotAllowedError):
        way.jobs.all(ANN)
    Listener(first).until(Started)
    other = way.another()
    wait_for(lambda: len(other.all(OPERATOR)) == 2, "the table at another server")
    assert {run.id for run in other.all(OPERATOR)} == {first.id, second.id}
    with pytest.raises(LimitError, match="has not ended"):
        other.submit(long("again"), by=ANN)
    with pytest.raises(NotAllowedError):
        first.stop(BEN)


@pytest.mark.parametrize("run_id", ["nobody", f"{1:020d}-{1:016x}", "..", "", "a/b", "x\0y"])
def test_an_id_that_no_run_has_is_unknown(way, run_id):
    assert way.jobs.find(run_id) is None


def test_what_has_a_name_already_is_not_written_over(way, short):
    """On a cluster two machines may choose the same name: the later model gets another."""
    first = Listener(way.jobs.submit(short)).until(Finished)
    second = Listener(way.jobs.submit(short)).until(Finished, Failed)
    assert isinstance(second, Failed if way.cluster is None else Finished)
    assert store.get("short").meta.id == first.id
    if way.cluster is not None:
        assert store.get(second.model).meta.id == second.id != first.id
