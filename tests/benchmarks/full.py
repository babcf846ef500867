"""A full store against an empty one: `python -m tests.benchmarks.full [MODELS [DRAWINGS]]`.

Opens the page in turn with an empty store and with 200 models and 100,000 drawings, unless said
otherwise, each time by a server that has just started, and prints the seconds until the whole page
is drawn: medians, and their ratio.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from classifier.cli.evaluate import print_table
from classifier.config import SHIPPED_MODELS, models_folder
from classifier.ink import drawings
from classifier.people import filing, visitors
from classifier.synthetic import handwriting
from tests.browser import PROJECT, launched, open_page, served

_TIMES = 5
_OF_ONE = 2_000  # drawings of one visitor


def fill(models: int, count: int) -> None:
    """So many models and drawings into the store that the environment names."""
    for number in range(models):
        shutil.copytree(SHIPPED_MODELS / "shipped-dense", models_folder() / f"model-{number}")
    drawn = handwriting.generate(_OF_ONE, seed=0)
    for number in range(count // _OF_ONE):
        moved = drawings.Drawings(
            drawn.points + np.float32(number), drawn.stroke_id, drawn.sample_id, drawn.labels
        )
        filing.bring(visitors.visitor_of(f"{number:032x}"), moved)


def opened(home: str) -> float:
    """Seconds until the page of this store is drawn."""
    environment = {"DIGIT_CLASSIFIER_HOME": home}
    with (
        launched() as browser,
        served(PROJECT / "app.py", environment, Path(home) / "log.txt") as (address, _),
    ):
        begun = time.perf_counter()
        open_page(browser, address).context.close()
        return time.perf_counter() - begun


def main(models: int, count: int) -> None:
    """Fill, open in turn, and print."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        os.environ["DIGIT_CLASSIFIER_HOME"] = full
        os.environ["DIGIT_CLASSIFIER_DRAWINGS_TOTAL"] = str(10 * count)
        fill(models, count)
        seconds = np.array([[opened(empty), opened(full)] for _ in range(_TIMES)])
    medians = [statistics.median(column) for column in seconds.T.tolist()]
    print_table(
        [
            {
                "models": str(models),
                "drawings": f"{count:,}",
                "empty, s": f"{medians[0]:.2f}",
                "full, s": f"{medians[1]:.2f}",
                "ratio": f"{medians[1] / medians[0]:.2f}",
            }
        ]
    )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(given[0] if given else 200, given[1] if given[1:] else 100_000)
