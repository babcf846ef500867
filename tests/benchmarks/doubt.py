"""Which score tells a digit from other drawings: `python -m tests.benchmarks.doubt [SYMBOLS.npz]`.

Compares, on drawings of a kind that training never saw: the largest softmax value, the energy
(Liu et al. 2020, arXiv:2010.03759) and the distance to the nearest training digits in the last
hidden layer (Sun et al. 2022, arXiv:2204.06507) of the shipped conv, and a second network that has
seen the other kinds. Prints a table, and takes about 20 minutes on two cores. MNIST_NPZ should
name MNIST.
"""

import argparse
import dataclasses
import functools

import numpy as np

from classifier.config import DETECTOR, KINDS, TrainConfig
from classifier.data import epochs, sources
from classifier.data.dataset import Dataset, split_validation
from classifier.data.drawn import to_network_inputs
from classifier.data.generated import draw_others, with_others
from classifier.ink import drawings
from classifier.learning import networks
from classifier.serving import evaluation, store

_FALSE_ALARMS = 0.02  # share of digits that a score may take for something else
_NEIGHBOURS = 10
_KNOWN = 15_000  # training digits to look for neighbours among
_TEST_SEED = 77  # of the other drawings


def to_input(images: np.ndarray) -> np.ndarray:
    """(N, 28, 28) uint8 to (N, 28, 28, 1) float32, 0–1."""
    return images[..., None].astype(np.float32) / np.float32(255)


class ReaderScores:
    """Scores, high for digits, that need nothing but the network that reads."""

    def __init__(self, known: np.ndarray) -> None:
        """known: images (N, 28, 28) uint8 of training digits."""
        import keras

        model = keras.models.load_model(store.get("shipped-deep").folder / "model.keras")
        self._weights, self._biases = model.layers[-1].get_weights()
        self._hidden = keras.Model(model.inputs, model.layers[-2].output)
        self._known = self._features(known)

    def _features(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._hidden.predict(to_input(images), batch_size=500, verbose=0), "f4")

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Scores (N,) of images (N, 28, 28) uint8, by the name of their method."""
        features = self._features(images)
        logits = features @ self._weights + self._biases
        highest = logits.max(axis=1, keepdims=True)
        parts = np.exp(logits - highest).sum(axis=1)
        unit, known = (
            f / np.linalg.norm(f, axis=1, keepdims=True) for f in (features, self._known)
        )
        nearest = np.partition(unit @ known.T, -_NEIGHBOURS, axis=1)[:, -_NEIGHBOURS]
        return {
            "largest softmax value": 1 / parts,
            "energy": highest[:, 0] + np.log(parts),
            "distance of features": nearest,
        }


def detector(dataset: Dataset, kinds: list[str], config: TrainConfig):
    """A network that tells digits from drawings of these kinds: images to scores (N,)."""
    import keras

    dataset = with_others(dataset, kinds)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(networks.policy())
    model = networks.build(config)
    keras.config.set_dtype_policy("float32")
    steps = epochs.size(len(dataset.train_labels), dataset.mixed) // config.batch_size
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps * config.epochs)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", jit_compile=False)
    own = dataset.train_images, dataset.train_labels
    for images, labels in epochs.feed(own, dataset.mixed, config):
        model.fit(to_input(images), labels, batch_size=config.batch_size, verbose=0)
    return lambda images: model.predict(to_input(images), batch_size=500, verbose=0)[:, 0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("symbols", nargs="?", help="a file of drawings that are no digits")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--digits", type=int, default=40_000, help="to train a detector on")
    chosen = parser.parse_args()
    config = TrainConfig.of(DETECTOR, data="mnist", epochs=chosen.epochs, train_size=None)
    dataset = sources.load(config)
    # Judged on what was kept back from conv for validation, which the detectors do not see either.
    trained, kept = split_validation(len(dataset.train_labels), config.seed)
    trained = trained[: chosen.digits]
    digits = dataset.train_images[kept]
    dataset = dataclasses.replace(
        dataset,
        train_images=dataset.train_images[trained],
        train_labels=dataset.train_labels[trained],
    )
    read = ReaderScores(dataset.train_images[:_KNOWN])

    others = {kind: draw_others(1000, _TEST_SEED, [kind])[0] for kind in KINDS}
    if chosen.symbols:
        drawn = drawings.load(chosen.symbols, symbols=True)
        images, readable = to_network_inputs(drawn)
        others["symbols, drawn by hand"] = images[readable]

    print("| kind never seen | method | ROC area | flagged when 2 % of digits are |")
    print("|---|---|---|---|")
    shares: dict[str, list[float]] = {}

    @functools.cache
    def without(left_out: str):
        return detector(dataset, [kind for kind in KINDS if kind != left_out], config)

    for name, images in others.items():
        ask = without(name if name in KINDS else "symbols")
        scores = {
            method: (of_digits, of_others)
            for (method, of_digits), of_others in zip(
                read(digits).items(), read(images).values(), strict=True
            )
        } | {"second network, exposed to the other kinds": (ask(digits), ask(images))}
        for method, (of_digits, of_others) in scores.items():
            both = np.concatenate([of_digits, of_others])
            area = evaluation.roc_area(both, np.arange(len(both)) < len(of_digits))
            limit = evaluation.threshold([of_digits], _FALSE_ALARMS)
            shares.setdefault(method, []).append(float((of_others < limit).mean()))
            print(f"| {name} | {method} | {area:.3f} | {shares[method][-1]:.1%} |", flush=True)
    for method, found in shares.items():
        print(f"| mean | {method} | | {np.mean(found):.1%} |")


if __name__ == "__main__":
    main()
