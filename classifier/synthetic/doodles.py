"""Drawings that are no digit, as strokes: letters, symbols, shapes, scribbles, several digits.

They teach a network what else people draw. What a reasonable person could call a digit (an O, an
l, a plain ring, a slash) is left out. Knows nothing of pixels: `ink.preparing` renders strokes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from classifier.config import KINDS
from classifier.ink.drawings import Drawings, from_strokes
from classifier.synthetic import handwriting

_DRAWINGS_PER_WRITER = 50
_STEPS = np.linspace(0, 1, 48)[:, None]  # along a stroke

Strokes = list[np.ndarray]

# In the notation of `handwriting`: points in hundredths of the height, `!` a corner, `/` pen up.
_LETTERS = (
    "50,0! 34,50 16,100 / 50,0! 66,50 84,100 / 28,62 72,62",  # A
    "10,100 30,50 50,0! 68,50 88,100! 66,62! 34,60",  # A in one stroke
    "20,0! 20,50 20,100 / 20,2 50,2 78,2 / 20,50 68,50 / 20,98 80,98",  # E
    "76,4 40,2 24,24 54,46 24,66 36,98 80,94",  # E, round
    "20,0! 20,50 20,100 / 20,2 78,2 / 20,48 66,48",  # F
    "18,0 18,100 / 82,0 82,100 / 18,50 82,50",  # H
    "20,0 20,100 / 80,0 50,26 22,52! 50,76 84,100",  # K
    "20,0 20,50 20,98! 50,98 82,98",  # L
    "8,100 14,50 20,0! 50,60! 80,0! 86,50 92,100",  # M
    "16,100 16,50 16,0! 50,50 84,100! 84,50 84,0",  # N
    "20,100 20,50 20,0! 62,2 76,26 58,48 22,50",  # P
    "20,100 20,50 20,0! 62,2 74,24 56,46 22,48! 50,74 80,100",  # R
    "8,2 50,2 92,2 / 50,2 50,50 50,100",  # T
    "8,0 8,50 24,92 50,100 76,92 92,50 92,0",  # U
    "6,0 28,50 50,100! 72,50 94,0",  # V
    "0,0 14,50 26,100! 50,20! 74,100! 86,50 100,0",  # W
    "10,0 50,50 90,100 / 90,0 50,50 10,100",  # X
    "10,0 30,24 50,48! 70,24 90,0 / 50,48 50,100",  # Y
    "90,14 60,0 24,12 8,50 24,90 60,100 92,84",  # C
    "76,34 44,28 18,56 36,90 66,80 78,34! 78,66 92,98",  # a
    "78,0 78,50 78,98 / 76,56 46,44 20,70 40,98 76,84",  # d
    "14,56 50,54 84,50 72,20 36,12 10,50 30,92 84,88",  # e
    "82,14 60,0 46,24 46,60 44,100 / 20,42 50,42 78,40",  # f
    "18,0 18,50 18,100! 20,64 50,46 70,60 72,100",  # h
    "20,0 20,50 20,100 / 70,42 44,58 22,66! 46,80 76,100",  # k
    "4,100 4,66 4,36! 10,60 28,38 44,50 46,100! 48,60 68,38 88,50 90,100",  # m
    "14,100 14,66 14,30! 18,60 46,34 72,48 74,100",  # n
    "18,100 18,60 18,20! 30,24 64,20 78,40 58,62 20,60",  # p
    "20,100 20,66 20,36! 24,60 44,38 76,40",  # r
    "46,0 46,50 50,92 78,96 / 18,32 78,30",  # t
    "10,30 12,70 30,92 60,84 76,32! 76,66 90,96",  # u
    "12,30 32,66 46,96! 64,66 82,30",  # v
    "4,30 16,66 26,96! 46,46! 66,96! 80,66 94,30",  # w
    "14,26 50,60 86,96 / 84,26 50,60 12,98",  # x
    "88,26 60,60 30,84 10,60 30,30 60,54 90,92",  # alpha
    "6,14 50,10 94,14 / 30,14 26,100 / 68,14 70,92 84,98",  # pi
    "84,4 50,2 16,2! 34,26 56,50! 34,74 14,98! 50,98 88,96",  # Sigma
    "4,98 34,94! 12,50 30,6 50,0 70,6 90,50 66,94! 96,98",  # Omega
    "50,0 50,100 / 6,0 44,50 4,100 / 96,0 56,50 96,100",  # Zhe
    "50,0 50,100 / 8,14 20,54 50,62 80,54 92,14",  # Psi
    "24,0 44,16 84,100 / 50,44 14,100",  # lambda
    "50,0! 72,50 94,98! 50,98 6,98! 28,50 50,2",  # Delta
)  # fmt: skip
_SYMBOLS = (
    "50,4 50,50 50,96 / 4,50 50,50 96,50",  # plus
    "50,0 48,50 50,100 / 14,48 86,52",  # plus, tall
    "16,16 50,50 84,84 / 84,14 50,50 16,86",  # times
    "0,50 50,48 100,52",  # minus
    "0,56 30,44 66,54 100,46",  # minus, wavy
    "0,36 50,34 100,36 / 0,66 50,68 100,66",  # equals
    "16,26 30,4 60,0 78,20 66,44 46,56 46,74 / 44,94 48,98",  # question mark
    "10,24 40,0 74,20 56,46 46,54! 46,60 46,76 / 46,96 46,100",  # question mark, pointed
    "50,0 50,40 50,70 / 48,92 52,98",  # exclamation mark
    "34,0 26,100 / 74,0 66,100 / 0,34 100,32 / 0,68 100,66",  # hash
    "6,94 50,50 94,6 / 24,0 6,14 18,34 38,20 24,0 / 80,66 62,80 74,100 94,86 80,66",  # percent
    "100,96 50,40 20,14 40,0 60,14 20,60 24,96 60,92 92,54",  # ampersand
    "66,30 36,34 34,64 62,62 70,30! 74,66 94,50 80,8 40,0 6,40 20,90 60,100 90,88",  # at
    "4,70 28,36 50,10! 72,36 96,70",  # caret
    "0,60 24,36 50,50 76,64 100,36",  # tilde
    "90,10 50,30 10,50! 50,70 90,90",  # less than
    "10,10 50,30 90,50! 50,70 10,90",  # greater than
    "50,0 50,100 / 8,24 92,76 / 92,24 8,76",  # asterisk
    "0,60 12,56! 30,98! 50,50 62,4! 80,4 100,4",  # root
    "4,50 96,50 / 48,20 52,24 / 48,76 52,80",  # divided by
    "66,0 44,8 48,40 26,50 48,60 44,92 66,100",  # brace
    "34,0 56,8 52,40 74,50 52,60 56,92 34,100",  # brace, closing
    "0,50 50,50 96,50! 70,28 / 96,50 70,72",  # arrow to the right
    "100,50 50,50 4,50! 30,28 / 4,50 30,72",  # arrow to the left
    "50,100 50,50 50,4! 22,32 / 50,4 78,32",  # arrow up
    "50,0 50,50 50,96! 22,68 / 50,96 78,68",  # arrow down
    "0,56 16,74 32,96! 60,50 96,0",  # check mark
    "50,50 24,28 4,50 24,72 50,50 76,28 96,50 76,72 50,50",  # infinity
    "4,50 30,50 50,50 / 70,50 100,50",  # dashes
)  # fmt: skip
_SHAPES = (
    "4,4! 50,4 96,4! 96,50 96,96! 50,96 4,96! 4,50 4,2",  # square
    "0,24! 50,24 100,24! 100,50 100,76! 50,76 0,76! 0,50 0,22",  # oblong
    "50,4! 74,50 98,94! 50,94 2,94! 26,50 50,2",  # triangle
    "2,6! 50,6 98,6! 74,50 50,96! 26,50 2,4",  # triangle on its tip
    "50,0! 74,26 98,50! 74,74 50,100! 26,74 2,50! 26,26 50,0",  # diamond
    "20,98! 50,2! 80,98! 4,38! 96,38! 20,98",  # star in one stroke
    "50,0! 62,36! 98,38! 70,60! 80,98! 50,76! 20,98! 30,60! 2,38! 38,36! 50,0",  # star's outline
    "50,26 34,4 6,14 10,48 50,96! 90,48 94,14 66,4 50,26",  # heart
    "12,98! 12,46! 50,2! 88,46! 88,98! 12,98 / 42,98 42,66! 60,66! 60,98",  # house
    "10,42! 50,4! 90,42 / 18,40 18,98! 82,98! 82,40",  # house, open
    "8,24! 20,74! 34,24! 48,74! 62,24! 76,74! 90,24",  # teeth
    "0,50 12,20 26,50 40,80 54,50 68,20 82,50 96,80",  # wave
    "34,0 34,100 / 66,0 66,100 / 0,34 100,34 / 0,66 100,66",  # grid
    "14,50 50,22 84,50! 100,24! 100,76! 84,50 50,78 14,50",  # fish
    "24,80 6,62 20,40 36,24 60,20 76,36 96,52 84,78 50,82 24,80",  # cloud
    "10,10! 18,60 28,96! 50,98 68,96! 76,60 84,10! 46,12 10,10 / 82,30 100,40 78,60",  # cup
    "50,100 50,60 / 50,62 20,52 24,24 50,2 78,24 82,52 50,62",  # tree
    "50,100 50,56 / 50,0! 14,58! 86,58! 50,0",  # fir
    "66,2 30,16 18,50 30,84 66,98! 46,74 42,50 48,24 66,2",  # crescent
    "50,0 38,8 38,20 50,28 62,20 62,8 50,0 / 50,28 50,64! 24,100 / 50,64 76,100 / 18,44 82,44",
    "4,30! 40,30! 40,4! 96,50! 40,96! 40,70! 4,70! 4,30",  # broad arrow
    "0,100! 0,66! 34,66! 34,34! 66,34! 66,0! 100,0",  # stairs
    "50,0 50,100 / 0,30 100,30",  # cross
)  # fmt: skip


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


@cache
def _parsed(texts: tuple[str, ...]) -> tuple[handwriting.Shape, ...]:
    return tuple(handwriting.parse(text) for text in texts)


def _written(texts: tuple[str, ...], writer, hands, rng) -> list[Strokes]:
    """One of these templates for each writer (n,), in that writer's hand."""
    shapes = _parsed(texts)
    chosen = rng.integers(len(shapes), size=len(writer))
    drawn: list[Strokes] = [[]] * len(writer)
    for number in np.unique(chosen):
        mine = np.flatnonzero(chosen == number)
        for i, points in zip(mine, handwriting.write(shapes[number], writer[mine], hands, rng),
                             strict=True):  # fmt: skip
            drawn[i] = list(points)
    return drawn


def _letters(writer, hands, rng) -> list[Strokes]:
    return _written(_LETTERS, writer, hands, rng)


def _symbols(writer, hands, rng) -> list[Strokes]:
    return _written(_SYMBOLS, writer, hands, rng)


def _shapes(writer, hands, rng) -> list[Strokes]:
    drawn = _written(_SHAPES, writer, hands, rng)
    turned = [_turned(strokes, rng.normal(0, 0.25)) for strokes in drawn]
    makers = (_spiral, _smiley, _sun, _flower, _rings)
    return [
        strokes if rng.random() < 0.75 else makers[rng.integers(len(makers))](rng)
        for strokes in turned
    ]


def _turned(strokes: Strokes, angle: float) -> Strokes:
    cosine, sine = np.cos(angle), np.sin(angle)
    return [stroke @ np.array([[cosine, sine], [-sine, cosine]]) for stroke in strokes]


def _ring(x: float, y: float, radius: float, rng: np.random.Generator) -> np.ndarray:
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


def _scribbles(writer, hands, rng) -> list[Strokes]:
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


def _several(writer, hands, rng) -> list[Strokes]:
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


def _parts(writer, hands, rng) -> list[Strokes]:
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


_MAKERS: dict[str, Callable] = {
    "letters": _letters,
    "symbols": _symbols,
    "shapes": _shapes,
    "scribbles": _scribbles,
    "several": _several,
    "parts": _parts,
}
