"""How soon a round is on everybody's phone: `python -m tests.benchmarks.rounds [MEMBERS]`.

A host's page presses the buttons that begin and end a round, twenty times, over a bare websocket;
members' pages, over as many more, hear what their server sends. Prints the times from a press to
the first and to the last phone that shows the round, and to all of them. Takes a minute.
"""

import argparse
import asyncio
import time

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from classifier.cli.evaluate import print_table
from classifier.people import classroom, visitors
from classifier.people.outcomes import Kind
from classifier.people.visitors import visitor_of
from classifier.ui import view
from classifier.ui.door import COOKIE
from tests.benchmarks.classroom import MEMBERS, Page, serving

ROUNDS = 20
_TASKS = {Kind.DIGIT: "Everyone draws a 7", Kind.FREE: "Draw what you like"}
_PATIENCE = 20.0  # seconds for one round to reach all
_REST = 1.0  # seconds between two presses


def _connect(url: str, token: str) -> connect:
    return connect(url, additional_headers={"Cookie": f"{COOKIE}={token}"}, max_size=None)


async def listen(socket: ClientConnection, seen: dict[str, float]) -> None:
    """Note when each task was last shown anew."""
    async for message in socket:
        said = ForwardMsg.FromString(message)
        if said.WhichOneof("type") == "delta" and said.delta.HasField("new_element"):
            words = said.delta.new_element.markdown.body
            for task in _TASKS.values():
                if task in words:
                    seen[task] = time.perf_counter()


async def play(url: str, token: str, code: str, members: int) -> np.ndarray:
    """Seconds from a press to each member's showing it, (ROUNDS, members)."""
    sockets = [await _connect(url, visitors.new_token()) for _ in range(members)]
    for socket in sockets:
        await Page(socket, f"class={code}").run()
    seen: list[dict[str, float]] = [{} for _ in sockets]
    listeners = [
        asyncio.create_task(listen(socket, one)) for socket, one in zip(sockets, seen, strict=True)
    ]
    took = []
    async with _connect(url, token) as socket:
        host = Page(socket, "")
        await host.run()
        host.states[view.OPEN_TAB.name] = {"string_value": view.HANDWRITING}
        await host.run()
        for number in range(ROUNDS):
            kind = list(_TASKS)[number % 2]
            button = f"round-{kind.value}"
            await asyncio.sleep(_REST)
            begun = time.perf_counter()
            await host.run(host.fragments[button], pressed=button)
            while any(one.get(_TASKS[kind], 0) < begun for one in seen):
                if time.perf_counter() > begun + _PATIENCE:
                    raise RuntimeError(f"round {number + 1} did not reach all")
                await asyncio.sleep(0.01)
            took.append([one[_TASKS[kind]] - begun for one in seen])
            await asyncio.sleep(_REST)
            await host.run(host.fragments["round-over"], pressed="round-over")
    for listener, socket in zip(listeners, sockets, strict=True):
        listener.cancel()
        await socket.close()
    return np.array(took)


def main(members: int) -> None:
    """Serve, play, and print."""
    with serving(0, False) as (address, _):
        token = visitors.new_token()
        opened = classroom.open_class(visitor_of(token), "shipped-deep")
        url = address.replace("http://", "ws://") + "/_stcore/stream"
        took = asyncio.run(play(url, token, opened.code, members))
    rows = {
        "the first phone": took.min(axis=1),
        "a phone": took.ravel(),
        "the last phone": took.max(axis=1),
    }
    print_table(
        [
            {
                f"{ROUNDS} rounds, {members} members: from the press to …, ms": name,
                "median": f"{1000 * np.median(values):.0f}",
                "95th percentile": f"{1000 * np.percentile(values, 95):.0f}",
                "most": f"{1000 * values.max():.0f}",
            }
            for name, values in rows.items()
        ]
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("members", type=int, nargs="?", default=MEMBERS)
    main(asked.parse_args().members)
