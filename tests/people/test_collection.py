"""What was confirmed is kept once and for good, is its writer's alone, and bad input is told."""

import functools
import os
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from classifier import config
from classifier.ink import drawings
from classifier.people import collection
from classifier.people.collection import CollectionError, Labelled, LimitError

not_on_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
LINE = [np.array([[10.0, 20.0], [30.5, 200.0]]), np.array([[5.0, 5.0]])]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "home"))


def keep(token="me", drawing_id="a", label=7, strokes=LINE, pen=18.0, answer=1, model="conv"):
    collection.keep(token, Labelled(drawing_id, label, strokes, pen, answer, model))


def test_a_drawing_comes_back_as_it_was_kept():
    before = time.time()
    keep()
    (kept,) = collection.drawings_of("me")
    assert (kept.id, kept.label, kept.pen, kept.answer, kept.model) == ("a", 7, 18.0, 1, "conv")
    assert before <= kept.time <= time.time()
    for one, other in zip(kept.strokes, LINE, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_of_the_writer_is_in_the_file():
    keep("a-secret-token")
    assert b"a-secret-token" not in config.collection_file().read_bytes()


def test_what_is_sent_twice_is_kept_once():
    keep()
    keep()
    assert len(collection.drawings_of("me")) == 1


def test_ids_of_other_writers_are_no_concern():
    keep("me")
    keep("you", label=3)
    assert [one.label for one in collection.drawings_of("me")] == [7]
    assert [one.label for one in collection.drawings_of("you")] == [3]


def test_one_takes_back_only_ones_own():
    keep("me")
    assert not collection.remove("you", "a")
    assert collection.remove("me", "a")
    assert not collection.remove("me", "a")
    assert collection.drawings_of("me") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 10}, "0 to 9"),
        ({"label": -1}, "0 to 9"),
        ({"label": True}, "0 to 9"),
        ({"label": "7"}, "0 to 9"),
        ({"answer": 11}, "0 to 9"),
        ({"strokes": []}, "nothing drawn"),
        ({"strokes": [np.zeros((0, 2))]}, "nowhere"),
        ({"strokes": [np.array([[np.nan, 1.0]])]}, "nowhere"),
        ({"strokes": [np.array([[np.inf, 1.0]])]}, "nowhere"),
        ({"strokes": [np.array([[1e30, 1.0]])]}, "nowhere"),
        ({"pen": np.nan}, "nowhere"),
        ({"pen": 0}, "nowhere"),
        ({"strokes": [np.zeros((20_000, 2))]}, "points at most"),
        ({"strokes": [np.zeros((1, 2))] * 1_000_000}, "strokes"),
    ],
)
def test_what_is_no_labelled_drawing_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        keep(**change)
    assert collection.drawings_of("me") == []


def test_a_drawing_without_an_answer_is_kept():
    keep(answer=None)
    assert collection.drawings_of("me")[0].answer is None


def test_there_is_a_limit_for_a_minute_and_one_for_good(monkeypatch):
    monkeypatch.setattr(collection, "PER_MINUTE", 3)
    for number in range(3):
        keep(drawing_id=str(number))
    with pytest.raises(LimitError, match="a minute"):
        keep(drawing_id="3")
    keep(drawing_id="2")  # is there already
    keep("you")
    monkeypatch.setattr(collection, "MAX_OWN", 3)
    with pytest.raises(LimitError, match="delete some"):
        keep(drawing_id="3")
    assert len(collection.drawings_of("me")) == 3


def test_they_are_trained_on_with_their_writers_numbered():
    keep("you", label=3)
    keep("me", label=7)
    keep("you", "b", label=4)
    with collection.transaction(writing=False) as database:
        found = collection.as_drawings(collection.select(database, "1", []))
    assert found.labels.tolist() == [3, 7, 4]
    assert found.writer.tolist() == [0, 1, 0]
    assert [len(strokes) for strokes in found] == [2, 2, 2]


# The file


def test_what_was_acknowledged_survives_a_killed_process():
    code = (
        "import numpy as np, os, sys\nfrom classifier.people import collection\n"
        "from classifier.people.collection import Labelled\n"
        "for k in range(1000):\n"
        "    collection.PER_MINUTE = 10**6\n"
        "    collection.keep('me', Labelled(str(k), 5, [np.ones((50, 2))], 18, 5, 'conv'))\n"
        "    print(k, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    told = [child.stdout.readline().strip() for _ in range(20)]
    child.kill()
    told += child.stdout.read().split()
    kept = [one.id for one in collection.drawings_of("me")]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1


def test_processes_that_write_at_once_lose_nothing():
    code = (
        "import numpy as np, sys\nfrom classifier.people import collection\n"
        "from classifier.people.collection import Labelled\n"
        "for k in range(25):\n"
        "    collection.keep(sys.argv[1], Labelled(str(k), 5, [np.ones((50, 2))], 18, 5, 'c'))\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, f"w{n}"]) for n in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    for n in range(4):
        assert len(collection.drawings_of(f"w{n}")) == 25


def test_a_file_that_is_none_is_told_and_left_alone():
    keep()
    path = config.collection_file()
    path.write_bytes(b"something else, and quite a lot of it" * 100)
    with pytest.raises(CollectionError, match="damaged: move it away"):
        keep(drawing_id="b")
    with pytest.raises(CollectionError, match="damaged"):
        collection.drawings_of("me")
    assert path.read_bytes().startswith(b"something else")


def test_a_truncated_file_is_told():
    for number in range(40):
        keep(drawing_id=str(number))
    path = config.collection_file()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CollectionError, match="damaged"):
        collection.drawings_of("me")


def test_a_file_that_another_program_holds_is_told(monkeypatch):
    keep()
    monkeypatch.setattr(collection, "_PATIENCE", 0.1)
    other = sqlite3.connect(config.collection_file(), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CollectionError, match="in use by another program"):
        keep(drawing_id="b")
    other.execute("ROLLBACK")
    other.close()
    keep(drawing_id="b")
    assert len(collection.drawings_of("me")) == 2


def test_a_folder_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "file"))
    with pytest.raises(CollectionError, match="name another folder"):
        keep()


def test_a_file_that_is_read_only_is_read_but_not_written(monkeypatch):
    keep()
    path = config.collection_file()
    connect = sqlite3.connect  # root may write any file: SQLite itself is told not to
    monkeypatch.setattr(
        sqlite3,
        "connect",
        lambda _, **more: connect(f"file:{path}?mode=ro", uri=True, **more),
    )
    assert len(collection.drawings_of("me")) == 1
    with pytest.raises(CollectionError, match="writable"):
        keep(drawing_id="b")


def test_a_full_disk_is_told(monkeypatch):
    keep()

    class Full(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql.startswith("INSERT"):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Full))
    with pytest.raises(CollectionError, match="disk is full"):
        keep(drawing_id="b")


def test_a_full_disk_is_told_where_sqlite_has_rolled_back_already(monkeypatch):
    keep()

    class Full(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql.startswith("INSERT"):
                super().execute("ROLLBACK")
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Full))
    with pytest.raises(CollectionError, match="disk is full"):
        keep(drawing_id="b")


def test_what_fails_halfway_changes_nothing():
    keep()

    def fail():
        with collection.transaction() as database:
            database.execute("DELETE FROM drawing")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(collection.drawings_of("me")) == 1


# Who may read it


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


@not_on_windows
def test_only_its_owner_reads_the_collection():
    old = os.umask(0)
    try:
        with collection.transaction() as database:
            database.execute("INSERT INTO guess VALUES ('', 0)")
            home = config.home()
            assert modes(home) == {
                "home": 0o700,
                "collection.sqlite3": 0o600,
                "collection.sqlite3-journal": 0o600,
            }
    finally:
        os.umask(old)


@not_on_windows
def test_a_collection_that_others_can_read_is_closed_to_them():
    keep()
    home, path = config.home(), config.collection_file()
    aside = [path.with_name(f"{path.name}-{part}") for part in ("wal", "shm")]
    for one in aside:
        one.touch()
    for one in (home, path, *aside):
        one.chmod(0o755)
    collection.drawings_of("me")
    assert set(modes(home).values()) == {0o700}
    os.chmod(path, 0o644)
    collection.drawings_of("me")
    assert path.stat().st_mode & 0o777 == 0o600


@not_on_windows
def test_a_folder_for_everybody_stays_so():
    keep()
    config.home().chmod(0o1777)
    collection.drawings_of("me")
    assert config.home().stat().st_mode & 0o7777 == 0o1777


# Files in and out


def on_canvas(*offsets):
    """Drawings as somebody may have drawn them, small, large and in corners."""
    rng = np.random.default_rng(5)
    return [[rng.random((k + 2, 2)) * 90 + offset for k in range(2)] for offset in offsets]


def downloaded(token="me"):
    """The visitor's file of drawings, through its bytes."""
    path = config.home() / "file.npz"
    drawings.save(collection.as_drawings(collection.drawings_of(token)), path)
    return drawings.load(path.read_bytes())


def test_what_was_downloaded_changes_nothing_when_it_is_uploaded():
    for number, strokes in enumerate(on_canvas(0, 40, 150)):
        keep(drawing_id=str(number), label=number, strokes=strokes)
    before = [(one.id, one.label, one.time) for one in collection.drawings_of("me")]
    for _ in range(2):
        assert collection.bring("me", downloaded()) == 0
    assert [(one.id, one.label, one.time) for one in collection.drawings_of("me")] == before


def test_what_was_brought_can_be_downloaded_and_brought_again():
    others = drawings.from_strokes(on_canvas(1e3, 2e3, 5e3), np.array([1, 2, 3]))
    assert collection.bring("me", others) == 3
    assert collection.bring("me", others) == 0
    assert collection.bring("me", downloaded()) == 0
    assert collection.bring("you", downloaded()) == 3


def test_the_same_strokes_with_another_label_are_another_drawing():
    (strokes,) = on_canvas(0)
    keep(label=1, strokes=strokes)
    assert collection.bring("me", drawings.from_strokes([strokes] * 3, np.array([1, 7, 7]))) == 1
    assert sorted(one.label for one in collection.drawings_of("me")) == [1, 7]
