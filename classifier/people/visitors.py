"""A visitor's secret, which only their browser has, and what is stored of it: a digest.

The server signs the secrets that it gives, so that nobody becomes a new visitor by making one up.
Knows nothing of cookies.
"""

import contextlib
import errno
import hashlib
import hmac
import os
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


def key_problem() -> str:
    """What is wrong with the key, for whoever runs the page; "" if nothing is."""
    if key_file() in _keys or not os.path.lexists(key_file()):
        return ""
    try:
        _stored_key()
    except OSError as error:
        return (
            f"Visitors cannot be told apart: {key_file().name} cannot be used ({error.strerror}). "
            "Put back that of a backup, or delete it, and all visitors are new."
        )
    return ""


def adopt_key(key: bytes) -> None:
    """Know the visitors who were given their secrets elsewhere, with this key, if there is none
    here yet. Raises ValueError if it is none, or OSError."""
    if len(key) < _KEY_BYTES:
        raise ValueError(f"{key_file().name} is too short for a key: its visitors are new here.")
    _key_or(key)


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
    path = key_file()
    if path not in _keys:
        _keys[path] = _key_or(secrets.token_bytes(_KEY_BYTES))
    return _keys[path]


def _key_or(new: bytes) -> bytes:
    """The key that is stored; where there is none, this one from now on. Raises OSError."""
    path = key_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with filelock.FileLock(f"{path}.lock"):  # a second server on the same folder has the same
        key = _stored_key()
        if not key:
            with files.written(path, mode=0o600) as file:
                file.write(new)
        return key or new


def _stored_key() -> bytes:
    """The key in its file; empty where there is none, or nothing in it, as a full disk leaves it.
    Raises OSError, also for what is too short: anybody could find such a key, and sign with it."""
    try:
        key = files.content(key_file())
    except FileNotFoundError:
        return b""
    if 0 < len(key) < _KEY_BYTES:
        raise OSError(errno.EINVAL, "it is too short for a key", str(key_file()))
    return key


def _is_stored(digest: str) -> bool:
    asked = (
        "SELECT 1 FROM drawing WHERE writer = ?1 UNION SELECT 1 FROM class WHERE host = ?1"
        " UNION SELECT 1 FROM member WHERE writer = ?1 LIMIT 1"
    )
    with contextlib.suppress(CollectionError), transaction(writing=False) as database:
        return database.execute(asked, [digest]).fetchone() is not None
    return False
