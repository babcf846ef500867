"""Who answers beside the answering model: another one, or the network that is being trained."""

from __future__ import annotations

import numpy as np

from classifier.serving.store import DamagedModelError, ModelNotFoundError, SavedModel
from classifier.ui import session, shared


def second(image: np.ndarray, other: SavedModel | None) -> tuple[str, np.ndarray] | None:
    """The name and the ten probabilities of what answers beside the answering model.

    image: (28, 28) uint8, the network input; other: who is asked while this visitor trains nothing
    """
    here = session.current()
    if here.run and here.training:
        newest = shared.replay(here.run.id).newest(image)
        if newest is not None:
            epoch, row = newest
            return f"in training, epoch {epoch}" if epoch else "before training", row
    if other is None:
        return None
    try:
        return other.title, shared.ask(other, image)
    except (DamagedModelError, ModelNotFoundError):
        return None  # gone since it was chosen
