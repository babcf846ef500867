"""Files of every version are read with all that is in them, and no failed step changes one."""

import contextlib
import itertools
import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from classifier import config
from classifier.database import sqlite
from classifier.database.interface import CollectionError
from classifier.database.migrations import MIGRATIONS
from classifier.ink import snippets
from classifier.people import albums, classroom, collection, entering, members
from classifier.people.classroom import ClassState, NoClassError
from tests.people import HOST, LINE, ME, ONE, THREE, TWO, labelled, send

# As the first version made it.
FIRST = """
CREATE TABLE IF NOT EXISTS drawing (
  number INTEGER PRIMARY KEY,         -- in the order in which they came
  id TEXT NOT NULL,                   -- chosen by the sender: sent twice, it is kept once
  class INTEGER,                      -- NULL: the writer's own collection
  writer TEXT NOT NULL,
  hand INTEGER NOT NULL,              -- who drew it, where one brought what several had drawn
  label INTEGER NOT NULL,
  points BLOB NOT NULL,               -- float32, x and y in turn
  lengths TEXT NOT NULL,              -- of the strokes, in points, as a JSON list
  pen REAL NOT NULL,
  answer INTEGER,                     -- NULL: none was given
  model TEXT NOT NULL,
  time REAL NOT NULL,
  UNIQUE (writer, id)
) STRICT;
CREATE INDEX IF NOT EXISTS drawing_by_class ON drawing (class, number);
CREATE INDEX IF NOT EXISTS drawing_by_writer ON drawing (writer, class, time);
CREATE TABLE IF NOT EXISTS class (
  number INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,                -- that answers its members, by its name
  state TEXT NOT NULL,
  opened REAL NOT NULL,
  expires REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS member (
  class INTEGER NOT NULL,
  writer TEXT NOT NULL,
  joined REAL NOT NULL,
  PRIMARY KEY (class, writer)
) STRICT;
CREATE TABLE IF NOT EXISTS guess (origin TEXT NOT NULL, time REAL NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


@pytest.fixture
def first(home):
    """A file of version 1: ME with two drawings, and a class of HOST with ONE and TWO."""
    home.mkdir()
    points = np.concatenate(LINE).astype("<f4").tobytes()

    def row(number, drawing_id, class_number, writer, label, answer):
        what = [label, points, "[2, 1]", 18.0, answer, "conv", 1e9 + number]
        return [number, drawing_id, class_number, writer.digest, 0, *what]

    rows = [
        row(1, "a", None, ME, 7, 1),
        row(2, "b", None, ME, 3, None),
        row(4, "a", 5, ONE, 4, 9),  # the third was deleted
        row(9, "a", 5, TWO, 4, None),
    ]
    with contextlib.closing(sqlite3.connect(config.collection_file())) as file, file:
        file.executescript(FIRST)
        file.executemany(f"INSERT INTO drawing VALUES ({', '.join('?' * 12)})", rows)
        ours = (5, "abcdef", HOST.digest, "conv", "paused", 1e9, 1e11)
        file.execute("INSERT INTO class VALUES (?, ?, ?, ?, ?, ?, ?)", ours)
        for who, joined in ((TWO, 1.0), (ONE, 2.0)):
            file.execute("INSERT INTO member VALUES (5, ?, ?)", [who.digest, joined])
        file.execute("INSERT INTO guess VALUES ('203.0.113.77', 1.0)")
    return config.collection_file()


def dump(path):
    """All that is in a file, as SQL."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        version = file.execute("PRAGMA user_version").fetchone()[0]
        return version, list(file.iterdump())


def test_a_file_of_the_first_version_has_all_that_was_in_it(first):
    own = collection.drawings_of(ME)
    assert [(one.number, one.id, one.label, one.answer) for one in own] == [
        (1, "a", 7, 1),
        (2, "b", 3, None),
    ]
    for stroke, kept in zip(LINE, own[0].strokes, strict=True):
        np.testing.assert_array_equal(stroke, kept)
    (there,) = classroom.hosted(HOST)
    assert (there.number, there.code, there.state) == (5, "abcdef", ClassState.PAUSED)
    assert not there.locked
    survey = classroom.survey(HOST, 5, 9)
    assert [one.number for one in survey.latest] == [4, 9]
    assert (survey.counts[4, 9], survey.counts[4, 10], survey.counts.sum()) == (1, 1, 2)
    assert [one.drawings for one in members.members(HOST, 5)] == [1, 1]
    seats = [classroom.joined(who, 5).seat for who in (TWO, ONE)]
    assert [one.name for one in members.members(HOST, 5)] == seats  # as they came
    assert b"203.0.113.77" not in first.read_bytes()


def test_a_file_of_the_first_version_goes_on_as_a_new_one_does(first):
    classroom.set_state(HOST, 5, ClassState.OPEN)
    assert send(ONE, classroom.joined(ONE, 5), "new") > 9
    assert entering.join(THREE, "abcdef", "here").seat
    assert collection.keep(ME, labelled("a")) == 1  # sent once more
    collection.hide(HOST, 4, True)
    assert collection.remove(HOST, 9)
    assert albums.contents(HOST, 5).counts.sum() == classroom.survey(HOST, 5, 9).counts.sum() == 1
    assert dump(first)[0] == len(MIGRATIONS)


@pytest.mark.parametrize("kept", [0, 1, 2, -2, -1])
def test_a_step_that_fails_leaves_the_version_before_it_whole(first, monkeypatch, kept):
    before = dump(first)
    broken = (*MIGRATIONS[1][:kept], "no SQL at all")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "MIGRATIONS", (MIGRATIONS[0], broken))
        with pytest.raises(CollectionError):
            collection.drawings_of(ME)
    assert dump(first) == before
    assert len(collection.drawings_of(ME)) == 2


def test_a_process_that_is_killed_within_a_step_leaves_the_version_before_it_whole(first):
    before = dump(first)
    code = (
        "import os, sqlite3\n"
        "from classifier.people import collection\n"
        "from tests.people import ME\n"
        "class Killed(sqlite3.Connection):\n"
        "    def execute(self, sql, *values):\n"
        "        if sql.startswith('CREATE TABLE knock'):\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return super().execute(sql, *values)\n"
        "connect = sqlite3.connect\n"
        "sqlite3.connect = lambda *path, **more: connect(*path, factory=Killed, **more)\n"
        "collection.drawings_of(ME)\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode not in (0, 1)
    assert dump(first) == before
    assert len(collection.drawings_of(ME)) == 2


def test_a_file_of_a_newer_version_is_refused_in_words_and_left_as_it_is(home):
    collection.keep(ME, labelled())
    path = config.collection_file()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    for act in (lambda: collection.keep(ME, labelled("b")), lambda: collection.drawings_of(ME)):
        with pytest.raises(CollectionError, match="newer version"):
            act()
    assert path.read_bytes() == before
    assert os.listdir(home) == [path.name]


def test_a_class_of_the_first_version_that_is_over_stays_so(first):
    classroom.set_state(HOST, 5, ClassState.CLOSED)
    with pytest.raises(NoClassError, match="over"):
        entering.join(THREE, "abcdef", "here")


def test_a_class_of_the_second_version_goes_by_the_name_of_its_model(home):
    home.mkdir()
    with contextlib.closing(sqlite3.connect(config.collection_file())) as file, file:
        for statement in (*MIGRATIONS[0], *MIGRATIONS[1], "PRAGMA user_version = 2"):
            file.execute(statement)
        ours = (5, "abcdef", HOST.digest, "conv", "open", 1e9, 1e11, 0)
        file.execute("INSERT INTO class VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ours)
    (there,) = classroom.hosted(HOST)
    assert (there.code, there.model, there.model_id) == ("abcdef", "conv", "")


def test_a_file_of_the_fifth_version_has_its_strokes_and_takes_pictures(home):
    home.mkdir()
    points = np.concatenate(LINE).astype("<f4").tobytes()
    with contextlib.closing(sqlite3.connect(config.collection_file())) as file, file:
        for statement in itertools.chain(*MIGRATIONS[:5], ["PRAGMA user_version = 5"]):
            file.execute(statement)
        file.execute(
            "INSERT INTO drawing (id, writer, hand, label, points, lengths, pen, model, time)"
            " VALUES ('a', ?, 0, 7, ?, '[2, 1]', 18.0, '', 1e9)",
            [ME.digest, points],
        )
    (one,) = collection.drawings_of(ME)
    assert (one.source.value, one.sheet, len(one.strokes)) == ("pen", "", 2)
    ink = np.zeros((50, 50), np.float32)
    ink[10:40, 20:26] = 1
    snippet = snippets.cut(ink)
    collection.keep(ME, collection.of_snippet(snippet, 1, "s", "b"))
    assert collection.drawings_of(ME)[1].source.value == "picture"
