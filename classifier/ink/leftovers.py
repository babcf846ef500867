"""What stands out on a picture and is none of its digits, with a word for why it was left out.

For the reader of a page, who wonders why a mark does not count: what was left out of the ink is
found once more, as what differs from the paper around it. Knows nothing of networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from classifier.ink import annotating, lines
from classifier.ink.layout import Box, Sheet

MOST = 60  # that are told of a sheet
_CONTRAST = 0.15  # of full scale: what differs less from its paper may be light
_WINDOW = 31  # pixels: wider than a line
_RIM = 5  # pixels around ink that belong to it
_LONG = 0.25  # of the longer side: from here on a thin part is a line of the ruling
_THIN = 0.12  # of its length, or so many pixels:
_THIN_PIXELS = 12
_SEEN = 0.02  # of the longer side: what is smaller is dirt
_HOLLOW = 0.3  # of its box: a part with less ink may be a frame
_LOW, _FLAT = 0.6, 1.4  # heights of a digit, and times as wide as high


@dataclass(frozen=True)
class LeftOut:
    """A mark that does not count. box: in pixels of the ink; why: such as "a line" """

    box: Box
    why: str


def find(picture: np.ndarray, ink: np.ndarray, sheet: Sheet) -> list[LeftOut]:
    """What was left out of a picture, see `finding.find_ink`, whose ink (H, W) float32 was read as
    this sheet: what the networks took for no digit, and what is not among the ink at all."""
    found = [LeftOut(box, _mark(box, sheet)) for box in sheet.left_out]
    return (found + _beside(picture, ink))[:MOST]


def _mark(box: Box, sheet: Sheet) -> str:
    """What a mark among the digits may be, by its size."""
    digits = np.array([part.box for part in sheet.digits])
    if not len(digits):
        return "no digit"
    high, wide = box[3] - box[1], box[2] - box[0]
    usual = lines.usual_height(digits)
    if high < _LOW * usual and wide >= _FLAT * high:
        return "a dash"
    return "a comma or point" if max(high, wide) < _LOW * usual else "no digit"


def _beside(picture: np.ndarray, ink: np.ndarray) -> list[LeftOut]:
    """Lines, frames, and what reaches the edge, the largest first."""
    size = ink.shape[::-1]
    grey = cv2.resize(
        cv2.cvtColor(annotating.as_rgb(picture), cv2.COLOR_RGB2GRAY),
        size,
        interpolation=cv2.INTER_AREA,
    )
    paper = cv2.medianBlur(grey, _WINDOW)
    differs = cv2.absdiff(grey, paper) > _CONTRAST * 255
    own = cv2.dilate((ink > 0).astype(np.uint8), np.ones((_RIM, _RIM), np.uint8))
    mask = (differs & (own == 0)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    longer = max(size)
    found: list[LeftOut] = []
    for left, top, wide, high, area in sorted(stats[1:].tolist(), key=lambda one: -max(one[2:4])):
        if max(wide, high) < _SEEN * longer or len(found) == MOST:
            break
        why = _why((left, top, wide, high), area, size)
        if why:
            box = float(left), float(top), float(left + wide), float(top + high)
            found.append(LeftOut(box, why))
    return found


def _why(box: Sequence[int], area: int, size: tuple[int, int]) -> str:
    """Why a part that is no ink is none, if that can be told."""
    left, top, wide, high = box
    long = max(wide, high) >= _LONG * max(size)
    if long and min(wide, high) <= max(_THIN * max(wide, high), _THIN_PIXELS):
        return "a line"
    if left == 0 or top == 0 or left + wide == size[0] or top + high == size[1]:
        return "at the edge"
    return "a frame" if long and area < _HOLLOW * wide * high else ""
