"""Wrong codes: how often a visitor, and an address, may be wrong before they have to wait.

A school shares one address: whoever mistypes there keeps nobody out who has the right code. Of an
address only a digest is stored, for ten minutes, with a salt that changes each day and that no disk
has for longer: see `Transaction.salt`.
"""

import hashlib

from classifier.database.interface import Transaction
from classifier.limits import LimitError
from classifier.rights import Visitor

OF_VISITOR, OF_ADDRESS = 20, 200  # wrong codes, within so many seconds
_WITHIN = 600.0


def check(database: Transaction, visitor: Visitor, address: str) -> None:
    """Raise LimitError if this visitor, who comes from that address, has to wait."""
    since = database.now() - _WITHIN
    own = "SELECT count(*) FROM guess WHERE visitor = ? AND time > ?"
    wrong = database.execute(own, [visitor.digest, since]).fetchone()[0]
    if not wrong:
        return
    there = "SELECT count(*) FROM guess WHERE address = ? AND time > ?"
    wrong_there = database.execute(there, [_salted(database, address), since]).fetchone()[0]
    if wrong >= OF_VISITOR or wrong_there >= OF_ADDRESS:
        raise LimitError(f"Too many wrong codes came from here: wait {_WITHIN / 60:.0f} minutes.")


def note(database: Transaction, visitor: Visitor, address: str, code: str) -> None:
    """A code was wrong. The same one by the same visitor is counted once."""
    digest = hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()
    guess = [visitor.digest, digest, _salted(database, address), database.now()]
    database.execute("INSERT INTO guess VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", guess)


def forget(database: Transaction) -> None:
    """Delete what is so old that nobody waits for it."""
    database.execute("DELETE FROM guess WHERE time <= ?", [database.now() - _WITHIN])


def _salted(database: Transaction, address: str) -> str:
    salt = database.salt(int(database.now() // 86400))
    return hashlib.sha256(salt + address.encode(errors="surrogatepass")).hexdigest()
