"""`export` and `import`: everything into one file, and from it into another store, once."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from classifier.__main__ import main
from classifier.config import SHIPPED_MODELS, models_folder
from classifier.people import classroom, collection, database, entering, members, visitors
from classifier.people.collection import Labelled
from classifier.serving import store

HOST, MEMBER = (visitors.visitor_of(letter * 32) for letter in "ab")


def drawing(identity: str) -> Labelled:
    return Labelled(identity, 3, [np.array([[1, 2], [30, 40.5]], np.float32)], 18.0, 3, "a model")


@pytest.fixture
def filled(home):
    """A store with a model, a class with one drawing, and a drawing of one's own."""
    shutil.copytree(SHIPPED_MODELS / "shipped-dense", models_folder() / "mine")
    file = models_folder() / "mine" / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"owner": "a", "id": "unlike"}))
    opened = classroom.open_class(HOST, "mine", "unlike")
    entering.join(MEMBER, opened.code, "address")
    classroom.send(MEMBER, opened.number, drawing("sent"))
    collection.keep(MEMBER, drawing("own"))
    return opened


def moved(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "other"))


def test_everything_comes_back_once(filled, tmp_path, monkeypatch, capsys):
    file = tmp_path / "backup.zip"
    assert main(["export", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"format": 1, "models": 1, "drawings": 2}
    assert file.stat().st_mode & 0o077 == 0
    moved(tmp_path, monkeypatch)
    other = classroom.open_class(HOST, "shipped-dense")  # has the number of the one that comes
    for came in ({"models": 1, "drawings": 2}, {"models": 0, "drawings": 0}):
        assert main(["import", str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == came
    assert store.get("mine").meta.owner == "a"
    store.get("mine").tflite()
    (own,) = collection.drawings_of(MEMBER)
    np.testing.assert_array_equal(own.strokes[0], drawing("own").strokes[0])
    there = next(one for one in classroom.hosted(HOST) if one.code == filled.code)
    assert (there.model, there.model_id) == ("mine", "unlike")
    assert [one.id for one in classroom.drawings(HOST, there.number)] == ["sent"]
    assert classroom.drawings(HOST, other.number) == []
    assert classroom.joined(MEMBER, there.number).code == filled.code


def test_visitors_are_known_again_where_nobody_was_known(filled, tmp_path, monkeypatch):
    token = visitors.new_token()
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch)
    assert not visitors.is_token("0" + token[1:])
    shutil.rmtree(tmp_path / "other")
    visitors._keys.clear()
    assert main(["import", str(file)]) == 0
    assert visitors.is_token(token)
    assert visitors.key_file().stat().st_mode & 0o077 == 0
    key = visitors.key_file().read_bytes()
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "third"))
    theirs = visitors.new_token()
    assert main(["import", str(file)]) == 0
    assert visitors.key_file().read_bytes() != key
    assert visitors.is_token(theirs)


@pytest.mark.parametrize("key", [b"", b"k" * 31])
def test_a_key_that_is_none_is_told_and_the_rest_comes(filled, tmp_path, monkeypatch, capsys, key):
    visitors.key_file().write_bytes(key)
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch)
    assert main(["import", str(file)]) == 1
    said = capsys.readouterr()
    assert "visitors.key is too short for a key" in said.err
    assert "2 drawings came" in said.out
    assert not visitors.key_file().exists()


def test_a_key_takes_the_place_of_an_empty_one_and_of_no_other(filled, tmp_path, monkeypatch):
    token = visitors.new_token()
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch)
    visitors.key_file().parent.mkdir()
    for there in (b"k" * 31, b""):
        visitors.key_file().write_bytes(there)
        assert main(["import", str(file)]) == bool(there)
        assert visitors.is_token(token) == (not there)


def test_a_member_whose_seat_is_taken_by_now_gets_another(filled, tmp_path, monkeypatch):
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    members.remove(HOST, filled.number, 0)
    with database.transaction() as here:
        here.execute("DELETE FROM member")
    other = visitors.visitor_of("c" * 32)
    entering.join(other, filled.code, "address")
    for _ in range(2):
        assert main(["import", str(file)]) == 0
        assert [(one.seat, one.drawings) for one in members.members(HOST, filled.number)] == [
            (0, 0),
            (1, 1),
        ]


def test_an_existing_file_is_never_written_over(filled, tmp_path, capsys):
    file = tmp_path / "backup.zip"
    file.write_text("something else")
    assert main(["export", str(file)]) == 1
    assert file.read_text() == "something else"
    assert "exists already" in capsys.readouterr().err


def test_a_name_that_is_taken_by_another_model_is_told_and_the_rest_comes(
    filled, tmp_path, monkeypatch, capsys
):
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch)
    shutil.copytree(SHIPPED_MODELS / "shipped-dense", models_folder() / "mine")
    assert main(["import", str(file)]) == 1
    said = capsys.readouterr()
    assert "There is a model named 'mine' already" in said.err
    assert "2 drawings came" in said.out


BROKEN = {
    "no zip": lambda file: file.write_bytes(b"PK and nothing more"),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "another zip": lambda file: rewritten(file, lambda name, content: ("x/" + name, content)),
    "a way out": lambda file: rewritten(file, lambda name, content: ("../" + name, content)),
    "no collection": lambda file: rewritten(
        file, lambda name, content: (name, b"no database" if "sqlite" in name else content)
    ),
    "a later version": lambda file: rewritten(
        file, lambda name, content: (name, content.replace(b'"format": 1', b'"format": 2'))
    ),
}


def rewritten(file, change) -> None:
    with zipfile.ZipFile(file) as archive:
        contents = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents:
            archive.writestr(*change(name, content))


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_whole_export_is_told_and_no_drawing_comes(
    filled, tmp_path, monkeypatch, capsys, kind
):
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    BROKEN[kind](file)
    moved(tmp_path, monkeypatch)
    assert main(["import", str(file)]) == 1
    assert "Error: " in capsys.readouterr().err
    assert collection.drawings_of(MEMBER) == []
