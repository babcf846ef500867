"""Picture files: every kind is decoded or refused in a sentence that names it."""

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier.ink import decoding, pictures, preparing
from classifier.ink.pictures import UnreadablePictureError, read_picture
from classifier.ink.preparing import Verdict
from tests.paper import STORED


@pytest.fixture
def grey() -> np.ndarray:
    """A black stroke like a 1 on white paper: (60, 40) uint8, with noise so that files are long."""
    paper = np.random.default_rng(0).integers(245, 256, (60, 40)).astype(np.uint8)
    paper[10:50, 18:23] = 0
    return paper


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def refusal(content: bytes | Path) -> str:
    """The message with which a file is refused; it has to name the file and end as a sentence."""
    with pytest.raises(UnreadablePictureError) as caught:
        read_picture(content, "my drawing.png")
    message = str(caught.value)
    assert message.startswith("my drawing.png ")
    assert message.endswith(".")
    return message


def png_header(width: int, height: int) -> bytes:
    """A PNG of that size which ends where its pixels would begin."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"")


@pytest.mark.parametrize("kind", ["EPS", "ICO", "PCX", "JPEG2000"])
def test_no_other_decoder_is_asked(grey, kind, monkeypatch):
    """An EPS file would even be handed to another program, Ghostscript."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("started"))
    content = encoded(Image.fromarray(grey), kind)
    assert "is not a picture" in refusal(content)
    with pytest.raises(decoding.RefusedError, match="is not a picture"):
        decoding.decode(content)  # in this process, where Ghostscript is the test's


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_lossless_grey_pictures_come_back_exactly(grey, kind, tmp_path):
    content = encoded(Image.fromarray(grey), kind)
    path = tmp_path / "picture"
    path.write_bytes(content)
    for source in (content, path, str(path)):
        picture = read_picture(source)
        one = picture if picture.ndim == 2 else picture[..., 0]
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, grey)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_pictures_come_back_nearly(grey, kind):
    picture = read_picture(encoded(Image.fromarray(grey).convert("RGB"), kind, quality=95))
    assert picture.shape == (60, 40, 3)
    assert np.abs(picture[..., 0].astype(int) - grey).mean() < 5


def test_16_bit_grey_keeps_its_16_bits(grey):
    deep = grey.astype(np.uint16) * 257
    deep[0] -= np.uint16(3)  # not a multiple of 257, which 8 bits would make of it
    for kind in ("PNG", "TIFF"):
        picture = read_picture(encoded(Image.fromarray(deep), kind))
        assert picture.dtype == np.uint16
        np.testing.assert_array_equal(picture, deep)


def test_16_bit_big_endian_and_32_bit_pictures_hold_16_bits(grey):
    deep = grey.astype(np.uint16) * 257
    raw = b"P5 40 60 65535\n" + deep.astype(">u2").tobytes()
    wide = encoded(Image.fromarray(deep.astype(np.int32)), "TIFF")
    for content in (raw, wide):
        picture = read_picture(content)
        assert picture.dtype == np.uint16
        np.testing.assert_array_equal(picture, deep)


def test_16_bit_picture_gives_the_same_input_as_8_bit(grey):
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    shallow = preparing.prepare(read_picture(encoded(Image.fromarray(grey), "PNG")))
    prepared = preparing.prepare(read_picture(encoded(deep, "PNG")))
    np.testing.assert_array_equal(prepared.network_input, shallow.network_input)


def test_a_grey_that_stands_for_none_is_transparent(grey):
    """Black ink on a black that is not seen."""
    bits = Image.fromarray((grey > 128).astype(np.uint8))
    picture = read_picture(encoded(bits, "PNG", transparency=1))
    assert picture.shape == (60, 40, 4)
    assert picture[0, 0, 3] == 0
    assert picture[30, 20, 3] == 255


def test_of_an_animation_the_first_frame_that_shows_something_is_read(grey):
    blank = Image.new("L", (40, 60), 255)
    rest = {"save_all": True, "append_images": [blank, Image.fromarray(grey)]}
    picture = read_picture(encoded(blank, "GIF", **rest))
    assert picture[30, 20].max() < 50


def test_a_picture_knows_how_large_it_was_upright(grey):
    large = Image.fromarray(grey).resize((4000, 6000))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    read = pictures.read(encoded(large, "JPEG", exif=exif))
    assert (read.width, read.height) == (6000, 4000)
    assert max(read.pixels.shape) < 2560
    assert read.pixels.shape[1] > read.pixels.shape[0]


def test_a_jfif_file_is_a_picture(tmp_path, grey):
    (tmp_path / "7.jfif").write_bytes(encoded(Image.fromarray(grey), "JPEG"))
    assert pictures.pictures_in(tmp_path) == [tmp_path / "7.jfif"]


def test_picture_of_floats_keeps_its_contrast(grey):
    content = encoded(Image.fromarray(grey.astype(np.float32) * 0.001), "TIFF")
    picture = read_picture(content)
    assert picture.dtype == np.uint16
    assert (picture.min(), picture.max()) == (0, 65535)
    assert (picture[10:50, 18:23] == 0).all()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(grey, kind):
    content = encoded(Image.fromarray(grey).convert("CMYK"), kind)
    assert Image.open(io.BytesIO(content)).mode == "CMYK"
    picture = read_picture(content)
    assert picture.shape == (60, 40, 3)
    assert picture[30, 20].max() < 60, "the stroke stays dark"
    assert picture[5, 5].min() > 200, "the paper stays light"


def test_palette_becomes_colours(grey):
    indexed = Image.fromarray((grey < 128).astype(np.uint8), "P")
    indexed.putpalette([255, 250, 0, 0, 0, 128])
    picture = read_picture(encoded(indexed, "PNG"))
    assert picture.shape == (60, 40, 3)
    assert picture[30, 20].tolist() == [0, 0, 128]
    assert picture[5, 5].tolist() == [255, 250, 0]


def test_palette_with_transparency_becomes_rgba(grey):
    indexed = Image.fromarray((grey < 128).astype(np.uint8), "P")
    indexed.putpalette([255, 250, 0, 0, 0, 128])
    picture = read_picture(encoded(indexed, "PNG", transparency=0))
    assert picture.shape == (60, 40, 4)
    assert picture[5, 5, 3] == 0
    assert picture[30, 20].tolist() == [0, 0, 128, 255]


@pytest.mark.parametrize("bands", ["RGBA", "LA"])
def test_transparency_is_kept(grey, bands):
    picture = Image.fromarray(grey).convert(bands)
    picture.putalpha(Image.fromarray(255 - grey))
    read = read_picture(encoded(picture, "PNG"))
    assert read.shape == (60, 40, 4)
    np.testing.assert_array_equal(read[..., 3], 255 - grey)


def test_black_and_white_of_one_bit_is_grey(grey):
    picture = read_picture(encoded(Image.fromarray(grey).convert("1", dither=0), "PNG"))
    np.testing.assert_array_equal(picture, np.where(grey < 128, 0, 255))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(grey, kind):
    first, second = Image.fromarray(grey), Image.fromarray(255 - grey)
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(first, kind, save_all=True, append_images=[second], **options)
    assert Image.open(io.BytesIO(content)).n_frames == 2
    picture = read_picture(content)
    one = picture if picture.ndim == 2 else picture[..., 0]
    np.testing.assert_array_equal(one, grey)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_photograph_is_turned_upright_however_the_camera_was_held(grey, orientation, kind):
    grey[5:10, 2:30] = 0  # alike in no two orientations
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](grey)))
    picture = read_picture(encoded(stored, kind, exif=exif))
    one = picture if picture.ndim == 2 else picture[..., 0]
    assert one.shape == grey.shape
    assert np.abs(one.astype(int) - grey).mean() < 5


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadablePictureError, match=r"gone\.png cannot be read: No such file"):
        read_picture(tmp_path / "gone.png")


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(UnreadablePictureError, match="cannot be read: Is a directory"):
        read_picture(tmp_path)


def test_message_names_the_path_or_says_the_picture(tmp_path):
    path = tmp_path / "notes.png"
    path.write_bytes(b"notes")
    with pytest.raises(UnreadablePictureError, match=r"notes\.png is not a picture"):
        read_picture(path)
    with pytest.raises(UnreadablePictureError, match=r"^the picture is not a picture"):
        read_picture(b"notes")


def test_empty_file_is_refused():
    assert "is empty: choose another file" in refusal(b"")


@pytest.mark.parametrize("content", [b"x", b"%PDF-1.7 ...", b"\0" * 100, b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_is_refused(content):
    assert "not a picture: choose a PNG, JPEG" in refusal(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_truncated_picture_is_refused(grey, kind):
    content = encoded(Image.fromarray(grey), kind)
    message = refusal(content[: len(content) * 2 // 3])
    assert "damaged or cut off" in message or "not a picture" in message


def test_truncated_picture_says_what_to_do(grey):
    content = encoded(Image.fromarray(grey), "PNG")
    message = refusal(content[: len(content) // 2])
    assert "is damaged or cut off" in message
    assert "save or send it again" in message


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd TIFF tags
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF"])
def test_damaged_picture_is_read_or_refused_but_never_anything_else(grey, kind):
    rng = np.random.default_rng(0)
    content = encoded(Image.fromarray(grey[::2, ::2]).convert("RGB"), kind)
    refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 4):
            damaged[place] = rng.integers(0, 256)
        try:
            assert read_picture(bytes(damaged)).dtype in (np.uint8, np.uint16)
        except UnreadablePictureError:
            refused += 1
    assert refused > 0


def test_whatever_a_decoder_raises_becomes_a_sentence(grey, monkeypatch):
    def stumble(self):
        raise RuntimeError("colour planes")

    content = encoded(Image.fromarray(grey), "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", stumble)
    with pytest.raises(decoding.RefusedError, match=r"damaged or cut off \(colour planes\)"):
        decoding.decode(content)


@pytest.mark.parametrize(
    ("width", "height"),
    [(8_000, 5_001), (10_000, 10_000), (40_000_001, 1), (100_000, 100_000)],
)
def test_over_40_megapixels_are_refused_before_decoding(width, height):
    """The file has no pixels: whoever tried to decode them would say that it is cut off."""
    message = refusal(png_header(width, height))
    assert "has more than 40 megapixels" in message
    assert "Make it smaller first" in message


def test_just_40_megapixels_are_not_refused_for_their_size():
    """The file has no pixels, so it fails later and for another reason."""
    assert "damaged or cut off" in refusal(png_header(8_000, 5_000))


def test_pictures_in_a_folder_come_sorted_by_name_and_nothing_else(tmp_path):
    for name in ("b.PNG", "a.jpg", "c.webp", "notes.txt", "B.gif"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    names = [path.name for path in pictures.pictures_in(tmp_path)]
    assert names == ["B.gif", "a.jpg", "b.PNG", "c.webp"]


def heic() -> bytes:
    """As an iPhone's photo begins."""
    return (24).to_bytes(4, "big") + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (heic(), "is a HEIC photo, which cannot be read here: export it as JPEG"),
        (b"%PDF-1.7\n", "Of a PDF's page, save a picture or take a screenshot"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "Of an EPS drawing, save a picture as PNG"),
        (b"\xc5\xd0\xd3\xc6" + bytes(40), "Of an EPS drawing, save a picture as PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Of an SVG drawing, save a picture as PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a 7 -->\n<svg/>", "Of an SVG drawing"),
    ],
)
def test_files_of_other_kinds_are_told_how_to_become_a_picture(content, said):
    begun = time.perf_counter()
    assert said in refusal(content)
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (1, 5000), 255),
        Image.new("L", (5000, 1), 0),
        Image.effect_noise((5000, 1), 90),
    ],
    ids=["white", "black", "noisy"],
)
def test_a_picture_of_one_row_or_column_has_nothing_to_read(picture):
    taken = time.process_time()
    prepared = preparing.prepare(read_picture(encoded(picture, "PNG")))
    assert prepared.verdict is not Verdict.READABLE
    assert time.process_time() - taken < 2


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_long_animation_one_frame_is_decoded(grey, kind):
    """The time of the process that decodes is its own: 300 frames would take seconds."""
    frames = [Image.fromarray(np.roll(grey, k, axis=1)).convert("RGB") for k in range(300)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    begun = time.perf_counter()
    pixels = read_picture(content)
    assert time.perf_counter() - begun < 5
    assert pixels.shape[:2] == grey.shape


def test_avif_pictures_come_back_nearly(grey):
    picture = read_picture(encoded(Image.fromarray(grey).convert("RGB"), "AVIF", quality=95))
    assert picture.shape == (60, 40, 3)
    assert np.abs(picture[..., 0].astype(int) - grey).mean() < 5


def test_photos_that_cannot_be_read_are_not_passed_over_in_a_folder(tmp_path):
    for name in ("a.HEIC", "b.heif", "c.avif", "d.jfif", "notes.pdf"):
        (tmp_path / name).write_bytes(heic())
    names = [path.name for path in pictures.pictures_in(tmp_path)]
    assert names == ["a.HEIC", "b.heif", "c.avif", "d.jfif"]


def test_a_file_stands_for_itself_whatever_its_name(tmp_path):
    assert pictures.pictures_in(str(tmp_path / "notes.txt")) == [tmp_path / "notes.txt"]
