"""What networks read on a picture: one digit, or lines of numbers, each digit with its place.

Knows nothing of files, of where models come from and of how ink is found.
"""

from dataclasses import dataclass

import numpy as np

from classifier.ink import finding, layout
from classifier.ink.layout import Part, Sheet
from classifier.ink.preparing import Prepared, Verdict
from classifier.serving import predict
from classifier.serving.predict import Answer, Detector, Pairs, Predictor


@dataclass(frozen=True)
class Reading:
    """What is written on a picture.

    ink: (H, W) float32, all of it, in whose pixels the sheet's boxes are
    prepared, answer: of the one digit, if there is but one; else of all the ink together
    sheet: all digits, and what was left out
    are_digits: of each digit, whether it passes for one
    """

    ink: np.ndarray
    prepared: Prepared
    answer: Answer
    sheet: Sheet
    are_digits: list[bool]

    @property
    def alone(self) -> bool:
        """Whether there is one digit at most."""
        return len(self.sheet.digits) < 2


def read(
    prepared: Prepared, predictor: Predictor, detector: Detector | None, pairs: Pairs | None = None
) -> Reading:
    """Read a picture that was prepared as if it held one digit: if it does not look like one, all
    that is on it."""
    ink = prepared.ink
    answer = predict.answer(predictor, prepared, detector)
    sure = answer.is_digit and answer.rival is None
    if sure and answer.probabilities is not None and not (pairs and pairs.are_two(ink)):
        part = Part(prepared, answer.probabilities, finding.box(ink), touching=False)
        return Reading(ink, prepared, answer, Sheet([part], []), [True])
    if prepared.verdict not in (Verdict.READABLE, Verdict.SEVERAL):
        return Reading(ink, prepared, answer, Sheet([], []), [])
    is_digit = detector.digit_probabilities if detector else None
    together = pairs.probabilities if pairs else None
    sheet = layout.read_sheet(ink, predictor.probabilities, is_digit, together)
    if len(sheet.digits) == 1:
        prepared = sheet.digits[0].prepared
        answer = predict.answer(predictor, prepared, detector)
    return Reading(ink, prepared, answer, sheet, _are_digits(sheet, detector))


def _are_digits(sheet: Sheet, detector: Detector | None) -> list[bool]:
    if detector is None or not sheet.digits:
        return [True] * len(sheet.digits)
    images = [part.prepared.network_input for part in sheet.digits]
    kinds = detector.kinds(np.array([image for image in images if image is not None]))
    return [kind is None for kind in kinds]
