"""What all sessions share: models by their names, and by what tells them apart."""

from collections.abc import Iterator

import pytest

from classifier.database.interface import SETTING
from classifier.jobs import link
from classifier.jobs.cluster import ClusterJobs
from classifier.jobs.local import LocalJobs
from classifier.jobs.shared import BoardShelf, SharedJobs
from classifier.jobs.shelf import FileShelf
from classifier.serving import store
from classifier.serving.store import ModelNotFoundError
from classifier.ui import shared


def test_another_model_of_the_same_name_is_not_taken_for_the_first():
    model = store.get("shipped-dense")
    assert shared.predictor(model.name, model.checksum).classes == 10
    with pytest.raises(ModelNotFoundError, match="is gone"):
        shared.predictor(model.name, "0" * 64)


@pytest.fixture
def anew(home) -> Iterator[None]:
    """As in a process that has just begun."""
    kept = (shared._board, shared._shelf, shared.jobs, shared.sweeps)
    for one in kept:
        one.cache_clear()
    yield
    for one in kept:
        one.cache_clear()


def test_runs_and_sweeps_are_in_files_where_no_database_is_named(anew):
    assert isinstance(shared.jobs(), LocalJobs)
    assert isinstance(shared.sweeps()._shelf, FileShelf)


@pytest.mark.parametrize(
    ("scheduler", "kind"), [("", SharedJobs), ("tcp://127.0.0.1:1", ClusterJobs)]
)
def test_where_one_is_named_sweeps_are_in_it_and_runs_if_they_have_no_scheduler(
    anew, monkeypatch, scheduler, kind
):
    monkeypatch.setenv(SETTING, "postgresql://digits@127.0.0.1:1/none")
    monkeypatch.setenv(link.SETTING, scheduler)
    assert isinstance(shared.jobs(), kind)
    assert isinstance(shared.sweeps()._shelf, BoardShelf)
    assert shared.jobs().living() == {}, "neither is there"
    shared.jobs().close()
    shared._board().close()
