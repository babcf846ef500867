"""What the operator sees of whose drawings fill the store, and clears."""

import pytest

from classifier.people import classroom, collection, copying, entering
from classifier.rights import NotAllowedError
from tests.people import HOST, ME, ONE, OPERATOR, YOU, labelled, send


@pytest.fixture
def drawn(opened):
    """A class of HOST's with drawings of ONE and ME, who have own ones, as YOU have."""
    for who in (ONE, ME):
        entering.join(who, opened.code, "here")
        send(who, opened)
    for who, count in ((ME, 3), (YOU, 1)):
        for number in range(count):
            collection.keep(who, labelled(f"own {number}"))
    return opened


def test_whoever_holds_most_is_named_first_and_a_class_is_its_hosts(drawn):
    expected = {ME.digest: 3, HOST.digest: 2, YOU.digest: 1}
    assert list(copying.holders(OPERATOR, 9).items()) == list(expected.items())
    assert list(copying.holders(OPERATOR, 1)) == [ME.digest]


def test_all_of_one_visitor_is_cleared_and_nothing_of_anybody_else(drawn):
    copying.clear(OPERATOR, ME.digest)
    assert collection.drawings_of(ME) == []
    assert [one.writer for one in classroom.drawings(HOST, drawn.number)] == [ONE.digest]
    assert len(collection.drawings_of(YOU)) == 1
    copying.clear(OPERATOR, HOST.digest)
    assert classroom.hosted(HOST) == []
    assert copying.holders(OPERATOR, 9) == {YOU.digest: 1}
    copying.clear(OPERATOR)
    assert copying.holders(OPERATOR, 9) == {}


@pytest.mark.parametrize("who", [ME, HOST])
def test_nobody_else_may(drawn, who):
    for do in (
        lambda: copying.holders(who, 9),
        lambda: copying.clear(who),
        lambda: copying.clear(who, who.digest),
    ):
        with pytest.raises(NotAllowedError):
            do()
    assert len(collection.drawings_of(ME)) == 3
