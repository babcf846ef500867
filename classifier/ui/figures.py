"""What whoever runs the page sees of this server, in figures: Prometheus' text format, 0.0.4.

Counts since the server's start; from a counter a rate is made where the figures are gathered. May
be used from any thread.
"""

import math
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path

from classifier.jobs.run import RunState
from classifier.rights import OPERATOR
from classifier.ui import shared

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MOST_WATCHED = 1_000  # runs
# Name, type and meaning, and what tells the values of one name apart.
_FIGURES = {
    "digit_classifier_pages": ("gauge", "Pages that are open.", ""),
    "digit_classifier_visitors": ("gauge", "Visitors whose pages are open.", ""),
    "digit_classifier_leaving": ("gauge", "1 while the server is about to end.", ""),
    "digit_classifier_answers_total": ("counter", "Messages of boards that were answered.", ""),
    "digit_classifier_refused_total": ("counter", "Pages and files without room.", "what"),
    "digit_classifier_errors_total": ("counter", "Errors of the page that nobody foresaw.", ""),
    "digit_classifier_runs": ("gauge", "Runs of all servers that have not ended.", "state"),
    "digit_classifier_runs_ended_total": ("counter", "Runs that this server started.", "end"),
    "process_resident_memory_bytes": ("gauge", "Memory of this process.", ""),
    "process_cpu_seconds_total": ("counter", "Processor time of this process.", ""),
    "process_start_time_seconds": ("gauge", "When it began, in seconds since 1970.", ""),
}
_ENDED = (RunState.FINISHED, RunState.STOPPED, RunState.FAILED, RunState.LOST)
_counted: Counter[tuple[str, str]] = Counter()  # by name and what tells its values apart
_watched: deque[str] = deque(maxlen=_MOST_WATCHED)  # runs that have not ended, by their ids
_lock = threading.Lock()
_begun = time.time()


def count(name: str, which: str = "") -> None:
    """Count one more; the name without what all begin and end with."""
    with _lock:
        _counted[f"digit_classifier_{name}_total", which] += 1


def note_error(_error: Exception) -> None:
    """Count what a page's code has raised; Streamlit tells of it as it does."""
    count("errors")


def watch(run_id: str) -> None:
    """Count how this run ends, once it has."""
    with _lock:
        _watched.append(run_id)


def look() -> None:
    """Count the watched runs that have ended. It reads files: in no event loop."""
    with _lock:
        runs = list(_watched)
    for run_id in runs:
        run = shared.jobs().find(run_id)
        if run is not None:
            run.look()
        if run is None or run.end is not None:
            with _lock:
                if run_id in _watched:  # no other thread has counted it
                    _watched.remove(run_id)
                    state = RunState.LOST if run is None else run.state
                    _counted["digit_classifier_runs_ended_total", state.name.lower()] += 1


def text(pages: int, visitors: int, leaving: bool) -> str:
    """All figures. It reads files: in no event loop."""
    look()
    alive = shared.jobs().all(OPERATOR)
    for run in alive:
        run.look()
    states = Counter(run.state.name.lower() for run in alive if run.end is None)
    with _lock:
        counted = dict(_counted)
    values: dict[tuple[str, str], float] = {
        ("digit_classifier_pages", ""): pages,
        ("digit_classifier_visitors", ""): visitors,
        ("digit_classifier_leaving", ""): leaving,
        ("digit_classifier_answers_total", ""): 0,
        ("digit_classifier_refused_total", "page"): 0,
        ("digit_classifier_refused_total", "file"): 0,
        ("digit_classifier_errors_total", ""): 0,
        ("digit_classifier_runs", "waiting"): states["waiting"],
        ("digit_classifier_runs", "running"): states["running"],
        **{("digit_classifier_runs_ended_total", one.name.lower()): 0 for one in _ENDED},
        ("process_resident_memory_bytes", ""): _memory(),
        ("process_cpu_seconds_total", ""): time.process_time(),
        ("process_start_time_seconds", ""): _begun,
    } | counted
    return "\n".join(_lines(values)) + "\n"


def _lines(values: dict[tuple[str, str], float]) -> Iterable[str]:
    for name, (kind, meaning, label) in _FIGURES.items():
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} {kind}"
        for (whose, which), value in values.items():
            if whose == name:
                told = f'{{{label}="{which}"}}' if label else ""
                yield f"{name}{told} {value:.17g}"


def _memory() -> float:
    """Bytes that the process has in memory; NaN where the system has no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return math.nan
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
