"""How much memory and time something takes, in this process and in those that it starts."""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import psutil

T = TypeVar("T")


class Watch:
    """While it is entered, the memory of this process and of its children is looked at.

    seconds: how long that was; growth: bytes, the most by which this process was larger than at
    first; child: bytes, the largest child
    """

    def __init__(self) -> None:
        self.seconds, self.growth, self.child = 0.0, 0, 0
        self._me = psutil.Process()
        self._over = threading.Event()

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._look)
        self._begun, self._first = time.perf_counter(), self._me.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begun
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.growth = max(self.growth, self._me.memory_info().rss - self._first)
            for child in self._me.children():
                with contextlib.suppress(psutil.Error):  # it has ended by now
                    self.child = max(self.child, child.memory_info().rss)
            if self._over.wait(0.01):
                return


def in_time(ask: Callable[[], T], seconds: float = 20.0) -> T:
    """What this function returns, or raises, which may not take longer."""
    said: Future[T] = Future()

    def answer() -> None:
        try:
            said.set_result(ask())
        except Exception as error:
            said.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()
    return said.result(seconds)
