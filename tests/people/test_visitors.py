"""Secrets: signed by this server, or those of before for which something is stored."""

import hashlib
import hmac
import stat

import numpy as np
import pytest

from classifier.people import collection, visitors
from classifier.people.collection import Labelled


def test_a_secret_is_known_by_this_server_alone(home, monkeypatch):
    token = visitors.new_token()
    assert visitors.is_token(token)
    assert stat.S_IMODE(visitors.key_file().stat().st_mode) == 0o600
    for other in ("", token[:-1], token + "0", token.upper(), "0" * 32 + token[32:], None, 5):
        assert not visitors.is_token(other)
    visitors._keys.clear()
    assert visitors.is_token(token), "after a restart, too"
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(home / "other"))
    assert not visitors.is_token(token)


@pytest.mark.parametrize("key", [b"k", b"k" * 31])
def test_a_key_that_is_too_short_is_told_and_signs_nothing(home, key):
    signed = hmac.new(key, b"a" * 32, hashlib.sha256).hexdigest()[:32]
    home.mkdir()
    visitors.key_file().write_bytes(key)
    assert "visitors.key cannot be used (it is too short for a key)" in visitors.key_problem()
    assert str(home) not in visitors.key_problem()
    assert not visitors.is_token("a" * 32 + "-" + signed)
    with pytest.raises(OSError, match="too short"):
        visitors.new_token()
    assert visitors.key_file().read_bytes() == key, "who was here is known again with the whole one"


def test_an_empty_key_is_replaced(home):
    home.mkdir()
    visitors.key_file().touch()
    signed = hmac.new(b"", b"a" * 32, hashlib.sha256).hexdigest()[:32]
    assert not visitors.is_token("a" * 32 + "-" + signed)
    assert visitors.is_token(visitors.new_token())
    assert len(visitors.key_file().read_bytes()) == 32
    assert visitors.key_problem() == ""


def test_a_secret_of_before_counts_if_something_is_stored_for_it(home):
    former, made_up = "a" * 32, "b" * 32
    strokes = [np.array([[1, 2], [3, 4]], np.float32)]
    drawing = Labelled("one", 3, strokes, 18.0, None, "")
    collection.keep(visitors.visitor_of(former), drawing)
    assert visitors.is_token(former)
    assert not visitors.is_token(made_up)


def test_secrets_differ_and_so_do_their_digests(home):
    tokens = {visitors.new_token() for _ in range(100)}
    assert len(tokens) == len({visitors.visitor_of(token).digest for token in tokens}) == 100
