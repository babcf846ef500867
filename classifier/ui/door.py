"""The server's door: what each request passes before Streamlit answers it.

Gives each browser its visitor's secret, in a cookie that no script can read. Refuses more pages and
uploads than there is room for, and any that are new while the server is about to end (`leaving`).
Hears only what a page says (`hearing`). Tells no browser where the server's files are, and on which
machine. Knows nothing of what the page shows.
"""

import asyncio
from collections import Counter, deque
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from classifier import limits
from classifier.config import PROJECT
from classifier.jobs import resources
from classifier.limits import Limits, Rate
from classifier.people import visitors
from classifier.ui import figures, health, hearing, memory
from classifier.ui.health import Health
from classifier.ui.hearing import Hearing
from classifier.ui.leaving import THREADS, Leaving

COOKIE = "digit-classifier-visitor"  # has the secret
_COOKIE_DAYS = 180
_UPLOADS = "/_stcore/upload_file/"
_METRICS = "/_stcore/metrics"  # how many sessions there are, and what each cache holds
_SCRIPT = str(PROJECT / "app.py").encode()  # which Streamlit tells every browser
_HELD = 100_000_000  # bytes of uploads of all visitors that are held; one has 20 MB at most
_TIDY_EVERY = 30.0  # seconds, while pages are open and once after
_TRY_AGAIN = 1013  # of RFC 6455's registry: a server that is full for now
_FULL = "As many pages are open as this server has room for. Try again in a minute."
_ENDING = "This server is about to end. Try again in a moment."
# No page of another site shows this one in a frame; what is sent is what it is called; and the
# address, which may hold a class's code, is told to nobody.
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Door:
    """ASGI middleware before Streamlit's own. One for a server; all in one event loop."""

    def __init__(self, app: ASGIApp, leaving: Leaving | None = None) -> None:
        """leaving: says when the server is about to end, and closes its pages; None: it stays"""
        resources.raise_descriptors()
        memory.keep_small()
        self._app = app
        self._leaving = leaving or Leaving()
        self._health = Health(self._leaving, lambda: (self._pages, len(self._of_visitor)))
        self._pages = 0  # that are connected
        self._of_address: Counter[str] = Counter()  # pages
        self._of_visitor: Counter[str] = Counter()  # the same
        self._held: deque[tuple[str, int]] = deque()  # uploads: session/file, bytes
        self._tidying = False
        self._uploads, self._new = Rate(), Rate()
        self._megabytes = Rate(600.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "websocket":
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        if words := self._why_closed():
            await receive()  # the wish to connect
            figures.count("refused", "page")
            if "websocket.http.response" in scope.get("extensions", {}):
                await _come_again(words)(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _TRY_AGAIN})
            return
        if self._of_address[address] >= _limits().pages_of_address:
            await receive()
            figures.count("refused", "page")
            await send({"type": "websocket.close", "code": _TRY_AGAIN})
            return
        token = _token(HTTPConnection(scope))
        whose = token or address
        paces = hearing.paces_of(token, address)
        self._pages += 1
        self._of_address[address] += 1
        self._of_visitor[whose] += 1
        self._tidy_soon()

        async def say(message: Message) -> None:
            content = message.get("bytes")
            if content and _SCRIPT in content:
                message = {**message, "bytes": _discreet(content)}
            await send(message)

        self._leaving.pages.add(say)
        try:
            await self._app(scope, Hearing(receive, paces), say)
        finally:
            self._leaving.pages.discard(say)
            self._pages -= 1
            self._of_address[address] -= 1
            self._of_visitor[whose] -= 1
            self._of_address += Counter()  # forget those that have none
            self._of_visitor += Counter()
            hearing.remember(paces)
            self._tidy_soon()

    def _why_closed(self) -> str:
        """Why no page is let in, in words; "" if one is."""
        if self._leaving.begun:
            return _ENDING
        return _FULL if self._pages >= _limits().pages else ""

    def _tidy_soon(self) -> None:
        if not self._tidying:
            self._tidying = True
            asyncio.get_running_loop().call_later(_TIDY_EVERY, self._tidy)

    def _tidy(self) -> None:
        """Let go of what pages have left, and of the sessions that are over: each holds memory, and
        three descriptors."""
        self._tidying = False
        for task in (memory.give_back, figures.look):
            asyncio.get_running_loop().run_in_executor(THREADS, task)
        if self._pages:
            self._tidy_soon()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HTTPConnection(scope)
        if scope["path"] in health.PATHS:
            await (await self._health.answer(request))(scope, receive, send)
            return
        if scope["path"] == "/" and (words := self._why_closed()):
            figures.count("refused", "page")
            await _come_again(words)(scope, receive, send)
            return
        if scope["path"].endswith(_METRICS):
            await PlainTextResponse("Not found.", 404)(scope, receive, send)
            return
        is_upload = scope["method"] == "PUT" and _UPLOADS in scope["path"]
        if is_upload and not self._may_upload(request):
            figures.count("refused", "file")
            await PlainTextResponse("Too many files: wait a minute.", 429)(scope, receive, send)
            return

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                if is_upload and message["status"] == 204:
                    self._hold(scope["path"], _length(request))
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                # Who opens a page asks for that type; what a browser has already, 304, has none.
                is_page = "text/html" in request.headers.get("accept", "")
                if is_page and (cookie := self._cookie(request)):
                    headers.append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, say)

    def _cookie(self, request: HTTPConnection) -> str:
        """The cookie with a visitor's secret, or with a new one; "" where too many new visitors
        come from that address, or the secret cannot be signed."""
        token = _token(request)
        if not token:
            if not self._new.take(_address(request.scope), _limits().visitors_a_minute):
                return ""
            try:
                token = visitors.new_token()
            except OSError:  # the page says what is wrong with the key or the folder
                return ""
        # Lax, so that it comes along when a link on another site opens the page; what such a
        # site's own pages request comes without it.
        secure = "; Secure" * (request.url.scheme == "https")
        return (
            f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{secure}; "
            f"Max-Age={_COOKIE_DAYS * 86400}"
        )

    def _may_upload(self, request: HTTPConnection) -> bool:
        """Whether this visitor may send one file more. Those that are too many for the page's
        patience get a sentence there."""
        whose = _whose(request)
        allowed, megabytes = _limits(), _length(request) / 1e6
        often = self._uploads.take(whose, 2 * allowed.pictures_a_minute)
        return often and self._megabytes.take(whose, allowed.uploaded_megabytes, megabytes)

    def _hold(self, path: str, size: int) -> None:
        """Note a file that was uploaded. Streamlit holds it as long as its page is open, also if
        nobody reads it: beyond so much of all the oldest go."""
        self._held.append((path, size))
        while sum(size for _, size in self._held) > _HELD:
            session, file = self._held.popleft()[0].split("/")[-2:]
            memory.forget_upload(session, file)


def _come_again(words: str) -> PlainTextResponse:
    """An answer after which a proxy asks another server, and a browser or a visitor comes again."""
    return PlainTextResponse(words, 503, {"Retry-After": "60" if words == _FULL else "2"})


def _length(request: HTTPConnection) -> int:
    """Bytes of what is uploaded, at most."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 1_000_000 * st.get_option("server.maxUploadSize")


def _token(request: HTTPConnection) -> str:
    """The visitor's secret in a request's cookie; "" if this server has not given it."""
    found = request.cookies.get(COOKIE, "")
    return found if visitors.is_token(found) else ""


def _whose(request: HTTPConnection) -> str:
    """Whom a request counts for: whoever has no secret, with all others of their address."""
    return _token(request) or _address(request.scope)


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _discreet(content: bytes) -> bytes:
    """A message of Streamlit's that begins a page, without where the page's script is, and which
    machine it runs on."""
    message = ForwardMsg.FromString(content)
    if message.WhichOneof("type") == "new_session":
        told = message.new_session
        told.main_script_path = Path(told.main_script_path).name
        for field in ("installation_id", "installation_id_v3", "installation_id_v4"):
            told.initialize.user_info.ClearField(field)
        for field in ("python_version", "server_os"):
            told.initialize.environment_info.ClearField(field)
    return bytes(message.SerializeToString())


def _limits() -> Limits:
    try:
        return limits.current()
    except ValueError:  # which the page says
        return Limits()


LEAVING = Leaving()  # of this server
MIDDLEWARE = [Middleware(Door, LEAVING)]
