"""The ink of a picture, whatever its colours. Knows nothing of digits."""

import cv2
import numpy as np

from classifier.ink import paper

FAINT = 0.1  # of full ink: less is paper
_LONGEST_SIDE = 640  # pixels: larger pictures are reduced first
_LEAST_CONTRAST = 0.12  # of full scale between paper and ink: less is paper noise


def find_ink(picture: np.ndarray) -> np.ndarray:
    """Ink of a picture, whatever its colours: (H, W) float32, 0–1.

    picture: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or float 0–1.
    Paper is the colour that prevails along the edge; ink is what differs from it, in any channel.
    Where parts are transparent, either the opaque parts are the ink, or, if these show a contrast
    of their own, they lie on paper of their prevailing colour. All zero if nothing stands out.
    """
    colours = _to_unit(picture)
    if colours.shape[2] == 4:
        opacity = colours[..., 3]
        colours = colours[..., :3]
        if opacity.min() < 0.5:
            solid = opacity >= 0.5
            if not solid.any():
                return np.zeros(opacity.shape, np.float32)
            spread = np.percentile(colours[solid], [2, 98], axis=0)
            if (spread[1] - spread[0]).max() < 0.3:
                return _stretch(opacity)
            sheet = np.median(colours[solid], axis=0)
            colours = colours * opacity[..., None] + sheet * (1 - opacity[..., None])
            return _stretch(np.abs(colours - sheet).max(axis=2))
    if paper.is_photo(colours.mean(axis=2)):
        return paper.find_ink(colours)
    edge = np.concatenate([colours[0], colours[-1], colours[1:-1, 0], colours[1:-1, -1]])
    return _stretch(np.abs(colours - np.median(edge, axis=0)).max(axis=2))


def _to_unit(picture: np.ndarray) -> np.ndarray:
    """The colours (H, W, channels) float32, 0–1, with a longer side of _LONGEST_SIDE at most."""
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4) or 0 in picture.shape:
        raise ValueError(
            f"a picture must have shape (H, W), (H, W, 3) or (H, W, 4), not {picture.shape}"
        )
    scale = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(picture.dtype)
    if scale is None:
        return _reduce(np.nan_to_num(picture.astype(np.float32)).clip(0, 1))
    # Reduced first: floats of a whole photo would take four times its memory.
    return _reduce(picture).astype(np.float32) / np.float32(scale)


def _reduce(colours: np.ndarray) -> np.ndarray:
    height, width, channels = colours.shape
    factor = _LONGEST_SIDE / max(height, width)
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
