"""What tests and benchmarks of several page servers share: all of them behind haproxy, started as
`assets/deploy/serve.py` starts them.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext

from classifier.config import PROJECT

_COOKIE = "page-server"  # by which the proxy knows a visitor's server
_PATIENCE = 60.0  # seconds: machines are slow and noisy


@dataclass(frozen=True)
class Servers:
    """Page servers behind a proxy. url: of the proxy; port: of it, the servers' follow."""

    url: str
    port: int
    starter: psutil.Process

    def place(self, number: int) -> str:
        """The address of the server of this number, from 1 on, without the proxy."""
        return f"http://127.0.0.1:{self.port + number}"

    def process(self, number: int) -> psutil.Process:
        """The process of that server."""
        named = f"--server.port={self.port + number}"
        return next(one for one in self.starter.children() if named in one.cmdline())

    def proxies(self) -> list[psutil.Process]:
        """The proxy's process; none while it is started anew."""
        return [one for one in self.starter.children() if one.name() == "haproxy"]

    def is_ready(self, number: int) -> bool:
        """Whether that server says so."""
        try:
            urllib.request.urlopen(f"{self.place(number)}/ready", timeout=5).close()
        except OSError:  # also what is said with another status than 200
            return False
        return True

    def wait_for(self, *numbers: int) -> None:
        """Until these servers are ready."""
        deadline = time.monotonic() + _PATIENCE
        while not all(map(self.is_ready, numbers)):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def of(self, visitor: BrowserContext) -> int:
        """The number of the server to which the proxy sends this visitor."""
        return next(int(one["value"]) for one in visitor.cookies() if one["name"] == _COOKIE)


def require_haproxy() -> None:
    """Skip the test, in words, where haproxy is missing; fail where HAPROXY_REQUIRED says so."""
    if shutil.which("haproxy") is None:
        if os.environ.get("HAPROXY_REQUIRED"):
            pytest.fail("haproxy is required here, but it is not installed.")
        pytest.skip("haproxy is not installed")


@contextlib.contextmanager
def several(count: int, environment: dict[str, str], log: Path) -> Iterator[Servers]:
    """So many page servers behind haproxy on loopback, all of them ready."""
    port = _free_ports()
    command = [sys.executable, str(PROJECT / "assets" / "deploy" / "serve.py")]
    command += [f"--servers={count}", f"--port={port}", "--address=127.0.0.1"]
    with open(log, "ab") as output:
        starter = subprocess.Popen(
            command, env=os.environ | environment, stdout=output, stderr=output
        )
    servers = Servers(f"http://127.0.0.1:{port}", port, psutil.Process(starter.pid))
    try:
        servers.wait_for(*range(1, count + 1))
        while _status(servers.url) != 200:  # the proxy looks each half second
            time.sleep(0.1)
        time.sleep(1)
        yield servers
    finally:
        starter.send_signal(signal.SIGTERM)
        starter.wait(60)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _free_ports() -> int:
    """The first of five free ports in a row, below those that the system hands out."""
    for first in range(20_000 + os.getpid() % 1_000 * 5, 30_000, 5):
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            for port in range(first, first + 5):
                one = opened.enter_context(socket.socket())
                one.bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no free ports")
