"""JSON that may come from anywhere, and its values as dataclasses, checked against the types of
their fields. Knows none of them."""

import contextlib
import dataclasses
import functools
import itertools
import json
import re
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar

T = TypeVar("T")
_LARGEST = 2**53  # of whole numbers: what a browser, too, holds exactly
_MOST = 1e15  # of others: what does not overflow when it is shown
_LEVELS = 16  # of lists and objects within each other at most; what is read here goes ten deep
# All but brackets, with texts and the brackets in them. "++" and "*+" give nothing back, so that
# all of a file is seen once, however its quotation marks stand.
_BETWEEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^"\[\]{}]++', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_types = functools.cache(functools.partial(typing.get_type_hints, include_extras=True))


def parsed(text: str | bytes, most: int) -> Any:
    """The value of a JSON text, of so many characters or bytes at most, all of whose texts can be
    written as UTF-8. Raises ValueError: its length and depth before it is parsed."""
    if len(text) > most:
        raise ValueError(f"it has more than {most:,} characters")
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    steps = map(_STEPS.__getitem__, _BETWEEN.sub("", text))
    if max(itertools.accumulate(steps), default=0) > _LEVELS:
        raise ValueError(f"it has more than {_LEVELS} levels")
    value = json.loads(text)
    if "\\ud" in text.lower() or not text.isascii():
        json.dumps(value, ensure_ascii=False).encode()  # fails for half a character
    return value


def record(kind: type[T], values: object, *, strict: bool = False) -> T:
    """A dataclass from a JSON object; fields may be texts, finite numbers, also `Annotated` with a
    pair of bounds, which are allowed, too, lists, tuples, mappings and records. What does not fit
    is left out where its field has a default, and what is no field is passed over; if `strict`,
    both are errors. Raises ValueError, naming the field and its value, or as `kind` does."""
    given = values if isinstance(values, dict) else {}
    found: dict[str, Any] = {}
    types = _types(typing.cast(Any, kind))
    for field in dataclasses.fields(typing.cast(Any, kind)):
        try:
            found[field.name] = _as(types[field.name], given[field.name])
        except (KeyError, TypeError, ValueError) as error:
            if field.default is not dataclasses.MISSING and not (strict and field.name in given):
                continue
            if isinstance(error, ValueError):  # of a record within this one
                raise
            why = f"lacks {field.name!r}"
            if field.name in given:
                value = repr(given[field.name])[:80]
                why = f"has values that make no sense: {field.name} is {value}"
            raise ValueError(why) from None
    if strict and given.keys() - types.keys():
        raise ValueError(f"has no fields {', '.join(given.keys() - types.keys())}")
    return kind(**found)


def _as(kind: Any, value: Any) -> Any:
    """The value as that type. Raises TypeError, or ValueError for what is inside it."""
    outer, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return record(typing.cast(Any, kind), value)
    if outer in (UnionType, typing.Union):
        for one in inner:
            with contextlib.suppress(TypeError):
                return _as(one, value)
    if outer is typing.Annotated:
        (low, high), number = inner[1], _as(inner[0], value)
        if low <= number <= high:
            return number
    if outer is list and isinstance(value, list):
        return [_as(inner[0], part) for part in value]
    if outer is tuple and isinstance(value, list):
        kinds = inner[:1] * len(value) if inner[-1] is ... else inner
        return tuple(_as(one, part) for one, part in zip(kinds, value, strict=True))
    if outer in (Mapping, dict) and isinstance(value, dict):
        return {key: _as(inner[1], part) for key, part in value.items()}
    # A bool is an int to Python, and no number here.
    if kind is float:
        fits = type(value) in (int, float) and abs(value) < _MOST
    else:
        fits = kind is Any or (type(value) is kind and (kind is not int or abs(value) <= _LARGEST))
    if fits:
        return float(value) if kind is float else value
    raise TypeError
