"""Short forms of what `tests.benchmarks.kills` and `tests.benchmarks.soak` do for longer."""

import pytest

from tests.benchmarks import kills, soak

pytestmark = pytest.mark.slow


@pytest.fixture
def something(home, tmp_path, monkeypatch):
    monkeypatch.setattr(kills.folders, "_BEGINNING", 0.0)
    return kills.to_import(tmp_path)


@pytest.mark.parametrize("kind", ["save", "draw", "import"])
def test_what_was_confirmed_outlasts_a_kill_and_nothing_is_left(something, kind):
    confirmed = 0
    for seconds in (0.05, 0.4, 0.9):
        said, wrong = kills.once(kind, seconds, something)
        assert wrong == []
        confirmed += said
    assert confirmed


def test_a_class_draws_and_visitors_come_and_go_and_nothing_fails(home, monkeypatch):
    monkeypatch.setattr(soak, "_FORGOTTEN", 1)
    monkeypatch.setattr(soak, "_AT_REST", 3)
    with soak.server() as (address, process):
        drawn = soak.draw_for(address, process, 6, 3)
        assert int(drawn["sent"]) == int(drawn["stored"]) >= 3
        gone = soak.come_and_go(address, process, 20)
        assert float(gone["after, MB"]) < 1.1 * float(gone["before, MB"])
