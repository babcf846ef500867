"""Whatever a visitor sends is taken, or refused in a way that was foreseen."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier import links
from classifier.jobs.local import LocalJobs
from classifier.lesson import steps
from classifier.people import classroom, entering, visitors
from tests.fuzz.doors import DOORS, Door, mutated

EXAMPLES = 200


def take(door: Door, content: bytes) -> bool:
    """Whether it is taken; what was not foreseen is raised."""
    try:
        door.take(content)
    except door.foreseen:
        return False
    return True


@pytest.fixture(autouse=True)
def _at_home(home):
    """Codes of classes are looked for in a folder of the test's own."""


@pytest.mark.parametrize("kind", DOORS)
def test_what_is_valid_is_taken(kind):
    door = DOORS[kind]
    taken = [take(door, content) for content in door.valid]
    assert all(taken) or kind == "addresses"  # there are no classes


@pytest.mark.parametrize("kind", DOORS)
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32))
def test_no_mutation_raises_what_was_not_foreseen(kind, seed):
    take(DOORS[kind], mutated(DOORS[kind], random.Random(seed)))


@settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(text=st.text(st.characters(), max_size=50))
def test_no_text_in_an_address_raises_what_was_not_foreseen(text):
    """Half a character comes in here as well."""
    steps.find(text, text)
    links.read(dict.fromkeys(links.ALLOWED, text))
    LocalJobs().find(text)


@pytest.mark.parametrize("code", ["\0", "\ud800", "x" * 100_000, "٣" * 6, "' OR 1=1 --", ""])
def test_a_code_that_no_class_has_is_told_so(code):
    with pytest.raises(classroom.NoClassError):
        entering.join(visitors.visitor_of("a" * 32), code, "1.2.3.4")


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_mutations_differ_and_are_the_same_for_a_seed(door):
    first, second = ([mutated(door, random.Random(k)) for k in range(20)] for _ in range(2))
    assert first == second
    assert len(set(first) - set(door.valid)) > 10


# What once raised something that nobody foresaw

ONCE = {
    "deep JSON": ("events", b'{"event": "failed", "error": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "deep meta": ("meta.json", b'{"format": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001),
    "half a character": ("events", rb'{"event": "failed", "error": "\ud800"}'),
    "an id of half a character": (
        "the board's messages",
        DOORS["the board's messages"].valid[0].replace(b'"a"', rb'"\ud800"'),
    ),
    "a part with an endless side": (
        "what is asked of a picture",
        DOORS["what is asked of a picture"].valid[1].replace(b"0.75", b"1" + b"0" * 400),
    ),
    "an endless coordinate": (
        "the canvas's JSON",
        DOORS["the canvas's JSON"].valid[0].replace(b'["M", ', b'["M", 1' + b"0" * 400),
    ),
    "a pen of no width": (
        "the canvas's JSON",
        DOORS["the canvas's JSON"].valid[0].replace(b'"strokeWidth": 18', b'"strokeWidth": NaN'),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), ONCE.values(), ids=ONCE)
def test_what_once_raised_is_taken_or_refused(kind, content):
    take(DOORS[kind], content)
