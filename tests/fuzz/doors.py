"""Where something comes in that a visitor can send: valid inputs, mutations of them, and what takes
them in. Whatever comes is taken, or refused in a way that was foreseen."""

import base64
import contextlib
import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from classifier import events, links
from classifier.config import CANVAS, PROJECT
from classifier.database.interface import CollectionError
from classifier.ink import drawings, layout, pictures, preparing
from classifier.jobs.local import LocalJobs
from classifier.lesson import steps
from classifier.limits import LimitError
from classifier.people import classroom, entering, visitors
from classifier.serving.meta import ModelMeta
from classifier.synthetic import handwriting
from classifier.ui.board import answering, canvas, moving
from classifier.ui.board.sketch import NotUnderstoodError, Sketch
from classifier.ui.reading import brought
from classifier.ui.reading.brought import Brought
from tests import hostile

_WILD: list[Any] = [
    None, True, -1, 0, 0.5, 1e300, 10**30, 10**400, float("nan"), float("inf"), "", "text",
    "\ud800", "a\0b", "é" * 3000, [], {}, [[]], [1, "x"], [0] * 5000, {"a": 1}, "/../",
]  # fmt: skip
_NUMBERS = (b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"PK\5\6")


class NoJSONError(ValueError):
    """It never comes so far: Streamlit, which parses what a component sends, stumbles over it."""


@dataclass(frozen=True)
class Door:
    """valid: inputs that are taken; take: raises one of `foreseen`, or nothing
    hostile: each makes an input that asks for much; inside: changes a valid input's contents"""

    valid: list[bytes]
    take: Callable[[bytes], object]
    foreseen: tuple[type[Exception], ...] = ()
    hostile: tuple[Callable[[], bytes], ...] = ()
    inside: Callable[[bytes, random.Random], bytes] | None = None


def mutated(door: Door, rng: random.Random) -> bytes:
    """A valid input with a few changes, of its bytes or of what is in it."""
    content = rng.choice(door.valid)
    if door.inside and rng.random() < 0.6:
        return door.inside(content, rng)
    return _changed(content, rng)


def _changed(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(changed) + 1)
        end = min(len(changed), place + rng.choice((1, 2, 4, 16, 100)))
        match rng.randrange(6):
            case 0:
                changed[place:end] = bytes(rng.randrange(256) for _ in range(end - place))
            case 1:
                del changed[place:end]
            case 2:
                changed[place:place] = changed[place:end] * rng.choice((1, 3, 50))
            case 3:
                piece = rng.choice(_NUMBERS)
                changed[place : place + len(piece)] = piece
            case 4:
                del changed[max(place, 1) :]
            case 5 if changed:
                changed[place % len(changed)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _changed_part(content: bytes, rng: random.Random) -> bytes:
    """An archive of which one part is changed, so that its checksum is right all the same."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(parts))
    if rng.random() < 0.5:
        kept = np.load(io.BytesIO(parts[name]))
        kind = rng.choice(("f2", "f8", "i1", "i8", "u8", "c8", "U3", "S2", "M8[s]", "?", "V3"))
        with contextlib.suppress(ValueError):
            kept = kept.astype(kind)
        kept = rng.choice((kept, kept[:1], kept[..., None], kept.T, kept[:0], np.zeros((9, 0, 9))))
        parts[name] = hostile.array_file(kept)
    else:
        parts[name] = _changed(parts[name], rng)
    return hostile.archive(parts)


def _changed_value(content: bytes, rng: random.Random) -> bytes:
    value = [json.loads(content)]  # so that all of it can be changed, too
    for _ in range(rng.choice((1, 1, 2, 5))):
        places = [(value, 0)]
        for holder, key in places:
            inside = holder[key]
            if isinstance(inside, dict | list) and len(places) < 2000:
                keys = inside if isinstance(inside, dict) else range(len(inside))
                places += [(inside, one) for one in keys]
        holder, key = rng.choice(places)
        holder[key] = copy.deepcopy(rng.choice(_WILD))
    text = json.dumps(value[0])
    if rng.random() < 0.1:
        text = text.replace("1", rng.choice(("[" * 2000 + "]" * 2000, '{"a":' * 5000, "9" * 5000)))
    return text.encode()


def _picture(content: bytes) -> None:
    ink = preparing.prepare(pictures.read_picture(content, "it")).ink
    layout.read_ink(ink, _score, pairs=_as_two)


def _score(images: np.ndarray) -> np.ndarray:
    return np.full((len(images), 10), 0.1, np.float32)


def _as_two(images: np.ndarray) -> np.ndarray:
    return np.full((len(images), 10, 10), 0.008, np.float32)


def _drawings(content: bytes) -> None:
    drawn = drawings.load(content, name="it")
    if isinstance(drawn, drawings.Drawings):
        for _, strokes in zip(range(20), drawn, strict=False):
            preparing.prepare_strokes(*drawings.fit_canvas(strokes))


def _show(sketch: Sketch) -> None:
    """What the page does with a drawing, and what goes back to the browser."""
    prepared = answering.prepare(sketch)
    if sketch.image is None:
        layout.read_strokes(sketch.lines, CANVAS, sketch.pen, _score)
    reading = answering.Reading(prepared, answering.predict.Answer(prepared.verdict, None), [])
    shown = [sketch.have(), answering.shown(reading, sketch, ["", ""], None)]
    json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()


def _sent(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NoJSONError from error


def _ear(content: bytes) -> None:
    sketch = Sketch()
    sketch.put_strokes([np.array([[1, 2], [3, 4]])])
    sketch.command = None
    sent = _sent(content)
    try:
        sketch.take_in(sent)
    finally:
        _show(sketch)


def _canvas(content: bytes) -> None:
    taken = canvas.taken(_sent(content))
    if taken is not None:
        sketch = Sketch()
        sketch.drawn(*taken)
        _show(sketch)


def _asked_of_picture(content: bytes) -> None:
    """What the browser asks of a picture that was brought, and what is seen of it then."""
    picture = Brought(_PAPER, "it", 1)
    asked = brought.understood(_sent(content), picture, 3)
    if asked.is_view:
        picture.look(2, asked)


def _event(content: bytes) -> None:
    event = events.from_json(content.decode("utf-8", "replace"))
    events.to_json(event).encode()


def _address(content: bytes) -> None:
    text = content.decode("utf-8", "surrogateescape")
    steps.find(text, text)
    links.read(dict.fromkeys(links.ALLOWED, text))
    LocalJobs().find(text)
    entering.join(_VISITOR, text, "1.2.3.4")


_VISITOR = visitors.visitor_of("a" * 32)
_SEVEN = [stroke * 200 + 30 for stroke in handwriting.sample_digit(7)]
_MESSAGE = {
    "number": 1, "drawing": "a", "applied": "", "image": None, "from": 0, "resting": True,
    "presses": [{"name": "label-7", "number": 1}],
    "strokes": [[n, 18, 0, *line.ravel().tolist()] for n, line in enumerate(_SEVEN, 1)],
}  # fmt: skip
_PAPER = np.full((40, 60), 230, np.uint8)
_PAPER[10:30, 20:24] = 20
_ASKED: list[dict[str, Any]] = [
    {"what": "correct", "digit": 1, "label": 7},
    {"what": "crop", "box": [0, 0.1, 0.5, 0.75]},
    {"what": "tilt", "degrees": -3},
    {"what": "mirror"},
]
_IMAGE = {"id": "x", "caption": "A 7", "pixels": base64.b64encode(bytes(784)).decode()}
_OBJECTS = canvas.objects_of(_SEVEN, 18, "#fff")
_META = sorted((PROJECT / "assets" / "models").glob("*/meta.json"))
_EVENTS: list[events.Event] = [
    events.Started(config={"network": "dense", "epochs": 2, "name": None}, time=1.5),
    events.Progress(stage="training", epoch=1, epochs=2, loss=0.5, accuracy=0.25),
    events.EpochEnded(
        epoch=1, loss=0.5, accuracy=0.8, val_loss=0.6, val_accuracy=0.7, seconds=1.25
    ),
    events.Finished(
        model="mine", test_accuracy=0.97, train_accuracy=0.99, gap=0.02, seconds=3.0,
        stages={"data": 0.1}, confusion=[[1] * 10] * 10, data="MNIST", train_images=110,
        test_images=40, tuned={"n": [1] * 10, "folds": 5},
    ),
    events.Failed(error="There is no file “a b”."),
]  # fmt: skip


def _pictures() -> list[bytes]:
    grey = np.random.default_rng(0).integers(215, 256, (60, 110)).astype(np.uint8)
    grey[10:50, 18:23] = 0
    plain = Image.fromarray(grey)
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        hostile.encoded(plain, "PNG"),
        hostile.encoded(plain.convert("P"), "PNG", transparency=0),
        hostile.encoded(plain.convert("RGBA"), "PNG"),
        hostile.encoded(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"),
        hostile.encoded(plain.convert("RGB"), "JPEG", exif=exif),
        hostile.encoded(plain, "JPEG", progressive=True),
        hostile.encoded(plain, "WEBP"),
        hostile.encoded(plain, "GIF"),
        hostile.encoded(plain.convert("RGB"), "BMP"),
        hostile.encoded(plain.convert("RGB"), "TIFF", compression="tiff_lzw"),
        hostile.encoded(plain.convert("CMYK"), "TIFF", compression="jpeg"),
        hostile.encoded(Image.fromarray(grey.astype(np.float32)), "TIFF"),
        hostile.encoded(plain, "PPM"),
    ]


def _archives() -> list[bytes]:
    drawn = drawings.from_strokes([_SEVEN, _SEVEN[:1]], np.array([7, 1]), np.array([1, 2]))
    names = ("points", "stroke_id", "sample_id", "labels", "writer")
    arrays = {name: getattr(drawn, name) for name in names}
    images = {"x": np.arange(2 * 49, dtype=np.uint8).reshape(2, 7, 7), "y": np.array([3, 9])}
    stored = zipfile.ZIP_STORED
    plain = [hostile.zipped(arrays), hostile.zipped(arrays, stored), hostile.zipped(images, stored)]
    return [*plain, hostile.zipped(arrays | images)]


DOORS = {
    "pictures": Door(
        _pictures(),
        _picture,
        (pictures.UnreadablePictureError,),
        tuple(hostile.PICTURES.values()),
    ),
    "files of drawings": Door(
        _archives(), _drawings, (ValueError,), tuple(hostile.ARCHIVES.values()), _changed_part
    ),
    "the board's messages": Door(
        [json.dumps(one).encode() for one in (_MESSAGE, _MESSAGE | {"image": _IMAGE})],
        _ear,
        (NotUnderstoodError, NoJSONError),
        inside=_changed_value,
    ),
    "what is asked while the pen moves": Door(
        [json.dumps(one).encode() for one in (_MESSAGE, _MESSAGE | {"image": _IMAGE})],
        lambda content: answering.prepare(moving.drawn(content)),
        (NotUnderstoodError,),
        inside=_changed_value,
    ),
    "what is asked of a picture": Door(
        [json.dumps({"of": 1, "number": 1} | one).encode() for one in _ASKED],
        _asked_of_picture,
        (brought.NotUnderstoodError, NoJSONError),
        inside=_changed_value,
    ),
    "the canvas's JSON": Door(
        [json.dumps({"drawing": {"raw": {"objects": _OBJECTS}}}).encode()],
        _canvas,
        (NoJSONError,),
        inside=_changed_value,
    ),
    "meta.json": Door([file.read_bytes() for file in _META], ModelMeta.read, (ValueError,),
                      inside=_changed_value),
    "events": Door([events.to_json(one).encode() for one in _EVENTS], _event, (ValueError,),
                   inside=_changed_value),
    "addresses": Door(
        [b"overfit", b"00000000000000000000-0123456789abcdef", b"abc234", "é\0x".encode()],
        _address,
        (classroom.NoClassError, LimitError, CollectionError),
    ),
}  # fmt: skip
