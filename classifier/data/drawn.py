"""Files of drawings: to be mixed into training, and as folds by which training is judged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifier import files
from classifier.config import IMAGE_SIZE
from classifier.data.dataset import Batch, Drawn, Mixture, split_validation
from classifier.ink import drawings, preparing, rendering
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
        self._strokes, writer = None, np.zeros(len(images), int)
        if isinstance(drawn, drawings.Drawings):
            self._strokes = [one for one, good_one in zip(drawn, readable, strict=True) if good_one]
            writer = writer if drawn.writer is None else drawn.writer
        self._writers = len(np.unique(writer[good]))
        # Who drew each, from 0; where one did all, or nobody knows, no two belong together.
        self._known = self._writers > 1
        everyone = writer[good] if self._known else np.arange(len(good))
        self._people = np.unique(everyone, return_inverse=True)[1]

    def mixture(self, share: float, used: np.ndarray, kept: np.ndarray | None = None) -> Mixture:
        """Those that `used`, indices, names: strokes rendered with other pens each time, images as
        they are. kept: those that are held out for validation, likewise."""

        def draw(count: int, rng: np.random.Generator) -> Batch:
            # Each once, in a random order, before any comes again.
            rounds = [rng.permutation(used) for _ in range(-(-count // len(used)))]
            which = np.concatenate([used[:0], *rounds])[:count]
            if self._strokes is None:
                return self._images[which], self.labels[which]
            which = which[: _PENS * len(used)]
            pens = handwriting.draw_pens(np.arange(len(which)), rng)
            pictures = rendering.render_drawings([self._strokes[i] for i in which], *pens)
            again = np.arange(count) % max(len(which), 1)
            return pictures[again], self.labels[which[again]]

        by = f" by {len(np.unique(self._people[used]))} people" if self._known else ""
        return Mixture(
            share,
            f"drawings of {self._path.name} ({len(used):,}{by})",
            files.digest(self._path),
            draw,
            None if kept is None else (self._images[kept], self.labels[kept]),
        )

    def some_kept_back(self, share: float, seed: int) -> Mixture:
        """All but those of a few writers, or but a few drawings, by which training is judged."""
        kept = split_validation(int(self._people.max()) + 1, seed)[1]
        held = np.isin(self._people, kept)
        return self.mixture(share, np.flatnonzero(~held), np.flatnonzero(held))

    def in_folds(self, share: float, seed: int, others: Sequence[Mixture]) -> Drawn:
        """All of them, with the mixtures that leave out one fold after the other, beside others."""
        by_writer = self._known and self._writers >= _LEAST_WRITERS
        fold = folds(self.labels, self._people if by_writer else None, seed)
        parts = self._strokes or [[image] for image in self._images]
        return Drawn(
            self._images,
            self.labels,
            tuple(map(drawings.digest, parts)),
            fold,
            by_writer,
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


def to_network_inputs(drawn: drawings.Drawings | drawings.Images) -> tuple[np.ndarray, np.ndarray]:
    """Network inputs (N, 28, 28) uint8 of drawings, and a mask (N,): which ones can be one digit.

    Where there is nothing to read the input is empty.
    """
    if isinstance(drawn, drawings.Images):
        results = [preparing.prepare(picture) for picture in drawn.pixels]
    else:
        results = [preparing.prepare_strokes(*drawings.fit_canvas(strokes)) for strokes in drawn]
    empty = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    inputs = [empty if r.network_input is None else r.network_input for r in results]
    readable = [r.verdict is preparing.Verdict.READABLE for r in results]
    return np.array(inputs), np.array(readable)
