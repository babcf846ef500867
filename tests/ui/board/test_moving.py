"""Answers while the pen moves: whom they are given to, how many at a time, and what is refused."""

import asyncio
import gc
import json

import pytest
from starlette.applications import Starlette

from classifier.serving.store import ModelNotFoundError
from classifier.ui import hearing
from classifier.ui.board import moving
from classifier.ui.board.moving import Moving
from tests.ui.board.test_sketch import message

HERE = "10.0.0.1"
STROKE = message(1, [1, 18, 0, 10, 10, 20, 30], resting=False)


@pytest.fixture
def paces():
    """Those of an address from which a page is open."""
    return hearing.paces_of("", HERE)


def points(sketch) -> dict:
    return {"points": [line.tolist() for line in sketch.lines], "resting": sketch.resting}


@pytest.fixture
def page():
    """Makes what answers a page; it is held until the test ends."""
    held = []

    def make(answer=points) -> Moving:
        held.append(Moving())
        held[-1].answer_with(answer, HERE)
        return held[-1]

    return make


async def ask(key: str, *parts: bytes, base: str = "", method: str = "POST"):
    """Status and content of the answer to what is sent in these parts; without any, it never
    comes."""
    left, sent = list(parts), []

    async def receive():
        if not left:
            await asyncio.sleep(30)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(told) -> None:
        sent.append(told)

    scope = {"type": "http", "method": method, "path": f"{base}/answer/{key}", "headers": []}
    scope |= {"query_string": b"", "client": (HERE, 5), "server": ("here", 80), "scheme": "http"}
    await Starlette(routes=moving.routes())(scope, receive, send)
    return sent[0]["status"], b"".join(told.get("body", b"") for told in sent[1:])


def asked(key: str, *parts: bytes, **more: str):
    return asyncio.run(ask(key, *parts, **more))


BODY = json.dumps(STROKE).encode()


def test_a_drawing_is_answered_whichever_parts_it_comes_in_and_is_not_kept(page, paces):
    one = page()
    for parts in ((BODY,), (BODY[:9], BODY[9:]), (BODY, b"")):
        status, content = asked(one.key, *parts)
        assert status == 200
        assert json.loads(content) == {"points": [[[10, 10], [20, 30]]], "resting": False}


def test_only_an_open_pages_key_is_answered(page, paces):
    one = page()
    assert asked(f"{one.key}x", BODY)[0] == 404
    assert asked(one.key, BODY, method="GET")[0] == 405
    new = Moving()
    assert asked(new.key, BODY)[0] == 404  # it has nothing that answers yet
    new.answer_with(points, HERE)
    assert asked(new.key, BODY)[0] == 200
    key = new.key
    del new
    gc.collect()
    assert asked(key, BODY)[0] == 404


def test_a_visitor_without_an_open_page_is_not_answered(page):
    one = page(lambda _: pytest.fail("nobody is there"))
    gc.collect()
    assert asked(one.key, BODY)[0] == 404


def test_it_is_asked_below_the_pages_own_address(page, paces, monkeypatch):
    monkeypatch.setattr(moving.st, "get_option", lambda name: "/school/digits/")
    one = page()
    assert asked(one.key, BODY, base="/school/digits")[0] == 200
    assert asked(one.key, BODY)[0] == 404


BAD = {
    "no JSON": b"no JSON",
    "nothing": b"",
    "bytes": b"\xff\xfe",
    "deep": b"[" * 90_000,
    "a long number": b"9" * 5_000,
    "a list": b"[]",
    "a part of a drawing": json.dumps(STROKE | {"from": 1}).encode(),
    "no numbers": json.dumps(STROKE | {"strokes": [["x"]]}).encode(),
    "no end": b" " * (moving._LONGEST + 1),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_no_board_asks_is_refused_and_the_next_is_answered(page, paces, content):
    one = page()
    status, words = asked(one.key, content)
    assert status == 400
    assert words.startswith(b"Not understood: ")
    assert asked(one.key, BODY)[0] == 200


def test_what_is_too_long_is_not_read_to_its_end(page, paces):
    part = b" " * 100_000
    status, _ = asked(page().key, *[part] * 4, *[b"never asked for"] * 5)
    assert status == 400


def test_a_model_that_has_gone_answers_nothing(page, paces):
    called = []

    def gone(sketch):
        called.append(sketch)
        raise ModelNotFoundError("gone")

    assert asked(page(gone).key, BODY)[0] == 404
    assert called


def test_what_does_not_come_holds_nothing_up_for_long(page, paces, monkeypatch):
    monkeypatch.setattr(moving, "_WITHIN", 0.05)
    one = page()
    assert asked(one.key)[0] == 408
    assert asked(one.key, BODY)[0] == 200


def test_one_at_a_time_is_answered(page, paces):
    one = page()

    async def both():
        first = asyncio.ensure_future(ask(one.key))
        await asyncio.sleep(0.05)
        second = await ask(one.key, BODY)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return second, await ask(one.key, BODY)

    (busy, _), (free, _) = asyncio.run(both())
    assert (busy, free) == (429, 200)


def test_what_it_takes_counts_for_its_visitor_who_waits_where_it_is_too_much(page, paces):
    def long(sketch):
        _work(0.2)
        return {}

    before = paces.computing.spend(0)
    assert asked(page(long).key, BODY)[0] == 200
    assert before - paces.computing.spend(0) > 0.1

    async def waits() -> None:
        paces.computing.spend(1000)
        await asyncio.wait_for(ask(page().key, BODY), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(waits())


def _work(seconds: float) -> None:
    end = hearing.time.thread_time() + seconds
    while hearing.time.thread_time() < end:
        pass
