"""Secrets: signed by this server, or those of before for which something is stored."""

import stat

import numpy as np

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
