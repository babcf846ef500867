"""Page servers with one database, all of them in the tests' process."""

from pathlib import Path
from typing import Any

import pytest

from classifier.jobs.board import Board
from classifier.jobs.shared import SharedJobs


class PageServer:
    """`SharedJobs` of a server whose home, as long as it is asked something, is its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self._patch = home, monkeypatch
        self.board = Board()
        self._jobs = SharedJobs(self.board)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._jobs, name)
        if not callable(found):
            return found

        def asked(*values: object, **more: object) -> Any:
            with self._patch.context() as patch:
                patch.setenv("DIGIT_CLASSIFIER_HOME", str(self.home))
                return found(*values, **more)

        return asked

    def die(self) -> None:
        """It tells nothing more, as a server that was killed; what its runs need goes with it."""
        self.board.close()
        self._jobs._here.close()
