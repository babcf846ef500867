"""`lesson`: the page's lesson as a notebook or as a script, to run without the page."""

import argparse
import json
from pathlib import Path

from classifier import files

TEXT = "Save the lesson as a notebook or as a script."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    text = "which must not exist yet"
    parser.add_argument("--notebook", metavar="FILE.ipynb", type=Path, help=f"for Jupyter, {text}")
    parser.add_argument("--script", metavar="FILE.py", type=Path, help=f"for Python alone, {text}")


def command(chosen: argparse.Namespace) -> int:
    """Write what is asked for, and return the exit status."""
    from classifier.lesson import handout

    asked = {
        path: make
        for path, make in (
            (chosen.notebook, handout.notebook),
            (chosen.script, handout.script),
        )
        if path is not None
    }
    if not asked:
        raise ValueError("Name a file with --notebook, with --script, or with both.")
    if chosen.notebook == chosen.script:
        raise ValueError(f"{chosen.script} cannot be both: name two files.")
    for path in asked:
        files.check_free(path)
    for path, make in asked.items():
        with files.written(path) as file:
            file.write(make().encode())
    if chosen.json:
        print(json.dumps([str(path) for path in asked]))
    else:
        for path in asked:
            print(f"{path} has the lesson.")
    return 0
