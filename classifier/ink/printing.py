"""Many small pictures of digits on one sheet, to print or to hang up."""

import cv2
import numpy as np

from classifier.config import CLASSES, IMAGE_SIZE

MOST = 2_000  # pictures on a sheet, which then has 11 megapixels
_ACROSS, _TIMES = 20, 2  # pictures in a row; pixels of the sheet for each of theirs
_SIDE, _GAP = IMAGE_SIZE * _TIMES, 8
_CELL, _MARGIN = _SIDE + _GAP, 64  # where the rows have their digits, left of the pictures
_FONT, _INK, _WRONG = cv2.FONT_HERSHEY_DUPLEX, (0x27, 0x26, 0x26), (0x0A, 0x71, 0xE8)  # BGR


def png(images: np.ndarray, labels: np.ndarray, answers: np.ndarray) -> bytes:
    """The pictures digit by digit, dark on white; those that were misread are framed, and show what
    they were taken for.

    images: (N, 28, 28) uint8, ink is high; labels: (N,) int, 0–9; answers: (N,) int, -1 for none.
    Raises ValueError for more than MOST, or for none.
    """
    if not 1 <= len(images) <= MOST:
        raise ValueError(f"A sheet has 1 to {MOST:,} drawings, not {len(images):,}.")
    rows = [
        (digit, which[start : start + _ACROSS], start == 0)
        for digit in range(CLASSES)
        for which in [np.flatnonzero(labels == digit)]
        for start in range(0, len(which), _ACROSS)
    ]
    height, width = len(rows) * _CELL + _MARGIN, _MARGIN + _ACROSS * _CELL + _GAP
    sheet = np.full((height, width, 3), 255, np.uint8)
    answered = answers >= 0
    right = int((answers == labels).sum())
    title = f"{len(images)} drawings"
    if answered.any():
        title += f", {right} of {int(answered.sum())} read rightly"
    cv2.putText(sheet, title, (_GAP, 40), _FONT, 0.8, _INK, 1, cv2.LINE_AA)
    for number, (digit, which, is_first) in enumerate(rows):
        top = _MARGIN + number * _CELL
        if is_first:
            cv2.putText(sheet, str(digit), (20, top + 42), _FONT, 1.2, _INK, 1, cv2.LINE_AA)
        for place, index in enumerate(which.tolist()):
            left = _MARGIN + place * _CELL
            picture = 255 - images[index].repeat(_TIMES, axis=0).repeat(_TIMES, axis=1)
            sheet[top : top + _SIDE, left : left + _SIDE] = picture[..., None]
            if answered[index] and answers[index] != digit:
                corner = left + _SIDE - 1, top + _SIDE - 1
                cv2.rectangle(sheet, (left, top), corner, _WRONG, 2)
                said, at = str(answers[index]), (left + 4, top + 16)
                cv2.putText(sheet, said, at, _FONT, 0.5, _WRONG, 1, cv2.LINE_AA)
    return cv2.imencode(".png", sheet)[1].tobytes()
