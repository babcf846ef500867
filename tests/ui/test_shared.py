"""What all sessions share: models by their names, and by what tells them apart."""

import pytest

from classifier.database.interface import SETTING
from classifier.jobs.local import LocalJobs
from classifier.jobs.shared import SharedJobs
from classifier.serving import store
from classifier.serving.store import ModelNotFoundError
from classifier.ui import shared


def test_another_model_of_the_same_name_is_not_taken_for_the_first():
    model = store.get("shipped-dense")
    assert shared.predictor(model.name, model.checksum).classes == 10
    with pytest.raises(ModelNotFoundError, match="is gone"):
        shared.predictor(model.name, "0" * 64)


def test_runs_are_in_the_database_where_one_is_named(home, monkeypatch):
    assert isinstance(shared.jobs.__wrapped__(), LocalJobs)
    monkeypatch.setenv(SETTING, "postgresql://digits@127.0.0.1:1/none")
    jobs = shared.jobs.__wrapped__()
    assert isinstance(jobs, SharedJobs)
    jobs.close()
    jobs._board.close()
