"""Models in a database: what one page server saves, renames and deletes, the others have; what is
cut off is mended, and what is damaged costs its own model alone."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classifier import config
from classifier.config import PROJECT
from classifier.database.interface import SETTING
from classifier.database.transactions import transaction
from classifier.limits import LimitError
from classifier.rights import OPERATOR, Visitor
from classifier.serving import folders, mirror, saving, store
from classifier.serving.folders import NameTakenError, StoreError
from classifier.serving.meta import ModelMeta
from tests.postgres import PASSWORD, Cluster, cluster
from tests.serving.test_store import META, FakeModel, sent
from tests.watching import in_time


class Place:
    """A page server's own folder; all of them are in this process and on one database."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self._patch = home, monkeypatch

    def enter(self) -> None:
        """Be that server from now on."""
        self._patch.setenv("DIGIT_CLASSIFIER_HOME", str(self.home))

    def names(self) -> list[str]:
        """What it lists, once it has looked."""
        self.enter()
        mirror.refresh(0)
        return sorted(model.name for model in store.list_models()[0])


@pytest.fixture(autouse=True)
def url(request, home, monkeypatch) -> Iterator[str]:
    """An empty store; nothing is shipped."""
    monkeypatch.setattr(config, "SHIPPED_MODELS", home / "shipped")
    server: Cluster = request.getfixturevalue("postgres")
    with server.store() as one:
        monkeypatch.setenv(SETTING, one)
        yield one


@pytest.fixture
def places(home, monkeypatch) -> list[Place]:
    """Two servers."""
    return [Place(home / name, monkeypatch) for name in ("one", "two")]


@pytest.fixture
def one(places) -> Place:
    places[0].enter()
    return places[0]


@pytest.fixture
def two(places) -> Place:
    return places[1]


def save(name: str, **told: object) -> store.SavedModel:
    return saving.save(name, FakeModel(), META | told)


def execute(sql: str, *values: object) -> None:
    """What somebody does to the database by hand."""
    with transaction() as database:
        database.execute(sql, values)


def forgotten() -> None:
    """As a process that has just begun."""
    mirror._of.cache_clear()


# What one server does the others have


def test_what_one_server_saves_another_lists_and_uses(one, two):
    saved = save("mine", owner="a")
    assert saved.folder.is_dir()
    assert two.names() == ["mine"]
    there = store.get("mine")
    assert there.folder != saved.folder
    assert (there.meta, there.meta.owner) == (saved.meta, "a")
    assert there.tflite() == b"a network for LiteRT"
    assert there.keras() == b"a network for Keras"


def test_a_model_that_came_a_moment_ago_is_found_by_its_name(one, two):
    two.enter()
    assert store.list_models() == ([], [])
    one.enter()
    save("mine")
    two.enter()
    time.sleep(store._MISSED_EVERY)
    assert store.get("mine").name == "mine"


def test_what_is_renamed_and_deleted_elsewhere_is_so_here(one, two):
    for name in ("mine", "other"):
        save(name, owner="a")
    assert two.names() == ["mine", "other"]
    identity = store.get("mine").id
    one.enter()
    store.rename("mine", "ours", Visitor("a"))
    store.delete("other", Visitor("a"))
    assert two.names() == ["ours"]
    assert store.get("ours").meta.saved["name"] == "ours"
    assert store.followed("mine", identity) == store.get("ours")
    assert [path.name for path in folders.models().iterdir()] == ["ours"]


def test_a_name_is_given_once_to_servers_that_save_at_once(one, two):
    def meanwhile() -> None:
        two.enter()
        save("mine", owner="b")
        one.enter()

    with pytest.raises(NameTakenError, match="'mine'"):
        saving.save("mine", FakeModel(meanwhile), META | {"owner": "a"})
    for place in (one, two):
        assert place.names() == ["mine"]
        assert store.get("mine").meta.owner == "b"


def test_many_processes_that_save_at_once_share_the_names_out(one):
    code = (
        "from classifier.serving import saving\n"
        "from tests.serving.test_store import META, FakeModel\n"
        "for k in range(3):\n"
        "    print(saving.save_new('dense', 'mnist', FakeModel(), META).name)\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"DIGIT_CLASSIFIER_HOME": str(one.home / str(number // 2))},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    told = [name for child in children for name in child.communicate(timeout=60)[0].split()]
    assert len(told) == len(set(told)) == 9
    assert one.names() == sorted(told)


def test_a_name_that_another_server_has_just_given_is_taken(one, two):
    two.names()
    one.enter()
    save("mine")
    two.enter()
    with pytest.raises(NameTakenError):
        store.check_free("mine")
    save("other")
    with pytest.raises(NameTakenError):
        store.rename("other", "mine", OPERATOR)
    assert two.names() == one.names() == ["mine", "other"]


@pytest.mark.parametrize(
    "change",
    [lambda by: store.delete("mine", by), lambda by: store.rename("mine", "ours", by)],
    ids=["delete", "rename"],
)
def test_nobody_changes_what_has_taken_the_name_of_their_model(one, two, change):
    save("mine", owner="a")
    two.names()
    one.enter()
    store.delete("mine", Visitor("a"))
    save("mine", owner="b")
    two.enter()  # which has not looked since
    with pytest.raises(store.ModelNotFoundError, match="just changed"):
        change(Visitor("a"))
    assert one.names() == ["mine"]
    assert store.get("mine").meta.owner == "b"


def test_models_of_before_the_database_stay_in_their_folder(one, two, monkeypatch, url):
    with monkeypatch.context() as patch:
        patch.delenv(SETTING)
        save("before")
    save("after")
    assert one.names() == ["after"]
    monkeypatch.delenv(SETTING)
    assert [model.name for model in store.list_models()[0]] == ["before"]


def test_all_models_of_all_servers_count_for_what_may_be(one, two, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS", "2")
    save("first", owner="a")
    two.names()
    save("second", owner="a")
    one.names()
    with pytest.raises(LimitError, match="2 saved models"):
        saving.check_room("a")


def test_a_model_of_a_worker_that_two_servers_receive_at_once_is_saved_once(one, two, monkeypatch):
    def meanwhile(name: str, contents: dict[str, bytes], add=mirror.add) -> None:
        monkeypatch.setattr(mirror, "add", add)
        two.enter()
        assert saving.received(sent()) == "mine"
        one.enter()
        add(name, contents)

    monkeypatch.setattr(mirror, "add", meanwhile)
    assert saving.received(sent()) == "mine"
    assert one.names() == two.names() == ["mine"]


def test_a_model_of_a_worker_that_another_server_has_received_and_renamed_is_not_saved_again(
    one, two
):
    two.names()
    one.enter()
    assert saving.received(sent()) == "mine"
    store.rename("mine", "ours", Visitor("a"))
    time.sleep(mirror.LOOK_EVERY)
    two.enter()
    assert saving.received(sent()) == "ours"
    assert two.names() == ["ours"]


# A look


def test_a_look_at_what_has_not_changed_asks_one_thing(one, monkeypatch):
    save("mine")
    monkeypatch.setattr(mirror._Mirror, "_apply", None)  # it would fail
    begun = time.monotonic()
    for _ in range(100):
        mirror.refresh(0)
    assert mirror.problems() == []
    assert (time.monotonic() - begun) / 100 < 0.02  # 0.3 ms where nobody else is at work


def test_models_are_looked_for_once_in_a_while(one, two, monkeypatch):
    two.names()
    one.enter()
    save("mine")
    two.enter()
    with monkeypatch.context() as patch:
        patch.setattr(mirror, "_transaction", None)  # it would fail
        assert store.list_models() == ([], [])
    time.sleep(mirror.LOOK_EVERY)
    assert [model.name for model in store.list_models()[0]] == ["mine"]


def test_a_renamed_model_is_here_before_it_leaves(one, two, monkeypatch):
    save("mine")
    two.names()
    execute("UPDATE model SET name = 'ours'")
    seen, remove = [], folders.remove

    def look(folder: Path) -> None:
        seen.append(sorted(path.name for path in folder.parent.iterdir() if path.name[0] != "."))
        remove(folder)

    monkeypatch.setattr(folders, "remove", look)
    assert two.names() == ["ours"]
    assert seen == [["mine", "ours"]]


def test_a_model_that_goes_while_all_are_listed_is_no_damaged_one(one, monkeypatch):
    save("doomed")
    is_dir = Path.is_dir

    def gone(folder: Path) -> bool:
        found = is_dir(folder)
        if folder.name == "doomed":
            folders.remove(folder)
        return found

    monkeypatch.setattr(Path, "is_dir", gone)
    assert store.list_models() == ([], [])


# Cut off


def test_a_server_that_is_killed_between_database_and_folder_has_saved(one, two):
    code = (
        "import os, signal\n"
        "from classifier.serving import mirror, saving\n"
        "from tests.serving.test_store import META, FakeModel\n"
        "saving.save('first', FakeModel(), META)\n"
        "mirror._Mirror._apply = lambda self: os.kill(os.getpid(), signal.SIGKILL)\n"
        "saving.save('second', FakeModel(), META)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert "second" not in [path.name for path in folders.models().iterdir()]
    assert two.names() == one.names() == ["first", "second"]
    store.get("second").tflite()
    with pytest.raises(NameTakenError):
        save("second")


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("file", ["model.keras", "model.tflite", "meta.json"])
def test_a_copy_that_is_not_whole_is_mended_by_a_server_that_begins(one, file, damage):
    damage(save("mine").folder / file)
    with pytest.raises(store.DamagedModelError):
        store.get("mine").keras() + store.get("mine").tflite()
    forgotten()
    assert store.get("mine").keras() == b"a network for Keras"
    assert store.get("mine").tflite() == b"a network for LiteRT"


def test_what_is_in_the_folder_and_not_in_the_database_goes(one):
    save("mine")
    save("doomed")
    execute("DELETE FROM model WHERE name = 'doomed'")
    assert one.names() == ["mine"]
    assert not (folders.models() / "doomed").exists()


def test_a_full_disk_here_is_told_and_costs_the_others_nothing(one, two, monkeypatch):
    save("mine")
    two.enter()
    with monkeypatch.context() as patch:

        def full(*_: object, **named: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(folders, "place", full)
        assert "the disk is full" in store.list_models()[1][0]
        save("ours")  # the database has room
    assert one.names() == two.names() == ["mine", "ours"]
    assert store.list_models()[1] == []


# Without an answer


def test_while_the_database_is_away_models_answer_and_nothing_changes(monkeypatch, one):
    monkeypatch.setattr(mirror, "_PATIENCE", 0.5)
    with cluster() as server, server.store() as url:
        monkeypatch.setenv(SETTING, url)
        model = save("mine")
        server.stop(signal.SIGQUIT)
        time.sleep(mirror.LOOK_EVERY)
        for _ in range(3):
            models, problems = in_time(store.list_models, 5)
            assert [one.name for one in models] == ["mine"]
            assert "does not answer" in problems[0]
            assert PASSWORD not in problems[0]
        assert store.get("mine").tflite() == model.tflite()
        attempts: list[Callable[[], object]] = [
            lambda: save("other"),
            lambda: store.rename("mine", "other", OPERATOR),
            lambda: store.delete("mine", OPERATOR),
            saving.check_writable,
        ]
        for attempt in attempts:
            with pytest.raises(StoreError, match=r"cannot be saved.*does not answer"):
                in_time(attempt, 10)
        assert [path.name for path in folders.models().iterdir()] == ["mine"]
        server.start()
        monkeypatch.setattr(mirror, "_AWAY", 0.0)
        deadline = time.monotonic() + 20
        while store.list_models()[1]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        save("other")


def test_a_model_that_took_long_to_train_waits_for_its_database(monkeypatch, one):
    with cluster(safe=True) as server, server.store() as url:
        monkeypatch.setenv(SETTING, url)
        save("before")

        def away() -> None:
            server.stop(signal.SIGQUIT)
            threading.Timer(2, server.start).start()

        saving.save("after", FakeModel(away), META)
        assert one.names() == ["after", "before"]


# What nobody has saved so


def _described(**changed: object) -> bytes:
    meta = dict(store.get("sound").meta.saved) | changed
    return json.dumps(meta).encode()


DAMAGES: dict[str, tuple[Callable[[], None], str]] = {
    "no name": (
        lambda: execute("UPDATE model SET name = '../up' WHERE name = 'broken'"),
        "cannot name a model",
    ),
    "a hidden name": (
        lambda: execute("UPDATE model SET name = '.up' WHERE name = 'broken'"),
        "cannot name a model",
    ),
    "another network": (
        lambda: execute("UPDATE model SET tflite = ? WHERE name = 'broken'", b"another"),
        "model.tflite is not as it was saved",
    ),
    "no meta": (
        lambda: execute("UPDATE model SET meta = '' WHERE name = 'broken'"),
        "cannot be read",
    ),
    "no accuracy": (
        lambda: execute("UPDATE model SET meta = ? WHERE name = 'broken'", _described(metrics={})),
        "lacks 'test_accuracy'",
    ),
    "deep": (
        lambda: execute("UPDATE model SET meta = ? WHERE name = 'broken'", b"[" * 100_000),
        "levels",
    ),
    "large": (
        lambda: execute(
            "UPDATE model SET keras = decode(repeat('00', 16000001), 'hex') WHERE name = 'broken'"
        ),
        "model.keras has 16.0 MB",
    ),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_row_costs_its_own_model_alone(one, two, damage, words):
    save("sound")
    save("broken")
    damage()
    assert two.names() == ["sound"]
    (problem,) = store.list_models()[1]
    assert words in problem
    assert [path.name for path in folders.models().iterdir()] == ["sound"]
    assert store.get("sound").tflite() == b"a network for LiteRT"
    assert not (two.home / "up").exists()
    assert "sound" in one.names()


def test_a_damaged_row_keeps_its_name(one):
    save("broken")
    execute("UPDATE model SET tflite = 'x'")
    one.names()
    with pytest.raises(NameTakenError):
        save("broken")


def test_a_network_that_is_too_large_is_refused_in_words(one, monkeypatch):
    monkeypatch.setitem(mirror._LARGEST, "model.tflite", 10)
    with pytest.raises(ValueError, match=r"model.tflite has .* MB, and the database takes"):
        save("large")
    assert one.names() == []


def test_room_is_counted_as_models_come_change_and_go(one, monkeypatch):
    def room() -> int:
        with transaction(writing=False) as database:
            return database.stored_bytes()

    before = room()
    model = save("mine")
    size = sum(len(part) for part in (model.keras(), model.tflite()))
    described = (model.folder / "meta.json").stat().st_size
    assert room() == before + size + described
    renamed = store.rename("mine", "a-longer-name", OPERATOR)
    assert room() == before + size + (renamed.folder / "meta.json").stat().st_size
    monkeypatch.setenv("DIGIT_CLASSIFIER_STORED_MEGABYTES", "0")
    with pytest.raises(LimitError, match="0 MB"):
        saving.check_writable()
    store.delete("a-longer-name", OPERATOR)
    assert room() == before


def test_what_comes_is_checked_by_its_digest_before_it_is_here(one, two):
    saved = save("mine")
    content = b"a network that somebody else made"
    files = dict(saved.meta.files) | {"model.tflite": hashlib.sha256(content).hexdigest()}
    described = json.dumps({**saved.meta.saved, "files": files}).encode()
    execute("UPDATE model SET tflite = ?", content)
    assert two.names() == []
    execute("UPDATE model SET meta = ?", described)
    assert two.names() == ["mine"]
    assert store.get("mine").meta == ModelMeta.read(described)
