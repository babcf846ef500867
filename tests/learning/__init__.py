"""A network small enough to be trained in a blink."""

from classifier.config import TrainConfig


def linear(config: TrainConfig):
    """The least network that learns: trained in a blink, where the network does not matter."""
    from keras import Input, Sequential, layers

    return Sequential(
        [Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
