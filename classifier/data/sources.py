"""The data that a run's settings name, cut to size, with what is mixed in.

Knows which source is asked for, and nothing of how each has its images.
"""

import dataclasses
from pathlib import Path

import numpy as np

from classifier.config import TrainConfig, mnist_at_hand
from classifier.data import drawn, generated, mnist
from classifier.data.dataset import Dataset, DataUnavailableError, Mixture, Notify
from classifier.ink import archives

AUTO_SECONDS = 15.0  # `auto` gives a download up after this long


def load(config: TrainConfig, notify: Notify = lambda note, share: None) -> Dataset:
    """The data that `config` names, cut to `train_size`, with its drawings mixed in.

    Raises DataUnavailableError, FileNotFoundError, or ValueError for unusable files and sizes.
    """
    dataset = _cut(_load_source(config, notify), config)
    if config.drawings_alone:
        alone = drawn.Readable(Path(str(config.drawings))).alone()
        words = f"{alone.description} alone, tested on {dataset.description}"
        return dataclasses.replace(dataset, description=words, alone=alone)
    mixed, judged = [], None
    if config.styles:
        mixed.append(Mixture(config.styles, "generated digits", "", generated.some))
    if config.drawings is not None:
        found = drawn.Readable(Path(config.drawings))
        if config.base is None:
            mixed.append(found.some_kept_back(config.drawings_share, config.seed))
        else:
            judged = found.in_folds(config.drawings_share, config.seed, mixed)
            mixed.append(found.mixture(config.drawings_share, np.arange(len(found.labels))))
    words = " and ".join(f"{mixture.share:.0%} {mixture.description}" for mixture in mixed)
    return dataclasses.replace(
        dataset,
        description=dataset.description + (words and f", with {words}"),
        mixed=tuple(mixed),
        drawn=judged,
    )


def check_files(config: TrainConfig) -> None:
    """Raise FileNotFoundError if a file that `config` names does not exist; `load` would, later."""
    for file in (config.drawings, None if config.data == "generated" else config.mnist):
        if file is not None:
            archives.check_exists(file)


def _cut(dataset: Dataset, config: TrainConfig) -> Dataset:
    """As many training images as `config` asks for, their labels shuffled if it says so."""
    rng = np.random.default_rng(config.seed)
    available = len(dataset.train_labels)
    if config.train_size is not None:
        if config.train_size > available and config.base is None:  # FINE_TUNING takes what exists
            raise ValueError(
                f"train_size is {config.train_size}, but {dataset.description} has "
                f"{available} training images: ask for at most that many."
            )
        chosen = rng.permutation(available)[: config.train_size]
        dataset = dataclasses.replace(
            dataset,
            train_images=dataset.train_images[chosen],
            train_labels=dataset.train_labels[chosen],
            description=f"{config.train_size:,} images of {dataset.description}",
        )
    if config.shuffle_labels:
        dataset = dataclasses.replace(
            dataset,
            train_labels=rng.permutation(dataset.train_labels),
            description=f"{dataset.description} with shuffled labels",
        )
    return dataset


def at_hand(config: TrainConfig, source: str) -> Dataset:
    """The images that a run of `config` trained and was tested on, without what was mixed in.

    source: which data it found, "mnist" or "generated", as `Dataset.source` and a model's meta say.
    Which of the training images were held out for validation, `split_validation` says. Nothing is
    downloaded: another MNIST than it had then may be found, which `Dataset.fingerprint` tells.
    Raises DataUnavailableError, or ValueError for an unusable file or an unknown source.
    """
    if source == "generated":
        return _cut(_generated_for(config), config)
    if source != "mnist":
        raise ValueError(f"source is {source!r}: it must be mnist or generated.")
    path = mnist_at_hand(config.mnist)
    if path is None:
        raise DataUnavailableError(
            "MNIST is not on this disk: name a file of it with MNIST_NPZ, or train on it once, "
            "which downloads it."
        )
    return _cut(mnist.read(path), config)


def _generated_for(config: TrainConfig) -> Dataset:
    return generated.load(min(config.train_size or generated.TRAIN, generated.MOST), config.seed)


def _load_source(config: TrainConfig, notify: Notify) -> Dataset:
    if config.data == "generated":
        return generated.load(config.train_size or generated.TRAIN, config.seed)
    deadline = AUTO_SECONDS if config.data == "auto" and config.mnist is None else None
    try:
        return mnist.load(config.mnist, notify, deadline)
    except DataUnavailableError as error:
        if config.data != "auto":
            raise
        notify(f"{error} Training on generated digits instead.", None)
        return _generated_for(config)
