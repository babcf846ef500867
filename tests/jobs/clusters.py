"""A Dask cluster for tests: a scheduler and workers, each a process of its own, on loopback."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from classifier.config import PROJECT
from classifier.database import interface
from classifier.jobs.cluster import ClusterJobs, Stores
from classifier.serving import saving
from tests.jobs.listening import wait_for


def require_dask() -> None:
    """Skip the test, in words, where Dask is missing; fail where CLUSTER_REQUIRED says so."""
    if importlib.util.find_spec("distributed") is None:
        if os.environ.get("CLUSTER_REQUIRED"):
            pytest.fail("Dask is required here, but it is not installed.")
        pytest.skip("Dask is not installed: pip install -r assets/deploy/requirements.txt")


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A scheduler as Dask comes, which knows nothing of this project, and workers."""

    def __init__(self, folder: Path) -> None:
        """folder: where its processes log, and work"""
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self) -> None:
        """At the same port each time."""
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        place += ["--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._start(
            ["-m", "distributed.cli.dask_scheduler", *place], PYTHONPATH=""
        )

    def start_worker(self, *arguments: str, project: Path = PROJECT) -> subprocess.Popen[bytes]:
        """A worker of this project; it has no MNIST, and a database that does not answer, which it
        shall not use. What it prints is in the folder."""
        command = ["-m", "classifier", "worker", self.address, *arguments]
        nowhere = {interface.SETTING: "postgresql://digits@127.0.0.1:1/none"}
        worker = self._start(command, PYTHONPATH=str(project), MNIST_NPZ="", **nowhere)
        self.workers.append(worker)
        return worker

    def _start(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        home = {"DIGIT_CLASSIFIER_HOME": str(self.folder / "worker-home")}
        with open(self.folder / "log.txt", "ab") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ
                | home
                | {"KERAS_HOME": str(self.folder), "TMPDIR": str(self.folder)}
                | environment,
            )

    def log(self) -> str:
        """All that its processes have printed."""
        return (self.folder / "log.txt").read_text()

    def until_ready(self, workers: int) -> None:
        """Wait until so many workers have come."""
        wait_for(lambda: self.log().count("carries out runs for") >= workers, "the workers' start")

    def jobs(self) -> ClusterJobs:
        """What one more page server has."""
        return ClusterJobs(self.address, Stores(saving.packed, saving.received))

    def close(self) -> None:
        """End all its processes, by their ids."""
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in (*psutil.Process(process.pid).children(recursive=True), process):
                    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                        one.kill()
            process.wait()


def processes(worker: subprocess.Popen[bytes], word: str) -> list[psutil.Process]:
    """Those below a worker whose command has this word: `spawn_main` works, `train` trains."""
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(worker.pid).children(recursive=True)
        return [one for one in below if any(word in part for part in _command(one))]
    return []


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


@contextlib.contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process hangs meanwhile."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
