"""What a host's class does to the host's runs, without a browser."""

import pytest

from classifier.config import TrainConfig
from classifier.ink.drawings import Drawings
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.run import Run
from classifier.people import classroom, entering
from classifier.people.collection import Labelled
from classifier.people.visitors import visitor_of
from classifier.rights import Visitor
from tests.app import press, run
from tests.ui.classes import LINE, class_of, send_one


@pytest.fixture
def first(monkeypatch) -> list[bool]:
    """Of each run that is started, whether it goes before others."""
    asked: list[bool] = []

    def submit(
        jobs: LocalJobs, config: TrainConfig, drawn: Drawings | None, by: Visitor, *, host: bool
    ) -> Run:
        asked.append(host)
        raise JobError("Not now.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    return asked


def test_a_host_goes_first_as_soon_as_two_draw_in_the_class(host, first):
    there = class_of(host)
    press(host, "train")
    send_one(there)
    press(host, "train")
    other = visitor_of("another")
    entering.join(other, there.code, "here")
    classroom.send(other, there.number, Labelled("a", 3, LINE, 18, 7, "conv"))
    run(host)
    press(host, "train")
    assert first == [False, False, True]
