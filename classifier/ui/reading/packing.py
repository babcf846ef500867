"""Pictures as files in memory, each in so many bytes at most. Knows nothing of what is on them."""

import cv2
import numpy as np

from classifier.ink import annotating

MOST_HELD, MOST_SENT = 1_000_000, 250_000  # bytes
_LARGEST_SENT = 1600  # pixels of the longer side: as much as a screen shows
_HELD_QUALITY, _SENT_QUALITY = 92, 80  # of JPEG
_SMALLER = 0.8  # times the size, until it fits


def packed(pixels: np.ndarray) -> bytes:
    """A picture in MOST_HELD bytes, as small as that takes; what a JPEG cannot hold as PNG."""
    stored = pixels
    if pixels.ndim == 3:
        how = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        stored = cv2.cvtColor(pixels, how)
    is_plain = pixels.dtype == np.uint8 and stored.shape[2:] != (4,)
    kind, settings = (
        (".jpg", [cv2.IMWRITE_JPEG_QUALITY, _HELD_QUALITY]) if is_plain else (".png", [])
    )
    return _fitting(stored, kind, settings, MOST_HELD)


def unpacked(packed: bytes) -> np.ndarray:
    """The pixels of a picture that was packed."""
    pixels = np.asarray(cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_UNCHANGED))
    if pixels.ndim == 3:
        how = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        pixels = cv2.cvtColor(pixels, how)
    return pixels


def shown(pixels: np.ndarray) -> bytes:
    """A picture as the browser gets it: a JPEG of MOST_SENT bytes at most."""
    plain = cv2.cvtColor(annotating.as_rgb(pixels), cv2.COLOR_RGB2BGR)
    factor = _LARGEST_SENT / max(plain.shape)
    if factor < 1:
        plain = cv2.resize(plain, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return _fitting(plain, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, _SENT_QUALITY], MOST_SENT)


def _fitting(pixels: np.ndarray, kind: str, settings: list[int], most: int) -> bytes:
    """A picture file of so many bytes at most."""
    while len(content := cv2.imencode(kind, pixels, settings)[1].tobytes()) > most:
        size = [max(1, round(side * _SMALLER)) for side in pixels.shape[1::-1]]
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return content
