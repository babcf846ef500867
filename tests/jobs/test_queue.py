"""Who goes first: tickets that are held, and what a run hears of its place."""

import os
import threading
import time
from pathlib import Path

import filelock
import pytest

from classifier.events import Event, Progress
from classifier.jobs import queue
from classifier.jobs.queue import Claim


def test_a_ticket_from_the_future_that_nobody_holds_holds_up_nobody(home):
    ticket = home / "ticket.lock"
    ticket.touch()
    later = time.time() + 3600
    os.utime(ticket, (later, later))
    assert not queue.is_held(ticket)


@pytest.mark.parametrize("content", ["", "a process id"])
def test_a_ticket_that_is_given_back_during_a_look_is_not_made_anew(home, monkeypatch, content):
    ticket, lock = home / "ticket.lock", filelock.FileLock
    ticket.write_text(content)
    a_moment_ago = time.time() - 1
    os.utime(ticket, (a_moment_ago, a_moment_ago))

    def given_back(path: Path, timeout: float) -> filelock.BaseFileLock:
        path.unlink()
        return lock(path, timeout=timeout)

    monkeypatch.setattr(queue.filelock, "FileLock", given_back)
    assert not queue.is_held(ticket)
    assert not ticket.exists(), "it would hold up the next run for its grace"


def test_the_place_counts_the_live_runs_ahead_and_is_told_when_it_changes(home, monkeypatch):
    folder = home / "runs" / ".queue"
    folder.mkdir(parents=True)
    dead, *alive = [folder / f"{n:020d}-{n:016x}.lock" for n in range(3)]
    for ticket in (dead, *alive):
        ticket.write_text("a process id")
    locks = [filelock.FileLock(ticket) for ticket in alive]
    for lock in locks:
        lock.acquire()
    looks = []

    def look_again(seconds: float) -> None:
        looks.append(seconds)
        assert len(looks) < 20, "it must have had its turn by now"
        if len(looks) % 5 == 0:
            locks.pop().release()

    monkeypatch.setattr(queue.time, "sleep", look_again)
    told: list[Event] = []
    with queue.turn(f"{9:020d}-{9:016x}", told.append, threading.Event()):
        assert len(looks) == 10
        assert not dead.exists(), "a ticket that nobody holds is taken away"
    assert told == [Progress(stage="waiting", place=place) for place in (2, 1)]


def test_a_child_that_died_before_its_turn_holds_up_the_next_for_its_grace_only(home, monkeypatch):
    monkeypatch.setattr(queue, "_GRACE", 1.0)
    folder = home / "runs" / ".queue"
    folder.mkdir(parents=True)
    (folder / f"{0:020d}-{0:016x}.lock").touch()  # submitted, never taken
    told: list[Event] = []
    stop = threading.Event()
    in_the_end = threading.Timer(30, stop.set)
    in_the_end.start()
    begun = time.monotonic()
    with queue.turn(f"{1:020d}-{1:016x}", told.append, stop):
        waited = time.monotonic() - begun
    in_the_end.cancel()
    assert [e.place for e in told] == [1], "it may still be about to take its ticket"
    assert 0.5 < waited < 10
    assert list(folder.glob("*.lock")) == []


def wait_turns(home, claims: dict[str, Claim]) -> list[str]:
    """Runs with these claims, all of which wait while another has its turn: in which order they
    have theirs."""
    order: list[str] = []
    for run_id, claim in claims.items():
        (home / "runs" / run_id).mkdir(parents=True)
        with queue.entrance():
            queue.enter(run_id, claim)

    def take(run_id: str, told: list[Event]) -> None:
        with queue.turn(run_id, told.append, threading.Event()):
            order.append(run_id)

    places: dict[str, list[Event]] = {run_id: [] for run_id in claims}
    with queue.turn("0-at-work", [].append, threading.Event()):
        waiting = [threading.Thread(target=take, args=one) for one in places.items()]
        for thread in waiting:
            thread.start()
        deadline = time.monotonic() + 30
        while not all(places.values()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    for thread in waiting:
        thread.join(30)
    return order


def test_whoever_has_trained_least_goes_first_and_a_host_before_all(home, monkeypatch):
    monkeypatch.setattr(queue, "_LOOK_EVERY", 0.02)
    claims = {
        "1-much": Claim("a", trained=90.0),
        "2-little": Claim("b", trained=5.0),
        "3-host": Claim("c", host=True, trained=300.0),
        "4-as-little": Claim("d", trained=5.0),
    }
    assert wait_turns(home, claims) == ["3-host", "2-little", "4-as-little", "1-much"]


def test_what_runs_have_trained_is_added_up_for_each_visitor(home):
    for run_id, owner in (("1", "a"), ("2", "b"), ("3", "a")):
        (home / "runs" / run_id).mkdir(parents=True)
        with queue.entrance():
            queue.enter(run_id, Claim(owner))
        with queue.turn(run_id, [].append, threading.Event()):
            time.sleep(0.2)
    assert 0.3 < queue.trained_by("a") < 5
    assert queue.trained_by("c") == 0


def test_what_a_run_that_failed_has_trained_counts_too(home):
    (home / "runs" / "1").mkdir(parents=True)
    with queue.entrance():
        queue.enter("1", Claim("a"))
    with pytest.raises(ValueError), queue.turn("1", [].append, threading.Event()):  # noqa: PT012
        time.sleep(0.2)
        raise ValueError
    assert queue.trained_by("a") > 0.1


def test_a_damaged_claim_is_nobodys(home):
    folder = home / "runs" / "1"
    folder.mkdir(parents=True)
    for text in ("", "[" * 100_000, '{"owner": 3}', "[]", "\ud800"):
        (folder / "claim.json").write_text(text, errors="surrogatepass")
        assert queue.claim_of("1") == Claim()
    assert queue.claim_of("none") == Claim()
