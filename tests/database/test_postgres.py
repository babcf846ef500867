"""The database: what is confirmed stays, whatever happens to it or to a page server; what is wrong
with it is told in words, and never its password; several page servers are as one."""

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from classifier.config import PROJECT
from classifier.database import postgres as module
from classifier.database.interface import SETTING, CollectionError, NewerStoreError
from classifier.database.migrations import MIGRATIONS, ON_POSTGRES, on_postgres
from classifier.database.transactions import engine, transaction
from classifier.limits import LimitError
from classifier.people import albums, classroom, collection, entering, guesses, visitors
from classifier.people.classroom import NoClassError
from classifier.people.visitors import visitor_of
from tests.people import HOST, ME, ONE, TWO, labelled, later, send
from tests.postgres import PASSWORD, USER, cluster


@pytest.fixture
def url(postgres, monkeypatch):
    """An empty store, which is the one that is used."""
    with postgres.store() as url:
        monkeypatch.setenv(SETTING, url)
        yield url


@pytest.fixture
def own(monkeypatch):
    """A server that may be ended, and keeps what it has confirmed, with an empty store."""
    with cluster(safe=True) as server, server.store() as url:
        monkeypatch.setenv(SETTING, url)
        yield server


def keep(drawing_id="a"):
    return collection.keep(ME, labelled(drawing_id))


def keep_as_before(drawing_id):
    """A row as it was before answers had a doubt, which an older store has no column for."""
    row = [drawing_id, ME.digest, 3, np.zeros((2, 2), "<f4").tobytes(), "[2]", 18.0, "", 0.0]
    with transaction() as database:
        database.execute(
            "INSERT INTO drawing (id, writer, hand, label, points, lengths, pen, model, time)"
            " VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)",
            row,
        )


def python(code: str) -> subprocess.Popen[str]:
    """Another process on the same store."""
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)


def writing(name: str, count: int) -> subprocess.Popen[str]:
    """A process that keeps so many drawings and tells of each."""
    return python(
        "from classifier.people import collection\n"
        "from classifier.people.visitors import visitor_of\n"
        "from tests.people import labelled\n"
        f"for k in range({count}):\n"
        f"    collection.keep(visitor_of({name!r}), labelled(str(k)))\n"
        "    print(k, flush=True)\n"
    )


def test_without_the_setting_nothing_of_it_is_imported(tmp_path):
    code = (
        "import json, sys\n"
        "from classifier.people import collection\n"
        "from classifier.rights import Visitor\n"
        "from classifier.ui import page, shared\n"
        "assert collection.drawings_of(Visitor('a')) == []\n"
        "shared.jobs().living()\n"
        "assert not {'classifier.jobs.board', 'classifier.jobs.shared'} & set(sys.modules)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    environment = {**os.environ, "DIGIT_CLASSIFIER_HOME": str(tmp_path)}
    environment.pop(SETTING, None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    loaded = set(json.loads(done.stdout))
    assert {"classifier", "streamlit", "sqlite3"} <= loaded
    assert not loaded & {"psycopg", "psycopg_binary", "psycopg_pool", "distributed", "dask"}
    assert (tmp_path / "collection.sqlite3").exists()


# What is confirmed


def test_what_was_confirmed_survives_a_killed_page_server(url, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "1000")
    child = writing("me", 1000)
    told = [child.stdout.readline().strip() for _ in range(20)]
    child.kill()
    told += child.stdout.read().split()
    time.sleep(0.2)  # the database may still be at what the child asked last
    kept = [one.id for one in collection.drawings_of(ME)]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1


def test_what_was_confirmed_survives_a_database_that_crashes_and_writing_goes_on(own, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "100000")
    confirmed, refused, ended = [], [], threading.Event()

    def write():
        number = 0
        while not ended.is_set():
            try:
                begun = time.monotonic()
                collection.keep(ME, labelled(str(number)))
                confirmed.append(str(number))
                number += 1
            except CollectionError as error:  # and the same again
                refused.append((str(error), time.monotonic() - begun))
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.5)
    own.stop(signal.SIGQUIT)
    time.sleep(1)
    own.start()
    before = len(confirmed)
    end = time.monotonic() + 10
    while len(confirmed) < before + 20 and time.monotonic() < end:
        time.sleep(0.05)
    ended.set()
    writer.join()
    assert len(confirmed) >= before + 20
    assert refused
    assert all("does not answer" in said and took < 5 for said, took in refused)
    assert [one.id for one in collection.drawings_of(ME)] == confirmed


def test_a_database_that_says_nothing_any_more_holds_nobody_up(own, monkeypatch):
    monkeypatch.setattr(module, "_ANSWERED_WITHIN", 1.0)
    monkeypatch.setattr(module, "_REACHED_WITHIN", 2)
    keep()
    top = psutil.Process(own.process.pid)
    everybody = [top, *top.children()]
    for one in everybody:
        one.suspend()
    try:
        for most in (2.0, 0.2):  # the second time nobody asks it
            begun = time.monotonic()
            with pytest.raises(CollectionError, match="does not answer"):
                keep("b")
            assert time.monotonic() - begun < most
        time.sleep(1.1)
        with pytest.raises(CollectionError, match="does not answer"):
            collection.drawings_of(ME)
    finally:
        for one in everybody:
            one.resume()
    time.sleep(1.1)
    keep("b")
    assert [one.id for one in collection.drawings_of(ME)] == ["a", "b"]


def kill_connections(postgres):
    postgres.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'digit-classifier'"
    )


def test_connections_that_died_are_replaced(url, postgres):
    threads = concurrent.futures.ThreadPoolExecutor(6)
    list(threads.map(lambda k: collection.drawings_of(ME), range(60)))
    kill_connections(postgres)
    keep()
    assert len(collection.drawings_of(ME)) == 1


def test_a_transaction_whose_connection_dies_is_told_and_not_begun_anew(url, postgres):
    keep()
    times = []

    def lose():
        with transaction() as database:
            times.append(1)
            database.execute("DELETE FROM drawing")
            kill_connections(postgres)
            database.execute("DELETE FROM class")

    with pytest.raises(CollectionError, match="does not answer"):
        lose()
    assert len(times) == 1
    assert len(collection.drawings_of(ME)) == 1


def test_what_fails_halfway_changes_nothing(url):
    keep()

    def fail():
        with transaction() as database:
            database.execute("DELETE FROM drawing")
            raise KeyError

    for _ in range(20):  # more often than there are connections
        with pytest.raises(KeyError):
            fail()
    assert len(collection.drawings_of(ME)) == 1


def test_what_is_undone_by_an_error_that_was_caught_is_not_confirmed(url):
    keep()

    def go_on():
        with transaction() as database:
            database.execute("DELETE FROM drawing")
            with pytest.raises(Exception, match="nowhere"):
                database.execute("SELECT 1 FROM nowhere")

    with pytest.raises(CollectionError, match="not stored"):
        go_on()
    assert len(collection.drawings_of(ME)) == 1


def test_nobody_writes_meanwhile_and_who_reads_waits_for_nobody(url, monkeypatch):
    keep()
    monkeypatch.setattr(module, "_SETTINGS", "SET lock_timeout = '0.2s'")
    engine().close()
    with transaction() as database:
        database.execute("DELETE FROM drawing")
        assert len(collection.drawings_of(ME)) == 1
        with pytest.raises(CollectionError, match="Too many want to write"):
            keep("b")
    assert collection.drawings_of(ME) == []


def test_page_servers_that_write_at_once_lose_nothing_and_keep_the_limit(url, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_TOTAL", "120")  # of which half is for classes
    children = [writing(f"w{n}", 25) for n in range(4)]
    told = sum(len(child.communicate()[0].split()) for child in children)
    kept = sum(len(collection.drawings_of(visitor_of(f"w{n}"))) for n in range(4))
    assert told == kept == 60


def test_many_threads_share_few_connections(url, postgres):
    threads = concurrent.futures.ThreadPoolExecutor(40)
    list(threads.map(lambda k: collection.keep(visitor_of(str(k)), labelled()), range(200)))
    mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'digit-classifier'"
    assert 1 <= postgres.ask(mine)[0][0] <= module._MOST
    with transaction(writing=False) as database:
        assert database.execute("SELECT drawings FROM total").fetchone()[0] == 200


def test_a_reader_sees_one_moment(url):
    keep()
    with transaction(writing=False) as database:
        count = "SELECT count(*) FROM drawing"
        assert database.execute(count).fetchone()[0] == 1
        keep("b")
        assert database.execute(count).fetchone()[0] == 1


# What is wrong is told


def told(url: str, monkeypatch) -> str:
    """What the page says at its start where the setting is so, which no drawing gets past."""
    monkeypatch.setenv(SETTING, url)
    said = visitors.key_problem()
    with pytest.raises(CollectionError) as refused:
        keep()
    assert str(refused.value) == said
    for secret in (PASSWORD, "wrong", USER, "127.0.0.1", "invalid"):
        assert secret not in said
    return said


WRONG = {
    "a wrong password": (lambda at: at.url(password="wrong"), "refuses the user or the password"),
    "no password": (lambda at: at.url().replace(f":{PASSWORD}", ""), "refuses the user or"),
    "an unknown user": (lambda at: at.url().replace(USER, "other"), "refuses the user or"),
    "an unknown database": (lambda at: at.url("other"), "no database of the name"),
    "nobody there": (lambda at: at.url().replace(f":{at.port}/", ":1/"), "does not answer"),
    "no machine": (lambda at: at.url().replace("127.0.0.1", "x.invalid"), "does not answer"),
    "no port": (lambda at: at.url().replace(f":{at.port}/", ":abc/"), "A part of the address"),
    "an odd sslmode": (lambda at: at.url() + "?sslmode=odd", "such as its port or its sslmode"),
    "no URL": (lambda at: PASSWORD, "no address of a PostgreSQL database: write it as"),
    "no UTF-8": (lambda at: at.url(password="%E4"), "no address of a"),
    "no text": (lambda at: at.url(password="\udce4"), "no address of a"),
    "another scheme": (lambda at: at.url().replace("postgresql", "mysql"), "no address of a"),
    "an odd option": (lambda at: at.url() + f"?{PASSWORD}=1", "no address of a"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_setting_that_is_wrong_is_told_in_words(postgres, monkeypatch, kind):
    change, sentence = WRONG[kind]
    said = told(change(postgres), monkeypatch)
    assert sentence in said
    assert SETTING in said


def test_a_database_that_takes_no_more_connections_is_told(postgres, monkeypatch):
    postgres.ask("CREATE ROLE few LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
    few = postgres.url(password="x").replace(USER, "few")
    assert "takes no more connections" in told(few, monkeypatch)


def test_a_user_who_may_not_write_is_told(postgres, monkeypatch):
    postgres.ask("CREATE ROLE plain LOGIN PASSWORD 'x'")
    plain = postgres.url(password="x").replace(USER, "plain")
    assert "cannot be written: give the user" in told(plain, monkeypatch)


def test_a_store_of_a_newer_version_is_refused_in_words_and_left_as_it_is(url, monkeypatch):
    keep()
    with transaction() as database:
        database.execute("UPDATE version SET number = number + 1")
    monkeypatch.setattr(module, "ON_POSTGRES", (*ON_POSTGRES, ()))
    assert len(collection.drawings_of(ME)) == 1
    monkeypatch.undo()
    monkeypatch.setattr(visitors, "_keys", {})
    assert "by a newer version of this program" in told(url, monkeypatch)
    with pytest.raises(NewerStoreError), transaction(writing=False):
        pass


def test_a_database_that_is_read_only_is_read_but_not_written(url, monkeypatch):
    keep()
    monkeypatch.setenv(SETTING, f"{url}%20-cdefault_transaction_read_only%3Don")
    assert len(collection.drawings_of(ME)) == 1
    with pytest.raises(CollectionError, match="cannot be written"):
        keep("b")
    engine().close()


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("53100", "disk of the database is full"), ("40P01", "Too many"), ("XX000", "cannot be used")],
)
def test_what_a_database_refuses_beside_the_button_is_told(url, state, sentence):
    keep()
    with transaction() as database:
        database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE 'secret {PASSWORD}' USING ERRCODE = '{state}'; END $$"
        )
        database.execute("CREATE TRIGGER refuse BEFORE INSERT ON drawing EXECUTE FUNCTION refuse()")
    with pytest.raises(CollectionError, match=sentence) as refused:
        keep("b")
    assert PASSWORD not in str(refused.value)
    assert len(collection.drawings_of(ME)) == 1


def test_a_missing_package_is_told(postgres, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "classifier.database.postgres")
    monkeypatch.delattr(sys.modules["classifier.database"], "postgres")
    said = told(postgres.url(), monkeypatch)
    assert said.startswith(f"{SETTING} names a database, and psycopg")
    assert "pip install -r assets/deploy/requirements.txt" in said


# Several page servers are as one


def test_clocks_that_differ_by_an_hour_decide_nothing(url, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_CLASS_HOURS", "1")
    monkeypatch.setenv("DIGIT_CLASSIFIER_DRAWINGS_A_MINUTE", "2")
    now, away = time.time, [0]
    monkeypatch.setattr(time, "time", lambda: now() + away[0])
    opened = classroom.open_class(HOST, "conv")
    for away[0] in (4000, -4000):
        there = entering.join(ONE, opened.code, "here")
        assert there.opened == opened.opened
        send(ONE, there, str(away[0]))
        entering.knock(TWO, opened.code, "here")
        assert len(entering.knocks(HOST, opened.number)) == 1
    away[0] = 4000
    with pytest.raises(LimitError, match="a minute"):
        send(ONE, there, "one more")
    later(monkeypatch, 3700)  # for the database
    away[0] = -4000
    with pytest.raises(NoClassError, match="over"):
        entering.join(TWO, opened.code, "here")


def test_wrong_codes_count_together_wherever_they_came_in(url):
    code = (
        "from classifier.people import entering\n"
        "from classifier.people.visitors import visitor_of\n"
        f"for k in range({guesses.OF_ADDRESS}):\n"
        "    try:\n"
        "        entering.join(visitor_of(str(k)), 'abcdef', 'school')\n"
        "    except LookupError:\n"
        "        pass\n"
    )
    assert python(code).wait() == 0
    opened = classroom.open_class(HOST, "conv")
    with pytest.raises(LimitError, match="wait 10 minutes"):
        entering.join(visitor_of("7"), opened.code, "school")
    assert entering.join(visitor_of("7"), opened.code, "elsewhere").seat


def test_a_salt_is_in_no_log_and_gone_the_next_day(url, monkeypatch):
    def salts():
        with transaction(writing=False) as database:
            return [row["salt"] for row in database.execute("SELECT salt FROM salt")]

    for _ in range(2):
        with pytest.raises(NoClassError):
            entering.join(ONE, "abcdef", "here")
    (first,) = salts()
    with transaction(writing=False) as database:
        kind = "SELECT relpersistence FROM pg_class WHERE oid = 'salt'::regclass"
        assert database.execute(kind).fetchone()[0] in ("u", b"u")
    later(monkeypatch, 86400)
    with pytest.raises(NoClassError):
        entering.join(ONE, "another", "here")
    (second,) = salts()
    assert first != second


# Its tables


def test_two_page_servers_make_the_tables_of_an_empty_store_at_once(url):
    children = [writing(f"w{n}", 3) for n in range(3)]
    assert [len(child.communicate()[0].split()) for child in children] == [3, 3, 3]


def test_both_engines_have_the_same_tables(url, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path))
    tables = ("drawing", "class", "member", "knock", "guess", "tally", "total", "round", "vote")
    found = []
    for setting in (url, ""):
        monkeypatch.setenv(SETTING, setting)
        with transaction(writing=False) as database:
            for table in tables:
                cursor = database.execute(f"SELECT * FROM {table} WHERE 1 = 0")
                found.append((table, sorted(column[0] for column in cursor.description)))
    assert found[: len(tables)] == found[len(tables) :]


def test_each_rung_of_the_ladder_of_files_is_one_of_databases_in_this_order():
    shared = [
        rung for rung in ON_POSTGRES if rung in [tuple(map(on_postgres, m)) for m in MIGRATIONS]
    ]
    assert shared == [tuple(map(on_postgres, rung)) for rung in MIGRATIONS]


def test_a_store_of_before_room_was_counted_has_all_that_was_in_it(url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "ON_POSTGRES", ON_POSTGRES[:3])
        with transaction() as database:
            # As that version's own triggers would have it.
            database.execute("ALTER TABLE drawing DISABLE TRIGGER drawing_came")
            database.execute(
                "INSERT INTO drawing (id, writer, hand, label, points, lengths, pen, model, time)"
                " VALUES ('a', ?, 0, 7, ?, '[1]', 18.0, 'conv', 1.0)",
                [ME.digest, bytes(8)],
            )
            database.execute("UPDATE total SET drawings = 1")
            database.execute("ALTER TABLE drawing ENABLE TRIGGER drawing_came")
    keep("b")
    assert [one.id for one in collection.drawings_of(ME)] == ["a", "b"]
    with transaction(writing=False) as database:
        assert database.stored_bytes() == 500 + 8 + 500 + 8 * 3


def test_a_store_of_before_there_were_models_has_all_that_was_in_it(url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "ON_POSTGRES", ON_POSTGRES[:4])
        keep_as_before("a")
    keep("b")
    assert [one.id for one in collection.drawings_of(ME)] == ["a", "b"]
    with transaction() as database:
        before = database.stored_bytes()
        database.execute(
            "INSERT INTO model (name, meta, keras, tflite) VALUES ('mine', ?, ?, ?)",
            [b"123", b"12345", b"1234567"],
        )
        assert database.stored_bytes() == before + 15


def test_a_store_of_the_version_before_has_all_that_was_in_it(url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "ON_POSTGRES", ON_POSTGRES[:5])
        keep_as_before("a")
        with transaction() as database:
            model = "INSERT INTO model (name, meta, keras, tflite) VALUES ('mine', ?, ?, ?)"
            database.execute(model, [b"123", b"12345", b"1234567"])
            before = database.stored_bytes()
    with transaction(writing=False) as database:
        assert database.execute("SELECT count(*) FROM job").fetchone()[0] == 0
        assert database.execute("SELECT name FROM model").fetchone()[0] == "mine"
        assert database.stored_bytes() == before
    assert [one.id for one in collection.drawings_of(ME)] == ["a"]


@pytest.mark.parametrize("kept", [0, 1, -1])
def test_a_step_that_fails_leaves_the_version_before_it_whole(url, monkeypatch, kept):
    keep()
    rung = ("CREATE TABLE one (number BIGINT)", "ALTER TABLE drawing DROP COLUMN pen", "")[:kept]
    with monkeypatch.context() as patch:
        patch.setattr(module, "ON_POSTGRES", (*ON_POSTGRES, (*rung, "no SQL at all")))
        with pytest.raises(CollectionError):
            collection.drawings_of(ME)
    assert len(collection.drawings_of(ME)) == 1
    keep("b")


def test_counts_follow_what_comes_goes_and_is_hidden_many_at_once(url):
    there = classroom.open_class(HOST, "conv")
    entering.join(ONE, there.code, "here")
    numbers = [send(ONE, there, str(k), k % 3, k % 2 or None) for k in range(12)]
    collection.hide(HOST, numbers[0], True)
    with transaction() as database:
        database.execute("DELETE FROM drawing WHERE number > ?", [numbers[8]])
        assert database.execute("SELECT drawings FROM total").fetchone()[0] == 9
        room = database.execute("SELECT sum(octet_length(points) + 500) FROM drawing").fetchone()[0]
        assert database.stored_bytes() == room
    shown = albums.contents(HOST, there.number)
    survey = classroom.survey(HOST, there.number, 20)
    assert survey.counts.sum(1).tolist() == shown.counts.tolist()
    assert survey.counts.sum() == len(survey.latest) == 8
    classroom.discard(HOST, there.number)
    with transaction(writing=False) as database:
        assert database.execute("SELECT drawings FROM total").fetchone()[0] == 0
        assert database.stored_bytes() == 0
