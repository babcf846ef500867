"""`export` and `import`: everything into one file, and from it into another store, once."""

import contextlib
import json
import shutil
import sqlite3
import zipfile

import numpy as np
import pytest

from classifier import config
from classifier.__main__ import main
from classifier.config import SHIPPED_MODELS, models_folder
from classifier.database.interface import KEY, SETTING
from classifier.database.transactions import transaction
from classifier.ink import snippets
from classifier.people import classroom, collection, entering, members, rounds, staging, visitors
from classifier.people.collection import Labelled
from classifier.people.outcomes import Kind
from classifier.serving import saving, store
from tests.people import in_a_file

HOST, MEMBER = (visitors.visitor_of(letter * 32) for letter in "ab")


def drawing(identity: str) -> Labelled:
    return Labelled(identity, 3, [np.array([[1, 2], [30, 40.5]], np.float32)], 18.0, 3, "a model")


@pytest.fixture
def filled(home, engine):
    """A store with a model, a class with one drawing, and a drawing of one's own."""
    parts = {file.name: file.read_bytes() for file in (SHIPPED_MODELS / "shipped-dense").iterdir()}
    described = json.loads(parts["meta.json"]) | {"owner": "a", "id": "unlike"}
    saving.adopt("mine", parts | {"meta.json": json.dumps(described).encode()})
    opened = classroom.open_class(HOST, "mine", "unlike")
    entering.join(MEMBER, opened.code, "address")
    classroom.send(MEMBER, opened.number, drawing("sent"))
    on = rounds.start(HOST, opened.number, Kind.FREE, 0)
    rounds.end(HOST, opened.number, on.number)
    staging.set_name(HOST, opened.number, "Room 12")
    collection.keep(MEMBER, drawing("own"))
    ink = np.zeros((50, 50), np.float32)
    ink[10:40, 20:26] = 1
    collection.keep(MEMBER, collection.of_snippet(snippets.cut(ink), 1, "a sheet", "picture"))
    return opened


def moved(tmp_path, monkeypatch, url: str = "") -> None:
    """Go on with another store, which is empty."""
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "other"))
    monkeypatch.setenv(SETTING, url)


@pytest.fixture(params=["sqlite", "postgres"])
def other(request):
    """The setting of another store, which is empty."""
    if request.param == "sqlite":
        yield ""
    else:
        with request.getfixturevalue("postgres").store() as url:
            yield url


def test_everything_comes_back_once(filled, other, tmp_path, monkeypatch, capsys):
    file = tmp_path / "backup.zip"
    assert main(["export", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"format": 1, "models": 1, "drawings": 3}
    assert file.stat().st_mode & 0o077 == 0
    moved(tmp_path, monkeypatch, other)
    here = classroom.open_class(HOST, "shipped-dense")  # has the number of the one that comes
    for came in ({"models": 1, "drawings": 3}, {"models": 0, "drawings": 0}):
        assert main(["import", str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == came
    assert store.get("mine").meta.owner == "a"
    store.get("mine").tflite()
    own, picture = collection.drawings_of(MEMBER)
    np.testing.assert_array_equal(own.strokes[0], drawing("own").strokes[0])
    assert (picture.label, picture.sheet, picture.source.value) == (1, "a sheet", "picture")
    there = next(one for one in classroom.hosted(HOST) if one.code == filled.code)
    assert (there.model, there.model_id, there.name) == ("mine", "unlike", "Room 12")
    (kept,) = rounds.record(HOST, there.number)
    assert kept.said == "Everyone drew at will: 0 of 0 drawings read rightly."
    assert [one.id for one in classroom.drawings(HOST, there.number)] == ["sent"]
    assert classroom.drawings(HOST, here.number) == []
    assert classroom.joined(MEMBER, there.number).code == filled.code


@in_a_file
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
    assert (config.home() / KEY).stat().st_mode & 0o077 == 0
    key = (config.home() / KEY).read_bytes()
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "third"))
    theirs = visitors.new_token()
    assert main(["import", str(file)]) == 0
    assert (config.home() / KEY).read_bytes() != key
    assert visitors.is_token(theirs)


def test_visitors_of_one_store_are_known_in_another(filled, other, tmp_path, monkeypatch):
    token = visitors.new_token()
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch, other)
    assert main(["import", str(file)]) == 0
    assert visitors.is_token(token)


@in_a_file
@pytest.mark.parametrize("key", [b"", b"k" * 31])
def test_a_key_that_is_none_is_told_and_the_rest_comes(filled, tmp_path, monkeypatch, capsys, key):
    visitors.new_token()
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    rewritten(file, lambda name, content: (name, key if name == KEY else content))
    moved(tmp_path, monkeypatch)
    assert main(["import", str(file)]) == 1
    said = capsys.readouterr()
    assert "visitors.key is too short for a key" in said.err
    assert "3 drawings came" in said.out
    assert not (config.home() / KEY).exists()


@in_a_file
def test_a_key_takes_the_place_of_an_empty_one_and_of_no_other(filled, tmp_path, monkeypatch):
    token = visitors.new_token()
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    moved(tmp_path, monkeypatch)
    (config.home() / KEY).parent.mkdir()
    for there in (b"k" * 31, b""):
        (config.home() / KEY).write_bytes(there)
        assert main(["import", str(file)]) == bool(there)
        assert visitors.is_token(token) == (not there)


def test_a_member_whose_seat_is_taken_by_now_gets_another(filled, tmp_path, monkeypatch):
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    members.remove(HOST, filled.number, 0)
    with transaction() as here:
        here.execute("DELETE FROM member")
    other = visitors.visitor_of("c" * 32)
    entering.join(other, filled.code, "address")
    for _ in range(2):
        assert main(["import", str(file)]) == 0
        assert [(one.seat, one.drawings) for one in members.members(HOST, filled.number)] == [
            (0, 0),
            (1, 1),
        ]


def test_what_a_removed_member_had_drawn_stays_away(filled, tmp_path):
    file = tmp_path / "backup.zip"
    main(["export", str(file)])
    members.remove(HOST, filled.number, 0)
    assert main(["import", str(file)]) == 0
    assert members.members(HOST, filled.number) == []
    assert classroom.drawings(HOST, filled.number) == []
    with pytest.raises(classroom.NoClassError):
        classroom.joined(MEMBER, filled.number)


@in_a_file
def test_an_existing_file_is_never_written_over(filled, tmp_path, capsys):
    file = tmp_path / "backup.zip"
    file.write_text("something else")
    assert main(["export", str(file)]) == 1
    assert file.read_text() == "something else"
    assert "exists already" in capsys.readouterr().err


@in_a_file
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
    assert "3 drawings came" in said.out


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


@in_a_file
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


# What `export` never writes, as statements, and what is said of it. A store that is brought up to
# date has strict tables; one that only says that it has the last version may have any.
FORGED = {
    "a label": ("UPDATE drawing SET label = 99", "label is 99"),
    "an answer": ("UPDATE drawing SET answer = -1", "answer is -1"),
    "strokes": ("UPDATE drawing SET lengths = '[1, 2]'", "strokes that make no sense"),
    "no strokes": ("UPDATE drawing SET lengths = '[]', points = x''", "strokes that make no sense"),
    "a negative stroke": ("UPDATE drawing SET lengths = '[3, -1]'", "strokes that make no sense"),
    "deep strokes": (
        f"UPDATE drawing SET lengths = '{'[' * 400}{']' * 400}'",
        "strokes that make no sense",
    ),
    "half a point": ("UPDATE drawing SET points = x'00'", "strokes that make no sense"),
    "points nowhere": (
        "UPDATE drawing SET points = x'0000c07f0000c07f0000c07f0000c07f'",
        "strokes that make no sense",
    ),
    "a pen": ("UPDATE drawing SET pen = 1e300", "pen is 1e+300"),
    "a flag": ("UPDATE drawing SET hidden = 7", "hidden is 7"),
    "a long name": (f"UPDATE drawing SET model = '{'x' * 201}'", "more than 200 characters"),
    "a state": ("UPDATE class SET state = 'wild'", "'wild' is not a valid ClassState"),
    "a code": ("UPDATE class SET code = '<b>'", "has the code '<b>'"),
    "a time": ("UPDATE class SET expires = 9e999", "expires is inf"),
    "a seat": ("UPDATE member SET seat = -1", "seat is -1"),
    "a view": (
        "ALTER TABLE drawing RENAME TO hers; CREATE VIEW drawing AS SELECT * FROM hers",
        "computes what it shows",
    ),
    "a generated column": (
        "ALTER TABLE drawing DROP COLUMN pen; ALTER TABLE drawing ADD COLUMN pen REAL AS (18.0)",
        "computes what it shows",
    ),
    "a huge row": ("UPDATE drawing SET points = zeroblob(300000)", "is no collection"),
    "no text": ("UPDATE drawing SET model = CAST(x'c3' AS TEXT)", "is no collection"),
    "loose tables": (
        "CREATE TABLE loose AS SELECT * FROM drawing; DROP TABLE drawing;"
        " ALTER TABLE loose RENAME TO drawing; UPDATE drawing SET label = 'three'",
        "label is 'three'",
    ),
}


@in_a_file
@pytest.mark.parametrize("kind", FORGED)
def test_rows_that_no_export_has_are_refused_and_nothing_comes(
    filled, tmp_path, monkeypatch, capsys, kind
):
    forged, said = FORGED[kind]
    file, store_file = tmp_path / "backup.zip", tmp_path / "store"

    def change(name: str, content: bytes) -> tuple[str, bytes]:
        if "sqlite" in name:
            store_file.write_bytes(content)
            with contextlib.closing(sqlite3.connect(store_file)) as database:
                database.executescript(forged)
                database.commit()
            content = store_file.read_bytes()
        return name, content

    main(["export", str(file)])
    rewritten(file, change)
    moved(tmp_path, monkeypatch)
    assert main(["import", str(file)]) == 1
    assert said in capsys.readouterr().err
    assert collection.drawings_of(MEMBER) == []
    assert classroom.hosted(HOST) == []
