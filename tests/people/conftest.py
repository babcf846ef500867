"""An empty store of each kind, and a class in it."""

from pathlib import Path

import pytest

from classifier.people import classroom
from classifier.people.classroom import Class
from tests.people import HOST
from tests.postgres import Cluster


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Cluster | None) -> Path:
    """Where files of the store would be."""
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def opened() -> Class:
    """A class that HOST has opened."""
    return classroom.open_class(HOST, "conv")
