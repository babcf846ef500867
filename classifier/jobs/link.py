"""A page server's connection to the Dask scheduler on which `desk` stands: made in a thread of its
own, and anew whenever it is lost. Knows no runs. Dask is imported here alone, and in that thread.
"""

import asyncio
import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from classifier.jobs.version import version

SETTING = "DIGIT_CLASSIFIER_SCHEDULER"
_ADDRESS = re.compile(r"(?:(?:tcp|tls)://)?(?:\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):(\d{1,5})")
_ANSWER = 3.0  # seconds in which the scheduler answers, or counts as away
_TRANSFER = 60.0  # seconds for data
_BEAT = 1.0  # seconds between two looks whether it still answers
_FIRST_SECONDS = 3.0  # for which the first page waits for the first answer


def address() -> str:
    """Where the scheduler is, such as `tcp://10.0.0.5:8786`; "" where runs are carried out here."""
    return os.environ.get(SETTING, "").strip()


def check_address(text: str) -> str:
    """That address. Raises ValueError, naming the setting, if it is none, without repeating it:
    whoever visits the page reads it, and there may be a password in it."""
    good = _ADDRESS.fullmatch(text)
    if not good or not 0 < int(good[1]) < 65_536:
        raise ValueError(f"{SETTING} names no scheduler: write it as tcp://MACHINE:PORT.")
    return text


class Link:
    """The connection. What it hears and does happens in its thread's event loop."""

    def __init__(
        self, address: str, take: Callable[[Mapping[str, Any]], None], renewed: Callable[[], None]
    ) -> None:
        """take: whatever the desk tells; renewed: something may have been missed"""
        self._address, self._heard, self._renewed = address, take, renewed
        self._client: Any = None  # while the scheduler answers
        self.trouble = f"The scheduler that {SETTING} names has not answered yet: try again soon."
        self._begun = self._answered = time.monotonic()
        self._first = threading.Event()  # set when it has answered, or is known not to
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._live, name="cluster", daemon=True).start()

    def is_up(self) -> bool:
        """Whether the scheduler answers, as far as is known; waits for its first answer, for some
        seconds once in this server's life."""
        self._first.wait(max(self._begun + _FIRST_SECONDS - time.monotonic(), 0.0))
        return self._client is not None

    def away(self) -> float:
        """Seconds since it last answered."""
        return time.monotonic() - self._answered

    def close(self) -> None:
        """Leave the scheduler."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the thread do this; from any thread, at once."""

        def begin() -> None:
            task = self._loop.create_task(work)
            self._tasks.add(task)  # or it may be collected
            task.add_done_callback(self._tasks.discard)

        self._loop.call_soon_threadsafe(begin)

    async def ask(self, what: str, args: Mapping[str, object]) -> Any:
        """What a method of the desk returns. Raises OSError if it does not answer."""
        client = self._client
        if client is None:
            raise ConnectionError(self.trouble)
        return await _answer(client, what, args)

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self.spawn(self._stay_connected())
        self._loop.run_forever()

    async def _stay_connected(self) -> None:
        told = ""
        while True:
            try:
                check_address(self._address)
                await self._connect()
            except ImportError:
                self.trouble = (
                    f"{SETTING} names a scheduler, but Dask is not installed here: "
                    "pip install -r assets/deploy/requirements.txt"
                )
            except ValueError as error:
                self.trouble = str(error)
            except TypeError:  # by Dask, of tls:// alone
                self.trouble = (
                    f"{SETTING} names a scheduler with TLS, for which Dask has no certificates "
                    "here: see https://distributed.dask.org/en/stable/tls.html."
                )
            except Exception as error:  # whatever Dask raises then
                self.trouble = (
                    f"The scheduler that {SETTING} names does not answer "
                    f"({type(error).__name__}): start it, or name another."
                )
            if self.trouble != told:  # whoever started the server should know
                told = self.trouble
                print(f"Digit Classifier: {told}", file=sys.stderr, flush=True)
            self._client = None
            self._first.set()
            self._renewed()
            await asyncio.sleep(_BEAT / 2)

    async def _connect(self) -> None:
        """Speak with the scheduler while it answers. Raises whatever Dask does then."""
        import cloudpickle
        from distributed import Client

        from classifier.jobs import book, desk

        connect: Any = Client
        client = connect(self._address, asynchronous=True, timeout=_ANSWER, set_as_default=False)
        try:
            await asyncio.wait_for(client, 2 * _ANSWER)
            for module in (book, desk):
                cloudpickle.register_pickle_by_value(module)
            plugin = cloudpickle.dumps(desk.Desk(version()))
            register = {"plugin": plugin, "name": desk.NAME, "idempotent": True}
            await _answer(client, "register_scheduler_plugin", register)
            client.subscribe_topic(desk.NAME, self._hear)
            first = await self._look(client)
            self._client = client
            self._first.set()
            self._renewed()
            while client.status == "running":
                await asyncio.sleep(_BEAT)
                # Dask connects again by itself to one that was started anew, and says nothing.
                if await self._look(client) != first:
                    raise ConnectionError("it was started anew")
        finally:
            self._client = None
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(), _ANSWER)
        raise ConnectionError("its connection is closed")

    async def _look(self, client: Any) -> str:
        """Take in the table of runs. Returns which scheduler it is of."""
        table = await _answer(client, "digits_hello", {})
        if table["version"] != version():
            raise ValueError(
                f"The scheduler that {SETTING} names serves version {table['version']} of Digit "
                f"Classifier, this page is version {version()}: start the same version everywhere, "
                "and the scheduler anew."
            )
        self._answered = time.monotonic()
        self._heard({"table": table})
        return str(table["scheduler"])

    async def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        # Whatever somebody sends costs only itself.
        with contextlib.suppress(LookupError, TypeError, ValueError):
            self._heard(event[1])


async def _answer(client: Any, what: str, args: Mapping[str, object]) -> Any:
    """What a handler of the scheduler returns. Raises OSError if it does not, or fails."""
    call = getattr(client.scheduler, what)(**args)
    try:
        return await asyncio.wait_for(call, _ANSWER if len(args) < 2 else _TRANSFER)
    except OSError:
        raise
    except Exception as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
