"""A visitor's secret, which only their browser has, and what is kept of it: a digest.

Knows nothing of cookies.
"""

import hashlib
import re
import secrets

from classifier.rights import Visitor

_TOKEN = re.compile(r"[0-9a-f]{32}")
NOBODY = Visitor("")


def new_token() -> str:
    """A secret that nobody has yet."""
    return secrets.token_hex(16)


def is_token(text: object) -> bool:
    """Whether a browser may have got this from `new_token`."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def visitor_of(token: str, *, operator: bool = False) -> Visitor:
    """Who has this secret. What is kept of it opens nothing: nobody who reads it can act so."""
    return Visitor(hashlib.sha256(token.encode()).hexdigest()[:32], operator)
