"""Picture files to arrays, with every kind of bad file answered in a sentence.

Knows nothing of digits.
"""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # whose decoders are asked
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")


class UnreadablePictureError(ValueError):
    """The file is no picture that can be read; the message names it and says what to do."""


def read_picture(source: str | Path | bytes, name: str | None = None) -> np.ndarray:
    """Decode a picture file, upright: (H, W) uint8 or uint16 grey, (H, W, 3) RGB or (H, W, 4) RGBA
    uint8. Of an animation, the first frame.

    source: a path, or the file's bytes; name: what messages call it.
    Raises UnreadablePictureError for files that are missing, empty, truncated, not pictures, or
    of more than 40 megapixels, which are refused before they are decoded.
    """
    name = name or (str(source) if not isinstance(source, bytes) else "the picture")
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        raise _unreadable(name, error) from error
    if not data:
        raise UnreadablePictureError(f"{name} is empty: choose another file.")
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the limit below is stricter.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise _too_large(name, width * height)
                return _to_array(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise UnreadablePictureError(
            f"{name} is not a picture: choose a PNG, JPEG, WebP, GIF, BMP or TIFF file."
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except UnreadablePictureError:
        raise
    # Decoders raise whatever a damaged file makes them stumble over.
    except Exception as error:
        raise UnreadablePictureError(
            f"{name} is damaged or cut off ({error}): save or send it again."
        ) from error


def _unreadable(name: object, error: OSError | ValueError) -> UnreadablePictureError:
    return UnreadablePictureError(
        f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."
    )


def _too_large(name: str, pixels: int | None = None) -> UnreadablePictureError:
    size = "far too many pixels" if pixels is None else f"{pixels / 1e6:.0f} megapixels"
    return UnreadablePictureError(
        f"{name} has {size}: at most {MAX_PIXELS // 1_000_000} are read. Make it smaller first."
    )


def _to_array(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I"):  # 16 bits a pixel, or 32 that hold 16
        return np.asarray(picture).clip(0, 65535).astype(np.uint16)
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, np.float32))
        low, high = float(values.min()), float(values.max())
        return ((values - low) / max(high - low, 1e-9) * 65535).astype(np.uint16)
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if transparent else "RGB"))


def pictures_in(path: str | Path) -> list[Path]:
    """`path` itself if it is no folder, else the picture files in it, sorted by name. Raises
    UnreadablePictureError for a folder that cannot be listed."""
    path = Path(path)
    # Of `os.path`, since these raise nothing, whatever the name and the permissions.
    if not os.path.isdir(path):
        return [path]
    try:
        files = sorted(path.iterdir())
    except OSError as error:
        raise _unreadable(path, error) from error
    return [file for file in files if file.suffix.lower() in SUFFIXES and os.path.isfile(file)]
