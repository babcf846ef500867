"""Inputs that ask for much more than they are, made by code: small files, large demands."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

_SIDE = 6300  # pixels: 39.7 megapixels, just allowed


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file of that kind."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _plain(mode: str, kind: str, **options: object) -> Callable[[], bytes]:
    return lambda: encoded(Image.new(mode, (_SIDE, _SIDE)), kind, **options)


def _many_scans(times: int = 4000) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each is decoded anew."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (500, 2000)).astype(np.uint8))
    jpeg = encoded(noise.resize((6000, 6000)), "JPEG", progressive=True, quality=10)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * min(times, 20_000_000 // len(jpeg[last:])) + jpeg[-2:]


def _webp_header() -> bytes:
    """A WebP of 16,000 × 16,000 pixels that ends where they would begin."""
    side = (16_000 - 1).to_bytes(3, "little")
    body = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + side + side
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


# What each is -> makes it.
PICTURES: dict[str, Callable[[], bytes]] = {
    "png, palette": _plain("P", "PNG"),
    "png, RGB": _plain("RGB", "PNG"),
    "png, RGBA": _plain("RGBA", "PNG"),
    "png, one bit": _plain("1", "PNG"),
    "png, 16 bits": _plain("I;16", "PNG"),
    "png, one row": lambda: encoded(Image.new("RGB", (39_000_000, 1)), "PNG"),
    "png, one column": lambda: encoded(Image.new("RGB", (1, 30_000_000)), "PNG"),
    "tiff, deflate": _plain("RGB", "TIFF", compression="tiff_deflate"),
    "tiff, floats": _plain("F", "TIFF", compression="tiff_deflate"),
    "tiff, CMYK": _plain("CMYK", "TIFF", compression="tiff_deflate"),
    "tiff, LAB": _plain("LAB", "TIFF", compression="tiff_deflate"),
    "gif": _plain("P", "GIF"),
    "jpeg": _plain("RGB", "JPEG"),
    "jpeg, progressive": _plain("RGB", "JPEG", progressive=True, subsampling=0),
    "jpeg, many scans": _many_scans,
    "webp": _plain("RGB", "WEBP", method=0, lossless=True),
    "webp, declared": _webp_header,
    "ppm of text": lambda: b"P2 6000 6000 255\n" + b"0 " * 9_000_000,
}
