"""What a proxy and whoever runs the page ask a server, and who is told."""

import asyncio
import contextlib
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from classifier import config
from classifier.database.migrations import MIGRATIONS
from classifier.jobs.run import Run
from classifier.people import visitors
from classifier.ui import figures, shared
from classifier.ui.door import Door
from classifier.ui.leaving import Leaving
from tests.jobs.test_run import Told

KEY = "a key of the operator"
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch):
    monkeypatch.setattr(figures, "_counted", figures.Counter())
    monkeypatch.setattr(figures, "_watched", figures.deque())
    shared.jobs.cache_clear()


async def _no_app(scope, receive, send) -> None:
    raise AssertionError("what is asked here is nothing for the page")


def ask(door: Door, path: str, client: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    """Status and text of the answer."""
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "scheme": "http", "query_string": b""}
    scope |= {"headers": [(b"host", b"here"), *named], "client": (client, 5)}
    sent = []

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(door(scope, None, send))
    return sent[0]["status"], sent[1]["body"].decode()


def values(text: str) -> dict[tuple[str, ...], float]:
    """The figures of a text, by name and labels' values, as Prometheus reads them."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_server_that_can_serve_is_alive_and_ready():
    door = Door(_no_app)
    assert ask(door, "/health") == (200, '{"alive":true}')
    assert ask(door, "/ready") == (200, '{"ready":true,"problems":[]}')


@pytest.mark.parametrize("fault", ["collection", "limit", "key", "leaving"])
def test_a_server_that_cannot_serve_says_why_and_names_no_folder(home, monkeypatch, fault):
    leaving = Leaving()
    match fault:
        case "collection":
            config.collection_file().write_bytes(b"nothing that SQLite knows" * 100)
            words = "is damaged"
        case "limit":
            monkeypatch.setenv("DIGIT_CLASSIFIER_PAGES", "many")
            words = "DIGIT_CLASSIFIER_PAGES is 'many'"
        case "key":
            (home / "visitors.key").write_bytes(b"short")
            words = "visitors.key cannot be used"
        case _:
            leaving.begun, words = True, "about to end"
    door = Door(_no_app, leaving)
    status, text = ask(door, "/ready")
    assert (status, json.loads(text)["ready"]) == (503, False)
    assert words in json.loads(text)["problems"][0]
    assert str(home) not in text
    assert ask(door, "/health")[0] == 200


def test_a_server_whose_store_goes_away_stays_ready_and_says_so():
    door = Door(_no_app)
    assert ask(door, "/ready")[0] == 200
    config.collection_file().write_bytes(b"nothing that SQLite knows" * 100)
    door._health._until = 0.0
    status, text = ask(door, "/ready")
    assert (status, json.loads(text)["ready"]) == (200, True)
    assert "is damaged" in json.loads(text)["problems"][0]


def test_a_server_that_has_used_its_store_is_ready_though_nobody_asked_before_it_went_away():
    visitors.new_token()
    config.collection_file().write_bytes(b"nothing that SQLite knows" * 100)
    assert ask(Door(_no_app), "/ready")[0] == 200


def test_a_server_whose_store_a_newer_version_has_taken_over_is_ready_no_more():
    door = Door(_no_app)
    assert ask(door, "/ready")[0] == 200
    with contextlib.closing(sqlite3.connect(config.collection_file())) as file:
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    door._health._until = 0.0
    status, text = ask(door, "/ready")
    assert (status, json.loads(text)["ready"]) == (503, False)
    assert "newer version" in json.loads(text)["problems"][0]


def test_downloads_that_wait_keep_nobody_from_being_told():
    door, done, sent = Door(_no_app), threading.Event(), []

    async def send(message) -> None:
        sent.append(message)

    async def go() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        waits = loop.run_in_executor(None, done.wait, 20)
        scope = {"type": "http", "method": "GET", "scheme": "http", "client": ("127.0.0.1", 5)}
        scope |= {"headers": [], "query_string": b""}
        for path in ("/ready", "/metrics"):
            await asyncio.wait_for(door({**scope, "path": path}, None, send), 10)
        done.set()
        await waits

    asyncio.run(go())
    assert [one["status"] for one in sent if "status" in one] == [200, 200]


def test_however_often_somebody_asks_the_store_is_looked_at_once(monkeypatch):
    looks = []
    monkeypatch.setattr("classifier.ui.health._problems", lambda: looks.append(True) or ([], []))

    async def go() -> None:
        door, sent = Door(_no_app), []

        async def send(message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/ready", "scheme": "http"}
        scope |= {"headers": [], "query_string": b"", "client": ("10.0.0.1", 5)}
        await asyncio.gather(*(door(dict(scope), None, send) for _ in range(50)))
        assert [one["status"] for one in sent if "status" in one] == [200] * 50

    asyncio.run(go())
    assert len(looks) == 1


def test_figures_are_prometheus_and_count_what_happened(home):
    figures.count("answers")
    figures.count("answers")
    figures.count("refused", "page")
    figures.note_error(ValueError("x"))
    status, text = ask(Door(_no_app), "/metrics")
    found = values(text)
    assert status == 200
    assert found["digit_classifier_answers_total",] == 2
    assert found["digit_classifier_refused_total", "page"] == 1
    assert found["digit_classifier_refused_total", "file"] == 0
    assert found["digit_classifier_errors_total",] == 1
    assert found["digit_classifier_pages",] == found["digit_classifier_visitors",] == 0
    assert found["digit_classifier_runs", "waiting"] == 0
    assert 20e6 < found["process_resident_memory_bytes",] < 20e9
    assert str(home) not in text
    kinds = {one.name: one.type for one in text_string_to_metric_families(text)}
    assert kinds["digit_classifier_answers"] == "counter"
    assert kinds["digit_classifier_pages"] == "gauge"
    assert all(one.documentation for one in text_string_to_metric_families(text))


def test_runs_are_counted_once_by_how_they_ended(monkeypatch):
    failed = json.dumps({"event": "failed", "error": "no"}).encode() + b"\n"
    told = {"ended": Told(failed), "going": Told()}

    class Jobs:
        def find(self, run_id):
            return Run(run_id, told[run_id]) if run_id in told else None

        def all(self, by):
            return [Run("going", told["going"])]

    monkeypatch.setattr(shared, "jobs", Jobs)
    for run_id in ("ended", "going", "gone"):
        figures.watch(run_id)
    for _ in range(2):
        found = values(figures.text(0, 0, False))
        assert found["digit_classifier_runs_ended_total", "failed"] == 1
        assert found["digit_classifier_runs_ended_total", "lost"] == 1
        assert found["digit_classifier_runs", "waiting"] == 1
    assert list(figures._watched) == ["going"]


def test_figures_are_for_this_machine_and_for_who_has_the_key(monkeypatch):
    door = Door(_no_app)
    assert ask(door, "/metrics", "10.0.0.1")[0] == 404
    assert ask(door, "/metrics", "::1")[0] == 200
    # By a proxy on this machine everybody comes from here.
    for name in ("x_forwarded_for", "x_forwarded_proto", "forwarded", "via"):
        assert ask(door, "/metrics", "127.0.0.1", **{name: "https"})[0] == 404
    assert ask(door, "/metrics", "10.0.0.1", authorization=f"Bearer {KEY}")[0] == 403
    assert ask(door, "/metrics", "10.0.0.1", authorization="Bearer ")[0] == 403
    monkeypatch.setenv("DIGIT_CLASSIFIER_KEY", KEY)
    assert ask(door, "/metrics", "10.0.0.1", authorization=f"Bearer {KEY}")[0] == 200


def test_the_key_is_guessed_ten_times_at_most(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_KEY", KEY)
    door = Door(_no_app)
    answers = [ask(door, "/metrics", "10.0.0.1", authorization="Bearer no")[0] for _ in range(12)]
    assert answers == [403] * 10 + [429] * 2
    right = f"Bearer {KEY}"
    assert ask(door, "/metrics", "10.0.0.1", authorization=right)[0] == 429
    assert [ask(door, "/metrics", "b", authorization=right)[0] for _ in range(20)] == [200] * 20
