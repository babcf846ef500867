"""What a page may say: its own messages at a person's pace, and nothing that is the operator's."""

import asyncio
import time

from streamlit.proto.BackMsg_pb2 import BackMsg

from classifier.ui import hearing
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
    monkeypatch.setattr(hearing, "_WHOLE", (20.0, 5.0))
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


def test_more_than_a_person_sends_has_to_wait_and_the_board_hardly(monkeypatch):
    monkeypatch.setattr(hearing, "_WHOLE", (20.0, 5.0))
    monkeypatch.setattr(hearing, "_FRAGMENTS", (1000.0, 5.0))
    begun = time.monotonic()
    heard(*[rerun()] * 5)
    assert time.monotonic() - begun < 0.1, "a few come at once"
    begun = time.monotonic()
    heard(*[rerun()] * 15)
    assert 0.4 < time.monotonic() - begun < 5
    begun = time.monotonic()
    heard(*[rerun("board")] * 15)
    assert time.monotonic() - begun < 0.3
