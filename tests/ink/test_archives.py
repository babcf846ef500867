"""`.npz` files of strangers: refused by what they say of themselves, before they are unpacked."""

import numpy as np
import pytest

from classifier.ink import archives, drawings
from tests import hostile
from tests.watching import Watch


def refusal(content: bytes) -> str:
    with Watch() as watch, pytest.raises(ValueError) as caught:
        drawings.load(content, name="mine.npz")
    assert str(caught.value).startswith("mine.npz is not a readable .npz file")
    assert watch.growth < 20_000_000
    assert len(str(caught.value)) < 400
    return str(caught.value)


@pytest.mark.parametrize("kind", hostile.ARCHIVES)
def test_no_file_of_drawings_takes_more_than_its_share(kind):
    refusal(hostile.ARCHIVES[kind]())


def test_what_fits_is_unpacked_and_what_is_larger_is_not():
    assert archives.MAX_BYTES >= 2000 * 1000 * 16
    for side, fits in ((1000, True), (6000, False)):
        content = hostile.zipped({"x": np.zeros((1, side, side), np.uint8), "y": np.zeros(1, int)})
        if fits:
            assert drawings.load(content).pixels.shape == (1, side, side)
        else:
            assert "would unpack to 36 MB" in refusal(content)


def test_a_file_of_as_much_as_may_be_takes_a_few_times_its_arrays():
    """Each number as wide as it can be, so that it is made narrower."""
    count = archives.MAX_BYTES // 8
    for arrays in (
        {"x": np.zeros((1, count - 100, 1)), "y": np.zeros(1)},
        {
            "points": np.zeros((count // 4 - 100, 2)),
            "stroke_id": np.arange(count // 4 - 100),
            "sample_id": np.zeros(count // 4 - 100, np.int64),
            "labels": np.zeros(1, np.int64),
        },
    ):
        content = hostile.zipped(arrays)
        with Watch() as watch:
            drawings.load(content)
        assert watch.growth < 200_000_000


@pytest.mark.parametrize(
    ("labels", "points", "words"),
    [(31_000_000, 10, "31,000,000 labels and only 10"), (1, 7_900_000, "may have 2,000,000")],
)
def test_narrow_numbers_are_no_way_to_more_of_them(labels, points, words):
    content = hostile.zipped(
        {
            "points": np.zeros((points, 2), np.int8),
            "stroke_id": np.zeros(points, np.uint8),
            "sample_id": np.zeros(points, np.uint8),
            "labels": np.zeros(labels, np.uint8),
        }
    )
    with Watch() as watch, pytest.raises(ValueError, match=words):
        drawings.load(content)
    assert watch.growth < 1.5 * archives.MAX_BYTES  # which are unpacked


def test_a_file_of_ones_own_may_be_larger_and_have_more_arrays(tmp_path):
    path = tmp_path / "large.npz"
    arrays = {f"a{k}": np.zeros(2 * archives.MAX_BYTES // 40, np.uint8) for k in range(40)}
    np.savez_compressed(path, **arrays)
    assert len(archives.read_arrays(path)) == 40


@pytest.mark.parametrize("name", ["no\0name", "x" * 5000, "half \ud800"])
def test_a_name_that_no_file_can_have_is_one_of_no_file(name):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        archives.read_arrays(name)


def test_a_header_that_says_more_or_less_than_there_is_is_refused():
    array = hostile.array_file(np.arange(6, dtype=np.uint8))
    for said in (b"(7,)", b"(5,)", b"(-6,)", b"(6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,6,)"):
        changed = array.replace(b"(6,), }" + b" " * (len(said) - 4), said + b", }")
        assert len(changed) == len(array)
        assert "mine.npz" in refusal(hostile.archive({"x.npy": changed, "y.npy": array}))
