"""What mutated inputs do: `python -m tests.benchmarks.fuzz [N]`.

Takes in N mutations of valid inputs of each kind that a visitor can send, and those that ask for
much, and prints a table: what was raised that nobody foresaw, the slowest, and the most memory
that the process grew by and that the process which decodes pictures took.
"""

import argparse
import itertools
import logging
import os
import random
import tempfile
import time
from collections.abc import Iterator

from tests.fuzz.doors import DOORS, Door, mutated
from tests.watching import Watch


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=10_000, help="mutations of each kind")
    chosen = parser.parse_args()
    logging.disable()
    print("| kind | inputs | taken | refused | uncaught | over 2 s | slowest, s | growth, MB "
          "| child, MB |")  # fmt: skip
    print(f"|{'---|' * 9}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        for kind, door in DOORS.items():
            print(f"| {kind} | {measured(door, chosen.count)} |", flush=True)


def measured(door: Door, count: int) -> str:
    """One row of the table."""
    found: list[str] = []
    seconds: list[float] = []
    growth = child = 0

    def take(contents: Iterator[bytes]) -> None:
        for content in contents:
            begun = time.perf_counter()
            found.append(_said(door, content))
            seconds.append(time.perf_counter() - begun)

    # One by one what asks for much, since making it takes memory, too; then all mutations at once.
    mutations = (mutated(door, random.Random(seed)) for seed in range(count))
    for contents in itertools.chain((iter([make()]) for make in door.hostile), [mutations]):
        with Watch() as watch:
            take(contents)
        growth, child = max(growth, watch.growth), max(child, watch.child)
    uncaught = [one for one in found if one not in ("taken", "refused")]
    for one in sorted(set(uncaught)):
        print(f"  {one}: {uncaught.count(one)}")
    figures = [
        f"{len(found):,}",
        f"{found.count('taken'):,}",
        f"{found.count('refused'):,}",
        len(uncaught),
        sum(one > 2 for one in seconds),
        f"{max(seconds):.2f}",
        f"{growth / 1e6:.0f}",
        f"{child / 1e6:.0f}",
    ]
    return " | ".join(map(str, figures))


def _said(door: Door, content: bytes) -> str:
    try:
        door.take(content)
    except door.foreseen:
        return "refused"
    except Exception as error:
        return f"{type(error).__name__} {str(error)[:60]!r}"
    return "taken"


if __name__ == "__main__":
    main()
