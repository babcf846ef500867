"""Who may do what where many share a page: the table, and the check that each action makes where it
is carried out.

Knows nothing of how a visitor is told from others, nor of what the actions do.
"""

import enum
from dataclasses import dataclass


class Role(enum.Enum):
    """What somebody is to the thing that an action is about."""

    ANYBODY = "whoever opens the page"
    VISITOR = "whoever has a secret of this page, in its cookie"
    OWNER = "the visitor whose run, model or drawing it is"
    MEMBER = "a visitor who has joined the class, and was not removed"
    HOST = "the visitor who opened the class"
    OPERATOR = "whoever has shown the operator's key"


class Action(enum.Enum):
    """What can be done on the page, as refusals call it."""

    START_RUN = "start a run"
    FOLLOW_RUN = "follow a run"
    STOP_RUN = "stop this run"
    START_SWEEP = "start a sweep"
    STOP_SWEEP = "stop this sweep"
    LIST_ALL = "see the runs and classes of all"
    USE_MODEL = "use this model"
    RENAME_MODEL = "rename this model"
    DELETE_MODEL = "delete this model"
    KEEP_DRAWING = "keep a drawing"
    DELETE_DRAWING = "delete this drawing"
    OPEN_CLASS = "open a class"
    JOIN_CLASS = "join this class"
    SEND_DRAWING = "send a drawing to this class"
    SEE_CLASS = "see this class"
    STEER_CLASS = "pause, lock or close this class, or choose who answers there"
    HIDE_DRAWING = "hide or remove a drawing of this class"
    STEER_MEMBER = "silence, remove or let in a member of this class"
    DISCARD_CLASS = "delete this class"
    CLEAR = "clear what others have stored"


_ALL = frozenset({Role.ANYBODY})
_VISITOR = frozenset({Role.VISITOR, Role.OPERATOR})
_OWNER = frozenset({Role.OWNER, Role.OPERATOR})
_HOST = frozenset({Role.HOST, Role.OPERATOR})
_OPERATOR = frozenset({Role.OPERATOR})
# Which roles may; one of them is enough.
MAY: dict[Action, frozenset[Role]] = {
    Action.START_RUN: _VISITOR,
    Action.FOLLOW_RUN: _ALL,
    Action.STOP_RUN: _OWNER,
    Action.START_SWEEP: _VISITOR,
    Action.STOP_SWEEP: _OWNER,
    Action.LIST_ALL: _OPERATOR,
    Action.USE_MODEL: _ALL,
    Action.RENAME_MODEL: _OWNER,
    Action.DELETE_MODEL: _OWNER,
    Action.KEEP_DRAWING: _VISITOR,
    Action.DELETE_DRAWING: frozenset({Role.OWNER}) | _HOST,
    Action.OPEN_CLASS: _VISITOR,
    Action.JOIN_CLASS: _VISITOR,
    Action.SEND_DRAWING: frozenset({Role.MEMBER}),
    Action.SEE_CLASS: _HOST,
    Action.STEER_CLASS: _HOST,
    Action.HIDE_DRAWING: _HOST,
    Action.STEER_MEMBER: _HOST,
    Action.DISCARD_CLASS: _HOST,
    Action.CLEAR: _OPERATOR,
}


class NotAllowedError(PermissionError):
    """Whoever asked may not do that; the message says what."""


@dataclass(frozen=True)
class Visitor:
    """Who asks for something.

    digest: of the visitor's secret, of which nothing else is stored; "" for nobody
    operator: whether the operator's key was shown
    """

    digest: str
    operator: bool = False

    def check(
        self, action: Action, *, owner: str = "", host: str = "", member: bool = False
    ) -> None:
        """Raise NotAllowedError unless this visitor may do that.

        owner, host: digests of whose the thing is, and of who opened the class; "": nobody's
        member: whether the visitor is a member of the class
        """
        roles = {Role.ANYBODY}
        if self.digest:
            roles |= {Role.VISITOR}
            roles |= {Role.OWNER} if owner == self.digest else set()
            roles |= {Role.HOST} if host == self.digest else set()
        roles |= {Role.MEMBER} if member else set()
        roles |= {Role.OPERATOR} if self.operator else set()
        if not roles & MAY[action]:
            without = (
                " without this page’s cookie: allow it, and load it anew, later where many "
                "have just come"
            )
            raise NotAllowedError(f"You may not {action.value}{'' if self.digest else without}.")


OPERATOR = Visitor("", operator=True)  # whoever runs the program from a shell
