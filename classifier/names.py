"""Names of models: those that are allowed, those made for a run, and how the page writes them.

A name is a folder's and the shell's; a title is for the reader.
"""

import calendar
import datetime
import re
from typing import TypeGuard

LONGEST_NAME = 64  # characters
SHIPPED_DETECTOR, SHIPPED_ARTICLE = "shipped-detector", "shipped-dense"
SHIPPED_PAIRS = "shipped-pairs"
# What the shipped models were called once, which is what networks are called.
FORMER = {"conv": "shipped-deep", "dense": SHIPPED_ARTICLE, "detector": SHIPPED_DETECTOR}

# Windows refuses these as file names, with or without an extension.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)}
_GOOD = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_NAME - 1}}}(?<!\.)")
_MADE = re.compile(
    r"([a-z]+)-(mnist|generated)-(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-([01]\d|2[0-3])([0-5]\d)"
    r"(?:-(\d+))?"
)
_SOURCES = {"mnist": "MNIST", "generated": "generated digits"}
_TITLE = re.compile(r"\w[\w ,.’'()-]*")


def check_name(name: str) -> str:
    """Return `name` if it can name a model's folder on every file system.

    Allowed: 1 to 64 of the letters a–z, digits, dot, hyphen and underscore, beginning with a
    letter or digit, not ending with a dot, and no device name of Windows. Lower case alone,
    since some file systems do not tell the cases apart; nothing that a page would make a link of.
    Raises ValueError otherwise.
    """
    good = isinstance(name, str) and _GOOD.fullmatch(name) and name.split(".")[0] not in _RESERVED
    good = good and "www." not in name
    if not good:
        raise ValueError(
            f"{name!r} cannot name a model: use 1 to {LONGEST_NAME} of a–z, 0–9, '-', '_' and '.', "
            "beginning with a letter or digit and not ending with a dot."
        )
    return name


def check_title(title: str) -> str:
    """Return `title` if it is one line of plain words, at most as long as a name. Raises
    ValueError."""
    if not _is_title(title):
        raise ValueError(
            f"title is {title!r}: use 1 to {LONGEST_NAME} letters, digits, spaces and simple marks."
        )
    return title


def _is_title(title: object) -> TypeGuard[str]:
    return isinstance(title, str) and len(title) <= LONGEST_NAME and bool(_TITLE.fullmatch(title))


def made(network: str, source: str, now: datetime.datetime) -> str:
    """The name for a run's model that was given none, such as `dense-mnist-1123-1542`."""
    return f"{network}-{source}-{now:%m%d-%H%M}"


def title(name: str, told: object, today: datetime.date) -> str:
    """What the page calls a model. A name that a person chose stays as it is. One that `made` gave
    becomes "dense, MNIST, 15:42", with the day before the time if that is not today.

    told: the run's own title, such as an experiment's, in place of network and data; passed over
        where `check_title` would refuse it
    """
    match = _MADE.fullmatch(name)
    if match is None:
        return name
    network, source, month, day, hour, minute, number = match.groups()
    words = [told if _is_title(told) else f"{network}, {_SOURCES[source]}"]
    if (int(month), int(day)) != (today.month, today.day):
        words.append(f"{int(day)} {calendar.month_abbr[int(month)]}")
    words.append(f"{hour}:{minute}" + (f" ({number})" if number else ""))
    return ", ".join(words)
