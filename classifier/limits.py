"""How much one visitor, and all together, may take of a page that many share.

Each is a setting of whoever operates it: `DIGIT_CLASSIFIER_` and its name in capitals, in the
environment or at the top of `.streamlit/secrets.toml`. Knows nothing of what is counted.
"""

import dataclasses
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any


class LimitError(ValueError):
    """More was asked for than one may have; the message says how much that is."""


def _of(standard: int, what: str) -> Any:
    return dataclasses.field(default=standard, metadata={"what": what})


@dataclass(frozen=True)
class Limits:
    """What is allowed; 0 allows none.

    Raises ValueError, naming the setting and its value, if one is below 0.
    """

    pages: int = _of(300, "pages that may be open at a time")
    pages_of_address: int = _of(150, "of these, from one address, such as a school's")
    visitors_a_minute: int = _of(60, "new visitors from one address in a minute")
    uploaded_megabytes: int = _of(200, "megabytes that one visitor may upload in ten minutes")
    run_seconds: int = _of(600, "seconds that one run may train")
    run_epochs: int = _of(500, "epochs that one run may ask for")
    runs: int = _of(1, "runs of one visitor that wait or train")
    sweep_runs: int = _of(12, "runs of one sweep")
    sweep_seconds: int = _of(1_800, "seconds of training after which a sweep begins no more runs")
    runs_total: int = _of(20, "runs that wait or train, but those of classes' hosts")
    models: int = _of(20, "saved models of one visitor")
    models_total: int = _of(500, "saved models of all visitors")
    pictures_a_minute: int = _of(20, "pictures and files that one visitor may bring in a minute")
    drawings: int = _of(2_000, "drawings in one visitor's own collection")
    drawings_a_minute: int = _of(60, "drawings that one visitor may keep or send in a minute")
    drawings_total: int = _of(200_000, "drawings of all; the last half is for classes")
    classes: int = _of(4, "classes that one host may have open")
    classes_total: int = _of(60, "classes that may be open")
    class_hours: int = _of(8, "hours for which a class's code lets people in")
    class_members: int = _of(100, "members of one class")
    class_drawings: int = _of(300, "drawings that one member may send to a class")
    stored_megabytes: int = _of(5_000, "megabytes that all may store; the last half is for classes")
    leave_seconds: int = _of(30, "seconds that a server that is asked to end may take")

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value < 0:
                raise ValueError(f"{variable(name)} is {value}: it must be a whole number from 0.")


class Rate:
    """How much each of many does within some seconds. Safe to share between threads."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._times: dict[str, deque[tuple[float, float]]] = {}  # when, and how much
        self._lock = threading.Lock()

    def take(self, whose: str, most: float, amount: float = 1) -> bool:
        """Count so much more, unless that would be too much; whether it was counted."""
        now = time.monotonic()
        with self._lock:
            for other, times in list(self._times.items()):
                while times and times[0][0] < now - self._seconds:
                    times.popleft()
                if not times:
                    del self._times[other]
            if sum(much for _, much in self._times.get(whose, ())) + amount > most:
                return False
            self._times.setdefault(whose, deque()).append((now, amount))
            return True


def variable(name: str) -> str:
    """What the setting of this name is called in the environment."""
    return f"DIGIT_CLASSIFIER_{name.upper()}"


def current() -> Limits:
    """The limits that hold now. Raises ValueError if one that is set is no whole number from 0."""
    chosen: dict[str, int] = {}
    for field in dataclasses.fields(Limits):
        text = os.environ.get(variable(field.name), "").strip()
        if text:
            try:
                chosen[field.name] = int(text)
            except ValueError:
                raise ValueError(
                    f"{variable(field.name)} is {text[:40]!r}: it must be a whole number from 0."
                ) from None
    return Limits(**chosen)
