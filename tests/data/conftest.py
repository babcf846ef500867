"""Places to look for data in, and few data."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from classifier.data import generated, mnist
from classifier.ink import drawings
from classifier.synthetic import handwriting


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Servers on this machine are asked directly, whatever the environment says."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def few_generated(monkeypatch):
    """40 generated digits to train on and 20 to test, in place of thousands."""
    monkeypatch.setattr(generated, "TRAIN", 40)
    monkeypatch.setattr(generated, "TEST", 20)


@pytest.fixture
def cached(home: Path) -> Path:
    """Where Keras would keep MNIST; nothing is there yet."""
    path = home / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts servers on this machine: give it what answers a request, get the address."""
    servers = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            def log_message(self, *about):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def unreachable(monkeypatch):
    """A download fails the test."""
    monkeypatch.setattr(mnist, "download", lambda *_: pytest.fail("nothing is to be downloaded"))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A file of three digits and a dot."""
    samples = [handwriting.sample_digit(digit) for digit in (3, 4, 5)]
    dot = [np.array([[0.5, 0.5]], np.float32)]
    path = tmp_path / "mine.npz"
    drawings.save(drawings.from_strokes([*samples, dot], np.array([3, 4, 5, 6])), path)
    return path
