"""Before the page: who gets a secret, how many come in, and what Streamlit keeps out by itself."""

import asyncio
import contextlib
import re
import resource
import socket
import urllib.error
import urllib.request

import psutil
import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from classifier import config
from classifier.database.interface import KEY
from classifier.people import visitors
from classifier.ui import door as door_module
from classifier.ui import hearing
from classifier.ui.door import COOKIE, Door
from tests.browser import PROJECT, served, wait_until

pytestmark = pytest.mark.usefixtures("home")  # where the key is with which secrets are signed
HTML = [(b"content-type", b"text/html; charset=utf-8")]


def request(
    door: Door, method: str = "GET", path: str = "/", cookie: str = "", scheme="http",
    accept: str = "text/html,*/*", length: int | None = None,
):  # fmt: skip
    """Status and headers of the answer to one request."""
    headers = [(b"host", b"here"), (b"accept", accept.encode())]
    headers += [] if length is None else [(b"content-length", str(length).encode())]
    headers += [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": method, "path": path, "scheme": scheme, "headers": headers}
    scope |= {"query_string": b"", "client": ("10.0.0.1", 5), "server": ("here", 80)}
    sent = []

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(door(scope, None, send))
    return sent[0]["status"], [
        (name.decode(), value.decode()) for name, value in sent[0]["headers"]
    ]


def an_app(headers):
    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})

    return app


def cookie_in(headers) -> str:
    return next((value for name, value in headers if name == "set-cookie"), "")


def test_a_browser_gets_a_secret_that_no_script_reads_and_keeps_it():
    door = Door(an_app(HTML))
    _, headers = request(door)
    cookie = cookie_in(headers)
    token = re.match(rf"{COOKIE}=([0-9a-f-]+);", cookie)[1]
    assert visitors.is_token(token)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Secure" in cookie_in(request(door, scheme="https")[1])
    again = cookie_in(request(door, cookie=f"other=1; {COOKIE}={token}")[1])
    assert again.startswith(f"{COOKIE}={token};")
    for forged in ("", "a", "g" * 32, "a" * 32, "-".join(["a" * 32] * 2), token[:-1] + "g", "é"):
        renewed = cookie_in(request(door, cookie=f"{COOKIE}={forged}")[1])
        assert not renewed.startswith(f"{COOKIE}={forged};")


def test_where_the_key_is_none_nobody_gets_a_secret_and_nobody_loses_theirs(home):
    (config.home() / KEY).write_bytes(b"k" * 31)
    door = Door(an_app(HTML))
    for cookie in ("", f"{COOKIE}={'a' * 32}-{'b' * 32}"):
        status, headers = request(door, cookie=cookie)
        assert (status, cookie_in(headers)) == (200, "")


def test_more_new_visitors_than_one_address_may_have_get_no_secret(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_VISITORS_A_MINUTE", "2")
    door = Door(an_app(HTML))
    cookies = [cookie_in(request(door)[1]) for _ in range(3)]
    assert [bool(cookie) for cookie in cookies] == [True, True, False]
    known = cookies[0].partition(";")[0]
    assert cookie_in(request(door, cookie=known)[1]).startswith(known), "who was here stays"


def test_a_page_that_the_browser_has_already_brings_a_secret_too():
    async def unchanged(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": []})

    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "http"}
    scope |= {"headers": [(b"accept", b"text/html,*/*"), (b"host", b"here")], "query_string": b""}
    scope |= {"client": None, "server": ("here", 80)}
    sent = []

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(Door(unchanged)(scope, None, send))
    assert b"set-cookie" in dict(sent[0]["headers"])


def test_only_pages_carry_the_cookie_and_no_other_site_frames_them():
    # Streamlit answers with its page where it has no such picture.
    _, headers = request(Door(an_app(HTML)), path="/favicon.ico", accept="image/png,*/*")
    assert not cookie_in(headers)
    named = dict(headers)
    assert named["content-security-policy"] == "frame-ancestors 'self'"
    assert named["x-content-type-options"] == "nosniff"
    assert named["referrer-policy"] == "same-origin"


def test_more_uploads_than_one_visitor_may_send_are_refused(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_PICTURES_A_MINUTE", "2")
    door, path = Door(an_app([])), "/_stcore/upload_file/a/b"
    cookies = [f"{COOKIE}={visitors.new_token()}" for _ in range(2)]
    for cookie in cookies:
        assert [request(door, "PUT", path, cookie)[0] for _ in range(5)] == [200] * 4 + [429]
    assert request(door, "DELETE", path, cookies[0])[0] == 200
    # Without a cookie, or with a forged one, all of an address are one.
    forged = ["", *(f"{COOKIE}={value}" for value in ("", "x", "y", "z"))]
    assert [request(door, "PUT", path, one)[0] for one in forged] == [200] * 4 + [429]


def test_of_all_that_is_uploaded_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(door_module, "_HELD", 250)
    forgotten = []
    monkeypatch.setattr(door_module.memory, "forget_upload", lambda *one: forgotten.append(one))

    async def app(scope, receive, send) -> None:
        status = 400 if scope["path"].endswith("refused") else 204
        await send({"type": "http.response.start", "status": status, "headers": []})

    door = Door(app)
    for name in ("a", "refused", "b", "c"):
        path = f"/_stcore/upload_file/session/{name}"
        request(door, "PUT", path, length=100)
    assert forgotten == [("session", "a")]


class Pages:
    """Pages that are open until `closing` is set, and what is sent to them."""

    def __init__(self) -> None:
        self.closing, self.sent = asyncio.Event(), []
        self.door = Door(self._app)

    async def _app(self, scope, receive, send) -> None:
        await self.closing.wait()

    async def _connect(self):
        return {"type": "websocket.connect"}

    async def send(self, message) -> None:
        self.sent.append(message)

    def open(self, address: str = "a", token: str = "") -> asyncio.Task:
        headers = [(b"cookie", f"{COOKIE}={token}".encode())] if token else []
        scope = {"type": "websocket", "client": (address, 1), "headers": headers}
        return asyncio.create_task(self.door(scope, self._connect, self.send))


def test_more_pages_than_may_be_open_are_told_to_come_again(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_PAGES", "2")

    async def go() -> None:
        pages = Pages()
        opened = [pages.open() for _ in range(3)]
        await asyncio.sleep(0.05)
        assert pages.sent == [{"type": "websocket.close", "code": 1013}]
        pages.sent.clear()
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await pages.door(scope, None, pages.send)
        assert (pages.sent[0]["status"], pages.sent[1]["body"][:12]) == (503, b"As many page")
        pages.closing.set()
        await asyncio.gather(*opened)
        await pages.open()
        assert len(pages.sent) == 2, "there is room again"

    asyncio.run(go())


def test_one_address_has_so_many_pages_and_leaves_room_for_others(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_PAGES_OF_ADDRESS", "2")

    async def go() -> None:
        pages = Pages()
        opened = [pages.open(address) for address in ("a", "a", "a", "b")]
        await asyncio.sleep(0.05)
        assert pages.sent == [{"type": "websocket.close", "code": 1013}]
        pages.closing.set()
        await asyncio.gather(*opened)
        assert not pages.door._of_address

    asyncio.run(go())


def messages_of(address: str) -> list[ForwardMsg]:
    """All that the server sends to a page until it is drawn."""
    found = []
    socket = address.replace("http", "ws") + "/_stcore/stream"
    with connect(socket, origin=address, subprotocols=["streamlit"], max_size=None) as page:
        message = BackMsg()
        message.rerun_script.query_string = ""
        page.send(message.SerializeToString())
        while not found or found[-1].WhichOneof("type") != "script_finished":
            found.append(ForwardMsg.FromString(page.recv(30)))
    return found


@pytest.mark.slow
def test_nothing_that_is_sent_tells_where_the_servers_files_are(address, home):
    found = messages_of(address)
    sessions = [m.new_session for m in found if m.WhichOneof("type") == "new_session"]
    assert [one.main_script_path for one in sessions] == ["app.py"]
    (begun,) = (one.initialize for one in sessions)
    assert begun.user_info.ByteSize() == 0
    assert begun.HasField("user_info")  # the browser looks into it
    assert begun.environment_info.streamlit_version
    assert not begun.environment_info.python_version + begun.environment_info.server_os
    assert len(found) > 50
    for message in found:
        assert str(PROJECT).encode() not in message.SerializeToString()


def test_what_pages_leave_is_given_back_once_for_several(monkeypatch):
    given_back = []
    monkeypatch.setattr(door_module, "_TIDY_EVERY", 0.05)
    monkeypatch.setattr(door_module.memory, "give_back", lambda: given_back.append(True))

    async def app(scope, receive, send) -> None:
        await asyncio.sleep(0)

    async def go() -> None:
        door = Door(app)
        for _ in range(2):
            await asyncio.gather(
                *(door({"type": "websocket", "headers": []}, None, None) for _ in range(5))
            )
            await asyncio.sleep(0.2)

    asyncio.run(go())
    assert len(given_back) == 2


@pytest.fixture(scope="module")
def served_page(tmp_path_factory):
    """Address and process id."""
    home = tmp_path_factory.mktemp("home")
    environment = {"DIGIT_CLASSIFIER_HOME": str(home)}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # as systems have it
    try:
        with served(PROJECT / "app.py", environment, home / "log.txt") as one:
            yield one
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def address(served_page):
    return served_page[0]


@pytest.mark.slow
def test_those_who_connect_and_say_nothing_keep_nobody_out(served_page):
    address, pid = served_page
    with contextlib.ExitStack() as silent:
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        for _ in range(900):
            silent.enter_context(socket.create_connection(place))
        wait_until(lambda: psutil.Process(pid).num_fds() > 900)
        assert urllib.request.urlopen(address).status == 200
        soft, hard = psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE)
        assert soft == min(hard, 65_536) > 1024


def test_pages_of_one_visitor_share_a_pace_that_outlasts_them(monkeypatch):
    monkeypatch.setattr(hearing, "_COMPUTING", (10.0, 3.0))

    async def go() -> None:
        pages = Pages()
        token = visitors.new_token()
        opened = [pages.open("a", token), pages.open("b", token), pages.open("a")]
        await asyncio.sleep(0.05)
        assert set(hearing._known) == set(pages.door._of_visitor) == {token, "a"}
        assert pages.door._of_visitor[token] == 2
        hearing._known[token].computing.spend(1)
        pages.closing.set()
        await asyncio.gather(*opened)
        assert not pages.door._of_visitor
        assert set(hearing._known) == {token}
        await asyncio.sleep(0.5)
        assert not hearing._known

    asyncio.run(go())


@pytest.mark.slow
def test_how_many_are_there_is_told_to_nobody(address):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/_stcore/metrics")
    assert refused.value.code == 404


@pytest.mark.slow
def test_pages_of_other_sites_cannot_speak_for_a_visitor(address):
    socket = address.replace("http", "ws") + "/_stcore/stream"
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(socket, origin="http://elsewhere.example"),
    ):
        pass
    assert refused.value.response.status_code == 403
    with connect(socket, origin=address, subprotocols=["streamlit"]):
        pass
    upload = urllib.request.Request(
        f"{address}/_stcore/upload_file/session/file", b"x", method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(upload)
    assert refused.value.code == 403, "it lacks the token against forged requests"
    opening = urllib.request.Request(address, headers={"Accept": "text/html"})
    with urllib.request.urlopen(opening) as page:
        assert COOKIE in page.headers["Set-Cookie"]
        assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self'"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("server.enableXsrfProtection", True),
        ("server.enableCORS", True),
        ("server.enableAgentApi", False),
        ("server.enableStaticServing", False),
        ("client.showErrorDetails", "none"),
    ],
)
def test_streamlits_own_protections_are_on(option, value):
    assert st.get_option(option) == value


@pytest.mark.slow
def test_a_limit_can_be_set_in_streamlits_file_of_secrets(tmp_path):
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text("DIGIT_CLASSIFIER_PAGES = 0\n")
    environment = {"DIGIT_CLASSIFIER_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with (
        served(PROJECT / "app.py", environment, tmp_path / "log.txt") as (url, _),
        pytest.raises(urllib.error.HTTPError) as refused,
    ):
        urllib.request.urlopen(url)
    assert refused.value.code == 503


@pytest.mark.slow
def test_a_bad_limit_is_told_when_the_page_is_drawn(home, monkeypatch):
    from tests.app import new_page, words

    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS", "many")
    page = new_page().run()
    assert not page.exception
    assert "DIGIT_CLASSIFIER_MODELS is 'many'" in words(page)
