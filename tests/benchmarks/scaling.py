"""How time grows: `python -m tests.benchmarks.scaling`.

With the number of training images, and with the number of sessions that train at once and so wait
for each other. Takes three minutes. MNIST_NPZ should name MNIST.
"""

import contextlib
import os
import statistics
import tempfile
import time

from classifier.cli.evaluate import print_table
from classifier.config import TrainConfig
from classifier.events import Finished
from classifier.jobs.local import LocalJobs

SIZES = (1_000, 3_000, 10_000, 30_000, 60_000)
SESSIONS = (1, 2, 4, 8)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["DIGIT_CLASSIFIER_HOME"] = home
        with contextlib.closing(LocalJobs()) as jobs:
            print_table([of_size(jobs, network, n) for network in ("dense", "conv") for n in SIZES])
            print()
            print_table([of_sessions(jobs, count) for count in SESSIONS])


def of_size(jobs: LocalJobs, network: str, size: int) -> dict[str, str]:
    """One run of a network with its standard settings, on so many images."""
    begun = time.perf_counter()
    end = carried_out(jobs, [TrainConfig.of(network, train_size=size)])[0][0]
    return {
        "network": network,
        "training images": f"{size:,}",
        "training, s": f"{end.seconds:.2f}",
        "from submission to the end, s": f"{time.perf_counter() - begun:.1f}",
        "test accuracy": f"{end.test_accuracy:.2%}",
    }


def of_sessions(jobs: LocalJobs, count: int) -> dict[str, str]:
    """`count` sessions that train `dense` with its standard settings, all submitted at once."""
    configs = [TrainConfig.of("dense", seed=seed) for seed in range(count)]
    _, ends, told = zip(*carried_out(jobs, configs), strict=True)
    return {
        "sessions": f"{count}",
        "first word, s": f"{max(told):.1f}",
        "median end, s": f"{statistics.median(ends):.1f}",
        "last end, s": f"{max(ends):.1f}",
        "per session, s": f"{max(ends) / count:.1f}",
    }


def carried_out(jobs: LocalJobs, configs: list[TrainConfig]) -> list[tuple[Finished, float, float]]:
    """Submit these at once; of each how it ended, and the seconds to its end and to its first word
    of where it is."""
    begun = time.perf_counter()
    runs = [jobs.submit(config) for config in configs]
    first: dict[str, float] = {}
    ends: dict[str, tuple[Finished, float]] = {}
    while len(ends) < len(runs):
        for run in runs:
            run.look()
            if run.error:
                raise RuntimeError(run.error)
            if run.progress:
                first.setdefault(run.id, time.perf_counter() - begun)
            if run.result:
                ends.setdefault(run.id, (run.result, time.perf_counter() - begun))
        time.sleep(0.02)
    return [(*ends[run.id], first[run.id]) for run in runs]


if __name__ == "__main__":
    main()
