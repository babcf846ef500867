"""The network that answers a class as one picture on its wall, with the drawing that came last."""

from functools import partial

import numpy as np

from classifier.people import albums, staging
from classifier.people.register import Class
from classifier.serving import store
from classifier.ui import gallery, session
from classifier.ui.board import labelling
from classifier.ui.living import living

_EVERY = 1.0  # seconds between two looks at which drawing came last


def show(there: Class) -> None:
    """The picture, which takes the place of the drawings."""
    model = store.followed(there.model, there.model_id)
    if model is not None:
        living.show(model, partial(_newest, there.number), run_every=_EVERY)


def _newest(number: int) -> np.ndarray | None:
    """The class's newest drawing as a network input; None if there is none that can be read, or
    the store does not answer."""
    visitor = session.visitor()
    try:
        latest = [one.number for one in staging.wall(visitor, number, 1).latest]
        found = albums.some(visitor, number, latest) if latest else []
    except labelling.PROBLEMS:
        return None  # which the wall says
    return gallery.network_input(found[0]) if found else None
