"""Photos of digits on paper become network inputs by the ladder that all pictures climb."""

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from classifier.ink import convention, drawings, finding, paper, preparing, rendering
from classifier.ink.pictures import read_picture
from classifier.ink.preparing import Verdict
from classifier.serving import predict, store
from classifier.synthetic import handwriting
from classifier.synthetic.photographing import RULINGS
from tests.paper import KINDS, STORED, Photo, at_random, encode, overlap, photograph

SMALL = Photo(shape=(600, 800))
# One of each digit, each on another sheet, in another light and with another pen.
TEN = [
    replace(SMALL, pen="black pen"),
    replace(SMALL, pen="blue pen", shadow=0.5, shadow_softness=0.01),
    replace(SMALL, ruling="ruled", margin=True, strength=0.7),
    replace(SMALL, ruling="squared", spacing=0.3, strength=0.6),
    replace(SMALL, pen="pencil", slope=0.5),
    replace(SMALL, pen="pencil", ruling="squared", spacing=0.5, margin=True),
    replace(SMALL, ruling="squared", tilt=0.08, turn=5, strength=0.6),
    replace(SMALL, size=0.14, x=0.3, y=0.3, thickness=0.09),
    replace(SMALL, paper=(150, 140, 120), noise=10, quality=45, slope=0.5),
    replace(SMALL, pen="blue pen", ruling="ruled", shadow=0.45, tilt=0.05, quality=60),
]
ORIENTATIONS = [1, 6, 3, 8, 1, 6, 2, 5, 7, 4]


def sheet(digit: int, **changes) -> tuple[np.ndarray, np.ndarray]:
    """A photo of a sample digit, and where its ink is."""
    return photograph(handwriting.sample_digit(digit), replace(SMALL, **changes))


@pytest.fixture(scope="module")
def predictor() -> predict.Predictor:
    return predict.Predictor(store.get("shipped-deep").tflite())


@pytest.fixture(scope="module")
def ten() -> list[tuple[preparing.Prepared, np.ndarray]]:
    """Ten photos as files from a camera, prepared, and where the ink of each is."""
    found = []
    for digit, (photo, orientation) in enumerate(zip(TEN, ORIENTATIONS, strict=True)):
        picture, ink = photograph(handwriting.sample_digit(digit), replace(photo, quality=None))
        file = encode(picture, photo.quality, orientation)
        found.append((preparing.prepare(read_picture(file)), ink))
    return found


def test_the_ten_photos_are_read(ten, predictor):
    said = [predict.answer(predictor, prepared).digit for prepared, _ in ten]
    assert said == list(range(10))


@pytest.mark.parametrize("digit", range(10))
def test_each_of_the_ten_photos_climbs_the_whole_ladder(ten, digit):
    prepared, ink = ten[digit]
    assert prepared.verdict is Verdict.READABLE
    assert overlap(prepared.ink, ink) > 0.85, "the box is where the ink is"
    rungs = convention.rungs(prepared.ink, prepared.network_input)
    assert len(rungs) == 6
    assert all(rung.image.max() > 150 for rung in rungs[1:])
    np.testing.assert_array_equal(rungs[-1].image, prepared.network_input)
    assert max(prepared.scaled.shape) == convention.BOX


@pytest.mark.parametrize("digit", range(10))
def test_the_network_gets_from_paper_nearly_what_it_gets_from_the_canvas(ten, digit):
    """By correlation; that of two different sample digits is 0.5 in the mean."""
    strokes = preparing.prepare_strokes(*drawings.fit_canvas(handwriting.sample_digit(digit)))
    assert likeness(ten[digit][0], strokes) > 0.8


def likeness(one: preparing.Prepared, other: preparing.Prepared) -> float:
    """Correlation of two network inputs, the best within a pixel's shift."""
    shifts = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    pictures = one.network_input, other.network_input
    return max(
        np.corrcoef(pictures[0].ravel(), np.roll(pictures[1], shift, (0, 1)).ravel())[0, 1]
        for shift in shifts
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"slope": 0.6},
        {"shadow": 0.5, "shadow_softness": 0.005},
        {"shadow": 0.4, "shadow_softness": 0.06, "shadow_angle": 2.5},
        {"ruling": "ruled"},
        {"ruling": "squared", "strength": 0.8, "spacing": 0.35},
        {"ruling": "squared", "strength": 1.0, "ruling_colour": (60, 70, 90)},
        {"margin": True},
        {"paper": (250, 240, 170)},
        {"noise": 9.0},
        {"quality": 40},
    ],
    ids=lambda changes: " ".join(f"{key} {value}" for key, value in changes.items()),
)
@pytest.mark.parametrize("digit", [4, 7])
def test_light_ruling_and_camera_hardly_change_the_network_input(digit, changes):
    plain = preparing.prepare(sheet(digit)[0])
    other = preparing.prepare(sheet(digit, **changes)[0])
    assert likeness(plain, other) > 0.96


def test_strokes_that_cross_lines_are_not_broken():
    """The ink stays in one piece where the squares' lines run through it."""
    for spacing in (0.2, 0.45):
        for pen in ("black pen", "pencil"):
            prepared = preparing.prepare(
                sheet(8, ruling="squared", spacing=spacing, strength=0.7, pen=pen)[0]
            )
            assert finding.drop_specks(prepared.ink).any()
            plain = preparing.prepare(sheet(8, pen=pen)[0])
            assert prepared.ink.sum() == pytest.approx(plain.ink.sum(), rel=0.1)


def test_chalk_on_a_board_is_ink_too():
    picture, ink = sheet(5, ruling="squared", shadow=0.3)
    prepared = preparing.prepare(255 - picture)
    assert overlap(prepared.ink, ink) > 0.85


@pytest.mark.parametrize("digit", range(10))
def test_a_photo_cut_close_around_the_digit_is_read(digit, predictor):
    """As long as there is some paper around it: a twelfth of the digit's size."""
    picture, ink = sheet(digit, ruling="squared", shadow=0.3)
    rows, columns = np.nonzero(ink > 0.5)
    for margin in (20, 40):
        here = slice(rows.min() - margin, rows.max() + margin + 1)
        cut = picture[here, columns.min() - margin : columns.max() + margin + 1]
        assert predict.answer(predictor, preparing.prepare(cut)).digit == digit


@pytest.mark.parametrize("shape", [(90, 120), (150, 200)])
def test_strokes_of_a_digit_that_fills_a_small_picture_are_no_ruling(shape, predictor):
    """They run from one edge to the other, and all but one or two of ten were taken out."""
    photo = Photo(shape=shape, size=0.8, thickness=0.09, noise=2, quality=None)
    for digit in range(10):
        cut = cut_close(*photograph(handwriting.sample_digit(digit), photo))
        assert predict.answer(predictor, preparing.prepare(cut)).digit == digit


def test_faint_ink_that_noise_nearly_drowns_is_read(predictor):
    photo = Photo(
        shape=(120, 160), size=0.8, thickness=0.1, noise=12, quality=None, paper=(80, 78, 75)
    )
    for digit in (1, 4, 8):
        cut = cut_close(*photograph(handwriting.sample_digit(digit), photo))
        assert predict.answer(predictor, preparing.prepare(cut)).digit == digit


def cut_close(picture: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """A picture of which but two pixels are left around its ink."""
    rows, columns = np.nonzero(ink > 0.5)
    top, left = max(rows.min() - 2, 0), max(columns.min() - 2, 0)
    return picture[top : rows.max() + 3, left : columns.max() + 3]


@pytest.mark.parametrize("digit", [2, 5, 8])
def test_dark_corners_are_no_ink(digit):
    """A lamp, or a lens, left 15 % of the light there, and the corners were read as digits."""
    picture, ink = sheet(digit, size=0.25, thickness=0.05)
    x, y = np.meshgrid(np.linspace(-1, 1, 800), np.linspace(-1, 1, 600))
    light = 1 - 0.85 * (x**2 + y**2) / 2
    dimmed = np.rint(picture * light[..., None]).astype(np.uint8)
    assert overlap(preparing.prepare(dimmed).ink, ink) > 0.85


def test_blurred_ruling_that_is_as_wide_as_a_pen_is_no_ink():
    """A middle so wide is not seen as a thin line, and is as dark as a pencil."""
    picture, ink = sheet(3, shape=(400, 500), pen="pencil", thickness=0.03, blur=0, noise=0)
    ruling = np.zeros(ink.shape, np.uint8)
    for y in (100, 240, 380):
        cv2.line(ruling, (0, y), (500, y - 75), 255, 8, cv2.LINE_AA)
    ruled = cv2.GaussianBlur(picture * (1 - 0.2 * ruling[..., None] / 255), (0, 0), 2)
    ruled += np.random.default_rng(0).normal(0, 2, ruled.shape)
    ruled = np.rint(ruled.clip(0, 255)).astype(np.uint8)
    assert overlap(preparing.prepare(ruled).ink, ink) > 0.85


def test_the_table_beside_the_paper_is_no_ink():
    picture, ink = sheet(4, slope=0.3)
    for side in (np.s_[:, :90], np.s_[-70:], np.s_[:60]):
        tabled = picture.copy()
        tabled[side] = np.rint(0.3 * tabled[side]).astype(np.uint8)
        assert overlap(preparing.prepare(tabled).ink, ink) > 0.85


@pytest.mark.parametrize("ruling", RULINGS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"shadow": 0.5}, {"noise": 12.0}, {"slope": 0.6, "margin": True}, {"quality": 30}],
    ids=["even", "shadow", "noise", "slope", "poor JPEG"],
)
def test_an_empty_sheet_is_blank(ruling, changes):
    picture, _ = photograph([], replace(SMALL, ruling=ruling, strength=0.6, **changes))
    prepared = preparing.prepare(picture)
    assert prepared.verdict is Verdict.BLANK
    assert prepared.network_input is None
    assert not prepared.ink.any()


@pytest.mark.slow
def test_random_photos_of_generated_writing_are_read(predictor):
    """Of ten of each kind at least 94 in 100."""
    rng = np.random.default_rng(0)
    kinds = list(KINDS) * 10
    written = handwriting.generate(len(kinds), seed=11)
    right = 0
    for kind, strokes, label in zip(kinds, written, written.labels, strict=True):
        photo = replace(at_random(kind, rng), shape=(600, 800))
        said = predict.answer(predictor, preparing.prepare(photograph(strokes, photo)[0]))
        right += said.digit == label
    assert right >= 0.94 * len(kinds)


def test_photos_are_told_from_flat_pictures():
    rng = np.random.default_rng(0)
    for digit in range(10):
        strokes, size, pen = drawings.fit_canvas(handwriting.sample_digit(digit))
        canvas = rendering.render_strokes(strokes, size, pen)
        scan = 0.9 * canvas + rng.normal(0.05, 0.005, canvas.shape)
        file = read_picture(encode(np.repeat(np.rint(255 * canvas).astype("u1")[..., None], 3, 2)))
        for flat in (canvas, 1 - canvas, scan.clip(0, 1), file.mean(axis=2) / 255):
            assert not paper.is_photo(flat.astype(np.float32))
        picture, _ = sheet(digit, ruling=RULINGS[digit % 3], shadow=0.1 * (digit % 4))
        assert paper.is_photo(picture.mean(axis=2).astype(np.float32) / 255)


@pytest.mark.slow
def test_twelve_megapixels_are_quick():
    picture, ink = sheet(3, shape=(3000, 4000), ruling="squared", quality=None, noise=0)
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        prepared = preparing.prepare(picture)
        times.append(time.perf_counter() - begun)
    assert overlap(prepared.ink, ink) > 0.85
    assert min(times) < 0.6, "0.12 s on a quiet machine"


@pytest.mark.parametrize(
    "shape", [(100, 100), (101, 3), (2, 640), (48, 639), (7000, 500), (700, 120)]
)
def test_noise_of_any_shape_raises_nothing(shape):
    rng = np.random.default_rng(0)
    for picture in (
        rng.integers(0, 256, (*shape, 3)).astype(np.uint8),
        np.linspace(0, 255, shape[0] * shape[1]).reshape(shape).astype(np.uint8),
        np.repeat(rng.integers(0, 256, (shape[0], 1)), shape[1], axis=1).astype(np.uint8),
    ):
        assert preparing.prepare(picture).ink.shape == shape[:2] or max(shape) > 640


def test_every_orientation_is_in_the_ten():
    assert set(ORIENTATIONS) == set(STORED)
