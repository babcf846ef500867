"""Digits that nobody drew, as strokes in writing order, and the pens to draw them with.

A digit has variants, each a template of control points through which smooth curves run. A writer
has a hand (slant, width, haste, favourite variants …) and a pen, and each digit varies around
them. Knows nothing of pixels: `ink.preparing` renders strokes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from classifier.config import CLASSES
from classifier.ink.drawings import Drawings

_SAMPLES = 36  # points along each stroke: smooth as a polyline, corners kept
_DIGITS_PER_WRITER = (50, 100)
_FAITHFUL = 0.85  # share of a writer's digits in the writer's favourite variant
_PEN_WIDTHS = (1.4, 4.4)  # pixels of 28
_PRESSURES = (-0.1, 0.35)  # most pens come down heavily and are lifted lightly
_MOST_SEED = 2**32 - 1

# Variants of each digit, the plainest first: how often it is written, and its strokes.
# Points are x,y in hundredths of the digit's height, y down; `!` makes a point a corner,
# `/` lifts the pen. Rings run on beyond their start, since strokes are cut at both ends.
_TEMPLATES: dict[int, tuple[tuple[float, str], ...]] = {
    0: (
        (5, "56,0 26,10 10,48 20,86 48,100 78,86 88,48 74,12 50,0 30,8 20,22"),  # from the top
        (3, "76,14 50,0 20,18 10,55 26,92 55,99 82,78 90,42 78,14 60,4 44,4"),  # from the right
        (2, "54,0 36,18 30,55 38,92 52,100 66,88 72,50 66,14 50,0 42,8"),  # narrow
        (2, "22,12 12,50 24,88 52,100 80,82 88,42 70,8 42,2 18,20 10,40"),  # from the left
        (2, "80,4 52,6 22,30 12,70 40,100 74,86 88,48 72,14 40,8 22,16"),  # with a tail
        (1.5, "48,28 36,10 18,30 12,68 38,100 76,88 90,46 72,8 40,0 26,8"),  # curled in
        (1, "96,26 64,4 22,30 4,72 20,96 58,88 92,54 94,26 76,12 58,10"),  # leaning far
        (1, "72,16 44,2 14,24 10,70 38,100 74,90 90,55 84,24"),  # not closed
        (0.8, "54,0 26,10 10,48 20,86 48,100 78,86 88,48 74,12 46,0 / 84,8 50,50 14,94"),
        (0.5, "54,0 26,10 10,48 20,86 48,100 78,86 88,48 74,12 46,0 / 66,30 50,50 32,72"),
    ),
    1: (
        (2.5, "26,26 54,0! 52,50 50,100"),  # flag
        (5, "50,0 50,50 50,100"),  # bare
        (3, "66,0 50,50 34,100"),  # bare, leaning
        (1.2, "6,46 58,0! 57,50 56,100"),  # long flag
        (1, "34,16 52,0! 51,50 50,100"),  # short flag
        (0.6, "36,52 54,0! 53,50 50,100"),  # flag close to the stem
        (0.5, "0,50 40,26 72,0! 62,40 54,78"),  # flag as long as the stem
        (0.8, "26,12 50,4 52,20 51,60 50,100"),  # flag in a curve
        (1, "26,26 52,0! 50,50 50,98 / 18,100 50,99 84,100"),  # flag and foot
        (0.8, "28,24 52,0! 50,50 50,98! 20,99! 50,98 84,97"),  # flag and foot without lifting
        (0.8, "28,24 52,0! 50,60 42,94 22,100"),  # flag, ends in a hook
        (0.3, "50,0 50,50 50,98 / 22,100 80,100"),  # foot alone
        (1.2, "4,48 32,20 60,2 68,8 60,36 36,100"),  # long flag, round top, leaning
        (1, "12,40 40,14 58,0! 54,34 34,100"),  # long flag, pointed, leaning
        (0.8, "30,42 48,14 58,2 58,16 52,52 44,100"),  # narrow flag, round top
        (0.6, "14,36 42,10 58,0! 52,50 44,98 30,90 46,97 88,94"),  # flag, foot in a loop
        (0.5, "34,34 46,16 40,8 54,4 54,40 46,98! 16,96! 50,97 86,94"),  # knot, foot
    ),
    2: (
        (4, "14,26 30,4 58,2 72,24 56,56 10,98! 50,97 92,98"),  # straight base
        (2, "34,34 16,24 32,3 64,3 74,26 54,60 10,96! 50,93 92,97"),  # curled start
        (3, "12,24 34,2 64,6 66,36 40,76 14,96 6,86 20,74 50,86 94,98"),  # looped
        (2.5, "22,34 18,12 48,0 72,22 54,64 20,96 4,86 18,66 50,80 92,88"),  # large loop
        (2, "14,24 36,2 66,6 70,32 44,68 12,94! 36,86 64,98 94,90"),  # base in a wave
        (2, "10,20 40,0 70,14 52,52 6,98! 40,91 88,80"),  # base rising
        (1.2, "12,10 44,3 74,6! 44,50 10,97! 50,96 90,97"),  # like a Z
        (1.5, "14,20 38,0 66,14 56,46 26,80 20,96 48,97 90,92"),  # round at the foot
        (2, "26,14 56,0 82,14 64,50 10,94! 64,92 130,92"),  # low and wide
        (1.5, "8,22 38,2 72,16 58,44 30,70 12,92! 56,90 110,86"),  # wide, steep below
        (1, "6,20 40,2 54,12 50,50 42,96! 64,92 96,84"),  # top of a 7, short base
        (1.2, "18,22 46,0 76,18 64,54 30,96 4,82 20,58 54,80 90,100"),  # round loop, sloping base
        (1, "20,22 44,0 66,20 58,60 44,97! 70,97 96,95"),  # short base
        (1, "10,22 30,4 56,10 56,44 34,92 14,94 16,80 44,88 88,100"),  # steep, small loop
    ),
    3: (
        (4, "14,14 40,0 68,12 62,36 36,46! 70,56 78,80 48,100 10,90"),  # round
        (2, "14,14 42,0 68,14 58,38 34,48 44,46 72,60 72,88 42,100 8,90"),  # soft waist
        (1, "14,14 44,0 70,14 56,42 30,52 36,40 66,52 76,78 48,100 8,92"),  # looped waist
        (2, "14,4 44,3 74,3! 56,22 40,40! 70,50 78,76 50,99 8,92"),  # flat top
        (1.5, "12,8 40,0 66,10 52,40! 66,54 68,82 42,100 8,96"),  # shallow waist
        (0.8, "18,10 46,0 72,12 60,34 52,46 60,62 58,84 38,98 10,100"),  # nearly no waist
        (0.7, "26,20 36,2 64,6 60,34 32,46! 66,54 70,82 40,100 14,84 24,78"),  # both ends curl
        (1, "10,16 36,2 66,8 56,34 22,50! 60,52 84,70 64,96 16,98"),  # wide below
    ),
    4: (
        (3, "28,0 20,28 12,56! 50,56 88,54 / 66,8 64,50 60,100"),  # open, two strokes
        (2, "40,0 26,28 8,58! 44,58 84,54 / 60,32 56,65 50,100"),  # open, short second stroke
        (2, "62,0 34,34 6,66! 50,66 94,65 / 63,0 62,50 60,100"),  # closed, two strokes
        (1.5, "94,64 50,63 6,64! 34,32 62,0! 61,50 60,100"),  # closed, one stroke
        (3, "10,4 9,32 24,50 52,47 76,8! 73,50 66,100"),  # open, one stroke
        (2, "22,0 16,30 22,46 46,46 76,38 / 74,2 70,50 64,100"),  # round corner, two strokes
        (1.5, "50,0 22,34 14,52 36,56 66,42 68,50 60,76 54,100"),  # one stroke like a bolt
        (1, "30,0 18,46! 50,44 74,36! 66,68 60,100"),  # one stroke, short right side
        (0.7, "10,6 26,44! 56,40 84,0 60,50 40,100"),  # like a y
        (0.6, "34,0 22,40 24,70! 52,68 84,56 / 62,42 58,70 50,100"),  # low, crossed at the end
        (0.6, "58,0 24,22 16,46 40,52 74,44 / 64,30 58,64 46,100"),  # like a 6 begun, crossed
        (0.8, "42,0 28,34 14,72! 44,66 66,54 58,78 54,100"),  # one stroke, low and narrow
        (0.8, "24,0 18,55! 48,55 78,52 / 60,36 58,70 56,100"),  # upright, short second stroke
        (0.8, "30,0 20,34 22,64 44,66 70,34! 64,70 58,100"),  # one stroke, deep and narrow
        (0.7, "26,0 16,50 30,62 60,54 / 62,38 58,66 54,92"),  # round corner, short second stroke
    ),
    5: (
        (3, "24,4 20,24 18,44! 46,34 76,52 76,80 50,100 8,92 / 24,5 54,4 86,2"),  # hat separate
        (3, "84,2 54,4 26,5! 22,24 18,44! 48,34 78,54 74,84 44,100 8,92"),  # one stroke
        (2, "84,4 48,2 26,18 26,36 52,46 72,64 64,90 36,100 8,94"),  # like an S
        (1.5, "26,8 18,42! 44,40 66,60 58,88 30,100 6,94 / 30,6 58,6 92,0"),  # hat flung
        (1, "20,10 26,40 54,58 66,80 46,98 14,96 / 14,14 50,6 88,6"),  # diagonal body
        (0.8, "22,12 36,36 50,60 56,82 48,100 / 18,14 48,4 84,4"),  # stem to a bow, no bow
        (1, "74,8 36,12! 20,50! 46,44 62,62 50,90 20,100 4,96"),  # leaning
        (2, "74,2 50,4 30,6! 26,22 22,38! 54,28 82,54 70,92 36,100 10,80"),  # wide bow, closing
        (0.6, "78,2 22,2! 20,44! 48,42 74,48! 76,70 74,97! 40,98 8,97"),  # angular
        (1, "100,3 64,4 36,6! 28,34! 52,32 70,50 58,80 6,100"),  # long hat, low bow
    ),
    6: (
        (4, "66,0 38,24 16,62 24,94 54,100 74,78 58,58 28,66 16,84"),  # straight stem
        (2, "78,12 58,0 30,16 12,58 26,95 60,98 78,74 56,54 28,62 16,78"),  # curled top
        (2, "56,0 30,34 20,74 44,100 72,84 64,60 34,58 6,68"),  # ring runs out to the left
        (1.5, "40,0 26,34 20,72 34,98 64,96 74,76 56,64 26,76 20,86"),  # upright
        (1.5, "70,0 34,28 10,68 22,98 56,98 84,80 60,66 28,76"),  # low wide ring
        (0.7, "70,0 36,24 14,60 18,90 48,100 68,84 50,72 36,80"),  # not closed
        (2.5, "54,0 22,38 6,74 22,96 54,90 86,64 80,50 58,60 34,90"),  # ring rises to the right
        (1.2, "50,0 36,30 22,70 18,98 56,94 74,74 58,60 34,72 4,92"),  # ring like a knot
        (1, "56,0 26,28 14,64 26,97 58,98 78,72 58,48 30,56 16,72"),  # large ring
        (0.8, "66,0 44,34 32,76 44,99 64,92 54,74 10,72"),  # small ring run out to the left
        (0.8, "34,0 24,40 24,80 44,100 70,84 56,62 36,70 24,92"),  # thin ring
    ),
    7: (
        (3, "8,6 44,5 82,4! 60,50 44,100"),  # plain
        (2, "8,14 36,2 70,4 74,24 60,62 52,100"),  # round corner
        (1, "8,4 44,5 80,4! 74,50 70,100"),  # upright stem
        (1.5, "10,26 14,5! 46,5 80,4! 60,50 48,100"),  # serif
        (1.4, "4,38 12,8! 44,7 76,3! 62,50 54,100"),  # long serif
        (1.3, "22,10 46,6 68,4! 56,50 44,100"),  # narrow
        (1, "8,28 16,8 40,8 82,2! 58,48 50,100"),  # serif in a curve
        (0.7, "8,14 36,4 70,10 72,30 56,60 52,100 / 40,64 62,48 78,60"),  # round, crossed in a wave
        (1, "4,16 46,8 92,0! 50,52 12,100"),  # leaning far
        (2.2, "10,6 44,5 80,4! 62,50 48,100 / 26,52 54,50 84,48"),  # crossed
        (1.5, "8,14 36,1 68,6 70,30 58,66 54,100 / 28,56 56,54 86,52"),  # round and crossed
        (1, "10,24 14,5! 46,5 80,4! 62,50 46,100 / 30,50 56,50 82,50"),  # serif and crossed
        (0.8, "10,8 44,5 74,4! 68,50 64,100 / 36,62 66,60 98,58"),  # crossed low
    ),
    8: (
        (4, "74,14 48,0 22,18 44,44 74,68 68,94 42,100 16,86 28,60 54,42 74,18 62,2 44,2 28,10"),
        (2, "50,48 24,28 32,4 62,2 74,22 50,48 20,72 32,98 66,98 76,74 48,46 30,34"),  # from waist
        (1.5, "84,4 46,2 22,20 44,44 70,68 62,96 34,98 18,80 34,58 62,34 86,6"),  # open top
        (1.5, "70,10 48,0 34,16 50,46 64,74 50,100 36,78 50,48 66,20 56,2 44,2 36,12"),  # narrow
        (1, "22,10 44,0 72,8 64,32 40,52 20,74 34,99 66,94 66,66 40,42 20,20 26,8 46,0"),  # left
        (1, "52,0 28,10 28,36 50,46 72,36 72,10 50,0 36,4 / "
            "50,46 20,62 22,92 50,100 78,90 78,62 50,46 34,50"),  # two rings
        (0.8, "24,40 56,46 80,18 54,0 32,16 48,50 62,82 48,100 36,84 58,54 78,40"),  # gap left
        (1, "80,14 56,0 24,14 38,44 58,70 52,96 34,98 28,82 44,56 74,24 78,8"),  # small lower ring
        (1, "66,8 48,0 36,14 48,36 80,66 72,96 34,100 16,78 36,48 60,22 58,6"),  # small upper ring
        (1, "80,10 60,2 24,8 36,36 62,60 62,92 28,98 20,78 42,56 70,36 80,18"),  # gap right
    ),
    9: (
        (4, "74,14 48,0 22,18 28,42 52,46 74,18! 73,56 68,100"),  # straight stem
        (2, "74,14 48,0 22,18 28,42 54,46 76,14 76,60 62,94 36,100 12,90"),  # hooked
        (3, "80,12 50,0 20,22 34,46 66,34 80,8 66,50 36,100"),  # leaning
        (2, "58,30 74,18 52,0 24,16 26,44 54,44 72,24 70,60 62,100"),  # curled start
        (1, "76,14 46,0 20,20 30,42 56,42 76,14! 76,55 74,98! 44,99 10,98"),  # flat hook
        (1.2, "72,10 42,2 12,26 30,42 60,34 82,6! 66,54 52,100"),  # flat ring
        (1.5, "84,6 44,6 12,32 28,48 58,32 84,4! 64,50 46,100"),  # ring like an almond
        (2, "62,6 36,4 22,20 38,38 60,28 70,8! 78,56 66,92 34,100 2,92"),  # small ring, long hook
        (2, "44,20 60,4 36,4 20,24 40,42 66,26 72,50 68,84 40,99 8,94"),  # curled in, hooked
        (1.2, "60,6 40,1 26,14 40,26 56,14 54,30 76,62 64,92 30,100 6,94"),  # small ring, wide bow
        (0.5, "90,40 58,42 28,34 32,8 52,2 60,30 56,66 54,100"),  # from the right, across the stem
        (1, "70,30 66,6 38,2 22,24 38,46 66,40 74,20 72,60 50,94 18,98"),  # round hook
        (0.8, "56,4 34,8 22,30 38,44 58,34 64,10! 64,50 64,100"),  # small ring
        (0.8, "24,30 48,46 74,30 64,4 36,4 22,26 40,46 70,36 76,60 60,92 26,100"),  # g-like
        (0.8, "70,8 44,0 26,16 44,34 66,20 60,34 72,58 66,88 40,100 14,90"),  # ring above a hook
        (0.7, "10,30 26,6 52,0 66,12 48,34 30,30 60,10 64,40 40,74 2,100"),  # ring out of a bow
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Hands:
    """What stays the same in all digits of a writer; each array is (writers,).

    slant: sideways shift per unit of height; turn: radians; width: factor
    haste: 0 corners sharp to 1 rounded off; jitter, tremor: shares of the digit's height
    cut: share of a stroke missing at an end; bends: (writers, 4), see `_bend`
    """

    slant: np.ndarray
    turn: np.ndarray
    width: np.ndarray
    haste: np.ndarray
    jitter: np.ndarray
    tremor: np.ndarray
    cut: np.ndarray
    bends: np.ndarray


@dataclass(frozen=True)
class Shape:
    """A variant made ready.

    control: (C, 2), in heights from the middle
    sway: (C, C), makes independent deviations alike in control points that are near on a stroke
    strokes: which control points a stroke has, and the matrices (_SAMPLES, c) from them to the
    points of the sharp and of the rounded curve
    """

    control: np.ndarray
    sway: np.ndarray
    strokes: tuple[tuple[slice, np.ndarray, np.ndarray], ...]


def generate(count: int, seed: int) -> Drawings:
    """`count` digits with balanced shuffled labels 0-9, by random writers. Same seed, same digits.

    Points are in heights of a digit, around 0. A writer's digits stand together.
    Raises ValueError if `count` is negative or `seed` is not from 0 to 2**32 - 1.
    """
    check_request(count, seed)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % CLASSES).astype(np.uint8)
    low, high = _DIGITS_PER_WRITER
    sizes = rng.integers(low, high + 1, count // low + 1)
    writer = np.repeat(np.arange(len(sizes)), sizes)[:count].astype(np.int32)
    hands = draw_hands(len(sizes), rng)
    shape_of = _choose_variants(labels, writer, rng)

    stroke_counts = np.array([len(shape.strokes) for shape in _shapes()])[shape_of]
    first = np.cumsum(stroke_counts) - stroke_counts  # each digit's first stroke
    points = np.empty((stroke_counts.sum(), _SAMPLES, 2), np.float32)
    for number, shape in enumerate(_shapes()):
        which = np.flatnonzero(shape_of == number)
        where = first[which, None] + np.arange(len(shape.strokes))
        points[where] = write(shape, writer[which], hands, rng)
    return Drawings(
        points=points.reshape(-1, 2),
        stroke_id=np.repeat(np.arange(len(points), dtype=np.int32), _SAMPLES),
        sample_id=np.repeat(np.arange(count, dtype=np.int32), stroke_counts * _SAMPLES),
        labels=labels,
        writer=writer,
    )


def check_request(count: int, seed: int) -> None:
    """Raise ValueError for a number of drawings or a seed that cannot be asked for."""
    if count < 0:
        raise ValueError(f"count is {count}: it must be a whole number from 0.")
    if not 0 <= seed <= _MOST_SEED:
        raise ValueError(f"seed is {seed}: it must be a whole number from 0 to {_MOST_SEED}.")


def draw_pens(writer: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A pen for each drawing (N,), alike in all of a writer's.

    writer: (N,) int, who drew it, from 0. Returns widths in pixels of 28, and pressures as
    `ink.rendering.render_box` takes them, both (N,) float64.
    """
    writers = writer.max(initial=-1) + 1
    width = rng.uniform(*_PEN_WIDTHS, writers)[writer] * np.exp(rng.normal(0, 0.1, len(writer)))
    pressure = rng.uniform(*_PRESSURES, writers)[writer] + rng.normal(0, 0.05, len(writer))
    return width.clip(*_PEN_WIDTHS), pressure.clip(-0.5, 0.5)


def sample_digit(digit: int) -> list[np.ndarray]:
    """One plain, well-formed `digit`: strokes (k, 2) float32 in a unit box, x right, y down."""
    shape = parse(_TEMPLATES[digit][0][1])
    strokes = [0.8 * sharp @ shape.control[part] + 0.2 * rounded @ shape.control[part]
               for part, sharp, rounded in shape.strokes]  # fmt: skip
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    margin = (1 - extent / extent.max()) / 2
    return [((s - low) / extent.max() + margin).clip(0, 1).astype(np.float32) for s in strokes]


def draw_hands(count: int, rng: np.random.Generator) -> Hands:
    return Hands(
        slant=rng.normal(0.12, 0.2, count),
        turn=rng.normal(0, 0.06, count),
        width=np.exp(rng.normal(-0.05, 0.2, count)),
        haste=rng.beta(1.2, 2, count),
        jitter=np.exp(rng.normal(np.log(0.037), 0.25, count)),
        tremor=np.exp(rng.normal(np.log(0.004), 0.4, count)),
        cut=rng.uniform(0, 0.08, count),
        bends=rng.normal(0, 0.055, (count, 4)),
    )


def _choose_variants(
    labels: np.ndarray, writer: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Index into `_shapes()` for each digit, (N,): the writer's favourite, mostly."""
    chosen = np.empty(len(labels), int)
    start = 0
    for digit, variants in _TEMPLATES.items():
        weights = np.array([weight for weight, _ in variants])
        weights /= weights.sum()
        mine = np.flatnonzero(labels == digit)
        favourite = rng.choice(len(weights), writer.max(initial=0) + 1, p=weights)[writer[mine]]
        other = rng.choice(len(weights), len(mine), p=weights)
        faithful = rng.random(len(mine)) < _FAITHFUL
        chosen[mine] = start + np.where(faithful, favourite, other)
        start += len(weights)
    return chosen


def write(shape: Shape, writer: np.ndarray, hands: Hands, rng: np.random.Generator) -> np.ndarray:
    """Digits of one shape by these writers (n,): points (n, strokes, _SAMPLES, 2)."""
    n = len(writer)

    def mine(per_writer: np.ndarray) -> np.ndarray:
        return per_writer[writer].reshape(n, 1, 1)

    # A writer's own way to write this shape, then this one digit.
    habit = rng.normal(size=(len(hands.slant), *shape.control.shape))
    deviation = (1.2 * habit[writer] + rng.normal(size=(n, *shape.control.shape))).clip(-3, 3)
    control = shape.control + mine(hands.jitter) * (shape.sway @ deviation)
    haste = (mine(hands.haste) + rng.normal(0, 0.15, (n, 1, 1))).clip(0, 1)
    points = np.empty((n, len(shape.strokes), _SAMPLES, 2))
    for k, (part, sharp, rounded) in enumerate(shape.strokes):
        curve = sharp @ control[:, part]
        curve += haste * (rounded @ control[:, part] - curve)
        if k:  # the pen does not come down quite where it should
            curve += rng.normal(0, 0.025, (n, 1, 2))
        curve += mine(hands.tremor) * _ripple(n, rng)
        points[:, k] = _cut(curve, mine(hands.cut)[:, 0] * rng.exponential(size=(n, 2)))
    _bend(points, hands.bends[writer] + rng.normal(0, 0.035, (n, 4)))
    return points @ _placing(
        slant=hands.slant[writer] + rng.normal(0, 0.07, n),
        turn=hands.turn[writer] + rng.normal(0, 0.06, n),
        width=hands.width[writer] * np.exp(rng.normal(0, 0.12, n)),
    )


def _ripple(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unsteadiness along n strokes: (n, _SAMPLES, 2), about 1 in size."""
    steps = np.linspace(0, 2 * np.pi, _SAMPLES)
    waves = np.stack([f(steps * k) for k in (1.5, 2.5, 4, 6) for f in (np.sin, np.cos)], axis=1)
    return waves @ (rng.normal(size=(n, waves.shape[1], 2)) / 2)


def _cut(curves: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Curves (n, _SAMPLES, 2) without these shares (n, 2) of their beginning and end."""
    start, end = shares.clip(0, 0.2).T[..., None]
    place = (start + (1 - start - end) * np.linspace(0, 1, _SAMPLES)) * (_SAMPLES - 1)
    before = place.astype(int).clip(0, _SAMPLES - 2)
    rest = (place - before)[..., None]
    row = np.arange(len(curves))[:, None]
    return curves[row, before] * (1 - rest) + curves[row, before + 1] * rest


def _bend(points: np.ndarray, amounts: np.ndarray) -> None:
    """Warp whole digits (n, …, 2) in place by amounts (n, 4): waist up or down, top or bottom
    wider, stem bowed, base line tilted."""
    waist, heavy, bow, tilt = amounts.T.reshape(4, -1, 1, 1)
    x, y = points[..., 0], points[..., 1]
    hump = np.cos(np.pi * y)
    x *= 1 + 4 * heavy * y
    x += 0.8 * bow * hump
    y += waist * hump + tilt * x


def _placing(slant: np.ndarray, turn: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Matrices (n, 1, 2, 2) that points as rows are multiplied with."""
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [[width * cos, width * sin], [-slant * cos - sin, -slant * sin + cos]]
    return np.moveaxis(np.array(rows), 2, 0)[:, None]


@cache
def _shapes() -> tuple[Shape, ...]:
    """All variants of digit 0, then of 1, and so on."""
    return tuple(parse(text) for variants in _TEMPLATES.values() for _, text in variants)


def parse(text: str) -> Shape:
    control, strokes, sways = [], [], []
    for stroke in text.split("/"):
        marks = stroke.split()
        own = np.array([mark.rstrip("!").split(",") for mark in marks], float) / 100 - 0.5
        corners = [i for i, mark in enumerate(marks[:-1]) if i and mark.endswith("!")]
        sharp = _curve(own, corners)
        part = slice(len(control), len(control) + len(own))
        strokes.append((part, sharp, _rounding() @ sharp))
        control.extend(own)
        sways.append(_sway(own))
    sway = np.zeros((len(control), len(control)))
    for (part, _, _), block in zip(strokes, sways, strict=True):
        sway[part, part] = block
    return Shape(np.array(control), sway, tuple(strokes))


def _lengths(control: np.ndarray) -> np.ndarray:
    """Distance of each control point (c, 2) from the first, from point to point: (c,)."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(control, axis=0).T))])


def _sway(control: np.ndarray) -> np.ndarray:
    """A stroke's block of `Shape.sway`; rows have length 1, so deviations keep their size."""
    place = _lengths(control)
    near = np.exp(-(((place - place[:, None]) / 0.25) ** 2))
    return near / np.linalg.norm(near, axis=1, keepdims=True)


def _curve(control: np.ndarray, corners: list[int]) -> np.ndarray:
    """Matrix (_SAMPLES, c) from control points, placed about like `control` (c, 2), to points at
    even distances on the smooth curve through them, broken at the corners."""
    knots = _lengths(control)
    at = np.linspace(0, knots[-1], _SAMPLES)
    for corner in corners:
        at[np.abs(at - knots[corner]).argmin()] = knots[corner]
    matrix = np.zeros((_SAMPLES, len(control)))
    ends = [0, *corners, len(control) - 1]
    for first, last in pairwise(ends):
        inside = (at >= knots[first]) & (at <= knots[last])
        piece = slice(first, last + 1)
        matrix[inside] = 0
        matrix[inside, piece] = _natural_spline(knots[piece], at[inside])
    return matrix


def _natural_spline(knots: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Matrix (len(at), len(knots)) from values at the knots to those at `at` of their
    natural cubic spline."""
    count = len(knots)
    step = np.diff(knots)
    # Second derivatives from values: zero at the ends, slopes meet at the inner knots.
    left, right = np.eye(count), np.zeros((count, count))
    for i in range(1, count - 1):
        before, after = step[i - 1], step[i]
        left[i, i - 1 : i + 2] = before, 2 * (before + after), after
        right[i, i - 1 : i + 2] = 6 / before, -6 / before - 6 / after, 6 / after
    second = np.linalg.solve(left, right)
    i = (np.searchsorted(knots, at, "right") - 1).clip(0, count - 2)
    width = step[i, None]
    b = (at - knots[i])[:, None] / width
    a = 1 - b
    value = np.eye(count)
    bulge = ((a**3 - a) * second[i] + (b**3 - b) * second[i + 1]) * width**2 / 6
    return a * value[i] + b * value[i + 1] + bulge


@cache
def _rounding() -> np.ndarray:
    """Matrix (_SAMPLES, _SAMPLES) that averages along a stroke, its ends left in place."""
    place = np.arange(_SAMPLES)
    reach = np.minimum(2.2, 0.3 + 0.7 * np.minimum(place, place[::-1]))[:, None]
    weights = np.exp(-(((place - place[:, None]) / reach) ** 2) / 2)
    return weights / weights.sum(axis=1, keepdims=True)
