"""What is around the writing and is none: the desk beside a sheet, bars, and frames.

Knows nothing of digits, and of how ink is told from paper.
"""

import cv2
import numpy as np

_COPY = 256  # pixels: longer side of the copy on which a sheet is looked for
_LEAST_SHEET, _MOST_SHEET = 0.15, 0.97  # of the picture: a sheet in it
# Of the least rectangle around it that a sheet fills: thick digits have up to 0.946.
_STRAIGHT = 0.95
_SOLID = 0.6  # of a sheet that is paper
_PAPER_BESIDE = 0.1  # of what is beside it that is as bright: more round a digit in the corner
_WRITTEN = 0.002  # of a sheet that is ink, at least: a bar of ink is no sheet
_LINE = 9  # pixels of the copy: what is narrower beside a sheet is a line
_LEAST_STEP = 0.1  # of full scale between a sheet and what is beside it
_RIM = 5  # pixels of the copy: the edge of a sheet is soft
_LEAST_FRAME = 0.02  # of the picture: the box around a frame
_MOST_FRAMES = 100  # parts that are looked at
_CORNER = 0.1  # of its sides: a frame has ink so near its corners
_MIDDLE = 0.2  # of its sides: and none farther from them than that
_EMPTY = 0.03  # share of ink that counts as none
_HELD = 0.06  # of a frame's height: what is in it is as high
_EDGE = 0.012  # of the picture's longer side: what comes so near its edge goes on beyond


def beside_the_sheet(colours: np.ndarray) -> np.ndarray | None:
    """Where a picture (H, W, channels) float32, 0–1, shows something beside the sheet of paper in
    it: (H, W) bool; None if there is no such place."""
    height, width = colours.shape[:2]
    factor = min(1.0, _COPY / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(colours.mean(axis=2), size, interpolation=cv2.INTER_AREA)
    grey = np.rint(small * 255).astype(np.uint8)
    if min(grey.shape) < 4 * _RIM:
        return None
    _, bright = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    for mask in (bright, 1 - bright):
        sheet = _sheet(mask)
        if sheet is None or mask[sheet == 0].mean() > _PAPER_BESIDE:
            continue
        kernel = np.ones((_RIM, _RIM), np.uint8)
        inner = cv2.erode(sheet, kernel, borderValue=1)
        near, far = (cv2.dilate(sheet, np.ones((n, n), np.uint8)) for n in (_LINE, 2 * _LINE))
        inside, outside = small[sheet > inner], small[far > near]
        # A sheet ends at once, and not at a line: where one side is but darker it goes on.
        if not outside.size or abs(np.median(inside) - np.median(outside)) < _LEAST_STEP:
            continue
        large = cv2.resize(inner, (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(large == 0)
    return None


def _sheet(mask: np.ndarray) -> np.ndarray | None:
    """The largest part of a mask (h, w) uint8 as it would be without what is written on it, (h, w)
    uint8; None if it is no sheet."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    part = (parts == largest).astype(np.uint8)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea)
    # What is written close to its edge is on the sheet, too.
    whole = np.zeros_like(part)
    cv2.fillConvexPoly(whole, cv2.convexHull(outline), 1)
    area = int(whole.sum())
    if not _LEAST_SHEET < area / mask.size < _MOST_SHEET:
        return None
    _, (wide, high), _ = cv2.minAreaRect(outline)
    written = 1 - float(part.sum()) / area
    if area < _STRAIGHT * (wide + 1) * (high + 1) or not _WRITTEN < written < 1 - _SOLID:
        return None
    # The lines of a form are no desk.
    beside = cv2.erode(1 - whole, np.ones((_LINE, _LINE)), borderValue=1)
    return whole if beside.any() else None


def frames(parts: np.ndarray, stats: np.ndarray) -> np.ndarray:
    """Which parts of ink, as `cv2.connectedComponentsWithStats` counts them, are frames around
    others, (count,) bool."""
    found = np.zeros(len(stats), bool)
    left, top, wide, high, _ = stats.T
    # Only the largest: noise has parts by the thousand.
    large = np.flatnonzero(wide * high >= _LEAST_FRAME * parts.size)
    for k in large[np.argsort(-(wide * high)[large])][:_MOST_FRAMES].tolist():
        if k == 0:  # what is no ink
            continue
        held = (left > left[k]) & (left + wide < left[k] + wide[k]) & (top > top[k])
        held &= (top + high < top[k] + high[k]) & (high >= _HELD * high[k])
        held[0] = False
        if held.any():
            box = parts[top[k] : top[k] + high[k], left[k] : left[k] + wide[k]] == k
            found[k] = is_hollow(box)
    return found


def is_hollow(box: np.ndarray) -> bool:
    """Whether ink (h, w) bool runs around its box, and is in its corners, as no round digit is."""
    margins = [round(_MIDDLE * side) for side in box.shape]
    middle = box[margins[0] : box.shape[0] - margins[0], margins[1] : box.shape[1] - margins[1]]
    high, wide = (max(1, round(_CORNER * side)) for side in box.shape)
    corners = (box[:high, :wide], box[:high, -wide:], box[-high:, :wide], box[-high:, -wide:])
    return not middle.size or bool(
        middle.mean() < _EMPTY and sum(corner.any() for corner in corners) >= 3
    )


def at_the_edge(stats: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which parts reach the picture's edge, (parts,) bool."""
    left, top, wide, high, _ = stats.T
    near = _EDGE * max(shape)
    beyond = (left + wide > shape[1] - near) | (top + high > shape[0] - near)
    return np.asarray((left < near) | (top < near) | beyond)
