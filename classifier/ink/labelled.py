"""Pictures and labels as files have them, to those that the rest of the program has.

What may mean two things is refused. Knows nothing of files.
"""

from collections.abc import Container

import numpy as np

from classifier.config import CLASSES, IMAGE_SIZE


def checked_images(
    pixels: np.ndarray, labels: np.ndarray, allowed: Container[int] = range(CLASSES)
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, H, W) uint8 and labels (N,) uint8, or ValueError saying what is wrong.

    pixels: also (N, 784), and with a channel's axis of 1; whole numbers are 0–255 of any type,
    floats 0–1 or whole 0–255; labels: as for `checked_labels`
    """
    pixels = _checked_pixels(pixels)
    return pixels, checked_labels(labels, len(pixels), allowed)


def _checked_pixels(pixels: np.ndarray) -> np.ndarray:
    shape, kind = pixels.shape, pixels.dtype.kind
    if pixels.ndim == 2 and shape[1] == IMAGE_SIZE**2:
        pixels = pixels.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    elif pixels.ndim == 4 and 1 in (shape[1], shape[3]):
        pixels = pixels.squeeze(3 if shape[3] == 1 else 1)
    if pixels.ndim != 3 or 0 in pixels.shape or kind not in "buif":
        raise ValueError(
            f"images must be uint8 of shape (N, height, width), not {pixels.dtype} {shape}"
        )
    if pixels.dtype == np.uint8:
        return pixels
    if kind in "bf" and pixels.min() >= 0 and pixels.max() <= 1:
        return np.asarray(np.rint(np.multiply(pixels, 255, dtype=np.float32)), np.uint8)
    # No comparison holds for NaN.
    strange = pixels[~((pixels >= 0) & (pixels <= 255) & (pixels == np.floor(pixels)))]
    if strange.size:
        raise ValueError(
            "images must be uint8, or floats from 0 to 1, or whole numbers from 0 to 255, but one "
            f"value is {strange[0]}, and the largest is {pixels.max()}"
        )
    return pixels.astype(np.uint8)


def checked_labels(labels: np.ndarray, count: int, allowed: Container[int]) -> np.ndarray:
    """Labels (count,) uint8, or ValueError saying what is wrong.

    labels: whole numbers of any type, (count,) or (count, 1), or one-hot, (count, 10)
    """
    shape, numbers = labels.shape, labels.dtype.kind in "buif"
    one_hot = numbers and shape == (count, CLASSES) and np.isin(labels, (0, 1)).all()
    if shape == (count, 1):
        labels = labels[:, 0]
    elif one_hot and (labels.sum(axis=1) == 1).all():
        labels = labels.argmax(axis=1)
    if labels.shape != (count,) or labels.dtype.kind not in "iuf":
        raise ValueError(
            f"labels must be {count} whole numbers, not "
            + ("text" if labels.dtype.kind in "US" else f"{labels.dtype} of shape {shape}")
        )
    broken = labels[labels != np.floor(labels)]
    if broken.size:
        raise ValueError(
            f"labels must be {count} whole numbers, not {labels.dtype} such as {broken[0]}"
        )
    outside = [value for value in np.unique(labels).tolist() if value not in allowed]
    if outside:
        raise ValueError(f"labels must be 0 to 9, but one is {outside[0]}")
    return labels.astype(np.uint8)
