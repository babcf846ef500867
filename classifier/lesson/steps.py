"""The lesson: nine steps to a first network, as data.

The way in is that of F. Chollet, Deep Learning with Python, section 2.1, "A first look at a neural
network", in other words. Knows nothing of the page that shows it, and nothing of Keras: the steps'
code is text here.
"""

from dataclasses import dataclass
from typing import TypeVar

from classifier.lesson.experiments import EXPERIMENTS, Experiment

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One step of the lesson.

    words: Markdown; a term is bold where it first comes; code: a few lines of Keras, which go on
    from those of the steps before; experiments: keys of EXPERIMENTS; try_this: something to do by
    hand, or ""
    """

    key: str
    title: str
    words: str
    code: str
    experiments: tuple[str, ...] = ()
    try_this: str = ""


STEPS: dict[str, Step] = {
    step.key: step
    for step in (
        Step(
            key="problem",
            title="The problem",
            words=(
                "You read a handwritten 7 at a glance. Try to write down the rules for it, and "
                "the next person’s 7 breaks them. So we write no rules: we show the computer many "
                "images with the right answers, and it finds out the rest. That is **machine "
                "learning**. What learns is a **neural network**: numbers in, sums in between, "
                "numbers out. Ours is the one with which F. Chollet’s *Deep Learning with Python* "
                "begins (“the article”). Beside this: your drawing, and images it learns from."
            ),
            code="import keras",
            try_this=(
                "Draw a 7, once large and once tiny in a corner of the canvas: what the network "
                "gets is nearly the same."
            ),
        ),
        Step(
            key="data",
            title="The data",
            words=(
                "**MNIST** has 60,000 digits to learn from, the **training set**, and 10,000 "
                "others for the exam, the **test set**. An image is a square of 28 × 28 "
                "**pixels**, each a number from 0, empty, to 255, full of ink. The digit that the "
                "writer meant is its **label**. The computer keeps all this in **arrays**, which "
                "are tables of numbers; the **shape** of an array says how many there are in each "
                "direction. Beside this: the shapes, and images picked at random."
            ),
            code=(
                "train, test = keras.datasets.mnist.load_data()\n"
                "train_images, train_labels = train\n"
                "test_images, test_labels = test\n"
                "print(train_images.shape, train_labels.shape)"
            ),
            try_this=(
                "Press “Show others” until you find a digit that you would have misread yourself, "
                "and click it: what does the network say?"
            ),
        ),
        Step(
            key="layers",
            title="Layers",
            words=(
                "A network is made of **layers**: each computes with the numbers it gets and "
                "hands the results to the next. Our first one is **dense**. It has 512 **units**, "
                "and each multiplies all 784 pixels by numbers of its own, its **weights**, and "
                "adds them up, with one more on top, its **bias**. Then comes an **activation**, "
                "here **relu**: a sum below zero becomes zero. To learn is to find good weights "
                "and biases. The table beside this counts those of the model that answers now."
            ),
            code=(
                "model = keras.Sequential()\n"
                "model.add(keras.Input((28 * 28,)))\n"
                'model.add(keras.layers.Dense(512, activation="relu"))'
            ),
            experiments=("no-activation", "tiny"),
        ),
        Step(
            key="softmax",
            title="Softmax",
            words=(
                "The last layer has ten units, one for each digit, and makes ten sums. They can "
                "be of any size, even negative, so they are hard to read. **Softmax** turns them "
                "into ten **probabilities**: none below zero, together 100 %. The largest sum "
                "gets the largest share, and a small lead becomes a clear one. Beside this: the "
                "ten sums of your drawing before and after. Mind that a network may be very sure, "
                "and wrong."
            ),
            code='model.add(keras.layers.Dense(10, activation="softmax"))',
            try_this=(
                "Draw a 4 that is open at the top, then close it bit by bit, and watch the bars "
                "of 4 and 9."
            ),
        ),
        Step(
            key="compile",
            title="Loss, optimizer, metric",
            words=(
                "Before it can learn, it has to know what is bad and how to do better. The "
                "**loss** is one number for how bad an answer is: near zero if the right digit "
                "got almost all the probability, large if it got little. The **optimizer** moves "
                "the weights so that the loss falls, step by step; the **learning rate** says how "
                "far a step goes. A **metric** is for us to read: **accuracy**, the share of "
                "right answers. Beside this: your drawing’s loss for each label it might have."
            ),
            code=(
                "model.compile(\n"
                "    optimizer=keras.optimizers.RMSprop(learning_rate=0.001),\n"
                '    loss="categorical_crossentropy",\n'
                '    metrics=["accuracy"],\n'
                ")"
            ),
            experiments=("fast",),
            try_this=(
                "Draw a 1 and give it a longer and longer flag, until it might be a 7: one loss "
                "grows, another shrinks."
            ),
        ),
        Step(
            key="prepare",
            title="Images as inputs",
            words=(
                "A dense layer knows nothing of rows and columns: it wants one long list. So each "
                "image is **reshaped**, its 28 rows laid end to end, which makes 784 numbers. No "
                "value is lost; they only stand in another order. Then all are divided by 255, so "
                "that they lie between 0 and 1. This is **scaling**: with inputs of the same "
                "modest size, learning goes smoothly. Beside this: your drawing before and after."
            ),
            code=(
                "def prepare(images):\n"
                "    rows = images.reshape(-1, 28 * 28)\n"
                '    return rows.astype("float32") / 255\n'
                "\n"
                "train_inputs = prepare(train_images)\n"
                "test_inputs = prepare(test_images)"
            ),
            try_this=(
                "Draw a line straight down: in the row of 784 values it becomes about 20 stripes, "
                "one for each row of pixels that it crosses."
            ),
        ),
        Step(
            key="labels",
            title="Labels as targets",
            words=(
                "The network answers with ten numbers, so the right answer has to be ten numbers "
                "as well. They are called **one-hot**: a 1 at the place of the digit and 0 at the "
                "nine others. For a 7 that is 0 0 0 0 0 0 0 1 0 0, just what a perfect network "
                "would say: all for the 7, nothing for the rest. Such a **target** is what the "
                "loss compares an answer with. Beside this: one target, and what is said of your "
                "drawing."
            ),
            code=(
                "to_one_hot = keras.utils.to_categorical\n"
                "train_targets = to_one_hot(train_labels, 10)\n"
                "test_targets = to_one_hot(test_labels, 10)"
            ),
            experiments=("shuffled",),
            try_this=(
                "Choose the label that your drawing is meant to have, and compare the two rows, "
                "number by number."
            ),
        ),
        Step(
            key="fit",
            title="Training",
            words=(
                "Now it learns. Images come in **batches** of 128: the network answers, the loss "
                "is taken, the weights move one step. Once through all images is an **epoch**, "
                "and there are five. A twelfth of the images is kept back for **validation**: "
                "they are judged after each epoch and never learned from, so they tell whether it "
                "has understood or only memorised. Beside this: both curves. Loss should fall and "
                "accuracy rise, for both."
            ),
            code=(
                "model.fit(\n"
                "    train_inputs,\n"
                "    train_targets,\n"
                "    epochs=5,\n"
                "    batch_size=128,\n"
                "    validation_split=1 / 12,\n"
                ")"
            ),
            experiments=("one-epoch",),
            try_this=(
                "Press “Set the form as in the article”, then “Train” in the sidebar, and go on "
                "drawing while it learns."
            ),
        ),
        Step(
            key="test",
            title="The test, and overfitting",
            words=(
                "At last the exam, on images that it has never seen. This network gets about 98 % "
                "of them right, and of those it trained on about 99 %. The difference is the "
                "**gap**. It is small here; where it is large, the network has learned its "
                "training images by heart rather than what makes a 7 a 7. That is "
                "**overfitting**. What counts is how it does with what is new to it, as your "
                "own digits are. Beside this: both figures of the model that answers now."
            ),
            code=(
                "def accuracy(inputs, targets):\n"
                "    loss, share_right = model.evaluate(inputs, targets)\n"
                "    return share_right\n"
                "\n"
                "train_accuracy = accuracy(train_inputs, train_targets)\n"
                "test_accuracy = accuracy(test_inputs, test_targets)\n"
                "gap = train_accuracy - test_accuracy\n"
                'print(f"{test_accuracy:.2%}, a gap of {gap:.2%}")'
            ),
            experiments=("overfit", "shuffled"),
            try_this=(
                "Draw the digits 0 to 9 in your own hand and count the right answers: that is a "
                "test set of your own."
            ),
        ),
    )
}


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
