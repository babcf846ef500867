"""Runs in child processes: from submit to the end, in turn, stopped, killed, or never begun."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from classifier.config import TrainConfig
from classifier.events import EpochEnded, Event, Failed, Finished, Progress, Started, to_json
from classifier.jobs import local
from classifier.jobs.local import JobError, LocalJobs, Reader, RunState
from classifier.serving import store

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")
PATIENCE = 150  # seconds: TensorFlow's import alone may take ten on a busy machine


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {PATIENCE} seconds"
        time.sleep(0.05)


class Listener:
    """Follows one run and keeps all that it says."""

    def __init__(self, run_id: str) -> None:
        self._reader = Reader(run_id)
        self.events: list[Event] = []

    def has(self, *kinds: type, stage: str | None = None) -> bool:
        self.events += self._reader.new_events()
        return any(
            isinstance(e, kinds) and (stage is None or getattr(e, "stage", None) == stage)
            for e in self.events
        )

    @property
    def end(self) -> Event:
        """The last event, once the run has ended."""
        wait_for(lambda: self.has(Finished, Failed), "the end")
        return self.events[-1]


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
def short(tiny_mnist) -> TrainConfig:
    return TrainConfig(network="dense", data="mnist", mnist=str(tiny_mnist), epochs=1, name="short")


@pytest.fixture
def long(tiny_mnist) -> Callable[[str], TrainConfig]:
    """Makes a config that trains until it is stopped, for as long as a test may take."""

    def make(name: str) -> TrainConfig:
        return TrainConfig(
            network="dense", data="mnist", mnist=str(tiny_mnist), seconds=600.0, name=name
        )

    return make


@pytest.fixture
def broken(tmp_path, monkeypatch) -> Callable[..., None]:
    """Replaces a module, by one that fails on import, in every child that starts from now on."""

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
    run_id = server.submit(short)
    assert time.monotonic() - begun < 5, "submit does not wait for the child"
    assert server.state(run_id) is RunState.ACTIVE
    listener = Listener(run_id)
    assert isinstance(listener.end, Finished), listener.end
    assert isinstance(listener.events[0], Started)
    assert listener.events[0].config == short.to_dict()
    assert sum(isinstance(e, EpochEnded) for e in listener.events) == 1
    assert listener.has(Progress, stage="training")
    assert not listener.has(Progress, stage="waiting"), "it had nobody to wait for"
    assert (local.snapshots_of(run_id) / "00001.npz").is_file()
    assert listener.end.model == "short"
    assert store.get("short").test_accuracy == listener.end.test_accuracy

    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")
    # After a restart of the server, or from another on the same folder.
    assert LocalJobs().state(run_id) is RunState.ENDED
    assert Listener(run_id).end == listener.end
    server.stop(run_id)
    assert Listener(run_id).end == listener.end, "to stop what has ended does nothing"
    assert json.loads((home / "runs" / run_id / "config.json").read_text()) == short.to_dict()


@pytest.mark.slow
def test_runs_take_turns_and_keep_what_they_learned_when_stopped(server, long):
    first, second = (server.submit(long(name)) for name in ("first", "second"))
    one, two = Listener(first), Listener(second)
    wait_for(lambda: two.has(Progress, stage="waiting"), "the second run's place")
    assert [e.place for e in two.events if isinstance(e, Progress)] == [1]
    wait_for(lambda: one.has(EpochEnded), "the first run's first epoch")
    assert not two.has(Started), "it waits before it loads anything"
    for server_or_other in (server, LocalJobs()):
        assert server_or_other.state(first) is RunState.ACTIVE
        assert server_or_other.state(second) is RunState.ACTIVE

    server.stop(first)
    assert isinstance(one.end, Finished), one.end
    assert one.end.stopped
    assert store.get("first").meta["metrics"]["stopped"]

    wait_for(lambda: two.has(EpochEnded), "the second run's first epoch")
    started = next(e for e in two.events if isinstance(e, Started))
    ended = store.get("first").folder.stat().st_mtime
    assert started.time >= ended - 1, "the second starts when the first has ended"

    # What happens when the server ends: the pipe to each child is closed.
    server.close()
    assert isinstance(two.end, Finished), two.end
    assert two.end.stopped
    assert store.get("second").test_accuracy == two.end.test_accuracy
    wait_for(lambda: server.state(second) is RunState.ENDED, "the end of the process")


@pytest.mark.slow
def test_a_killed_run_says_so_and_the_next_one_gets_its_turn(server, home, long):
    first, second = (server.submit(long(name)) for name in ("first", "second"))
    one, two = Listener(first), Listener(second)
    wait_for(lambda: one.has(EpochEnded), "the first run's first epoch")
    wait_for(lambda: two.has(Progress, stage="waiting"), "the second run's place")
    os.kill(_pid(home, first), signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: server.state(first) is RunState.ENDED, "the end of the killed process")
    assert not one.has(Finished, Failed)
    reason = server.post_mortem(first).error
    assert "killed" in reason
    assert "train again" in reason
    with pytest.raises(store.ModelNotFoundError):
        store.get("first")
    assert list((home / "models").iterdir()) == []

    wait_for(lambda: two.has(Started), "the second run's turn")
    assert time.monotonic() - killed < local._GRACE, "a dead process holds up nobody"
    server.stop(second)
    assert isinstance(two.end, Failed), "it had learned nothing yet"
    assert LocalJobs().state(first) is RunState.ENDED


# A worker that is kept ready


@pytest.mark.slow
def test_a_worker_that_is_ready_takes_the_next_run_and_only_one_is_kept(server, home, short):
    server.get_ready()
    ready = server._ready
    server.get_ready()
    assert server._ready is ready
    wait_for(lambda: _has_loaded(ready.pid, "tensorflow"), "the import of TensorFlow")
    assert ready.poll() is None
    run_id = server.submit(short)
    assert server._children[run_id] is ready
    assert server.state(run_id) is RunState.ACTIVE
    listener = Listener(run_id)
    assert isinstance(listener.end, Finished), listener.end
    assert isinstance(listener.events[0], Started)
    assert store.get("short").test_accuracy == listener.end.test_accuracy
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")
    assert ready.returncode == 0


def _has_loaded(pid: int, library: str) -> bool:
    return any(f"/{library}/" in m.path for m in psutil.Process(pid).memory_maps())


@pytest.mark.slow
def test_a_ready_worker_that_takes_a_run_can_be_stopped(server, long):
    server.get_ready()
    run_id = server.submit(long("ready"))
    listener = Listener(run_id)
    wait_for(lambda: listener.has(EpochEnded), "the first epoch")
    server.stop(run_id)
    assert isinstance(listener.end, Finished), listener.end
    assert listener.end.stopped


@pytest.mark.slow
def test_a_worker_that_waits_in_vain_is_dismissed(server, short, monkeypatch):
    monkeypatch.setattr(local, "_READY_SECONDS", 0.5)
    server.get_ready()
    ready = server._ready
    wait_for(lambda: ready.poll() is not None, "the end of the worker")
    assert ready.returncode == 0
    assert server._ready is None
    assert isinstance(Listener(server.submit(short)).end, Finished), "by a worker of its own"


@pytest.mark.slow
@pytest.mark.parametrize("noticed", [True, False])
def test_a_ready_worker_that_was_killed_is_replaced(server, short, noticed, monkeypatch):
    server.get_ready()
    ready = server._ready
    ready.kill()
    ready.wait()
    if not noticed:  # it dies between the look and the order
        monkeypatch.setattr(ready, "poll", lambda: None)
    run_id = server.submit(short)
    assert server._children[run_id] is not ready
    assert isinstance(Listener(run_id).end, Finished)


def test_a_ready_worker_ends_with_its_server(server):
    server.get_ready()
    ready = server._ready
    server.close()
    assert ready.wait(PATIENCE) == 0


def test_what_a_ready_worker_cannot_import_is_told_by_the_run(server, short, broken):
    broken("keras")
    server.get_ready()
    ready = server._ready
    run_id = server.submit(short)
    assert server._children[run_id] is ready
    end = Listener(run_id).end
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


@on_linux
def test_free_memory_is_what_the_machine_and_its_container_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "_GROUP", tmp_path)
    assert local.free_memory() == pytest.approx(psutil.virtual_memory().available, rel=0.2)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert local.free_memory() == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert local.free_memory() > 600_000


@pytest.mark.parametrize(
    "log",
    [
        "ImportError: libtensorflow_cc.so.2: failed to map segment from shared object",
        "terminate called after throwing an instance of 'std::bad_alloc'\n  what(): std::bad_alloc",
        "F env.cc:84] Check failed: ret == 0 (11 vs. 0) Thread tf_x creation via pthread_create() "
        "failed.\n*** Check failure stack trace: ***",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 3 GiB\n",
        "OOM when allocating tensor with shape[60000,784]",
    ],
)
def test_all_ways_to_lack_memory_are_understood(log):
    assert local.lacks_memory(log)
    assert not local.lacks_memory("ValueError: train_size is 7")


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
    run_id = server.submit(short)
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")
    said = [e for e in Reader(run_id).new_events() if isinstance(e, Failed)]
    assert (said or [server.post_mortem(run_id)])[0] == Failed(error=local.NO_MEMORY)


@pytest.mark.slow
@on_linux
def test_one_core_without_avx512_is_enough(server, short, python_under, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    python_under(f"exec taskset -c {min(os.sched_getaffinity(0))}")
    assert isinstance(Listener(server.submit(short)).end, Finished)


@pytest.mark.slow
@on_linux
def test_a_run_takes_only_what_nobody_else_wants(server, home, long):
    run_id = server.submit(long("humble"))
    listener = Listener(run_id)
    wait_for(lambda: listener.has(EpochEnded), "the first epoch")
    pid = _pid(home, run_id)
    for thread in os.listdir(f"/proc/{pid}/task"):
        assert os.getpriority(os.PRIO_PROCESS, int(thread)) == 19
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
    server.stop(run_id)


def test_runs_keep_their_order_when_the_clock_is_set_back(home, monkeypatch):
    (home / "runs").mkdir()
    real = time.time_ns
    for hours in (0, -1, 5, -2):
        monkeypatch.setattr(
            local.time, "time_ns", lambda hours=hours: real() + hours * 3600 * 10**9
        )
        run_id = local._new_id()
        assert local._ID.fullmatch(run_id)
        (home / "runs" / run_id).mkdir()
        assert max(p.name for p in (home / "runs").iterdir()) == run_id


def test_a_ticket_from_the_future_that_nobody_holds_holds_up_nobody(home):
    ticket = home / "ticket.lock"
    ticket.touch()
    later = time.time() + 3600
    os.utime(ticket, (later, later))
    assert not local._is_held(ticket)


# Ended early


def test_stopped_early_a_run_says_that_nothing_was_learned(server, home, long):
    run_id = server.submit(long("early"))
    server.stop(run_id)
    listener = Listener(run_id)
    assert isinstance(listener.end, Failed)
    assert "Stopped before it had learned anything" in listener.end.error
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")
    assert not (home / "models").exists() or list((home / "models").iterdir()) == []


def test_stop_does_not_wait_for_a_slow_import(server, long, broken):
    broken("keras", "import time; time.sleep(600)")
    run_id = server.submit(long("slow"))
    listener = Listener(run_id)
    wait_for(lambda: listener.has(Progress, stage="starting"), "the import")
    server.stop(run_id)
    asked = time.monotonic()
    assert isinstance(listener.end, Failed)
    assert time.monotonic() - asked < 20
    assert "nothing was saved" in listener.end.error
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")


def test_a_run_that_waits_can_be_stopped(server, home, long):
    (home / "runs" / ".queue").mkdir(parents=True)
    ahead = home / "runs" / ".queue" / f"{0:020d}-{0:016x}.lock"
    ahead.write_text("somebody")
    with local.filelock.FileLock(ahead):
        run_id = server.submit(long("waiting"))
        listener = Listener(run_id)
        wait_for(lambda: listener.has(Progress, stage="waiting"), "the place")
        server.stop(run_id)
        assert isinstance(listener.end, Failed)
        assert "nothing was saved" in listener.end.error


def test_the_place_counts_the_live_runs_ahead_and_is_told_when_it_changes(home, monkeypatch):
    queue = home / "runs" / ".queue"
    queue.mkdir(parents=True)
    dead, *alive = [queue / f"{n:020d}-{n:016x}.lock" for n in range(3)]
    for ticket in (dead, *alive):
        ticket.write_text("a process id")
    locks = [local.filelock.FileLock(ticket) for ticket in alive]
    for lock in locks:
        lock.acquire()
    looks = []

    def look_again(seconds: float) -> None:
        looks.append(seconds)
        assert len(looks) < 20, "it must have had its turn by now"
        if len(looks) % 5 == 0:
            locks.pop().release()

    monkeypatch.setattr(local.time, "sleep", look_again)
    told: list[Event] = []
    with local.turn(home / "runs" / f"{9:020d}-{9:016x}", told.append, threading.Event()):
        assert len(looks) == 10
        assert not dead.exists(), "a ticket that nobody holds is taken away"
    assert told == [Progress(stage="waiting", place=place) for place in (2, 1)]


def test_a_child_that_died_before_its_turn_holds_up_the_next_for_its_grace_only(home, monkeypatch):
    monkeypatch.setattr(local, "_GRACE", 1.0)
    queue = home / "runs" / ".queue"
    queue.mkdir(parents=True)
    (queue / f"{0:020d}-{0:016x}.lock").touch()  # submitted, never taken
    told: list[Event] = []
    stop = threading.Event()
    in_the_end = threading.Timer(30, stop.set)
    in_the_end.start()
    begun = time.monotonic()
    with local.turn(home / "runs" / f"{1:020d}-{1:016x}", told.append, stop):
        waited = time.monotonic() - begun
    in_the_end.cancel()
    assert [e.place for e in told] == [1], "it may still be about to take its ticket"
    assert 0.5 < waited < 10
    assert list(queue.iterdir()) == []


# Never begun


def test_a_child_that_cannot_import_keras_names_it(server, short, broken):
    broken("keras")
    run_id = server.submit(short)
    listener = Listener(run_id)
    assert isinstance(listener.end, Failed)
    assert "keras is broken on purpose" in listener.end.error
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")


def test_a_child_that_dies_without_a_word_of_its_own_is_explained(server, short, broken):
    broken("argparse")  # before the child can say anything
    run_id = server.submit(short)
    wait_for(lambda: server.state(run_id) is RunState.ENDED, "the end of the process")
    assert Reader(run_id).new_events() == []
    assert "argparse is broken on purpose" in server.post_mortem(run_id).error
    # Another server knows no exit status, but the log.
    assert "argparse is broken on purpose" in LocalJobs().post_mortem(run_id).error


def test_a_config_that_does_not_fit_the_data_fails_with_its_sentence(server, tiny_mnist):
    config = TrainConfig(data="mnist", mnist=str(tiny_mnist), train_size=5000)
    listener = Listener(server.submit(config))
    assert isinstance(listener.end, Failed)
    assert "train_size is 5000" in listener.end.error


def test_a_runs_folder_that_cannot_be_written_is_told_with_the_way_out(server, home, short):
    (home / "runs").write_text("a file where the folder should be")
    with pytest.raises(JobError) as raised:
        server.submit(short)
    assert str(home / "runs") in str(raised.value)
    assert "DIGIT_CLASSIFIER_HOME" in str(raised.value)


def test_a_process_that_cannot_be_started_leaves_no_run_behind(server, home, short, monkeypatch):
    monkeypatch.setattr(local.sys, "executable", str(home / "no-such-python"))
    with pytest.raises(JobError, match="No such file"):
        server.submit(short)
    left = [file for file in (home / "runs").rglob("*") if file.name != ".queue"]
    assert left == []


# Ids and old runs

TRAVERSALS = ["..", "../models", "../../etc", "/etc", ".queue", "", "a/b", "x\0y"]


@pytest.mark.parametrize(
    "run_id", ["nobody", f"{1:020d}-{1:016x}", f"{1:020d}-{1:016x}\n", *TRAVERSALS]
)
def test_an_id_that_no_run_has_is_unknown(server, home, run_id):
    for folder in ("models", "runs/.queue", "runs/a/b"):
        (home / folder).mkdir(parents=True)
    assert server.state(run_id) is RunState.UNKNOWN
    server.stop(run_id)


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
    busy = local.filelock.FileLock(runs / ".queue" / f"{old[0].name}.lock")
    with busy:
        new = server.submit(short)
    names = {folder.name for folder in runs.iterdir()}
    assert names == {old[0].name, old[3].name, old[4].name, new, "notes", ".queue"}
    with_snapshots = {folder.parent for folder in runs.glob("*/epochs")}
    assert with_snapshots == {old[0], old[4]}, "those take the most room, and go first"


# Reading


@pytest.fixture
def written(home) -> Path:
    """The file of events of a run called `run`."""
    (home / "runs" / "run").mkdir(parents=True)
    return home / "runs" / "run" / "events.jsonl"


def test_a_line_is_read_when_it_is_whole(written):
    first, second = Progress(stage="data", note="Données: é"), Failed(error="over")
    lines = f"{to_json(first)}\n{to_json(second)}\n".encode()
    reader = Reader("run")
    heard = []
    for cut in range(1, len(lines) + 1):  # also in the middle of an é
        written.write_bytes(lines[:cut])
        new = reader.new_events()
        assert len(new) <= 1
        heard += [(cut, event) for event in new]
    assert heard == [(lines.index(b"\n") + 1, first), (len(lines), second)]


def test_each_event_is_read_once_by_each_reader(written):
    early, late = Reader("run"), Reader("run")
    written.write_text(to_json(Progress(stage="data")) + "\n")
    assert early.new_events() == [Progress(stage="data")]
    assert early.new_events() == []
    with open(written, "a") as file:
        file.write(to_json(Failed(error="over")) + "\n")
    assert early.new_events() == [Failed(error="over")]
    assert late.new_events() == [Progress(stage="data"), Failed(error="over")]


def test_what_is_no_event_is_passed_over(written):
    written.write_bytes(
        b'a library speaks\n\xff\xfe\n{"event": "party"}\n{"event": "failed"}\n[]\n\n'
        + to_json(Failed(error="over")).encode()
        + b"\n"
    )
    assert Reader("run").new_events() == [Failed(error="over")]


def test_a_run_that_has_said_nothing_yet_has_no_events(home):
    assert Reader("nobody").new_events() == []
