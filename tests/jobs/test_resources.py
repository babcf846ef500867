"""How much memory is free, and how its lack, and that of disk, shows."""

import sys

import psutil
import pytest

from classifier.jobs import resources

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")


@on_linux
def test_free_memory_is_what_the_machine_and_its_container_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_GROUP", tmp_path)
    assert resources.free_memory() == pytest.approx(psutil.virtual_memory().available, rel=0.2)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 100000\ninactive_file 250000\nactive_file 50000\n")
    assert resources.free_memory() == 850_000
    (tmp_path / "memory.max").write_text("max\n")
    assert resources.free_memory() > 850_000


@pytest.mark.parametrize(
    "log",
    [
        "ImportError: libtensorflow_cc.so.2: failed to map segment from shared object",
        "terminate called after throwing an instance of 'std::bad_alloc'\n  what(): std::bad_alloc",
        "F env.cc:84] Check failed: ret == 0 (11 vs. 0) Thread tf_x creation via pthread_create() "
        "failed.\n*** Check failure stack trace: ***",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 3 GiB\n",
        "OOM when allocating tensor with shape[60000,784]",
    ],
)
def test_all_ways_to_lack_memory_are_understood(log):
    assert resources.lacks_memory(log)
    assert not resources.lacks_memory("ValueError: train_size is 7")
