"""Files of drawings that are uploaded: what comes of them, and what a refused one costs."""

import io
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from classifier.ink import drawings
from classifier.people import collection
from classifier.people.visitors import visitor_of
from classifier.ui import view
from tests.app import press, run, words
from tests.ui.tabs.pages import opened


@pytest.fixture
def page(home) -> AppTest:
    return opened(view.HANDWRITING)


def kept(page: AppTest) -> list[collection.Kept]:
    return collection.drawings_of(visitor_of(page.session_state["session"].secret))


def packed(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def file_of(count: int, label: int = 7, **changes) -> bytes:
    """A file of so many drawings of one stroke each, with some arrays changed."""
    points = np.tile(np.array([[0, 0], [9, 0], [4, 9]], np.float32), (count, 1))
    points[2::3, 0] += np.arange(count) % 1000 / 250  # few alike
    which = np.repeat(np.arange(count, dtype=np.int32), 3)
    arrays = {"points": points, "stroke_id": which, "sample_id": which}
    return packed(**(arrays | {"labels": np.full(count, label, np.uint8)} | changes))


def upload(page: AppTest, content: bytes, name: str = "class.npz") -> None:
    page.file_uploader[0].upload(name, content)
    run(page)


def test_an_uploaded_file_is_kept_once_however_often_it_comes(page):
    upload(page, file_of(3))
    assert "3 drawings came" in words(page)
    upload(page, file_of(3))
    assert "0 drawings came, 3 were here already" in words(page)
    assert [one.label for one in kept(page)] == [7] * 3


def endless() -> bytes:
    """One drawing of a million strokes."""
    count = 10**6
    which = np.arange(count, dtype=np.int32)
    points = np.zeros((count, 2), np.float32)
    return file_of(1, points=points, stroke_id=which, sample_id=np.zeros(count, np.int32))


HOSTILE = {
    "a bomb": (lambda: packed(points=np.zeros((15_000_000, 2), np.float32)), "to 120 MB"),
    "a pickle": (lambda: packed(points=np.array([{}], object)), "never loaded"),
    "no archive": (lambda: b"MZ this is a program", "not a readable .npz file"),
    "no number": (lambda: file_of(2, points=np.full((6, 2), np.nan, np.float32)), "finite"),
    "a wrong label": (lambda: file_of(2, label=12), "labels"),
    "a million strokes": (endless, "strokes"),
    "a million drawings": (lambda: file_of(10**6), "would unpack to"),
    "thousands of drawings": (lambda: file_of(3_000), "2,000 are kept at most"),
    "images": (lambda: packed(x=np.zeros((2, 28, 28), np.uint8), y=np.zeros(2, np.uint8)),
               "image without ink"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_words_and_nothing_of_it_is_kept(page, kind):
    make, message = HOSTILE[kind]
    content = make()
    begun = time.perf_counter()
    upload(page, content)
    assert time.perf_counter() - begun < 10
    assert message in words(page)
    assert kept(page) == []


def test_images_that_are_uploaded_are_kept_as_pictures_once(page):
    rng = np.random.default_rng(0)
    x = np.zeros((3, 28, 28), np.uint8)
    for picture in x:
        picture[4:24, 8 : 12 + int(rng.integers(4))] = rng.integers(150, 255, (20, 1))
    content = packed(x=x, y=np.array([1, 1, 7], np.uint8))
    upload(page, content)
    assert "3 drawings came" in words(page)
    upload(page, content)
    assert "0 drawings came, 3 were here already" in words(page)
    assert [(one.label, one.source.value) for one in kept(page)] == [
        (1, "picture"), (1, "picture"), (7, "picture"),
    ]  # fmt: skip
    press(page, f"kept-picture-{kept(page)[0].number}")
    assert "It came as a picture." in words(page)


def images(count: int = 2) -> bytes:
    """A file that is read, and refused."""
    return packed(x=np.zeros((count, 28, 28), np.uint8), y=np.zeros(count, np.uint8))


def test_a_refused_file_is_looked_at_once_and_said_to_be_refused_until_the_next(page, monkeypatch):
    looked: list[str] = []
    load = drawings.load

    def noting(content: bytes, *, name: str) -> object:
        looked.append(name)
        return load(content, name=name)

    monkeypatch.setattr(drawings, "load", noting)
    upload(page, images(), "first.npz")
    for _ in range(3):
        assert "first.npz has an image without ink" in words(page)
        run(page)
    assert looked == ["first.npz"]
    upload(page, images(), "second.npz")
    assert "second.npz has an image without ink" in words(page)
    assert "first.npz" not in words(page)
    upload(page, file_of(3))
    assert "3 drawings came" in words(page)
    assert "second.npz" not in words(page)


def test_few_files_are_taken_in_a_minute(page, monkeypatch):
    monkeypatch.setenv("DIGIT_CLASSIFIER_PICTURES_A_MINUTE", "2")
    for label in (1, 2, 3):
        upload(page, file_of(1, label))
    assert "At most 2 pictures and files a minute" in words(page)
    assert [one.label for one in kept(page)] == [1, 2]
