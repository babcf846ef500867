"""The memory of a server that many sessions share: small, and given back."""

import contextlib
import ctypes
import gc

import pyarrow as pa

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


def give_back() -> None:
    """Free what nothing uses any more, and give it back to the system: 50 ms.

    Python looks for what refers to itself, as sessions do, more and more seldom, and Streamlit is
    told not to after each run (`.streamlit/config.toml`).
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
