"""The shipped models, as the page asks them."""

from classifier.names import SHIPPED_DETECTOR, SHIPPED_PAIRS
from classifier.serving import store
from classifier.serving.predict import Detector, Pairs, Predictor


def shipped() -> tuple[Predictor, Detector, Pairs]:
    """What reads digits, what tells them from other drawings, and which two touch."""
    return (
        Predictor(store.get("shipped-deep").tflite()),
        store.get(SHIPPED_DETECTOR).detector(),
        store.get(SHIPPED_PAIRS).pairs(),
    )
