"""What a proxy and whoever runs the page ask a server: is it alive, is it ready, its figures.

`/health` answers as long as the server does, `/ready` while it can serve, and `/metrics` whoever
may see its figures: a program on the same machine, or who has the operator's key. None of them
tells a secret or a folder. A server becomes ready with its store, and stays so when that is away:
all servers have the same one, and a page without it still reads digits. Where servers of a newer
version have taken the store over, it is ready no more, so that its visitors go to them.
"""

import asyncio
import ipaddress
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response

from classifier import limits
from classifier.database.interface import CollectionError, NewerStoreError
from classifier.database.transactions import transaction
from classifier.limits import Rate
from classifier.people import visitors
from classifier.ui import figures, key
from classifier.ui.leaving import THREADS, Leaving

_ALIVE, _READY, _FIGURES = "/health", "/ready", "/metrics"
PATHS = {_ALIVE, _READY, _FIGURES}
_FOR = 0.4  # seconds for which what was found is told again, however often somebody asks
_SCHEME = "Bearer "


class Health:
    """Answers to these addresses. All in the server's event loop."""

    def __init__(self, leaving: Leaving, count: Callable[[], tuple[int, int]]) -> None:
        """count: gives how many pages are open, and of how many visitors"""
        self._leaving, self._count = leaving, count
        self._looking: asyncio.Future[tuple[list[str], list[str]]] | None = None
        self._had_store = False
        self._until = 0.0
        self._guesses = Rate(key.WITHIN)

    async def answer(self, request: HTTPConnection) -> Response:
        """The answer to a request for one of PATHS."""
        path = request.url.path
        if path == _READY:
            self._leaving.is_asked = True
            own, of_store = await self._problems()
            self._had_store |= not of_store or visitors.is_key_known()
            ready = self._had_store and not own
            told = {"ready": ready, "problems": own + of_store}
            return JSONResponse(told, 200 if ready else 503)
        if path == _FIGURES:
            return await self._figures(request)
        return JSONResponse({"alive": True})

    async def _problems(self) -> tuple[list[str], list[str]]:
        """Why this server cannot serve, and what is wrong with the store."""
        if self._leaving.begun:
            return ["It is about to end."], []
        if self._looking is None or (self._looking.done() and time.monotonic() > self._until):
            self._until = time.monotonic() + _FOR
            self._looking = asyncio.get_running_loop().run_in_executor(THREADS, _problems)
        return await asyncio.shield(self._looking)

    async def _figures(self, request: HTTPConnection) -> Response:
        address = request.client.host if request.client else ""
        given = request.headers.get("authorization", "")
        if given.startswith(_SCHEME):
            if not self._guesses.take(address, key.MOST_GUESSES - 1, 0):
                return PlainTextResponse("Too many wrong keys.", 429)
            if not key.opens(given.removeprefix(_SCHEME)):
                self._guesses.take(address, key.MOST_GUESSES)
                return PlainTextResponse("That is another key.", 403)
        elif not _is_from_here(address) or _came_by_a_proxy(request):
            return PlainTextResponse("Not found.", 404)
        told = await asyncio.get_running_loop().run_in_executor(
            THREADS, figures.text, *self._count(), self._leaving.begun
        )
        return PlainTextResponse(told, media_type=figures.TYPE)


def _problems() -> tuple[list[str], list[str]]:
    own, of_store = [], []
    try:
        limits.current()
    except ValueError as error:
        own.append(str(error))
    try:
        with transaction(writing=False):
            pass
    except NewerStoreError as error:
        own.append(str(error))
    except CollectionError as error:
        of_store.append(str(error))
    if problem := visitors.key_problem():
        own.append(problem)
    return own, of_store


def _is_from_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _came_by_a_proxy(request: HTTPConnection) -> bool:
    """Whether a proxy on this machine, for which all come from here, has passed this on."""
    passed_on = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via")
    return any(name in request.headers for name in passed_on)
