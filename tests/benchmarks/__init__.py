"""What is measured by hand; README.md beside this has the commands and what they print."""

import contextlib
import os
from collections.abc import Iterator
from unittest import mock


@contextlib.contextmanager
def settings(**values: str) -> Iterator[None]:
    """The project's settings of these names, without what they all begin with, are set here and in
    what is started meanwhile."""
    with mock.patch.dict(
        os.environ, {f"DIGIT_CLASSIFIER_{name}": value for name, value in values.items()}
    ):
        yield
