"""The questions and buttons beside the canvas, and what a label makes of a drawing."""

from collections.abc import Callable

from classifier.config import CLASSES
from classifier.database.interface import CollectionError
from classifier.people import collection
from classifier.people.classroom import NotOpenError
from classifier.people.register import NoClassError
from classifier.rights import NotAllowedError
from classifier.serving.saved import SavedModel
from classifier.ui import charts, session
from classifier.ui.board import board
from classifier.ui.board.board import Row

# Each in words for the reader.
PROBLEMS = (CollectionError, NoClassError, NotOpenError, NotAllowedError, ValueError)
ROUND = [digit for _ in range(5) for digit in range(CLASSES)]  # what a guided round asks for


def row() -> Row:
    """Ten labels, or what the guided round asks for."""
    here = session.current()
    kept, problem = what_was_kept("Kept"), here.label_problem
    if here.round is None:
        return Row("What did you draw?", kept=kept, problem=problem)
    digit = ROUND[here.round]
    return Row(
        f"Write {charts.article(digit)} {digit}",
        labels=False,
        samples=False,
        round=f"{here.round + 1} of {len(ROUND)}",
        kept=kept,
        problem=problem,
    )


def what_was_kept(done: str) -> str:
    """That the last drawing was stored, in a sentence; "" if none was."""
    kept = session.current().kept
    return f"{done} as {charts.article(kept.label)} {kept.label}." if kept else ""


def digit_of(name: str) -> tuple[str, int | None]:
    """What the board's button of this name does, and with which digit, if with one."""
    action, _, number = name.partition("-")
    return action, int(number) if number in map(str, range(CLASSES)) else None


def press(name: str, model: SavedModel | None) -> bool:
    """Do what the board's button of this name is for; whether more than the board may show it."""
    action, digit = digit_of(name)
    if action == "label" and digit is not None:
        say(digit, model)
    elif action == "sample" and digit is not None:
        board.put_sample(digit)
        return session.current().drawing_used
    elif name == "next":
        _next(model)
    elif name == "end":
        end_round()
    elif name == "take-back":
        take_back()
    return True


def start_round() -> None:
    """Ask for each digit in turn, with an empty canvas."""
    here = session.current()
    here.round, here.kept, here.label_problem = 0, None, ""
    if not here.sketch.is_empty:
        here.sketch.empty()


def end_round() -> None:
    """Ask for no more digits; what was stored stays."""
    session.current().round = None


def _next(model: SavedModel | None) -> None:
    here = session.current()
    if here.round is None:
        return
    say(ROUND[here.round], model)
    if not here.label_problem:
        here.sketch.empty()
        here.round += 1
        if here.round == len(ROUND):
            end_round()


def say(label: int, model: SavedModel | None) -> None:
    """Store what is on the canvas as this digit; another label for the same drawing replaces it."""
    here = session.current()
    here.label_problem = ""
    # The last reading may be older than the strokes that arrived with the label.
    board.read(model)
    image = here.sketch.under
    if here.number and image is not None:
        here.label_problem = "This is a number: choose one of its digits above to keep it."
        return
    if image is not None and (image.kept_as is None or here.sketch.lines):
        what = "What is drawn over a picture" if here.sketch.lines else "This picture"
        here.label_problem = f"{what} is not kept: draw a digit of your own."
        return
    if here.number:
        here.label_problem = "This is a number: draw one digit alone to keep it."
        return
    try:
        session.send(label, model)
    except PROBLEMS as error:
        here.label_problem = str(error)


def take_back() -> None:
    """Delete the drawing that was stored last."""
    kept = session.current().kept
    if kept is not None:
        delete(kept.number)


def delete(number: int) -> None:
    """Delete a drawing; what the page says of the last one is over when that is it."""
    here = session.current()
    attempt(collection.remove, number)
    if not here.label_problem and here.kept is not None and here.kept.number == number:
        here.kept = None


def attempt(action: Callable[..., object], *given: object) -> None:
    """Do what this visitor and these arguments are for, or let the page say why it cannot be
    done."""
    here = session.current()
    here.label_problem = ""
    try:
        action(session.visitor(), *given)
    except PROBLEMS as error:
        here.label_problem = str(error)
