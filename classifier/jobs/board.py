"""What page servers with one database tell each other of their runs and sweeps: which there are,
what they say, and which shall stop.

One thread of each server writes what is new of its own, and reads what the others wrote. So no page
waits for the database, and while that is away the last that was known counts. As long as a server
is there it renews its rows' beat, by the database's clock. Knows nothing of how runs and sweeps are
carried out, nor of what they say.
"""

import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from classifier.database.interface import CollectionError, Transaction
from classifier.database.transactions import transaction
from classifier.jobs.queue import Claim

RUN, SWEEP = "run", "sweep"
_EVERY = 0.5  # seconds between two looks
_BEAT = 2.0  # seconds between two beats
_GONE = 15.0  # seconds without one, after which a server counts as gone
_ANSWER = 3.0  # seconds for which a page waits once for the first look
_FRESH = 1.0  # seconds for which it waits for another one
_KEPT = 200  # runs that have ended, and as many sweeps
_READ_FOR = 120.0  # seconds after which what nobody asked for again is not read any more
_MOST_READ = 2_000_000  # bytes of what one says; then nothing passing is added
_ENTERED = 2  # the number of what is said of one that has not begun yet
_COLUMNS = "id, kind, owner, host, sweep, server, beat, said, stop, ended, why"


@dataclass(frozen=True)
class Job:
    """A run or a sweep, as the database has it.

    said: the number of the last that it has said; stop: whether it was asked to
    is_on: whether it has not ended, and its server is there; why: it ended without a last word
    """

    id: str
    kind: str
    claim: Claim
    server: str
    said: int
    stop: bool
    ended: bool
    is_on: bool
    why: str


@dataclass(frozen=True)
class News:
    """What one says: what lasts, then what is passing, of which the newest alone is kept; and
    whether it has ended, why if it does not say so itself."""

    lasting: bytes = b""
    passing: bytes = b""
    ended: bool = False
    why: str = ""


@dataclass
class Own:
    """A run or sweep of this server, for the board's thread.

    news: what is new, if anything; stop: is called when it is asked to, by whomever
    said: the number of the last that is confirmed; pending: what is not yet
    """

    id: str
    news: Callable[[], News | None]
    stop: Callable[[], object] = lambda: None
    said: int = _ENTERED
    pending: News | None = None
    is_stopping: bool = False


@dataclass
class Reader:
    """What a run or sweep has said, as far as it is read here. asked: when somebody wanted it."""

    id: str
    content: bytearray = field(default_factory=bytearray)
    said: int = 0  # the number of the last
    asked: float = field(default_factory=time.monotonic)


class Board:
    """A page server's view of the database. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self.jobs: Mapping[str, Job] = {}  # by id, in the order of their coming
        self.trouble = ""  # why the database does not answer
        self._server = secrets.token_hex(8)
        self._own: dict[str, Own | None] = {}  # None: it is about to begin
        self._stops: set[str] = set()  # that were asked for here
        self._readers: dict[str, Reader] = {}
        self._lock = threading.Lock()  # of whoever looks
        self._back_since = -float("inf")  # since when it answers after it was away
        self._beaten = -float("inf")
        self._wake, self._first = threading.Event(), threading.Event()
        self._waiting: list[threading.Event] = []  # who wants a look that begins from now on
        self._is_closed = False
        self._begun = time.monotonic()
        threading.Thread(target=self._live, name="board", daemon=True).start()

    def close(self) -> None:
        """Tell and hear nothing more."""
        self._is_closed = True
        self._wake.set()

    # For pages

    def known(self) -> Mapping[str, Job]:
        """All that there are, as they were last seen; waits for the first look, once."""
        self._first.wait(max(self._begun + _ANSWER - time.monotonic(), 0.0))
        return self.jobs

    def on(self, kind: str, owner: str = "*") -> list[str]:
        """Those that are on, by their ids, of this visitor or of all."""
        return [
            job.id
            for job in self.known().values()
            if job.kind == kind and job.is_on and owner in ("*", job.claim.owner)
        ]

    def find(self, job_id: str) -> Job | None:
        """That one; waits a moment for the next look if it is none of the last."""
        if job_id not in self.known() and not self.trouble:
            looked = threading.Event()
            self._waiting.append(looked)
            self._wake.set()
            looked.wait(_FRESH)
        return self.jobs.get(job_id)

    def stop(self, job_id: str) -> None:
        """Have it asked to stop, by the server that carries it out."""
        self._stops.add(job_id)
        self._wake.set()

    def is_stopping(self, job_id: str) -> bool:
        """Whether it was asked to stop."""
        return job_id in self._stops or (job_id in self.jobs and self.jobs[job_id].stop)

    def reader(self, job_id: str) -> Reader:
        """What it says, read from now on."""
        return self._readers.setdefault(job_id, Reader(job_id))

    def read(self, reader: Reader) -> bytearray:
        """All that was read of it so far."""
        reader.asked = time.monotonic()
        self._readers[reader.id] = reader
        return reader.content

    # For who carries out

    def enter(
        self,
        kind: str,
        job_id: str,
        claim: Claim,
        check: Callable[[], None],
        record: bytes = b"",
    ) -> None:
        """Write down that this server is about to begin one, of which this is known, if `check`,
        while nobody else enters, finds that there is room. A former sweep of the same owner is let
        go of. Raises CollectionError, and what `check` does."""
        self._own.setdefault(job_id, None)
        with self._lock, transaction() as database:
            self._read(database)
            check()
            row = (job_id, kind, claim.owner, int(claim.host), claim.sweep, self._server)
            columns = ["id", "kind", "owner", "host", "sweep", "server", "beat"]
            database.add("job", columns, [(*row, database.now())])
            self._tell(database, job_id, _ENTERED, News(passing=record))
            database.execute(
                "DELETE FROM job WHERE kind = ? AND (ended = 1 OR beat < ?) AND (came <="
                " (SELECT came FROM job WHERE kind = ? ORDER BY came DESC LIMIT 1 OFFSET ?)"
                " OR (kind = ? AND owner = ?))",
                [kind, database.now() - _GONE, kind, _KEPT, SWEEP, claim.owner],
            )
            self._read(database)

    def carry(self, own: Own) -> None:
        """Tell of one that was entered and has begun, until it has ended."""
        self._own[own.id] = own
        self._wake.set()

    def forget(self, job_id: str) -> None:
        """It has not begun."""
        self._own.pop(job_id, None)

    def is_own(self, job_id: str = "") -> bool:
        """Whether this server carries that one out, or any, and the database has not its end."""
        return job_id in self._own if job_id else bool(self._own)

    # In the thread

    def _live(self) -> None:
        while not self._is_closed:
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            try:
                with self._lock:
                    self._look()
            except Exception as error:  # whatever it is, what this server carries out goes on
                foreseen = isinstance(error, CollectionError)
                said = str(error) if foreseen else f"{type(error).__name__}: {error}"
                if said != self.trouble:  # whoever started the server should know
                    print(f"Digit Classifier: {said}", file=sys.stderr, flush=True)
                self.trouble = said
            self._first.set()
            for looked in waiting:
                looked.set()
            self._wake.wait(_EVERY)

    def _look(self) -> None:
        """Write what is new of this server's, and read what the others wrote."""
        own = [one for one in list(self._own.values()) if one is not None]
        for one in own:
            one.pending = one.pending or one.news()
        told = [(one, one.pending) for one in own if one.pending]
        stops = set(self._stops)
        never = [
            job.id
            for job in self.jobs.values()
            if job.server == self._server and not job.ended and job.id not in self._own
        ]
        beat = bool(self._own) and time.monotonic() > self._beaten + _BEAT
        with transaction(writing=bool(told or stops or never or beat)) as database:
            kept = [self._tell(database, one.id, one.said + 2, news) for one, news in told]
            for job_id in stops:
                database.execute("UPDATE job SET stop = 1 WHERE id = ?", [job_id])
            for job_id in never:
                database.execute("DELETE FROM job WHERE id = ?", [job_id])
            if beat:
                database.execute(
                    "UPDATE job SET beat = ? WHERE server = ? AND ended = 0",
                    [database.now(), self._server],
                )
            self._read(database)
        # Now it is confirmed; before, all of it would be told once more.
        if beat:
            self._beaten = time.monotonic()
        self._stops -= stops
        for (one, news), is_kept in zip(told, kept, strict=True):
            one.said, one.pending = one.said + 2, None
            if news.ended or not is_kept:
                self.forget(one.id)
        for one in own:
            if not one.is_stopping and self.is_stopping(one.id):
                one.is_stopping = True
                one.stop()

    def _tell(self, database: Transaction, job_id: str, number: int, news: News) -> bool:
        """Write what one has said, up to this number; whether it is kept."""
        changed = database.execute(
            "UPDATE job SET said = ?, ended = ?, why = ? WHERE id = ?",
            [number, int(news.ended), news.why, job_id],
        )
        if changed.rowcount:
            database.execute("DELETE FROM job_said WHERE job = ? AND passing = 1", [job_id])
            rows = [(number - 1, 0, news.lasting), (number, 1, news.passing)]
            columns = ["job", "number", "passing", "content"]
            database.add("job_said", columns, [(job_id, *row) for row in rows if row[-1]])
        return bool(changed.rowcount)

    def _read(self, database: Transaction) -> None:
        if self.trouble:
            self.trouble, self._back_since = "", time.monotonic()
        # While the database was away nobody's beat could come.
        waited = time.monotonic() - self._back_since > _GONE
        oldest = database.now() - _GONE if waited else -float("inf")
        jobs = {}
        for row in database.execute(f"SELECT {_COLUMNS} FROM job ORDER BY came"):
            job_id, kind, owner, host, sweep, server, beat, said, stop, ended, why = row
            is_on = not ended and (beat > oldest or server == self._server)
            claim = Claim(owner, bool(host), sweep=sweep)
            jobs[job_id] = Job(
                job_id, kind, claim, server, said, bool(stop), bool(ended), is_on, why
            )
            if kind == SWEEP:  # pages find one at once, with its record
                self.read(self.reader(job_id))
        for reader in list(self._readers.values()):
            job = jobs.get(reader.id)
            if job is None or time.monotonic() - reader.asked > _READ_FOR:
                self._readers.pop(reader.id, None)
            elif job.said > reader.said:
                asked = "SELECT passing, content FROM job_said WHERE job = ? AND number > ?"
                asked += " AND octet_length(content) <= ?"
                values = [job.id, reader.said, _MOST_READ]
                found = database.execute(f"{asked} ORDER BY number", values)
                for passing, content in found:
                    if job.kind == SWEEP:
                        reader.content = bytearray(content)
                    elif not passing or len(reader.content) < _MOST_READ:
                        reader.content += content
                reader.said = job.said
        self.jobs = jobs
        self._first.set()
