"""However `train` ends early, the process waits for what still loads: cut off, that aborts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from classifier.__main__ import main
from classifier.config import PROJECT
from classifier.data import sources
from classifier.learning import training

# In place of Keras: loads for a while, and leaves a mark when it is through.
SLOW_KERAS = """
import pathlib, time
time.sleep(1.5)
pathlib.Path(__file__).with_name("loaded").touch()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(home: Path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "classifier", "models"]
    # Buffered, as it is unless the environment says otherwise.
    ended = subprocess.run(
        command,
        cwd=PROJECT,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert ended.stderr == b""


@pytest.fixture
def start(home: Path):
    """Starts `train` with the flags that it is given; Keras takes a while to load."""
    (home / "slow").mkdir()
    (home / "slow" / "keras.py").write_text(SLOW_KERAS)

    def begin(*flags: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "classifier", "train", "--json", *map(str, flags)],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(home / "slow")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return begin


def last_event(said: str) -> dict:
    return json.loads(said.splitlines()[-1])


def test_refused_data_end_it_after_what_loads(start, home):
    (home / "broken.npz").write_bytes(b"no archive")
    child = start("--mnist", home / "broken.npz")
    said, _ = child.communicate(timeout=60)
    assert (child.returncode, last_event(said)["event"]) == (1, "failed")
    assert (home / "slow" / "loaded").exists(), "it was not cut off"


def test_a_file_that_is_not_there_is_told_before_anything_is_loaded(start, home):
    for flag in ("--mnist", "--drawings"):
        child = start("--data", "mnist", flag, home / "nowhere.npz")
        said, _ = child.communicate(timeout=60)
        assert child.returncode == 1
        assert f"There is no file {home / 'nowhere.npz'}." == last_event(said)["error"]
    assert not (home / "slow" / "loaded").exists()


def test_an_interrupt_ends_it_after_what_loads(start, home):
    child = start("--data", "generated", "--train-size", "60000")
    assert json.loads(child.stdout.readline())["event"] == "started"
    assert json.loads(child.stdout.readline())["stage"] == "data"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert last_event(said)["error"].startswith("Interrupted")
    assert (home / "slow" / "loaded").exists(), "it was not cut off"


def test_an_interrupt_that_a_library_swallows_ends_it_all_the_same(home, monkeypatch, capsys):
    def swallowed(*_: object) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sources, "check_files", swallowed)
    loading = Future()
    loading.set_exception(RuntimeError("not interrupted"))
    monkeypatch.setattr(training, "load_keras", lambda: loading)
    assert main(["train", "--data", "generated", "--json"]) == 130
    assert last_event(capsys.readouterr().out)["error"].startswith("Interrupted")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_worker_that_waited_in_vain_ends_after_what_loads(start, home):
    child = start("--run", "-")
    child.communicate("", timeout=60)
    assert child.returncode == 0
    assert (home / "slow" / "loaded").exists(), "it was not cut off"
