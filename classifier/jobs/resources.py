"""Memory, disk and descriptors: how much there is, and the signs and sentences where there is too
little."""

import contextlib
import math
import re
from pathlib import Path

_MOST_DESCRIPTORS = 65_536  # some programs, started here, close all that they might have
_GROUP = Path("/sys/fs/cgroup")  # of a container: what it may take
NO_MEMORY = (
    "There is not enough memory: use fewer images or a smaller batch, or close other programs."
)
NO_SPACE = "The disk is full: free some space, and train again."
# How Python, the system's loader, C++ and TensorFlow say so.
_NO_MEMORY_SIGNS = (
    "MemoryError",
    "Cannot allocate memory",
    "failed to map segment",
    "bad_alloc",
    "OOM when allocating",
    "can't start new thread",
    "pthread_create() failed",
)


def free_memory() -> float:
    """Bytes that a new process can take, of the machine or of the container; infinite where
    neither says."""
    free = [math.inf]
    with contextlib.suppress(OSError):  # no Linux
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free += [1024 * int(kilobytes) for kilobytes in re.findall(r"MemAvailable:\s+(\d+)", text)]
    with contextlib.suppress(OSError, ValueError):  # no such group, or "max": no limit
        limit = int((_GROUP / "memory.max").read_text(encoding="ascii"))
        free.append(limit - int((_GROUP / "memory.current").read_text(encoding="ascii")))
    return min(free)


def raise_descriptors() -> None:
    """Let this process have as many descriptors as the system allows, not the 1,024 that are usual:
    each connection takes one, also of those who say nothing on them."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # no Unix, or it may not
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def lacks_memory(text: str) -> bool:
    """Whether an error's words, or a log, say that there was not enough memory."""
    return any(sign in text for sign in _NO_MEMORY_SIGNS)
