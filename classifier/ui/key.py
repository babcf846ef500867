"""The operator's key, which the environment names and which opens what only they may see.

Knows nothing of who shows it, nor of what it opens.
"""

import hmac
import os

KEY = "DIGIT_CLASSIFIER_KEY"  # in the environment, or in .streamlit/secrets.toml
SHORTEST = 12  # characters of a key: a shorter one could be guessed
MOST_GUESSES, WITHIN = 10, 600.0  # of one visitor or address, in so many seconds


def opens(asked: str) -> bool:
    """Whether this is the key; nothing is where none is set, or one that is too short."""
    key = os.environ.get(KEY, "")
    return len(key) >= SHORTEST and hmac.compare_digest(
        asked.encode("utf-8", "replace"), key.encode()
    )
