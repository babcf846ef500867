"""Files that appear whole or not at all, with the permissions that they should have."""

import errno
import os
import re
import socket
from pathlib import Path

import pytest

from classifier import files
from tests.watching import in_time


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "file.txt"


def test_what_is_written_appears_when_it_is_whole(path):
    with files.written(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("No space left"), ValueError(), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(path, error):
    def half(path: Path) -> None:
        with files.written(path) as file:
            file.write(b"new")
            raise error

    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        half(path)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_cannot_take_it_to_the_end_leaves_the_old_file(path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), files.written(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
    with files.written(path, durable=False) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize(
    ("mask", "asked", "expected"),
    [(0o022, None, 0o644), (0o077, None, 0o600), (0o002, None, 0o664), (0o022, 0o600, 0o600)],
)
def test_permissions_are_those_asked_for_less_the_umask(path, mask, asked, expected):
    before = os.umask(mask)
    try:
        with files.written(path, **({} if asked is None else {"mode": asked})) as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == expected


def test_a_name_as_long_as_the_file_system_takes_can_be_written(tmp_path):
    with files.written(tmp_path / ("n" * 255)) as file:
        file.write(b"new")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"new"


def test_a_folder_that_is_missing_is_told(tmp_path):
    with pytest.raises(FileNotFoundError), files.written(tmp_path / "none" / "file"):
        pytest.fail("there is nowhere to write")


def test_a_file_is_read_to_its_end_or_so_far(path):
    path.write_bytes(b"content")
    assert (files.content(path), files.content(path, 3)) == (b"content", b"con")
    with files.opened(path) as file:
        file.seek(4)
        assert file.read() == b"ent"


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of them as files")
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder"])
def test_what_is_no_file_is_never_read(path, kind):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to(os.devnull)
    elif kind == "folder":
        path.mkdir()
    else:
        socket.socket(socket.AF_UNIX).bind(str(path))
    handles = len(os.listdir("/dev/fd"))
    with pytest.raises(OSError, match=re.escape(str(path))):
        in_time(lambda: files.content(path))
    assert len(os.listdir("/dev/fd")) <= handles  # fewer: something before has let go of one


def test_a_full_disk_is_told_from_other_refusals():
    assert files.lacks_space(OSError(errno.ENOSPC, "No space left on device"))
    assert files.lacks_space(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not files.lacks_space(OSError(errno.EACCES, "Permission denied"))
    assert not files.lacks_space(ValueError("the disk is full"))
