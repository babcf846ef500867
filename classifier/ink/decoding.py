"""Picture files to plain pixels, in a process of its own whose memory and time are bounded.

Run as a program, it decodes one picture after the other; `pictures` starts it. It imports Pillow
alone, so that it is small and starts at once. Knows nothing of digits.
"""

import contextlib
import io
import signal
import struct
import sys
import warnings

# Named, so that Pillow asks no other decoder, and need not load all that it has to find these.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

_FORMATS = tuple(
    one.format
    for one in (
        AvifImagePlugin.AvifImageFile,
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        PpmImagePlugin.PpmImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
MAX_PIXELS = 40_000_000
# Pixels: a picture is reduced to no less than this, and comes back with less than twice as much.
# `finding` reduces it once more, by half or more, so that it does not matter how it was done here.
LEAST_SIDE = 1280
MEMORY = 220_000_000  # bytes: 40 megapixels of colour take 160 million
SECONDS = 1.0  # of processor for one picture; forty megapixels of colour take half of it
# A picture: its mode, width and height, those that it has in its file, upright, and how many bytes
# of pixels follow; or REFUSED, and how many bytes of UTF-8 follow that say why.
HEADER = struct.Struct("<4sIIIII")
PIXEL = {b"L": 1, b"RGB": 3, b"RGBA": 4, b"I": 4, b"F": 4}  # bytes of a pixel, by mode
MOST_BYTES = 4 * (2 * LEAST_SIDE) ** 2  # of an answer
LENGTH = struct.Struct("<I")  # of a file, in bytes; the file follows
REFUSED = b"no"
KINDS = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"  # for the reader
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
# How files of other kinds begin, and how what they show becomes a picture.
_OTHERS = {
    b"%PDF": " Of a PDF's page, save a picture or take a screenshot.",
    b"%!PS": " Of an EPS drawing, save a picture as PNG.",
    b"\xc5\xd0\xd3\xc6": " Of an EPS drawing, save a picture as PNG.",
    b"<svg": " Of an SVG drawing, save a picture as PNG.",
}
_LOOKED_AT = 1000  # bytes at a file's beginning
TOO_MUCH = "takes too much memory or time to decode: save it as an ordinary JPEG, or smaller."
_FRAMES = 20  # of an animation that are looked at
_FRAME_PIXELS = 4_000_000  # of a frame: larger ones are taken as they come
_ROWS = 32  # of a reduced picture that are made at a time
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (  # these turns put what was width upright
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)


class RefusedError(ValueError):
    """The file is not read; the words say why and what to do, and go on after the file's name."""


def decode(data: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """A picture file's first frame, upright, of mode L, I, F, RGB or RGBA, and reduced, see
    LEAST_SIDE; and its width and height before. Raises RefusedError."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            whole = picture.size
            factor = max(1, max(whole) // LEAST_SIDE)
            if factor > 1:  # a JPEG can be decoded at a lower resolution
                picture.draft(None, (-(-picture.width // factor), -(-picture.height // factor)))
            picture.load()
            _skip_blank(picture)
            small = _reduced(picture, max(1, max(picture.size) // LEAST_SIDE))
            turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))
            if turn is None:
                return small, whole
            return small.transpose(turn), whole[::-1] if turn in _LYING else whole
    except UnidentifiedImageError as error:
        raise RefusedError(_what_else(data)) from error
    except Image.DecompressionBombError as error:
        raise RefusedError(
            f"has more than {MAX_PIXELS // 1_000_000} megapixels. Make it smaller first."
        ) from error
    # Decoders raise whatever a damaged file makes them stumble over.
    except Exception as error:
        why = str(error)[:100]
        if isinstance(error, MemoryError):
            raise RefusedError(TOO_MUCH) from error
        # Some decoders say no more than that of a sound picture that takes too much memory, either.
        raise RefusedError(
            f"is damaged or cut off ({why}): save or send it again, smaller if it is large."
        ) from error


def _what_else(data: bytes) -> str:
    """What is said of a file that is none of the pictures that are read."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        return (
            "is a HEIC photo, which cannot be read here: export it as JPEG, or have the phone's "
            "camera take photos as “Most compatible”."
        )
    begins = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    hint = next((hint for start, hint in _OTHERS.items() if begins.startswith(start)), "")
    if not hint and b"<svg" in begins:
        hint = _OTHERS[b"<svg"]
    return f"is not a picture: choose a {KINDS} file.{hint}"


def _skip_blank(picture: Image.Image) -> None:
    """Go on to the first frame of an animation, of its first few, that shows something."""
    last = min(getattr(picture, "n_frames", 1), _FRAMES) - 1
    if last < 1 or picture.width * picture.height > _FRAME_PIXELS:
        return
    for frame in range(last):
        if picture.convert("RGBA").getcolors(1) is None:  # more than one
            return
        picture.seek(frame + 1)
        picture.load()


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """A picture in its plain mode and reduced; strip by strip, since a second picture of the full
    size would take too much."""
    mode = _plain_mode(picture)
    width, height = picture.size
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, _ROWS * factor):
        strip = picture.crop((0, top, width, min(top + _ROWS * factor, height)))
        small.paste(strip.convert(mode).reduce(factor), (0, top // factor))
    return small


def _plain_mode(picture: Image.Image) -> str:
    if picture.mode in ("1", "L"):  # one grey may stand for none
        return "RGBA" if "transparency" in picture.info else "L"
    if picture.mode.startswith("I"):  # 16 bits a pixel, or 32 that hold 16
        return "I"
    if picture.mode == "F":
        return "F"
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    return "RGBA" if transparent else "RGB"


def bound() -> None:
    """Hold this process to MEMORY, and let Pillow refuse what has more than MAX_PIXELS before it
    decodes it."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns from here on, and refuses twice as much
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows, or it is held to less
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def answer(data: bytes) -> bytes:
    """What is said of a picture file: HEADER and what follows it."""
    try:
        picture, whole = decode(data)
    except RefusedError as error:
        why = str(error).encode("utf-8", "replace")
        return HEADER.pack(REFUSED, 0, 0, 0, 0, len(why)) + why
    pixels = picture.tobytes()
    return HEADER.pack(picture.mode.encode(), *picture.size, *whole, len(pixels)) + pixels


def main() -> None:
    """Answer what comes on standard input until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page, whose end ends this
    bound()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(length := source.read(LENGTH.size)) == LENGTH.size:
        data = source.read(*LENGTH.unpack(length))
        _allow(SECONDS)
        said = answer(data)
        _allow(0)
        sink.write(said)
        sink.flush()
        del data, said  # nothing of a picture is held until the next comes


def _allow(seconds: float) -> None:
    """Have the system end this process when it has used so much of the processor; 0: never."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
