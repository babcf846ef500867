"""How a picture is looked at by hand: mirrored, turned, tilted, cropped.

Knows nothing of what is on it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from classifier.ink.layout import Box

MOST_TILT = 15  # degrees, to either side
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class View:
    """What is seen of a picture. It is mirrored first, then turned, then tilted, then cropped.

    turns: by a quarter to the right, 0–3; tilt: degrees to the right, at most MOST_TILT to either
    side, in a frame that holds all of it; crop: the part that is seen, as shares of that frame
    """

    mirrored: bool = False
    turns: int = 0
    tilt: int = 0
    crop: Box = WHOLE

    def turned(self, turns: int) -> "View":
        """What is seen turned by so many quarters to the right."""
        crop = self.crop
        for _ in range(turns % 4):
            left, top, right, bottom = crop
            crop = (1 - bottom, left, 1 - top, right)
        return replace(self, turns=(self.turns + turns) % 4, crop=crop)

    def flipped(self) -> "View":
        """What is seen mirrored, left for right."""
        left, top, right, bottom = self.crop
        crop = (1 - right, top, 1 - left, bottom)
        return View(not self.mirrored, -self.turns % 4, -self.tilt, crop)

    def tilted(self, tilt: int, wide: float, high: float) -> "View":
        """The same picture, so wide and high, with another tilt; of a part the middle stays."""
        if self.crop == WHOLE:
            return replace(self, tilt=tilt)
        if self.turns % 2:
            wide, high = high, wide
        before, after = _frame(wide, high, self.tilt), _frame(wide, high, tilt)
        low, end = np.array(self.crop[:2]) * before, np.array(self.crop[2:]) * before
        angle = np.radians(tilt - self.tilt)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = turn @ ((low + end - before) / 2) + after / 2
        half = np.minimum((end - low) / 2, after / 2)
        middle = middle.clip(half, after - half)
        left, top = ((middle - half) / after).clip(0, 1).tolist()
        right, bottom = ((middle + half) / after).clip(0, 1).tolist()
        return replace(self, tilt=tilt, crop=(left, top, right, bottom))

    def cropped(self, part: Box | None) -> "View":
        """A part of what is seen, in shares of it, or all there is."""
        if part is None:
            return replace(self, crop=WHOLE)
        x, y = self.crop[:2]
        wide, high = self.crop[2] - x, self.crop[3] - y
        left, top, right, bottom = part
        crop = (x + left * wide, y + top * high, x + right * wide, y + bottom * high)
        return replace(self, crop=crop)

    def of(self, picture: np.ndarray) -> np.ndarray:
        """What is seen of a picture (H, W) or (H, W, C)."""
        seen = np.rot90(picture[:, ::-1] if self.mirrored else picture, -self.turns)
        if self.tilt:
            seen = _tilted(np.ascontiguousarray(seen), self.tilt)
        high, wide = seen.shape[:2]
        left, top, right, bottom = self.crop
        x, y = min(round(left * wide), wide - 1), min(round(top * high), high - 1)
        part = seen[y : max(round(bottom * high), y + 1), x : max(round(right * wide), x + 1)]
        return np.ascontiguousarray(part)


def _frame(wide: float, high: float, tilt: int) -> np.ndarray:
    """Width and height of what holds a tilted picture."""
    across, along = abs(np.sin(np.radians(tilt))), np.cos(np.radians(tilt))
    return np.array([wide * along + high * across, wide * across + high * along])


def _tilted(picture: np.ndarray, tilt: int) -> np.ndarray:
    """A picture tilted within its frame. What lies beside it goes on as its edge is: paper beside
    paper, so that no edge appears which was not there."""
    high, wide = picture.shape[:2]
    frame = np.ceil(_frame(wide, high, tilt))
    matrix = cv2.getRotationMatrix2D(((wide - 1) / 2, (high - 1) / 2), -tilt, 1)
    matrix[:, 2] += (frame - (wide, high)) / 2
    size = int(frame[0]), int(frame[1])
    return cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
