"""Servers to download from, and data sets small enough to look through."""

import hashlib
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from classifier.config import TrainConfig
from classifier.data import epochs, sources
from classifier.data.dataset import Batch, Dataset


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sending(content: bytes, announced: int | None = None) -> Callable:
    """Answers with this content, announced as `announced` bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(announced or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def trickling(seconds: float) -> Callable:
    """Announces a megabyte and sends a byte now and then, for so long."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                request.wfile.write(b"x")
            except OSError:  # whoever asked has gone
                return
            time.sleep(0.02)

    return answer


def load_tiny(path: Path, **chosen) -> Dataset:
    return sources.load(TrainConfig(data="mnist", mnist=str(path), **chosen))


def shares(dataset: Dataset, count: int = 2, **options) -> list[Batch]:
    """The images and labels of so many epochs."""
    own = dataset.train_images, dataset.train_labels
    return list(epochs.feed(own, dataset.mixed, TrainConfig(epochs=count, **options)))
