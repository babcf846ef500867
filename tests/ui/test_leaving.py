"""A server that is asked to end: who hears of it, what goes on, and when it is over."""

import asyncio
import signal
import socket
import time
import urllib.error
import urllib.request

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from classifier.ui import leaving as leaving_module
from classifier.ui import shared
from classifier.ui.leaving import Leaving
from tests.browser import PROJECT, served


@pytest.fixture
def server(tmp_path):
    """Address and process, which a test ends."""
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "DIGIT_CLASSIFIER_LEAVE_SECONDS": "8"}
    with served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, pid):
        yield url, psutil.Process(pid)


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code


def a_page(url: str):
    """A page that is open, and has been drawn."""
    socket = connect(url.replace("http", "ws") + "/_stcore/stream", subprotocols=["streamlit"])
    message = BackMsg()
    message.rerun_script.query_string = ""
    socket.send(message.SerializeToString())
    socket.recv(30)
    return socket


def hear_out(page) -> None:
    """All that a page is told, until it is closed."""
    while True:
        page.recv(10)


@pytest.mark.slow
def test_a_server_that_no_proxy_asks_ends_at_once_with_status_0(server):
    url, process = server
    page = a_page(url)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert process.wait(20) == 0
    assert time.monotonic() - begun < leaving_module._NOTICED + 1
    page.close()


@pytest.mark.slow
def test_a_server_before_which_a_proxy_stands_takes_nobody_new_and_sends_its_pages_away(server):
    url, process = server
    assert status(f"{url}/ready") == 200
    page = a_page(url)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert status(f"{url}/ready") == status(url) == 503
    assert status(f"{url}/health") == 200
    with pytest.raises(InvalidStatus) as refused:
        a_page(url)
    assert refused.value.response.status_code == 503
    with pytest.raises(ConnectionClosed) as closed:
        hear_out(page)
    assert closed.value.rcvd.code == 1012
    assert process.wait(20) == 0


@pytest.mark.slow
def test_what_hangs_keeps_a_server_no_longer_than_it_may_take(server):
    url, process = server
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as half:
        half.sendall(b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: a\r\n")
        half.sendall(b"Content-Length: 1000\r\n\r\nx")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert process.wait(20) == 0
        assert time.monotonic() - begun < 9


class _Server:
    """What a uvicorn server has: its handler of SIGTERM, and whether it is to end."""

    should_exit = False

    def handle_exit(self, *_: object) -> None:
        raise AssertionError("by this handler, the process would end with the signal's status")


@pytest.fixture
def uvicorn_server():
    before, server = signal.getsignal(signal.SIGTERM), _Server()
    signal.signal(signal.SIGTERM, server.handle_exit)
    yield server
    signal.signal(signal.SIGTERM, before)


def test_runs_are_stopped_first_and_pages_that_have_gone_hold_nobody_up(
    uvicorn_server, monkeypatch
):
    said = []

    class Jobs:
        def close(self) -> None:
            said.append("runs")

    async def gone(message) -> None:
        raise RuntimeError("this page has gone")

    async def page(message) -> None:
        said.append(message["code"])

    monkeypatch.setattr(shared, "jobs", Jobs)
    monkeypatch.setattr(leaving_module, "_NOTICED", 0.2)

    async def go() -> None:
        leaving = Leaving()
        leaving.is_asked, leaving.pages = True, {gone, page}
        async with leaving.lifespan(None):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0.1)
            assert (leaving.begun, said, uvicorn_server.should_exit) == (True, ["runs"], False)
            while not uvicorn_server.should_exit:
                await asyncio.sleep(0.05)

    monkeypatch.setattr(leaving_module.threading, "Timer", _NoTimer)
    asyncio.run(go())
    assert said == ["runs", 1012]


class _NoTimer:
    """In place of the one that would end the tests' own process."""

    def __init__(self, *_: object) -> None:
        self.daemon = False

    def start(self) -> None:
        pass


def test_a_second_signal_ends_it_at_once(uvicorn_server, monkeypatch):
    monkeypatch.setattr(leaving_module.threading, "Timer", _NoTimer)
    monkeypatch.setattr(leaving_module, "_NOTICED", 60.0)

    async def go() -> None:
        leaving = Leaving()
        leaving.is_asked = True
        async with leaving.lifespan(None):
            for expected in (False, True):
                signal.raise_signal(signal.SIGTERM)
                await asyncio.sleep(0.05)
                assert uvicorn_server.should_exit is expected

    asyncio.run(go())
