"""The drawable canvas's own format, and strokes: one to the other and back.

The canvas keeps each stroke as a Fabric.js path: quadratic curves between the middles of the
points that the mouse passed. A network input that was put there is a Fabric.js image below them.
Knows nothing of Streamlit's session.
"""

import base64
from typing import Any

import cv2
import numpy as np

from classifier.config import CANVAS, IMAGE_SIZE
from classifier.people.collection import MAX_COORDINATE, MAX_POINTS

_PER_CURVE = 4  # points for each curve; the mouse's points are only a few pixels apart
_MOST_POINTS = MAX_POINTS + 1  # a digit has 100; what has one more is refused where it is stored
_PNG = "data:image/png;base64,"


def taken(sent: Any) -> tuple[list[np.ndarray], float] | None:
    """The strokes and the widest pen of what the component sent, see `strokes_of` and `pen_of`;
    None for what no canvas sends."""
    try:
        objects = sent["drawing"]["raw"]["objects"]
        with np.errstate(all="ignore"):  # what overflows is refused
            return strokes_of(objects), pen_of(objects)
    except Exception:  # whatever is made of it: anybody can send anything
        return None


def strokes_of(objects: list[dict]) -> list[np.ndarray]:
    """The paths among a canvas's objects as strokes, each (k, 2) float32 in canvas pixels.

    Follows what its edit tool may have done: moved, scaled, turned or mirrored. Of an endless
    drawing, the first _MOST_POINTS points. Raises anything for what no canvas sends.
    """
    strokes, room = [], _MOST_POINTS
    for item in objects:
        if str(item.get("type", "")).lower() != "path" or not room:
            continue
        points = _points(item["path"], room)
        room -= len(points)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        angle = np.radians(item.get("angle", 0))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        flip = [-1 if item.get(f"flip{axis}") else 1 for axis in "XY"]
        scale = np.array([item.get("scaleX", 1), item.get("scaleY", 1)]) * flip
        place = np.array([item.get("left", middle[0]), item.get("top", middle[1])])
        moved = ((points - middle) * scale) @ turn.T + place
        if not (np.abs(moved) <= MAX_COORDINATE).all():  # nor is it where there is no number
            raise ValueError("a stroke lies nowhere")
        strokes.append(moved.astype(np.float32))
    return strokes


def _points(path: list[list], most: int) -> np.ndarray:
    """The first points along a path, so many at most, (k, 2)."""
    points: list[np.ndarray] = []
    share = np.linspace(0, 1, _PER_CURVE + 1)[1:, None]
    for command, *numbers in path[:most]:
        corners = np.array(numbers[: 2 * most], float).reshape(-1, 2)
        if command == "Q":
            points.extend(
                (1 - share) ** 2 * points[-1]
                + 2 * share * (1 - share) * corners[0]
                + share**2 * corners[1]
            )
        else:
            points.extend(corners)
        if len(points) >= most:
            break
    return np.array(points[:most])


def pen_of(objects: list[dict]) -> float:
    """The widest pen among the objects, 1 to CANVAS, in canvas pixels. Raises anything for what no
    canvas sends."""
    pens = [float(item.get("strokeWidth", 1)) for item in objects]
    if not all(pen <= CANVAS for pen in pens):
        raise ValueError("no pen is so wide")
    return max([1.0, *pens])


def objects_of(strokes: list[np.ndarray], pen: float, colour: str) -> list[dict]:
    """Strokes, each (k, 2) in canvas pixels, as objects that the canvas can show and undo."""
    look = {"fill": None, "stroke": colour, "strokeWidth": pen}
    look |= {"strokeLineCap": "round", "strokeLineJoin": "round"}
    objects = []
    for stroke in strokes:
        rows = stroke.astype(float).round(2).tolist()
        path = [["M" if i == 0 else "L", *row] for i, row in enumerate(rows)]
        box = _object("Path", stroke.min(axis=0), stroke.max(axis=0))
        objects.append(box | look | {"path": path})
    return objects


def _object(kind: str, low: np.ndarray, high: np.ndarray) -> dict:
    """What every object has: its kind, and its box from one corner to the other, each (2,)."""
    (left, top), (width, height) = ((low + high) / 2).tolist(), (high - low).tolist()
    place = {"left": left, "top": top, "width": width, "height": height}
    return {"type": kind, "version": "7.4.0", "originX": "center", "originY": "center"} | place


def png_address(picture: np.ndarray, times: int = 1) -> str:
    """A picture (H, W) uint8 grey or (H, W, 3) BGR, each pixel a square of so many, as an address
    with the PNG in it, which the browser has not to ask for once more."""
    large = picture.repeat(times, axis=0).repeat(times, axis=1)
    return _PNG + base64.b64encode(cv2.imencode(".png", large)[1].tobytes()).decode()


def object_of_image(image: np.ndarray) -> dict:
    """A network input (28, 28) uint8 as an object that fills the canvas, pixel by pixel."""
    box = _object("Image", np.zeros(2), np.full(2, CANVAS))
    return box | {"src": png_address(image, CANVAS // IMAGE_SIZE)}
