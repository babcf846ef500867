"""How ink on a sheet looks in a photo: paper, ruling and pen under a light, through a lens.

What a photo shows is the product of what the sheet reflects and the light on it; perspective, blur,
noise and JPEG come after. Knows nothing of what is written, and of how ink is found.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

Colour = tuple[int, int, int]
RULINGS = ("plain", "ruled", "squared")
_WHITEBOARD, _BOARD = (232, 236, 238), (44, 62, 54)
_COLOURED = ((250, 236, 140), (196, 222, 245), (246, 200, 205), (205, 235, 200))
_DESKS = ((70, 50, 35), (25, 25, 28), (120, 110, 100), (95, 100, 110))


@dataclass(frozen=True)
class Pen:
    """What one writes with.

    cover: how much of the paper it covers, 0–1; rough: it catches on the paper's grain
    opaque: its own colour shows; other ink takes from the light that the paper gives back
    """

    colour: Colour
    cover: float
    rough: bool = False
    opaque: bool = False


PENS = {
    "black pen": Pen((25, 25, 30), 0.95),
    "blue pen": Pen((40, 60, 150), 0.85),
    "red pen": Pen((190, 40, 45), 0.85),
    "green pen": Pen((30, 120, 70), 0.85),
    "pencil": Pen((85, 85, 90), 0.6, rough=True),
    "marker": Pen((20, 20, 20), 1.0),
    "red marker": Pen((200, 25, 30), 0.95),
    "chalk": Pen((238, 238, 228), 0.85, rough=True, opaque=True),
}


@dataclass(frozen=True)
class Photo:
    """A sheet, what it is written on with, and how it is photographed. Shares are 0–1.

    shape: height and width in pixels; thickness: of the pen, in heights of a digit
    spacing: of the ruling, in heights of a digit; strength: of all that is printed
    margin: a red line at the left; slope: how much darker one side is; shadow: how much light the
    shadow takes; glare: how much of a lamp is mirrored; tilt: how far a corner moves, as a share of
    the shorter side; turn: degrees; noise: grey levels; blur: pixels; quality: JPEG's, or None
    desk: its colour, if it shows; beside: as shares of the picture, at the left, top, right, bottom
    """

    shape: tuple[int, int] = (900, 1200)
    pen: str = "black pen"
    thickness: float = 0.06
    paper: Colour = (242, 240, 232)
    ruling: str = "plain"
    spacing: float = 0.6
    strength: float = 0.25
    ruling_colour: Colour = (90, 120, 190)
    margin: bool = False
    slope: float = 0.2
    shadow: float = 0.0
    shadow_angle: float = 0.6
    shadow_softness: float = 0.02
    glare: float = 0.0
    tilt: float = 0.0
    turn: float = 0.0
    noise: float = 3.0
    blur: float = 0.8
    quality: int | None = 85
    desk: Colour | None = None
    beside: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    seed: int = 0


def photograph(
    ink: np.ndarray, printed: np.ndarray | None, height: float, photo: Photo
) -> tuple[np.ndarray, np.ndarray]:
    """A sheet as a photo, (H, W, 3) uint8, and the matrix (3, 3) that takes the sheet there.

    ink, printed: (H, W) float32, 0–1, of the photo's shape: what is written, and what was printed
    there beside the ruling; height: of a digit, in pixels
    """
    rng = np.random.default_rng(photo.seed)
    sheet: np.ndarray = _surface(photo.shape, photo.paper, rng)
    _rule(sheet, printed, height, photo, rng)
    pen = PENS[photo.pen]
    laid: np.ndarray = pen.cover * ink
    if pen.rough:
        laid = laid * (0.85 + 0.15 * rng.random(photo.shape, np.float32))
    warp = _camera(photo, rng)
    size = photo.shape[::-1]
    sheet = cv2.warpPerspective(sheet, warp, size, borderMode=cv2.BORDER_REFLECT)
    laid = cv2.warpPerspective(laid, warp, size)[..., None]
    colour = np.array(pen.colour, np.float32) / 255
    sheet = sheet + laid * ((colour if pen.opaque else sheet * colour) - sheet)
    if photo.desk is not None:
        there = cv2.warpPerspective(np.ones(photo.shape, np.float32), warp, size)[..., None]
        sheet = there * sheet + (1 - there) * _surface(photo.shape, photo.desk, rng)

    seen: np.ndarray = 255 * sheet * _light(photo, rng)[..., None]
    if photo.glare:
        seen = seen + (255 - seen) * photo.glare * _lamp(photo.shape, rng)[..., None]
    if photo.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), photo.blur)
    if photo.noise:
        seen = seen + rng.normal(0, photo.noise, seen.shape).astype(np.float32)
    picture = np.rint(seen.clip(0, 255)).astype(np.uint8)
    if photo.quality is not None:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=photo.quality)
        picture = np.asarray(Image.open(file))
    return picture, warp


def as_it_comes(rng: np.random.Generator) -> dict[str, Any]:
    """What of a Photo differs from one to the next, whatever its kind."""
    return {
        "pen": str(rng.choice(["black pen", "blue pen", "marker"])),
        "thickness": rng.uniform(0.035, 0.1),
        "slope": rng.uniform(0, 0.4),
        "turn": rng.normal(0, 2),
        "tilt": rng.uniform(0, 0.02),
        "noise": rng.uniform(1, 6),
        "blur": rng.uniform(0.4, 1.5),
        "quality": int(rng.integers(60, 95)),
        "strength": rng.uniform(0.2, 0.8),
        "spacing": rng.uniform(0.25, 1.2),
        "margin": bool(rng.random() < 0.4),
        "shadow_angle": rng.uniform(0, 2 * np.pi),
        "shadow_softness": rng.uniform(0.004, 0.06),
        "ruling_colour": ((90, 120, 190), (130, 130, 135), (150, 120, 160))[rng.integers(3)],
        "seed": int(rng.integers(2**31)),
    }


# What makes a photo one of this kind; all else is as it comes.
KINDS: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "plain": lambda rng: {},
    "shadow": lambda rng: {"shadow": rng.uniform(0.25, 0.6)},
    "ruled": lambda rng: {"ruling": "ruled"},
    "squared": lambda rng: {"ruling": "squared"},
    "pencil": lambda rng: {"pen": "pencil", "thickness": rng.uniform(0.03, 0.06)},
    "pencil, squared": lambda rng: {"pen": "pencil", "ruling": "squared"},
    "thick marker": lambda rng: {
        "pen": str(rng.choice(["marker", "red marker"])),
        "thickness": rng.uniform(0.12, 0.18),
    },
    "coloured": lambda rng: {
        "paper": _COLOURED[rng.integers(len(_COLOURED))],
        "pen": str(rng.choice(["red pen", "green pen", "blue pen"])),
    },
    "chalk": lambda rng: {
        "paper": _BOARD,
        "pen": "chalk",
        "thickness": rng.uniform(0.06, 0.12),
        "margin": False,
    },
    "whiteboard": lambda rng: {
        "paper": _WHITEBOARD,
        "pen": str(rng.choice(["marker", "red marker", "blue pen"])),
        "thickness": rng.uniform(0.06, 0.1),
        "glare": rng.uniform(0.4, 0.9),
        "margin": False,
    },
    "desk": lambda rng: {
        "desk": _DESKS[rng.integers(len(_DESKS))],
        "beside": tuple(rng.uniform(0, 0.15, 4)),
    },
    "perspective": lambda rng: {
        "ruling": "squared",
        "tilt": rng.uniform(0.04, 0.1),
        "turn": rng.normal(0, 4),
    },
    "turned": lambda rng: {"turn": rng.choice([-1, 1]) * rng.uniform(8, 15)},
    "blurred": lambda rng: {"blur": rng.uniform(2, 3), "quality": 40},
    "dim and noisy": lambda rng: {
        "noise": rng.uniform(6, 12),
        "slope": rng.uniform(0.3, 0.6),
        "paper": (150, 140, 120),
        "quality": 50,
    },
    "all at once": lambda rng: {
        "ruling": str(rng.choice(RULINGS)),
        "shadow": rng.uniform(0, 0.5),
        "pen": str(rng.choice([name for name, pen in PENS.items() if not pen.opaque])),
        "tilt": rng.uniform(0, 0.08),
    },
}


def _surface(shape: tuple[int, int], colour: Colour, rng: np.random.Generator) -> np.ndarray:
    """What a sheet or a desk reflects, (H, W, 3) float32, with slow unevenness and fine grain."""
    coarse = rng.normal(0, 0.008, (12, 16)).astype(np.float32)
    grain = rng.normal(0, 0.008, shape).astype(np.float32)
    blotches = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC) + grain
    return np.array(colour, np.float32) / 255 * (1 + blotches)[..., None]


def _rule(
    sheet: np.ndarray,
    printed: np.ndarray | None,
    height: float,
    photo: Photo,
    rng: np.random.Generator,
) -> None:
    """Print the ruling, and what else is printed, on a sheet."""
    high, wide = photo.shape
    lines = np.zeros(photo.shape, np.float32) if printed is None else printed.copy()
    step = photo.spacing * height
    thick = line_width(photo.shape)
    if photo.ruling != "plain":
        for y in np.arange(rng.uniform(0, step), high, step):
            cv2.line(lines, (0, round(y)), (wide, round(y)), 1.0, thick, cv2.LINE_8)
    if photo.ruling == "squared":
        for x in np.arange(rng.uniform(0, step), wide, step):
            cv2.line(lines, (round(x), 0), (round(x), high), 1.0, thick, cv2.LINE_8)
    sheet -= (photo.strength * lines)[..., None] * (1 - np.array(photo.ruling_colour) / 255)
    if photo.margin:
        x = round(wide * rng.uniform(0.06, 0.14))
        red = np.zeros(photo.shape, np.float32)
        cv2.line(red, (x, 0), (x, high), 1.0, thick, cv2.LINE_8)
        sheet -= 0.6 * red[..., None] * np.array([0.1, 0.7, 0.65])


def line_width(shape: tuple[int, int]) -> int:
    """Pixels of a printed line."""
    return max(1, round(min(shape) / 450))


def _camera(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """The matrix (3, 3) that takes the sheet to the picture: tilted, turned, then on its desk."""
    height, width = photo.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)) * photo.tilt * min(photo.shape)
    tilt = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), photo.turn, 1)
    left, top, right, bottom = photo.beside
    lain = np.array([[1 - left - right, 0, left * width], [0, 1 - top - bottom, top * height]])
    return np.asarray(np.vstack([lain, [0, 0, 1]]) @ np.vstack([turn, [0, 0, 1]]) @ tilt)


def _light(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """How much light falls where, (H, W) float32, 0–1."""
    x, y = _places(photo.shape)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - photo.slope * (0.5 + x * np.cos(angle) + y * np.sin(angle)).clip(0, 1)
    light *= 1 - 0.1 * (x**2 + y**2)  # lenses darken corners
    if photo.shadow:
        edge = x * np.cos(photo.shadow_angle) + y * np.sin(photo.shadow_angle)
        edge += 0.03 * np.sin(5 * (x + y)) + rng.uniform(-0.15, 0.15)
        light *= 1 - photo.shadow / (1 + np.exp(-edge / photo.shadow_softness))
    return np.asarray(light, np.float32)


def _lamp(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Where a board mirrors a lamp, (H, W) float32, 0–1."""
    x, y = _places(shape)
    left, top = rng.uniform(-0.5, 0.5, 2)
    wide, high = rng.uniform(0.08, 0.25, 2)
    blob = np.exp(-(((x - left) / wide) ** 2) - ((y - top) / high) ** 2)
    return np.asarray(blob, np.float32)


def _places(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel where it is from left to right and from top to bottom, -0.5 to 0.5."""
    height, width = shape
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    return x, y
