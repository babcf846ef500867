"""What is wrong with a PostgreSQL database, in words. They name the setting and the way out, and
neither the database's address nor its password: whoever visits the page reads them."""

import re

import psycopg

from classifier.database.interface import SETTING

AWAY = (
    f"The database that {SETTING} names does not answer: try again in a moment. If that does not "
    "help, see that it runs, and that its address is right."
)
BUSY = "Too many want to write into the database now: try again in a moment."
NEWER = (
    "The database was written by a newer version of this program: use that one, or name another "
    f"database with {SETTING}."
)
NO_URL = (
    f"{SETTING} is no address of a PostgreSQL database: write it as "
    "postgresql://user:password@machine/database."
)
_WRONG_PART = (
    f"A part of the address in {SETTING} is none that a database takes, such as its port or its "
    "sslmode: put it right."
)
_REFUSED = f"The database refuses the user or the password: put them right in {SETTING}."
_UNKNOWN = f"There is no database of the name that {SETTING} has: create it, or name another."
_FULL = "The disk of the database is full: free some space there."
_READ_ONLY = (
    f"The database cannot be written: give the user in {SETTING} the right to, or name another."
)
_TAKEN = f"The database that {SETTING} names takes no more connections: allow it more."
# SQLSTATE, or how it begins -> what to say.
_STATES = {
    "08": AWAY,
    "25006": _READ_ONLY,
    "28": _REFUSED,
    "3D": _UNKNOWN,
    "40": BUSY,
    "42501": _READ_ONLY,
    "53100": _FULL,
    "53300": _TAKEN,
    "55P03": BUSY,
    "57": AWAY,
}
# What the database says while a connection is made, which comes without an SQLSTATE.
_SAID = {
    r"connection is bad: invalid": _WRONG_PART,
    r"authentication failed|no password supplied|role .* does not exist|pg_hba": _REFUSED,
    r"database .* does not exist": _UNKNOWN,
    r"too many (clients|connections)|remaining connection slots": _TAKEN,
    r"No space left": _FULL,
}


def explained(error: psycopg.Error) -> str:
    """What an error means to whoever reads it on the page."""
    state = error.sqlstate or ""
    for begins, sentence in _STATES.items():
        if state.startswith(begins):
            return sentence
    for pattern, sentence in _SAID.items():
        if re.search(pattern, str(error)):
            return sentence
    if isinstance(error, psycopg.OperationalError):
        return AWAY
    return f"The database that {SETTING} names cannot be used ({type(error).__name__})."
