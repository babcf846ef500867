"""What a wall's browser has of a class's drawings, so that only what is new is sent.

The browser confirms each message by its number; what it lost, as after a reload, is sent again.
Knows nothing of Streamlit, nor of how a drawing is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

PORTION = 40  # drawings that one message brings


@dataclass(frozen=True)
class News:
    """What a wall lacks.

    base: the message on which this one builds, 0: on nothing; revision: its own number
    come, gone: numbers of drawings
    """

    base: int
    revision: int
    come: list[int]
    gone: list[int]


@dataclass
class Told:
    """What one browser was told. It confirms one message before it gets the next."""

    _had: set[int] = field(default_factory=set)  # as of the message that it confirmed last
    _base: int = 0
    _number: int = 0  # of the newest message
    _pending: News | None = None

    def confirm(self, revision: object) -> None:
        """The browser has what this message brought, and all before it."""
        if self._pending is not None and revision == self._pending.revision:
            self._had = self._had - {*self._pending.gone} | {*self._pending.come}
            self._base, self._pending = self._pending.revision, None
        elif revision != self._base:  # it begins anew, or says what no wall says
            self._had, self._base, self._pending = set(), 0, None

    def news(self, wanted: Sequence[int]) -> News:
        """What it lacks of these drawings, oldest first: the same again until it is confirmed."""
        if self._pending is None:
            come = [one for one in wanted if one not in self._had][-PORTION:]
            gone = sorted(self._had - {*wanted})
            if not come and not gone:
                return News(self._base, self._base, [], [])
            self._number += 1
            self._pending = News(self._base, self._number, come, gone)
        return self._pending
