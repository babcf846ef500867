"""Page servers on this machine, and haproxy before them, until Ctrl-C or SIGTERM.

`python assets/deploy/serve.py --servers 2 --port 8500` has the page at port 8500, and the servers
behind it at 8501 and 8502, which only this machine reaches. All of them use the one folder that
DIGIT_CLASSIFIER_HOME names. A server or a proxy that ends or dies is started anew: after an update,
send SIGTERM to one server after the other, and the page stays open.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_MOST = 4  # servers that haproxy.cfg has
_PAUSE = 1.0  # seconds before a server is started anew
_LOOK_EVERY = 0.2  # seconds
_SETTLED = 5.0  # seconds after which a proxy that ends has not failed to start


def main() -> None:
    """Start all, and keep them up."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--servers", type=int, default=2, choices=range(1, _MOST + 1))
    asked.add_argument("--port", type=int, default=8500, help="of the page; its servers follow")
    asked.add_argument("--address", default="", help="where the page listens; all, if not given")
    given = asked.parse_args()
    if shutil.which("haproxy") is None:
        sys.exit("haproxy is missing: apt-get install haproxy")
    ports = range(given.port + 1, given.port + 1 + given.servers)
    ending = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: ending.set())
    servers = {port: _start(port) for port in ports}
    # Those that are not started stand for servers that are down.
    places = {
        f"PAGE_{number}": f"127.0.0.1:{given.port + number}" for number in range(1, _MOST + 1)
    }
    environment = os.environ | places | {"PAGES_AT": f"{given.address}:{given.port}"}
    proxy, begun = _start_proxy(environment), time.monotonic()
    while not ending.wait(_LOOK_EVERY):
        for port, server in servers.items():
            if server.poll() is not None and not ending.wait(_PAUSE):
                servers[port] = _start(port)
        if proxy.poll() is not None:
            if time.monotonic() < begun + _SETTLED:  # it cannot have its port, or read its settings
                break
            proxy, begun = _start_proxy(environment), time.monotonic()
    for server in servers.values():
        server.terminate()
    for server in servers.values():
        server.wait()
    proxy.terminate()
    proxy.wait()
    sys.exit(0 if ending.is_set() else "haproxy has ended by itself.")


def _start_proxy(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["haproxy", "-q", "-f", str(_HERE / "haproxy.cfg")],
        env=environment,
        start_new_session=True,  # Ctrl-C is for this program: the proxy ends last
    )


def _start(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}"]
    return subprocess.Popen(command, cwd=_HERE.parents[1], start_new_session=True)


if __name__ == "__main__":
    main()
