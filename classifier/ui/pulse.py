"""The pages of a class's members are drawn anew as soon as something of the class changes that they
show, whichever server changed it.

One thread looks at the store for all pages of this server, and only while there are such pages: it
costs the same for one as for a hundred. Knows nothing of what a page shows.
"""

import threading

from streamlit import runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx

from classifier.database.interface import CollectionError
from classifier.people import classroom

_EVERY = 0.2  # seconds between two looks


class Pulse:
    """Which pages show which class. Its methods may be called from any session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, int] = {}  # numbers of their classes, by Streamlit's ids of sessions
        self._marks: dict[int, str] = {}  # of the classes, as they were seen last
        self._thread: threading.Thread | None = None
        self._changes = threading.Event()  # this server has changed a class

    def follow(self, number: int) -> None:
        """Draw this page anew when the class of that number changes, until it closes or follows
        another."""
        context = get_script_run_ctx()
        if context is None or not runtime.exists():
            return
        with self._lock:
            self._pages[context.session_id] = number
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="pulse", daemon=True)
                self._thread.start()

    def hurry(self) -> None:
        """Look at once: this server has changed a class."""
        self._changes.set()

    def _watch(self) -> None:
        while True:
            self._changes.wait(_EVERY)
            self._changes.clear()
            with self._lock:
                open_pages = {one: _session(one) for one in self._pages}
                self._pages = {one: self._pages[one] for one, page in open_pages.items() if page}
                if not self._pages:
                    self._thread = None
                    self._marks.clear()
                    return
                pages = dict(self._pages)
            for one in self._changed(set(pages.values())):
                for session_id, number in pages.items():
                    if number == one and (page := open_pages[session_id]):
                        _draw_anew(page)

    def _changed(self, numbers: set[int]) -> list[int]:
        """Those classes that are others than at the last look."""
        try:
            marks = classroom.marks(numbers)
        except CollectionError:
            return []  # which the pages tell by themselves
        before, self._marks = self._marks, marks
        return [one for one in numbers & before.keys() if before[one] != marks.get(one)]


def _session(session_id: str) -> AppSession | None:
    return runtime.get_instance().get_app_session(session_id) if runtime.exists() else None


def _draw_anew(page: AppSession) -> None:
    """As Streamlit does after a change of its sources."""
    page._call_soon_on_event_loop(lambda: page.request_rerun(page._client_state))
