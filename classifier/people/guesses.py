"""Wrong codes: how often a visitor, and an address, may be wrong before they have to wait.

A school shares one address: whoever mistypes there keeps nobody out who has the right code. Of an
address only a digest is stored, for ten minutes, with a salt that this process alone knows, and
changes each day.
"""

import hashlib
import secrets
import sqlite3
import time

from classifier.limits import LimitError
from classifier.rights import Visitor

OF_VISITOR, OF_ADDRESS = 20, 200  # wrong codes, within so many seconds
_WITHIN = 600.0
_salts: dict[int, bytes] = {}  # today's, by the number of the day


def check(database: sqlite3.Connection, visitor: Visitor, address: str) -> None:
    """Raise LimitError if this visitor, who comes from that address, has to wait."""
    since = time.time() - _WITHIN
    own = "SELECT count(*) FROM guess WHERE visitor = ? AND time > ?"
    wrong = database.execute(own, [visitor.digest, since]).fetchone()[0]
    if not wrong:
        return
    there = "SELECT count(*) FROM guess WHERE address = ? AND time > ?"
    wrong_there = database.execute(there, [_salted(address), since]).fetchone()[0]
    if wrong >= OF_VISITOR or wrong_there >= OF_ADDRESS:
        raise LimitError(f"Too many wrong codes came from here: wait {_WITHIN / 60:.0f} minutes.")


def note(database: sqlite3.Connection, visitor: Visitor, address: str, code: str) -> None:
    """A code was wrong. The same one by the same visitor is counted once."""
    digest = hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()
    guess = [visitor.digest, digest, _salted(address), time.time()]
    database.execute("INSERT OR IGNORE INTO guess VALUES (?, ?, ?, ?)", guess)


def forget(database: sqlite3.Connection) -> None:
    """Delete what is so old that nobody waits for it."""
    database.execute("DELETE FROM guess WHERE time <= ?", [time.time() - _WITHIN])


def _salted(address: str) -> str:
    day = int(time.time() // 86400)
    salt = _salts.setdefault(day, secrets.token_bytes(16))
    for other in set(_salts) - {day}:
        _salts.pop(other, None)
    return hashlib.sha256(salt + address.encode(errors="surrogatepass")).hexdigest()
