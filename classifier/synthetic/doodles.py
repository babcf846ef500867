"""Drawings that are no digit, as strokes: letters, symbols, shapes, scribbles, several digits.

They teach a network what else people draw. What a reasonable person could call a digit (an O, an
l, a plain ring, a slash) is left out. Knows nothing of pixels: `ink.rendering` renders strokes.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.config import KINDS
from classifier.ink.drawings import Drawings, from_strokes
from classifier.synthetic import curves, handwriting, templates
from classifier.synthetic.handwriting import Hands

_DRAWINGS_PER_WRITER = 50
_STEPS = np.linspace(0, 1, 48)[:, None]  # along a stroke

Strokes = list[NDArray[np.float64]]
# One drawing for each writer (n,), by their hands.
Maker = Callable[[NDArray[np.int32], Hands, np.random.Generator], list[Strokes]]


def generate(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Drawings:
    """`count` drawings of things that are no digit. Same seed, same drawings.

    kinds: of `config.KINDS`; each comes equally often, in a random order.
    The drawings' labels (N,) are places in `config.KINDS`; points are in heights, around 0.
    Raises ValueError if `count` is negative, `seed` is not from 0 to 2**32 - 1, or a kind is
    unknown or none is asked for.
    """
    handwriting.check_request(count, seed)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise ValueError(f"kinds is {list(kinds)}: name some of {', '.join(KINDS)}.")
    rng = np.random.default_rng(seed)
    numbers = np.array([list(KINDS).index(kind) for kind in kinds])
    labels = numbers[rng.permutation(np.arange(count) % len(kinds))].astype(np.uint8)
    writer = (np.arange(count) // _DRAWINGS_PER_WRITER).astype(np.int32)
    hands = handwriting.draw_hands(writer.max(initial=-1) + 1, rng)
    drawn: list[Strokes] = [[]] * count
    for number in np.unique(labels):
        mine = np.flatnonzero(labels == number)
        made = _MAKERS[list(KINDS)[number]](writer[mine], hands, rng)
        for i, strokes in zip(mine, made, strict=True):
            drawn[i] = strokes
    return from_strokes(drawn, labels, writer)


def _letters(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    return _written(templates.load().letters, writer, hands, rng)


def _symbols(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    return _written(templates.load().symbols, writer, hands, rng)


def _written(
    texts: tuple[str, ...], writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator
) -> list[Strokes]:
    """One of these templates for each writer (n,), in that writer's hand."""
    chosen = rng.integers(len(texts), size=len(writer))
    drawn: list[Strokes] = [[]] * len(writer)
    for number in np.unique(chosen):
        mine = np.flatnonzero(chosen == number)
        written = handwriting.write(curves.parse(texts[number]), writer[mine], hands, rng)
        for i, points in zip(mine, written, strict=True):
            drawn[i] = list(points)
    return drawn


def _shapes(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    drawn = _written(templates.load().shapes, writer, hands, rng)
    turned = [_turned(strokes, rng.normal(0, 0.25)) for strokes in drawn]
    makers = (_spiral, _smiley, _sun, _flower, _rings)
    return [
        strokes if rng.random() < 0.75 else makers[rng.integers(len(makers))](rng)
        for strokes in turned
    ]


def _turned(strokes: Strokes, angle: float) -> Strokes:
    cosine, sine = np.cos(angle), np.sin(angle)
    return [stroke @ np.array([[cosine, sine], [-sine, cosine]]) for stroke in strokes]


def _ring(x: float, y: float, radius: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """An unsteady ring that runs on a little beyond its start."""
    turn = rng.uniform(0, 2 * np.pi) + 2 * np.pi * _STEPS * rng.uniform(1, 1.08)
    wobble = 1 + 0.06 * np.sin(2 * turn + rng.uniform(0, 6)) * rng.normal()
    sizes = radius * rng.uniform(0.85, 1.15, 2)
    return np.hstack([x + sizes[0] * wobble * np.cos(turn), y + sizes[1] * wobble * np.sin(turn)])


def _spiral(rng: np.random.Generator) -> Strokes:
    turns = rng.uniform(2, 4) * rng.choice([-1, 1])
    angle = rng.uniform(0, 6) + 2 * np.pi * turns * np.linspace(0, 1, 96)[:, None]
    radius = 0.5 * np.linspace(0.05, 1, 96)[:, None]
    return [np.hstack([radius * np.cos(angle), radius * np.sin(angle)])]


def _smiley(rng: np.random.Generator) -> Strokes:
    mouth = np.hstack([0.5 * (_STEPS - 0.5), 0.12 + 0.16 * np.sin(np.pi * _STEPS)])
    eyes = [_ring(x, rng.uniform(-0.2, -0.1), 0.03, rng) for x in (-0.16, 0.16)]
    return [_ring(0, 0, 0.5, rng), *eyes, mouth]


def _sun(rng: np.random.Generator) -> Strokes:
    rays = []
    for angle in np.linspace(0, 2 * np.pi, rng.integers(6, 10), endpoint=False):
        way = np.array([[np.cos(angle), np.sin(angle)]])
        rays.append(way * np.linspace(rng.uniform(0.3, 0.36), rng.uniform(0.45, 0.55), 8)[:, None])
    return [_ring(0, 0, 0.26, rng), *rays]


def _flower(rng: np.random.Generator) -> Strokes:
    petals = rng.integers(3, 7)
    angle = rng.uniform(0, 6) + 2 * np.pi * np.linspace(0, 1, 120)[:, None]
    radius = 0.3 + 0.2 * np.cos(petals * angle)
    return [np.hstack([radius * np.cos(angle), radius * np.sin(angle)]), _ring(0, 0, 0.08, rng)]


def _rings(rng: np.random.Generator) -> Strokes:
    """Two rings side by side, meeting or apart, or one within the other."""
    if rng.random() < 0.4:
        return [_ring(0, 0, 0.5, rng), _ring(0, 0, rng.uniform(0.18, 0.3), rng)]
    gap = rng.uniform(0.2, 0.34)
    return [_ring(-gap, 0, 0.25, rng), _ring(gap, rng.normal(0, 0.03), 0.25, rng)]


def _scribbles(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    makers = (_loops, _hatching, _wander, _sticks)
    return [makers[rng.integers(len(makers))](rng) for _ in writer]


def _loops(rng: np.random.Generator) -> Strokes:
    """One or two curves of many waves, without a plan."""
    drawn = []
    for _ in range(rng.integers(1, 3)):
        waves = 2 * np.pi * np.linspace(0, 1, 120)[:, None] * np.arange(1, 6)
        sizes = rng.normal(size=(2, 5, 2)) / np.array([1.2, 1, 0.9, 0.8, 0.7])[:, None]
        drawn.append(0.25 * (np.sin(waves) @ sizes[0] + np.cos(waves) @ sizes[1]))
    return drawn


def _hatching(rng: np.random.Generator) -> Strokes:
    count = int(rng.integers(6, 16))
    along = np.linspace(-0.5, 0.5, count) + rng.normal(0, 0.03, count)
    across = 0.4 * (-1.0) ** np.arange(count) * rng.uniform(0.5, 1.1, count)
    return _turned([np.stack([along, across], axis=1)], rng.uniform(0, np.pi))


def _wander(rng: np.random.Generator) -> Strokes:
    """A way that turns now left, now right, all the time."""
    bend = np.repeat(rng.normal(0, 0.35, 16), 8)
    angle = rng.uniform(0, 6) + np.cumsum(bend)
    return [np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=1), axis=0) / 30]


def _sticks(rng: np.random.Generator) -> Strokes:
    return [rng.uniform(-0.5, 0.5, (2, 2)) for _ in range(rng.integers(3, 7))]


def _several(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    """Two or three digits in a row or above one another, or one that is crossed out."""
    digits = iter(handwriting.generate(3 * len(writer), int(rng.integers(2**31))))
    drawn = []
    for _ in writer:
        three = [next(digits) for _ in range(3)]
        way = rng.random()
        if way < 0.7:
            drawn.append(_in_a_row(three[: 2 + (way > 0.55)], rng))
        elif way < 0.85:
            above, below = three[:2]
            move = np.array([rng.normal(0, 0.1), rng.uniform(0.95, 1.3)])
            drawn.append([*above, *[stroke + move for stroke in below]])
        else:
            drawn.append([*three[0], *_crossing(rng)])
    return drawn


def _in_a_row(digits: list[Strokes], rng: np.random.Generator) -> Strokes:
    placed: Strokes = []
    right = 0.0
    for digit in digits:
        points = np.concatenate(digit)
        size = rng.uniform(0.85, 1.15)
        left = points[:, 0].min() * size
        move = np.array([right - left, rng.normal(0, 0.06)])
        placed += [stroke * size + move for stroke in digit]
        right += np.ptp(points[:, 0]) * size + rng.uniform(-0.05, 0.4)
    return placed


def _crossing(rng: np.random.Generator) -> Strokes:
    if rng.random() < 0.5:
        return [1.3 * stroke for stroke in _hatching(rng)]
    ends = np.array([[-0.55, -0.55], [0.55, 0.55]]) + rng.normal(0, 0.08, (2, 2))
    return [ends, ends * [-1, 1]]


_TURNED = (2, 3, 4, 5, 7)  # no digit when they lie
_MIRRORED = (3, 4, 7)  # no digit in a mirror


def _parts(writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator) -> list[Strokes]:
    """Digits lying or mirrored, and strokes that belong to no digit."""
    digits = handwriting.generate(20 * (len(writer) // 4 + 1), int(rng.integers(2**31)))
    every = list(digits)
    lying = iter([every[i] for i in np.flatnonzero(np.isin(digits.labels, _TURNED))])
    mirrored = iter([every[i] for i in np.flatnonzero(np.isin(digits.labels, _MIRRORED))])
    drawn = []
    for _ in writer:
        way = rng.random()
        if way < 0.35:
            drawn.append(_turned(next(lying), np.pi / 2 * rng.choice([-1, 1]) + rng.normal(0, 0.2)))
        elif way < 0.6:
            drawn.append([stroke * [-1, 1] for stroke in next(mirrored)])
        else:
            drawn.append(_bits(rng))
    return drawn


def _bits(rng: np.random.Generator) -> Strokes:
    """A lying line, a wide corner, a wide bow, or two lines apart from one another."""
    way = rng.integers(4)
    if way == 0:
        tilt = rng.normal(0, 0.12)
        return [np.hstack([_STEPS - 0.5, tilt * _STEPS + 0.04 * np.sin(6 * _STEPS)])]
    if way == 1:
        corner = np.array([[-0.5, 0.3], [0.0, -0.3], [0.5, 0.3]]) + rng.normal(0, 0.1, (3, 2))
        return [corner * [1, rng.choice([-1, 1])]]
    if way == 2:
        angle = np.pi * rng.uniform(0.8, 1.2) * _STEPS
        bow = np.hstack([0.5 * np.cos(angle), rng.uniform(0.25, 0.5) * np.sin(angle)])
        return [bow * [1, rng.choice([-1, 1])]]
    lines = [_STEPS * [rng.normal(0, 0.1), rng.uniform(0.6, 1)] for _ in range(2)]
    return [lines[0], lines[1] + [rng.uniform(0.4, 0.8), rng.normal(0, 0.05)]]


_MAKERS: dict[str, Maker] = {
    "letters": _letters,
    "symbols": _symbols,
    "shapes": _shapes,
    "scribbles": _scribbles,
    "several": _several,
    "parts": _parts,
}
