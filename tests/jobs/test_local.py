"""Runs in child processes: from submit to the end, in turn, stopped, killed, or never begun."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np
import psutil
import pytest

from classifier.config import PROJECT, TrainConfig
from classifier.events import EpochEnded, Failed, Finished, Progress, Started
from classifier.ink import drawings
from classifier.ink.drawings import Drawings
from classifier.jobs import local, queue, resources
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.queue import Claim
from classifier.jobs.run import Run, RunState
from classifier.limits import LimitError
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from classifier.serving import store
from tests.jobs.listening import PATIENCE, Listener, wait_for
from tests.watching import in_time

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")


def is_over(run: Run) -> bool:
    """Whether the process of a run has ended."""
    return run._work.death() is not None


@pytest.fixture
def server(home) -> Iterator[LocalJobs]:
    """What a page's server has; its runs are gone when the test is over, whatever happened."""
    local = LocalJobs()
    yield local
    local.close()
    deadline = time.monotonic() + 20
    for child in local._children.values():
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if child.poll() is None:
            child.kill()
        child.wait()


@pytest.fixture
def broken(tmp_path, monkeypatch) -> Callable[..., None]:
    """Replaces a module, by one that fails on import or has this text, in every child that starts
    from now on."""

    def make(module: str, text: str = "raise ImportError(f'{__name__} is broken on purpose')"):
        folder = tmp_path / "broken"
        folder.mkdir()
        (folder / f"{module}.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return make


def _pid(home: Path, run_id: str) -> int:
    """Process of a run that is at work: it writes it on its ticket."""
    return int((home / "runs" / ".queue" / f"{run_id}.lock").read_text())


# With real training


@pytest.mark.slow
def test_a_run_goes_from_submit_to_finished(server, home, short):
    begun = time.monotonic()
    run = server.submit(short)
    assert time.monotonic() - begun < 5, "submit does not wait for the child"
    assert not is_over(run)
    listener = Listener(run)
    assert isinstance(listener.last(), Finished), listener.last()
    assert isinstance(listener.events[0], Started)
    assert listener.events[0].config == short.told().to_dict()
    assert sum(isinstance(e, EpochEnded) for e in listener.events) == 1
    assert listener.has(Progress, stage="training")
    assert not listener.has(Progress, stage="waiting"), "it had nobody to wait for"
    assert (local.snapshots_of(run.id) / "00001.npz").is_file()
    assert listener.last().model == "short"
    assert store.get("short").test_accuracy == listener.last().test_accuracy

    wait_for(lambda: is_over(run), "the end of the process")
    # After a restart of the server, or from another on the same folder.
    assert is_over(LocalJobs().find(run.id))
    assert Listener(run).last() == listener.last()
    run.stop(OPERATOR)
    assert Listener(run).last() == listener.last(), "to stop what has ended does nothing"
    assert json.loads((home / "runs" / run.id / "config.json").read_text()) == short.to_dict()


@pytest.mark.slow
def test_runs_take_turns_and_keep_what_they_learned_when_stopped(server, long):
    first, second = (server.submit(long(name)) for name in ("first", "second"))
    one, two = Listener(first), Listener(second)
    wait_for(lambda: two.has(Progress, stage="waiting"), "the second run's place")
    assert [e.place for e in two.events if isinstance(e, Progress)] == [1]
    wait_for(lambda: one.has(EpochEnded), "the first run's first epoch")
    assert not two.has(Started), "it waits before it loads anything"
    assert (one.state, two.state, two.place) == (RunState.RUNNING, RunState.WAITING, 1)
    for server_or_other in (server, LocalJobs()):
        assert not is_over(server_or_other.find(first.id))
        assert not is_over(server_or_other.find(second.id))

    one.stop(OPERATOR)
    assert one.state is RunState.STOPPING
    assert isinstance(one.last(), Finished), one.last()
    assert one.result.stopped
    assert one.state is RunState.STOPPED
    assert store.get("first").meta.metrics.stopped

    wait_for(lambda: two.has(EpochEnded), "the second run's first epoch")
    started = next(e for e in two.events if isinstance(e, Started))
    ended = store.get("first").folder.stat().st_mtime
    assert started.time >= ended - 1, "the second starts when the first has ended"

    # What happens when the server ends: the pipe to each child is closed.
    server.close()
    assert all(child.poll() is not None for child in server._children.values()), "it waits for them"
    assert isinstance(two.last(), Finished), two.last()
    assert two.last().stopped
    assert store.get("second").test_accuracy == two.last().test_accuracy
    wait_for(lambda: is_over(second), "the end of the process")


@pytest.mark.slow
def test_a_run_that_another_server_has_started_is_stopped_and_keeps_what_it_learned(server, long):
    one = Listener(server.submit(long("first")))
    wait_for(lambda: one.has(EpochEnded), "the first epoch")
    LocalJobs().find(one.id).stop(OPERATOR)
    assert isinstance(one.last(), Finished), one.last()
    assert one.last().stopped


@pytest.mark.slow
def test_a_killed_run_says_so_and_the_next_one_gets_its_turn(server, home, long):
    first, second = (server.submit(long(name)) for name in ("first", "second"))
    one, two = Listener(first), Listener(second)
    wait_for(lambda: one.has(EpochEnded), "the first run's first epoch")
    wait_for(lambda: two.has(Progress, stage="waiting"), "the second run's place")
    os.kill(_pid(home, first.id), signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: is_over(first), "the end of the killed process")
    assert not one.has(Finished, Failed)
    assert one.state is RunState.LOST
    assert "killed" in one.error
    assert "train again" in one.error
    with pytest.raises(store.ModelNotFoundError):
        store.get("first")
    assert list((home / "models").iterdir()) == []

    wait_for(lambda: two.has(Started), "the second run's turn")
    assert time.monotonic() - killed < queue._GRACE, "a dead process holds up nobody"
    two.stop(OPERATOR)
    assert isinstance(two.last(), Failed), "it had learned nothing yet"
    assert is_over(LocalJobs().find(first.id))


# A worker that is kept ready


@pytest.mark.slow
def test_a_worker_that_is_ready_takes_the_next_run_and_only_one_is_kept(server, home, short):
    server.get_ready()
    ready = server._ready
    server.get_ready()
    assert server._ready is ready
    wait_for(lambda: _has_loaded(ready.pid, "tensorflow"), "the import of TensorFlow")
    assert ready.poll() is None
    run = server.submit(short)
    assert server._children[run.id] is ready
    assert not is_over(run)
    listener = Listener(run)
    assert isinstance(listener.last(), Finished), listener.last()
    assert isinstance(listener.events[0], Started)
    assert store.get("short").test_accuracy == listener.last().test_accuracy
    wait_for(lambda: is_over(run), "the end of the process")
    assert ready.returncode == 0


def _has_loaded(pid: int, library: str) -> bool:
    return any(f"/{library}/" in m.path for m in psutil.Process(pid).memory_maps())


@pytest.mark.slow
def test_a_ready_worker_that_takes_a_run_can_be_stopped(server, long):
    server.get_ready()
    run = server.submit(long("ready"))
    listener = Listener(run)
    wait_for(lambda: listener.has(EpochEnded), "the first epoch")
    run.stop(OPERATOR)
    assert isinstance(listener.last(), Finished), listener.last()
    assert listener.last().stopped


@pytest.mark.slow
def test_a_worker_that_waits_in_vain_is_dismissed(server, short, monkeypatch):
    monkeypatch.setattr(local, "READY_SECONDS", 0.5)
    server.get_ready()
    ready = server._ready
    wait_for(lambda: ready.poll() is not None, "the end of the worker")
    assert ready.returncode == 0
    assert server._ready is None
    assert isinstance(Listener(server.submit(short)).last(), Finished), "by a worker of its own"


@pytest.mark.slow
@pytest.mark.parametrize("noticed", [True, False])
def test_a_ready_worker_that_was_killed_is_replaced(server, short, noticed, monkeypatch):
    server.get_ready()
    ready = server._ready
    ready.kill()
    ready.wait()
    if not noticed:  # it dies between the look and the order
        monkeypatch.setattr(ready, "poll", lambda: None)
    run = server.submit(short)
    assert server._children[run.id] is not ready
    assert isinstance(Listener(run).last(), Finished)


def test_a_ready_worker_ends_with_its_server(server, broken):
    broken("keras", "")  # nothing that takes long to load
    server.get_ready()
    ready = server._ready
    server.close()
    assert ready.wait(PATIENCE) == 0


def test_a_server_that_is_about_to_end_begins_no_run_and_prepares_for_none(server, short):
    server.close()
    with pytest.raises(JobError, match="about to end: try again in a moment"):
        server.submit(short)
    server.get_ready()
    assert server._ready is None
    assert not server.living()


def test_what_a_ready_worker_cannot_import_is_told_by_the_run(server, short, broken):
    broken("keras")
    server.get_ready()
    ready = server._ready
    run = server.submit(short)
    assert server._children[run.id] is ready
    end = Listener(run).last()
    assert isinstance(end, Failed)
    assert "keras is broken on purpose" in end.error


def test_no_worker_is_kept_ready_where_memory_is_short(server, monkeypatch):
    monkeypatch.setattr(local, "free_memory", lambda: 0.9e9)
    server.get_ready()
    assert server._ready is None


def test_a_worker_that_cannot_be_started_is_told_of_by_the_run_only(server, home, monkeypatch):
    monkeypatch.setattr(local.sys, "executable", str(home / "no-such-python"))
    server.get_ready()
    assert server._ready is None


# Memory, processors, clocks


@pytest.fixture
def python_under(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Puts a shell command before every child process that starts from now on."""

    def put(command: str) -> None:
        wrapper = tmp_path / "python"
        wrapper.write_text(f'#!/bin/sh\n{command} {sys.executable} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setattr(local.sys, "executable", str(wrapper))

    return put


@on_linux
@pytest.mark.parametrize("megabytes", [300, 600, 1000, 1500])
def test_too_little_memory_is_told_in_a_clear_sentence(server, short, python_under, megabytes):
    python_under(f"ulimit -v {megabytes * 1000}; exec")
    run = server.submit(short)
    wait_for(lambda: is_over(run), "the end of the process")
    run.look()
    assert run.end == Failed(error=resources.NO_MEMORY)


@pytest.mark.slow
@on_linux
def test_one_core_without_avx512_is_enough(server, short, python_under, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    python_under(f"exec taskset -c {min(os.sched_getaffinity(0))}")
    assert isinstance(Listener(server.submit(short)).last(), Finished)


@pytest.mark.slow
@on_linux
def test_a_run_takes_only_what_nobody_else_wants(server, home, long):
    run = server.submit(long("humble"))
    listener = Listener(run)
    wait_for(lambda: listener.has(EpochEnded), "the first epoch")
    pid = _pid(home, run.id)
    for thread in os.listdir(f"/proc/{pid}/task"):
        assert os.getpriority(os.PRIO_PROCESS, int(thread)) == 19
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
    run.stop(OPERATOR)


def test_runs_keep_their_order_when_the_clock_is_set_back(home, monkeypatch):
    (home / "runs").mkdir()
    real = time.time_ns
    for hours in (0, -1, 5, -2):
        monkeypatch.setattr(
            local.time, "time_ns", lambda hours=hours: real() + hours * 3600 * 10**9
        )
        run_id = local.new_id()
        assert local.is_id(run_id)
        (home / "runs" / run_id).mkdir()
        assert max(p.name for p in (home / "runs").iterdir()) == run_id


# Ended early


def test_stopped_early_a_run_says_that_nothing_was_learned(server, home, long):
    run = server.submit(long("early"))
    run.stop(OPERATOR)
    listener = Listener(run)
    assert isinstance(listener.last(), Failed)
    assert "Stopped before it had learned anything" in listener.last().error
    wait_for(lambda: is_over(run), "the end of the process")
    assert not (home / "models").exists() or list((home / "models").iterdir()) == []


def test_stop_does_not_wait_for_a_slow_import(server, long, broken):
    broken("keras", "import time; time.sleep(600)")
    run = server.submit(long("slow"))
    listener = Listener(run)
    wait_for(lambda: listener.has(Progress, stage="starting"), "the import")
    run.stop(OPERATOR)
    asked = time.monotonic()
    assert isinstance(listener.last(), Failed)
    assert time.monotonic() - asked < 20
    assert "nothing was saved" in listener.last().error
    wait_for(lambda: is_over(run), "the end of the process")


def test_a_run_that_waits_can_be_stopped(server, home, long):
    (home / "runs" / ".queue").mkdir(parents=True)
    ahead = home / "runs" / ".queue" / f"{0:020d}-{0:016x}.lock"
    ahead.write_text("somebody")
    with filelock.FileLock(ahead):
        run = server.submit(long("waiting"))
        listener = Listener(run)
        wait_for(lambda: listener.has(Progress, stage="waiting"), "the place")
        run.stop(OPERATOR)
        assert isinstance(listener.last(), Failed)
        assert "nothing was saved" in listener.last().error


# Never begun


def test_a_child_that_cannot_import_keras_names_it(server, short, broken):
    broken("keras")
    run = server.submit(short)
    listener = Listener(run)
    assert isinstance(listener.last(), Failed)
    assert "keras is broken on purpose" in listener.last().error
    wait_for(lambda: is_over(run), "the end of the process")


def test_a_child_that_dies_without_a_word_of_its_own_is_explained(
    server, short, broken, monkeypatch
):
    broken("argparse")  # before the child can say anything
    run = server.submit(short)
    wait_for(lambda: is_over(run), "the end of the process")
    listener = Listener(run)
    listener.look()
    assert listener.events == []
    assert "argparse is broken on purpose" in listener.error
    # Another server knows no exit status, but the log, once the ticket is surely nobody's.
    monkeypatch.setattr(queue, "_GRACE", 0.0)
    other = LocalJobs().find(run.id)
    other.look()
    assert other.state is RunState.LOST
    assert "argparse is broken on purpose" in other.error


def test_a_config_that_does_not_fit_the_data_fails_with_its_sentence(server, tiny_mnist):
    config = TrainConfig(data="mnist", mnist=str(tiny_mnist), train_size=5000)
    listener = Listener(server.submit(config))
    assert isinstance(listener.last(), Failed)
    assert "train_size is 5000" in listener.last().error


def test_a_runs_folder_that_cannot_be_written_is_told_with_the_way_out(server, home, short):
    (home / "runs").write_text("a file where the folder should be")
    with pytest.raises(JobError) as raised:
        server.submit(short)
    assert str(home) not in str(raised.value), "the page says it"
    assert "DIGIT_CLASSIFIER_HOME" in str(raised.value)
    assert "DIGIT_CLASSIFIER_HOME" in str(raised.value)


def test_a_process_that_cannot_be_started_leaves_no_run_behind(server, home, short, monkeypatch):
    monkeypatch.setattr(local.sys, "executable", str(home / "no-such-python"))
    with pytest.raises(JobError, match="No such file"):
        server.submit(short)
    assert [file.name for file in (home / "runs").iterdir()] == [".queue"]
    assert list((home / "runs" / ".queue").glob("*.lock")) == []


@on_linux
def test_a_full_disk_is_told_even_by_a_run_that_can_write_nothing(
    server, short, tmp_path, monkeypatch
):
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} "$@" > /dev/full 2> /dev/full\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(local.sys, "executable", str(wrapper))
    run = server.submit(short)
    wait_for(lambda: is_over(run), "the end of the process")
    run.look()
    assert run.state is RunState.LOST
    assert run.error == resources.NO_SPACE


def test_a_full_disk_is_told_by_a_run_that_cannot_be_submitted(server, home, short, monkeypatch):
    def full(run_id: str, claim: queue.Claim) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(queue, "enter", full)
    with pytest.raises(JobError, match="disk is full"):
        server.submit(short)
    assert list((home / "runs").glob("[0-9]*")) == []


# What a server keeps, and where it was started


@pytest.fixture
def at_once(tmp_path, monkeypatch) -> None:
    """Every child process that starts from now on ends at once."""
    wrapper = tmp_path / "python"
    wrapper.write_text("#!/bin/sh\nexit 1\n")
    wrapper.chmod(0o755)
    monkeypatch.setattr(local.sys, "executable", str(wrapper))


def trainers(me: psutil.Process) -> list[psutil.Process]:
    """Children that train, or are ready to; pictures are decoded by another."""
    return [one for one in me.children() if "train" in one.cmdline()]


@on_linux
def test_runs_leave_no_descriptor_and_no_process_behind(server, short, at_once):
    """Whether a page looks at them again or not."""
    me = psutil.Process()
    before = me.num_fds()
    runs = [server.submit(short) for _ in range(20)]
    for run in runs[:10]:
        wait_for(lambda run=run: is_over(run), "the end of the process")
        run.look()
        assert run.state is RunState.LOST
    wait_for(lambda: me.num_fds() <= before, "the end of all descriptors")
    assert not trainers(me)


@on_linux
@pytest.mark.parametrize("killed", [True, False])
def test_workers_that_got_no_run_leave_no_descriptor_behind(server, broken, killed):
    broken("keras", "")  # nothing that takes long to load
    me = psutil.Process()
    before = me.num_fds()
    for _ in range(3):
        server.get_ready()
        if killed:
            server._ready.kill()
        else:
            server._dismiss(server._ready)
        wait_for(lambda: me.num_fds() <= before, "the end of the descriptor")
    assert not trainers(me)


@on_linux
def test_a_run_that_cannot_be_started_leaves_no_descriptor_behind(server, home, short, monkeypatch):
    monkeypatch.setattr(local.sys, "executable", str(home / "no-such-python"))
    before = psutil.Process().num_fds()
    for _ in range(5):
        with pytest.raises(JobError):
            server.submit(short)
    assert psutil.Process().num_fds() <= before


def test_relative_paths_mean_what_they_mean_where_the_server_was_started(
    server, tmp_path, tiny_mnist, monkeypatch
):
    """And what lies there is not taken for a part of the program."""
    (tmp_path / "json.py").write_text("raise ImportError('taken from where the server is')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", "place")
    monkeypatch.setenv("MNIST_NPZ", tiny_mnist.name)
    listener = Listener(server.submit(TrainConfig(data="mnist", epochs=1, name="here")))
    assert isinstance(listener.last(), Finished), listener.last()
    assert (tmp_path / "place" / "models" / "here" / "meta.json").is_file()


# Ids and old runs

TRAVERSALS = ["..", "../models", "../../etc", "/etc", ".queue", "", "a/b", "x\0y"]


@pytest.mark.parametrize(
    "run_id", ["nobody", f"{1:020d}-{1:016x}", f"{1:020d}-{1:016x}\n", *TRAVERSALS]
)
def test_an_id_that_no_run_has_is_unknown(server, home, run_id):
    for folder in ("models", "runs/.queue", "runs/a/b"):
        (home / folder).mkdir(parents=True)
    assert server.find(run_id) is None


@on_linux
def test_pipes_in_place_of_a_runs_files_hold_up_nobody(server, home, short, at_once):
    damaged = home / "runs" / f"{0:020d}-{0:016x}"
    damaged.mkdir(parents=True)
    for name in (local.CONFIG, local.EVENTS, local.LOG, "claim.json", "trained"):
        os.mkfifo(damaged / name)
    run = in_time(lambda: server.find(damaged.name))
    in_time(run.look)
    assert (run.owner, run.state) == ("", RunState.LOST)
    assert "without a word" in run.error
    assert in_time(lambda: server.submit(short, by=ANN)).owner == "a"


@on_linux
def test_a_run_whose_settings_are_a_pipe_fails(server, home, short, monkeypatch):
    start = local._start

    def spoiled(folder: str, *streams):
        (Path(folder) / local.CONFIG).unlink()
        os.mkfifo(Path(folder) / local.CONFIG)
        return start(folder, *streams)

    monkeypatch.setattr(local, "_start", spoiled)
    end = Listener(server.submit(short)).last()
    assert isinstance(end, Failed)
    assert "no regular file" in end.error


def test_old_runs_are_removed_but_not_those_at_work(server, home, short, broken, monkeypatch):
    broken("argparse")  # the quickest end
    monkeypatch.setattr(local, "_KEPT_RUNS", 3)
    monkeypatch.setattr(local, "_KEPT_SNAPSHOTS", 2)
    runs = home / "runs"
    old = [runs / f"{n:020d}-{n:016x}" for n in range(5)]
    for folder in old:
        (folder / "epochs").mkdir(parents=True)
    (runs / "notes").mkdir()
    (runs / ".queue").mkdir()
    busy = filelock.FileLock(runs / ".queue" / f"{old[0].name}.lock")
    with busy:
        new = server.submit(short).id
    names = {folder.name for folder in runs.iterdir()}
    assert names == {old[0].name, old[3].name, old[4].name, new, "notes", ".queue"}
    with_snapshots = {folder.parent for folder in runs.glob("*/epochs")}
    assert with_snapshots == {old[0], old[4]}, "those take the most room, and go first"


# Drawings that a run learns from


@pytest.fixture
def drawn() -> Drawings:
    """Two drawings of one stroke."""
    return drawings.from_strokes([[np.eye(2)]] * 2, np.array([1, 7], np.uint8))


@pytest.mark.parametrize("way", ["failed", "stopped", "killed"])
def test_a_runs_drawings_go_with_it(server, home, short, drawn, broken, way):
    broken("keras", "raise ImportError" if way == "failed" else "import time; time.sleep(600)")
    run = server.submit(replace(short, drawings="mine.npz"), drawn)
    file = home / "runs" / run.id / "mine.npz"
    listener = Listener(run)
    if way != "failed":
        wait_for(lambda: listener.has(Progress, stage="starting"), "the import")
        assert len(drawings.load(file)) == 2
    if way == "stopped":
        run.stop(OPERATOR)
    elif way == "killed":
        server._children[run.id].kill()
    wait_for(lambda: is_over(run), "the end of the process")
    if way == "killed":  # the next run takes them away
        server.submit(short).stop(OPERATOR)
    assert not file.exists()
    assert (file.parent / local.CONFIG).exists()


def test_drawings_that_ended_runs_have_left_refuse_no_run_and_those_of_others_stay(
    server, home, short, at_once, monkeypatch
):
    monkeypatch.setenv("DIGIT_CLASSIFIER_STORED_MEGABYTES", "1")
    files = [home / "runs" / f"{n:020d}-{n:016x}" / "mine.npz" for n in range(3)]
    for file, size in zip(files, (1_100_000, 10, 10), strict=True):
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(size))
    (home / "runs" / ".queue").mkdir()
    busy = filelock.FileLock(home / "runs" / ".queue" / f"{files[1].parent.name}.lock")
    with busy, subprocess.Popen(["cat"], stdin=subprocess.PIPE) as late:  # has no ticket yet
        server._children[files[2].parent.name] = late
        server.submit(short, by=ANN)
        late.kill()
    assert [file.exists() for file in files] == [False, True, True]


# Shares

ANN, BEN = Visitor("a"), Visitor("b")


def quick_child(monkeypatch) -> None:
    """Let children only hold their ticket until they are stopped."""
    script = (
        "import sys, time; from pathlib import Path; import filelock\n"
        "from classifier.jobs import queue\n"
        "ticket = queue.ticket_of(Path(sys.argv[-1]).name)\n"
        "with filelock.FileLock(ticket):\n"
        "    ticket.write_text('at work'); sys.stdin.read()\n"
    )
    start = local.subprocess.Popen

    def instead(command: list[str], **how: object):
        return start([sys.executable, "-c", script, command[-1]], **how)

    monkeypatch.setattr(local.subprocess, "Popen", instead)


def test_one_visitor_has_one_run_and_all_together_so_many(server, short, monkeypatch):
    quick_child(monkeypatch)
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS_TOTAL", "2")
    first = server.submit(short, by=ANN)
    assert (first.owner, server.find(first.id).owner, LocalJobs().find(first.id).owner) == (
        "a",
    ) * 3
    with pytest.raises(LimitError, match="has not ended"):
        server.submit(short, by=ANN)
    with pytest.raises(LimitError, match="has not ended"):
        LocalJobs().submit(short, by=ANN)
    assert server.of(ANN).id == first.id
    assert server.of(BEN) is None
    second = server.submit(short, by=BEN)
    with pytest.raises(LimitError, match="2 runs wait"):
        server.submit(short, by=Visitor("c"))
    with pytest.raises(NotAllowedError):
        server.all(ANN)
    assert [run.id for run in server.all(OPERATOR)] == [first.id, second.id]
    first.stop(OPERATOR)
    wait_for(lambda: is_over(first), "the end of the first")
    server.submit(short, by=ANN)


def test_a_host_has_a_place_where_all_are_taken_and_takes_none(server, short, monkeypatch):
    quick_child(monkeypatch)
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS_TOTAL", "1")
    server.submit(short, by=ANN, host=True)
    server.submit(short, by=BEN)
    server.submit(short, by=Visitor("c"), host=True)
    with pytest.raises(LimitError, match="has not ended"):
        server.submit(short, by=Visitor("c"), host=True)
    with pytest.raises(LimitError, match="1 runs wait"):
        server.submit(short, by=Visitor("d"))


def test_a_run_may_not_ask_for_more_than_one_may_have(server, short, long, home, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUN_SECONDS", "60")
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUN_EPOCHS", "10")
    with pytest.raises(LimitError, match="60 seconds"):
        server.submit(long("long"), by=ANN)
    with pytest.raises(LimitError, match="10 epochs"):
        server.submit(replace(short, epochs=11), by=ANN)
    monkeypatch.setenv("DIGIT_CLASSIFIER_STORED_MEGABYTES", "1")
    (home / "models").mkdir()
    (home / "models" / "large").write_bytes(bytes(1_100_000))
    with pytest.raises(LimitError, match="1 MB"):
        server.submit(short, by=ANN)
    assert not list((home / "runs").glob("[0-9]*"))


def test_a_run_that_takes_longer_than_one_may_is_stopped(home, short):
    run = home / "runs" / "1"
    run.mkdir(parents=True)
    (run / local.CONFIG).write_text(json.dumps(short.to_dict()))
    with queue.entrance():
        queue.enter("1", Claim("a"))
    script = (
        "import functools, time; from classifier.jobs import child; child._BEGINNING = 0.2\n"
        "def train(config, emit, stop, snapshots, owner):\n"
        "    begun = time.monotonic()\n"
        "    while not stop.is_set(): time.sleep(0.05)\n"
        "    print(owner, time.monotonic() - begun)\n"
        "child.carry_out(%r, lambda: None, lambda config: functools.partial(train, config))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script % str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DIGIT_CLASSIFIER_RUN_SECONDS": "1"},
        cwd=PROJECT,
    ) as process:
        owner, seconds = process.stdout.readline().split()
    assert owner == "a"
    assert 1 < float(seconds) < 10
    assert queue.trained_by("a") > 1
