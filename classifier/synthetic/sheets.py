"""Pages of numbers that nobody wrote, from drawings of single digits: known text, known boxes.

A page has lines, lines have numbers, and numbers have digits and perhaps marks that are none. They
are laid out in heights of a digit, scaled to the sheet, and photographed (`photographing`); `pages`
says what there may be. Knows nothing of how a page is read.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from classifier.ink import rendering
from classifier.ink.drawings import Drawings
from classifier.synthetic import photographing
from classifier.synthetic.pages import Page

Box = tuple[float, float, float, float]
# Marks that are no digit, as strokes within one height: the foot of a line is at 1.
MARKS = {
    ",": [np.array([[0.06, 0.88], [0.0, 1.18]])],
    ".": [np.array([[0.0, 0.97], [0.02, 0.99]])],
    "-": [np.array([[0.0, 0.52], [0.4, 0.5]])],
}
_CELL = 1.5  # width and height of a box for one digit
_PADDING = 0.35  # of a table's cell
_EDGE = 0.05  # of the picture stays free at each side
_PROFILE = 24  # rows in which neighbours are moved together


@dataclass(frozen=True)
class Sheet:
    """A page as a photo.

    picture: (H, W, 3) uint8; text: as `predict` gives it; ink: (H, W) float32, 0–1, of the digits
    and marks; boxes: around the ink of each digit in reading order, (n, 4) float64: left, top,
    right, bottom in pixels
    """

    picture: np.ndarray
    text: str
    ink: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class _Glyph:
    """A digit or a mark where it stands; line, number: which it belongs to."""

    character: str
    strokes: list[np.ndarray]
    line: int
    number: int

    @property
    def box(self) -> Box:
        points = np.concatenate(self.strokes)
        return (*points.min(axis=0), *points.max(axis=0))

    def moved(self, x: float, y: float) -> "_Glyph":
        return replace(self, strokes=[stroke + np.array([x, y]) for stroke in self.strokes])


def render(page: Page, drawn: Drawings) -> Sheet:
    """A page written with these digits, by one of their writers where that one has all it needs.

    Raises ValueError for what cannot be written: a character that is neither a digit nor a mark,
    or a digit that nobody drew.
    """
    rng = np.random.default_rng(page.seed)
    glyphs = _lay_out(page, _hand(page, drawn, rng), rng)
    cells = _cells(page, glyphs)
    size = np.array(page.shape[::-1])
    extents = np.array([glyph.box for glyph in glyphs] + cells)
    low, high = extents[:, :2].min(axis=0) - page.thickness, extents[:, 2:].max(axis=0)
    wanted = high + page.thickness - low
    cos, sin = np.cos(np.deg2rad(page.turn)), np.sin(np.deg2rad(page.turn))
    turned = np.abs([[cos, sin], [sin, cos]]) @ wanted  # of the picture, once it is turned
    free = (1 - 2 * _EDGE) * size
    scale = min(page.height * size.min(), *(free / turned))
    aside = (free - turned * scale) * (np.array([page.x, page.y]) - 0.5)
    middle = size / 2 + np.array([[cos, -sin], [sin, cos]]) @ aside

    def placed(points: np.ndarray) -> np.ndarray:
        return np.asarray((points - low - wanted / 2) * scale + middle)

    strokes = [[placed(stroke) for stroke in glyph.strokes] for glyph in glyphs]
    pen = page.thickness * scale
    rows, columns = page.shape
    ink = rendering.render_strokes(list(itertools.chain(*strokes)), max(page.shape), pen)
    ink = ink[:rows, :columns]
    printed = np.zeros(page.shape, np.float32)
    for cell in cells:
        one, other = np.rint(placed(np.reshape(cell, (2, 2)))).astype(int).tolist()
        cv2.rectangle(printed, one, other, 1.0, photographing.line_width(page.shape))
    picture, warp = photographing.photograph(ink, printed, scale, page)
    boxes = [
        _around(own, warp, pen)
        for glyph, own in zip(glyphs, strokes, strict=True)
        if glyph.character.isdigit()
    ]
    seen = cv2.warpPerspective(ink, warp, page.shape[::-1])
    return Sheet(picture, page.text, seen, np.array(boxes).reshape(-1, 4))


def _hand(page: Page, drawn: Drawings, rng: np.random.Generator) -> Callable[[str], Sequence[Any]]:
    """What gives the strokes of a character, one high: a digit's in another drawing each time."""
    needed = {int(c) for line in page.lines for c in line if c.isdigit()}
    everything = list(drawn)
    whose = np.zeros(len(drawn.labels), int) if drawn.writer is None else drawn.writer
    able = [w for w in np.unique(whose) if needed <= set(drawn.labels[whose == w].tolist())]
    mine = whose == rng.choice(able) if able else np.ones(len(whose), bool)

    def strokes_of(character: str) -> Sequence[Any]:
        if character in MARKS:
            return MARKS[character]
        if not character.isdigit():
            raise ValueError(f"{character!r} is neither a digit nor one of {' '.join(MARKS)}.")
        choice = np.flatnonzero(mine & (drawn.labels == int(character)))
        if not len(choice):
            raise ValueError(f"No drawing is labelled {character}.")
        strokes = rendering.drop_stray_strokes(everything[rng.choice(choice)])
        points = np.concatenate(strokes)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        size = max(extent[1], extent[0] / 1.2, 1e-6) / np.exp(rng.normal(0, page.uneven))
        fall = 1 - extent[1] / size + rng.normal(0, page.uneven)  # they stand on a line
        return [(stroke - low) / size + np.array([0, fall]) for stroke in strokes]

    return strokes_of


def _lay_out(
    page: Page, strokes_of: Callable[[str], Sequence[Any]], rng: np.random.Generator
) -> list[_Glyph]:
    """All digits and marks of a page in reading order."""
    found: list[_Glyph] = []
    for line, characters in enumerate(page.lines):
        row: list[_Glyph] = []
        x, number = 0.0, 0
        for before, character in itertools.pairwise(" " + characters):
            if character == " ":
                x, number = x + page.apart, number + 1
                continue
            glyph = _Glyph(character, list(strokes_of(character)), line, number)
            left, _, right, _ = glyph.box
            if page.cells == "boxes":
                shift = x + (_CELL - right - left) / 2 + rng.normal(0, page.uneven)
                x += _CELL
            elif page.touching and before.isdigit() and character.isdigit():
                shift = _until_it_touches(row[-1], glyph) + 0.6 * page.thickness
                x = right + shift
            else:
                gap = 0.0 if before == " " else page.gap * np.exp(rng.normal(0, 3 * page.uneven))
                shift = x - left + gap + (page.thickness if gap else 0.0)
                x = right + shift
            row.append(glyph.moved(shift, 0))
        for glyph in row:
            at = (glyph.box[0] + glyph.box[2]) / 2
            hang = 4 * page.bend * (at / x) * (1 - at / x) if x else 0.0
            fall = line * page.pitch + page.slope_of_lines * at + hang
            found.append(glyph.moved(0, fall))
    if not found:
        raise ValueError("The page has nothing to write.")
    return found


def _until_it_touches(one: _Glyph, other: _Glyph) -> float:
    """How far to the right another stands when its ink meets this one's, at equal heights."""
    edges = []
    for glyph, outer, start in ((one, np.maximum, -np.inf), (other, np.minimum, np.inf)):
        edge = np.full(_PROFILE, start)
        for stroke in glyph.strokes:
            steps = np.arange(0, max(len(stroke) - 1, 1e-9), 0.1)
            x, y = (np.interp(steps, np.arange(len(stroke)), stroke[:, k]) for k in (0, 1))
            rows = ((y + 0.4) * _PROFILE / 1.8).astype(int).clip(0, _PROFILE - 1)
            outer.at(edge, rows, x)
        edges.append(edge)
    apart = float((edges[0] - edges[1]).max())
    return apart if np.isfinite(apart) else one.box[2] - other.box[0]


def _cells(page: Page, glyphs: Sequence[_Glyph]) -> list[Box]:
    """The rectangles that are printed."""
    found: list[Box] = []
    if page.cells == "boxes":
        for line, characters in enumerate(page.lines):
            x, top = 0.0, line * page.pitch - (_CELL - 1) / 2
            for character in characters:
                if character != " ":
                    found.append((x, top, x + _CELL, top + _CELL))
                x += page.apart if character == " " else _CELL
    if page.cells == "table":
        for _, number in itertools.groupby(glyphs, lambda glyph: (glyph.line, glyph.number)):
            boxes = np.array([glyph.box for glyph in number])
            left, top = boxes[:, :2].min(axis=0) - _PADDING
            right, bottom = boxes[:, 2:].max(axis=0) + _PADDING
            found.append((left, top, right, bottom))
    return found


def _around(strokes: Sequence[np.ndarray], warp: np.ndarray, pen: float) -> Box:
    """The box around a digit in the picture."""
    points = np.concatenate(strokes).reshape(-1, 1, 2).astype(np.float64)
    there = cv2.perspectiveTransform(points, warp)[:, 0]
    return (*(there.min(axis=0) - pen / 2), *(there.max(axis=0) + pen / 2))
