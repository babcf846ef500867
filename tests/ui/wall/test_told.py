"""A wall's browser gets what is new, once it has confirmed what came before."""

from classifier.ui.wall.told import PORTION, News, Told


def has(news: News, before: set[int]) -> set[int]:
    return (before if news.base else set()) - {*news.gone} | {*news.come}


def test_only_what_is_new_is_sent():
    told = Told()
    first = told.news([1, 2, 3])
    assert (first.come, first.gone) == ([1, 2, 3], [])
    told.confirm(first.revision)
    assert told.news([1, 2, 3]) == News(first.revision, first.revision, [], [])
    second = told.news([2, 3, 4])
    assert (second.base, second.come, second.gone) == (first.revision, [4], [1])


def test_what_was_not_confirmed_is_sent_again_as_it_was():
    told = Told()
    first = told.news([1])
    assert told.news([1, 2]) == first
    told.confirm(first.revision)
    assert told.news([1, 2]).come == [2]


def test_a_browser_that_begins_anew_gets_all_of_it():
    told = Told()
    told.confirm(told.news([1, 2]).revision)
    told.confirm(0)
    again = told.news([1, 2])
    assert (again.base, again.come) == (0, [1, 2])
    assert again.revision > 1  # which no browser has


def test_what_no_wall_says_is_answered_by_all_of_it():
    for nonsense in (None, "x", -1, 1e300, [1], {"a": 1}):
        told = Told()
        told.confirm(told.news([1]).revision)
        told.confirm(nonsense)
        assert told.news([1]).come == [1]


def test_a_browser_that_confirms_twice_gets_nothing_twice():
    told = Told()
    revision = told.news([1]).revision
    told.confirm(revision)
    told.confirm(revision)
    assert told.news([1]).come == []


def test_many_come_in_portions_the_newest_first_until_all_are_there():
    told, there = Told(), set()
    wanted = list(range(1, 301))
    sizes = []
    while (news := told.news(wanted)).come:
        sizes.append(len(news.come))
        there = has(news, there)
        told.confirm(news.revision)
    assert max(sizes) == PORTION
    assert there == set(wanted)
