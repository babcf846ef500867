"""What several tests share: a place to write, and data small enough to train on in a second."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from classifier.data import generated
from classifier.ink import rendering
from classifier.synthetic import handwriting
from tests.browser import (
    PROJECT,
    blank_tab,
    chromium_path,
    clear,
    forget,
    launched,
    open_page,
    served,
    visit,
)
from tests.postgres import Cluster, cluster

try:
    import fcntl
except ImportError:  # on Windows, where nobody is held back
    fcntl = None

# Read before any fixture clears the environment: the real MNIST, where there is one.
REAL_MNIST = os.environ.get("MNIST_NPZ")


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser is slow, and so are the tabs, which draw the page again and again."""
    here = Path(__file__).parent
    for item in items:
        if {here / "browser", here / "ui" / "tabs"} & set(item.path.parents):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def left_as_it_was() -> Iterator[None]:
    """A test that leaves settings behind would change what others measure."""
    before = _settings()
    yield
    assert _settings() == before


def _settings() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name.startswith("DIGIT_CLASSIFIER")}


@pytest.fixture(autouse=True)
def alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """`with alone():` holds back the tests of other processes while it measures what a whole server
    takes, for which two cores are few."""
    if fcntl is None:
        yield contextlib.nullcontext
        return
    path = tmp_path_factory.getbasetemp().parent / "machine.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)

        @contextlib.contextmanager
        def block() -> Iterator[None]:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(lock, fcntl.LOCK_SH)

        yield block


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that models and runs go to, empty; no MNIST is named or in Keras' cache."""
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_NPZ", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def tiny_arrays() -> dict[str, np.ndarray]:
    """120 training and 40 test images in Keras' layout: the sample digits, each a little moved and
    paled, so that a network learns them in a few epochs. Labels are balanced."""
    rng = np.random.default_rng(0)
    digits = rendering.render_drawings([handwriting.sample_digit(d) for d in range(10)])

    def some(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
        shifts = rng.integers(-1, 2, (count, 2))
        moved = [np.roll(digits[d], tuple(s), (0, 1)) for d, s in zip(labels, shifts, strict=True)]
        return (np.array(moved) * rng.uniform(0.8, 1, (count, 1, 1))).astype(np.uint8), labels

    x_train, y_train = some(120)
    x_test, y_test = some(40)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


@pytest.fixture
def tiny_mnist(tmp_path: Path, tiny_arrays: dict[str, np.ndarray]) -> Path:
    """An `.npz` in Keras' layout of MNIST that holds `tiny_arrays`."""
    path = tmp_path / "tiny-mnist.npz"
    np.savez(path, **tiny_arrays)
    return path


@pytest.fixture(scope="session")
def real_mnist() -> Path:
    """The real MNIST, if the environment's MNIST_NPZ named it when the tests began."""
    if not REAL_MNIST or not Path(REAL_MNIST).is_file():
        pytest.skip("MNIST_NPZ names no file")
    return Path(REAL_MNIST)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    with cluster() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgres"])
def engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster | None]:
    """An empty store of each kind in turn; the server that has it."""
    if request.param == "sqlite":
        yield None
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.store() as url:
        monkeypatch.setenv("DIGIT_CLASSIFIER_DATABASE", url)
        yield server


# A page in a browser; each file of tests has its own.


@pytest.fixture(scope="module")
def browser():
    if chromium_path() is None:
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail("Chromium is required here, but it is not installed.")
        pytest.skip("Chromium is not installed")
    with launched() as one:
        yield one


@pytest.fixture(scope="session")
def quick_mnist(tmp_path_factory):
    """A file in MNIST's layout, small enough that an epoch takes a tenth of a second. If it took
    much less, a run by time would have thousands of epochs, and the page their curves to draw."""
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    x_train, y_train = generated.draw(1200, 1)
    x_test, y_test = generated.draw(200, 2)
    x_train, y_train = np.tile(x_train, (10, 1, 1)), np.tile(y_train, 10)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory, quick_mnist):
    """The page with data that trains in no time: address, process id, home folder."""
    home = tmp_path_factory.mktemp("home")
    environment = {"DIGIT_CLASSIFIER_HOME": str(home), "MNIST_NPZ": str(quick_mnist)}
    with served(PROJECT / "app.py", environment, home / "log.txt") as (url, pid):
        yield url, pid, home


@pytest.fixture(scope="module")
def used_tab(browser):
    """Where a file's tests open their pages one after the other: in a new tab a page takes twice
    the processor, and in a new context even more, since nothing is in its cache."""
    one = blank_tab(browser)
    yield one
    one.context.close()


@pytest.fixture
def tab(used_tab):
    """The browser's tab of a visitor who was never here."""
    yield used_tab
    forget(used_tab)


@pytest.fixture
def page(tab, server):
    """A page of a visitor who was never here."""
    return visit(tab, server[0])


@pytest.fixture(scope="module")
def used_page(browser, server):
    """The page that `board_page` clears."""
    one = open_page(browser, server[0])
    yield one
    one.context.close()


@pytest.fixture
def board_page(used_page):
    """An empty board, for tests that change nothing else; what they drew is cleared."""
    clear(used_page)
    return used_page
