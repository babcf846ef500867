"""A network as it was before its first epoch and after each, to be asked about any drawing later.

A folder holds `forward.tflite`, the network's way from an image to probabilities as a function of
image and weights, and `NNNNN.npz`, the weights after epoch NNNNN. Knows nothing of Keras.
"""

import contextlib
import threading
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from classifier import files
from classifier.config import CLASSES
from classifier.serving.predict import Network

KEPT = 16  # snapshots of a run at most, evenly spaced,
KEPT_BYTES = 64_000_000  # and fewer of a network that is so large that they would take more
_FORWARD = "forward.tflite"
# What reading a snapshot raises that vanished or is cut.
_GONE = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile)


class Recorder:
    """Keeps the weights after each epoch, or after every second, fourth … and the newest.

    A disk that cannot take them ends the recording, never the run.
    """

    def __init__(self, folder: Path, forward: bytes) -> None:
        """folder: where to; forward: as `networks.forward` makes it."""
        self._folder, self._forward = folder, forward
        self._kept: list[int] = []
        self._broken = False

    def add(self, epoch: int, weights: Sequence[np.ndarray]) -> None:
        """Keep the weights, float32, in the order that `forward` takes them, as they are after
        this epoch; epochs are counted from 1 and leave none out, and 0 is before the first."""
        if self._broken:
            return
        try:
            if not self._kept:
                self._folder.mkdir(parents=True, exist_ok=True)
                with self._written(_FORWARD) as file:
                    file.write(self._forward)
            with self._written(_name(epoch)) as file:
                np.savez(file, *weights)
            self._kept.append(epoch)
            self._thin(min(KEPT, KEPT_BYTES // sum(array.nbytes for array in weights)))
        except OSError:
            self._broken = True
            for name in (_FORWARD, *map(_name, self._kept)):  # the model may need the room
                self._remove(name)

    def _thin(self, most: int) -> None:
        newest, every = self._kept[-1], 1
        while (newest - 1) // every + (self._kept[0] == 0) >= max(most, 2):
            every *= 2
        for epoch in [e for e in self._kept[:-1] if e % every]:
            self._kept.remove(epoch)
            self._remove(_name(epoch))

    def _written(self, name: str) -> AbstractContextManager[BinaryIO]:
        # Training waits for it, and a run that loses its power is lost anyway.
        return files.written(self._folder / name, durable=False)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / name).unlink()


def _name(epoch: int) -> str:
    return f"{epoch:05d}.npz"


class Replay:
    """Asks the snapshots of a folder. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._network: Network | None = None
        self._loaded: Path | None = None  # whose weights the network has

    def newest(self, image: np.ndarray) -> tuple[int, np.ndarray] | None:
        """What the newest snapshot says to an image (28, 28) uint8: its epoch, and (10,) float32.
        None where there is none."""
        with self._lock:
            for path in sorted(self._folder.glob("[0-9]*.npz"), reverse=True):
                with contextlib.suppress(*_GONE):
                    return int(path.stem), self._ask(path, image)
        return None

    def probabilities(self, image: np.ndarray) -> tuple[list[int], np.ndarray]:
        """What each snapshot says to an image (28, 28) uint8: their epochs, rising, and (E, 10)
        float32. Empty where there are none; what vanished or is cut is left out."""
        rows: dict[int, np.ndarray] = {}
        with self._lock:
            for path in sorted(self._folder.glob("[0-9]*.npz")):
                with contextlib.suppress(*_GONE):
                    rows[int(path.stem)] = self._ask(path, image)
        return list(rows), np.array([*rows.values()], np.float32).reshape(-1, CLASSES)

    def answers(self, epoch: int, images: np.ndarray) -> np.ndarray | None:
        """What the snapshot of that epoch reads in images (N, 28, 28) uint8: (N,) uint8; None where
        there is none, or it is cut."""
        with self._lock, contextlib.suppress(*_GONE):
            path = self._folder / _name(epoch)
            read = [self._ask(path, image).argmax() for image in images]
            return np.array(read, np.uint8)
        return None

    def epochs(self) -> list[int]:
        """The epochs after which there is a snapshot, rising."""
        return sorted(int(path.stem) for path in self._folder.glob("[0-9]*.npz"))

    def weights(self, epoch: int) -> list[np.ndarray] | None:
        """The weights after that epoch, as they were given to `Recorder.add`; None where there are
        none, or they are cut."""
        path = self._folder / _name(epoch)
        with contextlib.suppress(*_GONE), files.opened(path) as file, np.load(file) as weights:
            return [weights[name] for name in weights.files]
        return None

    def _ask(self, path: Path, image: np.ndarray) -> np.ndarray:
        """Weights are read anew for each snapshot: 2 ms, where keeping all of them would take 25 MB
        a run."""
        if self._network is None:
            self._network = Network(files.content(self._folder / _FORWARD))
        if path != self._loaded:
            self._loaded = None
            with files.opened(path) as file, np.load(file) as weights:
                self._network.set_weights([weights[name] for name in weights.files])
            self._loaded = path
        ((rows,),) = self._network.run(image[None], 1)
        row: np.ndarray = rows[0]
        return row
