"""Saved models in folders and in a database: `python -m tests.benchmarks.models [MODELS]`.

Lists 200 models, unless said otherwise, with the one and with the other in turn, saves one and
deletes it, and prints milliseconds: medians. With a database all is measured twice: with the look
at what has changed, which a page server takes once a second, and between two looks. The database
is on the same machine, and keeps what it confirms. Then it prints the seconds that a new page
server needs until it has all models.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from classifier.cli.evaluate import print_table
from classifier.config import SHIPPED_MODELS
from classifier.database.interface import SETTING
from classifier.rights import OPERATOR
from classifier.serving import mirror, saving, store
from tests.postgres import cluster

_TIMES = 50
_CHANGES = 10
_PARTS = {file.name: file.read_bytes() for file in (SHIPPED_MODELS / "shipped-deep").iterdir()}


def save(name: str) -> None:
    """A network like any other of its size, 1.7 MB."""
    described = json.loads(_PARTS["meta.json"]) | {"id": name}
    saving.adopt(name, _PARTS | {"meta.json": json.dumps(described).encode()})


def median(do: Callable[[int], object], times: int) -> float:
    """Milliseconds."""
    seconds = []
    for number in range(times):
        begun = time.perf_counter()
        do(number)
        seconds.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(seconds)


def look_and_list(_: int) -> None:
    """As a page does that is the first in a second."""
    mirror.refresh(0)
    store.list_models()


def measured(*, shared: bool) -> dict[str, list[float]]:
    """Milliseconds of each thing."""
    store.list_models()
    found = {"list": [median(lambda _: store.list_models(), _TIMES)]}
    if shared:
        found["list, with the look"] = [median(look_and_list, _TIMES)]
    found["find one"] = [median(lambda _: store.get("model-7"), _TIMES)]
    found["save one"] = [median(lambda number: save(f"new-{number}"), _CHANGES)]
    found["delete one"] = [median(lambda n: store.delete(f"new-{n}", OPERATOR), _CHANGES)]
    return found


def main(models: int) -> None:
    """Fill both, measure in turn, and print."""
    with tempfile.TemporaryDirectory() as home, cluster(safe=True) as server, server.store() as url:
        rows: dict[str, dict[str, list[float]]] = {}
        for turn in range(4):
            os.environ |= {"DIGIT_CLASSIFIER_HOME": home, SETTING: url if turn % 2 else ""}
            if turn < 2:
                for number in range(models):
                    save(f"model-{number}")
            for what, values in measured(shared=bool(turn % 2)).items():
                engine = "database" if turn % 2 else "folders"
                rows.setdefault(what, {}).setdefault(engine, []).extend(values)
        os.environ["DIGIT_CLASSIFIER_HOME"] = str(Path(home) / "new")
        begun = time.perf_counter()
        assert len(store.list_models()[0]) >= models
        first = time.perf_counter() - begun
    print_table(
        [
            {
                f"{models} models, ms": what,
                **{
                    engine: " ".join(f"{one:.2f}" for one in found.get(engine, [])) or "-"
                    for engine in ("folders", "database")
                },
            }
            for what, found in rows.items()
        ]
    )
    print(f"\nA new page server has all models after {first:.1f} s.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
