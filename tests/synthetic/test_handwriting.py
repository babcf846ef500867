"""Generated handwriting: repeatable, balanced, well-formed and varied."""

import hashlib

import numpy as np
import pytest

from classifier.config import CLASSES
from classifier.ink.convention import scale_to_box
from classifier.ink.drawings import Drawings, load, save
from classifier.ink.rendering import render_box, render_drawings
from classifier.synthetic import handwriting, templates


@pytest.fixture(scope="module")
def drawings() -> Drawings:
    return handwriting.generate(2005, seed=1)


def test_same_seed_gives_same_digits(drawings):
    again = handwriting.generate(2005, seed=1)
    np.testing.assert_array_equal(again.points, drawings.points)
    np.testing.assert_array_equal(again.stroke_id, drawings.stroke_id)
    np.testing.assert_array_equal(again.labels, drawings.labels)
    np.testing.assert_array_equal(again.writer, drawings.writer)


def test_a_seeds_digits_are_those_of_yesterday(drawings):
    """Whoever changes them tests every saved model on other digits than before. What is whole is
    compared exactly: it tells which variant each is of. Points differ a little by the machine."""
    whole = hashlib.sha256()
    for array in (drawings.stroke_id, drawings.sample_id, drawings.labels, drawings.writer):
        whole.update(array.astype("<i4").tobytes())
    assert whole.hexdigest()[:16] == "90924e971675fce1"
    some = [[0.1629, -0.3481], [-0.3764, -0.3439], [0.2843, -0.3128], [-0.2681, -0.4161]]
    np.testing.assert_allclose(drawings.points[: 4 * 14184 : 14184], some, atol=1e-4)


def test_another_seed_gives_other_digits(drawings):
    other = handwriting.generate(2005, seed=2)
    assert not np.array_equal(other.labels, drawings.labels)
    assert len(other.points) != len(drawings.points) or np.any(other.points != drawings.points)


def test_labels_are_balanced_and_shuffled(drawings):
    counts = np.bincount(drawings.labels, minlength=CLASSES)
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == 2005
    # In a shuffled order, a tenth of the neighbours have the same label.
    assert 0.05 < np.mean(np.diff(drawings.labels.astype(int)) == 0) < 0.15


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_count_can_be_asked_for(count):
    few = handwriting.generate(count, seed=0)
    assert len(few) == len(few.writer) == len(list(few)) == count


def test_contract_of_drawings_holds(drawings, tmp_path):
    assert drawings.points.dtype == np.float32
    assert drawings.stroke_id.dtype == drawings.sample_id.dtype == drawings.writer.dtype == np.int32
    assert drawings.labels.dtype == np.uint8
    assert drawings.points.shape == (len(drawings.stroke_id), 2)
    assert np.isfinite(drawings.points).all()
    assert (np.diff(drawings.stroke_id) >= 0).all()
    np.testing.assert_array_equal(np.unique(drawings.sample_id), np.arange(2005))
    save(drawings, tmp_path / "generated.npz")
    np.testing.assert_array_equal(load(tmp_path / "generated.npz").points, drawings.points)


def test_a_stroke_belongs_to_one_digit(drawings):
    assert (np.diff(drawings.stroke_id)[np.diff(drawings.sample_id) > 0] > 0).all()


def test_strokes_are_smooth_and_of_a_digits_size(drawings):
    for strokes in drawings.select(np.arange(300)):
        assert 0.4 < np.ptp(np.concatenate(strokes), axis=0).max() < 3
        for stroke in strokes:
            assert np.hypot(*np.diff(stroke, axis=0).T).max() < 0.35


def test_a_writer_writes_fifty_to_a_hundred_digits_in_a_row(drawings):
    assert (np.diff(drawings.writer) >= 0).all()
    sizes = np.bincount(drawings.writer)[:-1]  # the last writer may be cut short
    assert sizes.min() >= 50
    assert sizes.max() <= 100


def test_a_writers_digits_are_alike(drawings):
    """Ones lean alike within a writer, and differently from writer to writer."""
    ones = np.flatnonzero(drawings.labels == 1)
    leaning = []
    for strokes in drawings.select(ones):
        x, y = np.concatenate(strokes).T
        leaning.append(np.cov(x, y)[0, 1] / y.var())
    leaning, writer = np.array(leaning), drawings.writer[ones]
    within = np.mean([leaning[writer == w].var() for w in np.unique(writer)])
    assert within < 0.7 * leaning.var()


@pytest.mark.parametrize("digit", range(CLASSES))
def test_every_digit_is_written_in_different_ways(drawings, digit):
    """Strokes differ in number, or pictures share little of their ink."""
    written = list(drawings.select(np.flatnonzero(drawings.labels == digit)[:100]))
    pictures = render_drawings(written).reshape(len(written), -1) / 255
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    assert len({len(strokes) for strokes in written}) > 1 or (pictures @ pictures.T).min() < 0.5


def test_it_tells_which_variant_each_digit_is_of(drawings):
    again, which = handwriting.generate_styles(2005, seed=1)
    np.testing.assert_array_equal(again.points, drawings.points)
    variants = templates.load().variants
    assert [variants[i].digit for i in which] == drawings.labels.tolist()
    strokes = [variants[i].strokes.count("/") + 1 for i in which]
    assert strokes == [len(one) for one in drawings]
    # As often as its weight says, over many digits by many writers.
    which = handwriting.generate_styles(30_000, seed=0)[1]
    for digit, mine in templates.load().digits.items():
        start = variants.index(mine[0])
        counts = np.bincount(which, minlength=len(variants))[start : start + len(mine)]
        weights = np.array([variant.weight for variant in mine])
        np.testing.assert_allclose(
            counts / counts.sum(), weights / weights.sum(), atol=0.06, err_msg=str(digit)
        )


def test_one_variant_alone_is_written_by_many():
    crossed = handwriting.generate_variant(7, "crossed", 40, seed=1)
    assert crossed.labels.tolist() == [7] * 40
    assert crossed.writer.tolist() == list(range(40))
    assert {len(strokes) for strokes in crossed} == {2}
    pictures = render_drawings(crossed).reshape(40, -1) / 255
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    assert np.median(pictures @ pictures.T) < 0.8, "in many hands"
    again = handwriting.generate_variant(7, "crossed", 40, seed=1)
    np.testing.assert_array_equal(again.points, crossed.points)
    assert len(handwriting.generate_variant(7, "crossed", 0, seed=1)) == 0
    with pytest.raises(ValueError, match="no variant “crossed” of 6: those of 6 are “"):
        handwriting.generate_variant(6, "crossed", 40, seed=1)
    with pytest.raises(ValueError, match="count is -1"):
        handwriting.generate_variant(7, "crossed", -1, seed=1)


@pytest.mark.parametrize("digit", range(CLASSES))
def test_sample_digit_is_the_same_every_time_and_fills_a_unit_box(digit):
    strokes = handwriting.sample_digit(digit)
    points = np.concatenate(strokes)
    assert all(s.dtype == np.float32 and s.shape[1:] == (2,) and len(s) > 1 for s in strokes)
    assert points.min() >= 0
    assert points.max() <= 1
    assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=1e-4)
    for stroke, again in zip(strokes, handwriting.sample_digit(digit), strict=True):
        np.testing.assert_array_equal(stroke, again)


def test_sample_digits_have_the_holes_of_their_digits():
    """Topology tells most digits apart: paper that the ink encloses."""
    holes = [_holes(scale_to_box(render_box(handwriting.sample_digit(d), 1.5))) for d in range(10)]
    assert holes == [1, 0, 0, 0, 0, 0, 1, 0, 2, 1]


def _holes(picture: np.ndarray) -> int:
    import cv2

    paper = (np.pad(picture, 1) < 90).astype(np.uint8)
    return cv2.connectedComponents(paper, connectivity=4)[0] - 2  # less the ink and the outside


@pytest.mark.parametrize(("count", "seed", "words"), [
    (-1, 0, "count is -1"), (5, -1, "seed is -1"), (5, 2**40, "seed is 1099511627776"),
    (10**12, 1, "count is 1000000000000"),
])  # fmt: skip
def test_impossible_requests_are_refused(count, seed, words):
    with pytest.raises(ValueError, match=words):
        handwriting.generate(count, seed)


@pytest.mark.parametrize("evenness", [-0.1, 1.1, float("nan"), float("inf")])
def test_an_evenness_that_is_no_share_is_refused(evenness):
    with pytest.raises(ValueError, match="evenness is"):
        handwriting.generate(5, 1, evenness)


def test_there_is_no_sample_of_what_is_no_digit():
    with pytest.raises(ValueError, match="no digit 10: digits are 0 to 9"):
        handwriting.sample_digit(10)
