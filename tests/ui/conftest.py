"""What runs the browser's side of the page without a browser."""

import os
import shutil

import pytest

NODE = shutil.which("node")


@pytest.fixture
def node() -> str:
    if NODE is None:
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail("Node is required here, but it is not installed.")
        pytest.skip("Node is not installed")
    return NODE
