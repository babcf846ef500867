"""Which saved models a command asks, by the names that it was given."""

import argparse
from typing import TYPE_CHECKING

from classifier.config import CLASSES, DETECTOR
from classifier.names import SHIPPED_DETECTOR, SHIPPED_PAIRS

if TYPE_CHECKING:
    from classifier.serving.predict import Detector, Pairs, Predictor

DEFAULT_MODEL = "shipped-deep"


def add_detector_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names what `detector` takes."""
    parser.add_argument(
        "--detector",
        default=SHIPPED_DETECTOR,
        metavar="NAME",
        help="tells what is no digit (%(default)s)",
    )


def predictor(name: str) -> "Predictor":
    """The model of that name. Raises ValueError if it reads no digits, or as `store.get` does."""
    from classifier.serving import predict, store

    found = predict.Predictor(store.get(name).tflite())
    if found.classes != CLASSES:
        raise ValueError(f"{name} reads no digits: it has {found.classes} classes.")
    return found


def detector(name: str) -> "Detector | None":
    """The detector of that name; None if there is none of the standard name. Raises ValueError if
    it is none."""
    from classifier.serving import store

    try:
        saved = store.get(name)
    except store.ModelNotFoundError:
        if name == SHIPPED_DETECTOR:
            return None
        raise
    found = saved.detector()
    if found is None:
        raise ValueError(f"{name} is no detector: train one with --network {DETECTOR}.")
    return found


def pairs() -> "Pairs | None":
    """What tells which two digits that touch are; None if it is not there."""
    from classifier.serving import store

    try:
        return store.get(SHIPPED_PAIRS).pairs()
    except store.ModelNotFoundError:
        return None
