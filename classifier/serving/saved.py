"""One saved model: its folder, what it tells of itself, and its networks, read only if whole.

Knows nothing of the folder of all models.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classifier import files, names
from classifier.config import PAIRS
from classifier.serving.meta import KerasLayer, ModelMeta, layers_of, plainly_named

if TYPE_CHECKING:
    from classifier.serving.predict import Detector, Pairs


@dataclass(frozen=True)
class SavedModel:
    """One model of the store. `shipped`: it is part of the project."""

    name: str
    folder: Path
    meta: ModelMeta
    shipped: bool

    @property
    def title(self) -> str:
        """What the page calls it."""
        told = self.meta.config.get("title")
        if told is None and self.meta.base is not None:
            told = f"{self.meta.config.get('network')}, fine-tuned"
        return names.title(self.name, told, datetime.date.today())

    @property
    def test_accuracy(self) -> float:
        """Share of its own test images that it got right, 0–1."""
        return self.meta.metrics.test_accuracy

    @property
    def id(self) -> str:
        """What stays when it is renamed, and no other has; "" if it was saved without."""
        return self.meta.id

    @property
    def source(self) -> str:
        """Which data it found when it was trained, as `Dataset.source` says; "" if unknown."""
        return self.meta.data.source

    @property
    def checksum(self) -> str:
        """SHA-256 of model.tflite as it was saved: what tells one network from another."""
        return self.meta.files["model.tflite"]

    def tflite(self) -> bytes:
        """The network for LiteRT. Raises DamagedModelError if the file is not as it was saved."""
        return self._checked("model.tflite")

    def keras(self) -> bytes:
        """The network as Keras saved it; see `networks.learned`. Raises DamagedModelError."""
        return self._checked("model.keras")

    def layers(self) -> tuple[KerasLayer, ...]:
        """Keras' layers, for `Inspector`; empty if nothing tells them. Raises DamagedModelError."""
        return plainly_named(self.meta.layers or layers_of(self.keras()))

    def detector(self) -> Detector | None:
        """The model as a detector; None if it is none. Raises DamagedModelError, or ValueError."""
        from classifier.serving.predict import Detector

        line = self.meta.detector
        if line is None:
            return None
        return Detector(self.tflite(), line.threshold, line.false_alarms)

    def pairs(self) -> Pairs | None:
        """The model as a network of pairs; None if it is none. Raises as `detector`."""
        from classifier.serving.predict import Pairs

        return Pairs(self.tflite()) if self.meta.config.get("network") == PAIRS else None

    def _checked(self, file: str) -> bytes:
        try:
            content = files.content(self.folder / file)
        except OSError as error:
            raise damaged(self.folder, f"{file} cannot be read ({error.strerror})") from error
        if digest(content) != self.meta.files[file]:
            raise damaged(self.folder, f"{file} is not as it was saved")
        return content


class DamagedModelError(ValueError):
    """A model's folder cannot be used; the message names it and what is wrong."""


def damaged(folder: Path, why: str) -> DamagedModelError:
    """The error for a folder, and why it is one."""
    return DamagedModelError(
        f"The model in {folder} is damaged: {why}. It is skipped: delete it or train it again."
    )


def digest(content: bytes) -> str:
    """The checksum of a file's content."""
    return hashlib.sha256(content).hexdigest()
