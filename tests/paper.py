"""Photos of digits on paper, rendered: paper, ruling and pen under a light, through a lens.

What a photo shows is the product of what the sheet reflects and the light on it; perspective, blur,
noise and JPEG come after. Knows nothing of how ink is found.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from PIL import Image

PENS: dict[str, tuple[tuple[int, int, int], float]] = {
    # colour, and how much of the paper it covers
    "black pen": ((25, 25, 30), 0.95),
    "blue pen": ((40, 60, 150), 0.85),
    "pencil": ((85, 85, 90), 0.6),
    "marker": ((20, 20, 20), 1.0),
}
RULINGS = ("plain", "ruled", "squared")
_ORIENTATION = 0x0112  # EXIF's tag
# What a camera stores of an upright picture, by the orientation that it notes down.
STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda picture: picture,
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: np.swapaxes(picture, 0, 1),
    6: lambda picture: np.rot90(picture),
    7: lambda picture: np.swapaxes(picture[::-1, ::-1], 0, 1),
    8: lambda picture: np.rot90(picture, -1),
}


@dataclass(frozen=True)
class Photo:
    """How a digit is written on a sheet, and how that is photographed. Shares are 0–1.

    size: longer side of the digit as a share of the picture's shorter side; x, y: place of its
    middle; thickness: of the pen, as a share of the digit's size; spacing: of the ruling, in sizes
    of the digit; strength: how dark the ruling is; slope: how much darker one side is; shadow: how
    much light the shadow takes; tilt: how far a corner moves, as a share of the side; turn: degrees
    noise: grey levels; quality: JPEG's, None for none
    """

    shape: tuple[int, int] = (900, 1200)
    pen: str = "black pen"
    size: float = 0.4
    x: float = 0.5
    y: float = 0.5
    thickness: float = 0.06
    ruling: str = "plain"
    spacing: float = 0.6
    strength: float = 0.25
    ruling_colour: tuple[int, int, int] = (90, 120, 190)
    margin: bool = False
    slope: float = 0.2
    shadow: float = 0.0
    shadow_angle: float = 0.6
    shadow_softness: float = 0.02
    tilt: float = 0.0
    turn: float = 0.0
    noise: float = 3.0
    blur: float = 0.8
    quality: int | None = 85
    seed: int = 0
    paper: tuple[int, int, int] = field(default=(242, 240, 232))


def photograph(strokes: Sequence[np.ndarray], photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Strokes in any unit as a photo, (H, W, 3) uint8, and where the ink really is, (H, W) float32,
    0–1. Without strokes, an empty sheet."""
    rng = np.random.default_rng(photo.seed)
    height, width = photo.shape
    sheet = np.ones((height, width, 3), np.float32) * np.array(photo.paper, np.float32) / 255
    sheet *= 1 + _blotches(photo.shape, 0.008, rng)[..., None]
    _rule(sheet, photo, rng)
    ink = _write(strokes, photo) if len(strokes) else np.zeros(photo.shape, np.float32)
    colour, cover = PENS[photo.pen]
    laid = cover * ink
    if photo.pen == "pencil":  # it catches on the grain of the paper
        laid = laid * (0.85 + 0.15 * rng.random(photo.shape, np.float32))
    sheet += laid[..., None] * (sheet * np.array(colour, np.float32) / 255 - sheet)

    warp = _camera(photo, rng)
    sheet = cv2.warpPerspective(sheet, warp, (width, height), borderMode=cv2.BORDER_REFLECT)
    ink = cv2.warpPerspective(ink, warp, (width, height))
    seen = 255 * sheet * _light(photo, rng)[..., None]
    if photo.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), photo.blur)
    if photo.noise:
        seen += rng.normal(0, photo.noise, seen.shape).astype(np.float32)
    seen = np.rint(seen.clip(0, 255)).astype(np.uint8)
    if photo.quality is not None:
        seen = np.asarray(Image.open(io.BytesIO(encode(seen, photo.quality))))
    return seen, ink


def encode(picture: np.ndarray, quality: int = 85, orientation: int = 1) -> bytes:
    """A JPEG of a picture (H, W, 3) uint8, as a camera held otherwise would have stored it."""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    stored = STORED[orientation](picture)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(stored)).save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


def at_random(kind: str, rng: np.random.Generator) -> Photo:
    """A photo of a kind of KINDS; all else as it comes."""
    photo = Photo(
        pen=str(rng.choice(["black pen", "blue pen", "marker"])),
        size=rng.uniform(0.2, 0.65),
        x=rng.uniform(0.4, 0.6),
        y=rng.uniform(0.42, 0.58),
        thickness=rng.uniform(0.035, 0.1),
        slope=rng.uniform(0, 0.4),
        turn=rng.normal(0, 2),
        tilt=rng.uniform(0, 0.02),
        noise=rng.uniform(1, 6),
        blur=rng.uniform(0.4, 1.5),
        quality=int(rng.integers(60, 95)),
        strength=rng.uniform(0.2, 0.8),
        spacing=rng.uniform(0.25, 1.2),
        margin=bool(rng.random() < 0.4),
        shadow_angle=rng.uniform(0, 2 * np.pi),
        shadow_softness=rng.uniform(0.004, 0.06),
        ruling_colour=((90, 120, 190), (130, 130, 135), (150, 120, 160))[rng.integers(3)],
        seed=int(rng.integers(2**31)),
    )
    return replace(photo, **KINDS[kind](rng))


KINDS: dict[str, Callable[[np.random.Generator], dict]] = {
    "plain": lambda rng: {},
    "shadow": lambda rng: {"shadow": rng.uniform(0.25, 0.6)},
    "ruled": lambda rng: {"ruling": "ruled"},
    "squared": lambda rng: {"ruling": "squared"},
    "pencil": lambda rng: {"pen": "pencil", "thickness": rng.uniform(0.03, 0.06)},
    "pencil, squared": lambda rng: {"pen": "pencil", "ruling": "squared"},
    "perspective": lambda rng: {
        "ruling": "squared",
        "tilt": rng.uniform(0.04, 0.1),
        "turn": rng.normal(0, 4),
    },
    "small": lambda rng: {"size": rng.uniform(0.1, 0.18), "x": rng.random() * 0.6 + 0.2},
    "dim and noisy": lambda rng: {
        "noise": rng.uniform(6, 12),
        "slope": rng.uniform(0.3, 0.6),
        "paper": (150, 140, 120),
        "quality": 50,
    },
    "all at once": lambda rng: {
        "ruling": str(rng.choice(RULINGS)),
        "shadow": rng.uniform(0, 0.5),
        "pen": str(rng.choice(list(PENS))),
        "tilt": rng.uniform(0, 0.08),
    },
}


def _blotches(shape: tuple[int, int], amount: float, rng: np.random.Generator) -> np.ndarray:
    """Slow unevenness and fine grain of paper, (H, W) float32 around 0."""
    coarse = rng.normal(0, amount, (12, 16)).astype(np.float32)
    grain = rng.normal(0, amount, shape).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC) + grain


def _rule(sheet: np.ndarray, photo: Photo, rng: np.random.Generator) -> None:
    """Draw the ruling into a sheet."""
    height, width = photo.shape
    lines = np.zeros(photo.shape, np.float32)
    step = photo.spacing * photo.size * min(photo.shape)
    thick = max(1, round(min(photo.shape) / 450))
    if photo.ruling != "plain":
        for y in np.arange(rng.uniform(0, step), height, step):
            cv2.line(lines, (0, round(y)), (width, round(y)), 1.0, thick, cv2.LINE_8)
    if photo.ruling == "squared":
        for x in np.arange(rng.uniform(0, step), width, step):
            cv2.line(lines, (round(x), 0), (round(x), height), 1.0, thick, cv2.LINE_8)
    sheet -= (photo.strength * lines)[..., None] * (1 - np.array(photo.ruling_colour) / 255)
    if photo.margin:
        x = round(width * rng.uniform(0.06, 0.14))
        red = np.zeros(photo.shape, np.float32)
        cv2.line(red, (x, 0), (x, height), 1.0, thick, cv2.LINE_8)
        sheet -= 0.6 * red[..., None] * np.array([0.1, 0.7, 0.65])


def _write(strokes: Sequence[np.ndarray], photo: Photo) -> np.ndarray:
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    side = photo.size * min(photo.shape)
    scale = side / max(extent.max(), 1e-6)
    middle = np.array([photo.x, photo.y]) * photo.shape[::-1]
    ink = np.zeros(photo.shape, np.uint8)
    for stroke in strokes:
        line = np.rint(((stroke - low - extent / 2) * scale + middle) * 16).astype(np.int32)
        thick = max(1, round(photo.thickness * side))
        cv2.polylines(ink, [line], False, 255, thick, cv2.LINE_AA, 4)
    return ink.astype(np.float32) / 255


def _camera(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """The matrix (3, 3) that takes the sheet to the picture."""
    height, width = photo.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)) * photo.tilt * min(photo.shape)
    tilt = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), photo.turn, 1)
    return np.vstack([turn, [0, 0, 1]]) @ tilt


def _light(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """How much light falls where, (H, W) float32, 0–1."""
    height, width = photo.shape
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - photo.slope * (0.5 + x * np.cos(angle) + y * np.sin(angle)).clip(0, 1)
    light *= 1 - 0.1 * (x**2 + y**2)  # lenses darken corners
    if photo.shadow:
        edge = x * np.cos(photo.shadow_angle) + y * np.sin(photo.shadow_angle)
        edge += 0.03 * np.sin(5 * (x + y)) + rng.uniform(-0.15, 0.15)
        light *= 1 - photo.shadow / (1 + np.exp(-edge / photo.shadow_softness))
    return light.astype(np.float32)


def overlap(found: np.ndarray, ink: np.ndarray) -> float:
    """Intersection over union, 0–1, of the boxes around ink that was found, at any size, and ink as
    it is; 0 if nothing was found."""
    boxes = []
    for one in (found, ink):
        rows, columns = np.nonzero(one >= 0.5)
        if not len(rows):
            return 0.0
        low, high = np.array([rows.min(), columns.min()]), np.array([rows.max(), columns.max()]) + 1
        boxes.append((low / one.shape, high / one.shape))
    (low, high), (other_low, other_high) = boxes
    shared = np.prod((np.minimum(high, other_high) - np.maximum(low, other_low)).clip(0))
    return float(shared / (np.prod(high - low) + np.prod(other_high - other_low) - shared))
