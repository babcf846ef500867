"""The server's door: what each request passes before Streamlit answers it.

Gives each browser its visitor's secret, in a cookie that no script can read. Refuses more pages and
uploads than there is room for, and hears only what a page says (`hearing`). Tells no browser where
the server's files are. Knows nothing of what the page shows.
"""

import asyncio
from collections import Counter, deque
from pathlib import Path
from weakref import WeakValueDictionary

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
from classifier.ui import memory
from classifier.ui.hearing import Hearing, Paces

COOKIE = "digit-classifier-visitor"  # has the secret
_COOKIE_DAYS = 180
_UPLOADS = "/_stcore/upload_file/"
_METRICS = "/_stcore/metrics"  # how many sessions there are, and what each cache holds
_SCRIPT = str(PROJECT / "app.py").encode()  # which Streamlit tells every browser
_HELD = 100_000_000  # bytes of uploads of all visitors that are held; one has 20 MB at most
_TIDY_EVERY = 30.0  # seconds, while pages are open and once after
_TRY_AGAIN = 1013  # of RFC 6455's registry: a server that is full for now
# No page of another site shows this one in a frame; what is sent is what it is called; and the
# address, which may hold a class's code, is told to nobody.
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Door:
    """ASGI middleware before Streamlit's own. One for a server; all in one event loop."""

    def __init__(self, app: ASGIApp) -> None:
        resources.raise_descriptors()
        self._app = app
        self._pages = 0  # that are connected
        self._of_address: Counter[str] = Counter()  # pages
        self._paces: WeakValueDictionary[str, Paces] = WeakValueDictionary()  # while pages use them
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
        allowed = _limits()
        of_address = self._of_address[address]
        if self._pages >= allowed.pages or of_address >= allowed.pages_of_address:
            await receive()  # the wish to connect
            await send({"type": "websocket.close", "code": _TRY_AGAIN})
            return
        paces = self._paces.setdefault(_whose(HTTPConnection(scope)), Paces())
        self._pages += 1
        self._of_address[address] += 1
        self._tidy_soon()

        async def say(message: Message) -> None:
            content = message.get("bytes")
            if content and _SCRIPT in content:
                message = {**message, "bytes": _without_path(content)}
            await send(message)

        try:
            await self._app(scope, Hearing(receive, paces), say)
        finally:
            self._pages -= 1
            self._of_address[address] -= 1
            self._of_address += Counter()  # forget those that have none
            self._tidy_soon()

    def _tidy_soon(self) -> None:
        if not self._tidying:
            self._tidying = True
            asyncio.get_running_loop().call_later(_TIDY_EVERY, self._tidy)

    def _tidy(self) -> None:
        """Let go of what pages have left, and of the sessions that are over: each holds memory, and
        three descriptors."""
        self._tidying = False
        asyncio.get_running_loop().run_in_executor(None, memory.give_back)
        if self._pages:
            self._tidy_soon()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HTTPConnection(scope)
        if scope["path"] == "/" and self._pages >= _limits().pages:
            words = "As many pages are open as this server has room for. Try again in a minute."
            await PlainTextResponse(words, 503, {"Retry-After": "60"})(scope, receive, send)
            return
        if scope["path"].endswith(_METRICS):
            await PlainTextResponse("Not found.", 404)(scope, receive, send)
            return
        is_upload = scope["method"] == "PUT" and _UPLOADS in scope["path"]
        if is_upload and not self._may_upload(request):
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


def _without_path(content: bytes) -> bytes:
    """A message of Streamlit's that tells where the page's script is, without that."""
    message = ForwardMsg.FromString(content)
    if message.WhichOneof("type") == "new_session":
        message.new_session.main_script_path = Path(message.new_session.main_script_path).name
    return bytes(message.SerializeToString())


def _limits() -> Limits:
    try:
        return limits.current()
    except ValueError:  # which the page says
        return Limits()


MIDDLEWARE = [Middleware(Door)]
