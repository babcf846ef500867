"""What many short threads, and files that are handed out, leave in the server's memory."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from classifier.rights import Visitor
from classifier.ui import memory, view

_SCRIPT = """
import ctypes, json, threading
import cv2, numpy as np
from classifier.ui import memory

class Use(ctypes.Structure):  # as <malloc.h> has it; the eighth is what is in use, in bytes
    _fields_ = [(name, ctypes.c_size_t) for name in ("a", "b", "c", "d", "e", "f", "g", "used")]
    _fields_ += [("free", ctypes.c_size_t), ("top", ctypes.c_size_t)]

library = ctypes.CDLL("libc.so.6")
library.mallinfo2.restype = Use
image = np.zeros((99, 99), np.float32)

def run(count):
    for _ in range(count):
        thread = threading.Thread(
            target=cv2.resize, args=[image, (20, 20)], kwargs={"interpolation": cv2.INTER_AREA}
        )
        thread.start()
        thread.join()
    return library.mallinfo2().used

memory.keep_small()
print(json.dumps([run(100), run(500)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the GNU C library what is in use")
def test_a_thread_that_used_opencv_leaves_nothing_behind():
    said = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    before, after = json.loads(said.stdout)
    assert after - before < 500 * 50


@pytest.fixture
def media(monkeypatch) -> MediaFileManager:
    """What Streamlit holds files in; it calls that in a thread of no session."""
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=manager))
    return manager


def _content(media: MediaFileManager, url: str) -> bytes | None:
    found = media.read_file(url.rpartition("/")[2].partition(".")[0])
    return found and found.content


def test_a_file_waits_for_a_browser_that_asks_late_while_others_draw(media, monkeypatch):
    made = []
    monkeypatch.setattr(view.session, "visitor", lambda: Visitor("a"))
    monkeypatch.setattr(view.st, "download_button", lambda *_, **told: made.append(told))
    view.download("class.npz", lambda: b"drawings", key="a", icon=None)
    asked = media.add_deferred(made[0]["data"], made[0]["mime"], "button", made[0]["file_name"])
    url = media.execute_deferred(asked)
    for _ in range(100):  # the ends of others' runs
        media.remove_orphaned_files()
    assert _content(media, url) == b"drawings"


def _left(media: MediaFileManager) -> list[bytes]:
    """What is in all files that outlast the ends of two runs."""
    for _ in range(2):
        media.remove_orphaned_files()
    contents = [media.read_file(name).content for name in list(media._file_metadata)]
    return sorted(filter(None, contents))


def test_no_more_files_are_held_than_there_is_room_for(media):
    held, large = memory.HandedOut(), bytes(40_000_000)
    for number in range(100):
        held.hold(b"%d" % number, "text/plain", "a.txt")
    held.hold(large + b"1", "text/plain", "b.txt")
    held.hold(large + b"2", "text/plain", "c.txt")
    assert _left(media) == [large + b"2"]
    for number in range(100):
        held.hold(b"%d" % number, "text/plain", "a.txt")
    assert _left(media) == sorted(b"%d" % number for number in range(68, 100))
