"""A network that learns before a class's eyes, without a browser and without learning."""

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.events import Failed, Finished, Progress, Started, to_json
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.run import Run
from classifier.people import classroom, entering, rounds
from classifier.people.collection import Kept, Labelled
from classifier.people.outcomes import Kind, RoundState
from classifier.people.visitors import visitor_of
from classifier.ui.classes import watching
from classifier.ui.classes.watching import Watch
from tests.app import press, run, words
from tests.jobs.test_run import Told
from tests.ui.classes import LINE, class_of, joined, send_one, visitor
from tests.ui.wall.test_wall import told, wall_of

RUN = "00000000000000000001-0123456789abcdef"
FINISHED = Finished(
    model="mine",
    test_accuracy=0.7,
    train_accuracy=0.9,
    gap=0.2,
    seconds=1.0,
    stages={},
    confusion=[[0] * 10] * 10,
    data="MNIST",
    train_images=20,
    test_images=40,
    source="mnist",
)


class Shelf:
    """In place of a run's snapshots: what the network of each epoch reads in every drawing."""

    def __init__(self, *answers: int | None) -> None:
        self.reads = dict(enumerate(answers))
        self.asked: list[int] = []

    def epochs(self) -> list[int]:
        return list(self.reads)

    def answers(self, epoch: int, images: np.ndarray) -> np.ndarray | None:
        self.asked.append(epoch)
        read = self.reads[epoch]
        return None if read is None else np.full(len(images), read, np.uint8)


def kept(number: int, label: int) -> Kept:
    return Kept("a", label, LINE, 18.0, None, "", number, f"w{number}", 0, 1.0, False, False)


def works(*events) -> Told:
    return Told("".join(to_json(event) + "\n" for event in events).encode())


@pytest.fixture
def at_once(monkeypatch):
    """Epochs are shown as quickly as one looks."""
    monkeypatch.setattr(watching, "_PACE", 0.0)


def test_each_look_shows_one_epoch_more_and_asks_each_network_once(at_once):
    shelf = Shelf(7, 3, 3)
    watch = Watch(
        Run(RUN, works(Started(config={}, time=0), FINISHED)), shelf, [kept(1, 3), kept(2, 7)]
    )
    scenes = [watch.look({1, 2}) for _ in range(4)]
    assert [scene.right for scene in scenes[:2]] == [[(0, 1)], [(0, 1), (1, 1)]]
    assert scenes[2] == scenes[3]
    assert [scene.is_over for scene in scenes] == [False, False, True, True]
    assert [scene.answers for scene in scenes[:2]] == [{1: 7, 2: 7}, {1: 3, 2: 3}]
    assert shelf.asked == [0, 1, 2]


def test_an_epoch_is_seen_for_a_while_however_quick_the_run():
    watch = Watch(Run(RUN, works(FINISHED)), Shelf(7, 3), [kept(1, 3)])
    assert not [watch.look({1}) for _ in range(5)][-1].is_over
    assert watch.look({1}).right == [(0, 0)]


def test_what_is_deleted_meanwhile_counts_no_more(at_once):
    watch = Watch(Run(RUN, works(FINISHED)), Shelf(3), [kept(1, 3), kept(2, 3)])
    assert (watch.look({1, 2}).right, watch.look({2}).right) == ([(0, 2)], [(0, 1)])
    assert (watch.look({2}).total, watch.look({2}).answers) == (1, {2: 3})


def test_a_network_that_is_cut_is_left_out(at_once):
    watch = Watch(Run(RUN, works(FINISHED)), Shelf(7, None, 3), [kept(1, 3)])
    scenes = [watch.look({1}) for _ in range(4)]
    assert scenes[-1].right == [(0, 0), (2, 1)]
    assert scenes[-1].is_over


def test_what_the_run_does_is_told_until_there_is_an_epoch(at_once):
    waits = Watch(Run(RUN, works(Progress(stage="waiting", place=2))), Shelf(), [kept(1, 3)])
    assert waits.look({1}).doing == "Waiting: 2 runs go first"
    begins = Watch(Run(RUN, works(Progress(stage="data"))), Shelf(), [kept(1, 3)])
    assert begins.look({1}).doing == "Loading the data"
    learns = Watch(Run(RUN, works(Progress(stage="data"))), Shelf(1, 1), [kept(1, 3)])
    assert [learns.look({1}).doing for _ in range(2)] == ["Before the first epoch", "Epoch 1"]


# The host's page, and the wall


@pytest.fixture
def learns(monkeypatch, at_once):
    """A run that is started says what the test writes, and has these snapshots."""
    work, shelf, asked = Told(), Shelf(), []

    def submit(jobs, config, drawn, by, *, host):
        asked.append((config, drawn))
        return Run(RUN, work, by.digest)

    monkeypatch.setattr(LocalJobs, "submit", submit)
    monkeypatch.setattr(LocalJobs, "find", lambda jobs, run_id: Run(run_id, work))
    monkeypatch.setattr(watching.shared, "replay", lambda run_id: shelf)
    watching._watch.clear()
    return work, shelf, asked


def fill(there: classroom.Class, people: int, each: int) -> None:
    """Have so many join and send so many drawings, all of which look like a 7."""
    for number in range(people):
        who = visitor_of(f"pupil {number}")
        entering.join(who, there.code, "here")
        for one in range(each):
            drawing = Labelled(f"{one}", (7, 3)[one % 2], LINE, 18, 7, "conv")
            classroom.send(who, there.number, drawing)


def test_a_class_watches_its_digits_turn_from_wrong_to_right(host, learns):
    work, shelf, asked = learns
    there = class_of(host)
    fill(there, 1, 4)
    page, projector = joined(there.code), wall_of(there.code, host.session_state["session"].secret)
    run(host)
    press(host, "round-watch")
    ((config, drawn),) = asked
    assert (config, drawn) == (TrainConfig.of("dense", **watching._FROM_MNIST), None)
    on = rounds.current(visitor(host), there.number)
    assert (on.kind, on.run, on.held) == (Kind.WATCH, RUN, ())
    assert "A network learns before your eyes" in words(run(page))
    shelf.reads = {0: 1}
    watch = told(run(projector))["round"]["watch"]
    assert (watch["epochs"], watch["total"]) == ([[0, 0]], 4)
    assert set(watch["answers"].values()) == {1}
    assert watch["told"] == "It learns from others’ digits, and has never seen yours."
    shelf.reads = {0: 1, 1: 7}
    now = told(run(projector))["round"]
    assert (now["watch"]["epochs"], now["count"]) == (
        [[0, 0], [1, 2]],
        "Epoch 1 · 2 of 4 read rightly",
    )
    work.text = works(FINISHED).text
    run(projector)
    said = (
        "A network that learned from MNIST’s digits read yours: 0 of 4 before, and 2 after 1 epoch."
    )
    now = told(run(projector))["round"]
    assert (now["task"], now["count"]) == (said, "")
    assert said in words(run(page))
    run(host)
    press(host, "round-over")
    assert said in words(host)
    assert [one.said for one in rounds.record(visitor(host), there.number)] == [said]
    # The class goes on with its own network, until the host says otherwise.
    here = host.session_state["session"]
    assert here.answering == there.model
    press(host, "let-it-answer")
    assert here.answering != there.model


def test_from_the_class_alone_it_never_sees_the_digits_of_those_who_judge_it(host, learns):
    work, shelf, asked = learns
    there = class_of(host)
    fill(there, 6, 10)
    run(host)
    press(host, "round-watch-alone")
    ((config, drawn),) = asked
    assert config.drawings_alone
    assert (len(drawn), len(np.unique(drawn.writer))) == (40, 4)
    shelf.reads, work.text = {0: 1, 1: 7}, works(FINISHED).text
    projector = wall_of(there.code, host.session_state["session"].secret)
    now = told(run(run(projector)))["round"]["watch"]
    assert (now["total"], len(now["answers"])) == (20, 20)
    assert now["told"] == (
        "It learns from 40 drawings of 4 of you. The 20 of the other 2 it never sees: they are the "
        "test."
    )
    run(host)
    press(host, "round-over")
    assert (
        "A network that learned from 40 drawings of 4 of you read the others’: 0 of 20 before, and "
        "10 after 1 epoch." in words(host)
    )


@pytest.mark.parametrize(
    ("key", "why"),
    [("watch-alone", "To learn from your digits alone takes"), ("watch", "Nobody has drawn")],
)
def test_with_too_little_to_learn_from_or_to_read_none_begins(host, learns, key, why):
    press(host, f"round-{key}")
    assert why in words(host)
    assert learns[2] == []
    assert rounds.current(visitor(host), class_of(host).number) is None


def test_a_run_that_cannot_begin_is_told_and_no_round_does(host, monkeypatch):
    def submit(jobs, config, drawn, by, *, host):
        raise JobError("The run cannot be started: no room.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    send_one(class_of(host))
    run(host)
    press(host, "round-watch")
    assert "The run cannot be started: no room." in words(host)
    assert rounds.current(visitor(host), class_of(host).number) is None


def test_a_run_that_fails_ends_in_a_sentence_without_the_servers_folders(host, learns):
    work, _, _ = learns
    send_one(class_of(host))
    run(host)
    press(host, "round-watch")
    work.text = works(Failed(error="No room in /srv/secret/place.")).text
    run(host)  # while no wall is open
    on = rounds.current(visitor(host), class_of(host).number)
    assert (on.state, on.said) == (RoundState.SHOWN, "The network did not learn: No room in place.")


def test_a_run_of_another_server_ends_in_a_sentence(host, learns, monkeypatch):
    monkeypatch.setattr(LocalJobs, "find", lambda jobs, run_id: None)
    send_one(class_of(host))
    run(host)
    press(host, "round-watch")
    run(host)
    on = rounds.current(visitor(host), class_of(host).number)
    assert on.said == "The run that the class watched is not on this server any more."


def test_pressed_on_a_page_that_has_not_heard_of_another_round_it_starts_no_run(host, learns):
    there = class_of(host)
    send_one(there)
    run(host)
    rounds.start(visitor(host), there.number, Kind.FREE, 0)  # in another window
    press(host, "round-watch")
    assert learns[2] == []
    assert rounds.current(visitor(host), there.number).kind is Kind.FREE


def test_a_class_that_pauses_meanwhile_stops_the_run(host, learns):
    there = class_of(host)
    send_one(there)
    run(host)
    classroom.set_state(visitor(host), there.number, classroom.ClassState.PAUSED)
    press(host, "round-watch")
    assert learns[0].stopped == 1
    assert "no round can begin" in words(host)
