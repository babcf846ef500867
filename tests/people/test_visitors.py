"""Secrets: signed by this server, or those of before for which something is stored."""

import hashlib
import hmac
import stat
import subprocess
import sys

import numpy as np
import pytest

from classifier.database.interface import KEY
from classifier.people import collection, visitors
from classifier.people.collection import Labelled
from tests.people import in_a_file


@in_a_file
def test_a_secret_is_known_by_this_server_alone(home, monkeypatch):
    token = visitors.new_token()
    assert visitors.is_token(token)
    assert stat.S_IMODE((home / KEY).stat().st_mode) == 0o600
    for other in ("", token[:-1], token + "0", token.upper(), "0" * 32 + token[32:], None, 5):
        assert not visitors.is_token(other)
    visitors._keys.clear()
    assert visitors.is_token(token), "after a restart, too"
    monkeypatch.setenv("DIGIT_CLASSIFIER_HOME", str(home / "other"))
    assert not visitors.is_token(token)


@in_a_file
@pytest.mark.parametrize("key", [b"k", b"k" * 31])
def test_a_key_that_is_too_short_is_told_and_signs_nothing(home, key):
    signed = hmac.new(key, b"a" * 32, hashlib.sha256).hexdigest()[:32]
    home.mkdir()
    (home / KEY).write_bytes(key)
    assert "visitors.key cannot be used (it is too short for a key)" in visitors.key_problem()
    assert str(home) not in visitors.key_problem()
    assert not visitors.is_token("a" * 32 + "-" + signed)
    with pytest.raises(OSError, match="too short"):
        visitors.new_token()
    assert (home / KEY).read_bytes() == key, "who was here is known again with the whole one"


@in_a_file
def test_an_empty_key_is_replaced(home):
    home.mkdir()
    (home / KEY).touch()
    signed = hmac.new(b"", b"a" * 32, hashlib.sha256).hexdigest()[:32]
    assert not visitors.is_token("a" * 32 + "-" + signed)
    assert visitors.is_token(visitors.new_token())
    assert len((home / KEY).read_bytes()) == 32
    assert visitors.key_problem() == ""


def test_after_a_restart_and_elsewhere_on_the_same_store_secrets_are_known():
    token = visitors.new_token()
    visitors._keys.clear()
    assert visitors.is_token(token)
    code = (
        "import sys; from classifier.people import visitors; print(visitors.is_token(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, token]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"


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
