"""The memory of a server that many sessions share: small, and given back."""

import contextlib
import ctypes
import gc
from collections import deque

import cv2
import pyarrow as pa
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # as <malloc.h> numbers them
_HANDED_OUT, _MOST_HELD = 32, 64_000_000  # files, and bytes of them


class HandedOut:
    """Files that browsers are about to ask for, the newest of them all.

    Streamlit makes a file when it is asked for, tells its browser the address, and takes it away
    once two runs of anybody have ended, which is sooner than a browser far away asks while a class
    draws. One call at a time.
    """

    def __init__(self) -> None:
        self._sizes: deque[int] = deque()  # of those that are held, bytes
        self._number = 0  # of the next

    def hold(self, content: bytes, kind: str, name: str) -> None:
        """Hold a file of this MIME type and name, and let older ones go."""
        if not runtime.exists():
            return
        while self._sizes and (
            len(self._sizes) == _HANDED_OUT or sum(self._sizes) + len(content) > _MOST_HELD
        ):
            self._place(self._number - len(self._sizes), b"", kind, "")
            self._sizes.popleft()
        self._place(self._number, content, kind, name)
        self._sizes.append(len(content))
        self._number += 1

    @staticmethod
    def _place(number: int, content: bytes, kind: str, name: str) -> None:
        # Of no session, since no run is under way; a place has one file, so what was there goes.
        runtime.get_instance().media_file_mgr.add(
            content, kind, f"handed-out-{number % _HANDED_OUT}", name, is_for_static_download=True
        )


def keep_small() -> None:
    """Let all threads share one heap, and give large blocks back as soon as they are free.

    Streamlit runs the page in a thread for each run. The GNU C library, and Arrow beside it, give
    each thread a heap of its own, which holds what is freed. OpenCV 5 never frees 0.9 kB of each
    thread that shared its work with others.
    """
    cv2.setNumThreads(1)
    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, 1 << 17)


def forget_upload(session: str, file: str) -> None:
    """Free what a file takes that was uploaded to that session, by Streamlit's ids for both."""
    if runtime.exists():
        manager = runtime.get_instance().uploaded_file_mgr
        if isinstance(manager, MemoryUploadedFileManager):
            manager.remove_file(session, file)


def give_back() -> None:
    """Free what nothing uses any more, and give it back to the system: 50 ms.

    Python looks for what refers to itself, as sessions do, more and more seldom, and Streamlit is
    told not to after each run (`.streamlit/config.toml`).
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
