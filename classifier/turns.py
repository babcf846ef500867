"""A line before what is done for one at a time: in the order of asking, and each visitor stands in
it once, so that many wishes of one hold up others as one does. Knows nothing of what is done."""

import contextlib
import threading
from collections.abc import Iterator


class BusyError(Exception):
    """Nobody's turn has come in time; the message says what "has to wait" for whom."""


class Turns:
    """One line. Safe to share between threads."""

    def __init__(self) -> None:
        self._line: dict[object, str | None] = {}  # whose each place is, the one at work first
        self._moves = threading.Condition()

    @contextlib.contextmanager
    def turn(self, whose: str | None, patience: float, own: float) -> Iterator[None]:
        """Stand in line, and hold the turn while the body runs. Raises BusyError.

        whose: the visitor's digest; None: nobody's
        own: seconds to wait for another turn of the same visitor; patience: then for those of all
        """
        mine, line = object(), self._line
        with self._moves:
            if whose is not None and not self._moves.wait_for(
                lambda: whose not in line.values(), own
            ):
                raise BusyError("has to wait for another of yours")
            line[mine] = whose
        try:
            with self._moves:
                if not self._moves.wait_for(lambda: next(iter(line)) is mine, patience):
                    raise BusyError("has to wait for too many others")
            yield
        finally:
            with self._moves:
                del line[mine]
                self._moves.notify_all()
