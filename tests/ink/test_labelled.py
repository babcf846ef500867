"""Pictures and labels are read in every way that people save them, and refused where in doubt."""

import numpy as np
import pytest

from classifier.ink.labelled import checked_images, checked_labels

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 1, 1, 7], np.uint8)


@pytest.mark.parametrize(
    "given",
    [
        PIXELS[..., None],
        PIXELS[:, None],
        PIXELS.reshape(6, 784),
        PIXELS.astype(np.int64),
        PIXELS.astype(">u2"),
        PIXELS.astype(np.float64),
        PIXELS.astype(np.float32) / 255,
        PIXELS.astype(np.float64) / 255,
        (PIXELS / 255).astype(np.float16),
        PIXELS.reshape(6, 784).astype(np.float32) / 255,
        np.asfortranarray(PIXELS),
    ],
    ids=lambda given: f"{given.dtype} {given.shape}",
)
def test_pictures_are_read_in_every_layout_and_scale(given):
    images, _ = checked_images(given, LABELS)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, PIXELS)


def test_ink_or_none_is_ink_or_none():
    images, _ = checked_images(PIXELS > 128, LABELS)
    np.testing.assert_array_equal(images, np.where(PIXELS > 128, 255, 0))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float32, bool])
def test_empty_pictures_are_empty_in_every_scale(kind):
    images, _ = checked_images(np.zeros((6, 28, 28), kind), LABELS)
    assert not images.any()


def test_bytes_are_taken_as_they_are_however_pale():
    pale = np.minimum(PIXELS, 1)
    np.testing.assert_array_equal(checked_images(pale, LABELS)[0], pale)
    np.testing.assert_array_equal(checked_images(pale.astype(np.int64), LABELS)[0], pale)


def with_one(value: float, kind: type = np.float64, scale: float = 1) -> np.ndarray:
    """Pictures in which one pixel has this value."""
    pixels = PIXELS.astype(kind) if scale == 1 else PIXELS * scale
    pixels[0, 0, 0] = value
    return pixels


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (with_one(np.nan), "one value is nan"),
        (with_one(np.inf), "one value is inf"),
        (with_one(-1, np.int64), "one value is -1"),
        (with_one(256, np.int64), "one value is 256"),
        (with_one(256.0), "one value is 256.0"),
        (with_one(0.5), "one value is 0.5"),
        (with_one(1.5, scale=1 / 255), "and the largest is 1.5"),
        (with_one(-0.42, scale=1 / 255), "but one value is -0.42"),
        (with_one(np.nan, scale=1 / 255), "but one value is nan"),
        (PIXELS.astype(str), "not <U3 (6, 28, 28)"),
        (PIXELS.astype(complex), "not complex128 (6, 28, 28)"),
        (PIXELS.reshape(6, 28, 14, 2), "not uint8 (6, 28, 14, 2)"),
        (PIXELS.reshape(6, 784)[:, :783], "not uint8 (6, 783)"),
        (PIXELS.reshape(-1), "not uint8 (4704,)"),
        (np.zeros((6, 0, 28)), "not float64 (6, 0, 28)"),
        (np.zeros((0, 784)), "not float64 (0, 784)"),
        (np.zeros((0, 28, 28, 1), np.uint8), "not uint8 (0, 28, 28, 1)"),
    ],
)
def test_pictures_in_doubt_are_refused_with_what_is_wrong(given, words):
    with pytest.raises(ValueError) as refusal:
        checked_images(given, LABELS)
    assert str(refusal.value).startswith("images must be uint8")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "given",
    [
        LABELS.astype(np.int64),
        LABELS.astype(np.float32),
        LABELS[:, None],
        np.eye(10)[LABELS],
        np.eye(10, dtype=np.uint8)[LABELS],
        np.eye(10, dtype=bool)[LABELS],
    ],
    ids=lambda given: f"{given.dtype} {given.shape}",
)
def test_labels_are_read_in_every_way_they_are_written(given):
    labels = checked_labels(given, 6, range(10))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([3, 0, 9, 1, 1, 3.5], "6 whole numbers, not float64 such as 3.5"),
        ([3, 0, 9, 1, 1, np.nan], "6 whole numbers, not float64 such as nan"),
        ([3, 0, 9, 1, 1, np.inf], "0 to 9, but one is inf"),
        ([3, 0, 9, 1, 1, 1e300], "0 to 9, but one is 1e+300"),
        ([3, 0, 9, 1, 1, -1], "0 to 9, but one is -1"),
        ([3, 0, 9, 1, 1, 10], "0 to 9, but one is 10"),
        ([3, 0, 9, 1, 1, 259], "0 to 9, but one is 259"),
        ([True] * 6, "6 whole numbers, not bool of shape (6,)"),
        (["3"] * 6, "6 whole numbers, not text"),
        (np.eye(10)[LABELS] * 0.9, "6 whole numbers, not float64 of shape (6, 10)"),
        (np.zeros((6, 10)), "6 whole numbers, not float64 of shape (6, 10)"),
        (np.ones((6, 10), int), "6 whole numbers, not int64 of shape (6, 10)"),
        (np.eye(10)[LABELS][:5], "6 whole numbers, not float64 of shape (5, 10)"),
        (np.full((6, 10), "1"), "6 whole numbers, not text"),
        ([3] * 5, "6 whole numbers, not int64 of shape (5,)"),
    ],
)
def test_labels_in_doubt_are_refused_with_what_is_wrong(given, words):
    with pytest.raises(ValueError) as refusal:
        checked_labels(np.array(given), 6, range(10))
    assert str(refusal.value).startswith(f"labels must be {words}")
