"""The lesson to take home: notebook and script hold all of it, and run as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from classifier.lesson import handout
from classifier.lesson.steps import EXPERIMENTS, STEPS

PATIENCE = 400  # seconds: for a process that imports TensorFlow on a busy machine


def cells(kind: str) -> list[str]:
    book = nbformat.reads(handout.notebook(), as_version=4)
    return [cell.source for cell in book.cells if cell.cell_type == kind]


def ran(mnist: Path, tmp_path: Path) -> str:
    """What the script prints with this file as MNIST, in a folder of its own."""
    file = tmp_path / handout.SCRIPT
    file.write_text(handout.script(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, file.name],
        cwd=tmp_path,
        env=os.environ | {"MNIST_NPZ": str(mnist)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_notebook_is_one_and_is_the_same_each_time():
    book = nbformat.reads(handout.notebook(), as_version=4)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert handout.notebook() == handout.notebook()


def test_the_notebook_has_each_steps_words_and_code_in_their_order():
    said, run = cells("markdown")[1:], cells("code")[1:]
    for number, (step, words, code) in enumerate(zip(STEPS.values(), said, run, strict=True), 1):
        assert words.startswith(f"## {number} · {step.title}\n\n{step.words}")
        for key in step.experiments:
            assert EXPERIMENTS[key].expect in words
        shown = step.code.strip().splitlines()
        assert [line for line in code.splitlines() if line not in shown] == (
            ["train, test = load_mnist()"] if step.key == "data" else []
        )


def test_nothing_is_said_of_what_stands_beside_it_on_the_page():
    for text in (handout.notebook(), handout.script()):
        assert not re.search(r"[Bb]eside this|the sidebar|[Pp]ress “", text)


def test_the_script_has_the_same_words_and_code():
    text = handout.script()
    program = [line for line in text.splitlines() if not line.startswith("#")]
    for code in cells("code"):
        assert set(code.splitlines()) <= set(program)
    words = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for step in STEPS.values():
        assert step.words.replace("*", "") in words
    assert max(map(len, text.splitlines())) <= 88


def test_all_code_at_once_is_that_of_the_page():
    code = handout.code()
    for step in STEPS.values():
        assert step.code.strip() in code


@pytest.mark.slow
def test_the_notebook_runs_as_it_is(tiny_mnist, monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    book = nbformat.reads(handout.notebook(), as_version=4)
    NotebookClient(book, timeout=PATIENCE, resources={"metadata": {"path": tmp_path}}).execute()
    printed = [
        "".join(out.text for out in cell.outputs if out.get("name") == "stdout")
        for cell in book.cells
        if cell.cell_type == "code"
    ]
    assert "(120, 28, 28) (120,)" in printed[2]
    assert re.search(r"\d+\.\d\d%, gap -?\d+\.\d\d%", printed[-2])
    assert re.search(r"^\d \[\d \d \d \d \d \d\]", printed[-1])
    assert list(tmp_path.glob("*")) == [tiny_mnist], "and leaves nothing behind"


@pytest.mark.slow
def test_the_script_runs_as_it_is(tiny_mnist, tmp_path):
    assert "(120, 28, 28) (120,)" in ran(tiny_mnist, tmp_path)


@pytest.mark.slow
def test_the_script_reaches_with_mnist_what_the_lesson_says(real_mnist, tmp_path):
    (reached,) = re.findall(r"^(\d+\.\d+)%, gap", ran(real_mnist, tmp_path), re.MULTILINE)
    assert float(reached) >= 97.5
