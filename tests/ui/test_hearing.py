"""What a page may say: its own messages at a person's pace, and nothing that is the operator's."""

import asyncio
import time

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from classifier.ui import hearing, session
from classifier.ui.hearing import Hearing, Paces


def said(**fields: object) -> bytes:
    return BackMsg(**fields).SerializeToString()


def rerun(fragment: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.fragment_id = fragment
    return message.SerializeToString()


def heard(*contents: bytes, paces: Paces | None = None) -> list[dict]:
    """What Streamlit hears of these messages."""
    coming = [{"type": "websocket.receive", "bytes": content} for content in contents]
    coming.append({"type": "websocket.disconnect", "code": 1000})

    async def receive():
        return coming.pop(0)

    async def go() -> list[dict]:
        hear, found = Hearing(receive, paces or Paces()), []
        while not found or found[-1]["type"] != "websocket.disconnect":
            found.append(await hear())
        return found

    return asyncio.run(go())


def test_a_pages_own_messages_are_heard():
    own = [rerun(), rerun("board"), said(stop_script=True), said(app_heartbeat=True)]
    message = BackMsg()
    message.backend_operation_request.deferred_file.SetInParent()
    own.append(message.SerializeToString())
    message = BackMsg()
    message.file_urls_request.SetInParent()
    own.append(message.SerializeToString())
    assert [one["bytes"] for one in heard(*own)[:-1]] == own


def test_a_page_that_comes_from_another_server_is_drawn_whole_first():
    message = BackMsg()
    message.rerun_script.fragment_id = "board"
    message.rerun_script.is_auto_rerun = True
    message.rerun_script.query_string = "class=abc"
    message.rerun_script.widget_states.widgets.add(id="said", json_trigger_value="{}")
    first, second, _ = heard(said(app_heartbeat=True), *[message.SerializeToString()] * 2)[1:]
    whole = BackMsg.FromString(first["bytes"]).rerun_script
    assert (whole.fragment_id, whole.is_auto_rerun) == ("", False)
    assert (whole.query_string, whole.widget_states) == (
        "class=abc",
        message.rerun_script.widget_states,
    )
    assert second["bytes"] == message.SerializeToString()


def test_what_is_the_operators_is_not_heard():
    message = BackMsg()
    message.backend_operation_request.install_skills.SetInParent()
    others = [
        said(clear_cache=True),
        said(set_run_on_save=True),
        said(load_git_info=True),
        said(debug_shutdown_runtime=True),
        said(debug_disconnect_websocket=True),
        message.SerializeToString(),
        b"",
    ]
    assert [one["type"] for one in heard(*others)] == ["websocket.disconnect"]


def test_what_is_no_message_is_streamlits_to_refuse():
    assert heard(b"\xff\xff\xff")[0]["bytes"] == b"\xff\xff\xff"


def test_too_long_a_message_ends_the_page():
    assert heard(bytes(hearing._LONGEST + 1)) == [{"type": "websocket.disconnect", "code": 1009}]


def test_a_message_that_would_hold_up_all_others_ends_the_page():
    files, states, known, numeral = BackMsg(), BackMsg(), BackMsg(), BackMsg()
    files.file_urls_request.file_names.extend(["a"] * (hearing._FILES + 1))
    for _ in range(hearing._STATES + 1):
        states.rerun_script.widget_states.widgets.add(id="a", bool_value=True)
    known.rerun_script.cached_message_hashes.extend(["a"] * (hearing._HASHES + 1))
    numeral.rerun_script.widget_states.widgets.add(id="a", json_value="9" * 5_000)
    for message in (files, states, known, numeral):
        ended = [{"type": "websocket.disconnect", "code": 1009}]
        assert heard(message.SerializeToString()) == ended
    longest = BackMsg()
    longest.rerun_script.widget_states.widgets.add(id="a", json_value="9" * 4_300)
    assert len(heard(longest.SerializeToString())) == 2


def test_bytes_have_a_pace_of_their_own(monkeypatch):
    monkeypatch.setattr(hearing, "_BYTES", (1e6, 1e6))
    message = BackMsg()
    message.rerun_script.query_string = "a" * 500_000
    begun = time.monotonic()
    heard(*[message.SerializeToString()] * 3)
    assert 0.4 < time.monotonic() - begun < 5


def test_all_pages_of_a_visitor_share_a_pace(monkeypatch):
    monkeypatch.setattr(hearing, "_MESSAGES", (20.0, 5.0))
    paces, begun = Paces(), time.monotonic()
    for _ in range(3):
        heard(*[rerun()] * 5, paces=paces)
    assert 0.4 < time.monotonic() - begun < 5


def test_a_page_that_says_nothing_is_ended(monkeypatch):
    monkeypatch.setattr(hearing, "_FIRST_WITHIN", 0.05)

    async def receive():
        await asyncio.sleep(10)

    async def go() -> dict:
        return await Hearing(receive, Paces())()

    assert asyncio.run(go())["type"] == "websocket.disconnect"


def test_more_than_a_person_sends_has_to_wait(monkeypatch):
    monkeypatch.setattr(hearing, "_MESSAGES", (20.0, 5.0))
    begun = time.monotonic()
    heard(*[rerun()] * 5)
    assert time.monotonic() - begun < 0.1, "a few come at once"
    begun = time.monotonic()
    heard(*[rerun("board")] * 15)
    assert 0.4 < time.monotonic() - begun < 5


def test_whose_page_computes_long_has_to_wait_and_nobody_else(monkeypatch):
    monkeypatch.setattr(hearing, "_COMPUTING", (0.5, 0.1))
    paces = hearing.paces_of("ann", "here")
    hearing.charge("nobody")  # what this thread has done before
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
    hearing.charge("ann")
    begun = time.monotonic()
    heard(rerun("board"), paces=paces)
    assert 0.3 < time.monotonic() - begun < 5
    begun = time.monotonic()
    heard(rerun("board"), paces=hearing.paces_of("ben", "here"))
    heard(rerun("board"), paces=paces)
    assert time.monotonic() - begun < 0.1
    hearing.charge("ann")  # hardly anything more
    begun = time.monotonic()
    heard(rerun("board"), paces=paces)
    assert time.monotonic() - begun < 0.1


def test_a_debt_outlasts_the_page_that_made_it(monkeypatch):
    monkeypatch.setattr(hearing, "_COMPUTING", (10.0, 1.0))

    async def go() -> None:
        paces = hearing.paces_of("ann", "here")
        paces.computing.spend(6)
        hearing.remember(paces)
        del paces
        await asyncio.sleep(0.3)  # in which a whole burst would have come back
        assert hearing.paces_of("ann", "here").computing.spend(0) < 0

    asyncio.run(go())


def test_who_waits_waits_also_for_what_was_spent_meanwhile(monkeypatch):
    monkeypatch.setattr(hearing, "_COMPUTING", (1.0, 0.1))

    async def go() -> float:
        pace = hearing.Paces().computing
        pace.spend(0.3)
        begun = time.monotonic()
        asyncio.get_running_loop().call_later(0.1, pace.spend, 0.3)
        await pace.turn(0)
        return time.monotonic() - begun

    assert 0.45 < asyncio.run(go()) < 5


def test_all_without_a_secret_at_an_address_share_more_than_one_visitor_has():
    one, other = hearing.paces_of("", "::1"), hearing.paces_of("", "127.0.0.1")
    assert one is other is not hearing.paces_of("secret", "::1")
    assert one.computing.spend(0) > 3 * hearing.paces_of("secret", "::1").computing.spend(0)


def test_a_text_ends_the_page():
    async def receive():
        return {"type": "websocket.receive", "text": "hello"}

    assert asyncio.run(Hearing(receive, Paces())())["type"] == "websocket.disconnect"


def test_what_a_page_did_counts_also_if_it_is_stopped(monkeypatch):
    """Streamlit ends a run that it was told to stop as soon as that asks it for anything."""
    paces = hearing.paces_of("ann", "here")
    asked = iter(["ann"])
    monkeypatch.setattr(session, "payer", lambda: next(asked))

    @session.counted
    def draw() -> None:
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
        raise RuntimeError

    hearing.charge("nobody")
    with pytest.raises(RuntimeError):
        draw()
    assert 10 - paces.computing.spend(0) > 0.15
