"""Which of many pictures excite the units and feature maps of a network most.

Knows nothing of where the pictures come from.
"""

from dataclasses import dataclass

import numpy as np

from classifier.serving.tracing import Kind, Tracer

SHOWN = 6  # pictures of each
_BATCH = 64  # pictures whose activations are held at once: 11 MB of the largest network


@dataclass(frozen=True)
class Exciting:
    """Of one stage.

    which: (count, SHOWN) int32, or fewer if there are no more: pictures, the most exciting first
    places: the same shape, int32: the place in the map that each of them excites, row by row
    """

    which: np.ndarray
    places: np.ndarray


def exciting(tracer: Tracer, images: np.ndarray) -> list[Exciting]:
    """Of each stage of the network, with none of the drawing's own pixels; images: (N, 28, 28)
    uint8."""
    peaks: list[list[np.ndarray]] = [[] for _ in tracer.stages]
    places: list[list[np.ndarray]] = [[] for _ in tracer.stages]
    for start in range(0, len(images), _BATCH):
        some = images[start : start + _BATCH]
        outputs = list(tracer.inspector.activations(some).values())
        for number, stage in enumerate(tracer.stages):
            if stage.kind is Kind.PIXELS:
                continue
            flat = outputs[stage.layer].reshape(len(some), -1, stage.count)
            at = flat.argmax(axis=1)
            peaks[number].append(np.take_along_axis(flat, at[:, None], axis=1)[:, 0])
            places[number].append(at.astype(np.uint16))
    found = []
    for peak, place in zip(peaks, places, strict=True):
        if not peak:
            found.append(Exciting(np.zeros((0, SHOWN), np.int32), np.zeros((0, SHOWN), np.int32)))
            continue
        which = (-np.concatenate(peak)).argsort(axis=0, kind="stable")[:SHOWN]
        where = np.take_along_axis(np.concatenate(place), which, axis=0)
        found.append(Exciting(which.T.astype(np.int32), where.T.astype(np.int32)))
    return found
