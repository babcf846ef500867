"""A visitor's secret, which only their browser has, and what is stored of it: a digest.

The server signs the secrets that it gives, so that nobody becomes a new visitor by making one up.
Knows nothing of cookies.
"""

import contextlib
import hashlib
import hmac
import re
import secrets
from pathlib import Path

import filelock

from classifier import config, files
from classifier.people.database import CollectionError, transaction
from classifier.rights import Visitor

_SIGNED = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})")
_FORMER = re.compile(r"[0-9a-f]{32}")  # as they were given before they were signed
_KEY_BYTES = 32
_keys: dict[Path, bytes] = {}  # by their files


def key_file() -> Path:
    """Where the key is with which secrets are signed."""
    return config.home() / "visitors.key"


def new_token() -> str:
    """A secret that nobody has yet. Raises OSError if the key cannot be written."""
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
    path = key_file()
    if path not in _keys:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):  # a second server on the same folder has the same
            if not path.exists():
                with files.written(path, mode=0o600) as file:
                    file.write(secrets.token_bytes(_KEY_BYTES))
            _keys[path] = path.read_bytes()
    return _keys[path]


def _is_stored(digest: str) -> bool:
    asked = (
        "SELECT 1 FROM drawing WHERE writer = ?1 UNION SELECT 1 FROM class WHERE host = ?1"
        " UNION SELECT 1 FROM member WHERE writer = ?1 LIMIT 1"
    )
    with contextlib.suppress(CollectionError), transaction(writing=False) as database:
        return database.execute(asked, [digest]).fetchone() is not None
    return False
