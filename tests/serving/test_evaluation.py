"""Figures for answers, checked against counts by hand and against plain loops."""

import numpy as np
import pytest

from classifier.ink.drawings import LOOKALIKE, NOT_A_DIGIT
from classifier.serving import evaluation


def answers(digits: list[int], confidence: float = 1.0) -> np.ndarray:
    """Probabilities (N, 10): `confidence` for these digits, the rest shared evenly."""
    rows = np.full((len(digits), 10), (1 - confidence) / 9)
    rows[np.arange(len(digits)), digits] = confidence
    return rows


@pytest.fixture
def guesses() -> tuple[np.ndarray, np.ndarray]:
    """500 unsure answers and their labels, a part of them right."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 500)
    logits = rng.normal(size=(500, 10)) + 2 * np.eye(10)[labels]
    rows = np.exp(logits)
    return rows / rows.sum(axis=1, keepdims=True), labels


def test_accuracy_is_the_share_of_right_answers():
    result = evaluation.evaluate(answers([1, 2, 3, 4]), np.array([1, 2, 3, 9]))
    assert (result.n, result.accuracy) == (4, 0.75)
    assert result.flagged_not_a_digit == 0


def test_confusion_has_the_label_in_the_row_and_the_answer_in_the_column():
    counts = evaluation.confusion(np.array([7, 7, 7, 1], np.uint8), np.array([7, 1, 1, 1]), 10)
    assert counts.shape == (10, 10)
    assert counts.dtype.kind == "i"
    assert (counts[7, 7], counts[7, 1], counts[1, 1]) == (1, 2, 1)
    assert counts.sum() == 4


def test_confusion_holds_accuracy_in_its_diagonal(guesses):
    result = evaluation.evaluate(*guesses)
    assert result.confusion.sum() == 500
    assert np.trace(result.confusion) / 500 == pytest.approx(result.accuracy)
    np.testing.assert_array_equal(result.confusion.sum(axis=1), np.bincount(guesses[1]))


def test_an_unreadable_picture_is_wrong_and_left_out_of_the_confusion():
    readable = np.array([True, True, False, True])
    result = evaluation.evaluate(answers([1, 2, 3, 4]), np.array([1, 2, 3, 4]), readable)
    assert result.n == 4
    assert result.accuracy == 0.75
    assert result.flagged_not_a_digit == 0.25
    assert result.confusion.sum() == 3
    assert result.confusion[3].sum() == 0


def test_nothing_readable_is_wrong_throughout_and_not_an_error():
    result = evaluation.evaluate(answers([1, 2]), np.array([1, 2]), np.zeros(2, bool))
    assert (result.accuracy, result.flagged_not_a_digit) == (0, 1)
    assert result.confusion.sum() == 0
    assert result.calibration_error is None


def test_nothing_to_evaluate_on_is_said():
    with pytest.raises(ValueError, match="no pictures"):
        evaluation.evaluate(np.zeros((0, 10)), np.zeros(0, int))


@pytest.mark.parametrize(
    ("right", "confidence", "error"),
    [
        (10, 1.0, 0.0),  # sure and always right
        (0, 1.0, 1.0),  # sure and always wrong
        (8, 0.8, 0.0),  # as often right as it says
        (5, 0.9, 0.4),  # too sure
        (9, 0.5, 0.4),  # not sure enough
    ],
)
def test_calibration_error_is_how_far_confidence_is_from_accuracy(right, confidence, error):
    labels = np.array([3] * right + [4] * (10 - right))
    measured = evaluation.calibration_error(answers([3] * 10, confidence), labels)
    assert measured == pytest.approx(error, abs=1e-9)


def test_too_sure_and_not_sure_enough_do_not_cancel_out():
    rows = np.concatenate([answers([3] * 10, 0.9), answers([3] * 10, 0.4)])
    labels = np.array([3] * 7 + [4] * 3 + [3] * 6 + [4] * 4)  # 0.2 too sure, 0.2 not sure enough
    assert evaluation.calibration_error(rows, labels) == pytest.approx(0.2)


def test_calibration_error_equals_its_definition(guesses):
    """Guo et al. 2017, equation 3, bin by bin."""
    rows, labels = guesses
    confidence, right = rows.max(axis=1), rows.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert 0.01 < expected < 0.5
    assert evaluation.calibration_error(rows, labels) == pytest.approx(expected, abs=1e-9)


def test_interval_of_a_share_is_wilsons():
    """Against R's prop.test(81, 263, correct=FALSE), from Newcombe 1998, doi:10.1002/(SICI)
    1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I."""
    assert evaluation.interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert evaluation.interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert evaluation.interval(20, 20)[1] == 1.0


def test_writers_count_alike_however_much_they_wrote():
    probabilities = np.eye(10)[[1, 1, 1, 1, 2]]
    labels = np.array([1, 1, 1, 0, 2], np.uint8)
    result = evaluation.evaluate(probabilities, labels, writer=np.array([7, 7, 7, 7, 9]))
    assert (result.writers, result.writer_mean, result.writer_worst) == (2, 0.875, 0.75)


def test_others_count_apart_from_digits_and_those_that_look_like_one_apart_from_both():
    probabilities = np.eye(10)[[1, 1, 3, 4, 0, 0, 0, 0]]
    labels = np.array([1, 2, *[NOT_A_DIGIT] * 2, *[LOOKALIKE] * 4], np.uint8)
    is_digit = np.array([True, False, False, True, True, True, True, False])
    result = evaluation.evaluate(probabilities, labels, is_digit=is_digit)
    assert (result.n, result.accuracy, result.flagged_not_a_digit) == (2, 0.5, 0.5)
    assert (result.others, result.others_flagged) == (2, 0.5)
    assert (result.lookalikes, result.lookalikes_flagged) == (4, 0.25)


def test_nothing_but_others_has_no_accuracy():
    result = evaluation.evaluate(np.eye(10)[:2], np.full(2, NOT_A_DIGIT, np.uint8))
    assert (result.n, result.accuracy, result.interval, result.calibration_error) == (
        0, None, None, None)  # fmt: skip
    assert result.others_flagged == 0
    assert (result.lookalikes, result.lookalikes_flagged) == (0, None)


def test_roc_area_is_how_often_a_digit_scores_higher():
    scores = np.array([0.9, 0.8, 0.4, 0.5, 0.4])
    digit = np.array([True, True, True, False, False])
    assert evaluation.roc_area(scores, digit) == pytest.approx((2 + 2 + 0.5) / 6)


def test_threshold_weighs_sets_alike():
    many, few = np.linspace(0.5, 1, 1000), np.linspace(0, 1, 10)
    found = evaluation.threshold([many, few], 0.1)
    assert np.mean([(many < found).mean(), (few < found).mean()]) == pytest.approx(0.1, abs=0.06)


def test_the_worst_mistakes_are_the_surest_wrong_answers():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.01, 0.99]])
    labels = np.array([1, 1, 0, 0])
    assert evaluation.worst_mistakes(probabilities, labels, 5).tolist() == [3, 0, 2]
    assert evaluation.worst_mistakes(probabilities, labels, 1).tolist() == [3]
    assert evaluation.worst_mistakes(probabilities, np.array([0, 1, 1, 1]), 5).tolist() == []
