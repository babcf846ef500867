"""Photos of one digit on paper, rendered: `synthetic.photographing` of strokes in a given place.

Knows nothing of how ink is found.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from classifier.ink import rendering
from classifier.serving.holding import Held
from classifier.synthetic import photographing

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
# What makes of an upright picture one that is held so.
HELD = {
    Held.UPSIDE_DOWN: STORED[3],
    Held.LEFT: STORED[6],
    Held.RIGHT: STORED[8],
    Held.MIRRORED: STORED[2],
}


@dataclass(frozen=True)
class Photo(photographing.Photo):
    """How a digit is written on a sheet, and how that is photographed. Shares are 0–1.

    size: longer side of the digit, or of all that is written, as a share of the picture's shorter
    side: this is a digit's height for the photo; x, y: place of its middle
    """

    size: float = 0.4
    x: float = 0.5
    y: float = 0.5


def photograph(strokes: Sequence[np.ndarray], photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Strokes in any unit as a photo, (H, W, 3) uint8, and where the ink really is, (H, W) float32,
    0–1. Without strokes, an empty sheet."""
    ink = _write(strokes, photo) if len(strokes) else np.zeros(photo.shape, np.float32)
    side = photo.size * min(photo.shape)
    picture, warp = photographing.photograph(ink, None, side, photo)
    return picture, cv2.warpPerspective(ink, warp, photo.shape[::-1])


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
        size=rng.uniform(0.2, 0.65),
        x=rng.uniform(0.4, 0.6),
        y=rng.uniform(0.42, 0.58),
        **photographing.as_it_comes(rng),
    )
    return replace(photo, **KINDS[kind](rng))


KINDS = photographing.KINDS | {
    "small": lambda rng: {"size": rng.uniform(0.1, 0.18), "x": rng.random() * 0.6 + 0.2},
}


def _write(strokes: Sequence[np.ndarray], photo: Photo) -> np.ndarray:
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    side = photo.size * min(photo.shape)
    scale = side / max(extent.max(), 1e-6)
    middle = np.array([photo.x, photo.y]) * photo.shape[::-1]
    placed = [(stroke - low - extent / 2) * scale + middle for stroke in strokes]
    height, width = photo.shape
    return rendering.render_strokes(placed, max(height, width), photo.thickness * side)[
        :height, :width
    ]


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
