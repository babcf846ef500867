"""A picture that a page without a browser has brought."""

import json

import cv2
import numpy as np
from streamlit.testing.v1 import AppTest

from classifier.synthetic import handwriting
from tests.app import run


def sheet(*lines: tuple[int, ...], comma: bool = False) -> np.ndarray:
    """Lines of digits in dark ink on light paper, (H, W) uint8."""
    paper = np.full((150 + 260 * len(lines), 150 + 220 * max(map(len, lines))), 230, np.uint8)
    for row, digits in enumerate(lines):
        for place, digit in enumerate(digits):
            for stroke in handwriting.sample_digit(digit):
                points = np.rint(stroke * 150 + (80 + 220 * place, 80 + 260 * row)).astype(np.int32)
                cv2.polylines(paper, [points], False, 40, 14, cv2.LINE_AA)
    if comma:
        cv2.line(paper, (266, 235), (258, 255), 40, 12)
    return paper


def bring(page: AppTest, picture: np.ndarray, name: str = "paper.png") -> None:
    number = page.session_state["session"].pictures
    page.session_state[f"picture-{number}"] = True
    run(page)
    content = cv2.imencode(".png", picture)[1].tobytes()
    page.file_uploader[0].upload(name, content, "image/png")
    run(page)


def told(page: AppTest, which: str = "reading-link") -> dict:
    """What the picture was told last."""
    (link,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith(which)]
    return json.loads(link.json)


def ask(page: AppTest, what: str, **more: object) -> None:
    """Have the picture ask for something."""
    session = page.session_state["session"]
    number = session.brought.done + 1
    session.asked_of_picture = {"of": session.brought.number, "number": number, "what": what} | more
    run(page)
