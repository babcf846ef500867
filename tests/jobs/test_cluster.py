"""A cluster's machines fail, hang, come late or are others: a run ends rightly, or says why not."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from classifier.cli import worker as command
from classifier.config import PROJECT
from classifier.events import EpochEnded, Failed, Finished, Progress
from classifier.jobs import link
from classifier.jobs import version as module
from classifier.jobs.cluster import ClusterJobs, Stores
from classifier.jobs.run import JobError, RunState
from classifier.jobs.version import version
from classifier.limits import LimitError
from classifier.rights import OPERATOR, Visitor
from classifier.serving import store
from tests.jobs.clusters import processes, stopped
from tests.jobs.listening import Listener, wait_for

NOTHING = Stores(lambda name: {}, lambda contents: "")


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_starts_again_elsewhere(cluster, home, long):
    jobs = cluster.jobs()
    run = Listener(jobs.submit(long("moved"), by=Visitor("a")))
    run.until(EpochEnded)
    mine = next(one for one in cluster.workers if processes(one, "train"))
    child, work = processes(mine, "train")[-1], processes(mine, "spawn_main")[0]
    before = len(run.epochs)
    work.kill()
    killed = time.monotonic()
    wait_for(lambda: run.attempt == 2, "the second attempt", follow=[run])
    assert time.monotonic() - killed < 5
    assert len(run.epochs) < before, "what was told before counts no more"
    wait_for(lambda: not child.is_running() or child.status() == "zombie", "the child's end", 30)
    wait_for(lambda: run.epochs, "the first epoch of the second attempt", follow=[run])
    assert run.epochs[0].epoch == 1
    other = Listener(cluster.jobs().find(run.id))
    wait_for(lambda: other.epochs, "the epochs at another server", follow=[other])
    assert other.attempt == 2
    run.stop(OPERATOR)
    assert run.until(Finished).stopped
    assert store.get(run.end.model).meta.owner == "a"
    jobs.close()


@pytest.mark.slow
def test_a_child_that_is_ready_takes_the_next_run(cluster, home, short):
    jobs = cluster.jobs()
    wait_for(jobs._link.is_up, "the connection")

    def children() -> list[int]:
        return [one.pid for worker in cluster.workers for one in processes(worker, "train")]

    jobs.get_ready()
    wait_for(children, "the ready child")
    jobs.get_ready()
    run = Listener(jobs.submit(short))
    (ready,) = children()
    run.until(Progress, stage="starting")
    assert children() == [ready]
    environment = psutil.Process(ready).environ()
    assert not {"OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_"} & (environment.keys() - os.environ)
    end = run.until(Finished)
    assert store.get(end.model).meta.id == end.id
    wait_for(lambda: not children(), "its end", 30)
    jobs.close()


@pytest.mark.slow
def test_a_scheduler_that_hangs_or_starts_anew_holds_up_no_page(own_cluster, home, long, short):
    jobs = own_cluster.jobs()
    with pytest.raises(JobError, match="DIGIT_CLASSIFIER_SCHEDULER"):
        jobs.submit(short)
    own_cluster.start_scheduler()
    wait_for(jobs._link.is_up, "the connection, by itself")
    run = Listener(jobs.submit(long("waits")))
    assert "none is connected" in run.until(Progress, stage="waiting").note
    assert run.state is RunState.WAITING
    worker = own_cluster.start_worker()
    run.until(EpochEnded)
    (child,) = processes(worker, "train")

    with stopped(own_cluster.scheduler):
        deadline = time.monotonic() + 8
        slowest = 0.0
        while time.monotonic() < deadline:
            begun = time.monotonic()
            jobs.find(run.id).look()
            jobs.of(Visitor("a"))
            jobs.all(OPERATOR)
            # Once it is known to hang, or while as many as may be wait to be sent.
            with contextlib.suppress(JobError, LimitError):
                jobs.submit(short, by=Visitor(f"{begun}")).stop(OPERATOR)
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.2)
        assert slowest < 0.3
        with pytest.raises(JobError, match="does not answer"):
            jobs.submit(short)
    wait_for(jobs._link.is_up, "the connection")
    before = len(run.epochs)
    wait_for(lambda: len(run.epochs) > before, "epochs after the pause", follow=[run])
    assert run.attempt == 1

    own_cluster.scheduler.kill()
    own_cluster.scheduler.wait()
    own_cluster.start_scheduler()
    wait_for(lambda: run.end, "the end of the run", follow=[run])
    assert run.state is RunState.LOST
    assert "started anew" in run.error
    wait_for(lambda: not child.is_running() or child.status() == "zombie", "the child's end", 30)
    own_cluster.until_ready(2)  # it has come back
    after = Listener(jobs.submit(long("after")))
    after.until(EpochEnded)

    # A worker that is asked to end sends what it has learned.
    worker.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    assert after.until(Finished).stopped
    assert worker.wait(30) == 0
    assert time.monotonic() - asked < 30
    jobs.close()


@pytest.mark.slow
def test_a_scheduler_that_is_back_before_anybody_missed_it_has_lost_the_runs(
    own_cluster, home, long
):
    own_cluster.start_scheduler()
    servers = [own_cluster.jobs() for _ in range(4)]
    for _ in range(3):
        for jobs in servers:
            wait_for(jobs._link.is_up, "the connections")
        runs = [Listener(jobs.submit(long("lost"), by=Visitor(f"{jobs}"))) for jobs in servers]
        for run in runs:
            run.until(Progress, stage="waiting")
        own_cluster.scheduler.kill()
        own_cluster.scheduler.wait()
        own_cluster.start_scheduler()
        for run in runs:
            wait_for(lambda run=run: run.end, "the end of the run", 20, follow=[run])
            assert "started anew" in run.error
    for jobs in servers:
        jobs.close()


@pytest.mark.parametrize(("failures", "starts"), [(2, 3), (3, 3)])
def test_a_worker_that_cannot_start_tries_again_before_it_gives_up(
    dask, monkeypatch, failures, starts
):
    tries = []
    ended = asyncio.Event()

    class Started:
        async def finished(self) -> None:
            ended.set()
            await asyncio.sleep(60)

    async def start(*_: object) -> Started:
        tries.append(time.monotonic())
        if len(tries) <= failures:
            raise RuntimeError("Nanny failed to start.")
        return Started()

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr(command, "_asked_to_end", lambda: ended)
    monkeypatch.setattr(command, "_check", nothing)
    monkeypatch.setattr(command, "_leave", nothing)
    monkeypatch.setattr(command, "_start", start)
    with pytest.raises(RuntimeError) if failures == 3 else contextlib.nullcontext():
        asyncio.run(command._work("tcp://127.0.0.1:1", 1, "one"))
    assert len(tries) == starts


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "http://127.0.0.1:80",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:70000",
        "postgresql://digits:secret@127.0.0.1:5432/digits",
    ],
)
def test_an_address_that_is_none_is_told_at_once(dask, home, short, address, capfd):
    begun = time.monotonic()
    jobs = ClusterJobs(address, NOTHING)
    with pytest.raises(JobError, match="DIGIT_CLASSIFIER_SCHEDULER names no scheduler"):
        jobs.submit(short)
    assert time.monotonic() - begun < 3
    assert jobs.find(f"{1:020d}-{1:016x}") is None
    told = capfd.readouterr().err
    assert "names no scheduler" in told, "whoever started the server reads it, too"
    assert address not in told
    jobs.close()


def test_a_scheduler_with_tls_without_certificates_is_told(dask, home, short):
    jobs = ClusterJobs("tls://127.0.0.1:1", NOTHING)
    with pytest.raises(JobError, match="SCHEDULER names a scheduler with TLS, for which"):
        jobs.submit(short)
    jobs.close()


def test_what_answers_nothing_or_is_no_scheduler_is_told_in_time(dask, home, short):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        jobs = ClusterJobs(f"tcp://127.0.0.1:{silent.getsockname()[1]}", NOTHING)
        begun = time.monotonic()
        with pytest.raises(JobError, match="DIGIT_CLASSIFIER_SCHEDULER"):
            jobs.submit(short)
        assert time.monotonic() - begun < link._FIRST_SECONDS + 0.5
        jobs.close()


def test_a_page_of_another_version_than_the_scheduler_serves_is_refused(
    cluster, home, short, monkeypatch
):
    cluster.jobs().submit(short, by=Visitor("a")).stop(OPERATOR)
    monkeypatch.setattr(link, "version", lambda: "another")
    with pytest.raises(JobError, match="this page is version another: start the same version"):
        cluster.jobs().submit(short)


def test_a_version_differs_where_the_source_or_a_table_does(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    seen = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.toml", "1"), ("b.toml", "2")):
        (tmp_path / name).write_text(text)
        seen.add(version.__wrapped__())
    (tmp_path / "notes.txt").write_text("anything")
    assert len(seen) == 4
    assert version.__wrapped__() in seen


@pytest.mark.slow
def test_a_worker_of_another_version_gets_no_run_and_is_named(own_cluster, home, short, tmp_path):
    shutil.copytree(PROJECT / "classifier", tmp_path / "classifier")
    with open(tmp_path / "classifier" / "names.py", "a") as file:
        file.write("# One line more.\n")
    own_cluster.start_scheduler()
    own_cluster.start_worker(project=tmp_path)
    own_cluster.until_ready(1)
    jobs = own_cluster.jobs()
    wait_for(jobs._link.is_up, "the connection")
    run = Listener(jobs.submit(short))
    note = run.until(Progress, stage="waiting").note
    assert f"this page version {version()}: start it anew" in note
    assert run.state is RunState.WAITING
    own_cluster.start_worker()
    assert run.until(Finished)
    jobs.close()


@pytest.mark.slow
def test_the_worker_command_refuses_what_is_no_scheduler(dask, home):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
    for arguments, words in (
        (["nonsense"], "names no scheduler"),
        ([f"tcp://127.0.0.1:{port}"], "No Dask scheduler answers"),
        ([], "Name a scheduler"),
        (["--local", "0"], "from 1"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "classifier", "worker", *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_whole_cluster_starts_and_ends_with_one_command(dask, home, short, tmp_path):
    from tests.jobs.clusters import Cluster

    one = Cluster(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "classifier", "worker", "--local", "1"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        one.address = next(line for line in process.stdout if "export" in line).split("=")[1]
        one.address = one.address.strip()
        jobs = one.jobs()
        assert Listener(jobs.submit(short)).until(Finished)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        wait_for(lambda: not any(one.is_running() for one in below), "the end of all", 10)
        jobs.close()


def test_without_a_scheduler_no_dask_is_imported(home):
    script = (
        "import sys; from classifier.ui import shared; jobs = shared.jobs();"
        "print(type(jobs).__name__, {'dask', 'distributed'} & set(sys.modules))"
    )
    environment = {k: v for k, v in os.environ.items() if k != link.SETTING}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split("\n")[0] == "LocalJobs set()", done.stderr


def test_a_failed_submission_is_the_runs_last_word(cluster, home, long, monkeypatch):
    """Two servers may both find room for a visitor; the scheduler has the last word."""
    one, other = cluster.jobs(), cluster.jobs()
    wait_for(lambda: one._link.is_up() and other._link.is_up(), "both connections")
    runs = [Listener(jobs.submit(long("x"), by=Visitor("a"))) for jobs in (one, other)]
    wait_for(lambda: any(run.end for run in runs), "the refusal", follow=runs)
    refused = next(run for run in runs if run.end)
    assert isinstance(refused.end, Failed)
    assert "has not ended yet" in refused.error
    kept = next(run for run in runs if not run.end)
    kept.stop(OPERATOR)
    kept.until(Finished, Failed)
    for jobs in (one, other):
        jobs.close()
