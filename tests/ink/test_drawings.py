"""Files of drawings: what was saved comes back, and every bad file is refused by name."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from classifier.ink import drawings
from classifier.ink.drawings import Both, Drawings, Images

ONE = [np.array([[5, 0], [5, 10]], np.float32)]
SEVEN = [np.array([[0, 0], [8, 0], [3, 10]], np.float32), np.array([[2, 5], [7, 5]], np.float32)]
DOT = [np.array([[1, 1]], np.float32)]


@pytest.fixture
def drawn() -> Drawings:
    return drawings.from_strokes([ONE, SEVEN, DOT], np.array([1, 7, 0]), np.array([4, 4, 9]))


def arrays_of(drawn: Drawings) -> dict[str, np.ndarray]:
    names = ("points", "stroke_id", "sample_id", "labels", "writer")
    return {name: getattr(drawn, name) for name in names}


def assert_same_strokes(some: list[np.ndarray], others: list[np.ndarray]) -> None:
    assert len(some) == len(others)
    for stroke, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(stroke, other)


def test_strokes_are_packed_as_the_contract_says(drawn):
    assert drawn.points.dtype == np.float32
    assert drawn.points.shape == (8, 2)
    assert drawn.stroke_id.tolist() == [0, 0, 1, 1, 1, 2, 2, 3]
    assert drawn.sample_id.tolist() == [0, 0, 1, 1, 1, 1, 1, 2]
    assert drawn.stroke_id.dtype == drawn.sample_id.dtype == drawn.writer.dtype == np.int32
    assert drawn.labels.dtype == np.uint8


def test_each_drawing_comes_back_as_its_strokes(drawn):
    assert len(drawn) == 3
    for strokes, packed in zip(drawn, (ONE, SEVEN, DOT), strict=True):
        assert_same_strokes(strokes, packed)


def test_stroke_ids_may_begin_anew_nowhere_and_skip_numbers(drawn):
    """Ids need not be dense, and two drawings may even share one."""
    shared = Drawings(
        drawn.points, np.array([3, 3, 3, 3, 3, 8, 8, 8]), drawn.sample_id, drawn.labels
    )
    for strokes, packed in zip(shared, (ONE, SEVEN, DOT), strict=True):
        assert_same_strokes(strokes, packed)


@pytest.mark.parametrize("which", [[2, 0], [False, True, True], slice(1, None), []])
def test_select_picks_by_index_or_mask_in_that_order(drawn, which):
    chosen = np.arange(3)[which]
    picked = drawn.select(np.array(which, int) if which == [] else which)
    assert picked.labels.tolist() == drawn.labels[chosen].tolist()
    assert picked.writer.tolist() == drawn.writer[chosen].tolist()
    for strokes, number in zip(picked, chosen, strict=True):
        assert_same_strokes(strokes, (ONE, SEVEN, DOT)[number])


def test_numbers_beyond_32_bits_still_tell_strokes_and_people_apart(drawn, tmp_path):
    huge = {name: getattr(drawn, name).astype(np.int64) * 2**32 for name in ("stroke_id", "writer")}
    np.savez(tmp_path / "huge.npz", **arrays_of(drawn) | huge)
    again = drawings.load(tmp_path / "huge.npz")
    assert again.writer.tolist() == [0, 0, 1]
    for strokes, packed in zip(again, (ONE, SEVEN, DOT), strict=True):
        assert_same_strokes(strokes, packed)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([65, 0x110000, 65], np.uint32).view("U1"), "a label is no text"),
        (np.full(9, "A"), "9 labels for 8 points"),
    ],
)
def test_labels_that_are_no_texts_of_the_drawings_are_refused(drawn, tmp_path, labels, words):
    np.savez(tmp_path / "odd.npz", **arrays_of(drawn) | {"labels": labels})
    with pytest.raises(ValueError, match=words):
        drawings.load(tmp_path / "odd.npz", symbols=True)


@pytest.mark.parametrize(
    "beyond", [2**31 - 1, 2**40 + 59, -(2**31) - 1], ids=["no room for one more", "large", "small"]
)
def test_who_has_a_number_beyond_32_bits_is_one_in_strokes_and_in_images(drawn, tmp_path, beyond):
    arrays = arrays_of(drawn) | {
        "writer": np.array([5, 6, beyond]),
        "x": np.full((2, 28, 28), 200, np.uint8),
        "y": np.array([3, 4], np.uint8),
        "x_writer": np.array([beyond, 7]),
    }
    np.savez(tmp_path / "both.npz", **arrays)
    writer = drawings.load(tmp_path / "both.npz").writer.tolist()
    assert writer[2] == writer[3]
    assert len(set(writer)) == 4


def test_whoever_is_not_known_has_the_number_of_nobody_else(drawn, tmp_path):
    arrays = arrays_of(drawn) | {
        "writer": np.array([5, 6, 2**31 - 1]),
        "x": np.full((1, 28, 28), 200, np.uint8),
        "y": np.array([3], np.uint8),
    }
    np.savez(tmp_path / "both.npz", **arrays)
    writer = drawings.load(tmp_path / "both.npz").writer.tolist()
    assert writer[3] not in writer[:3]


def test_people_of_several_files_stay_apart(drawn):
    """Though two files give them the same numbers, or one does not tell them."""
    nobody = drawings.from_strokes([DOT], np.array([0]))
    both = drawings.together([drawn, nobody, drawn])
    assert both.writer.tolist() == [0, 0, 1, 2, 3, 3, 4]
    assert both.labels.tolist() == [1, 7, 0, 0, 1, 7, 0]
    for strokes, packed in zip(both, (ONE, SEVEN, DOT, DOT, ONE, SEVEN, DOT), strict=True):
        assert_same_strokes(strokes, packed)


@pytest.mark.parametrize("writer", [None, np.array([4, 4, 9])])
def test_saved_drawings_come_back_the_same(tmp_path, writer):
    drawn = drawings.from_strokes([ONE, SEVEN, DOT], np.array([1, 7, 0]), writer)
    drawings.save(drawn, tmp_path / "mine.npz")
    again = drawings.load(tmp_path / "mine.npz")
    assert isinstance(again, Drawings)
    for name, array in arrays_of(drawn).items():
        loaded = getattr(again, name)
        if array is None:
            assert loaded is None
        else:
            assert loaded.dtype == array.dtype
            np.testing.assert_array_equal(loaded, array)


def test_other_number_types_are_read_as_the_contracts(drawn, tmp_path):
    arrays = arrays_of(drawn)
    wide = {name: array.astype(np.float64 if name == "points" else np.int64)
            for name, array in arrays.items()}  # fmt: skip
    np.savez(tmp_path / "wide.npz", **wide)
    again = drawings.load(tmp_path / "wide.npz")
    for name, array in arrays.items():
        assert getattr(again, name).dtype == array.dtype


def test_images_come_back_as_images(tmp_path):
    x = np.arange(2 * 5 * 4, dtype=np.uint8).reshape(2, 5, 4)
    np.savez(tmp_path / "images.npz", x=x, y=np.array([3, 9], np.uint8))
    loaded = drawings.load(tmp_path / "images.npz")
    assert isinstance(loaded, Images)
    np.testing.assert_array_equal(loaded.pixels, x)
    assert loaded.labels.tolist() == [3, 9]


def both_of(drawn: Drawings) -> Both:
    pixels = np.arange(2 * 64 * 64, dtype=np.uint32).reshape(2, 64, 64).astype(np.uint8)
    whose, sheet = np.array([9, 12], np.int32), np.array([0, 0], np.int32)
    return Both(drawn, Images(pixels, np.array([3, 9], np.uint8), whose, sheet))


def test_a_file_of_strokes_and_images_comes_back_as_both(drawn, tmp_path):
    both = both_of(drawn)
    drawings.save(both, tmp_path / "both.npz")
    again = drawings.load(tmp_path / "both.npz")
    assert isinstance(again, Both)
    assert len(again) == 5
    assert again.labels.tolist() == [1, 7, 0, 3, 9]
    assert again.writer.tolist() == [4, 4, 9, 9, 12]
    assert again.images.sheet.tolist() == [0, 0]
    np.testing.assert_array_equal(again.images.pixels, both.images.pixels)
    for strokes, before in zip(again.strokes, drawn, strict=True):
        assert drawings.digest(strokes) == drawings.digest(before)


def test_what_reads_strokes_alone_finds_them_in_a_file_of_both(drawn, tmp_path):
    drawings.save(both_of(drawn), tmp_path / "both.npz")
    with np.load(tmp_path / "both.npz") as arrays:
        for name, array in arrays_of(drawn).items():
            np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("name", ["x_writer", "x_sheet"])
@pytest.mark.parametrize("wrong", [np.zeros(3, int), np.zeros(2), np.array("a")])
def test_whose_images_are_is_a_number_for_each(drawn, tmp_path, name, wrong):
    both = both_of(drawn).images
    np.savez(tmp_path / "odd.npz", x=both.pixels, y=both.labels, **{name: wrong})
    assert f"{name} must be 2 whole numbers" in refusal(tmp_path / "odd.npz")


def test_files_of_both_kinds_are_put_together_and_each_person_stays_one(drawn):
    both = both_of(drawn)
    merged = drawings.together([both, drawn, both])
    assert merged.labels.tolist() == [1, 7, 0] * 3 + [3, 9] * 2
    writer = merged.writer.tolist()
    assert writer[2] == writer[9], "who drew one in strokes wrote one on paper"
    assert len(set(writer)) == 3 + 2 + 3
    assert len(set(merged.images.sheet.tolist())) == 2


def test_failed_save_leaves_the_old_file_and_nothing_else(drawn, tmp_path, monkeypatch):
    path = tmp_path / "mine.npz"
    drawings.save(drawn, path)
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space left"):
        drawings.save(drawn, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def refusal(path: Path) -> str:
    """The message with which a file is refused; it has to name the file."""
    with pytest.raises(ValueError) as caught:
        drawings.load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    return message


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*gone\.npz\."):
        drawings.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_truncated_file_is_refused(drawn, tmp_path, share):
    path = tmp_path / "cut.npz"
    drawings.save(drawn, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    message = refusal(path)
    assert "not a readable .npz" in message
    assert "Make it again with numpy.savez" in message


def test_damaged_file_is_refused_wherever_the_damage_is(tmp_path):
    """Each kind of damage makes zipfile, zlib or NumPy raise something else."""
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.npz"
    x = rng.integers(0, 256, (20, 6, 6)).astype(np.uint8)
    np.savez_compressed(path, x=x, y=np.arange(20) % 10)
    content = path.read_bytes()
    messages = []
    for _ in range(300):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            drawings.load(path)
        except ValueError as error:
            messages.append(str(error))
    assert all(message.startswith(str(path)) for message in messages)
    assert len(messages) > 150


def test_archive_that_zipfile_cannot_unpack_is_refused(drawn, tmp_path):
    path = tmp_path / "method.npz"
    drawings.save(drawn, path)
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\1\2")
    content[first + 10 : first + 12] = (99).to_bytes(2, "little")  # no such compression method
    path.write_bytes(content)
    assert "not a readable .npz" in refusal(path)


def test_array_larger_than_memory_is_refused(tmp_path):
    """A header may lie about the size."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000,), }"
    header += b" " * (117 - len(header)) + b"\n"
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        magic = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        archive.writestr("points.npy", magic + header)
    assert "not a readable .npz" in refusal(tmp_path / "huge.npz")


class Explosive:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_in_the_archive_are_refused_and_never_run(drawn, tmp_path):
    path, mark = tmp_path / "pickled.npz", tmp_path / "exploded"
    arrays = arrays_of(drawn) | {"labels": np.array([Explosive(mark)] * 3, object)}
    np.savez(path, **arrays)
    assert "holds pickled objects, which are never loaded" in refusal(path)
    assert not mark.exists()


def test_a_bare_pickle_is_refused_and_never_run(tmp_path):
    path, mark = tmp_path / "bare.npz", tmp_path / "exploded"
    path.write_bytes(pickle.dumps(Explosive(mark)))
    assert "pickled objects, which are never loaded" in refusal(path)
    assert not mark.exists()


def test_a_file_that_is_no_archive_is_not_said_to_be_one_of_pickles(tmp_path):
    path = tmp_path / "photo.npz"
    path.write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    assert "it is something else" in refusal(path)


def test_a_single_array_is_refused(tmp_path):
    path = tmp_path / "single.npy"
    np.save(path, np.zeros((3, 28, 28), np.uint8))
    assert "a single array" in refusal(path)


def test_an_archive_of_other_files_is_refused(tmp_path):
    path = tmp_path / "letters.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("points", "no array")
    assert "points in it is no array" in refusal(path)


def test_a_folder_is_refused(tmp_path):
    assert "directory" in refusal(tmp_path)


def test_a_file_with_neither_strokes_nor_images_says_what_it_has(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.zeros(3), bias=np.zeros(1))
    message = refusal(path)
    assert "`points`" in message
    assert "`x` and `y`" in message
    assert "bias, weights" in message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("points", None, "neither"),
        ("stroke_id", None, "stroke_id is missing"),
        ("sample_id", None, "sample_id is missing"),
        ("labels", None, "labels is missing"),
        ("points", np.zeros((8, 3)), "points must be numbers of shape (P, 2), not (8, 3)"),
        ("points", np.zeros(16), "points must be numbers of shape (P, 2), not (16,)"),
        ("points", np.full((8, 2), "a"), "points must be numbers"),
        ("points", np.full((8, 2), np.nan), "points has values that are not finite"),
        ("points", np.full((8, 2), np.inf), "points has values that are not finite"),
        ("points", np.full((8, 2), 1e7), "points has coordinates beyond a million"),
        ("points", np.zeros((0, 2)), "stroke_id must be 0 whole numbers"),
        ("labels", np.array([1, 7, 10]), "labels must be 0 to 9, but one is 10"),
        ("labels", np.array([1, -1, 0]), "labels must be 0 to 9, but one is -1"),
        ("labels", np.array([1, 263, 0]), "labels must be 0 to 9, but one is 263"),
        ("labels", np.array([1.0, np.nan, 0]), "labels must be 3 whole numbers, not float64"),
        ("labels", np.array(["1", "7", "+"]), "labels must be 3 whole numbers"),
        ("labels", np.zeros((3, 1), int), "labels must be one number for each drawing"),
        ("labels", np.zeros(0, int), "at least one"),
        ("labels", np.array(3), "labels must be one number for each drawing"),
        ("labels", np.array([1, 7]), "sample_id must run from 0 to 1"),
        ("labels", np.array([1, 7, 0, 0]), "sample_id must run from 0 to 3"),
        ("sample_id", np.array([0, 0, 2, 2, 2, 2, 2, 1]), "sample_id must not decrease"),
        ("sample_id", np.array([0, 0, 0, 0, 0, 0, 0, 2]), "sample_id must run from 0 to 2"),
        ("sample_id", np.arange(7), "sample_id must be 8 whole numbers"),
        ("sample_id", np.zeros(8), "sample_id must be 8 whole numbers"),
        ("stroke_id", np.arange(8)[::-1], "stroke_id must not decrease"),
        ("stroke_id", np.zeros((8, 1), int), "stroke_id must be 8 whole numbers"),
        ("writer", np.array([1, 2]), "writer must be 3 whole numbers"),
        ("writer", np.array([1, 2, np.nan]), "writer must be 3 whole numbers"),
    ],
)
def test_wrong_array_of_strokes_is_named_with_what_it_must_be(drawn, tmp_path, name, value, words):
    arrays = arrays_of(drawn)
    arrays[name] = value
    path = tmp_path / "wrong.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    assert words in refusal(path)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((2, 28), np.uint8), np.zeros(2, int), "not uint8 (2, 28)"),
        (np.zeros((2, 28, 28, 3), np.uint8), np.zeros(2, int), "not uint8 (2, 28, 28, 3)"),
        (np.zeros((2, 28, 28), "M8[s]"), np.zeros(2, int), "not datetime64[s] (2, 28, 28)"),
        (np.full((2, 28, 28), np.nan), np.zeros(2, int), "images must be uint8"),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), "not uint8 (0, 28, 28)"),
        (np.zeros((2, 0, 28), np.uint8), np.zeros(2, int), "not uint8 (2, 0, 28)"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(3, int), "labels must be 2 whole numbers"),
        (
            np.zeros((2, 28, 28), np.uint8),
            np.array([1, 12]),
            "labels must be 0 to 9, but one is 12",
        ),
        (np.zeros((2, 28, 28), np.uint8), np.array([1, np.nan]), "labels must be 2 whole numbers"),
    ],
)
def test_wrong_images_are_named_with_what_they_must_be(tmp_path, x, y, words):
    path = tmp_path / "wrong.npz"
    np.savez(path, x=x, y=y)
    assert words in refusal(path)
