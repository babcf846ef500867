"""What tests of runs share: a cluster, and data that is learned in no time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classifier.config import TrainConfig
from classifier.database.interface import SETTING
from tests import postgres
from tests.jobs.clusters import Cluster, require_dask
from tests.jobs.page_servers import PageServer


@pytest.fixture(scope="session")
def dask() -> None:
    """Dask, without which a test is skipped."""
    require_dask()


@pytest.fixture(scope="session")
def cluster(dask, tmp_path_factory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    one = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        one.start_scheduler()
        for name in ("first", "second"):
            one.start_worker("--name", name)
        one.until_ready(2)
        yield one
    finally:
        one.close()


@pytest.fixture
def own_cluster(dask, tmp_path_factory) -> Iterator[Cluster]:
    """One of a test's own, of which nothing is started."""
    one = Cluster(tmp_path_factory.mktemp("cluster"))
    yield one
    one.close()


@pytest.fixture
def page_servers(home, monkeypatch) -> Iterator[Callable[[], PageServer]]:
    """Begins page servers, each with a home of its own, on the database that is named."""
    begun: list[PageServer] = []

    def begin() -> PageServer:
        begun.append(PageServer(home / f"server{len(begun)}", monkeypatch))
        return begun[-1]

    yield begin
    for one in begun:
        one.die()


@pytest.fixture
def own_database(monkeypatch) -> Iterator[postgres.Cluster]:
    """A database that may be ended, with an empty store, which is the one that is used."""
    with postgres.cluster(safe=True) as server, server.store() as url:
        monkeypatch.setenv(SETTING, url)
        yield server


@pytest.fixture
def short(tiny_mnist: Path) -> TrainConfig:
    """Settings that train for a moment."""
    return TrainConfig(network="dense", data="mnist", mnist=str(tiny_mnist), epochs=1, name="short")


@pytest.fixture
def long(tiny_mnist: Path) -> Callable[[str], TrainConfig]:
    """Makes settings that train until the run is stopped, for as long as a test may take."""

    def make(name: str) -> TrainConfig:
        return TrainConfig(
            network="dense", data="mnist", mnist=str(tiny_mnist), seconds=600.0, name=name
        )

    return make
