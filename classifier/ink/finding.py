"""The ink of a picture, whatever its colours. Knows nothing of digits."""

import cv2
import numpy as np

from classifier.ink import lines, paper, rims, surroundings

FAINT = 0.1  # of full ink: less is paper
_LONGEST_SIDE = 1600  # pixels: larger pictures are reduced first,
_AREA = 450_000  # pixels: and those with more
_FINE_AREA = 1_600_000  # pixels: the same where the writing is small
_SMALL = 30  # pixels: height of a digit that is looked at again, larger
_FULL = (255.0, 4095.0, 65535.0)  # what white may be in 16 bits
_MOSTLY = 0.6  # of a picture: where more is ink, its edge is no paper
_LEAST_CONTRAST = 0.12  # of full scale between paper and ink: less is paper noise


def find_ink(picture: np.ndarray) -> np.ndarray:
    """Ink of a picture, whatever its colours: (H, W) float32, 0–1.

    picture: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or float 0–1.
    Paper is the colour that prevails along the edge; ink is what differs from it, in any channel.
    Where parts are transparent, either the opaque parts are the ink, or, if these show a contrast
    of their own, they lie on paper of their prevailing colour. All zero if nothing stands out.
    """
    ink = _find(picture, _AREA)
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink > FAINT).astype(np.uint8))
    boxes = stats[1:, :4].astype(float)
    boxes[:, 2:] += boxes[:, :2]
    small = not len(boxes) or lines.usual_height(boxes) < _SMALL
    if small and picture.shape[0] * picture.shape[1] > 1.5 * _AREA:
        return _find(picture, _FINE_AREA)
    return ink


def _find(picture: np.ndarray, area: int) -> np.ndarray:
    """The same from a picture that is reduced to so many pixels at most."""
    colours = _to_unit(picture, area)
    if colours.shape[2] == 4:
        opacity = colours[..., 3]
        colours = colours[..., :3]
        if opacity.min() < 0.5:
            solid = opacity >= 0.5 * opacity.max()
            if opacity.max() < _LEAST_CONTRAST:
                return np.zeros(opacity.shape, np.float32)
            spread = np.percentile(colours[solid], [2, 98], axis=0)
            if (spread[1] - spread[0]).max() < 0.3:
                return _stretch(opacity)
            sheet = np.median(colours[solid], axis=0)
            colours = colours * opacity[..., None] + sheet * (1 - opacity[..., None])
            return _stretch(np.abs(colours - sheet).max(axis=2))
    borders = rims.rims(colours)
    beside = surroundings.beside_the_sheet(colours) if borders is None else None
    if beside is None:
        return _ink_of(colours, borders)
    # The desk becomes paper, and the picture as large as the sheet: a line runs from edge to edge.
    sheet = np.median(colours[~beside], axis=0)
    rows, columns = (np.flatnonzero(~beside.all(axis=axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ink = np.zeros(beside.shape, np.float32)
    ink[part] = _ink_of(np.where(beside[..., None], sheet, colours).astype(np.float32)[part])
    return np.where(beside, np.float32(0), ink)


def _ink_of(colours: np.ndarray, borders: np.ndarray | None = None) -> np.ndarray:
    """The ink of a picture that is all paper, (H, W, 1 or 3) float32, 0–1, but for borders along
    its edge, if there are some, (H, W) bool."""
    if paper.is_photo(colours.mean(axis=2)):
        return paper.find_ink(colours, borders)
    if borders is not None:
        colours = rims.as_paper(colours, borders)
    edge = np.concatenate([colours[0], colours[-1], colours[1:-1, 0], colours[1:-1, -1]])
    ink = _stretch(np.abs(colours - np.median(edge, axis=0)).max(axis=2))
    if (ink > 0).mean() > _MOSTLY:
        return _within(colours, ink)
    _, parts, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    ink = np.where(surroundings.frames(parts, stats)[parts], np.float32(0), ink)
    return paper.find_ink(colours, borders) if paper.is_page(ink) else ink


def _within(colours: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """The ink of an even picture of which nearly all stands out from its edge, as paper does from
    the dark edges of a scan: what stands out from that, and does not reach the edge; `ink`, (H, W),
    where that is nothing."""
    sheet = np.median(colours[ink > 0], axis=0)
    found = _stretch(np.abs(colours - sheet).max(axis=2))
    _, parts, stats, _ = cv2.connectedComponentsWithStats((found > 0).astype(np.uint8))
    beyond = surroundings.at_the_edge(stats, ink.shape) | surroundings.frames(parts, stats)
    found = np.where(beyond[parts], np.float32(0), found)
    return found if found.any() else ink


def _to_unit(picture: np.ndarray, area: int) -> np.ndarray:
    """The colours (H, W, channels) float32, 0–1, reduced to _LONGEST_SIDE and `area` pixels."""
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4) or 0 in picture.shape:
        raise ValueError(
            f"a picture must have shape (H, W), (H, W, 3) or (H, W, 4), not {picture.shape}"
        )
    scale = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(picture.dtype)
    if scale is None:
        return _reduce(np.nan_to_num(picture.astype(np.float32)).clip(0, 1), area)
    if picture.dtype == np.uint16:
        # Of 16 bits a scanner may use 8 or 12.
        scale = next(full for full in _FULL if picture.max() <= full)
    # Reduced first: floats of a whole photo would take four times its memory.
    return _reduce(picture, area).astype(np.float32) / np.float32(scale)


def _reduce(colours: np.ndarray, area: int) -> np.ndarray:
    height, width, channels = colours.shape
    factor = min(_LONGEST_SIDE / max(height, width), (area / (height * width)) ** 0.5)
    if factor >= 1:
        return colours
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], channels)


def _stretch(difference: np.ndarray) -> np.ndarray:
    """Differences from paper to ink: the faint ones are paper, the strongest is full ink."""
    strongest = float(np.percentile(difference, 99.9))
    if strongest < _LEAST_CONTRAST:
        strongest = float(difference.max())  # little ink on much paper
    if strongest < _LEAST_CONTRAST:
        return np.zeros(difference.shape, np.float32)
    ink = np.minimum(difference / strongest, 1).astype(np.float32)
    return np.where(ink < FAINT, np.float32(0), ink)


def box(ink: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the ink (H, W), in pixels. There must be some ink."""
    mask = ink >= FAINT
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def drop_specks(ink: np.ndarray) -> np.ndarray:
    """The ink without stray specks: parts with under 4 % of the largest part's ink and under a
    sixth of its extent."""
    mask = (ink > 0.25).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:
        return ink
    area = stats[:, cv2.CC_STAT_AREA]
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    largest = 1 + int(np.argmax(area[1:]))
    speck = (area < 0.04 * area[largest]) & (extent < extent[largest] / 6)
    speck[0] = False
    if not speck.any():
        return ink
    # The soft rim of a speck lies just outside its mask.
    rim = cv2.dilate(speck[parts].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return np.where(rim & ((parts == 0) | speck[parts]), np.float32(0), ink)
