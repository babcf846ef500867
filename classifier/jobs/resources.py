"""Memory, disk and descriptors: how much there is, and the signs and sentences where there is too
little."""

import contextlib
import errno
import math
import re
from pathlib import Path

_MOST_DESCRIPTORS = 65_536  # some programs, started here, close all that they might have
_GROUP = Path("/sys/fs/cgroup")  # of a container: what it may take
NO_MEMORY = (
    "There is not enough memory: use fewer images or a smaller batch, or close other programs."
)
NO_SPACE = "The disk is full: free some space, and train again."
DISK_FULL = errno.ENOSPC  # the exit status of a child that can write nothing any more
_SIGKILL = 9  # `signal` lacks the name on Windows
# Bytes of addresses. With fewer, a library that is loaded may end the process without a word.
_LEAST_ADDRESSES = 700_000_000
# How Python, the system's loader, C++, TensorFlow and OpenBLAS say so.
_NO_MEMORY_SIGNS = (
    "MemoryError",
    "Cannot allocate memory",
    "failed to map segment",
    "bad_alloc",
    "OOM when allocating",
    "can't start new thread",
    "pthread_create() failed",
    "Memory allocation still failed",
)


def free_memory() -> float:
    """Bytes that a new process can take, of the machine or of the container; infinite where
    neither says. What a container keeps of files and has not read again makes way, as for
    Kubernetes."""
    free = [math.inf]
    with contextlib.suppress(OSError):  # no Linux
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free += [1024 * int(kilobytes) for kilobytes in re.findall(r"MemAvailable:\s+(\d+)", text)]
    with contextlib.suppress(OSError, ValueError):  # no such group, or "max": no limit
        limit, used = (
            int((_GROUP / name).read_text(encoding="ascii"))
            for name in ("memory.max", "memory.current")
        )
        told = (_GROUP / "memory.stat").read_text(encoding="ascii")
        files = sum(map(int, re.findall(r"^inactive_file (\d+)$", told, re.MULTILINE)))
        free.append(limit - used + files)
    return min(free)


def check_addresses() -> None:
    """Raise MemoryError if the system allows this process too few addresses to train."""
    with contextlib.suppress(ImportError):  # no Unix
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY and most < _LEAST_ADDRESSES:
            raise MemoryError(most)


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


def why_it_ended(log: str, code: int | None) -> str:
    """What is known of why a run's process ended without a last word.

    log: what it printed beside its events; code: its exit status, below 0 for a signal; None where
    another server started it
    """
    words = [line.strip() for line in log.splitlines() if line.strip()]
    if lacks_memory(log):
        return NO_MEMORY
    if code == DISK_FULL or NO_SPACE in log:
        return NO_SPACE
    if code == -_SIGKILL:
        why = "its process was killed, perhaps for lack of memory"
    elif code is not None and code < 0:
        why = f"its process was ended by signal {-code}"
    elif words:
        why = f"its process failed: {words[-1][:300]}"
    else:
        why = "its process ended without a word"
    return f"The training stopped: {why}. Nothing was saved; train again."
