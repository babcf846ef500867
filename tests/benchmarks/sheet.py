"""How generated digits look, and how long they take: `python -m tests.benchmarks.sheet`.

Writes assets/handwriting.png, each variant of each digit with its name and in two hands, and prints
the seconds for 60,000.
"""

import textwrap
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from classifier.config import ASSETS, IMAGE_SIZE
from classifier.data import generated
from classifier.ink import rendering
from classifier.ink.convention import WORK
from classifier.synthetic import handwriting, templates
from classifier.synthetic.templates import Variant
from tests.benchmarks import takes_nothing

_COLUMNS = 12
_SIDE = 48  # pixels of a digit
_NAME = 24  # pixels below it: two lines
_HANDS = 2
_PEN = 1.8  # pixels of 28: fine, so that the shape shows
_GREYS = 8  # more only make the file larger


def cell(variant: Variant, seed: int) -> Image.Image:
    """A variant in some hands beside one another, its name below."""
    picture = Image.new("L", (_HANDS * _SIDE, _SIDE + _NAME), 255)
    drawn = handwriting.generate_variant(variant.digit, variant.name, _HANDS, seed)
    for number, strokes in enumerate(drawn):
        ink = Image.fromarray((255 * rendering.render_box(strokes, _PEN)).astype(np.uint8))
        scale = _SIDE / (IMAGE_SIZE * WORK)
        size = round(ink.width * scale), round(ink.height * scale)
        ink = ink.resize(size, Image.Resampling.BOX)
        corner = number * _SIDE + (_SIDE - ink.width) // 2, (_SIDE - ink.height) // 2
        picture.paste(0, corner, ink)
    lines = textwrap.wrap(variant.name, 20)
    ImageDraw.Draw(picture).multiline_text(
        (picture.width / 2, _SIDE - 2), "\n".join(lines), 0, ImageFont.load_default(9), "ma",
        spacing=0, align="center",
    )  # fmt: skip
    return picture


def main() -> None:
    """Draw, write and print."""
    takes_nothing(__doc__)
    rows = [
        [cell(one, start + i) for i, one in enumerate(variants[start : start + _COLUMNS])]
        for variants in templates.load().digits.values()
        for start in range(0, len(variants), _COLUMNS)
    ]
    width, height = rows[0][0].size
    sheet = Image.new("L", (width * _COLUMNS, height * len(rows)), 255)
    for row, cells in enumerate(rows):
        for column, one in enumerate(cells):
            sheet.paste(one, (column * width, row * height))
    sheet.quantize(_GREYS).save(ASSETS / "handwriting.png", optimize=True)

    begun = time.perf_counter()
    generated.load(56_000)  # and the 4,000 of its test
    print(f"60,000 generated images: {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
