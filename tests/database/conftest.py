"""An empty file."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file will be."""
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
