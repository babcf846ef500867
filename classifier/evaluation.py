"""How good answers are: accuracy, confusion, calibration. Pure numpy.

Knows nothing of models: it judges their probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from classifier.config import CLASSES

_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """Figures for N labelled pictures.

    accuracy: share whose likeliest digit is the label, 0–1; an unreadable picture counts as wrong
    confusion: (10, 10) int, row is the label, column the answer; unreadable pictures are left out
    calibration_error: mean distance between confidence and accuracy, 0–1
    flagged_not_a_digit: share taken for something else than one digit, 0–1
    """

    n: int
    accuracy: float
    confusion: np.ndarray
    calibration_error: float
    flagged_not_a_digit: float


def evaluate(
    probabilities: np.ndarray, labels: np.ndarray, readable: np.ndarray | None = None
) -> Evaluation:
    """probabilities (N, 10), labels (N,) 0–9, readable (N,) bool or None for all; N >= 1."""
    if len(labels) == 0:
        raise ValueError("there are no pictures to evaluate on")
    readable = np.ones(len(labels), bool) if readable is None else readable
    answers = probabilities.argmax(axis=1)
    right = (answers == labels) & readable
    return Evaluation(
        n=len(labels),
        accuracy=float(right.mean()),
        confusion=confusion(labels[readable], answers[readable]),
        calibration_error=calibration_error(probabilities[readable], labels[readable]),
        flagged_not_a_digit=float(1 - readable.mean()),
    )


def confusion(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Counts (10, 10): row is the label, column the answer."""
    counts = np.zeros((CLASSES, CLASSES), int)
    np.add.at(counts, (labels.astype(int), answers.astype(int)), 1)
    return counts


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599)."""
    if len(labels) == 0:
        return 0.0
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, right.astype(float) - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))
