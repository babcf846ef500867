"""How much one may take: set in the environment, checked, and told in the README."""

import dataclasses
import re

import pytest

from classifier import limits
from classifier.config import PROJECT
from classifier.limits import Limits


def test_each_limit_can_be_set(monkeypatch):
    assert limits.current() == Limits()
    for number, field in enumerate(dataclasses.fields(Limits)):
        monkeypatch.setenv(limits.variable(field.name), f" {number} ")
    assert dataclasses.astuple(limits.current()) == tuple(range(len(dataclasses.fields(Limits))))


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "1e3", "9" * 5000])
def test_what_is_no_whole_number_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS", text)
    with pytest.raises(ValueError, match="DIGIT_CLASSIFIER_MODELS is"):
        limits.current()


def test_an_empty_setting_is_none(monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_MODELS", "")
    assert limits.current() == Limits()


def test_the_readme_lists_each_limit_with_its_standard():
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"`([A-Z_]+)` ([\d,]+)", text.partition("## Leaving it open")[2]))
    there = {field.name.upper(): f"{field.default:,}" for field in dataclasses.fields(Limits)}
    assert told == there


def test_a_rate_is_each_ones_own_and_over_after_a_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    rate = limits.Rate()
    assert [rate.take("a", 2) for _ in range(3)] == [True, True, False]
    assert rate.take("b", 2)
    now[0] = 61
    assert rate.take("a", 2)
    assert set(rate._times) == {"a"}, "nothing is known of who is gone"
