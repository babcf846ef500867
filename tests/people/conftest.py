"""An empty file, and a class in it."""

from pathlib import Path

import pytest

from classifier.people import classroom
from classifier.people.classroom import Class
from tests.people import HOST


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file will be."""
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def opened() -> Class:
    """A class that HOST has opened."""
    return classroom.open_class(HOST, "conv")
