"""The file: what is confirmed stays, whatever happens to it; who may read it; its versions."""

import functools
import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from classifier import config
from classifier.database import sqlite
from classifier.database.interface import CollectionError
from classifier.database.transactions import transaction
from classifier.people import collection
from classifier.people.visitors import visitor_of
from tests.people import ME, labelled

not_on_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


LARGE = [np.ones((2_000, 2))]


def keep(drawing_id="a"):
    return collection.keep(ME, labelled(drawing_id))


def writing(name: str, count: int) -> list[str]:
    """A process that keeps so many drawings and tells of each."""
    code = (
        "import sys\n"
        "from classifier.people import collection\n"
        "from classifier.people.visitors import visitor_of\n"
        "from tests.people import labelled\n"
        f"for k in range({count}):\n"
        f"    collection.keep(visitor_of({name!r}), labelled(str(k)))\n"
        "    print(k, flush=True)\n"
    )
    return [sys.executable, "-c", code]


def test_what_was_acknowledged_survives_a_killed_process(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "1000")
    child = subprocess.Popen(writing("me", 1000), stdout=subprocess.PIPE, text=True)
    told = [child.stdout.readline().strip() for _ in range(20)]
    child.kill()
    told += child.stdout.read().split()
    kept = [one.id for one in collection.drawings_of(ME)]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1


def test_processes_that_write_at_once_lose_nothing():
    children = [subprocess.Popen(writing(f"w{n}", 25), stdout=subprocess.DEVNULL) for n in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    for n in range(4):
        assert len(collection.drawings_of(visitor_of(f"w{n}"))) == 25


def test_a_file_that_is_none_is_told_and_left_alone():
    keep()
    path = config.collection_file()
    path.write_bytes(b"something else, and quite a lot of it" * 100)
    with pytest.raises(CollectionError, match="damaged: move it away"):
        keep("b")
    with pytest.raises(CollectionError, match="damaged"):
        collection.drawings_of(ME)
    assert path.read_bytes().startswith(b"something else")


def test_a_truncated_file_is_told():
    for number in range(40):
        keep(str(number))
    path = config.collection_file()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CollectionError, match="damaged"):
        collection.drawings_of(ME)


def test_a_file_that_another_program_holds_is_told(monkeypatch):
    keep()
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.1)
    other = sqlite3.connect(config.collection_file(), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CollectionError, match="in use by another program"):
        keep("b")
    other.execute("ROLLBACK")
    other.close()
    keep("b")
    assert len(collection.drawings_of(ME)) == 2


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
    assert len(collection.drawings_of(ME)) == 1
    with pytest.raises(CollectionError, match="writable"):
        keep("b")


def test_a_full_disk_is_told(monkeypatch):
    keep()

    class Full(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql.startswith("INSERT"):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Full))
    with pytest.raises(CollectionError, match="disk is full"):
        keep("b")


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
        keep("b")


def test_what_fails_halfway_changes_nothing():
    keep()

    def fail():
        with transaction() as file:
            file.execute("DELETE FROM drawing")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(collection.drawings_of(ME)) == 1


def test_what_is_confirmed_is_on_the_disk_and_who_reads_waits_for_nobody_who_writes(monkeypatch):
    keep()
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.1)
    with transaction() as file:
        assert file.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert file.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        file.execute("DELETE FROM drawing")
        assert len(collection.drawings_of(ME)) == 1


def test_between_calls_the_file_alone_has_everything(home):
    keep()
    assert os.listdir(home) == ["collection.sqlite3"]
    copied = config.collection_file().read_bytes()
    keep("b")
    config.collection_file().write_bytes(copied)
    assert [one.id for one in collection.drawings_of(ME)] == ["a"]


def test_a_disk_that_runs_full_is_told_and_loses_nothing(monkeypatch):
    keep()
    with transaction(writing=False) as file:
        pages = file.execute("PRAGMA page_count").fetchone()[0]

    class Small(sqlite3.Connection):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            self.execute(f"PRAGMA max_page_count = {pages + 2}")

    came = 1
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Small))
        for number in range(20):
            try:
                collection.keep(ME, collection.Labelled(str(number), 7, LARGE, 18, 1, "conv"))
                came += 1
            except CollectionError:
                pass
        with pytest.raises(CollectionError, match="The disk is full"):
            collection.keep(ME, collection.Labelled("one more", 7, LARGE, 18, 1, "conv"))
    assert 1 <= came < 20
    assert len(collection.drawings_of(ME)) == came
    keep("b")


def test_a_file_that_vanishes_is_told_and_no_other_takes_its_place(home):
    keep()
    path, away = config.collection_file(), home / "away"
    path.rename(away)
    for act in (lambda: keep("b"), lambda: collection.drawings_of(ME)):
        with pytest.raises(CollectionError, match="was taken away"):
            act()
    assert not path.exists()
    away.rename(path)
    keep("b")
    assert [one.id for one in collection.drawings_of(ME)] == ["a", "b"]


def test_what_is_written_into_a_file_that_vanishes_meanwhile_is_not_confirmed(home):
    keep()
    path, away = config.collection_file(), home / "away"

    def lose():
        with transaction() as file:
            file.execute("DELETE FROM drawing")
            path.rename(away)

    with pytest.raises(CollectionError, match="was taken away"):
        lose()


def test_a_damaged_file_that_was_moved_away_is_followed_by_a_new_one(home):
    keep()
    path = config.collection_file()
    path.write_bytes(b"something else, and quite a lot of it" * 100)
    with pytest.raises(CollectionError, match="move it away, and a new collection begins"):
        keep("b")
    path.rename(home / "away")
    keep("b")
    assert [one.id for one in collection.drawings_of(ME)] == ["b"]


def fill(home):
    """Things that can be wrong with the file, each by what is done about it."""
    path = config.collection_file()
    yield lambda: path.write_bytes(b"something else" * 100)
    yield lambda: (path.unlink(), path.mkdir())
    yield lambda: (path.rmdir(), home.rmdir(), home.write_text(""))
    yield lambda: (home.unlink(), home.symlink_to(home.parent / "nowhere" / "at all"))


def test_no_sentence_names_a_folder_of_the_server(home):
    keep()
    for spoil in fill(home):
        spoil()
        with pytest.raises(CollectionError, match=r"^collection\.sqlite3 ") as told:
            keep("b")
        assert str(home.parent) not in str(told.value)
        assert "/" not in str(told.value)


# Who may read it


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


@not_on_windows
def test_only_its_owner_reads_the_collection():
    old = os.umask(0)
    try:
        with transaction() as file:
            file.execute("INSERT INTO total VALUES (0)")
            home = config.home()
            assert modes(home) == {
                "home": 0o700,
                "collection.sqlite3": 0o600,
                "collection.sqlite3-wal": 0o600,
                "collection.sqlite3-shm": 0o600,
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
    collection.drawings_of(ME)
    assert set(modes(home).values()) == {0o700}
    os.chmod(path, 0o644)
    collection.drawings_of(ME)
    assert path.stat().st_mode & 0o777 == 0o600


@not_on_windows
def test_a_folder_for_everybody_stays_so():
    keep()
    config.home().chmod(0o1777)
    collection.drawings_of(ME)
    assert config.home().stat().st_mode & 0o7777 == 0o1777
