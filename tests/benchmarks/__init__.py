"""What is measured by hand; README.md beside this has the commands and what they print."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from unittest import mock

from classifier.ink import drawings
from classifier.ink.drawings import Drawings


@contextlib.contextmanager
def settings(**values: str) -> Iterator[None]:
    """The project's settings of these names, without what they all begin with, are set here and in
    what is started meanwhile."""
    with mock.patch.dict(
        os.environ, {f"DIGIT_CLASSIFIER_{name}": value for name, value in values.items()}
    ):
        yield


def carry_out(main: Callable[[], None]) -> None:
    """Measure and print; what cannot be measured is told in a sentence, with exit status 1."""
    try:
        main()
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"Error: {error}")


def strokes_of_file(path: str) -> Drawings:
    """The drawings of a file that it has as strokes. Raises ValueError if there are none."""
    strokes = drawings.as_both(drawings.load(path)).strokes
    if not len(strokes):
        raise ValueError(f"{path} has images alone, and no strokes.")
    return strokes


def at_least_one(text: str) -> int:
    """A number from a command line, 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"it is {number}: it must be 1 or more")
    return number


def takes_nothing(doc: str | None) -> None:
    """Refuse what stands on the command line of a benchmark that takes no arguments."""
    argparse.ArgumentParser(description=(doc or "").partition("\n")[0]).parse_args()
