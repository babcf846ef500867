"""What a browser may say to the server, and how fast: the rest is not heard.

Streamlit takes some messages from everybody that are the operator's, such as one that empties all
caches, and as many as come. Knows nothing of what the page shows.
"""

import asyncio
import re
import time

from starlette.types import Message, Receive
from streamlit.proto.BackMsg_pb2 import BackMsg

_LONGEST = 1_000_000  # bytes of a message; a drawing has 20,000
# Of one message: states of fields, of which the whole page has less than 100; files that are to be
# uploaded, one; and what the browser remembers of what was sent before.
_STATES, _FILES, _HASHES = 500, 20, 5_000
_NUMERAL = re.compile(rb"[0-9]{4301}")  # is more than Python takes for a number
_FIRST_WITHIN = 30.0  # seconds in which a page says something
# A fragment, such as the board, is cheap; the whole page is not. How much a second, and how much at
# once: a moving pen sends 14 messages a second, and who presses buttons a few.
_FRAGMENTS, _WHOLE = (25.0, 100.0), (5.0, 60.0)
_DOWNLOADS = (0.5, 5.0)  # each is packed in memory
_BYTES = (400_000.0, 3_000_000.0)
_QUICK = {"stop_script", "app_heartbeat", "file_urls_request"}
_NEVER = {"type": "websocket.disconnect", "code": 1009}  # of RFC 6455: too big


class Pace:
    """A token bucket: so many a second, and so many at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, time.monotonic()

    async def turn(self, amount: float = 1) -> None:
        """Wait until so much more may come."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / self._rate)


class Paces:
    """How fast one visitor may speak, on all of their pages together."""

    def __init__(self) -> None:
        self.fragments, self.whole = Pace(*_FRAGMENTS), Pace(*_WHOLE)
        self.downloads, self.bytes = Pace(*_DOWNLOADS), Pace(*_BYTES)


class Hearing:
    """What is received on one page's websocket, as Streamlit is to have it."""

    def __init__(self, receive: Receive, paces: Paces) -> None:
        self._receive, self._paces = receive, paces
        self._has_spoken = False

    async def __call__(self) -> Message:
        """The next message that may be heard; or that the page has gone, where it says nothing at
        first, or too much at once."""
        while True:
            try:
                message = await asyncio.wait_for(
                    self._receive(), None if self._has_spoken else _FIRST_WITHIN
                )
            except TimeoutError:
                return {**_NEVER, "code": 1000}
            content = message.get("bytes")
            if message["type"] != "websocket.receive" or content is None:
                return message
            self._has_spoken = True
            if len(content) > _LONGEST:
                return dict(_NEVER)
            await self._paces.bytes.turn(len(content))
            try:
                said = BackMsg.FromString(content)
            except Exception:  # whatever a parser stumbles over: Streamlit ends the connection
                return message
            if _is_too_much(said) or _NUMERAL.search(content):
                return dict(_NEVER)
            if await self._is_heard(said):
                return message

    async def _is_heard(self, said: BackMsg) -> bool:
        kind: str | None = said.WhichOneof("type")
        if kind == "backend_operation_request":
            kind = said.backend_operation_request.WhichOneof("payload")
        if kind in _QUICK or (kind == "rerun_script" and said.rerun_script.fragment_id):
            await self._paces.fragments.turn()
        elif kind == "deferred_file":
            await self._paces.downloads.turn()
        elif kind in ("rerun_script", "dataframe_chunk"):
            await self._paces.whole.turn()
        else:
            return False
        return True


def _is_too_much(said: BackMsg) -> bool:
    """Whether a message is one that no page sends, and that holds up all others."""
    rerun = said.rerun_script
    return (
        len(rerun.widget_states.widgets) > _STATES
        or len(rerun.cached_message_hashes) > _HASHES
        or len(said.file_urls_request.file_names) > _FILES
    )
