"""Networks trained otherwise than in the article, and what is to become of them, as data.

Knows nothing of the steps that propose them, and of the page that shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.config import TrainConfig

Interval = tuple[float, float]  # from and to, both included

# What the article's settings give, by the source of the data, to compare with.
_ARTICLE = {
    "mnist": "the article’s network gets about 98 % of MNIST’s test images right",
    "generated": "the article’s network gets about 88 % of the generated test digits right",
}


@dataclass(frozen=True)
class Experiment:
    """A network trained otherwise than in the article, and what is to come of it.

    title: a few words, for a button; settings: of TrainConfig, where they differ from its own
    expect: what will happen and why, for the reader, beforehand; shows: the same in one clause
    test: where the test accuracy, 0–1, lies if it comes so, on MNIST and on generated digits
    train, gap: the same of the training accuracy and of the difference, on either
    """

    key: str
    title: str
    settings: Mapping[str, Any]
    expect: str
    shows: str
    test: tuple[Interval, Interval]
    train: Interval = (0.0, 1.0)
    gap: Interval = (-1.0, 1.0)

    def config(self) -> TrainConfig:
        """The article's settings, but for this experiment's own."""
        return TrainConfig(network="dense", title=self.title, **self.settings)

    def judge(self, train_accuracy: float, test_accuracy: float, source: str) -> tuple[bool, str]:
        """Whether it came as expected, and a sentence that compares.

        Accuracies are 0–1; source: of the data, "mnist" or "generated", as `Finished` has it.
        """
        gap = train_accuracy - test_accuracy
        strange = [
            f"{name} should be between {low * 100:.0f} and {high * 100:.0f} {unit}"
            for name, unit, value, (low, high) in (
                ("training accuracy", "%", train_accuracy, self.train),
                ("test accuracy", "%", test_accuracy, self.test[source == "generated"]),
                ("the gap", "points", gap, self.gap),
            )
            if not low <= value <= high
        ]
        figures = (
            f"{train_accuracy * 100:.1f} % of the training images right and "
            f"{test_accuracy * 100:.1f} % of the test images, a gap of {gap * 100:.1f} points"
        )
        article = _ARTICLE["generated" if source == "generated" else "mnist"]
        if strange:
            return False, f"Not as expected ({' and '.join(strange)}): {figures}; {article}."
        return True, f"As expected, {self.shows}: {figures}; {article}."


# Expectations and intervals are from runs with the seeds 0 to 2 on MNIST and on generated digits,
# in bfloat16 and in float32; the intervals leave room on either side.
EXPERIMENTS: dict[str, Experiment] = {
    experiment.key: experiment
    for experiment in (
        Experiment(
            key="no-activation",
            title="No activation",
            settings={"activation": "linear"},
            expect=(
                "Test accuracy will stay at about 92 % on MNIST (75 % on generated digits), and "
                "training accuracy hardly above it: without relu, two layers of sums are "
                "together no more than one, so the 512 units gain nothing."
            ),
            shows="without an activation two layers can do no more than one",
            test=((0.88, 0.945), (0.65, 0.83)),
            gap=(-0.05, 0.10),
        ),
        Experiment(
            key="tiny",
            title="A tiny network",
            settings={"hidden_units": 8},
            expect=(
                "With 8 hidden units in place of 512, test accuracy will be about 91 % on MNIST "
                "(74 % on generated digits): eight numbers are too few to tell ten digits in many "
                "hands apart. Training accuracy is no better, since there is no room to learn "
                "images by heart."
            ),
            shows="eight units are too few, for training and test images alike",
            test=((0.85, 0.945), (0.60, 0.82)),
            gap=(-0.05, 0.10),
        ),
        Experiment(
            key="fast",
            title="A learning rate ten times too large",
            # rmsprop divides each step by the size of the last ones, and at 0.01 is still right
            # on 97.2 to 97.5 %. Plain descent has 97.5 to 98 % at 1, and 10 % at 10.
            settings={"optimizer": "sgd", "learning_rate": 10.0},
            expect=(
                "Plain gradient descent (sgd) reaches 97 % on MNIST with a rate of 1; with 10 each "
                "step leaps far over its goal, the network ends up giving every image the same "
                "answer, and that is right once in ten: 10 %. The article’s rmsprop tames its own "
                "steps: ten times its rate costs it only about half a point."
            ),
            shows="steps that are too long learn nothing",
            train=(0.0, 0.25),
            test=((0.0, 0.25), (0.0, 0.25)),
        ),
        Experiment(
            key="shuffled",
            title="Shuffled labels",
            settings={"train_size": 1000, "epochs": 100, "shuffle_labels": True},
            expect=(
                "Each of 1,000 training images gets another one’s label, and after 100 epochs the "
                "network will still be right on about 99 % of them: it learns nonsense by heart. "
                "On test images it can only guess, which is right once in ten: about 10 %."
            ),
            shows="a network can learn by heart what makes no sense at all",
            train=(0.90, 1.0),
            test=((0.03, 0.20), (0.03, 0.20)),
        ),
        Experiment(
            key="one-epoch",
            title="One epoch",
            settings={"epochs": 1},
            expect=(
                "Having seen each image once, it will already be right on about 95 to 96 % of "
                "MNIST’s test images (about 80 % of generated ones), not 98 %. Training accuracy "
                "is hardly higher: nobody learns by heart in one reading."
            ),
            shows="one pass teaches most of it, and leaves hardly a gap",
            test=((0.92, 0.972), (0.70, 0.865)),
            gap=(-0.05, 0.06),
        ),
        Experiment(
            key="overfit",
            title="Overfit on 100 images",
            settings={"train_size": 100, "epochs": 50},
            expect=(
                "Training accuracy will reach 100 %, since so few images are soon learned by "
                "heart; test accuracy stays at 70 to 77 % on MNIST (about 48 % on generated "
                "digits), since so few do not show what all sevens have in common. The gap is "
                "overfitting."
            ),
            shows="it knows its own images by heart and others much less well",
            train=(0.98, 1.0),
            test=((0.60, 0.85), (0.35, 0.62)),
            gap=(0.15, 0.70),
        ),
    )
}
