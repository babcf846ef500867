"""What stands on the scheduler, without one: order, shares, attempts, and what strangers send."""

import asyncio
import gc
import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="Dask is not installed")

from classifier.jobs import book, desk
from classifier.jobs.book import Book, free_workers

GOOD = {book.TRAINING: 1.0, book.VERSION + "v": 1.0}


def entered(runs: Book, *given: tuple[str, str, bool]) -> None:
    for run, owner, host in given:
        assert runs.enter(run, owner, host, "", {}, (1, 20))


def order(runs: Book) -> list[str]:
    return [run.id for run in runs.alive()]


def test_hosts_go_first_then_who_trained_least_then_who_came_first():
    runs = Book()
    runs.count("a", 50.0)
    runs.count("c", 10.0)
    entered(runs, ("1", "a", False), ("2", "b", False), ("3", "c", False), ("4", "d", True))
    entered(runs, ("5", "e", False))
    assert order(runs) == ["4", "2", "5", "3", "1"]
    runs.runs["1"].worker = "there"
    assert order(runs)[0] == "1", "what is at work goes before all that wait"


def test_there_is_room_for_so_many_of_one_and_of_all_and_for_hosts_beside_them():
    runs = Book()
    assert runs.enter("1", "a", False, "", {}, (1, 2))
    assert runs.enter("1", "a", False, "", {}, (1, 2)), "sent twice"
    assert not runs.enter("2", "a", False, "", {}, (1, 2))
    assert runs.enter("3", "b", False, "", {}, (1, 2))
    assert not runs.enter("4", "c", False, "", {}, (1, 2))
    assert runs.enter("5", "c", True, "", {}, (1, 2))
    assert list(runs.runs) == ["1", "3", "5"]


def test_a_sweep_has_one_place_however_many_of_its_runs_are_on():
    runs = Book()
    assert runs.enter("1", "a", False, "s", {}, (1, 2))
    assert runs.enter("2", "a", False, "s", {}, (1, 2))
    assert not runs.enter("3", "a", False, "", {}, (1, 2)), "a run beside their sweep"
    assert not runs.enter("4", "a", False, "t", {}, (1, 2)), "a sweep beside their sweep"
    assert runs.enter("5", "b", False, "", {}, (1, 2)), "there is room for two of all"
    assert not runs.enter("6", "b", False, "u", {}, (1, 2)), "a sweep beside their run"
    assert not runs.enter("7", "c", False, "", {}, (1, 2))
    assert runs.enter("8", "a", False, "s", {}, (1, 2)), "it has its place already"


def test_what_is_held_has_a_bound(monkeypatch):
    monkeypatch.setattr(book, "_MOST_BYTES", 100)
    monkeypatch.setattr(book, "_KEPT", 2)
    monkeypatch.setattr(book, "_MOST_OWNERS", 3)
    runs = Book()
    assert not runs.enter("0", "z", False, "", {"files": {"a": bytes(101)}}, (1, 20))
    entered(runs, *((str(n), f"owner{n}", False) for n in range(4)))
    for n in range(4):
        runs.runs[str(n)].ended = float(n) + 10**9
        runs.runs[str(n)].snapshots = {"a": bytes(60)}
        runs.count(f"owner{n}", 1.0)
    runs.tidy()
    assert list(runs.runs) == ["2", "3"]
    assert [len(run.snapshots) for run in runs.runs.values()] == [0, 1]
    assert len(runs._trained) == 3


def test_of_progress_only_the_newest_is_kept_and_a_restart_forgets(monkeypatch):
    monkeypatch.setattr(book, "_MOST_LINES", 4)
    run = book.Entry("1", "", False, "", 0.0, 1, {})
    kinds = ("started", "progress", "progress", "epoch", "progress", "progress")
    assert all(run.add(json.dumps({"event": kind})) for kind in kinds)
    assert [number for number, _ in run.told] == [1, 3, 4, 6]
    assert not run.add('{"event": "epoch"}')
    assert run.add('{"event": "finished"}')
    run.add('{"event": "restarted"}')
    assert [number for number, _ in run.told] == [8]


def test_workers_that_cannot_are_told_of_in_words():
    assert free_workers({}, "v", []) == ([], "It waits for a worker, and none is connected")
    assert free_workers({"a": {}}, "v", [])[1].endswith("none is connected")
    free, lack = free_workers({"a": GOOD, "b": GOOD | {book.TRAINING: 2.0}}, "v", ["b"])
    assert (free, lack) == (["a", "b"], "")
    assert free_workers({"a": GOOD}, "v", ["a"]) == ([], "")
    free, lack = free_workers({"tcp://x": GOOD}, "w", [])
    assert free == []
    assert "The worker at tcp://x runs version v of Digit Classifier, this page version w" in lack
    assert "version unknown" in free_workers({"a": {book.TRAINING: 1.0}}, "v", [])[1]


class Scheduler:
    """Keeps what it is told, and lets no task end by itself."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[..., object]] = {}
        self.workers: dict[str, SimpleNamespace] = {}
        self.address, self.security, self.id = "", None, "Scheduler-1"
        self.events: list[object] = []
        self.tasks: list[tuple[str, str]] = []

    def log_event(self, topic: str, message: object) -> None:
        self.events.append(message)

    def submit(self, function, run: str, attempt: int, *, workers: list[str], **how: object):
        self.tasks.append((run, workers[0]))
        future = asyncio.get_running_loop().create_future()
        future.release = lambda: None
        return future


async def at_desk(monkeypatch) -> tuple[desk.Desk, Scheduler]:
    there = Scheduler()

    async def client(*_: object, **__: object) -> Scheduler:
        return there

    monkeypatch.setattr(desk, "Client", client)
    one = desk.Desk("v")
    await one.start(there)
    return one, there


def join(one: desk.Desk, there: Scheduler, worker: str) -> None:
    there.workers[worker] = SimpleNamespace(resources=GOOD)
    one.add_worker(there, worker)


async def leave(one: desk.Desk, there: Scheduler, worker: str) -> None:
    del there.workers[worker]
    one.remove_worker(there, worker, stimulus_id="gone")
    await asyncio.sleep(0)


def lines(one: desk.Desk, run: str) -> list[dict[str, object]]:
    return [json.loads(line) for _, line in one.digits_told(run, 0)["told"]]


def test_a_run_whose_machines_die_three_times_is_lost(monkeypatch):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        assert one.digits_submit("1", "a", False, "", {}, (1, 20))
        assert lines(one, "1")[-1]["note"].endswith("none is connected")
        for attempt, worker in enumerate(("x", "y", "z"), 1):
            join(one, there, worker)
            await asyncio.sleep(0)
            assert there.tasks[-1] == ("1", worker)
            one.log_event(book.SAID, said("1", attempt, "epoch"))
            one.log_event(book.SAID, said("1", attempt - 1, "epoch"))  # of a machine that hung
            assert [line["event"] for line in lines(one, "1")].count("epoch") == 1
            await leave(one, there, worker)
        last = lines(one, "1")[-1]
        assert last["event"] == "lost"
        assert "3 machines" in last["error"]
        assert one.digits_order("1", 3) is None

    asyncio.run(story())


def test_a_stopped_run_does_not_start_again(monkeypatch):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        join(one, there, "x")
        one.digits_submit("1", "a", False, "", {}, (1, 20))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(one.digits_await_stop("1", 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        one.digits_stop("1")
        await asyncio.wait_for(waiting, 1)
        join(one, there, "y")
        await leave(one, there, "x")
        assert lines(one, "1")[-1]["event"] == "failed"
        assert len(there.tasks) == 1

    asyncio.run(story())


def test_places_are_told_when_they_change_and_the_next_goes_where_there_is_room(monkeypatch):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        join(one, there, "x")
        join(one, there, "y")
        for number in range(1, 5):
            one.digits_submit(f"{number}", f"owner{number}", number == 4, "", {}, (1, 20))
        await asyncio.sleep(0)
        assert there.tasks == [("1", "x"), ("2", "y")]
        assert [lines(one, run)[-1]["place"] for run in ("4", "3")] == [1, 2]
        await one.digits_end("2", 1, 0, '{"event": "finished"}', {"a": b"1"}, 7.0)
        await asyncio.sleep(0)
        assert there.tasks[-1] == ("4", "y")
        assert lines(one, "3")[-1]["place"] == 1
        assert one.digits_model("2") == {"a": b"1"}
        assert one.digits_hello()["alive"][-1] == ("3", "owner3", False, "")

    asyncio.run(story())


def test_between_two_runs_of_a_sweep_others_have_their_turn(monkeypatch):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        assert one.digits_hello()["room"] == 0
        join(one, there, "x")
        join(one, there, "y")
        assert one.digits_hello()["room"] == 2
        for run in ("s1", "s2"):
            assert one.digits_submit(run, "a", False, "s", {}, (1, 20))
        one.digits_submit("b", "b", False, "", {}, (1, 20))
        await one.digits_end("s1", 1, 0, '{"event": "finished"}', {}, 7.0)
        one.digits_submit("s3", "a", False, "s", {}, (1, 20))
        one.digits_submit("c", "c", False, "", {}, (1, 20))
        await one.digits_end("s2", 1, 0, '{"event": "finished"}', {}, 7.0)
        await one.digits_end("b", 1, 0, '{"event": "finished"}', {}, 1.0)
        await asyncio.sleep(0)
        assert [run for run, _ in there.tasks] == ["s1", "s2", "b", "c", "s3"]
        assert one.digits_hello()["room"] == 2
        assert one.digits_hello()["alive"][1] == ("s3", "a", False, "s")

    asyncio.run(story())


def test_the_end_waits_for_lines_that_are_on_their_way(monkeypatch):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        join(one, there, "x")
        one.digits_submit("1", "a", False, "", {}, (1, 20))
        end = asyncio.ensure_future(one.digits_end("1", 1, 1, '{"event": "finished"}', {}, 0.0))
        await asyncio.sleep(0.05)
        one.log_event(book.SAID, said("1", 1, "epoch"))
        await end
        assert [line["event"] for line in lines(one, "1")] == ["epoch", "finished"]

    asyncio.run(story())


def said(run: str, attempt: int, kind: str) -> dict[str, object]:
    return {"run": run, "attempt": attempt, "line": json.dumps({"event": kind})}


STRANGE = [
    None,
    "text",
    {},
    {"run": "1"},
    {"run": ["1"], "attempt": 1, "line": ""},
    {"run": "1", "attempt": 1, "line": None},
    {"run": "1", "attempt": 1, "line": 7},
    {"run": "1", "attempt": 1, "line": "no JSON"},
    {"run": "1", "attempt": 1, "line": "[" * 90_000},
    {"run": "1", "attempt": 1, "line": '{"event": "epoch", "x": "' + "x" * 100_000 + '"}'},
    *(said("1", 1, kind) for kind in ("finished", "failed", "lost", "restarted", "anything")),
]


@pytest.mark.parametrize("message", STRANGE, ids=lambda one: str(one)[:40])
def test_what_strangers_send_changes_nothing(monkeypatch, message):
    async def story() -> None:
        one, there = await at_desk(monkeypatch)
        join(one, there, "x")
        one.digits_submit("1", "a", False, "", {}, (1, 20))
        gc.collect()  # what other tests left: finalized within deep JSON, it would fail there
        one.log_event(book.SAID, message)
        assert lines(one, "1") == []
        assert one.digits_hello()["alive"][0][0] == "1"

    asyncio.run(story())
