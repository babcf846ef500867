"""The templates of digits and of other drawings, read from `templates.toml`.

Knows the file, and `curves` their notation; nothing of hands and of pixels.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from classifier.config import CLASSES
from classifier.synthetic import curves

_MOST_WEIGHT = 1000
_LONGEST = 80  # letters of a name, or of where it is found
_MOST_BYTES = 1_000_000  # of a file
_OTHERS = ("letters", "symbols", "shapes")


@dataclass(frozen=True)
class Variant:
    """One of the ways to write a digit.

    name: in a teacher's words; no other variant of the digit has it
    weight: how often it is written, beside the digit's others, above 0
    strokes: in the notation of `curves`; found: where or by whom it is typical, "" if unknown
    """

    digit: int
    name: str
    weight: float
    strokes: str
    found: str = ""


@dataclass(frozen=True)
class Templates:
    """All that a file of templates has.

    digits: the variants of each digit 0–9, at least one, the plainest first
    letters, symbols, shapes: one drawing each, in the notation of `curves`
    """

    digits: Mapping[int, tuple[Variant, ...]]
    letters: tuple[str, ...]
    symbols: tuple[str, ...]
    shapes: tuple[str, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All variants of 0, then of 1, and so on."""
        return tuple(variant for digit in self.digits.values() for variant in digit)

    def find(self, digit: int, name: str) -> Variant:
        """The variant of a digit with this name. Raises ValueError if there is none such."""
        variants = self.digits.get(digit, ())
        for variant in variants:
            if variant.name == name:
                return variant
        names = [f"“{variant.name}”" for variant in variants]
        known = f"those of {digit} are {', '.join(names)}" if names else "digits are 0 to 9"
        raise ValueError(f"There is no variant “{name}” of {digit}: {known}.")


@cache
def load() -> Templates:
    """The templates that come with this program, read once."""
    return read(Path(__file__).with_name("templates.toml"))


def read(path: Path) -> Templates:
    """A file of templates. Raises ValueError that names the place in it, or OSError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        return _checked(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:  # also of what is no TOML, or no UTF-8
        raise ValueError(f"{path.name} is not a file of templates: {error}.") from None


def _checked(content: dict[str, Any]) -> Templates:
    _check_keys(content, {"digits", *_OTHERS}, set(), "it")
    digits = content["digits"]
    if not isinstance(digits, dict):
        raise ValueError("digits must be tables, [[digits.0]] to [[digits.9]]")
    known = [str(digit) for digit in range(CLASSES)]
    unknown = [name for name in digits if name not in known]
    if unknown:
        raise ValueError(f"it has variants of “{unknown[0]:.40}”, which is no digit from 0 to 9")
    return Templates(
        {digit: _checked_variants(digit, digits.get(name)) for digit, name in enumerate(known)},
        *(_checked_drawings(kind, content[kind]) for kind in _OTHERS),
    )


def _checked_variants(digit: int, entries: object) -> tuple[Variant, ...]:
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"it has no variants of digit {digit}, [[digits.{digit}]]")
    variants = tuple(
        _checked_variant(digit, number, entry) for number, entry in enumerate(entries, 1)
    )
    name, count = Counter(variant.name for variant in variants).most_common(1)[0]
    if count > 1:
        raise ValueError(f"digit {digit} has {count} variants with the name “{name}”")
    return variants


def _checked_variant(digit: int, number: int, entry: object) -> Variant:
    place = f"variant {number} of digit {digit}"
    if not isinstance(entry, dict):
        raise ValueError(f"{place} must be a table, [[digits.{digit}]]")
    _check_keys(entry, {"name", "weight", "strokes"}, {"found"}, place)
    name, weight, found = entry["name"], entry["weight"], entry.get("found", "")
    if not _are_words(name) or not name:
        raise ValueError(f"the name of {place} must be some words, not {name!r:.80}")
    place = f"digit {digit}, “{name}”"
    if not _are_words(found):
        raise ValueError(f"{place}: found must be words, not {found!r:.80}")
    number_given = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not number_given or not 0 < weight <= _MOST_WEIGHT:
        raise ValueError(
            f"{place}: weight must be a number above 0, not {weight!r:.40}, and at most "
            f"{_MOST_WEIGHT}"
        )
    return Variant(digit, name, weight, _checked_strokes(place, entry["strokes"]), found)


def _are_words(given: object) -> TypeGuard[str]:
    """Whether this is text that fits in a line, with nothing in it that is not seen."""
    if not isinstance(given, str) or len(given) > _LONGEST:
        return False
    return given == given.strip() and given.isprintable()


def _checked_drawings(kind: str, entries: object) -> tuple[str, ...]:
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{kind} must be a list of drawings, and at least one")
    return tuple(_checked_strokes(f"{kind}, {i}", one) for i, one in enumerate(entries, 1))


def _checked_strokes(place: str, strokes: object) -> str:
    if not isinstance(strokes, str):
        raise ValueError(f"{place}: strokes must be text, not {strokes!r:.80}")
    try:
        curves.split(strokes)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return strokes


def _check_keys(table: dict[str, Any], needed: set[str], allowed: set[str], place: str) -> None:
    for missing in sorted(needed - set(table)):
        raise ValueError(f"{place} has no {missing}")
    for unknown in sorted(set(table) - needed - allowed):
        raise ValueError(f"{place} has “{unknown:.40}”, which is unknown")
