"""Which runs there is room for, by what is known of those that are on."""

import pytest

from classifier.jobs import shares
from classifier.jobs.queue import Claim
from classifier.limits import LimitError
from classifier.rights import OPERATOR, Visitor

ANN = Visitor("a")
SWEEP = [Claim("a", sweep="s")] * 3  # on a cluster, and begun by another page server


def test_the_runs_of_a_sweep_are_one_of_their_visitors(home, monkeypatch):
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        shares.check_room(ANN, SWEEP, [], host=False)
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        shares.check_room(ANN, SWEEP, [], host=False, sweep="other")
    shares.check_room(ANN, SWEEP, [], host=False, sweep="s")
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS", "2")
    shares.check_room(ANN, SWEEP, [], host=False)
    with pytest.raises(LimitError, match="Your last run has not ended"):
        shares.check_room(ANN, [*SWEEP, Claim("a")], [], host=False)


def test_a_sweep_has_no_place_beside_a_run_that_another_server_took(home):
    with pytest.raises(LimitError, match="Your last run has not ended"):
        shares.check_room(ANN, [Claim("a")], [], host=False, sweep="s")


def test_the_runs_of_a_sweep_are_one_of_all(home, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_RUNS_TOTAL", "2")
    ben = Visitor("b")
    shares.check_room(ben, SWEEP, [], host=False)
    with pytest.raises(LimitError, match="2 runs wait"):
        shares.check_room(ben, [*SWEEP, Claim("c")], [], host=False)
    with pytest.raises(LimitError, match="2 runs wait"):
        shares.check_room(ben, [Claim("c"), Claim("d")], [], host=False)
    shares.check_room(ANN, [*SWEEP, Claim("c")], [], host=False, sweep="s")
    shares.check_room(OPERATOR, [*SWEEP, Claim("c")], [], host=False)


def test_a_sweep_between_two_of_its_runs_counts_as_one(home):
    with pytest.raises(LimitError, match="Your sweep has not ended"):
        shares.check_room(ANN, [], ["s"], host=False)
    shares.check_room(ANN, [], ["s"], host=False, sweep="s")
