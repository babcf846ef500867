"""What a browser may say to the server, and how fast: the rest is not heard.

Streamlit takes some messages from everybody that are the operator's, such as one that empties all
caches, and as many as come. Knows nothing of what the page shows.
"""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator
from weakref import WeakValueDictionary

from starlette.types import Message, Receive
from streamlit.proto.BackMsg_pb2 import BackMsg

_LONGEST = 1_000_000  # bytes of a message; a drawing has 20,000
# Of one message: states of fields, of which the whole page has less than 100; files that are to be
# uploaded, one; and what the browser remembers of what was sent before.
_STATES, _FILES, _HASHES = 500, 20, 5_000
_NUMERAL = re.compile(rb"[0-9]{4301}")  # is more than Python takes for a number
_FIRST_WITHIN = 30.0  # seconds in which a page says something
# How much a second, and how much at once: a moving pen sends 14 messages a second.
_MESSAGES = (25.0, 100.0)
# Seconds of processor that drawing the page takes. A message of the pen takes some 5 ms, the whole
# page a tenth of a second, a drawing that no hand makes three tenths.
_COMPUTING = (0.25, 10.0)
_WITHOUT_COOKIE = 4  # times as much for all together who come from one address without a secret
_DOWNLOADS = (0.5, 5.0)  # each is packed in memory
_BYTES = (400_000.0, 3_000_000.0)
_QUICK = {"stop_script", "app_heartbeat", "file_urls_request"}
_HEARD = {*_QUICK, "rerun_script", "dataframe_chunk"}
_NEVER = {"type": "websocket.disconnect", "code": 1009}  # of RFC 6455: too big
# Streamlit names no address of who is on the same machine.
THIS_MACHINE, _SAME = "127.0.0.1", "::1"


class Pace:
    """A token bucket: so many a second, and so many at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, time.monotonic()
        self._lock = threading.Lock()

    def spend(self, amount: float) -> float:
        """Count so much; how much is left, below 0 if it was too much."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
            self._at = now
            return self._left

    async def turn(self, amount: float = 1) -> None:
        """Wait until so much more may come, and what was spent meanwhile is made up for."""
        left = self.spend(amount)
        while left < 0:
            await asyncio.sleep(-left / self._rate)
            left = self.spend(0)

    def until_new(self) -> float:
        """Seconds until nothing of what was spent counts any more."""
        return (self._burst - self.spend(0)) / self._rate


class Paces:
    """How fast one visitor may speak, on all of their pages together."""

    def __init__(self, share: int = 1) -> None:
        """share: for how many it is"""

        def pace(rate: float, burst: float) -> Pace:
            return Pace(share * rate, share * burst)

        self.messages, self.computing = pace(*_MESSAGES), pace(*_COMPUTING)
        self.downloads, self.bytes = pace(*_DOWNLOADS), pace(*_BYTES)


_known: WeakValueDictionary[str, Paces] = WeakValueDictionary()  # by visitor
_thread = threading.local()


def paces_of(secret: str, address: str) -> Paces:
    """Those of a visitor, to be held while one of their pages is heard. Without a secret, which the
    server may have had no room to give, those of all at the address who have none."""
    whose = secret or (THIS_MACHINE if address == _SAME else address)
    return _known.setdefault(whose, Paces(1 if secret else _WITHOUT_COOKIE))


def of_open_page(whose: str) -> Paces | None:
    """Those of whom `charge` counts for; None if no page of theirs is open, or was of late."""
    return _known.get(whose)


def remember(paces: Paces) -> None:
    """Hold the paces of a page that is gone until they would be as new: whoever opens another goes
    on with what is left, also of a debt."""
    asyncio.get_running_loop().call_later(paces.computing.until_new(), id, paces)


def charge(whose: str) -> None:
    """Count what this thread has computed since it was last asked: for that visitor."""
    now = time.thread_time()
    spent, _thread.charged = now - getattr(_thread, "charged", 0.0), now
    if paces := _known.get(whose):
        paces.computing.spend(spent)


@contextlib.contextmanager
def computing_for(whose: str) -> Iterator[None]:
    """Count what a thread that serves many does in this body: for that visitor."""
    _thread.charged = time.thread_time()
    try:
        yield
    finally:
        charge(whose)


class Hearing:
    """What is received on one page's websocket, as Streamlit is to have it."""

    def __init__(self, receive: Receive, paces: Paces) -> None:
        self._receive, self._paces = receive, paces
        self._has_spoken = self._has_run = False

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
            if message["type"] != "websocket.receive":
                return message
            if content is None:  # text, which no page sends
                return dict(_NEVER)
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
            # A server on which this page was not drawn yet, since the one before has died or was
            # started anew, knows none of its fragments, and Streamlit would leave it unanswered.
            if said.WhichOneof("type") == "rerun_script" and not self._has_run:
                self._has_run = True
                if said.rerun_script.fragment_id:
                    said.rerun_script.ClearField("fragment_id")
                    said.rerun_script.ClearField("is_auto_rerun")
                    message = {**message, "bytes": said.SerializeToString()}
            if await self._is_heard(said):
                return message

    async def _is_heard(self, said: BackMsg) -> bool:
        kind: str | None = said.WhichOneof("type")
        if kind == "backend_operation_request":
            kind = said.backend_operation_request.WhichOneof("payload")
        if kind == "deferred_file":
            await self._paces.downloads.turn()
        elif kind in _HEARD:
            await self._paces.messages.turn()
        else:
            return False
        if kind not in _QUICK:
            await self._paces.computing.turn(0)
        return True


def _is_too_much(said: BackMsg) -> bool:
    """Whether a message is one that no page sends, and that holds up all others."""
    rerun = said.rerun_script
    return (
        len(rerun.widget_states.widgets) > _STATES
        or len(rerun.cached_message_hashes) > _HASHES
        or len(said.file_urls_request.file_names) > _FILES
    )
