"""Pictures are decoded in a process of their own, within bounds of memory and time."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import psutil
import pytest
from PIL import Image

from classifier.config import PROJECT
from classifier.ink import decoding, pictures, preparing
from classifier.ink.decoding import RefusedError
from classifier.ink.pictures import Decoder, UnreadablePictureError, read_picture
from tests import hostile, paper
from tests.watching import Watch

MOST = 250_000_000  # bytes, for the process that asks and for the one that decodes
posix = pytest.mark.skipif(os.name != "posix", reason="asks for signals")


def picture(width: int = 40, height: int = 60) -> bytes:
    """A small PNG of that size."""
    return hostile.encoded(Image.new("RGB", (width, height), (250, 240, 230)), "PNG")


@pytest.fixture
def decoder():
    one = Decoder()
    yield one
    one.end()


@pytest.mark.slow
@pytest.mark.parametrize("kind", hostile.PICTURES)
def test_no_picture_takes_more_than_its_share(kind, monkeypatch):
    own = Decoder()
    monkeypatch.setattr(pictures, "_decoder", own)
    content = hostile.PICTURES[kind]()
    read_picture(picture())  # the process is started
    with Watch() as watch:
        try:
            longest = max(read_picture(content, "it").shape)
        except UnreadablePictureError as error:
            longest, message = 0, str(error)
            assert message.startswith("it ")
            assert message.endswith(".")
    own.end()
    assert longest < 2 * decoding.LEAST_SIDE
    assert watch.growth < MOST
    assert watch.child < MOST
    assert watch.seconds < 5  # with nobody else at work, `decoding.SECONDS`


@pytest.mark.slow
def test_a_large_photo_is_read_as_if_it_had_not_been_reduced():
    shape = (2000, 2700)
    strokes = [np.array([[0, 0], [8, 0], [3, 10]]), np.array([[2, 5], [7, 5]])]
    whole, _ = paper.photograph(strokes, paper.Photo(shape=shape))
    expected = preparing.prepare(whole)
    for kind, options in (("PNG", {"compress_level": 1}), ("JPEG", {"quality": 92})):
        read = read_picture(hostile.encoded(Image.fromarray(whole), kind, **options))
        assert decoding.LEAST_SIDE <= max(read.shape) < 2 * decoding.LEAST_SIDE
        prepared = preparing.prepare(read)
        assert prepared.ink.shape == expected.ink.shape
        difference = prepared.network_input.astype(int) - expected.network_input
        assert np.abs(difference).mean() < 2


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "I;16", "CMYK", "F"])
def test_a_reduced_picture_looks_like_the_whole(mode):
    """Dark below a bright band, in each mode; an odd size leaves a part of a block at the edge."""
    grey = np.full((2611, 3001), 40, np.uint8)
    grey[:1000] = 200
    whole = Image.fromarray(grey)
    if mode == "I;16":
        whole = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "1":
        whole = whole.point(lambda value: 255 * (value > 100)).convert("1")
    else:
        whole = whole.convert(mode)
    read = read_picture(hostile.encoded(whole, "PNG" if mode not in ("CMYK", "F") else "TIFF"))
    assert read.shape[:2] == (1306, 1501)
    one = read if read.ndim == 2 else read[..., 0]
    one = one.astype(float) / np.iinfo(read.dtype).max
    expected = {"1": (1, 0), "F": (1, 0)}.get(mode, (200 / 255, 40 / 255))
    assert one[:499].mean() == pytest.approx(expected[0], abs=0.01)
    assert one[501:].mean() == pytest.approx(expected[1], abs=0.01)


@pytest.mark.parametrize("orientation", paper.STORED)
def test_a_reduced_photograph_is_turned_upright(orientation):
    grey = np.full((1500, 2600), 200, np.uint8)
    grey[100:400, 200:2000] = 20  # alike in no two orientations
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(paper.STORED[orientation](grey)))
    read = read_picture(hostile.encoded(stored, "JPEG", exif=exif))
    assert read.shape == (750, 1300)
    assert np.abs(read.astype(int) - grey[::2, ::2]).mean() < 3


def test_a_file_of_more_than_50_mb_is_not_even_read(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(10 * pictures.MAX_BYTES)
    with Watch() as watch, pytest.raises(UnreadablePictureError, match="has more than 50 MB"):
        read_picture(path)
    assert watch.growth < 2 * pictures.MAX_BYTES


# The process


def test_one_process_reads_many_pictures_and_each_asker_gets_their_own(decoder):
    decoder.ask(picture())
    pid = decoder._process.pid
    found = []

    def ask(width: int) -> None:
        for height in range(1, 11):
            _, shape, pixels, _ = decoder.ask(picture(width, height))
            found.append((shape, len(pixels)) == ((height, width), 3 * width * height))

    threads = [threading.Thread(target=ask, args=[width]) for width in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80
    assert decoder._process.pid == pid


def test_a_process_that_died_is_replaced(decoder):
    decoder.ask(picture())
    decoder._process.kill()
    decoder._process.wait()
    assert decoder.ask(picture(5, 7))[1] == (7, 5)


@posix
def test_a_process_that_does_not_answer_is_ended_and_replaced(decoder, monkeypatch):
    decoder.ask(picture())
    stopped = decoder._process
    os.kill(stopped.pid, signal.SIGSTOP)
    monkeypatch.setattr(pictures, "_PATIENCE", 0.2)
    with pytest.raises(RefusedError, match="too much memory or time"):
        decoder.ask(picture())
    assert stopped.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert decoder.ask(picture(5, 7))[1] == (7, 5)


@posix
def test_a_process_that_has_used_its_time_is_ended_and_replaced(decoder, monkeypatch):
    monkeypatch.setattr(pictures, "_PATIENCE", 60)
    decoder.ask(picture())
    spent = decoder._process
    with pytest.raises(RefusedError, match="too much memory or time"):
        decoder.ask(hostile.PICTURES["jpeg, many scans"]())
    assert spent.returncode == -signal.SIGPROF
    assert decoder.ask(picture(5, 7))[1] == (7, 5)


@posix
def test_who_waits_for_too_many_others_is_told_so(decoder, monkeypatch):
    monkeypatch.setattr(pictures, "_TURN", 0.1)
    with decoder._turn(None), pytest.raises(RefusedError, match="too many others"):
        decoder.ask(picture())


def served(decoder, monkeypatch, asked: list[tuple[str | None, int]]) -> list[int]:
    """Have pictures of such widths asked for by these visitors, one after the other while another
    is at work: the widths in the order in which they are decoded."""
    order, exchange = [], pictures._exchange

    def noted(process, data: bytes):
        said = exchange(process, data)
        order.append(said[1].shape[1])
        return said

    monkeypatch.setattr(pictures, "_exchange", noted)
    threads = [
        threading.Thread(target=decoder.ask, args=(picture(width), whose)) for whose, width in asked
    ]
    with decoder._turn("at work"):
        for thread in threads:
            thread.start()
            time.sleep(0.05)  # it is in line, or waits for its own
    for thread in threads:
        thread.join(30)
    return order


@pytest.mark.parametrize("visitors", [["a", "b", "c", "d"], [None] * 4])
def test_whoever_asks_first_is_first(decoder, monkeypatch, visitors):
    asked = list(zip(visitors, range(1, 5), strict=True))
    assert served(decoder, monkeypatch, asked) == [1, 2, 3, 4]


@pytest.mark.parametrize("many", ["a", ""], ids=["a visitor", "those without a secret"])
def test_many_pictures_of_one_visitor_hold_up_others_as_one_does(decoder, monkeypatch, many):
    order = served(decoder, monkeypatch, [(many, 5)] * 8 + [("b", 1), ("c", 2)])
    assert order == [5, 1, 2] + [5] * 7


def test_who_waits_for_their_own_picture_is_told_so(decoder, monkeypatch):
    monkeypatch.setattr(pictures, "_TURN", 0.1)
    with decoder._turn("a"), pytest.raises(RefusedError, match="another of yours"):
        decoder.ask(picture(), "a")
    assert decoder.ask(picture(5, 7), "a")[1] == (7, 5)


@posix
def test_nothing_is_left_of_processes_that_ended(decoder):
    me = psutil.Process()
    before, children = me.num_fds(), len(me.children())
    for _ in range(5):
        decoder.ask(picture())
        decoder._process.kill()
        decoder._process.wait()
    decoder.ask(picture())
    decoder.end()
    decoder.end()
    assert me.num_fds() == before
    assert len(me.children()) == children


@posix
@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"], ids=["end", "kill"])
def test_it_ends_with_the_process_that_started_it(end):
    script = f"""
import os, signal
from classifier.ink import pictures
try:
    pictures.read_picture(b"no picture")
except pictures.UnreadablePictureError:
    print(pictures._decoder._process.pid, flush=True)
{end}
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False
    )
    for _ in range(100):
        if not psutil.pid_exists(int(done.stdout)):
            return
        time.sleep(0.05)
    pytest.fail("it goes on")


def test_an_answer_that_no_decoder_gives_is_refused(decoder, monkeypatch, tmp_path):
    """Whoever takes over the process by a picture gets no further."""
    impostor = tmp_path / "impostor.py"
    for said in (
        "HEADER.pack(b'RGB', 60000, 60000, 1, 1, 2**32 - 1) + bytes(10**8)",
        "HEADER.pack(b'XYZ', 1, 1, 1, 1, 1) + b'x'",
        "HEADER.pack(b'L', 2, 2, 2, 2, 3) + b'xyz'",
        "b'no'",
    ):
        impostor.write_text(
            "import struct, sys\nHEADER = struct.Struct('<4sIIIII')\n"
            f"sys.stdin.buffer.read(4)\nsys.stdout.buffer.write({said})\n"
        )
        monkeypatch.setattr(decoding, "__file__", str(impostor))
        with Watch() as watch, pytest.raises(RefusedError):
            decoder.ask(b"file")
        decoder.end()
        assert watch.growth < MOST


def test_where_there_are_no_bounds_of_the_system_pictures_are_decoded_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.delattr(signal, "setitimer", raising=False)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with warnings.catch_warnings():
        decoding.bound()
        decoding._allow(1)
        said = decoding.answer(picture(2, 3))
    head = decoding.HEADER.unpack(said[: decoding.HEADER.size])
    assert head == (b"RGB\0", 2, 3, 2, 3, 18)
