"""Digits that nobody drew, as strokes in writing order, and the pens to draw them with.

A digit has variants, each a template of control points through which smooth curves run. A writer
has a hand (slant, width, haste, favourite variants …) and a pen, and each digit varies around
them. Knows nothing of pixels: `ink.rendering` renders strokes.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from classifier.config import CLASSES
from classifier.ink.drawings import Drawings, from_strokes
from classifier.synthetic import curves, templates
from classifier.synthetic.curves import SAMPLES, Shape

_DIGITS_PER_WRITER = (50, 100)
_FAITHFUL = 0.85  # share of a writer's digits in the writer's favourite variant
_PEN_WIDTHS = (1.4, 4.4)  # pixels of 28
_PRESSURES = (-0.1, 0.35)  # most pens come down heavily and are lifted lightly
_MOST_DRAWINGS, _MOST_SEED = 10_000_000, 2**32 - 1


@dataclass(frozen=True)
class Hands:
    """What stays the same in all digits of a writer; each array is (writers,).

    slant: sideways shift per unit of height; turn: radians; width: factor
    haste: 0 corners sharp to 1 rounded off; jitter, tremor: shares of the digit's height
    cut: share of a stroke missing at an end; bends: (writers, 4), see `_bend`
    """

    slant: NDArray[np.float64]
    turn: NDArray[np.float64]
    width: NDArray[np.float64]
    haste: NDArray[np.float64]
    jitter: NDArray[np.float64]
    tremor: NDArray[np.float64]
    cut: NDArray[np.float64]
    bends: NDArray[np.float64]


def generate(count: int, seed: int, evenness: float = 0.0) -> Drawings:
    """`count` digits with balanced shuffled labels 0-9, by random writers. Same seed, same digits.

    Points are in heights of a digit, around 0. A writer's digits stand together.
    evenness: 0, each variant comes as often as its weight says, to 1, all come alike
    Raises ValueError if `count` is not from 0 to 10 million, `seed` not from 0 to 2**32 - 1, or
    `evenness` not from 0 to 1.
    """
    return generate_styles(count, seed, evenness)[0]


def generate_styles(
    count: int, seed: int, evenness: float = 0.0
) -> tuple[Drawings, NDArray[np.int_]]:
    """The digits of `generate`, and which of `templates.load().variants` each is, (count,)."""
    check_request(count, seed)
    if not 0 <= evenness <= 1:
        raise ValueError(f"evenness is {evenness}: it must be from 0 to 1.")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % CLASSES).astype(np.uint8)
    low, high = _DIGITS_PER_WRITER
    sizes = rng.integers(low, high + 1, count // low + 1)
    writer = np.repeat(np.arange(len(sizes)), sizes)[:count].astype(np.int32)
    hands = draw_hands(len(sizes), rng)
    variant = _choose_variants(labels, writer, evenness, rng)

    stroke_counts = np.array([len(shape.strokes) for shape in _shapes()])[variant]
    first = np.cumsum(stroke_counts) - stroke_counts  # each digit's first stroke
    points = np.empty((stroke_counts.sum(), SAMPLES, 2), np.float32)
    for number, shape in enumerate(_shapes()):
        which = np.flatnonzero(variant == number)
        where = first[which, None] + np.arange(len(shape.strokes))
        points[where] = write(shape, writer[which], hands, rng)
    drawn = Drawings(
        points=points.reshape(-1, 2),
        stroke_id=np.repeat(np.arange(len(points), dtype=np.int32), SAMPLES),
        sample_id=np.repeat(np.arange(count, dtype=np.int32), stroke_counts * SAMPLES),
        labels=labels,
        writer=writer,
    )
    return drawn, variant


def generate_variant(digit: int, name: str, count: int, seed: int) -> Drawings:
    """`count` digits of one variant, each by a writer of its own; otherwise as `generate`.

    digit, name: of one of the `templates`. Whatever other variants there are, the digits of this
    one are the same. Raises ValueError also if there is none such.
    """
    check_request(count, seed)
    shape = curves.parse(templates.load().find(digit, name).strokes)
    rng = np.random.default_rng(seed)
    writer = np.arange(count, dtype=np.int32)
    points = write(shape, writer, draw_hands(count, rng), rng)
    return from_strokes([list(strokes) for strokes in points], np.full(count, digit), writer)


def check_request(count: int, seed: int) -> None:
    """Raise ValueError for a number of drawings or a seed that cannot be asked for."""
    if not 0 <= count <= _MOST_DRAWINGS:
        raise ValueError(
            f"count is {count}: it must be a whole number from 0 to {_MOST_DRAWINGS:,}."
        )
    if not 0 <= seed <= _MOST_SEED:
        raise ValueError(f"seed is {seed}: it must be a whole number from 0 to {_MOST_SEED}.")


def draw_pens(
    writer: NDArray[np.integer], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A pen for each drawing (N,), alike in all of a writer's.

    writer: (N,) int, who drew it, from 0. Returns widths in pixels of 28, and pressures as
    `ink.rendering.render_box` takes them, both (N,) float64.
    """
    writers = writer.max(initial=-1) + 1
    width = rng.uniform(*_PEN_WIDTHS, writers)[writer] * np.exp(rng.normal(0, 0.1, len(writer)))
    pressure = rng.uniform(*_PRESSURES, writers)[writer] + rng.normal(0, 0.05, len(writer))
    return width.clip(*_PEN_WIDTHS), pressure.clip(-0.5, 0.5)


def sample_digit(digit: int, variant_name: str = "") -> list[NDArray[np.float32]]:
    """One well-formed `digit`, the plainest if no variant is named: strokes (k, 2) float32 in a
    unit box, x right, y down. Raises ValueError for no digit from 0 to 9, and for no variant."""
    if digit not in range(CLASSES):
        raise ValueError(f"There is no digit {digit}: digits are 0 to 9.")
    known = templates.load()
    variant = known.find(digit, variant_name) if variant_name else known.digits[digit][0]
    shape = curves.parse(variant.strokes)
    strokes = [0.8 * sharp @ shape.control[part] + 0.2 * rounded @ shape.control[part]
               for part, sharp, rounded in shape.strokes]  # fmt: skip
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    margin = (1 - extent / extent.max()) / 2
    return [((s - low) / extent.max() + margin).clip(0, 1).astype(np.float32) for s in strokes]


def draw_hands(count: int, rng: np.random.Generator) -> Hands:
    """So many hands of random writers."""
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
    labels: NDArray[np.uint8],
    writer: NDArray[np.int32],
    evenness: float,
    rng: np.random.Generator,
) -> NDArray[np.int_]:
    """Index into `_shapes()` for each digit, (N,): the writer's favourite, mostly."""
    chosen = np.empty(len(labels), int)
    start = 0
    for digit, variants in templates.load().digits.items():
        weights = np.array([variant.weight for variant in variants]) ** (1 - evenness)
        weights /= weights.sum()
        mine = np.flatnonzero(labels == digit)
        favourite = rng.choice(len(weights), writer.max(initial=0) + 1, p=weights)[writer[mine]]
        other = rng.choice(len(weights), len(mine), p=weights)
        faithful = rng.random(len(mine)) < _FAITHFUL
        chosen[mine] = start + np.where(faithful, favourite, other)
        start += len(weights)
    return chosen


def write(
    shape: Shape, writer: NDArray[np.int32], hands: Hands, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Digits of one shape by these writers (n,): points (n, strokes, SAMPLES, 2)."""
    n = len(writer)

    def mine(per_writer: NDArray[np.float64]) -> NDArray[np.float64]:
        return per_writer[writer].reshape(n, 1, 1)

    # A writer's own way to write this shape, then this one digit.
    habit = rng.normal(size=(len(hands.slant), *shape.control.shape))
    deviation = (1.2 * habit[writer] + rng.normal(size=(n, *shape.control.shape))).clip(-3, 3)
    control = shape.control + mine(hands.jitter) * (shape.sway @ deviation)
    haste = (mine(hands.haste) + rng.normal(0, 0.15, (n, 1, 1))).clip(0, 1)
    points = np.empty((n, len(shape.strokes), SAMPLES, 2))
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


def _ripple(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Unsteadiness along n strokes: (n, SAMPLES, 2), about 1 in size."""
    steps = np.linspace(0, 2 * np.pi, SAMPLES)
    waves = np.stack([f(steps * k) for k in (1.5, 2.5, 4, 6) for f in (np.sin, np.cos)], axis=1)
    return waves @ (rng.normal(size=(n, waves.shape[1], 2)) / 2)


def _cut(curves: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Curves (n, SAMPLES, 2) without these shares (n, 2) of their beginning and end."""
    start, end = shares.clip(0, 0.2).T[..., None]
    place = (start + (1 - start - end) * np.linspace(0, 1, SAMPLES)) * (SAMPLES - 1)
    before = place.astype(int).clip(0, SAMPLES - 2)
    rest = (place - before)[..., None]
    row = np.arange(len(curves))[:, None]
    return np.asarray(curves[row, before] * (1 - rest) + curves[row, before + 1] * rest)


def _bend(points: NDArray[np.float64], amounts: NDArray[np.float64]) -> None:
    """Warp whole digits (n, …, 2) in place by amounts (n, 4): waist up or down, top or bottom
    wider, stem bowed, base line tilted."""
    waist, heavy, bow, tilt = amounts.T.reshape(4, -1, 1, 1)
    x, y = points[..., 0], points[..., 1]
    hump = np.cos(np.pi * y)
    x *= 1 + 4 * heavy * y
    x += 0.8 * bow * hump
    y += waist * hump + tilt * x


def _placing(
    slant: NDArray[np.float64], turn: NDArray[np.float64], width: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Matrices (n, 1, 2, 2) that points as rows are multiplied with."""
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [[width * cos, width * sin], [-slant * cos - sin, -slant * sin + cos]]
    return np.moveaxis(np.array(rows), 2, 0)[:, None]


@cache
def _shapes() -> tuple[Shape, ...]:
    """All variants of digit 0, then of 1, and so on."""
    return tuple(curves.parse(variant.strokes) for variant in templates.load().variants)
