"""Answers while the pen moves: a request each, for which no part of the page is drawn anew.

A page that is open leaves here what answers its drawings, under a key that its browser alone is
told. The browser sends all of its drawing, and nothing of it is kept: where the pen rests, the
board hears of it as of everything else. Knows nothing of what an answer says.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from classifier.records import parsed
from classifier.serving.saved import DamagedModelError
from classifier.serving.store import ModelNotFoundError
from classifier.ui import figures, hearing
from classifier.ui.board.sketch import NotUnderstoodError, Sketch

_LONGEST = 300_000  # bytes of a request; a digit has 2,000, and the fullest board 150,000
_WITHIN = 10.0  # seconds in which it has to be there
_THREADS = ThreadPoolExecutor(4, "moving-pen")
Answer = Callable[[Sketch], Mapping[str, Any]]  # as JSON has it; raises what a model may raise


class Moving:
    """What answers one page while its pen moves. Its key is good as long as it is held."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(16)
        self._answer: Answer | None = None
        self._payer = ""
        self._is_busy = False
        _open[self.key] = self

    def answer_with(self, answer: Answer, payer: str) -> None:
        """Let this answer from now on; payer: for whom `hearing` counts it."""
        self._answer, self._payer = answer, payer

    async def respond(self, request: Request) -> Response:
        """The answer to what the browser sent: one at a time, and as fast as its visitor may
        speak."""
        answer, paces = self._answer, hearing.of_open_page(self._payer)
        if answer is None or paces is None:
            return _NOT_FOUND
        if self._is_busy:
            return PlainTextResponse("One at a time.", 429)
        self._is_busy = True
        try:
            async with asyncio.timeout(_WITHIN):
                sent = await _body(request)
            await paces.bytes.turn(len(sent))
            await paces.messages.turn()
            await paces.computing.turn(0)
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(_THREADS, self._content, answer, sent)
        except (ClientDisconnect, TimeoutError):
            return PlainTextResponse("It did not come whole.", 408)
        except (DamagedModelError, ModelNotFoundError):  # the page says so
            return _NOT_FOUND
        except NotUnderstoodError as error:
            return PlainTextResponse(f"Not understood: {error}", 400)
        finally:
            self._is_busy = False
        return Response(content, media_type="application/json")

    def _content(self, answer: Answer, sent: bytes) -> bytes:
        with hearing.computing_for(self._payer):
            figures.count("answers")
            return json.dumps(answer(drawn(sent))).encode()


_open: WeakValueDictionary[str, Moving] = WeakValueDictionary()
_NOT_FOUND = PlainTextResponse("Not found.", 404)


def drawn(sent: bytes) -> Sketch:
    """The drawing that a browser sent: a message of its board, as JSON, with all of it. Raises
    NotUnderstoodError."""
    try:
        message = parsed(sent, _LONGEST)
    except ValueError as error:
        raise NotUnderstoodError(f"A message is JSON: {error}") from None
    sketch = Sketch()
    sketch.take_in(message)
    if not sketch.drawing:
        raise NotUnderstoodError("A drawing comes whole.")
    return sketch


async def _body(request: Request) -> bytes:
    """What was sent. Raises NotUnderstoodError as soon as it is too long."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _LONGEST:
            raise NotUnderstoodError(f"A message has {_LONGEST:,} bytes at most.")
    return bytes(content)


async def _respond(request: Request) -> Response:
    one = _open.get(request.path_params["key"])
    return _NOT_FOUND if one is None else await one.respond(request)


def routes() -> list[Route]:
    """Where browsers ask, beside the page."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return [Route(f"{base and '/'}{base}/answer/{{key}}", _respond, methods=["POST"])]
