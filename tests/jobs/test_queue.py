"""Who goes first: tickets that are held, and what a run hears of its place."""

import os
import threading
import time

import filelock

from classifier.events import Event, Progress
from classifier.jobs import queue


def test_a_ticket_from_the_future_that_nobody_holds_holds_up_nobody(home):
    ticket = home / "ticket.lock"
    ticket.touch()
    later = time.time() + 3600
    os.utime(ticket, (later, later))
    assert not queue.is_held(ticket)


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
    assert list(folder.iterdir()) == []
