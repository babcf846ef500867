"""How good answers are: accuracy, confusion, calibration, doubt. Pure numpy.

Knows nothing of models: it judges their probabilities.
"""

from dataclasses import dataclass

import numpy as np

from classifier.ink.drawings import LOOKALIKE, NOT_A_DIGIT

_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """Figures for N labelled pictures, of which n are digits. None: there is nothing to judge.

    accuracy: share of the digits whose likeliest answer is the label, 0–1; an unreadable picture
        counts as wrong
    interval: (low, high), 0–1: where the accuracy lies with 95 % confidence
    writers: how many people wrote the digits, if that is known
    writer_mean, writer_worst: mean and least accuracy over the writers, 0–1
    confusion: (classes, classes) int, row is the label, column the answer; without what is
        unreadable
    calibration_error: mean distance between confidence and accuracy, 0–1
    flagged_not_a_digit: share of the digits that are taken for something else, 0–1
    others, others_flagged: how many pictures are no digits; the share of them that is noticed
    lookalikes, lookalikes_flagged: the same of those that are no digits but look like one
    """

    n: int
    accuracy: float | None
    interval: tuple[float, float] | None
    writers: int | None
    writer_mean: float | None
    writer_worst: float | None
    confusion: np.ndarray
    calibration_error: float | None
    flagged_not_a_digit: float | None
    others: int
    others_flagged: float | None
    lookalikes: int
    lookalikes_flagged: float | None


def evaluate(
    probabilities: np.ndarray,
    labels: np.ndarray,
    readable: np.ndarray | None = None,
    *,
    is_digit: np.ndarray | None = None,
    writer: np.ndarray | None = None,
) -> Evaluation:
    """Judge N >= 1 answers.

    probabilities: (N, classes) float, rows sum to 1
    labels: (N,) uint8, a class each, or NOT_A_DIGIT or LOOKALIKE
    readable: (N,) bool, whether there was a shape to ask about; None for all
    is_digit: (N,) bool, whether it was taken for a digit; None for all that is readable
    writer: (N,) int, who drew it, or None
    """
    if len(labels) == 0:
        raise ValueError("there are no pictures to evaluate on")
    readable = np.ones(len(labels), bool) if readable is None else readable
    is_digit = readable if is_digit is None else is_digit & readable
    other, alike = labels == NOT_A_DIGIT, labels == LOOKALIKE
    digit = ~other & ~alike
    seen = digit & readable
    answers = probabilities.argmax(axis=1)
    right = (answers == labels) & readable
    n = int(digit.sum())
    by_writer = np.zeros(0)
    if writer is not None and n:
        _, who = np.unique(writer[digit], return_inverse=True)
        by_writer = np.bincount(who, right[digit]) / np.bincount(who)
    return Evaluation(
        n=n,
        accuracy=float(right[digit].mean()) if n else None,
        interval=interval(int(right[digit].sum()), n) if n else None,
        writers=len(by_writer) or None,
        writer_mean=float(by_writer.mean()) if len(by_writer) else None,
        writer_worst=float(by_writer.min()) if len(by_writer) else None,
        confusion=confusion(labels[seen], answers[seen], probabilities.shape[1]),
        calibration_error=(
            calibration_error(probabilities[seen], labels[seen]) if seen.any() else None
        ),
        flagged_not_a_digit=_share(~is_digit, digit),
        others=int(other.sum()),
        others_flagged=_share(~is_digit, other),
        lookalikes=int(alike.sum()),
        lookalikes_flagged=_share(~is_digit, alike),
    )


def _share(flags: np.ndarray, which: np.ndarray) -> float | None:
    """The share of flags (N,) bool among those that a mask (N,) picks; None if it picks none."""
    return float(flags[which].mean()) if which.any() else None


def interval(right: int, n: int) -> tuple[float, float]:
    """95 % confidence interval of a share `right` / `n`, n >= 1, by Wilson's score.

    E. B. Wilson, Probable inference (1927), doi:10.1080/01621459.1927.10502953.
    """
    z = 1.959964  # of a normal distribution, 95 % lies within so many deviations
    share = right / n
    middle = share + z * z / (2 * n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return max(0.0, float((middle - reach) / whole)), min(1.0, float((middle + reach) / whole))


def confusion(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """Counts (classes, classes): row is the label, column the answer."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels.astype(int), answers.astype(int)), 1)
    return counts


def worst_mistakes(probabilities: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Indices (n,) of at most `count` wrong answers, the surest first.

    probabilities: (N, classes) float; labels: (N,) uint8
    """
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    surest = np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")
    return wrong[surest][:count]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599).

    probabilities: (N, classes) float, rows sum to 1, N >= 1; labels: (N,) uint8, a class each
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, right.astype(float) - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def roc_area(scores: np.ndarray, digit: np.ndarray) -> float:
    """Area under the ROC curve, 0–1: how often a digit's score is above that of another drawing.

    scores: (N,) float, high for digits; digit: (N,) bool, with some of both kinds.
    """
    order = np.sort(scores[~digit])
    below = np.searchsorted(order, scores[digit], "left")
    level = np.searchsorted(order, scores[digit], "right") - below
    return float((below + level / 2).mean() / len(order))


def threshold(scores: list[np.ndarray], share: float) -> float:
    """The score below which `share` (0–1) of the digits lie, on average over sets of digits.

    scores: one array (n,) for each set, n >= 1
    """
    weights = [np.full(len(some), 1 / len(some)) for some in scores]
    every, weight = np.concatenate(scores), np.concatenate(weights)
    return float(np.quantile(every, share, weights=weight, method="inverted_cdf"))
