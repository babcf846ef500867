"""Runs on a Dask cluster against child processes: `python -m tests.benchmarks.cluster [runs]`.

How long it takes from Train to the first progress, in turn; and how long several runs take on two
workers and in the queue of one machine. Takes four minutes. MNIST_NPZ should name MNIST.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from classifier.cli.evaluate import print_table
from classifier.config import TrainConfig
from classifier.jobs.local import LocalJobs
from classifier.jobs.run import Jobs
from classifier.rights import OPERATOR
from tests.jobs.clusters import Cluster
from tests.jobs.listening import wait_for

TURNS = 7
SIDE_BY_SIDE = 8


def main() -> None:
    """Measure and print."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(LocalJobs()) as here:
        os.environ["DIGIT_CLASSIFIER_HOME"] = f"{folder}/page"
        cluster = Cluster(Path(folder))
        try:
            cluster.start_scheduler()
            for _ in range(2):
                cluster.start_worker()
            cluster.until_ready(2)
            there = cluster.jobs()
            first_progress(there)  # brings the data
            print_table(beginnings(here, there, turns))
            print()
            print_table([together("queue of one", here), together("two workers", there)])
        finally:
            cluster.close()


def beginnings(here: Jobs, there: Jobs, turns: int) -> list[dict[str, str]]:
    """The medians of what `first_progress` gives, in turn."""
    taken: dict[str, list[tuple[float, float, float]]] = {"child process": [], "Dask": []}
    for _ in range(turns):
        taken["child process"].append(first_progress(here))
        taken["Dask"].append(first_progress(there))
    rows = [
        [statistics.median(one) for one in zip(*pairs, strict=True)] for pairs in taken.values()
    ]
    rows.append([dask - child for child, dask in zip(*rows, strict=True)])
    titles = ("first progress, s", "training, s", "stopped, s")
    return [
        {"way": way} | {title: f"{one:.2f}" for title, one in zip(titles, row, strict=True)}
        for way, row in zip((*taken, "difference"), rows, strict=True)
    ]


def first_progress(jobs: Jobs) -> tuple[float, float, float]:
    """Seconds from Train to the first word of progress, and to the first of training, and from
    Stop to the end of training, of one run."""
    begun = time.perf_counter()
    run = jobs.submit(TrainConfig(network="dense", data="mnist", seconds=60.0, train_size=2_000))
    first = 0.0
    while not (run.progress and run.progress.stage == "training") and not run.epochs:
        run.look()
        if run.progress and not first:
            first = time.perf_counter() - begun
        if run.error:
            raise RuntimeError(run.error)
        time.sleep(0.002)
    training = time.perf_counter() - begun
    begun = time.perf_counter()
    run.stop(OPERATOR)
    wait_for(lambda: run.end or run.progress.stage != "training", "the stop", follow=[run])
    stopped = time.perf_counter() - begun
    wait_for(lambda: run.end, "the end", follow=[run])
    return first, training, stopped


def together(way: str, jobs: Jobs) -> dict[str, str]:
    """Several runs that are submitted at once."""
    begun = time.perf_counter()
    configs = [
        TrainConfig(network="dense", data="mnist", epochs=3, seed=seed)
        for seed in range(SIDE_BY_SIDE)
    ]
    runs = [jobs.submit(config) for config in configs]
    for run in runs:
        wait_for(lambda run=run: run.end, "the end", 600, follow=[run])
    lost = sum(run.result is None for run in runs)
    seconds = time.perf_counter() - begun
    return {"way": way, "runs": f"{len(runs)}", "all done, s": f"{seconds:.1f}", "lost": f"{lost}"}


if __name__ == "__main__":
    main()
