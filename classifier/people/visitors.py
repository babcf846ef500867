"""A visitor's secret, which only their browser has, and what is stored of it: a digest.

The server signs the secrets that it gives, so that nobody becomes a new visitor by making one up.
Knows nothing of cookies.
"""

import contextlib
import errno
import hashlib
import hmac
import re
import secrets

from classifier.database import transactions
from classifier.database.interface import KEY, CollectionError
from classifier.database.transactions import transaction
from classifier.rights import Visitor

_SIGNED = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})")
_FORMER = re.compile(r"[0-9a-f]{32}")  # as they were given before they were signed
_KEY_BYTES = 32
_keys: dict[str, bytes] = {}  # by their stores


def key_problem() -> str:
    """What is wrong with the key, for whoever runs the page; "" if nothing is."""
    try:
        if transactions.engine().where not in _keys:
            stored_key()
    except CollectionError as error:
        return str(error)
    except OSError as error:
        return (
            f"Visitors cannot be told apart: {KEY} cannot be used ({error.strerror}). "
            "Put back that of a backup, or delete it, and all visitors are new."
        )
    return ""


def is_key_known() -> bool:
    """Whether this server has the key, and so has used the store before."""
    try:
        return transactions.engine().where in _keys
    except CollectionError:
        return False


def adopt_key(key: bytes) -> None:
    """Know the visitors who were given their secrets elsewhere, with this key, if there is none
    here yet. Raises ValueError if it is none, OSError or CollectionError."""
    if len(key) < _KEY_BYTES:
        raise ValueError(f"{KEY} is too short for a key: its visitors are new here.")
    stored_key(key)


def new_token() -> str:
    """A secret that nobody has yet. Raises OSError if the key cannot be read or written."""
    random = secrets.token_hex(16)
    return f"{random}-{_signature(random)}"


def is_token(text: object) -> bool:
    """Whether this server has given this secret. One of before they were signed counts if
    something is stored for it."""
    if not isinstance(text, str):
        return False
    if found := _SIGNED.fullmatch(text):
        with contextlib.suppress(OSError):
            return hmac.compare_digest(found[2], _signature(found[1]))
        return False
    return _FORMER.fullmatch(text) is not None and _is_stored(visitor_of(text).digest)


def visitor_of(token: str, *, operator: bool = False) -> Visitor:
    """Who has this secret. What is stored of it opens nothing: nobody who reads it can act so."""
    return Visitor(hashlib.sha256(token.encode()).hexdigest()[:32], operator)


def _signature(random: str) -> str:
    return hmac.new(_key(), random.encode(), hashlib.sha256).hexdigest()[:32]


def _key() -> bytes:
    """The key, a new one where there is none. Raises OSError."""
    try:
        where = transactions.engine().where
        if where not in _keys:
            _keys[where] = stored_key(secrets.token_bytes(_KEY_BYTES))
    except CollectionError as error:
        raise OSError(str(error)) from error
    return _keys[where]


def stored_key(new: bytes = b"") -> bytes:
    """The key with which secrets are signed; where there is none, `new` from now on. Raises
    CollectionError, or OSError, also for what is too short: anybody could find such a key, and
    sign with it."""
    key = transactions.engine().key(new)
    if 0 < len(key) < _KEY_BYTES:
        raise OSError(errno.EINVAL, "it is too short for a key", KEY)
    return key


def _is_stored(digest: str) -> bool:
    asked = (
        "SELECT 1 FROM drawing WHERE writer = ? UNION SELECT 1 FROM class WHERE host = ?"
        " UNION SELECT 1 FROM member WHERE writer = ? LIMIT 1"
    )
    with contextlib.suppress(CollectionError), transaction(writing=False) as database:
        return database.execute(asked, [digest] * 3).fetchone() is not None
    return False
