"""`lesson`: a notebook, a script, or both, never over what is there."""

import json

import pytest

from classifier.__main__ import main
from classifier.lesson import handout


def test_the_lesson_is_saved_as_a_notebook_and_as_a_script(tmp_path, capsys):
    notebook, script = tmp_path / "one.ipynb", tmp_path / "one.py"
    assert main(["lesson", "--notebook", str(notebook), "--script", str(script), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [str(notebook), str(script)]
    assert notebook.read_text(encoding="utf-8") == handout.notebook()
    assert script.read_text(encoding="utf-8") == handout.script()


@pytest.mark.parametrize("flag", ["--notebook", "--script"])
def test_one_of_them_is_enough(flag, tmp_path, capsys):
    assert main(["lesson", flag, str(tmp_path / "mine")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'mine'} has the lesson.\n"


def test_what_is_there_is_never_written_over(tmp_path, capsys):
    there, fresh = tmp_path / "there.py", tmp_path / "fresh.ipynb"
    there.write_text("mine")
    assert main(["lesson", "--notebook", str(fresh), "--script", str(there)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert there.read_text() == "mine"
    assert not fresh.exists(), "both, or none"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name a file with --notebook"),
        (["--script", "away/lesson.py"], "There is no folder away"),
        (["--script", "same", "--notebook", "same"], "name two files"),
    ],
)
def test_what_it_cannot_do_is_told(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lesson", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
