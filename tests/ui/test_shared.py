"""What all sessions share: models by their names, and by what tells them apart."""

import pytest

from classifier.serving import store
from classifier.serving.store import ModelNotFoundError
from classifier.ui import shared


def test_another_model_of_the_same_name_is_not_taken_for_the_first():
    model = store.get("shipped-dense")
    assert shared.predictor(model.name, model.checksum).classes == 10
    with pytest.raises(ModelNotFoundError, match="is gone"):
        shared.predictor(model.name, "0" * 64)
