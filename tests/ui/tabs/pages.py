"""The page without a browser, at any tab, and models and runs for it to show."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig, models_folder
from classifier.data.mnist import load as load_mnist
from classifier.events import EpochEnded, Finished, Started, to_json
from classifier.ink.drawings import Drawings
from classifier.jobs import queue
from classifier.jobs.local import JobError, LocalJobs
from classifier.jobs.queue import Claim
from classifier.jobs.run import Run
from classifier.people import visitors
from classifier.rights import Visitor
from classifier.serving import store
from classifier.ui import session, view
from tests.app import answering, new_page, press, run, words
from tests.jobs.test_run import Told

OWN = "e" * 32  # a visitor's secret
OWNER = visitors.visitor_of(OWN)
RUN = "00000000000000000001-0123456789abcdef"
PATIENCE = 20.0  # seconds for what is computed in the background


def opened(
    tab: str = view.TRAINING, visitor: session.Session | None = None, **link: str
) -> AppTest:
    """The page at that tab, with these parameters in its address."""
    page = new_page()
    page.session_state["tabs"] = tab
    page.session_state["session"] = visitor or session.Session(secret=OWN)
    for key, value in link.items():
        page.query_params["try" if key == "attempt" else key] = value
    return run(page)


def show(page: AppTest, tab: str) -> None:
    page.session_state["tabs"] = tab
    run(page)


def alive(page: AppTest) -> None:
    """The page still answers, by a model that is whole."""
    assert not page.exception
    answering(page).set_value("shipped-deep")
    press(page, "sample-4")
    assert "It is a 4" in words(page)


def until(page: AppTest, wanted: str) -> None:
    """Look again and again until the page says so."""
    end = time.monotonic() + PATIENCE
    while wanted not in words(page):
        assert time.monotonic() < end, words(page)
        time.sleep(0.02)
        page.run()
        assert not page.exception


def charts(page: AppTest) -> list[str]:
    return [chart.proto.alt for chart in page.get("vega_lite_chart")]


def tables(page: AppTest) -> list:
    return [table.value for table in page.dataframe]


def keys(page: AppTest, beginning: str) -> list[str]:
    return [b.key for b in page.button if b.key and b.key.startswith(beginning)]


def submitted(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Takes what would be trained, and starts nothing."""
    configs: list[TrainConfig] = []

    def submit(
        jobs: LocalJobs, config: TrainConfig, drawn: Drawings | None, by: Visitor, *, host: bool
    ) -> Run:
        configs.append(config)
        raise JobError("Not now.")

    monkeypatch.setattr(LocalJobs, "submit", submit)
    return configs


Network = tuple[bytes, list[tuple[str, str]]]  # for LiteRT, and its layers


def saved(home: Path, name: str, network: Network | None = None) -> Path:
    """A copy of the shipped `dense` among the models of this server, perhaps with another network
    in it."""
    folder = home / "models" / name
    shutil.copytree(store.get("shipped-dense").folder, folder)
    meta = json.loads((folder / "meta.json").read_text())
    meta["name"] = meta["config"]["name"] = meta["id"] = name
    if network is not None:
        tflite, meta["layers"] = network
        (folder / "model.tflite").write_bytes(tflite)
        meta["files"]["model.tflite"] = hashlib.sha256(tflite).hexdigest()
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


def learned(
    home: Path,
    name: str,
    mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
    network: Network | None = None,
) -> None:
    """A model that was trained on this file, which the environment names."""
    monkeypatch.setenv("MNIST_NPZ", str(mnist))
    saved(home, name, network)
    edited(home, name, "data", {"fingerprint": load_mnist().fingerprint()})


def finished(model: str, **other: object) -> Finished:
    values = {
        "test_accuracy": 0.98,
        "train_accuracy": 0.99,
        "gap": 0.01,
        "seconds": 2.0,
        "stages": {},
        "confusion": [],
        "data": "MNIST",
        "train_images": 110,
        "test_images": 40,
    }
    return Finished(model=model, **{"id": model} | values | other)


def epoch(number: int) -> EpochEnded:
    return EpochEnded(
        epoch=number, loss=0.5, accuracy=0.9, val_loss=0.6, val_accuracy=0.88, seconds=1.0
    )


def own(home: Path, name: str) -> None:
    """Make the model of that name the visitor's who has OWN."""
    edited(home, name, "owner", OWNER.digest)


def owner(*models: str) -> session.Session:
    """A visitor who trained these models, which are there."""
    visitor = session.Session(secret=OWN)
    for n, model in enumerate(models):
        run = Run(f"{n:020d}-{n:016x}", Told())
        for event in (Started(config=TrainConfig().to_dict(), time=0.0), epoch(1), finished(model)):
            run.add(event)
        visitor.runs[run.id] = run
        own(models_folder().parent, model)
    return visitor


def run_folder(home: Path, *events) -> Path:
    """A run that its process has not ended, as far as can be told, and what it has said."""
    folder = home / "runs" / RUN
    folder.mkdir(parents=True)
    with queue.entrance():
        queue.enter(RUN, Claim(OWNER.digest))
    say(folder, Started(config=TrainConfig().to_dict(), time=0.0), *events)
    return folder


def say(folder: Path, *events) -> None:
    with open(folder / "events.jsonl", "a") as file:
        file.writelines(to_json(event) + "\n" for event in events)


def submit(page: AppTest) -> None:
    next(b for b in page.button if b.label == "Rename").click().run()


def asked(name: str, tab: str = view.TRAINING) -> AppTest:
    """The page at that tab, with a digit that this model is asked about."""
    page = opened(tab)
    answering(page).set_value(name)
    press(page, "sample-3")
    assert not page.exception
    return page


def look(page: AppTest, *tabs: str) -> None:
    """Open these tabs, and see what was computed in the background."""
    for tab in tabs:
        show(page, tab)
        end = time.monotonic() + PATIENCE
        while "…" in words(page):
            assert time.monotonic() < end
            time.sleep(0.02)
            page.run()
        assert not page.exception, tab


def edited(home: Path, name: str, part: str, values: object) -> None:
    """Put wild values into a part of a model's meta; `...` takes one out."""
    file = home / "models" / name / "meta.json"
    meta = json.loads(file.read_text())
    if isinstance(values, dict) and part in meta:
        values = meta[part] | values
        values = {field: value for field, value in values.items() if value is not ...}
    file.write_text(json.dumps(meta | {part: values}))
