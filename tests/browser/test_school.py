"""A school's machines at once: PostgreSQL, a Dask scheduler with two workers, three page servers
behind a proxy. A class draws, trains and sweeps on them while one of each is killed in turn, and
all that was confirmed is there in the end."""

import contextlib
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest
from playwright.sync_api import expect

from tests import postgres
from tests.browser import (
    PATIENCE,
    click,
    fill_in_sweep,
    keyed,
    open_class,
    open_page,
    open_phone,
    open_tab,
    send,
    train_by_time,
    wait_until,
    write,
)
from tests.jobs.clusters import Cluster, processes, require_dask
from tests.servers import Servers, require_haproxy, several

expect.set_options(timeout=PATIENCE)
_WITHIN = 5.0  # seconds after a page server was killed
_AWAY = 10.0  # seconds for which the database does not answer


@dataclass
class School:
    """What runs: page servers, the database in which they store, and who carries out runs."""

    servers: Servers
    database: postgres.Cluster
    url: str
    cluster: Cluster

    def stored(self) -> list[tuple[str, int]]:
        """Who sent which label, of all drawings."""
        schema = self.url.rpartition("%3D")[2]
        return sorted(self.database.ask(f"SELECT writer, label FROM {schema}.drawing"))


@pytest.fixture(scope="module")
def school(tmp_path_factory, quick_mnist) -> Iterator[School]:
    require_haproxy()
    require_dask()
    home = tmp_path_factory.mktemp("home")
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(contextlib.closing(Cluster(tmp_path_factory.mktemp("dask"))))
        database = stack.enter_context(postgres.cluster(safe=True))
        url = stack.enter_context(database.store())
        cluster.start_scheduler()
        for name in ("first", "second"):
            cluster.start_worker("--name", name)
        cluster.until_ready(2)
        environment = {
            "DIGIT_CLASSIFIER_HOME": str(home),
            "DIGIT_CLASSIFIER_DATABASE": url,
            "DIGIT_CLASSIFIER_SCHEDULER": cluster.address,
            "MNIST_NPZ": str(quick_mnist),
        }
        servers = stack.enter_context(several(3, environment, home / "log.txt"))
        yield School(servers, database, url, cluster)


@pytest.mark.timeout(1800)  # it also waits for the other process's test
def test_a_class_keeps_all_that_was_confirmed_while_one_of_each_is_killed(school, browser, alone):
    servers, cluster = school.servers, school.cluster
    host = open_page(browser, servers.url)
    link = open_class(host)
    phones = [open_phone(browser, link) for _ in range(2)]
    sent = []

    def all_send(digit: int) -> None:
        for phone in phones:
            write(phone, digit)
            send(phone, digit)
        sent.extend([digit] * len(phones))

    all_send(7)

    # A worker, with all of its processes but the run's own, which has to notice.
    train_by_time(host, 12)
    expect(keyed(host, "training-progress")).to_contain_text("images/s")
    mine = next(one for one in cluster.workers if processes(one, "train"))
    child = processes(mine, "train")[-1]
    for one in (psutil.Process(mine.pid), *processes(mine, "spawn_main")):
        one.kill()
    expect(keyed(host, "training-progress")).to_contain_text("Started again on another machine")
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    all_send(2)
    expect(keyed(host, "training-result")).to_contain_text("Test accuracy")

    # A page server.
    gone = servers.of(phones[0].context)
    with alone():
        servers.process(gone).kill()
        killed = time.monotonic()
        write(phones[0], 3)
        assert time.monotonic() - killed < _WITHIN
    send(phones[0], 3)
    sent.append(3)

    # The database, as in a crash: what is sent meanwhile is refused in words, and taken afterwards.
    write(phones[0], 4)
    school.database.stop(signal.SIGQUIT)
    click(phones[0], "label-4")
    expect(keyed(phones[0], "room")).to_contain_text("does not answer")
    write(phones[1], 5)
    time.sleep(_AWAY)
    school.database.start()
    time.sleep(1.5)  # a database that was away is asked again after a second
    send(phones[0], 4)
    send(phones[1], 5)
    sent.extend([4, 5])

    # The scheduler, while a sweep is on: it says so, and the next run is carried out.
    cluster.start_worker("--name", "third")
    cluster.until_ready(3)
    servers.wait_for(1, 2, 3)
    trainer = open_page(browser, servers.url)
    box = fill_in_sweep(trainer, "0.004, 0.016")
    click(trainer, "start-sweep")
    expect(box).to_contain_text(re.compile("[1-5] of 6 runs are done"))
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    cluster.start_scheduler()
    expect(box).to_contain_text("The scheduler was started anew")
    click(trainer, "stop-sweep")
    expect(box).to_contain_text("The sweep was stopped")
    expect(keyed(trainer, "sweep-chart").last).to_be_visible()
    all_send(9)
    train_by_time(trainer, 2)
    expect(keyed(trainer, "training-result")).to_contain_text("Test accuracy")

    # The proxy, which is started anew.
    (proxy,) = servers.proxies()
    proxy.kill()
    wait_until(lambda: set(servers.proxies()) - {proxy})
    all_send(8)

    labels = [label for _, label in school.stored()]
    assert sorted(labels) == sorted(sent)
    assert len({writer for writer, _ in school.stored()}) == len(phones)
    expect(keyed(host, "gallery-wall").get_by_role("button")).to_have_count(len(sent))
    answering = host.get_by_role("combobox", name=re.compile("Answering model"))
    expect(answering).to_have_value(re.compile("dense, MNIST"))
    for one in (host, trainer, *phones):
        one.context.close()


def test_what_a_host_looks_at_while_the_database_is_away_comes_back_by_itself(school, browser):
    host = open_page(browser, school.servers.url)
    open_class(host)
    invitation = keyed(host, "invitation")
    expect(invitation).to_be_visible()
    school.database.stop(signal.SIGQUIT)
    open_tab(host, "Training")
    open_tab(host, "Our handwriting")
    expect(host.get_by_role("tabpanel", name="Our handwriting")).to_contain_text("does not answer")
    expect(invitation).to_be_hidden()
    school.database.start()
    expect(invitation).to_be_visible()
    host.context.close()
