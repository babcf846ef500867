"""How far a network's training is, and the learning rates of its next steps.

Knows nothing of networks or images.
"""

import threading
import time

import numpy as np

from classifier.config import TrainConfig
from classifier.events import Progress

_TELL_EVERY = 0.2  # seconds between progress events within an epoch


class Course:
    """One way through the epochs: how much of it is over, and what is told of that.

    epoch: the one under way, from 1; 0 before the first
    """

    def __init__(self, config: TrainConfig, size: int, stop: threading.Event) -> None:
        """size: images of an epoch; stop: ends the course when it is set."""
        self.epoch = 0
        self._config, self._stop = config, stop
        self._total = None if config.epochs is None else size * config.epochs
        self._seconds = config.seconds or 0.0  # what counts where there is no total
        self._seen = 0
        self._begun = time.perf_counter()
        self._told = -_TELL_EVERY
        self._since: tuple[float, int] | None = None

    def _share_done(self, ahead: int = 0) -> float:
        """Share of the course that is over, 0–1, `ahead` images from now; a course by time cannot
        look ahead."""
        if self._total is None:
            return min(1.0, (time.perf_counter() - self._begun) / self._seconds)
        return min(1.0, (self._seen + ahead) / self._total)

    def done(self) -> bool:
        """Whether the config's epochs or seconds are over, or `stop` is set."""
        return self._stop.is_set() or self._share_done() >= 1

    def rates(self, steps: int, batch_size: int) -> np.ndarray:
        """The learning rate of each of the next steps, float32 (steps,)."""
        factors = np.ones(steps, np.float32)
        if self._config.schedule == "one-cycle":
            shares = [self._share_done(step * batch_size) for step in range(steps)]
            factors = np.array([one_cycle(share) for share in shares], np.float32)
        return np.float32(self._config.learning_rate) * factors

    def advance(self, images: int) -> None:
        """Count so many images as learned from."""
        self._seen += images
        if self._since is None:  # the first call compiles, which is no measure of speed
            self._since = time.perf_counter(), self._seen

    def to_tell(self) -> bool:
        """Whether it is time for progress to be told: now and then, and at the end."""
        now = time.perf_counter()
        if now - self._told < _TELL_EVERY and not self.done():
            return False
        self._told = now
        return True

    def progress(self, loss: float, accuracy: float) -> Progress:
        """What is to be told now; loss and accuracy: of the epoch so far."""
        now = time.perf_counter()
        since, before = self._since or (now, self._seen)
        rate = (self._seen - before) / (now - since) if now > since else None
        left = None
        if self._total is None:
            left = max(0.0, self._seconds - (now - self._begun))
        elif rate:
            left = (self._total - self._seen) / rate
        return Progress(
            stage="training",
            epoch=self.epoch,
            epochs=self._config.epochs,
            images_seen=self._seen,
            images_per_second=rate,
            seconds_left=left,
            fraction=self._share_done(),
            loss=loss,
            accuracy=accuracy,
        )


def one_cycle(share_done: float) -> float:
    """Factor of the learning rate: up from 0.1 to 1 in the first fifth, down to 0.01 by a cosine.

    After L. N. Smith, Super-Convergence (arXiv:1708.07120).
    """
    if share_done < 0.2:
        return 0.1 + 0.9 * share_done / 0.2
    return float(0.01 + 0.99 * (1 + np.cos(np.pi * (share_done - 0.2) / 0.8)) / 2)
