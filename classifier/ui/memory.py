"""The memory of a server that many sessions share: small, and given back."""

import contextlib
import ctypes
import gc

import pyarrow as pa
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # as <malloc.h> numbers them


def keep_small() -> None:
    """Let all threads share one heap, and give large blocks back as soon as they are free. The GNU
    C library, and Arrow beside it, give each thread a heap of its own, which holds what is freed;
    Streamlit runs the page in many."""
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
