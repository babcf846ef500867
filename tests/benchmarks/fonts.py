"""Digits and letters in other hands: `python -m tests.benchmarks.fonts FOLDER --to fonts.npz`.

Draws each digit and letter in each font of a folder (.ttf, .otf, .woff), black on white, into a
file for `python -m classifier evaluate --data`. Fonts after people's handwriting are meant.
"""

import argparse
import string
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CHARACTERS = string.digits + string.ascii_letters
_SIDE, _EM = 120, 72  # pixels: of a picture, and of a font's size in it
_SUFFIXES = {".ttf", ".otf", ".woff"}


def pictures(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """All CHARACTERS that a font has: (n, 120, 120) uint8, dark ink, and their texts (n,)."""
    font = ImageFont.truetype(path, _EM)
    missing = draw("\uffff", font)
    drawn = {character: draw(character, font) for character in CHARACTERS}
    found = [c for c, one in drawn.items() if one.min() < 128 and not np.array_equal(one, missing)]
    return np.array([drawn[character] for character in found]), np.array(found)


def draw(character: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """A character in the middle of a picture (120, 120) uint8."""
    picture = Image.new("L", (_SIDE, _SIDE), 255)
    ImageDraw.Draw(picture).text((_SIDE / 2, _SIDE / 2), character, 0, font, anchor="mm")
    return np.asarray(picture)


def main() -> None:
    """Draw them and save the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True, help="the file of images to write")
    chosen = parser.parse_args()
    fonts = sorted(path for path in chosen.folder.iterdir() if path.suffix in _SUFFIXES)
    if not fonts:
        parser.error(f"{chosen.folder} has no font that ends in {', '.join(sorted(_SUFFIXES))}.")
    images, labels = (np.concatenate(parts) for parts in zip(*map(pictures, fonts), strict=True))
    np.savez_compressed(chosen.to, x=images, y=labels)
    print(f"{chosen.to} has {len(labels):,} pictures in {len(fonts)} fonts.")


if __name__ == "__main__":
    main()
