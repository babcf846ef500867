"""Strokes survive the way into the canvas's format and back, whatever its edit tool did."""

from __future__ import annotations

import base64
import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from classifier import collection, handwriting
from classifier.config import CANVAS
from classifier.ui import canvas

# As the canvas sends it: a stroke from (80, 60) to (120, 220) through curves.
SENT = {
    "type": "Path",
    "left": 129.0,
    "top": 140.0,
    "strokeWidth": 18,
    "scaleX": 1,
    "scaleY": 1,
    "angle": 0,
    "path": [["M", 80, 60], ["Q", 80, 60, 130, 60], ["Q", 178, 60, 168, 92], ["L", 120, 220]],
}


def test_strokes_come_back_from_the_canvas_as_they_were_put_there():
    strokes = [stroke * 200 + 30 for stroke in handwriting.sample_digit(4)]
    back = canvas.strokes_of(canvas.objects_of(strokes, 18, "#ffffff"))
    assert len(back) == len(strokes)
    for one, other in zip(back, strokes, strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


def test_curves_are_followed_between_their_ends():
    (stroke,) = canvas.strokes_of([SENT | {"left": None} | {"left": 126.5}])
    np.testing.assert_allclose(stroke[0] - stroke[-1], [-40, -160], atol=1e-3)
    assert len(stroke) == 1 + 4 + 4 + 1
    # A quadratic curve passes its middle at a quarter, a half and a quarter of its three points.
    start = canvas.strokes_of([SENT])[0]
    np.testing.assert_allclose(
        (start[7 - 1] - start[0]), [0.25 * 130 + 0.5 * 178 + 0.25 * 168 - 80, 8], atol=1e-3
    )


def test_a_stroke_that_was_moved_scaled_and_turned_is_where_it_looks_to_be():
    line = {"type": "path", "path": [["M", 0, 0], ["L", 10, 0]], "left": 100, "top": 50}
    (moved,) = canvas.strokes_of([line | {"scaleX": 2, "angle": 90}])
    np.testing.assert_allclose(moved, [[100, 40], [100, 60]], atol=1e-4)
    (mirrored,) = canvas.strokes_of([line | {"flipX": True}])
    np.testing.assert_allclose(mirrored, [[105, 50], [95, 50]], atol=1e-4)


def test_an_endless_drawing_is_cut_off_where_it_can_not_be_kept_any_more():
    line = [["M", 0, 0], *([["Q", 1, 1, 2, 2]] * 100_000)]
    begun = time.perf_counter()
    strokes = canvas.strokes_of([SENT | {"path": line}] * 3)
    assert time.perf_counter() - begun < 2
    assert collection.MAX_POINTS < sum(map(len, strokes)) < 5 * collection.MAX_POINTS


def test_other_objects_are_no_strokes():
    assert canvas.strokes_of([{"type": "Circle", "left": 3}]) == []


@pytest.mark.parametrize(("objects", "pen"), [([], 1.0), ([SENT, SENT | {"strokeWidth": 30}], 30)])
def test_the_pen_is_the_widest_that_was_used(objects, pen):
    assert canvas.pen_of(objects) == pen


# A network input on the canvas.

NOISE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


@pytest.mark.parametrize(
    "image", [NOISE, np.zeros_like(NOISE), np.full_like(NOISE, 255), np.eye(28, dtype=np.uint8)]
)
def test_a_network_input_comes_back_from_the_canvas_as_it_was_put_there(image):
    back = canvas.image_of([canvas.object_of_image(image)])
    np.testing.assert_array_equal(back, image)
    assert back.dtype == np.uint8


def test_it_is_found_below_strokes_wherever_it_was_moved_to():
    moved = canvas.object_of_image(NOISE) | {"left": -50, "top": 900, "angle": 33, "scaleX": 0.1}
    for objects in ([SENT, moved], [moved | {"type": "image"}, SENT]):
        np.testing.assert_array_equal(canvas.image_of(objects), NOISE)
        assert len(canvas.strokes_of(objects)) == 1


def png(width: int, height: int, pixels: bytes, bits: int = 8) -> bytes:
    """A grey PNG that claims a size, with whatever pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def address(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64," + base64.b64encode(content).decode()


WHOLE = base64.b64decode(canvas.object_of_image(NOISE)["src"].partition(",")[2])
SOURCES = {
    "nothing": None,
    "a number": 5,
    "empty": "",
    "no content": address(b""),
    "no png": address(b"GIF89a" + bytes(40)),
    "a jpeg": address(cv2.imencode(".jpg", np.zeros((CANVAS, CANVAS), np.uint8))[1].tobytes()),
    "cut in its head": address(WHOLE[:20]),
    "cut": address(WHOLE[: len(WHOLE) // 2]),
    "no base64": "data:image/png;base64,%%%%",
    "odd base64": "data:image/png;base64,AAAAA",
    "no ascii": "data:image/png;base64,é",
    "smaller": address(png(28, 28, bytes(28 * 29))),
    "wider": address(png(CANVAS + 1, CANVAS, bytes((CANVAS + 2) * CANVAS))),
    "of no size": address(png(0, 0, b"")),
    "larger than can be": address(png(100_000, 100_000, b"")),
    "hardly compressed": address(bytes(1_000_000)),
    "another kind": address(WHOLE, "image/jpeg"),
    "from elsewhere": "https://example.org/x.png",
    "a script": "javascript:alert(1)",
    "a drawing with a script": address(b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "a file": "file:///etc/passwd",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_what_is_no_network_input_is_none(source):
    assert canvas.image_of([{"type": "Image", "src": source}]) is None


def test_an_image_without_an_address_is_none():
    assert canvas.image_of([{"type": "image"}]) is None
    assert canvas.image_of([]) is None
    assert canvas.image_of([SENT]) is None


def test_a_small_file_that_claims_to_be_huge_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: pytest.fail("it was unpacked"))
    many = bytes(4001 * 3000)  # 32,000 by 32,000 pixels of one bit, or the first of them
    source = address(png(32_000, 32_000, many, bits=1))
    assert len(source) < 20_000
    assert canvas.image_of([{"type": "Image", "src": source}]) is None
