"""Ways in besides the canvas: pictures that are read, and those that are not, in words."""

import cv2
import numpy as np
import pytest
from streamlit.runtime.uploaded_file_manager import DeletedFile
from streamlit.testing.v1 import AppTest

from classifier.ink import pictures
from classifier.people import visitors
from classifier.synthetic import handwriting
from classifier.ui import session, view
from classifier.ui.board import bringing
from tests.app import new_page, press, run, tell, words


@pytest.fixture
def page(home) -> AppTest:
    """With the button "Picture" pressed."""
    page = new_page()
    page.session_state["picture-0"] = True
    return run(page)


def sheet(*digits: int, kind: str = ".png") -> bytes:
    """Digits side by side in dark ink on light paper, as a picture file."""
    paper = np.full((400, 150 + 220 * len(digits)), 230, np.uint8)
    for place, digit in enumerate(digits):
        for stroke in handwriting.sample_digit(digit):
            points = np.rint(stroke * 180 + (80 + 220 * place, 100)).astype(np.int32)
            cv2.polylines(paper, [points], False, 40, 14, cv2.LINE_AA)
    return cv2.imencode(kind, paper)[1].tobytes()


def bring(page: AppTest, content: bytes, name: str = "paper.png") -> None:
    page.file_uploader[0].upload(name, content, "image/png")
    run(page)


def test_a_picture_file_is_read(page):
    bring(page, sheet(7))
    assert "It is a 7" in words(page)
    assert "From paper.png." in words(page)
    assert not page.file_uploader  # it has closed itself


def test_a_picture_of_the_camera_is_read(page):
    page.session_state["picture-way-0"] = "Camera"
    run(page)
    page.camera_input[0].upload("camera.jpg", sheet(4, kind=".jpg"))
    run(page)
    assert "It is a 4" in words(page)


def test_a_picture_that_is_pasted_is_read(page):
    page.session_state["picture-way-0"] = "Clipboard"
    run(page)
    page.chat_input[0].upload("image.png", sheet(3), "image/png")
    run(page)
    assert "It is a 3" in words(page)


def test_a_file_that_was_taken_in_a_run_that_another_overtook_is_none(monkeypatch):
    here = session.Session()
    monkeypatch.setattr(session, "current", lambda: here)
    monkeypatch.setattr(session.Widget, "read", lambda *_: DeletedFile("gone"))
    bringing._take("picture-File-0")
    assert (here.brought, here.picture_problem) == (None, "")


def test_what_is_drawn_after_a_number_was_brought_is_a_drawing_of_its_own(page):
    bring(page, sheet(4, 0, 7))
    strokes = [stroke * 200 + 40 for stroke in handwriting.sample_digit(3)]
    tell(page, strokes=[[k, 18, 0, *one.ravel().tolist()] for k, one in enumerate(strokes, 1)])
    assert "It is a 3" in words(page)
    press(page, "label-3")
    assert "Kept as a 3" in words(page)


def test_more_pictures_than_one_may_bring_in_a_minute_are_told(page, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_PICTURES_A_MINUTE", "1")
    bring(page, sheet(4))
    assert "It is a 4" in words(page)
    page.session_state["picture-1"] = True
    run(page)
    bring(page, sheet(3))
    assert "At most 1 pictures a minute" in words(page)
    assert "It is a 4" in words(page)


def test_a_visitors_pictures_are_read_one_after_the_other(page, monkeypatch):
    monkeypatch.setattr(pictures, "_TURN", 0.1)
    visitor = visitors.visitor_of(page.session_state["session"].secret)
    with pictures._decoder._turn(visitor.digest):
        bring(page, sheet(4))
    assert "paper.png has to wait for another of yours" in words(page)


def test_text_that_is_pasted_is_told(page):
    page.session_state["picture-way-0"] = "Clipboard"
    run(page)
    page.chat_input[0].set_value("seven")
    run(page)
    assert "There was no picture in it" in words(page)


def test_a_number_on_paper_is_read_digit_by_digit(page):
    bring(page, sheet(4, 0, 7))
    assert "It is 407" in words(page)
    assert len(page.session_state["session"].number) == 3


def test_a_number_is_not_kept_as_a_digit(page):
    bring(page, sheet(4, 0))
    press(page, "label-4")
    assert "choose one of its digits above" in words(page)


def test_a_photo_has_its_own_ladder(page):
    bring(page, sheet(7))
    page.session_state[view.OPEN_TAB.name] = view.INSIDE
    run(page)
    here = page.session_state["session"]
    assert here.prepared.ink.shape == (400, 370)  # the picture's, not the canvas's
    for rung in ("raw", "ink box", "20 × 20", "centre of mass", "pen"):
        assert f"**{rung}**" in words(page)


def test_what_is_drawn_over_a_photo_is_read_with_it(page):
    bring(page, sheet(1))
    tell(page, strokes=[[1, 18, 0, 60.0, 60.0, 140.0, 60.0]])
    image = page.session_state["session"].prepared.network_input
    assert image[6, 7] > 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"MZ this is a program", "is not a picture"),
        (bytes(4) + b"ftypheic" + bytes(40), "is a HEIC photo"),
        (b"%PDF-1.7", "take a screenshot"),
        (sheet(7)[:300], "damaged or cut off"),
        (cv2.imencode(".png", np.full((300, 300), 200, np.uint8))[1].tobytes(), "No ink was found"),
        (cv2.imencode(".png", np.eye(300, dtype=np.uint8))[1].tobytes(), "No ink was found"),
    ],
    ids=["empty", "program", "HEIC", "PDF", "cut off", "blank", "faint"],
)
def test_what_is_no_picture_of_a_digit_is_told(page, content, said):
    bring(page, content)
    assert said in words(page)
    assert page.file_uploader  # it stays open for another
    assert page.session_state["session"].sketch.strokes == []


def test_what_the_uploader_takes_is_said(page):
    assert "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF" in words(page)
    assert "HEIC" in words(page)
    assert {".avif", ".jfif"} <= set(page.file_uploader[0].proto.type)


def test_a_picture_of_100_megapixels_is_refused(page):
    huge = cv2.imencode(".png", np.zeros((10_000, 10_000), np.uint8))[1].tobytes()
    bring(page, huge)
    assert "more than 40 megapixels" in words(page)


@pytest.mark.slow
def test_pictures_of_every_kind_do_no_harm(page):
    """Noise, a negative, one pixel, a line: whatever comes of it, the page goes on."""
    rng = np.random.default_rng(0)
    for pixels in (
        rng.integers(0, 255, (480, 640), np.uint8),
        255 - cv2.imdecode(np.frombuffer(sheet(7), np.uint8), cv2.IMREAD_GRAYSCALE),
        np.zeros((1, 1), np.uint8),
        np.eye(200, dtype=np.uint8) * 255,
    ):
        number = page.session_state["session"].pictures
        page.session_state[f"picture-{number}"] = True
        run(page)
        bring(page, cv2.imencode(".png", pixels)[1].tobytes())
