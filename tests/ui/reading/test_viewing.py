"""What is seen of a picture: mirrored, turned, tilted, cropped, and back."""

import numpy as np
import pytest

from classifier.ui.reading.viewing import MOST_TILT, WHOLE, View

WIDE, HIGH = 120, 80


@pytest.fixture
def picture() -> np.ndarray:
    """(HIGH, WIDE) uint8, no two places of which are alike."""
    x, y = np.meshgrid(np.arange(WIDE), np.arange(HIGH))
    return (x + 1.5 * y).astype(np.uint8)


def test_turns_and_mirrors_are_those_of_what_is_seen(picture):
    view, seen = View(), picture
    for step in ("left", "mirror", "right", "right", "mirror", "right", "mirror"):
        turns = {"left": -1, "right": 1}.get(step)
        view = view.flipped() if turns is None else view.turned(turns)
        seen = seen[:, ::-1] if turns is None else np.rot90(seen, -turns)
        assert np.array_equal(view.of(picture), seen)


def test_a_crop_goes_with_what_is_turned_and_mirrored(picture):
    part = View().cropped((0.1, 0.2, 0.6, 0.5))
    seen = part.of(picture)
    assert seen.shape == (24, 60)
    assert np.array_equal(part.turned(1).of(picture), np.rot90(seen, -1))
    assert np.array_equal(part.flipped().of(picture), seen[:, ::-1])


@pytest.mark.parametrize("tilt", [-MOST_TILT, -1, 7, MOST_TILT])
def test_a_tilted_picture_has_all_that_it_had_and_no_edge_that_it_had_not(tilt):
    paper = np.full((HIGH, WIDE), 200, np.uint8)
    paper[30:50, 2:6] = paper[30:50, -6:-2] = 20
    seen = View(tilt=tilt).of(paper)
    assert seen.shape[0] > HIGH
    assert seen.shape[1] > WIDE - 4
    assert abs((seen < 100).sum() / (paper < 100).sum() - 1) < 0.1
    corners = seen[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 200).all()


def test_it_tilts_to_the_right():
    paper = np.full((101, 101), 200, np.uint8)
    paper[:40, 49:52] = 20  # a line upwards from the middle
    seen = View(tilt=10).of(paper)
    middle = seen.shape[1] // 2
    assert np.nonzero(seen[: seen.shape[0] // 2] < 100)[1].mean() > middle


@pytest.mark.parametrize("tilt", [-12, 5])
def test_the_middle_of_a_part_stays_where_the_tilt_is_another(picture, tilt):
    part = View(turns=1).cropped((0.6, 0.2, 0.9, 0.5))
    low, _ = part.of(picture).shape
    other = part.tilted(tilt, WIDE, HIGH)
    seen = other.of(picture)
    assert abs(seen.shape[0] - low) <= 1
    before, after = part.of(picture), seen
    middles = [int(one[one.shape[0] // 2, one.shape[1] // 2]) for one in (before, after)]
    assert abs(middles[0] - middles[1]) <= 3
    back = other.tilted(0, WIDE, HIGH)
    assert np.allclose(back.crop, part.crop, atol=0.01)


def test_all_of_a_picture_stays_all_of_it(picture):
    tilted = View().tilted(9, WIDE, HIGH)
    assert tilted.crop == WHOLE
    assert np.array_equal(tilted.tilted(0, WIDE, HIGH).of(picture), picture)


def test_a_part_of_a_tilted_picture_never_leaves_its_frame():
    for corner in ((0, 0, 0.2, 0.2), (0.8, 0.8, 1, 1), (0, 0, 1, 0.3)):
        view = View(tilt=MOST_TILT).cropped(corner).tilted(-MOST_TILT, WIDE, HIGH)
        left, top, right, bottom = view.crop
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_kind_of_picture_is_seen_so(shape, kind):
    seen = View(True, 3, 4, (0.2, 0.2, 0.8, 0.8)).of(np.full(shape, 9, kind))
    assert seen.dtype == kind
    assert (seen == 9).all()
    assert seen.shape[2:] == shape[2:]
