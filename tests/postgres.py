"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port of this machine."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from classifier.database import postgres as database

USER, PASSWORD = "digits", "a-password-that-no-sentence-tells"
_SECONDS = 30.0  # to start or to end


@dataclass
class Cluster:
    """A server that runs. What is not safe is quick: it may lose what it has confirmed."""

    binaries: Path
    folder: Path
    port: int
    safe: bool
    process: subprocess.Popen[bytes] | None = None
    stores: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str = "postgres", options: str = "", password: str = PASSWORD) -> str:
        """By which a page server finds a database."""
        at = f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"
        return f"{at}?options={options}" if options else at

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "max_connections": 60}
        options |= {"unix_socket_directories": "", "shared_buffers": "32MB"}
        if not self.safe:
            options |= {"fsync": "off", "full_page_writes": "off"}
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log.txt", "ab") as log:
            command = [self.binaries / "postgres", "-D", self.folder / "data", *given]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **_as_somebody())
        end = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT in good order, by SIGQUIT at once, as a crash does."""
        assert self.process is not None
        self.process.send_signal(how)
        try:
            self.process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def store(self) -> Iterator[str]:
        """An empty store; its URL."""
        schema = f"store_{next(self.stores)}"
        self.ask(f"CREATE SCHEMA {schema}")
        url = self.url(options=f"-csearch_path%3D{schema}")
        yield url
        database.at(url).close()

    def ask(self, *statements: str, database: str = "postgres") -> list[Sequence[object]]:
        """Carry out statements as somebody else does; the rows of the last."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def binaries() -> Path:
    """The folder of PostgreSQL's programs. Skips the test where there is none, or fails it where
    the environment has POSTGRES_REQUIRED."""
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if folders:
        return max(folders, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))])
    if os.environ.get("POSTGRES_REQUIRED"):
        pytest.fail("PostgreSQL is required here, but it is not installed.")
    pytest.skip("PostgreSQL is not installed")


@contextlib.contextmanager
def cluster(*, safe: bool = False) -> Iterator[Cluster]:
    """A server that has just begun, and is gone afterwards with all that it has stored."""
    folder = Path(tempfile.mkdtemp(prefix="digits-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one = Cluster(binaries(), folder, port, safe)
    try:
        if os.geteuid() == 0:  # as whom PostgreSQL does not run
            shutil.chown(folder, "postgres")
        secret = folder / "password"
        secret.write_text(PASSWORD)
        subprocess.run(
            [
                *(one.binaries / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", secret),
                *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            stdout=subprocess.DEVNULL,
            check=True,
            **_as_somebody(),
        )
        one.start()
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _as_somebody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"}
