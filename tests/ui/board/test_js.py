"""The browser's side of the board: its code as the page gets it, and its own tests, run by Node."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from classifier.ui.board import board

NODE = shutil.which("node")


@pytest.fixture
def node() -> str:
    if NODE is None:
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail("Node is required here, but it is not installed.")
        pytest.skip("Node is not installed")
    return NODE


def test_the_drawing_of_the_browser(node):
    tests = [str(path) for path in Path(__file__).parent.glob("*.test.mjs")]
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True)
    assert tests
    assert done.returncode == 0, done.stdout


def test_the_files_make_one_module_that_imports_nothing(node, tmp_path):
    code = board.code()
    assert not re.search(r"^import ", code, flags=re.MULTILINE)
    assert code.count("export default") == 1
    module = tmp_path / "board.mjs"
    module.write_text(code)
    subprocess.run([node, "--check", str(module)], check=True)
