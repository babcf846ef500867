"""Files of drawings: to be mixed into training, and as folds by which training is judged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifier import files
from classifier.config import IMAGE_SIZE
from classifier.data.dataset import Alone, Batch, Drawn, Mixture, split_validation
from classifier.ink import drawings, preparing, rendering, snippets
from classifier.ink.drawings import Both, Contents
from classifier.synthetic import handwriting

FOLDS = 5  # in which drawings are held out, one after the other
_LEAST_WRITERS = 3  # from here on folds go by who drew
_PENS = 20  # for a drawing in an epoch, at most: each takes 0.1 ms, and more teach nothing more


class Readable:
    """Those drawings of a file in which there is a digit to see, to be mixed into training."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError, or ValueError for an unusable file or fewer than two."""
        drawn = drawings.load(path)
        images, readable = to_network_inputs(drawn)
        good = np.flatnonzero(readable)
        if len(good) < 2:
            raise ValueError(
                f"{path} has {len(good)} drawings in which there is a digit to see: at least 2 are "
                "needed."
            )
        self._path, self._left_out = path, len(images) - len(good)
        self._images, self.labels = images[good], drawn.labels[good]
        both = drawings.as_both(drawn)
        self._is_drawn = good < len(both.strokes)
        strokes, pixels = list(both.strokes), both.images.pixels
        self._parts = [
            strokes[i] if is_drawn else [pixels[i - len(strokes)]]
            for i, is_drawn in zip(good.tolist(), self._is_drawn, strict=True)
        ]
        writer = np.zeros(len(images), int) if both.writer is None else both.writer
        self._writers = len(np.unique(writer[good]))
        # Who drew each, from 0; where one did all, or nobody knows, those of one sheet belong
        # together: the same pen, light and paper.
        self._known = self._writers > 1
        self._sheets = _sheets(both)[good]
        apart = writer[good] if self._known else self._sheets
        self._people = np.unique(apart, return_inverse=True)[1]

    def mixture(self, share: float, used: np.ndarray, kept: np.ndarray | None = None) -> Mixture:
        """Those that `used`, indices, names: strokes rendered with other pens each time, images as
        they are. kept: those that are held out for validation, likewise."""

        def draw(count: int, rng: np.random.Generator) -> Batch:
            # Each once, in a random order, before any comes again.
            rounds = [rng.permutation(used) for _ in range(-(-count // len(used)))]
            which = np.concatenate([used[:0], *rounds])[:count]
            images = self._images[which]
            at = np.flatnonzero(self._is_drawn[which])
            some = at[: _PENS * max(int(self._is_drawn[used].sum()), 1)]
            if len(some):
                pens = handwriting.draw_pens(np.arange(len(some)), rng)
                anew = rendering.render_drawings([self._parts[i] for i in which[some]], *pens)
                # Of those beyond, the same once more: each comes as often as it did.
                images[at] = anew[np.arange(len(at)) % len(some)]
                which = which.copy()
                which[at] = which[some][np.arange(len(at)) % len(some)]
            return images, self.labels[which]

        return Mixture(
            share,
            self._described(used),
            files.digest(self._path),
            draw,
            None if kept is None else (self._images[kept], self.labels[kept]),
        )

    def alone(self) -> Alone:
        """All of them, to be trained on and nothing else."""
        everything = np.arange(len(self.labels))
        digest = files.digest(self._path)
        return Alone(
            self._images, self.labels, self._digests(), self._described(everything), digest
        )

    def _described(self, used: np.ndarray) -> str:
        by = f" by {len(np.unique(self._people[used]))} people" if self._known else ""
        return f"drawings of {self._path.name} ({len(used):,}{by})"

    def _digests(self) -> tuple[str, ...]:
        """Of each; of an image as it would be kept, so that it is known again from wherever it
        comes."""
        return tuple(
            drawings.digest(parts if is_drawn else [snippets.of_picture(parts[0])])
            for parts, is_drawn in zip(self._parts, self._is_drawn, strict=True)
        )

    def some_kept_back(self, share: float, seed: int) -> Mixture:
        """All but those of a few writers, or but a few drawings, by which training is judged: of
        whoever drew least, where the others would be left with less than half."""
        sizes = np.bincount(self._people)
        kept = split_validation(len(sizes), seed)[1]
        if sizes[kept].sum() > len(self._people) / 2:
            kept = np.argsort(sizes, kind="stable")[: len(kept)]
        held = np.isin(self._people, kept)
        return self.mixture(share, np.flatnonzero(~held), np.flatnonzero(held))

    def in_folds(self, share: float, seed: int, others: Sequence[Mixture]) -> Drawn:
        """All of them, with the mixtures that leave out one fold after the other, beside others."""
        by_writer = self._known and self._writers >= _LEAST_WRITERS
        sheets = np.unique(self._sheets, return_inverse=True)[1]
        by_sheet = not by_writer and len(np.unique(sheets)) < len(sheets)
        apart = self._people if by_writer else sheets if by_sheet else None
        fold = folds(self.labels, apart, seed)
        return Drawn(
            self._images,
            self.labels,
            self._digests(),
            fold,
            by_writer,
            by_sheet,
            self._writers,
            self._left_out,
            tuple(
                (*others, self.mixture(share, np.flatnonzero(fold != k)))
                for k in range(fold.max() + 1)
            ),
        )


def folds(labels: np.ndarray, people: np.ndarray | None, seed: int) -> np.ndarray:
    """Which of at most FOLDS folds each of N >= 2 drawings belongs to, (N,) int from 0.

    labels: (N,); each fold gets as many of each label as can be
    people: (N,) int from 0; what one drew stays together, and folds differ in size. None: no matter
    """
    rng = np.random.default_rng(seed)
    if people is None:
        order = rng.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]
        fold = np.empty(len(labels), int)
        fold[order] = np.arange(len(labels)) % min(FOLDS, len(labels))
        return fold
    size = np.bincount(people)
    room = np.zeros(min(FOLDS, len(size)), int)
    home = np.empty(len(size), int)
    for person in sorted(rng.permutation(len(size)), key=lambda one: -size[one]):
        home[person] = room.argmin()
        room[home[person]] += size[person]
    return np.asarray(home[people])


def to_network_inputs(drawn: Contents) -> tuple[np.ndarray, np.ndarray]:
    """Network inputs (N, 28, 28) uint8 of drawings, and a mask (N,): which ones can be one digit.

    Where there is nothing to read the input is empty.
    """
    both = drawings.as_both(drawn)
    results = [preparing.prepare_strokes(*drawings.fit_canvas(one)) for one in both.strokes]
    results += [_of_image(picture) for picture in both.images.pixels]
    empty = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    inputs = [empty if r.network_input is None else r.network_input for r in results]
    readable = [r.verdict is preparing.Verdict.READABLE for r in results]
    return np.array(inputs), np.array(readable)


def _of_image(picture: np.ndarray) -> preparing.Prepared:
    if snippets.is_one(picture):
        return snippets.prepared(picture)
    return preparing.prepare(picture)


def _sheets(both: Both) -> np.ndarray:
    """What belongs together of drawings by one writer, (N,) int: images of one sheet. A drawing of
    strokes stands for itself, and so does an image of which no sheet is known, or where all are of
    one, since nothing would be left to learn from."""
    alone = np.arange(len(both))
    if both.images.sheet is None:
        return alone
    sheet = np.unique(both.images.sheet, return_inverse=True)[1]
    together = np.concatenate([alone[: len(both.strokes)], len(both) + sheet])
    return together if len(np.unique(together)) > 1 else alone
