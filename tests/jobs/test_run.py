"""A run is what it has said so far; whatever its lines hold, following it never raises."""

import json
import random
from dataclasses import dataclass

import pytest

from classifier.events import (
    STAGES,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Progress,
    Restarted,
    Started,
    gap_in_words,
    to_json,
)
from classifier.jobs.run import Run, RunState
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from tests.test_events import EPOCH, FINISHED, NAMED, PROGRESS, STARTED


@dataclass
class Told:
    """Carries out nothing: says what a test writes."""

    text: bytes = b""
    dead: str | None = None
    stopped: int = 0

    def said_after(self, offset: int) -> bytes:
        return self.text[offset:]

    def death(self) -> str | None:
        return self.dead

    def stop(self) -> None:
        self.stopped += 1


class Heard(Run):
    """Keeps each event that it takes in."""

    def __init__(self, work: Told) -> None:
        super().__init__("run", work)
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        super().add(event)
        self.events.append(event)


def lines(*events: Event) -> bytes:
    return "".join(to_json(event) + "\n" for event in events).encode()


# Its state


def test_a_run_waits_works_and_finishes():
    work = Told()
    run = Run("run", work)
    run.look()
    assert (run.state, run.place) == (RunState.WAITING, 0)
    work.text += lines(Progress(stage="waiting", place=2))
    run.look()
    assert (run.state, run.place) == (RunState.WAITING, 2)
    work.text += lines(STARTED, PROGRESS)
    run.look()
    assert (run.state, run.place) == (RunState.RUNNING, 0)
    assert run.end is None
    work.text += lines(FINISHED)
    run.look()
    assert run.result == FINISHED
    assert run.error == ""


def test_what_was_told_before_a_restart_counts_no_more():
    work = Told(lines(STARTED, PROGRESS, EPOCH, EPOCH))
    run = Run("run", work)
    run.look()
    assert (run.attempt, len(run.epochs)) == (1, 2)
    work.text += lines(Restarted(attempt=2))
    run.look()
    assert (run.attempt, run.epochs, run.started, run.progress) == (2, [], None, None)
    assert run.state is RunState.WAITING
    work.text += lines(STARTED, EPOCH)
    run.look()
    assert (run.state, len(run.epochs)) == (RunState.RUNNING, 1)


@pytest.mark.parametrize(("stopped", "state"), [(False, "FINISHED"), (True, "STOPPED")])
def test_a_result_of_a_run_that_was_stopped_is_told_from_others(stopped, state):
    run = Run("run", Told())
    run.add(Finished(**vars(FINISHED) | {"stopped": stopped}))
    assert run.state is RunState[state]


def test_a_run_that_is_asked_to_stop_says_so_until_it_ends():
    work = Told(lines(STARTED))
    run = Run("run", work)
    run.look()
    run.stop(OPERATOR)
    assert work.stopped == 1
    assert run.state is RunState.STOPPING
    work.text += lines(Failed(error="Stopped."))
    run.look()
    assert run.state is RunState.FAILED
    assert run.error == "Stopped."
    assert run.result is None


def test_a_run_that_ends_without_a_last_word_is_lost():
    work = Told(lines(STARTED))
    run = Run("run", work)
    work.dead = "It was killed."
    run.look()
    assert run.state is RunState.LOST
    assert run.error == "It was killed."


def test_the_last_word_of_a_run_that_is_gone_counts():
    run = Run("run", Told(lines(STARTED, FINISHED), dead="It was killed."))
    run.look()
    assert run.result == FINISHED


def test_a_run_whose_end_is_known_is_not_looked_at_again():
    work = Told(lines(FINISHED))
    run = Run("run", work)
    run.look()
    work.text += lines(Failed(error="over"))
    run.look()
    assert run.result == FINISHED


# What it has said


def test_all_epochs_and_the_last_of_the_rest_are_kept():
    run = Run("run", Told())
    second = EpochEnded(epoch=2, loss=0.4, accuracy=0.9, val_loss=0.5, val_accuracy=0.8, seconds=1)
    later = Progress(stage="testing")
    for event in (STARTED, PROGRESS, EPOCH, second, later):
        run.add(event)
    assert run.started is STARTED
    assert run.progress is later
    assert run.epochs == [EPOCH, second]
    assert run.end is None
    run.add(FINISHED)
    assert run.end is FINISHED


def test_runs_do_not_share_epochs():
    Run("run", Told()).add(EPOCH)
    assert Run("run", Told()).epochs == []


def test_a_line_is_read_when_it_is_whole():
    first, second = Progress(stage="data", note="Données: é"), Failed(error="over")
    whole = lines(first, second)
    work = Told()
    run = Heard(work)
    heard = []
    for cut in range(1, len(whole) + 1):  # also in the middle of an é
        work.text = whole[:cut]
        before = len(run.events)
        run.look()
        assert len(run.events) - before <= 1
        heard += [(cut, event) for event in run.events[before:]]
    assert heard == [(whole.index(b"\n") + 1, first), (len(whole), second)]


def test_each_event_is_read_once_by_each_follower():
    work = Told(lines(Progress(stage="data")))
    early = Heard(work)
    early.look()
    early.look()
    assert early.events == [Progress(stage="data")]
    work.text += lines(Failed(error="over"))
    late = Heard(work)
    for run in (early, late):
        run.look()
        assert run.events == [Progress(stage="data"), Failed(error="over")]


def test_what_is_no_event_is_passed_over():
    strange = b'a library speaks\n\xff\xfe\n{"event": "party"}\n{"event": "failed"}\n[]\n\n'
    run = Heard(Told(strange + lines(Failed(error="over"))))
    run.look()
    assert run.events == [Failed(error="over")]


def test_a_line_that_looks_broken_to_unicode_is_one_line():
    failed = Failed(error="one\u2028line\x85still")
    run = Heard(Told(lines(failed)))
    run.look()
    assert run.events == [failed]


# Hostile lines

DEEP = "[" * 100_000
WILD = (DEEP, '{"a":' * 100_000, "1e999", "-1e308", "NaN", "Infinity", "9" * 5_000, "9" * 400)
WILD += ("null", "true", '""', "[]", "{}", "[[1]]", '{"a": 1}', '"\\ud800"', "-1", "0.5", "2")


def test_no_mutation_of_its_lines_raises_in_who_follows_a_run():
    rng = random.Random(19)
    for _ in range(3_200):
        run = Run("run", Told(b"".join(_mutated(e, rng) + b"\n" for e in NAMED.values()), "Dead."))
        run.look()
        assert run.state in RunState
        assert run.end is not None
        if run.progress is not None:
            assert run.progress.stage in STAGES
            assert 0 <= (run.progress.fraction or 0) <= 1
            f"{run.progress.seconds_left or 0:.0f} {run.progress.images_per_second or 0:,.0f}"
        if run.result is not None:
            shown = run.result.train_accuracy, run.result.test_accuracy, run.result.test_images
            assert "points" in gap_in_words(*shown)
        for epoch in run.epochs:
            f"{epoch.loss:.2f} {epoch.accuracy:.1%} {epoch.val_accuracy:.1%}"
        if run.started is not None:
            assert len(repr(run.started.config)) < 10_000


def _mutated(event: Event, rng: random.Random) -> bytes:
    """The line of an event with something wrong in it, or perhaps nothing."""
    line = to_json(event)
    match rng.randrange(4):
        case 0:  # another value, which may be none of JSON's
            values = json.loads(line)
            field = rng.choice(list(values))
            values[field] = "@"
            line = json.dumps(values).replace('"@"', rng.choice(WILD))
        case 1:  # a field less, or one more
            values = json.loads(line)
            values.pop(rng.choice(list(values)))
            line = json.dumps(values)
        case 2:  # some bytes
            raw = bytearray(line.encode())
            for _ in range(rng.randint(1, 4)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            return bytes(raw).replace(b"\n", b" ")
        case 3:  # cut off
            line = line[: rng.randrange(len(line))]
    return line.encode("utf-8", "replace")


@pytest.mark.parametrize("event", [STARTED, PROGRESS, EPOCH, FINISHED])
@pytest.mark.parametrize("value", WILD)
def test_a_wild_value_in_any_field_is_taken_in_or_passed_over(event, value):
    for field in json.loads(to_json(event)):
        values = json.loads(to_json(event))
        values[field] = "@"
        run = Run("run", Told(json.dumps(values).replace('"@"', value).encode() + b"\n"))
        run.look()
        assert run.state in RunState


def test_started_is_what_the_page_reads_settings_from():
    for config in ('{"network": [1]}', '{"network": {"a": 1}}', "[]", '"dense"'):
        run = Run("run", Told(b'{"event": "started", "time": 1, "config": %s}\n' % config.encode()))
        run.look()
        assert run.started is None
    run = Run("run", Told(lines(Started(config={"network": "dense", "augment": True}, time=1))))
    run.look()
    assert run.started is not None


def test_only_whose_it_is_and_the_operator_stop_a_run():
    work = Told(lines(STARTED))
    run = Run("run", work, owner="a")
    for stranger in (Visitor("b"), Visitor("")):
        with pytest.raises(NotAllowedError, match="stop this run"):
            run.stop(stranger)
    assert run.state is not RunState.STOPPING
    run.stop(Visitor("a"))
    assert run.state is RunState.STOPPING
    nobodys = Run("run", work)
    with pytest.raises(NotAllowedError):
        nobodys.stop(Visitor(""))
    nobodys.stop(OPERATOR)


def test_a_line_without_an_end_costs_itself_and_no_memory(monkeypatch):
    monkeypatch.setattr("classifier.jobs.run.MOST_AT_ONCE", 1000)

    class InParts(Told):
        def said_after(self, offset: int) -> bytes:
            return super().said_after(offset)[:1000]

    work = InParts(b"x" * 5500 + b"\n" + lines(STARTED) * 20 + lines(FINISHED))
    run = Run("run", work)
    run.look()
    assert run.started == STARTED
    assert run.result == FINISHED
