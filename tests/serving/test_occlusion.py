"""What an answer hangs on: each part of a picture hidden in turn."""

import numpy as np
import pytest

from classifier.serving import occlusion, store
from classifier.serving.occlusion import Occlusion
from classifier.serving.predict import Predictor


class _Looks:
    """Answers 3 as surely as there is ink at (9, 14), else 8; counts what it is asked."""

    asked = 0

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        self.asked += len(images)
        rows = np.zeros((len(images), 10), np.float32)
        rows[:, 3] = images[:, 9, 14] / 255
        rows[:, 8] = 1 - rows[:, 3]
        return rows


@pytest.fixture
def bar() -> np.ndarray:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    return image


def test_a_patch_hides_a_square_and_is_cut_off_at_the_edge():
    image = np.arange(784).reshape(28, 28).astype(np.uint8) | 1
    pictures = occlusion.occlude(image, 5)
    assert pictures.shape == (28, 28, 28, 28)
    assert pictures.dtype == np.uint8
    for row, column in ((10, 12), (0, 0), (27, 3)):
        expected = image.copy()
        expected[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
        np.testing.assert_array_equal(pictures[row, column], expected)
    grey = occlusion.occlude(image, 1, fill=128)[7, 8]
    assert grey[7, 8] == 128
    assert (grey != image).sum() == 1


@pytest.mark.parametrize("patch", [0, 4, -3])
def test_a_patch_without_a_middle_is_refused(patch):
    with pytest.raises(ValueError, match=f"odd.*{patch}"):
        occlusion.occlude(np.zeros((28, 28), np.uint8), patch)


def test_the_answer_changes_where_what_it_hangs_on_is_hidden(bar):
    found = occlusion.occlusion(_Looks(), bar, patch=7)
    near = np.zeros((28, 28), bool)
    near[6:13, 11:18] = True
    np.testing.assert_array_equal(found.answer, np.where(near, 8, 3))
    np.testing.assert_array_equal(found.drop > 0, near)
    assert (found.patch, found.digit, found.becomes) == (7, 3, 8)
    assert found.changes
    assert near[found.weakest]


def test_only_patches_that_hide_ink_are_asked_about(bar):
    predictor = _Looks()
    occlusion.occlusion(predictor, bar, patch=7)
    assert predictor.asked == 1 + 26 * 9, "places within 3 pixels of the bar, and the whole"


def test_nothing_drawn_hangs_on_nothing():
    found = occlusion.occlusion(_Looks(), np.zeros((28, 28), np.uint8))
    assert not found.changes
    assert not found.drop.any()
    assert found.becomes == found.digit == 8


def test_the_weakest_place_is_one_that_changes_the_answer_if_there_is_one():
    probabilities = np.full((28, 28, 3), [0.8, 0.1, 0.1], np.float32)
    probabilities[5, 6] = [0.4, 0.3, 0.3]
    whole = np.array([0.8, 0.1, 0.1], np.float32)
    still = Occlusion(7, whole, probabilities.copy())
    assert (still.changes, still.weakest, still.becomes) == (False, (5, 6), 0)
    probabilities[7, 8] = [0.45, 0.0, 0.55]
    changed = Occlusion(7, whole, probabilities)
    assert (changed.changes, changed.weakest, changed.becomes) == (True, (7, 8), 2)


def test_a_sure_answer_hangs_on_something_though_its_probability_hardly_moves():
    probabilities = np.full((28, 28, 2), [1.0, 1e-9], np.float32)
    probabilities[5, 6] = [1.0, 1e-6]
    probabilities[7, 8] = [1.0, 1e-11]
    probabilities[9, 9] = [1.0, 0.0]
    found = Occlusion(7, np.array([1.0, 1e-9], np.float32), probabilities)
    assert found.weakest == (5, 6)
    assert found.drop[5, 6] == pytest.approx(3, abs=1e-4)
    assert found.drop[7, 8] == pytest.approx(-2, abs=1e-4), "what speaks against it was hidden"
    assert found.drop[9, 9] == pytest.approx(-3, abs=1e-4), "and no odds are endless"
    assert not found.changes


def test_occlusion_of_a_real_answer_is_what_the_predictor_says(tiny_arrays):
    predictor = Predictor(store.get("shipped-dense").tflite())
    image = tiny_arrays["x_train"][0]
    found = occlusion.occlusion(predictor, image)
    every = occlusion.occlude(image, occlusion.PATCH).reshape(784, 28, 28)
    expected = predictor.probabilities(every).reshape(28, 28, 10)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.whole, predictor.probabilities(image[None])[0], atol=1e-6)
