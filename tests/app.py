"""What tests of the page without a browser share."""

import functools
import json
import re
import secrets
from collections.abc import Sequence

import numpy as np
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from classifier.config import PROJECT
from classifier.ui import session
from classifier.ui.board import board as board_of_page

_ON_THE_BOARD = re.compile(r"(label|sample)-\d|send|take-back|round-(next|end)")
_KINDS = ("markdown", "caption", "warning", "info", "error", "success", "title")

# Streamlit reads the metadata of all installed packages anew for each run of a page without a
# browser, which takes a fifth of its time.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)
# Before each run Streamlit has Keras, if other tests have loaded it, go through all that it keeps,
# which takes 0.2 s. A page loads no Keras.
script_runner._clean_problem_modules = lambda: None
# A browser gets a head start with the board; here there is none to wait for.
board_of_page._HEAD_START = board_of_page._HEAD_START_OF_ANSWER = 0.0


def _secret() -> str:
    """A page without a browser has no cookie: each is drawn for a visitor of its own."""
    here = session.current()
    here.secret = here.secret or secrets.token_hex(16)
    return here.secret


session._secret = _secret


def new_page() -> AppTest:
    """The page of one visitor, not drawn yet."""
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


def run(page: AppTest) -> AppTest:
    """Draw the page, which must go well."""
    page.run()
    assert not page.exception
    return page


def board(page: AppTest) -> dict:
    """What the board was told last, see `classifier/ui/board/board.js`."""
    (link,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith("board-link")]
    return json.loads(link.json)


def tell(page: AppTest, **message: object) -> None:
    """Have the board say that nothing is new, but for what `message` says of it."""
    session = page.session_state["session"]
    sketch = session.sketch
    nothing_new = {
        "number": sketch.number + 1,
        "drawing": sketch.drawing or "first",
        "applied": sketch.command.id if sketch.command else "",
        "image": None,
        "from": len(sketch.strokes),
        "strokes": [],
        "resting": True,
        "presses": [],
    }
    session.heard = nothing_new | message
    run(page)


def draw(page: AppTest, strokes: Sequence[np.ndarray], pen: float = 18) -> None:
    """Have strokes, each (k, 2) in canvas pixels, drawn as a new drawing; none: clear it."""
    number = page.session_state["session"].sketch.number + 1
    rows = [[k, pen, 0, *stroke.ravel().tolist()] for k, stroke in enumerate(strokes, 1)]
    tell(page, drawing=f"drawing-{number}", strokes=rows, **{"from": 0})


def press(page: AppTest, key: str) -> None:
    """Click the button with this key."""
    if _ON_THE_BOARD.fullmatch(key):
        number = page.session_state["session"].sketch.pressed + 1
        tell(page, presses=[{"name": key.removeprefix("round-"), "number": number}])
    else:
        page.button(key=key).click()
        run(page)


def answering(page: AppTest) -> Selectbox:
    """The field with the model that answers."""
    return next(field for field in page.selectbox if field.label == "Answering model")


def words(page: AppTest) -> str:
    """All text on the page, but for labels."""
    said = [e.value for kind in _KINDS for e in page.get(kind)]
    if any(e.proto.id.endswith("board-link") for e in page.get("bidi_component")):
        here = board(page)
        said += [here["answer"][part] for part in ("title", "detail", "help", "caption")]
        said += [here["row"][part] for part in ("ask", "round", "kept", "problem")]
    return " ".join(said)


def key_of(page: AppTest, name: str) -> str:
    """What the widget of this name, which the page may have set, is drawn with."""
    number = page.session_state["session"].renewed.get(name, 0)
    return f"{name}-{number}" if number else name


def untold(page: AppTest) -> list[str]:
    """The fields that say another thing than a browser shows that draws this run and has dropped
    all before it."""
    told: list[tuple] = [(one, list(one.proto.default), one.indices) for one in page.multiselect]
    for group in (*page.segmented_control, *page.pills):
        options = [f"{o.content_icon} {o.content}".strip() for o in group.proto.options]
        told.append((group, [options[i] for i in group.proto.default], group.formatted_values))
    numbers: list[tuple] = [(one, one.index) for one in page.selectbox]
    numbers += [(one, one.value) for one in page.number_input]
    for one, says in numbers:
        told.append((one, one.proto.default if one.proto.HasField("default") else None, says))
    return [f"{one.label}: {shown}, not {says}" for one, shown, says in told if shown != says]
