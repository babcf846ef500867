"""Inputs that ask for much more than they are, made by code: small files, large demands."""

import io
import struct
import zipfile
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


def array_file(array: np.ndarray) -> bytes:
    """An array as NumPy saves it alone."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of parts by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as one:
        for name, content in parts.items():
            one.writestr(name, content)
    return file.getvalue()


def zipped(arrays: dict[str, np.ndarray], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Arrays by name as an `.npz` file."""
    return archive({f"{name}.npy": array_file(one) for name, one in arrays.items()}, method)


def _header(text: bytes, rest: bytes = b"") -> bytes:
    """A part whose array has that header."""
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + rest


def _with_header(text: bytes) -> Callable[[], bytes]:
    return lambda: archive({"points.npy": _header(text)})


def _flagged() -> bytes:
    """An archive that says that it is encrypted."""
    content = bytearray(zipped({"x": np.zeros(3)}))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


def _hidden_list(zip64: bool) -> bytes:
    """300,000 empty parts; what says how many they are has a decoy behind it, or is overruled."""
    entry = b"PK\1\2" + bytes(24) + (1).to_bytes(2, "little") + bytes(16) + b"a"
    count = 300_000
    listed = entry * count
    if not zip64:
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(listed), 0, 0)
        decoy = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
        return b"PK" + listed + end[:-2] + (22).to_bytes(2, "little") + decoy
    place = len(listed)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(listed), 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0)
    return listed + record + locator + end


_ZEROS = np.zeros((100, 1000, 1000), np.uint8)
# What each is -> makes it.
ARCHIVES: dict[str, Callable[[], bytes]] = {
    "100 MB of zeros": lambda: zipped({"x": _ZEROS, "y": np.zeros(100, int)}),
    "bzip2": lambda: zipped({"x": _ZEROS}, zipfile.ZIP_BZIP2),
    "bzip2, said to be small": lambda: _shrunk(zipped({"x": _ZEROS}, zipfile.ZIP_BZIP2)),
    "LZMA": lambda: zipped({"x": _ZEROS}, zipfile.ZIP_LZMA),
    "said to be small": lambda: _shrunk(zipped({"x": _ZEROS})),
    "a thousand parts": lambda: zipped({f"x{k}": np.zeros(1) for k in range(1000)}),
    "a hidden list": lambda: _hidden_list(False),
    "an overruling list": lambda: _hidden_list(True),
    "encrypted": _flagged,
    "a header of brackets": _with_header(b"(" * 9_000),
    "a header of lists": _with_header(b"[" * 90 + b"]" * 90),
    "a header of signs": _with_header(b"-" * 9_000 + b"1"),
    "a header without an end": _with_header(b"{'descr': '''"),
    "a large header": _with_header(b" " * 60_000),
    "an endless shape": _with_header(
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (9" + b"9" * 4_000 + b",), }"
    ),
    "a wide type": _with_header(b"{'descr': '<U99999999999', 'fortran_order': False, 'shape': ()}"),
    "deep types": _with_header(
        b"{'descr': " + b"[('a', " * 80 + b"'<f4'" + b")]" * 80
        + b", 'fortran_order': False, 'shape': (1,)}"
    ),
}  # fmt: skip


def _shrunk(content: bytes) -> bytes:
    """An archive whose list says that each part has 1,000 bytes."""
    changed, place = bytearray(content), 0
    while (place := content.find(b"PK\1\2", place)) >= 0:
        changed[place + 24 : place + 28] = (1000).to_bytes(4, "little")
        place += 4
    return bytes(changed)
