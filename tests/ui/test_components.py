"""The browser's side of the page: its code as the page gets it, and its own tests, run by Node."""

import re
import subprocess
from pathlib import Path

import pytest

from classifier.ui import components
from classifier.ui.board import board
from classifier.ui.living import living
from classifier.ui.reading import reading
from classifier.ui.wall import wall

PARTS = {"board": board.FILES, "living": living.FILES, "reading": reading.FILES, "wall": wall.FILES}


@pytest.mark.parametrize("name", PARTS)
def test_each_passes_its_tests_in_the_browsers_language(node, name):
    tests = [str(path) for path in (Path(__file__).parent / name).glob("*.test.mjs")]
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True)
    assert tests
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PARTS)
def test_the_files_of_each_make_one_module_that_imports_nothing(node, tmp_path, name):
    code = components.module(Path(components.__file__).parent / name, PARTS[name])
    assert not re.search(r"^import ", code, flags=re.MULTILINE)
    assert code.count("export default") == 1
    module = tmp_path / "whole.mjs"
    module.write_text(code)
    subprocess.run([node, "--check", str(module)], check=True)
