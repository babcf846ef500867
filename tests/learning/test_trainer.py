"""The learning rate's way through a run."""

import numpy as np
import pytest

from classifier.learning import trainer


def test_one_cycle_rises_then_falls_to_nearly_nothing():
    factors = [trainer.one_cycle(share) for share in np.linspace(0, 1, 101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == pytest.approx(1)
    assert np.argmax(factors) == 20
    assert (np.diff(factors[:21]) > 0).all()
    assert (np.diff(factors[20:]) < 0).all()
    assert factors[-1] == pytest.approx(0.01)
