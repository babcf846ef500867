"""Every action on drawings and classes, by everybody who could try it: done or refused as the one
table of rights says."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from classifier.people import albums, classroom, collection, entering, members
from classifier.people.classroom import Class, ClassState, NoClassError
from classifier.rights import MAY, Action, NotAllowedError, Role, Visitor
from tests.people import HOST, ONE, OPERATOR, OTHER_HOST, STRANGER, THREE, TWO, labelled, send

MEMBER, REMOVED = TWO, THREE
# Who tries, and what they are to a drawing that ONE has sent to HOST's class.
TRIES: dict[str, tuple[Visitor, set[Role]]] = {
    "visitor": (STRANGER, set()),
    "owner and member": (ONE, {Role.OWNER, Role.MEMBER}),
    "member": (MEMBER, {Role.MEMBER}),
    "removed member": (REMOVED, set()),
    "host": (HOST, {Role.HOST}),
    "other host": (OTHER_HOST, set()),
    "operator": (OPERATOR, {Role.OPERATOR}),
}


@dataclass(frozen=True)
class Scene:
    """A class with two members and one who was removed, a drawing, and somebody at the door."""

    there: Class
    drawing: int
    seat: int
    knocking: int


@pytest.fixture
def scene(opened: Class) -> Scene:
    classroom.open_class(OTHER_HOST, "conv")
    for who in (ONE, MEMBER, REMOVED):
        entering.join(who, opened.code, "here")
    names = {one.name: one.seat for one in members.members(HOST, opened.number)}
    seat = names[classroom.joined(MEMBER, opened.number).seat]
    members.remove(HOST, opened.number, names[classroom.joined(REMOVED, opened.number).seat])
    knock = entering.knock(REMOVED, opened.code, "here")
    return Scene(opened, send(ONE, opened), seat, knock.seat)


DO: dict[str, tuple[Action, Callable[[Visitor, Scene], object]]] = {
    "keep": (Action.KEEP_DRAWING, lambda who, at: collection.keep(who, labelled("own"))),
    "delete": (Action.DELETE_DRAWING, lambda who, at: collection.remove(who, at.drawing)),
    "hide": (Action.HIDE_DRAWING, lambda who, at: collection.hide(who, at.drawing, True)),
    "open": (Action.OPEN_CLASS, lambda who, at: classroom.open_class(who, "conv")),
    "knock": (Action.JOIN_CLASS, lambda who, at: entering.knock(who, at.there.code, "here")),
    "send": (Action.SEND_DRAWING, lambda who, at: send(who, at.there, "new")),
    "all open": (Action.LIST_ALL, lambda who, at: classroom.all_open(who)),
    "all drawings": (Action.SEE_CLASS, lambda who, at: classroom.drawings(who, at.there.number)),
    "survey": (Action.SEE_CLASS, lambda who, at: classroom.survey(who, at.there.number, 9)),
    "contents": (Action.SEE_CLASS, lambda who, at: albums.contents(who, at.there.number)),
    "page": (Action.SEE_CLASS, lambda who, at: albums.page(who, at.there.number, 7, 0, 9)),
    "some": (Action.SEE_CLASS, lambda who, at: albums.some(who, at.there.number, [at.drawing])),
    "pause": (
        Action.STEER_CLASS,
        lambda who, at: classroom.set_state(who, at.there.number, ClassState.PAUSED),
    ),
    "lock": (Action.STEER_CLASS, lambda who, at: classroom.set_locked(who, at.there.number, True)),
    "model": (Action.STEER_CLASS, lambda who, at: classroom.set_model(who, at.there.number, "x")),
    "members": (Action.STEER_MEMBER, lambda who, at: members.members(who, at.there.number)),
    "silence": (
        Action.STEER_MEMBER,
        lambda who, at: members.silence(who, at.there.number, at.seat, True),
    ),
    "remove": (Action.STEER_MEMBER, lambda who, at: members.remove(who, at.there.number, at.seat)),
    "knocks": (Action.STEER_MEMBER, lambda who, at: entering.knocks(who, at.there.number)),
    "let in": (
        Action.STEER_MEMBER,
        lambda who, at: entering.let_in(who, at.there.number, at.knocking, None),
    ),
    "turn away": (
        Action.STEER_MEMBER,
        lambda who, at: entering.turn_away(who, at.there.number, at.knocking),
    ),
    "discard": (Action.DISCARD_CLASS, lambda who, at: classroom.discard(who, at.there.number)),
}


def state(at: Scene) -> tuple[object, ...]:
    """All that these actions could change of the class, as its host sees it."""
    number = at.there.number
    return (
        [one for one in classroom.hosted(HOST) if one.number == number],
        [(one.number, one.hidden) for one in albums.some(HOST, number, list(range(20)))],
        members.members(HOST, number),
        entering.knocks(HOST, number),
    )


@pytest.mark.parametrize("who", TRIES)
@pytest.mark.parametrize("act", DO)
def test_an_action_is_done_or_refused_as_the_table_of_rights_says(scene, act, who):
    visitor, roles = TRIES[who]
    action, do = DO[act]
    if (roles | {Role.VISITOR, Role.ANYBODY}) & MAY[action]:
        assert do(visitor, scene) is not False
    else:
        before = state(scene)
        with pytest.raises((NotAllowedError, NoClassError)):
            do(visitor, scene)
        assert state(scene) == before


def test_every_action_on_drawings_and_classes_is_tried():
    people = {one for one in Action if "CLASS" in one.name or "DRAWING" in one.name}
    people |= {Action.STEER_MEMBER}
    assert people <= {action for action, _ in DO.values()}


@pytest.mark.parametrize("who", TRIES)
def test_one_sees_only_ones_own_drawings(scene, who):
    visitor, roles = TRIES[who]
    if Role.MEMBER in roles:
        own = [one.number for one in classroom.own_drawings(visitor, scene.there.number)]
        assert own == [scene.drawing] * (Role.OWNER in roles)
    else:
        with pytest.raises(NoClassError):
            classroom.own_drawings(visitor, scene.there.number)
    assert albums.some(visitor, None, [scene.drawing]) == []


def test_numbers_of_nothing_are_no_class_and_no_drawing():
    for who in (HOST, OPERATOR):
        with pytest.raises(NoClassError, match="Only who opened"):
            classroom.discard(who, 99)
        assert not collection.remove(who, 99)
        assert not collection.hide(who, 99, True)


def test_a_drawing_of_ones_own_collection_is_hidden_from_nobody(scene):
    number = collection.keep(ONE, labelled("own"))
    for who in (ONE, HOST, STRANGER):
        with pytest.raises(NotAllowedError):
            collection.hide(who, number, True)
    assert not collection.hide(OPERATOR, number, True)
    assert not collection.drawings_of(ONE)[0].hidden
