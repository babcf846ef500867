"""The answer in words."""

from classifier.ink.preparing import Verdict
from classifier.ui.board import answering


def test_every_verdict_but_readable_says_what_to_do():
    assert set(answering.IN_THE_WAY) == set(Verdict) - {Verdict.READABLE}
    sentences = set(answering.IN_THE_WAY.values())
    assert len(sentences) == len(Verdict) - 1
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)
