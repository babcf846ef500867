"""JSON values as dataclasses: what fits is taken, what does not is left out or named."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from classifier.records import parsed, record


@dataclass(frozen=True)
class Part:
    size: float

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"size is {self.size}")


@dataclass(frozen=True)
class Whole:
    name: str
    part: Part
    count: int = 0
    on: bool = False
    note: str | None = None
    spare: Part | None = None
    parts: tuple[Part, ...] = ()
    pairs: Mapping[str, tuple[bool, bool]] | None = None
    anything: Any = None


NEEDED = {"name": "a", "part": {"size": 1}}


def test_what_fits_is_taken_and_what_is_no_field_passed_over():
    values = NEEDED | {
        "count": 3,
        "on": True,
        "note": "b",
        "spare": {"size": 0.5, "colour": "red"},
        "parts": [{"size": 2}, {"size": 3}],
        "pairs": {"x": [True, False]},
        "anything": [1, {"y": None}],
        "stranger": 7,
    }
    assert record(Whole, json.loads(json.dumps(values))) == Whole(
        "a", Part(1.0), 3, True, "b", Part(0.5), (Part(2.0), Part(3.0)), {"x": (True, False)},
        [1, {"y": None}],
    )  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        {"count": 3.0}, {"count": True}, {"count": "3"}, {"count": 10**30}, {"on": 1},
        {"note": 5}, {"spare": []}, {"spare": {}}, {"spare": {"size": -1}},
        {"spare": {"size": float("nan")}}, {"spare": {"size": float("inf")}},
        {"spare": {"size": 10**400}}, {"spare": {"size": True}}, {"spare": {"size": "1"}},
        {"parts": [{"size": 2}, {}]}, {"parts": {"size": 2}}, {"parts": "text"},
        {"pairs": {"x": [True]}}, {"pairs": {"x": [True, False, True]}}, {"pairs": [True]},
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_fit_is_left_out_where_it_may_be(odd):
    assert record(Whole, NEEDED | odd) == Whole("a", Part(1.0))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "lacks 'name'"),
        ([], "lacks 'name'"),
        (None, "lacks 'name'"),
        ({"name": "a"}, "lacks 'part'"),
        ({"name": "a", "part": {}}, "lacks 'size'"),
        ({"name": "a", "part": None}, "lacks 'size'"),
        ({"name": 5, "part": {"size": 1}}, "name is 5"),
        ({"name": "a", "part": {"size": "x" * 500}}, "size is 'x"),
        ({"name": "a", "part": {"size": -1}}, "size is -1"),
    ],
)
def test_what_has_to_be_there_is_named(values, words):
    with pytest.raises(ValueError, match=words) as raised:
        record(Whole, values)
    assert len(str(raised.value)) < 200


# JSON that may come from anywhere


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, "b", null]}',
        '"[[[[[[[[[[[[[[[[[[[["',
        r'["\"[[[[[[[[[[[[[[[[[[[[", "\\"]',
        "[" * 16 + "]" * 16,
        r'["\ud83d\ude00 😀"]',
        "1",
    ],
)
def test_json_is_parsed_and_brackets_in_texts_do_not_count(text):
    assert parsed(text, 100) == json.loads(text)
    assert parsed(text.encode(), 100) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 17 + "]" * 17, "16 levels"),
        ('{"a":' * 100_000, "16 levels"),
        ('["\\\\"' + ",[" * 17, "16 levels"),
        (" " * 200_001, "200,000 characters"),
        (r'"\ud800"', "surrogates"),
        ('"\udfff"', "surrogates"),
        (b"\xff", "decode"),
        ("9" * 10_000, "digits"),
        ("", "Expecting value"),
    ],
)
def test_json_is_refused_by_length_and_depth_before_it_is_parsed(text, words, monkeypatch):
    if "levels" in words or "characters" in words:
        monkeypatch.setattr(json, "loads", lambda _: pytest.fail("was parsed"))
    with pytest.raises(ValueError, match=words):
        parsed(text, 200_000 if len(text) < 500_000 else 10**6)


@pytest.mark.parametrize("text", ['"' * 10**6, '"\\' * 500_000, r"\"" * 500_000, '"a' * 500_000])
def test_each_character_is_looked_at_once(text):
    """Looked for anew from each quotation mark, it would take hours."""
    begun = time.perf_counter()
    with pytest.raises(ValueError):
        parsed(text, 10**6)
    assert time.perf_counter() - begun < 3
