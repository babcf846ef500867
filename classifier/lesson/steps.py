"""The lesson: nine steps to a first network, one to hands that it does not know, and networks
trained otherwise than in the article.

The nine are those of F. Chollet, Deep Learning with Python, section 2.1, "A first look at a neural
network", in other words; they are in `lesson.toml`. Knows nothing of the page that shows them, and
nothing of Keras: the steps' code is text here.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from classifier.config import TrainConfig

T = TypeVar("T")
Interval = Sequence[float]  # from and to, both included

# What the article's settings give, by the source of the data, to compare with.
_ARTICLE = {
    "mnist": "the article’s network gets about 98 % of MNIST’s test images right",
    "generated": "the article’s network gets about 85 % of the generated test digits right",
}


@dataclass(frozen=True)
class Experiment:
    """A network trained otherwise than in the article, and what is to come of it.

    title: a few words, for a button; settings: of TrainConfig, where they differ from its own
    expect: what will happen and why, for the reader, beforehand; shows: the same in one clause
    test: where the test accuracy, 0–1, lies if it comes so, on MNIST and on generated digits
    train, gap: the same of the training accuracy and of the difference, on either
    seeds: trained once with each of these, if there are any
    spread: the same of the standard deviation of their test accuracies
    """

    key: str
    title: str
    settings: Mapping[str, Any]
    expect: str
    shows: str
    test: tuple[Interval, Interval]
    train: Interval = (0.0, 1.0)
    gap: Interval = (-1.0, 1.0)
    seeds: Sequence[int] = ()
    spread: tuple[Interval, Interval] = ((0.0, 1.0), (0.0, 1.0))

    def config(self) -> TrainConfig:
        """The article's settings, but for this experiment's own."""
        return TrainConfig(network="dense", title=self.title.rstrip("?"), **self.settings)

    def judge_seeds(self, mean: float, spread: float, source: str) -> tuple[bool, str]:
        """The same as `judge` of runs that differ only in their seeds: the mean of their test
        accuracies and the standard deviation, 0–1."""
        drawn = source == "generated"
        strange = _outside(
            ("the mean", "%", mean, self.test[drawn]),
            ("the spread", "points", spread, self.spread[drawn]),
        )
        figures = (
            f"{mean * 100:.2f} % of the test images right in the mean, with a spread of "
            f"{spread * 100:.2f} points from seed to seed. Of two networks that differ by less "
            f"than {2 * spread * 100:.1f} points, the better one may have been lucky"
        )
        if strange:
            return False, f"Not as expected ({strange}): {figures}."
        return True, f"As expected, {self.shows}: {figures}."

    def judge(self, train_accuracy: float, test_accuracy: float, source: str) -> tuple[bool, str]:
        """Whether the result is as expected, and a sentence that compares.

        Accuracies are 0–1; source: of the data, "mnist" or "generated", as `Finished` has it.
        """
        gap = train_accuracy - test_accuracy
        strange = _outside(
            ("training accuracy", "%", train_accuracy, self.train),
            ("test accuracy", "%", test_accuracy, self.test[source == "generated"]),
            ("the gap", "points", gap, self.gap),
        )
        figures = (
            f"{train_accuracy * 100:.1f} % of the training images right and "
            f"{test_accuracy * 100:.1f} % of the test images, a gap of {gap * 100:.1f} points"
        )
        article = _ARTICLE["generated" if source == "generated" else "mnist"]
        if strange:
            return False, f"Not as expected ({strange}): {figures}; {article}."
        return True, f"As expected, {self.shows}: {figures}; {article}."


def _outside(*figures: tuple[str, str, float, Interval]) -> str:
    """Which of these lie outside, in words; each with its name, unit, value and interval."""
    return " and ".join(
        f"{name} should be between {low * 100:g} and {high * 100:g} {unit}"
        for name, unit, value, (low, high) in figures
        if not low <= value <= high
    )


@dataclass(frozen=True)
class Step:
    """One step of the lesson.

    words: Markdown; a term is bold where it first comes; beside: what the page shows beside them
    code: a few lines of Keras, which go on from those of the steps before
    experiments: keys of EXPERIMENTS; try_this: something to do by hand, or ""
    """

    key: str
    title: str
    words: str
    beside: str
    code: str
    experiments: Sequence[str] = ()
    try_this: str = ""


def _read(kind: Callable[..., T], entries: Mapping[str, Mapping[str, Any]]) -> dict[str, T]:
    """The lesson's entries of one kind, under their keys; line breaks are part of code alone."""
    prose = ("words", "beside", "try_this", "expect")
    return {
        key: kind(
            key=key,
            **{name: " ".join(of.split()) if name in prose else of for name, of in entry.items()},
        )
        for key, entry in entries.items()
    }


_LESSON = tomllib.loads(Path(__file__).with_name("lesson.toml").read_text(encoding="utf-8"))
STEPS = _read(Step, _LESSON["steps"])
EXPERIMENTS = _read(Experiment, _LESSON["experiments"])


def find(lesson: object, attempt: object) -> tuple[Step | None, Experiment | None, str]:
    """The step and the experiment that a link names, and a sentence for the reader on what the
    lesson does not have; "" if all is well.

    lesson, attempt: whatever the link has for `lesson` and `try`; None for what it does not name.
    An experiment without a step comes with the first one that has it.
    """
    step, experiment = _known(STEPS, lesson), _known(EXPERIMENTS, attempt)
    named = (("a step", lesson, step), ("an experiment", attempt, experiment))
    lacking = " and ".join(what for what, key, found in named if key is not None and found is None)
    if step is None and experiment is not None:
        step = next(step for step in STEPS.values() if experiment.key in step.experiments)
    if not lacking:
        return step, experiment, ""
    return (
        step,
        experiment,
        f"The link names {lacking} that this lesson does not have: choose from what is here.",
    )


def _known(choices: dict[str, T], key: object) -> T | None:
    return choices.get(key) if isinstance(key, str) else None


def link(step_key: str, experiment_key: str = "") -> str:
    """The part of the page's address that opens a step, with an experiment if one is named."""
    return f"?lesson={step_key}" + (f"&try={experiment_key}" if experiment_key else "")
