"""A run as a page server follows it: what comes late, twice, not at all, or from a stranger."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from classifier.events import Event, Failed, Finished, Restarted, to_json
from classifier.jobs import following, local
from classifier.jobs.following import Followed
from classifier.jobs.queue import Claim
from classifier.jobs.run import Run, RunState
from tests.test_events import EPOCH, FINISHED, PROGRESS, STARTED

ID = f"{1:020d}-{1:016x}"
Lines = list[tuple[int, str]]


class Desk:
    """What a scheduler answers."""

    def __init__(self, *events: Event) -> None:
        self.told: Lines | None = list(enumerate(map(to_json, events), 1))
        self.snapshots: dict[str, bytes] = {}
        self.model: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.away = False

    async def ask(self, what: str, args: Mapping[str, object]) -> Any:
        self.asked.append(what)
        if self.away:
            raise ConnectionError("away")
        if what == "digits_told":
            if self.told is None:
                return None
            told = [one for one in self.told if one[0] > int(str(args["after"]))]
            return {"told": told, "snapshots": list(self.snapshots)}
        if what == "digits_snapshot":
            return self.snapshots.get(str(args["name"]))
        return self.model


def follow(
    desk: Desk,
    *steps: Callable[[Followed], None],
    keep: Callable[[Mapping[str, bytes]], str] = lambda contents: "here",
) -> Run:
    """A run that was followed from its beginning, with something done to it after each rest."""
    work = Followed(ID, Claim("a"), lambda run: None, keep)

    async def story() -> None:
        task = asyncio.ensure_future(work.follow(desk.ask))
        for step in (*steps, lambda work: None):
            await asyncio.sleep(0.05)
            step(work)
        await asyncio.sleep(0.1)
        task.cancel()

    asyncio.run(story())
    run = Run(ID, work, "a")
    run.look()
    return run


def hear(desk: Desk, number: int, event: Event) -> Callable[[Followed], None]:
    return lambda work: work.hear({"number": number, "line": to_json(event)}, desk.ask)


def test_lines_come_once_and_in_order_whatever_was_missed(home):
    desk = Desk(STARTED, EPOCH)

    def later(work: Followed) -> None:
        assert desk.told is not None
        desk.told += [(3, to_json(EPOCH)), (4, to_json(EPOCH))]
        hear(desk, 4, EPOCH)(work)  # the third was missed

    run = follow(desk, hear(desk, 2, EPOCH), later, hear(desk, 4, EPOCH))
    assert len(run.epochs) == 3
    assert desk.asked.count("digits_told") == 2


def test_a_run_that_the_scheduler_does_not_know_is_lost(home):
    desk = Desk()
    desk.told = None
    run = follow(desk)
    assert run.state is RunState.LOST
    assert "started anew" in run.error


def test_while_the_scheduler_is_away_nothing_is_lost(home):
    desk = Desk(STARTED)
    desk.away = True

    def back(work: Followed) -> None:
        desk.away = False
        work.look_again()

    assert follow(desk, hear(desk, 1, STARTED), back).state is RunState.RUNNING


def test_a_stop_before_the_scheduler_knows_the_run_reaches_it(home):
    desk = Desk(STARTED)
    desk.away = True

    def back(work: Followed) -> None:
        work.stop()
        desk.away = False
        work.look_again()

    follow(desk, back)
    assert "digits_stop" in desk.asked


def test_the_model_is_here_before_the_run_ends_under_its_name_here(home):
    desk = Desk(STARTED, FINISHED)
    desk.model = {"a": b"1"}
    kept = []

    def keep(contents: Mapping[str, bytes]) -> str:
        kept.append(contents)
        return "mine-2"

    run = follow(desk, keep=keep)
    assert isinstance(run.end, Finished)
    assert (run.end.model, kept) == ("mine-2", [{"a": b"1"}])


def test_a_model_that_cannot_be_saved_here_is_told(home):
    def keep(contents: Mapping[str, bytes]) -> str:
        raise OSError("the disk is full")

    run = follow(Desk(STARTED, FINISHED), keep=keep)
    assert isinstance(run.end, Failed)
    assert "the disk is full" in run.error


def test_snapshots_come_newest_first_and_those_of_an_attempt_before_go(home):
    desk = Desk(STARTED, EPOCH)
    desk.snapshots = {"00000.npz": b"0", "00001.npz": b"old", "forward.tflite": b"f"}
    folder = local.snapshots_of(ID)

    def again(work: Followed) -> None:
        assert (folder / "00001.npz").read_bytes() == b"old"
        desk.snapshots = {"00001.npz": b"new", "forward.tflite": b"f"}
        hear(desk, 3, Restarted(attempt=2))(work)

    def more(work: Followed) -> None:
        work.hear({"snapshots": list(desk.snapshots)}, desk.ask)

    run = follow(desk, again, more)
    assert run.attempt == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == desk.snapshots


@pytest.mark.parametrize("name", ["../stolen", "/stolen", "..", ".", "", "a/b"])
def test_no_snapshot_is_written_elsewhere(home: Path, name):
    desk = Desk(STARTED)
    desk.snapshots = {name: b"1"}
    follow(desk)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_what_is_held_of_a_run_has_a_bound(home, monkeypatch):
    monkeypatch.setattr(following, "_MOST_SAID", 1_000)
    work = Followed(ID, Claim("a"), lambda run: None, lambda contents: "")
    desk = Desk(*[PROGRESS] * 100, EPOCH)
    asyncio.run(asyncio.wait_for(catch_up(work, desk), 5))
    assert len(work.said_after(0)) < 2_000
    run = Run(ID, work)
    run.look()
    assert len(run.epochs) == 1


async def catch_up(work: Followed, desk: Desk) -> None:
    task = asyncio.ensure_future(work.follow(desk.ask))
    await asyncio.sleep(0.1)
    task.cancel()
