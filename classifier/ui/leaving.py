"""How the server ends when the system asks it to, by SIGTERM: its visitors go to others first.

It says that it is not ready, so that a proxy sends it nobody new, stops its runs, which keep what
they learned, and closes the pages that are open, so that their browsers connect anew. Where no
proxy asks, nobody could go elsewhere: it ends at once. Knows nothing of what a page shows.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.types import Send

from classifier import limits
from classifier.limits import Limits
from classifier.ui import shared

_NOTICED = 2.0  # seconds after which a proxy that asks each half second has noticed
_A_SECOND = 20.0  # pages that are closed: each is drawn anew by another server
_RESTARTS = 1012  # of RFC 6455's registry: the browser connects again
# For what the server does for itself: all of the event loop's may be waiting for downloads.
THREADS = ThreadPoolExecutor(4, "server")


class Leaving:
    """Whether this server is about to end, and its way there. All in the server's event loop."""

    def __init__(self) -> None:
        self.begun = False
        self.is_asked = False  # whether anybody, such as a proxy, has asked if it is ready
        self.pages: set[Send] = set()  # that are connected
        self._going: asyncio.Task[None] | None = None  # held, since the event loop holds no task

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """While the server runs, SIGTERM has it leave, and then end with exit status 0; a second
        one ends it at once. Under a server that is none of uvicorn's, signals stay as they are."""
        loop, server = asyncio.get_running_loop(), _uvicorn()
        if server is not None:

            def asked(*_: object) -> None:
                loop.call_soon_threadsafe(self._begin, server)

            signal.signal(signal.SIGTERM, asked)
        yield

    def _begin(self, server: Any) -> None:
        if self.begun:
            server.should_exit = True
            return
        self.begun = True
        # Whatever hangs, what was confirmed is on the disk.
        deadline = threading.Timer(_seconds(), os._exit, [0])
        deadline.daemon = True
        deadline.start()
        self._going = asyncio.get_running_loop().create_task(self._go(server))

    async def _go(self, server: Any) -> None:
        # In a thread, since it waits for a process.
        closing = asyncio.get_running_loop().run_in_executor(THREADS, shared.jobs().close)
        if self.is_asked:
            await asyncio.sleep(min(_NOTICED, _seconds() / 2))
            pause = min(1 / _A_SECOND, _seconds() / 4 / (len(self.pages) or 1))
            for page in list(self.pages):
                with contextlib.suppress(Exception):  # it has gone by itself
                    await page({"type": "websocket.close", "code": _RESTARTS})
                await asyncio.sleep(pause)
        await closing
        server.should_exit = True


def _uvicorn() -> Any:
    """The server that handles SIGTERM now; None if it is none of uvicorn's. By its own handler the
    process would end with the signal's exit status."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server if hasattr(server, "should_exit") else None


def _seconds() -> float:
    """How long it may take to leave."""
    try:
        return limits.current().leave_seconds
    except ValueError:  # which the page says
        return Limits().leave_seconds
