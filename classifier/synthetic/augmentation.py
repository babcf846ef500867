"""Small random changes of digits that stay within the MNIST convention.

For the input of training only; the page never changes what was drawn. Knows nothing of data sets.
"""

import cv2
import numpy as np

from classifier.config import IMAGE_SIZE

_GRID = 5  # nodes along each side that the elastic change moves; between them it is smooth
_ELASTIC = 0.6  # pixels: standard deviation of a node's move
_PEN_SHARE = 0.3  # of the images are drawn thicker or thinner
_GAP_SHARE = 0.04  # of the images lose a spot of ink
_SPECK_SHARE = 0.04  # of the images get a stray speck
_CHUNK = 2048  # images at a time: bounds the memory that the maps take


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image (N, 28, 28) uint8 a little turned, stretched, slanted, shifted and bent, some
    with another pen, a gap or a speck. Returns new images, the same in shape and dtype."""
    changed = np.empty_like(images)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        moved = _warp(images[part], rng)
        _change_pen(moved, rng)
        _spot(moved, rng)
        changed[part] = moved
    return changed


def _warp(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Affine and elastic changes, in one interpolation."""
    count = len(images)
    angle = rng.normal(0, np.radians(5), count)
    zoom = rng.normal(1, 0.06, (count, 2))
    slant = rng.normal(0, 0.08, count)
    shift = rng.normal(0, 0.5, (count, 1, 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    shape = np.array([[zoom[:, 0], slant], [np.zeros(count), zoom[:, 1]]])
    matrices = np.einsum("ijn,jkn->nki", turn, shape)  # transposed: points are rows
    middle = (IMAGE_SIZE - 1) / 2
    at = np.stack(np.meshgrid(*[np.arange(IMAGE_SIZE)] * 2, indexing="xy"), axis=-1)
    places = (at.reshape(-1, 2) - middle).astype(np.float32)
    nodes = rng.normal(0, _ELASTIC, (count, _GRID * _GRID, 2)).astype(np.float32)
    maps = places @ matrices.astype(np.float32)
    maps += _BLEND @ nodes
    maps += (shift + middle).astype(np.float32)
    maps = maps.reshape(count, IMAGE_SIZE, IMAGE_SIZE, 2)
    changed = np.empty_like(images)
    for image, places, out in zip(images, maps, changed, strict=True):
        # Its types ask for a second map, which maps of pairs have not.
        cv2.remap(image, places, None, cv2.INTER_LINEAR, dst=out)  # type: ignore[call-overload]
    return changed


def _blend() -> np.ndarray:
    """Matrix (784, nodes) from moves of the nodes to moves of the pixels, by smooth weights."""
    nodes = np.linspace(0, IMAGE_SIZE - 1, _GRID)
    reach = (IMAGE_SIZE - 1) / (_GRID - 1)
    near = np.exp(-(((np.arange(IMAGE_SIZE)[:, None] - nodes) / reach) ** 2))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return np.kron(near, near).astype(np.float32)


_BLEND = _blend()


def _change_pen(images: np.ndarray, rng: np.random.Generator) -> None:
    """Make the ink of some images thicker or thinner, in place, by up to about a pixel."""
    which = np.flatnonzero(rng.random(len(images)) < _PEN_SHARE)
    amounts = rng.uniform(-0.5, 0.8, len(which)).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for index, amount in zip(which, amounts, strict=True):
        image = images[index]
        other = cv2.dilate(image, kernel) if amount > 0 else cv2.erode(image, kernel)
        cv2.addWeighted(image, 1 - abs(amount), other, abs(amount), 0, dst=images[index])


def _spot(images: np.ndarray, rng: np.random.Generator) -> None:
    """Take a spot of ink from some images and put a faint speck into some, in place."""
    for index in np.flatnonzero(rng.random(len(images)) < _GAP_SHARE):
        rows, columns = np.nonzero(images[index] > 128)
        if len(rows):
            one = rng.integers(len(rows))
            place, radius = (int(columns[one]), int(rows[one])), int(rng.integers(1, 3))
            cv2.circle(images[index], place, radius, 0, -1, cv2.LINE_AA)
    for index in np.flatnonzero(rng.random(len(images)) < _SPECK_SHARE):
        x, y = rng.integers(3, IMAGE_SIZE - 3, 2).tolist()
        cv2.circle(images[index], (x, y), int(rng.integers(0, 2)), int(rng.integers(90, 256)), -1)
