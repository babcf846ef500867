"""The ruling of a sheet, and the borders of its tables, taken out of what stands out from paper.

Lines run straight from one edge of the picture to the other, as no digit's strokes do, but for one
that fills a small picture. Knows nothing of light and of how ink is told from paper.
"""

import cv2
import numpy as np

Near = tuple[np.ndarray, np.ndarray]  # rows and columns of pixels near a line

_THIN = 7  # pixels: lines of a ruling are thinner, at the size that photos are reduced to
_REACH = 4  # pixels to both sides in which a line is followed, and taken out
_ASKEW = np.radians(20)  # at most, of a ruling: by perspective, and a camera that was turned
_MOST_LINES = 400  # candidates looked at, several for each line
_RUN = 0.2  # of the width that a line has to be seen along
_AS_DARK = 0.5  # of the darkest ink: a line is as dark as ink
_BRIDGE = 11  # pixels: what ends on both sides of a line is so near
BENT = 0.015  # of its length: how far paper and lens bend a line at most, and pens more
_SLENDER, _LONG = 18, 50  # a line is so many times as long as it is thick; no stroke is as long
# A line as dark as ink is seen so much of its way, and so near to where it is taken to run, pixels.
_SEEN, _ON = 0.85, 1.5


def without_lines(contrast: np.ndarray, noise: float, least: float) -> np.ndarray:
    """Contrast (H, W) without the straight thin lines that run about horizontally from one edge of
    the picture to the other, as no digit's do.

    Each pixel of a line is divided by what the line has there in the median, so that ink that
    crosses it stays. noise: its standard deviation; least: contrast of the faintest ink
    """
    width = contrast.shape[1]
    mask = (thin(contrast) > max(0.02, 3 * noise)).astype(np.uint8)
    found = cv2.HoughLines(
        mask, 1, np.radians(0.5), int(_RUN * width),
        min_theta=np.pi / 2 - _ASKEW, max_theta=np.pi / 2 + _ASKEW,
    )  # fmt: skip
    if found is None:
        return contrast
    ink = as_dark_as_ink(contrast, least)
    contrast = contrast.copy()
    column = np.arange(width)
    for rho, theta in found.reshape(-1, found.shape[-1])[:_MOST_LINES, :2]:
        line = (rho - column * np.cos(theta)) / np.sin(theta)
        for _ in range(2):  # to where it really runs, bent a little by paper and lens
            rows, columns = _around(mask, line)
            if len(columns) < _RUN * width:
                break
            line = np.polyval(np.polyfit(columns, rows, 2), column)
        else:
            _divide(contrast, mask, line, ink)
    return contrast


def thin(contrast: np.ndarray) -> np.ndarray:
    """The contrast (H, W) of what is no higher than a line of a ruling."""
    # A line along the picture's edge is thin, too.
    opened = cv2.morphologyEx(
        contrast, cv2.MORPH_OPEN, np.ones((_THIN, 1)), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(contrast - opened)


def as_dark_as_ink(contrast: np.ndarray, least: float) -> float:
    """From which contrast on a line is as dark as ink; least: contrast of the faintest ink."""
    return max(least, _AS_DARK * float(np.percentile(contrast, 99.5)))


def _around(mask: np.ndarray, line: np.ndarray) -> Near:
    """Rows and columns of the mask's pixels near a line that has a row (W,) for each column."""
    rows = np.rint(line).astype(int) + np.arange(-_REACH, _REACH + 1)[:, None]
    inside = (rows >= 0) & (rows < len(mask))
    column = np.broadcast_to(np.arange(mask.shape[1]), rows.shape)
    chosen = inside & (mask[rows.clip(0, len(mask) - 1), column] > 0)
    return rows[chosen], column[chosen]


def _divide(contrast: np.ndarray, mask: np.ndarray, line: np.ndarray, ink: float) -> None:
    """Take a line out of contrast and mask, if it is one that runs through; ink that is no darker
    than the line, and has at least `ink`, stays."""
    near = _around(mask, line)
    if not _runs_through(mask.shape, line, near):
        return
    across = _across(contrast, line)
    rows, columns, _, profile = across
    if profile.max() > ink and not _is_ruled(mask.shape, line, near, profile):
        return
    _take_out(contrast, line, ink, across)
    middle = np.abs(rows - line[columns]) <= 2
    mask[rows[middle], columns[middle]] = 0


def _across(contrast: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, ...]:
    """The pixels around a line: their rows, columns, and bins across it, each half a pixel wide;
    and the median of the contrast in each bin."""
    rows = np.rint(line).astype(int) + np.arange(-_REACH, _REACH + 1)[:, None]
    inside = (rows >= 0) & (rows < len(contrast))
    columns = np.broadcast_to(np.arange(contrast.shape[1]), rows.shape)[inside]
    rows = rows[inside]
    bins = np.rint(2 * (rows - line[columns])).astype(int) + 2 * _REACH + 1
    values = contrast[rows, columns]
    profile = np.zeros(4 * _REACH + 3)
    for k in range(len(profile)):
        here = values[bins == k]
        profile[k] = np.median(here) if len(here) else 0
    return rows, columns, bins, profile


def take_out(contrast: np.ndarray, line: np.ndarray, ink: float) -> None:
    """Divide the contrast (H, W) along a line by what the line has there, in place.

    line: its row in each column, (W,), far outside of the picture where there is none; ink: from
    this contrast on it is as dark as ink
    """
    _take_out(contrast, line, ink, _across(contrast, line))


def _take_out(
    contrast: np.ndarray, line: np.ndarray, ink: float, across: tuple[np.ndarray, ...]
) -> None:
    """The same, with what is `_across` it."""
    rows, columns, bins, profile = across
    level = 1.2 * profile[bins].clip(0, 0.75)
    contrast[rows, columns] = 1 - (1 - contrast[rows, columns]) / (1 - level)
    if profile.max() > ink:
        _bridge(contrast, line, ink)


def _runs_through(shape: tuple[int, ...], line: np.ndarray, near: Near) -> bool:
    """Whether a line runs nearly straight from one edge of a picture of this shape to the other;
    near: rows and columns of what is seen of it."""
    seen = (line > -1) & (line < shape[0])
    if seen.sum() < _RUN * len(seen) or bow(line) > BENT * len(line):
        return False
    hit = np.zeros(len(line), bool)
    hit[near[1]] = True
    end = max(1, int(seen.sum()) // 8)
    through = hit[seen]
    ends = through[:end].mean(), through[-end:].mean()
    return bool(through.mean() >= 0.6 and min(ends) >= 0.4)


def bow(line: np.ndarray) -> float:
    """How far the middle of a line, with a row (W,) for each column, is from straight."""
    return float(abs(line[0] + line[-1] - 2 * line[len(line) // 2]) / 2)


def _is_ruled(shape: tuple[int, ...], line: np.ndarray, near: Near, profile: np.ndarray) -> bool:
    """Whether a line that is as dark as ink is no stroke of a digit that fills the picture: it is
    slender, straight and has no gaps. profile: contrast across it, in halves of a pixel; the rest
    as for `_runs_through`"""
    thick = (profile > profile.max() / 2).sum() / 2
    if thick > _THIN:  # then only its edges are seen
        return bool(len(line) >= _LONG * thick)
    rows, columns = near
    on = np.unique(columns[np.abs(rows - line[columns]) <= _ON])
    seen = (line > -1) & (line < shape[0])
    return bool(len(on) >= _SEEN * seen.sum() and len(line) >= _SLENDER * thick)


def _bridge(contrast: np.ndarray, line: np.ndarray, ink: float) -> None:
    """Let ink that ends at both sides of a line go through: nothing is left of it where the line is
    as dark. line: its row in each column, (W,); ink: what ink has at least"""
    rows = np.rint(line).astype(int) + np.arange(-_BRIDGE // 2, _BRIDGE // 2 + 1)[:, None]
    inside = (rows >= 0) & (rows < len(contrast))
    columns = np.broadcast_to(np.arange(contrast.shape[1]), rows.shape)
    strip = np.where(inside, contrast[rows.clip(0, len(contrast) - 1), columns], 0)
    strip = np.where(strip > ink, strip, 0).astype(np.float32)
    wide = np.pad(strip, _BRIDGE)
    closed = [cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel) for kernel in _bridges()]
    through = np.max(closed, axis=0)[_BRIDGE:-_BRIDGE, _BRIDGE:-_BRIDGE]
    rows, columns, through = rows[inside], columns[inside], through[inside]
    contrast[rows, columns] = np.maximum(contrast[rows, columns], through)


def _bridges() -> list[np.ndarray]:
    """Kernels that reach over a line: upright, and leaning to both sides."""
    upright = np.zeros((_BRIDGE, _BRIDGE), np.uint8)
    upright[:, _BRIDGE // 2] = 1
    leaning = np.eye(_BRIDGE, dtype=np.uint8)
    return [upright, leaning, np.ascontiguousarray(leaning[::-1])]
