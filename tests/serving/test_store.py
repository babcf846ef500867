"""Saved models: whole or not there, named safely, and each kind of damage told by name."""

import errno
import hashlib
import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier import config, names
from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.limits import LimitError
from classifier.rights import OPERATOR, NotAllowedError, Visitor
from classifier.serving import folders, meta, saving, store
from classifier.serving.meta import ModelMeta
from tests.watching import in_time

in_folders = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # which nobody else makes
META = {
    "config": {"network": "dense"},
    "metrics": {"test_accuracy": 0.5},
    "data": {"source": "mnist", "description": "MNIST"},
}


class FakeModel:
    """Stands for a Keras model where only files matter; `on_export` runs half-way through."""

    def __init__(self, on_export: Callable[[], None] = lambda: None) -> None:
        self._on_export = on_export

    def save(self, path: Path) -> None:
        Path(path).write_bytes(b"a network for Keras")

    def export(self, path: Path) -> None:
        self._on_export()
        Path(path).write_bytes(b"a network for LiteRT")


@pytest.fixture(autouse=True)
def folder(home, engine, monkeypatch) -> Path:
    """The folder of saved models; nothing is in it, and nothing is shipped."""
    monkeypatch.setattr(config, "SHIPPED_MODELS", home / "shipped")
    return folders.models()


@pytest.fixture
def shipped(folder) -> store.SavedModel:
    """A model that came with the project, `official`."""
    model = saving.save("official", FakeModel(), META)
    shutil.copytree(model.folder, folder.parent / "aside")
    store.delete("official", OPERATOR)
    config.SHIPPED_MODELS.mkdir()
    (folder.parent / "aside").rename(config.SHIPPED_MODELS / "official")
    return store.get("official")


def _names() -> list[str]:
    return [model.name for model in store.list_models()[0]]


def _edit(file: Path, **changed: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changed), "utf-8")


def _raiser(error: BaseException) -> Callable[..., None]:
    def fail(*args: object, **named: object) -> None:
        raise error

    return fail


# What is saved


def test_a_saved_network_comes_back_as_it_was():
    import keras

    model = networks.build(TrainConfig(network="dense"))
    saved = saving.save("mine", networks.Trained(model), META)
    again = keras.models.load_model(saved.folder / "model.keras")
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert store.get("mine") == saved
    content = saved.tflite()
    assert content[4:8] == b"TFL3"
    assert hashlib.sha256(content).hexdigest() == saved.checksum


def test_saving_prints_nothing(capfd):
    saving.save("quiet", networks.Trained(networks.build(TrainConfig(network="dense"))), META)
    assert capfd.readouterr().out == "", "standard output is for events"


def test_meta_carries_what_was_given_and_what_is_needed_to_trust_it():
    saved = saving.save("mine", FakeModel(), META)
    meta = json.loads((saved.folder / "meta.json").read_text("utf-8"))
    assert meta == saved.meta.saved
    assert meta.items() >= META.items()
    assert (meta["format"], meta["name"]) == (saving.FORMAT, "mine")
    assert set(meta["files"]) == {"model.keras", "model.tflite"}
    for file, digest in meta["files"].items():
        assert hashlib.sha256((saved.folder / file).read_bytes()).hexdigest() == digest
    assert {"python", "tensorflow", "keras", "numpy"} <= set(meta["versions"])
    assert saved.test_accuracy == 0.5
    assert not saved.shipped


def test_models_are_listed_shipped_first_then_the_newest_first(shipped):
    for name, day in (("a", "2025-01-01"), ("b", "2025-03-01"), ("c", "2025-02-01")):
        saving.save(name, FakeModel(), META | {"created": day})
    models, problems = store.list_models()
    assert [model.name for model in models] == ["official", "b", "c", "a"]
    assert [model.shipped for model in models] == [True, False, False, False]
    assert problems == []


def test_nothing_saved_yet_is_no_problem():
    assert store.list_models() == ([], [])


# Whole or not there


@pytest.mark.parametrize("error", [RuntimeError("no memory"), KeyboardInterrupt()])
def test_a_failure_while_saving_leaves_nothing_behind(folder, error):
    with pytest.raises(type(error)):
        saving.save("half", FakeModel(_raiser(error)), META)
    assert list(folder.iterdir()) == []
    store.check_free("half")


def test_a_model_being_saved_is_not_listed_until_it_is_whole(folder):
    seen = []
    model = FakeModel(lambda: seen.append((list(folder.iterdir()), store.list_models())))
    saving.save("whole", model, META)
    ((files, listed),) = seen
    assert all(one.name.startswith(".saving-") for one in files), "it is being written"
    assert listed == ([], [])
    assert _names() == ["whole"]


def test_what_an_interrupted_save_left_is_never_listed(folder):
    saved = saving.save("whole", FakeModel(), META)
    shutil.copytree(saved.folder, folder / ".saving-abc")
    (folder / ".saving-empty").mkdir()
    assert (_names(), store.list_models()[1]) == (["whole"], [])
    with pytest.raises(store.ModelNotFoundError):
        store.get(".saving-abc")


def test_what_an_interrupted_save_left_is_swept_and_what_is_at_work_is_not(folder):
    saved = saving.save("whole", FakeModel(), META)
    long_ago = time.time() - 60
    left = [folder / ".saving-dead", folder / ".deleted-dead"]
    for one in left:
        shutil.copytree(saved.folder, one)
    (saved.folder / ".change.part").write_text("half")
    for one in (*left, saved.folder / ".change.part"):
        os.utime(one, (long_ago, long_ago))
    fresh = folder / ".saving-just-begun"
    fresh.mkdir()

    def sweep_meanwhile() -> None:
        (at_work,) = (one for one in folder.glob(".saving-*") if one not in left and one != fresh
                      and one.is_dir())  # fmt: skip
        os.utime(at_work, (long_ago, long_ago))
        folders.sweep()
        assert at_work.is_dir()

    saving.save("other", FakeModel(sweep_meanwhile), META)
    assert {one.name for one in folder.iterdir()} == {"whole", "other", fresh.name}
    assert {one.name for one in saved.folder.iterdir()} == {*store.FILES, "meta.json"}


def test_only_whose_it_is_and_the_operator_rename_and_delete_a_model(folder):
    saving.save("hers", FakeModel(), META | {"owner": "a"})
    saving.save("nobodys", FakeModel(), META)
    for name, stranger in (("hers", "b"), ("hers", ""), ("nobodys", "b"), ("nobodys", "")):
        with pytest.raises(NotAllowedError):
            store.rename(name, "mine", Visitor(stranger))
        with pytest.raises(NotAllowedError):
            store.delete(name, Visitor(stranger))
    store.rename("hers", "renamed", Visitor("a"))
    assert store.get("renamed").meta.owner == "a"
    store.delete("renamed", Visitor("a"))
    store.delete("nobodys", OPERATOR)
    assert _names() == []


def test_a_downloaded_model_tells_neither_whose_it_is_nor_where_files_were(folder):
    config = META["config"] | {"drawings": "/home/ann/class.npz", "mnist": "/data/mnist.npz"}
    saving.save("mine", FakeModel(), META | {"owner": "secret", "config": config})
    with zipfile.ZipFile(io.BytesIO(store.as_zip("mine"))) as file:
        told = json.loads(file.read("mine/meta.json"))
    assert "secret" not in json.dumps(told)
    assert (told["config"]["drawings"], told["config"]["mnist"]) == ("class.npz", "mnist.npz")


def test_one_visitor_saves_so_many_models_and_no_more(folder, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS", "2")
    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS_TOTAL", "3")
    for number in range(2):
        saving.check_room("a")
        saving.save(f"a{number}", FakeModel(), META | {"owner": "a"})
    with pytest.raises(LimitError, match="2 saved models"):
        saving.check_room("a")
    saving.check_room("b")
    saving.save("b", FakeModel(), META | {"owner": "b"})
    with pytest.raises(LimitError, match="3 models are saved"):
        saving.check_room("b")
    saving.check_room("")  # in a shell


def test_two_hundred_models_are_read_once(folder, monkeypatch):
    first = saving.save("first", FakeModel(), META)
    for number in range(200):
        shutil.copytree(first.folder, folder / f"copy-{number}")
    assert len(_names()) == 201
    monkeypatch.setattr(ModelMeta, "read", None)  # reading would fail
    assert len(_names()) == 201


def test_a_changed_meta_is_read_anew(folder):
    saved = saving.save("mine", FakeModel(), META)
    assert store.get("mine").meta.owner == ""
    (saved.folder / "meta.json").write_bytes(meta.written({**saved.meta.saved, "owner": "a"}))
    assert store.get("mine").meta.owner == "a"


@in_folders
def test_a_name_taken_while_saving_is_not_overwritten(folder):
    rival = folder / "mine"
    with pytest.raises(folders.NameTakenError, match="'mine'"):
        saving.save("mine", FakeModel(rival.mkdir), META)
    assert list(rival.iterdir()) == []
    assert list(folder.iterdir()) == [rival]


# Names

BAD_NAMES = ["../x", "a/b", "/x", "..", ".", "con", "con.v2", "nul", "com1", "lpt9", "A", "aB", ""]
BAD_NAMES += ["a" * 65, "a.", ".a", "-a", "_a", "a b", "é", "a\n", "a\\b", "a:b", "a\0"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_some_file_system_cannot_hold_is_refused(folder, name):
    with pytest.raises(ValueError, match="cannot name a model"):
        store.check_free(name)
    with pytest.raises(ValueError, match="cannot name a model"):
        saving.save(name, FakeModel(), META)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["7", "a" * 64, "dense-mnist_2.1", "console", "com0"])
def test_a_plain_name_is_taken(name):
    assert saving.save(name, FakeModel(), META).name == name
    assert _names() == [name]


def test_a_name_is_taken_once(shipped):
    before = saving.save("mine", FakeModel(), META)
    for name in ("mine", "official"):
        with pytest.raises(folders.NameTakenError, match=f"{name!r}.*another name"):
            saving.save(name, FakeModel(), {**META, "data": {"description": "other"}})
    assert store.get("mine") == before


@in_folders
def test_the_name_of_a_damaged_model_is_taken_too(folder):
    (folder / "broken").mkdir(parents=True)
    with pytest.raises(folders.NameTakenError):
        saving.save("broken", FakeModel(), META)


def test_a_new_name_is_good_and_free(folder):
    first = saving.new_name("dense", "mnist")
    assert first.startswith("dense-mnist-")
    saving.save(first, FakeModel(), META)
    # Within the same minute the time alone would not do.
    second = saving.new_name("dense", "mnist")
    saving.save(second, FakeModel(), META)
    assert sorted(_names()) == sorted([first, second])


# Looking up


@pytest.mark.parametrize(
    "name", ["nobody", "", ".", "..", "mine/", "./mine", "../models/mine", "a" * 300, "a\0b"]
)
def test_an_unknown_name_is_answered_with_those_there_are(shipped, name):
    saving.save("mine", FakeModel(), META)
    with pytest.raises(store.ModelNotFoundError, match="official, mine"):
        store.get(name)


def test_with_no_models_an_unknown_name_is_answered_too():
    with pytest.raises(store.ModelNotFoundError, match="There are: none"):
        store.get("nobody")


# Damage


def _truncate(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES = {
    "no meta": (lambda f: (f / "meta.json").unlink(), "no meta.json"),
    "empty folder": (lambda f: [file.unlink() for file in f.iterdir()], "no meta.json"),
    "truncated meta": (lambda f: _truncate(f / "meta.json"), "meta.json cannot be read"),
    "empty meta": (lambda f: (f / "meta.json").write_text(""), "meta.json cannot be read"),
    "binary meta": (lambda f: (f / "meta.json").write_bytes(b"\xff\0"), "meta.json cannot be read"),
    "meta is a list": (lambda f: (f / "meta.json").write_text("[]"), "meta.json cannot be read"),
    "meta is a folder": (lambda f: _replace_by_folder(f / "meta.json"), "meta.json cannot be read"),
    "no accuracy": (lambda f: _edit(f / "meta.json", metrics={}), "lacks 'test_accuracy'"),
    "no metrics": (lambda f: _edit(f / "meta.json", metrics=None), "meta.json lacks"),
    "no description": (lambda f: _edit(f / "meta.json", data={}), "lacks 'description'"),
    "accuracy 17": (
        lambda f: _edit(f / "meta.json", metrics={"test_accuracy": 17}),
        "values that make no sense",
    ),
    "accuracy NaN": (
        lambda f: _edit(f / "meta.json", metrics={"test_accuracy": float("nan")}),
        "values that make no sense",
    ),
    "no date": (lambda f: _edit(f / "meta.json", created=None), "values that make no sense"),
    "no checksums": (lambda f: _edit(f / "meta.json", files={}), "meta.json lacks"),
    "no tflite": (lambda f: (f / "model.tflite").unlink(), "no model.tflite"),
    "no keras": (lambda f: (f / "model.keras").unlink(), "no model.keras"),
    "newer format": (lambda f: _edit(f / "meta.json", format=99), "format 99.*reads format 1"),
    "no format": (lambda f: _edit(f / "meta.json", format=None), "format None.*reads format 1"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_named_and_skipped(folder, shipped, damage, words):
    saving.save("sound", FakeModel(), META)
    damage(saving.save("broken", FakeModel(), META).folder)
    models, problems = store.list_models()
    assert [model.name for model in models] == ["official", "sound"]
    assert len(problems) == 1
    assert str(folder / "broken") in problems[0]
    with pytest.raises(store.DamagedModelError, match=words) as raised:
        store.get("broken")
    assert problems == [str(raised.value)]
    assert "skipped" in problems[0]
    assert "train it again" in problems[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("file", ["meta.json", "model.tflite", "model.keras"])
def test_a_pipe_in_place_of_a_file_costs_its_model_and_holds_up_nobody(folder, file):
    saving.save("sound", FakeModel(), META)
    broken = saving.save("broken", FakeModel(), META)
    (broken.folder / file).unlink()
    os.mkfifo(broken.folder / file)
    models, problems = in_time(store.list_models)
    assert [model.name for model in models] == ["sound"]
    assert len(problems) == 1
    assert file in problems[0]
    if file != "meta.json":  # it may have been listed before
        with pytest.raises(store.DamagedModelError, match="it is no regular file"):
            in_time(broken.tflite if file == "model.tflite" else broken.keras)


@pytest.mark.parametrize("damage", [_truncate, lambda file: file.write_bytes(b"another network")])
def test_a_network_that_is_not_as_it_was_saved_is_never_used(folder, damage):
    saved = saving.save("cut", FakeModel(), META)
    damage(saved.folder / "model.tflite")
    with pytest.raises(
        store.DamagedModelError, match=r"model.tflite is not as it was saved"
    ) as raised:
        store.get("cut").tflite()
    assert str(folder / "cut") in str(raised.value)


def test_a_network_that_vanished_after_it_was_listed_is_told_by_name():
    saved = saving.save("gone", FakeModel(), META)
    shutil.rmtree(saved.folder)
    with pytest.raises(store.DamagedModelError, match=r"gone.*model.tflite cannot be read"):
        saved.tflite()


def test_a_model_named_as_a_shipped_one_does_not_hide_it(folder, shipped):
    other = saving.save("mine", FakeModel(), META)
    os.rename(other.folder, folder / "official")
    assert store.get("official").shipped
    models, _ = store.list_models()
    assert [(model.name, model.shipped) for model in models] == [("official", True)]


def test_a_folder_of_models_that_is_none_is_told_and_the_shipped_are_there(folder, shipped):
    folder.rmdir()
    folder.write_text("a file")
    models, problems = store.list_models()
    assert [model.name for model in models] == ["official"]
    assert len(problems) == 1
    assert str(folder) in problems[0]


# Folders that cannot be written


@in_folders
@pytest.mark.parametrize("blocked", ["models", "."])
def test_a_file_in_place_of_the_folder_is_told_with_the_way_out(home, blocked, monkeypatch):
    top = home / "top"
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(top))
    if blocked == "models":
        top.mkdir()
    (top / blocked).write_text("a file") if blocked == "models" else top.write_text("a file")
    for attempt in (saving.check_writable, lambda: saving.save("mine", FakeModel(), META)):
        with pytest.raises(folders.StoreError) as raised:
            attempt()
        assert str(top / "models") in str(raised.value)
        assert "not a folder that can be written" in str(raised.value)
        assert "DIGIT_CLASSIFIER_HOME" in str(raised.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_costs_no_model(folder, number):
    saving.save("before", FakeModel(), META)
    full = OSError(number, os.strerror(number))
    with pytest.raises(folders.StoreError, match=r"disk is full: free some space") as raised:
        saving.save("after", FakeModel(_raiser(full)), META)
    assert str(folder) in str(raised.value)
    assert [file.name for file in folder.iterdir()] == ["before"]
    assert store.get("before").tflite() == b"a network for LiteRT"


def test_a_full_disk_is_noticed_before_training(monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(folders.tempfile, "NamedTemporaryFile", _raiser(full))
    with pytest.raises(folders.StoreError, match="disk is full"):
        saving.check_writable()


def test_a_read_only_file_system_is_told(monkeypatch):
    monkeypatch.setattr(folders.tempfile, "mkdtemp", _raiser(OSError(errno.EROFS, "Read-only")))
    with pytest.raises(folders.StoreError, match="not a folder that can be written"):
        saving.save("mine", FakeModel(), META)


def test_looking_whether_a_folder_can_be_written_leaves_nothing_in_it(folder):
    saving.check_writable()
    assert list(folder.iterdir()) == []


# Deleting


def test_a_deleted_model_is_gone_and_its_name_free(folder):
    saving.save("mine", FakeModel(), META)
    saving.save("other", FakeModel(), META)
    store.delete("mine", OPERATOR)
    assert _names() == ["other"]
    assert [file.name for file in folder.iterdir()] == ["other"]
    saving.save("mine", FakeModel(), META)


def test_a_shipped_model_stays(shipped):
    with pytest.raises(store.ModelNotFoundError, match="'official' came with the project"):
        store.delete("official", OPERATOR)
    assert _names() == ["official"]


def test_an_unknown_model_cannot_be_deleted(folder):
    saved = saving.save("mine", FakeModel(), META)
    with pytest.raises(store.ModelNotFoundError):
        store.delete("../models/mine", OPERATOR)
    assert saved.folder.is_dir()


def test_what_an_interrupted_deletion_left_is_in_nobodys_way(folder):
    (folder / ".deleted-mine" / "part").mkdir(parents=True)
    saving.save("mine", FakeModel(), META)
    store.delete("mine", OPERATOR)
    assert _names() == []
    store.check_free("mine")


# Another name, and the way out


def test_a_renamed_model_is_found_by_its_new_name_alone(folder):
    before = saving.save("mine", FakeModel(), META)
    after = store.rename("mine", "ours", OPERATOR)
    assert _names() == ["ours"]
    assert after == store.get("ours")
    assert after.meta.saved["name"] == "ours"
    assert after.checksum == before.checksum
    assert sorted(p.name for p in (folder / "ours").iterdir()) == [
        "meta.json",
        "model.keras",
        "model.tflite",
    ]


def test_shipped_models_keep_their_names(shipped):
    with pytest.raises(store.ModelNotFoundError, match="keeps its name"):
        store.rename("official", "mine", OPERATOR)


@pytest.mark.parametrize("new", ["", "../up", "Loud", "a" * 65])
def test_a_bad_new_name_changes_nothing(new):
    saving.save("mine", FakeModel(), META)
    with pytest.raises(ValueError, match="cannot name a model"):
        store.rename("mine", new, OPERATOR)
    assert _names() == ["mine"]


def test_a_taken_new_name_changes_nothing():
    saving.save("mine", FakeModel(), META)
    saving.save("other", FakeModel(), META)
    with pytest.raises(folders.NameTakenError):
        store.rename("mine", "other", OPERATOR)
    assert sorted(_names()) == ["mine", "other"]
    with pytest.raises(store.ModelNotFoundError):
        store.rename("nobody", "new", OPERATOR)


@in_folders
def test_a_rename_for_which_the_disk_has_no_room_changes_nothing(monkeypatch):
    before = saving.save("mine", FakeModel(), META)
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _raiser(full))
        with pytest.raises(folders.StoreError, match="disk is full"):
            store.rename("mine", "ours", OPERATOR)
    assert store.get("mine") == before
    store.check_free("ours")


def test_a_file_that_is_missing_is_told_before_there_is_a_zip_file(folder, monkeypatch):
    saved = saving.save("mine", FakeModel(), META)
    (saved.folder / "model.keras").unlink()
    with pytest.raises(store.DamagedModelError, match=r"it has no model\.keras"):
        store.as_zip("mine")
    monkeypatch.setattr(store, "get", lambda name: saved)  # it vanishes after the look
    with pytest.raises(store.DamagedModelError, match=r"model\.keras cannot be read"):
        store.as_zip("mine")


def test_a_model_goes_into_a_zip_file_with_its_three_files_and_a_program(folder):
    saved = saving.save("mine", FakeModel(), META)
    (folder / "mine" / "notes.txt").write_text("not the model's")
    with zipfile.ZipFile(io.BytesIO(store.as_zip("mine"))) as file:
        assert sorted(file.namelist()) == [
            "mine/meta.json",
            "mine/model.keras",
            "mine/model.tflite",
            "mine/read_digit.py",
        ]
        assert json.loads(file.read("mine/meta.json")) == saved.meta.saved
    with pytest.raises(store.ModelNotFoundError):
        store.as_zip("nobody")


# Names that shipped models had once


@pytest.mark.parametrize(("former", "name"), names.FORMER.items())
def test_a_shipped_model_is_found_by_its_former_name_and_nobody_else_gets_it(
    former, name, monkeypatch
):
    monkeypatch.setattr(config, "SHIPPED_MODELS", config.ASSETS / "models")
    assert store.get(former).name == name
    with pytest.raises(folders.NameTakenError):
        store.check_free(former)


# Trained on another machine


def sent(**changes: object) -> dict[str, bytes]:
    """A model's files, as if they came from a worker."""
    folder = config.PROJECT / "assets" / "models" / "shipped-dense"
    contents = {file: (folder / file).read_bytes() for file in meta.FILES}
    told = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    changed = {**told, "name": "mine", "id": "1", "owner": "a", **changes}
    return {**contents, "meta.json": json.dumps(changed).encode()}


def test_a_model_of_another_machine_is_saved_once_and_takes_nobodys_name(home, monkeypatch):
    assert saving.received(sent()) == "mine"
    assert store.get("mine").meta.owner == "a"
    assert saving.received(sent()) == "mine", "as another page server on this store does"
    other = saving.received(sent(id="2"))
    assert (other, store.get(other).meta.id) != ("mine", "1")
    assert store.get("mine").meta.id == "1"
    assert {model.name for model in store.list_models()[0] if not model.shipped} == {"mine", other}
    assert saving.packed("mine").keys() == {*meta.FILES, "meta.json"}
    monkeypatch.setattr(config, "SHIPPED_MODELS", config.PROJECT / "assets" / "models")
    assert saving.packed("shipped-dense") == {}, "each machine has it"


@in_folders
def test_a_model_that_two_servers_save_at_once_is_saved_once(home, monkeypatch):
    def late(scratch: Path, folder: Path, rename=os.rename) -> None:
        shutil.copytree(scratch, folder)  # as the other does just before
        rename(scratch, folder)

    monkeypatch.setattr(folders.os, "rename", late)
    assert saving.received(sent()) == "mine"
    assert [model.name for model in store.list_models()[0]] == ["mine"]
    assert [path.name for path in store.get("mine").folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize("lost", ["meta.json", "model.keras"])
def test_a_model_that_came_in_part_is_refused(home, lost):
    contents = sent()
    del contents[lost]
    with pytest.raises(ValueError, match=r"did not come|damaged"):
        saving.received(contents)


def test_a_model_that_comes_with_the_project_is_followed_by_its_name(shipped):
    """Whoever keeps it in mind, such as a class, has it still when the project has a newer one."""
    followed = store.followed(shipped.name, "the id of the one before")
    assert followed is not None
    assert followed.name == shipped.name
