"""Ink on a photographed sheet of paper, whatever the light on it and the ruling beneath.

A photo is the product of what the sheet reflects and the light on it, so it is divided by the
paper around each pixel; long straight lines are taken out; what then stands out from the noise is
ink. Knows nothing of digits and of the way to the network input.
"""

import cv2
import numpy as np

_LEAST_SIDES = 48, 100  # pixels: what is smaller is no photo
_FLAT = 0.45  # share of pixels within a grey level of the commonest: from here on it is no photo
_COPY = 256  # pixels: longer side of the copy on which the paper is looked for
_WINDOW = 63  # pixels of the copy: wider than a pen, and than two lines of a bold digit
_LEAST_CONTRAST = 0.1  # of the paper's light: the faintest pencil
_UNSURE = 3.0  # pixels: how far the edge of a shadow may be from where it is taken to be
_WAYS = ((1, 0), (0, 1))
_NOISE = 6.0  # deviations of the noise that ink stands out by
_LEAST_EXTENT = 0.03  # of the picture's longer side: smaller parts are dirt
_CLOSE = 0.4  # of the picture's longer side: ink that large may reach its edge
_EDGE = 0.012  # of the picture's longer side: what comes so near its edge goes on beyond
_THIN = 7  # pixels: lines of a ruling are thinner, at the size that photos are reduced to
_ASKEW = np.radians(20)  # at most, of a ruling: by perspective, and a camera that was turned
_MOST_LINES = 400  # candidates looked at, several for each line
_RUN = 0.2  # of the width that a line has to be seen along
_BEND = 4  # pixels to both sides in which a line is followed, and taken out


def is_photo(grey: np.ndarray) -> bool:
    """Whether a picture (H, W) float32, 0–1, is a photo: nowhere is its paper just one grey.

    Of MNIST, and of canvases as PNG or poor JPEG, 0.5 to 0.94 is within a grey level of the
    commonest; of rendered photos at most 0.44, mostly 0.1.
    """
    if min(grey.shape) < _LEAST_SIDES[0] or max(grey.shape) < _LEAST_SIDES[1]:
        return False
    shares = np.bincount(np.rint(grey * 255).astype(np.uint8).ravel(), minlength=256) / grey.size
    return bool(np.convolve(shares, np.ones(3)).max() < _FLAT)


def find_ink(colours: np.ndarray) -> np.ndarray:
    """Ink of a photo (H, W, 1 or 3) float32, 0–1: (H, W) float32, 0–1, all zero if there is none.

    The ink may be darker or lighter than the paper, whichever stands out more.
    """
    contrast = _contrast(colours)
    noise = _noise(contrast)
    for turned in (False, True):  # horizontal lines, then vertical ones
        upright = np.ascontiguousarray(contrast.T) if turned else contrast
        upright = _without_lines(upright, noise)
        contrast = np.ascontiguousarray(upright.T) if turned else upright
    mask = (contrast > max(_LEAST_CONTRAST, _NOISE * noise)).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    main = _main_part(stats, mask.shape)
    if main is None:
        return np.zeros(contrast.shape, np.float32)
    full = float(np.percentile(contrast[parts == main], 75))
    low = max(0.25 * full, min(3 * noise, 0.5 * full))
    ink = ((contrast - low) / (full - low)).clip(0, 1)
    return np.where(_strangers(ink, parts == main), np.float32(0), ink).astype(np.float32)


def _contrast(colours: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper around it, as a share of its light: (H, W), 0–1."""
    height, width = colours.shape[:2]
    factor = min(1.0, _COPY / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(colours, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    greys = np.rint(small * 255).astype(np.uint8)
    window = min(_WINDOW, 2 * (min(size) // 2) - 1)
    rim = window // 2
    wide = (
        cv2.copyMakeBorder(grey, rim, rim, rim, rim, cv2.BORDER_REFLECT)
        for grey in np.moveaxis(greys, 2, 0).copy()
    )
    medians = [cv2.medianBlur(grey, window)[rim:-rim, rim:-rim] for grey in wide]
    smooth = cv2.GaussianBlur(np.dstack(medians).astype(np.float32) / 255, (0, 0), 1.5)
    large = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    paper = np.maximum(large.reshape(colours.shape), 0.02)
    ratio = 1 - colours / paper
    dark, light = ratio.max(axis=2), (-ratio).max(axis=2)
    contrast = dark if np.percentile(dark, 99.5) >= np.percentile(light, 99.5) else light
    # At the edge of a shadow the paper is known only to a few pixels.
    light = np.log(paper.mean(axis=2))
    slope = cv2.magnitude(*(cv2.Sobel(light, cv2.CV_32F, *way, scale=1 / 8) for way in _WAYS))
    return np.asarray(contrast - _UNSURE * slope)


def _noise(contrast: np.ndarray) -> float:
    """Standard deviation of the noise, where there is much of it: the light's share makes it differ
    from place to place."""
    grain = np.abs(contrast - cv2.GaussianBlur(contrast, (0, 0), 2))
    rows, columns = (np.array_split(np.arange(n), 6) for n in contrast.shape)
    deviations = []
    for row in rows:
        for column in columns:
            deviations.append(np.median(grain[row[0] : row[-1] + 1, column[0] : column[-1] + 1]))
    return 1.5 * float(np.percentile(deviations, 75))


def _without_lines(contrast: np.ndarray, noise: float) -> np.ndarray:
    """Contrast (H, W) without the straight thin lines that run about horizontally from one edge of
    the picture to the other, as no digit's do.

    Each pixel of a line is divided by what the line has there in the median, so that ink that
    crosses it stays.
    """
    width = contrast.shape[1]
    opened = cv2.morphologyEx(contrast, cv2.MORPH_OPEN, np.ones((_THIN, 1)))
    mask = (contrast - opened > max(0.02, 3 * noise)).astype(np.uint8)
    found = cv2.HoughLines(
        mask, 1, np.radians(0.5), int(_RUN * width),
        min_theta=np.pi / 2 - _ASKEW, max_theta=np.pi / 2 + _ASKEW,
    )  # fmt: skip
    if found is None:
        return contrast
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
            _divide(contrast, mask, line)
    return contrast


def _around(mask: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the mask's pixels near a line that has a row (W,) for each column."""
    rows = np.rint(line).astype(int) + np.arange(-_BEND, _BEND + 1)[:, None]
    inside = (rows >= 0) & (rows < len(mask))
    column = np.broadcast_to(np.arange(mask.shape[1]), rows.shape)
    chosen = inside & (mask[rows.clip(0, len(mask) - 1), column] > 0)
    return rows[chosen], column[chosen]


def _divide(contrast: np.ndarray, mask: np.ndarray, line: np.ndarray) -> None:
    """Take a line out of contrast and mask, if it is one that runs through."""
    seen = (line > -1) & (line < len(mask))
    rows, columns = _around(mask, line)
    hit = np.zeros(mask.shape[1], bool)
    hit[columns] = True
    end = max(1, int(seen.sum()) // 8)
    through = hit[seen]
    if seen.sum() < _RUN * len(seen) or through.mean() < 0.6:
        return
    if through[:end].mean() < 0.4 or through[-end:].mean() < 0.4:
        return
    rows = np.rint(line).astype(int) + np.arange(-_BEND, _BEND + 1)[:, None]
    inside = (rows >= 0) & (rows < len(mask))
    rows, columns = rows[inside], np.broadcast_to(np.arange(mask.shape[1]), rows.shape)[inside]
    bins = np.rint(2 * (rows - line[columns])).astype(int) + 2 * _BEND + 1
    values = contrast[rows, columns]
    profile = np.zeros(4 * _BEND + 3)
    for k in range(len(profile)):
        here = values[bins == k]
        profile[k] = np.median(here) if len(here) else 0
    level = 1.2 * profile[bins].clip(0, 0.75)
    contrast[rows, columns] = 1 - (1 - values) / (1 - level)
    near = np.abs(rows - line[columns]) <= 2
    mask[rows[near], columns[near]] = 0


def _main_part(stats: np.ndarray, shape: tuple[int, int]) -> int | None:
    """The largest part that may be ink, as `cv2.connectedComponentsWithStats` counts them: one that
    lies within the picture, or if there is none, one that fills a picture cut close."""
    extent = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1) / max(shape)
    edge = _at_the_edge(stats, shape)
    edge[0], extent[0] = True, 0  # what is no ink
    thick = stats[:, cv2.CC_STAT_AREA] > 0.02 * (extent * max(shape)) ** 2  # as no ruling is
    for fit in (~edge & (extent >= _LEAST_EXTENT), thick & (extent >= _CLOSE)):
        if fit.any():
            return int(np.argmax(np.where(fit, extent, 0)))
    return None


def _strangers(ink: np.ndarray, main: np.ndarray) -> np.ndarray:
    """Where ink is none of the digit's, (H, W) bool: what runs over the picture's edge, and what is
    faint. main: (H, W) bool, what surely is the digit's"""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    strongest = np.zeros(count, np.float32)
    np.maximum.at(strongest, parts.ravel().astype(int), ink.ravel())
    strange = _at_the_edge(stats, ink.shape) | (strongest < 0.6)
    strange[parts[main]] = False
    return np.asarray(strange[parts])


def _at_the_edge(stats: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which parts reach the picture's edge, (parts,) bool."""
    left, top, wide, high, _ = stats.T
    near = _EDGE * max(shape)
    beyond = (left + wide > shape[1] - near) | (top + high > shape[0] - near)
    return np.asarray((left < near) | (top < near) | beyond)
