"""The table of who may do what, walked: each action on runs and models is done, or refused, as it
says, by whoever is nobody, a stranger, the owner and the operator. Those of classes and drawings
are walked in tests/people/test_rights.py."""

import json
import shutil
import time
from collections.abc import Callable

import pytest

from classifier.config import PROJECT, SHIPPED_MODELS, TrainConfig, models_folder, runs_folder
from classifier.jobs import local, queue
from classifier.jobs.local import LocalJobs
from classifier.jobs.queue import Claim
from classifier.jobs.sweeps import Part, Record, Sweep, Sweeps, SweepState
from classifier.people import copying, visitors
from classifier.rights import MAY, OPERATOR, Action, NotAllowedError, Role, Visitor
from classifier.serving import store
from tests.people import test_rights as people

OWNER = visitors.visitor_of("1" * 32)
ASKING = {
    "nobody": (Visitor(""), {Role.ANYBODY}),
    "a stranger": (visitors.visitor_of("2" * 32), {Role.ANYBODY, Role.VISITOR}),
    "the owner": (OWNER, {Role.ANYBODY, Role.VISITOR, Role.OWNER}),
    "the operator": (OPERATOR, {Role.ANYBODY, Role.OPERATOR}),
    "a stranger with the key": (Visitor("3" * 32, operator=True), {Role.ANYBODY, Role.OPERATOR}),
}
RUN, MODEL = "00000000000000000001-0123456789abcdef", "hers"


@pytest.fixture
def jobs(home, monkeypatch) -> LocalJobs:
    """A server with a run and a model of the owner's; it starts no process."""
    folder = runs_folder() / RUN
    folder.mkdir(parents=True)
    with queue.entrance():
        queue.enter(RUN, Claim(OWNER.digest))
    shutil.copytree(SHIPPED_MODELS / "shipped-dense", models_folder() / MODEL)
    file = models_folder() / MODEL / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"owner": OWNER.digest}))

    def refuse(*_: object) -> None:
        raise OSError("no process is started here")

    monkeypatch.setattr(local, "_start", refuse)
    return LocalJobs()


def start(jobs: LocalJobs, by: Visitor) -> None:
    queue.ticket_of(RUN).unlink()  # one may have one
    with pytest.raises(local.JobError):  # allowed, and then there is no process
        jobs.submit(TrainConfig(), None, by)


def stop(jobs: LocalJobs, by: Visitor) -> None:
    jobs.find(RUN).stop(by)


def start_sweep(jobs: LocalJobs, by: Visitor) -> None:
    queue.ticket_of(RUN).unlink()
    Sweeps(jobs).start([TrainConfig()], [{"seed": 0}], by)
    while (sweep := Sweeps(jobs).of(by)) and sweep.is_on:
        time.sleep(0.01)
    assert sweep.record.why.startswith("The run cannot be started"), "there is no process"


def stop_sweep(jobs: LocalJobs, by: Visitor) -> None:
    record = Record(owner=OWNER.digest, settings={}, parts=[Part(values={"seed": 0})])
    Sweeps(jobs).stop(Sweep("1-" + OWNER.digest[:16], record, SweepState.RUNNING), by)


ACTIONS: dict[Action, Callable[[LocalJobs, Visitor], object]] = {
    Action.START_RUN: start,
    Action.FOLLOW_RUN: lambda jobs, by: jobs.find(RUN).look(),
    Action.STOP_RUN: stop,
    Action.START_SWEEP: start_sweep,
    Action.STOP_SWEEP: stop_sweep,
    Action.LIST_ALL: lambda jobs, by: jobs.all(by),
    Action.USE_MODEL: lambda jobs, by: store.as_zip(MODEL),
    Action.RENAME_MODEL: lambda jobs, by: store.rename(MODEL, "renamed", by),
    Action.DELETE_MODEL: lambda jobs, by: store.delete(MODEL, by),
    Action.CLEAR: lambda jobs, by: copying.clear(by),
}


@pytest.mark.parametrize("who", ASKING)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.value)
def test_each_action_is_done_or_refused_as_the_table_says(jobs, who, action):
    by, roles = ASKING[who]
    if roles & MAY[action]:
        ACTIONS[action](jobs, by)
    else:
        with pytest.raises(NotAllowedError, match=action.value):
            ACTIONS[action](jobs, by)
        assert store.get(MODEL).meta.owner == OWNER.digest


def test_each_action_of_the_table_is_walked_and_checked_where_it_is_carried_out():
    assert set(MAY) == set(Action)
    walked = set(ACTIONS) | {action for action, _ in people.DO.values()}
    assert walked == set(Action)
    code = "".join(
        file.read_text() for file in PROJECT.glob("classifier/**/*.py") if file.name != "rights.py"
    )
    unchecked = {action for action in Action if f"Action.{action.name}" not in code}
    assert all(Role.ANYBODY in MAY[action] for action in unchecked), "anybody may"


def test_nobody_is_no_owner_of_what_is_nobodys():
    with pytest.raises(NotAllowedError):
        Visitor("").check(Action.STOP_RUN, owner="", host="")
