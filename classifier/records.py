"""JSON values as dataclasses, checked against the types of their fields. Knows none of them."""

import contextlib
import dataclasses
import functools
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar

T = TypeVar("T")
_LARGEST = 2**53  # of whole numbers: what a browser, too, holds exactly
_MOST = 1e15  # of others: what does not overflow when it is shown
_types = functools.cache(functools.partial(typing.get_type_hints, include_extras=True))


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
