"""Runs of several page servers with one database: found, followed, counted and stopped by all of
them; what they are told when a server dies, and while the database is away."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest

from classifier.config import TrainConfig
from classifier.database.interface import SETTING
from classifier.database.transactions import transaction
from classifier.events import Finished, Progress, Started
from classifier.jobs import board as module
from classifier.jobs import local
from classifier.jobs.board import RUN, Board
from classifier.jobs.queue import Claim
from classifier.jobs.run import JobError, RunState
from classifier.limits import LimitError
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from tests.jobs.listening import Listener, wait_for
from tests.jobs.page_servers import PageServer
from tests.jobs.quick import quick  # noqa: F401

ANN, BEN = Visitor("a"), Visitor("b")
SHORT, LONG = TrainConfig(), TrainConfig(epochs=None, seconds=60.0)


@pytest.fixture
def url(request, monkeypatch) -> Iterator[str]:
    """An empty store."""
    with request.getfixturevalue("postgres").store() as one:
        monkeypatch.setenv(SETTING, one)
        yield one


@pytest.fixture
def servers(url, quick, page_servers) -> tuple[PageServer, PageServer]:  # noqa: F811
    """Two, whose runs learn nothing."""
    return page_servers(), page_servers()


@pytest.fixture
def one(servers) -> PageServer:
    return servers[0]


@pytest.fixture
def two(servers) -> PageServer:
    return servers[1]


@pytest.fixture
def soon(monkeypatch) -> None:
    """A server that is gone is noticed soon."""
    monkeypatch.setattr(module, "_GONE", 2.0)
    monkeypatch.setattr(module, "_BEAT", 0.5)


def rows(table: str = "job") -> list[tuple]:
    with transaction(writing=False) as database:
        return [tuple(row) for row in database.execute(f"SELECT * FROM {table}")]


def elsewhere(server: PageServer, run_id: str) -> Listener:
    """A run as a page of that server follows it."""
    found = server.find(run_id)
    assert found is not None
    return Listener(found)


def lost(run: Listener) -> str:
    """Why it ended without a last word, once it has."""
    wait_for(lambda: run.end, "the end", follow=[run])
    assert run.state is RunState.LOST
    return run.error


def test_a_run_is_found_listed_and_followed_from_its_beginning_at_another_server(one, two):
    run = Listener(one.submit(SHORT, by=ANN))
    there = elsewhere(two, run.id)
    assert there.owner == "a"
    run.until(Started)
    assert two.of(ANN).id == run.id
    assert two.of(BEN) is None
    assert [found.id for found in two.all(OPERATOR)] == [run.id]
    assert list(two.living().values()) == [Claim("a")]
    end = run.until(Finished)
    assert there.until(Finished) == end
    assert (there.started, there.epochs, there.state) == (
        run.started,
        run.epochs,
        RunState.FINISHED,
    )
    assert two.all(OPERATOR) == one.all(OPERATOR) == []
    assert two.of(ANN) is None
    assert elsewhere(two, run.id).until(Finished) == end, "also later, from the beginning"
    with pytest.raises(NotAllowedError):
        two.all(ANN)


def test_a_run_is_stopped_from_another_server_by_whom_it_belongs_to(one, two):
    run = Listener(one.submit(LONG, by=ANN))
    run.until(Progress, stage="training")
    there = elsewhere(two, run.id)
    there.until(Progress, stage="training")
    with pytest.raises(NotAllowedError):
        there.stop(BEN)
    there.stop(ANN)
    asked = time.monotonic()
    assert there.state is RunState.STOPPING
    assert run.until(Finished).stopped
    assert time.monotonic() - asked < 5
    there.until(Finished)
    assert there.state is RunState.STOPPED
    there.stop(ANN)  # does nothing


def test_what_a_process_died_of_is_told_alike(one, two):
    run = Listener(one.submit(LONG, by=ANN))
    run.until(Started)
    there = elsewhere(two, run.id)
    one._jobs._here._children[run.id].kill()
    assert lost(run) == lost(there)


def test_last_words_that_no_database_takes_are_told_without_what_is_wrong(one, two, monkeypatch):
    def dying(_folder: str, events: IO[bytes], log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", r"import sys; sys.exit('no\0word')"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=events, stderr=log)

    monkeypatch.setattr(local, "_start", dying)
    run = one.submit(SHORT, by=ANN)
    assert "its process failed: noword" in lost(elsewhere(two, run.id))


def test_a_run_whose_server_died_is_told_as_ended_and_holds_up_nobody(one, two, soon):
    run = Listener(one.submit(LONG, by=ANN))
    run.until(Progress, stage="training")
    there = elsewhere(two, run.id)
    there.until(Progress, stage="training")
    one.die()
    with pytest.raises(LimitError, match="has not ended"):
        two.submit(SHORT, by=ANN)
    assert "page server that carried this run out is gone" in lost(there)
    assert two.all(OPERATOR) == []
    assert two.of(ANN) is None
    assert lost(elsewhere(two, run.id)) == there.error
    Listener(two.submit(SHORT, by=ANN)).until(Finished)


def test_a_visitors_share_and_that_of_all_are_counted_over_all_servers(one, two, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS_TOTAL", "2")
    first = one.submit(LONG, by=ANN)
    with pytest.raises(LimitError, match="Your last run has not ended"):
        two.submit(SHORT, by=ANN)
    second = two.submit(LONG, by=BEN)
    with pytest.raises(LimitError, match="2 runs wait"):
        one.submit(SHORT, by=Visitor("c"))
    hosted = one.submit(SHORT, by=Visitor("c"), host=True)
    for run in (first, second, hosted):
        run.stop(OPERATOR)
    for run in (first, second, hosted):
        Listener(run).last()
    Listener(two.submit(SHORT, by=ANN)).until(Finished)


def test_of_those_who_come_at_once_to_several_servers_one_has_the_place(url):
    boards, entered, refused = [Board() for _ in range(3)], [], []

    def enter(number: int) -> None:
        board = boards[number % len(boards)]

        def check() -> None:
            if any(job.is_on for job in board.jobs.values()):
                raise LimitError

        try:
            board.enter(RUN, str(number), Claim(), check)
            entered.append(number)
        except LimitError:
            refused.append(number)

    threads = [threading.Thread(target=enter, args=[number]) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for board in boards:
        board.close()
    assert (len(entered), len(refused)) == (1, 8)


def test_the_end_is_told_nowhere_before_the_database_has_it(one, two):
    run = Listener(one.submit(SHORT, by=ANN))
    run.until(Progress, stage="training")
    files = one.home / "runs" / run.id / local.EVENTS
    with one.board._lock:
        wait_for(lambda: b"finished" in files.read_bytes(), "the end in its file")
        wait_for(lambda: not one._jobs._here.living(), "the end of its process")
        run.look()
        assert run.epochs, "what is no last word is told at once"
        assert run.end is None
    end = run.until(Finished)
    assert elsewhere(two, run.id).until(Finished) == end


def test_while_the_database_is_away_runs_go_on_and_pages_wait_for_nothing(
    own_database,
    quick,  # noqa: F811
    page_servers,
    soon,
):
    one, two = page_servers(), page_servers()
    run = Listener(one.submit(TrainConfig(epochs=None, seconds=2.0), by=ANN))
    run.until(Progress, stage="training")
    there = elsewhere(two, run.id)
    there.until(Progress, stage="training")
    own_database.stop(signal.SIGQUIT)
    wait_for(lambda: one.board.trouble and two.board.trouble, "what is wrong")
    for server in (one, two):
        begun = time.monotonic()
        assert server.of(ANN).id == run.id
        assert server.find(f"{1:020d}-{1:016x}") is None
        assert time.monotonic() - begun < 0.5
        with pytest.raises(JobError, match="DIGIT_CLASSIFIER_DATABASE"):
            server.submit(SHORT, by=BEN)
    end = run.until(Finished)
    away = time.monotonic() + 2.5  # longer than after which a server counts as gone
    wait_for(lambda: time.monotonic() > away, "some seconds", follow=[there])
    with one.board._lock:  # the other comes back first
        own_database.start()
        wait_for(lambda: not two.board.trouble, "the next look", follow=[there])
        there.look()
        assert there.end is None, "while it was away, nobody's beat could come"
    assert there.until(Finished) == end
    assert there.epochs == run.epochs
    assert there.state is RunState.FINISHED
    Listener(two.submit(SHORT, by=BEN)).until(Finished)


def test_servers_whose_clocks_differ_by_an_hour_agree(one, two, soon, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS", "2")
    now, later = time.time, time.time() + 3600
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: now() + 3600)
        ahead.setattr(time, "time_ns", lambda: int(later * 1e9))
        first = one.submit(LONG, by=ANN)
    second = two.submit(LONG, by=ANN)
    assert second.id < first.id
    with pytest.raises(LimitError):
        one.submit(SHORT, by=ANN)
    time.sleep(2.5)  # longer than after which a server counts as gone
    for server in (one, two):
        wait_for(lambda server=server: len(server.all(OPERATOR)) == 2, "both")
        assert server.of(ANN).id == second.id, "the newest, whatever the ids say"
    ends = [elsewhere(two, first.id), elsewhere(one, second.id)]
    for run in ends:
        run.stop(ANN)
    for run in ends:
        assert run.until(Finished).stopped


def test_a_run_that_could_not_begin_is_none(one, two, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(local, "_start", full)
        with pytest.raises(JobError, match="disk is full"):
            one.submit(SHORT, by=ANN)
    wait_for(lambda: not rows(), "its row's end", 5)
    Listener(two.submit(SHORT, by=ANN)).until(Finished)


def test_a_run_of_which_somebody_took_the_row_goes_on_where_it_is(one, two):
    run = Listener(one.submit(TrainConfig(epochs=None, seconds=2.0), by=ANN))
    run.until(Progress, stage="training")
    there = elsewhere(two, run.id)
    there.until(Progress, stage="training")
    with transaction() as database:
        database.execute("DELETE FROM job")
    run.until(Finished)
    assert lost(there)
    assert one.board.trouble == two.board.trouble == ""


def test_a_server_that_leaves_ends_its_runs_and_lets_the_others_know(one, two):
    run = Listener(one.submit(LONG, by=ANN))
    run.until(Progress, stage="training")
    there = elsewhere(two, run.id)
    one.close()
    one.board.close()
    assert there.until(Finished).stopped
    with pytest.raises(JobError, match="about to end"):
        one.submit(SHORT, by=BEN)


def test_rows_are_few_however_long_runs_speak(one, two, monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 2)
    runs = []
    for _ in range(4):
        runs.append(Listener(one.submit(SHORT, by=ANN)))
        runs[-1].until(Finished)
    assert len(rows()) == 2
    said = rows("job_said")
    assert {row[0] for row in said} == {run.id for run in runs[2:]}
    assert not any(row[2] for row in said), "progress is gone when something else is said"
    assert two.find(runs[0].id) is None


def test_of_what_a_run_says_without_end_the_last_word_is_told(one, two, monkeypatch):
    monkeypatch.setattr("classifier.jobs.shared._MOST_SAID", -1)
    run = Listener(one.submit(SHORT, by=ANN))
    end = run.until(Finished)
    there = elsewhere(two, run.id)
    assert there.until(Finished) == end
    assert run.epochs
    assert not there.epochs


def test_a_run_that_began_a_moment_ago_is_found_at_once(one, two):
    wait_for(two.board._first.is_set, "the first look")
    for by in (ANN, BEN):
        run = one.submit(SHORT, by=by)
        assert two.find(run.id).owner == by.digest


@pytest.mark.parametrize("run_id", ["nobody", f"{1:020d}-{1:016x}", "..", "", "a/b", "x\0y"])
def test_an_id_that_no_run_has_is_unknown(one, run_id):
    assert one.find(run_id) is None


def test_what_goes_wrong_in_the_thread_ends_neither_it_nor_the_runs(one, two, monkeypatch):
    with monkeypatch.context() as patch:

        def broken(*_: object) -> None:
            raise ZeroDivisionError

        patch.setattr(Board, "_read", broken)
        wait_for(lambda: one.board.trouble and two.board.trouble, "the error")
        assert "ZeroDivisionError" in one.board.trouble
    wait_for(lambda: not one.board.trouble, "the next look")
    Listener(one.submit(SHORT, by=ANN)).until(Finished)
