"""What stands on a page of numbers, how it is written, and the kinds of pages there are.

Knows nothing of how a page is rendered: `sheets`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from classifier.synthetic import photographing
from classifier.synthetic.photographing import Photo

CELLS = ("none", "boxes", "table")  # printed around nothing, around each digit, around each number
_SHAPES = ((480, 640), (640, 480), (300, 800), (900, 1200))


@dataclass(frozen=True)
class Page(Photo):
    """What stands on a page and how, and how it is photographed. Lengths in heights of a digit.

    lines: from top to bottom, of digits, `sheets.MARKS`, and a space between numbers
    height: of a digit, as a share of the shorter side; less where the lines need the room
    x, y: 0–1, where in the room that is left, from left to right and from top to bottom
    gap: from ink to ink; touching: each digit is moved left until its ink meets its neighbour's
    apart: between numbers; pitch: from line to line; uneven: how much heights and places differ
    slope_of_lines: how far they fall in one height to the right; bend: how far their middle hangs
    cells: one of CELLS, printed
    """

    lines: tuple[str, ...] = ("0123456789",)
    height: float = 0.3
    x: float = 0.5
    y: float = 0.5
    gap: float = 0.3
    touching: bool = False
    apart: float = 1.8
    pitch: float = 1.8
    uneven: float = 0.03
    slope_of_lines: float = 0.0
    bend: float = 0.0
    cells: str = "none"

    @property
    def text(self) -> str:
        """What is to be read: digits alone, a space between numbers, lines apart by a new line."""
        kept = ["".join(c for c in line if c.isdigit() or c == " ") for line in self.lines]
        return "\n".join(" ".join(line.split()) for line in kept if line.strip())


def at_random(kind: str, rng: np.random.Generator) -> Page:
    """A page of a kind of KINDS; all else as it comes."""
    page = Page(
        shape=_SHAPES[rng.integers(len(_SHAPES))],
        lines=numbers(rng, int(rng.integers(1, 3)), int(rng.integers(1, 3))),
        height=rng.uniform(0.12, 0.35),
        x=rng.random(),
        y=rng.random(),
        gap=rng.uniform(0.15, 0.4),
        apart=rng.uniform(1.6, 2.4),
        pitch=rng.uniform(1.5, 2.2),
        uneven=rng.uniform(0.01, 0.06),
        slope_of_lines=rng.normal(0, 0.01),
        **photographing.as_it_comes(rng),
    )
    return replace(page, **KINDS[kind](rng))


def numbers(rng: np.random.Generator, rows: int, columns: int) -> tuple[str, ...]:
    """So many lines of so many numbers of two to five digits."""
    return tuple(
        " ".join("".join(map(str, rng.integers(0, 10, rng.integers(2, 6)))) for _ in range(columns))
        for _ in range(rows)
    )


def _marked(rng: np.random.Generator) -> str:
    """A number with a sign and a decimal comma or point."""
    whole, rest = rng.integers(1, 100), rng.integers(0, 100)
    return f"{rng.choice(['', '-'])}{whole}{rng.choice([',', '.'])}{rest:02d}"


# What makes a page one of this kind: how it is photographed, or what stands on it, and how.
KINDS: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = photographing.KINDS | {
    "single digit": lambda rng: {
        "lines": (str(rng.integers(10)),),
        "height": rng.uniform(0.3, 0.8),
    },
    "number": lambda rng: {"lines": numbers(rng, 1, 1)},
    "form boxes": lambda rng: {
        "lines": numbers(rng, 1, 1),
        "cells": "boxes",
        "strength": rng.uniform(0.6, 1.0),
        "uneven": rng.uniform(0.02, 0.12),
    },
    "table": lambda rng: {
        "lines": numbers(rng, 2, 2),
        "cells": "table",
        "strength": rng.uniform(0.6, 1.0),
    },
    "several lines": lambda rng: {"lines": numbers(rng, int(rng.integers(2, 5)), 1)},
    "sloping lines": lambda rng: {
        "lines": numbers(rng, 2, 1),
        "slope_of_lines": rng.choice([-1, 1]) * rng.uniform(0.06, 0.14),
    },
    "bent lines": lambda rng: {
        "lines": numbers(rng, 2, 2),
        "bend": rng.choice([-1, 1]) * rng.uniform(0.2, 0.4),
    },
    "wide gaps": lambda rng: {"lines": numbers(rng, 1, 1), "gap": rng.uniform(0.8, 1.5)},
    "narrow gaps": lambda rng: {"gap": rng.uniform(0.08, 0.14), "thickness": 0.05},
    "touching": lambda rng: {"lines": numbers(rng, 1, 1), "touching": True},
    "comma, point, minus": lambda rng: {"lines": (_marked(rng), _marked(rng))},
    "small and faint": lambda rng: {
        "shape": (1200, 1600),
        "height": rng.uniform(0.03, 0.05),
        "pen": "pencil",
    },
}
