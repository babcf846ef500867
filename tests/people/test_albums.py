"""What a page shows of many drawings comes by pages and counts, and costs no more where there are
many."""

import functools
import sqlite3
import time

import pytest

from classifier.database.transactions import transaction
from classifier.people import albums, classroom, collection, entering, members
from tests.people import HOST, ME, ONE, fill, in_a_file, labelled, send

MANY = 30_000  # drawings of one class, as large as it gets


@pytest.fixture
def full(opened):
    """A class with so many."""
    entering.join(ONE, opened.code, "here")
    send(ONE, opened)
    fill(None, opened.number, MANY)
    return opened


@pytest.fixture
def statements(monkeypatch):
    """What SQLite is asked from now on, with the values in it."""
    asked = []

    class Traced(sqlite3.Connection):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            self.set_trace_callback(asked.append)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *at, **more: connect(*at, **more, factory=Traced)
    )
    return asked


@in_a_file
def test_what_a_host_page_asks_every_second_reads_no_table_whole(full, statements):
    classroom.survey(HOST, full.number, 24)
    entering.knocks(HOST, full.number)
    albums.page(HOST, full.number, 7, 48, 24)
    albums.some(HOST, full.number, [3])
    classroom.has_class(HOST)
    classroom.joined(ONE, full.number)
    classroom.own_drawings(ONE, full.number)
    entering.standing(ONE, full.number)
    members.members(HOST, full.number)
    albums.page(ONE, None, 7, 0, 24)
    albums.contents(ONE, None)
    selects = [one for one in statements if one.startswith("SELECT")]
    assert len(selects) > 10
    with transaction(writing=False) as database:
        for one in selects:
            plan = [row["detail"] for row in database.execute(f"EXPLAIN QUERY PLAN {one}")]
            assert not [step for step in plan if step.startswith("SCAN")], (one, plan)
            assert "LIMIT" not in one or not [step for step in plan if "TEMP B-TREE" in step]


def steps(act):
    """What an action costs, in steps of SQLite's virtual machine, by the thousand."""
    taken = []

    class Counted(sqlite3.Connection):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            self.set_progress_handler(lambda: taken.append(1), 1000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Counted))
        act()
    return len(taken)


@in_a_file
def test_a_look_at_the_wall_costs_no_more_in_a_class_with_many_drawings(full):
    assert steps(lambda: albums.contents(HOST, full.number)) > 30  # which reads all
    assert steps(lambda: classroom.survey(HOST, full.number, 24)) <= 4
    assert steps(lambda: albums.page(HOST, full.number, 7, 0, 24)) <= 4
    assert steps(lambda: send(ONE, full, "another")) <= 4


def test_of_many_drawings_their_numbers_come_at_once(full):
    begun = time.perf_counter()
    contents = albums.contents(HOST, full.number)
    assert time.perf_counter() - begun < 0.5  # 0.03 s where nothing else runs
    assert contents.counts.tolist() == [MANY // 10] * 7 + [MANY // 10 + 1] + [MANY // 10] * 2
    assert (contents.numbers[1:] > contents.numbers[:-1]).all()


def test_the_pages_of_an_album_hold_each_drawing_once_the_newest_first():
    collection.keep(ME, labelled(label=1))
    fill(ME, None, 99)
    found = [one for start in range(0, 200, 7) for one in albums.page(ME, None, 1, start, 7)]
    numbers = [one.number for one in found]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 1 + 10
    assert {one.label for one in found} == {1}
    assert [one.number for one in albums.some(ME, None, numbers[:3])] == numbers[2::-1]
