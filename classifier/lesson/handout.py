"""The lesson to take home: its words and its code as a notebook, or as a script.

What the page shows beside the words is not spoken of. MNIST comes from the file that the
environment names, as it does here, else from Keras.
"""

import textwrap

from classifier.lesson.steps import EXPERIMENTS, STEPS, Experiment, Step

NOTEBOOK, SCRIPT = "lesson.ipynb", "lesson.py"
_WIDTH = 88  # characters of a line of the script
_TITLE = "A first look at a neural network"
_BEGINS = """The lesson of “Draw a digit”, to run and to change. It needs Python with
`pip install keras tensorflow`, and takes about a minute. MNIST comes from the file that the
environment’s `MNIST_NPZ` names, in Keras’ layout; without one Keras downloads 11 MB, once."""
_LOADING = "keras.datasets.mnist.load_data()"  # in the code of a step, which loads by this here:
_SETUP = """import os

import keras
import numpy as np

keras.utils.set_random_seed(0)  # another number, other weights to begin with


def load_mnist():
    named = os.environ.get("MNIST_NPZ")
    if not named:
        return keras.datasets.mnist.load_data()
    with np.load(named) as file:
        train = file["x_train"], file["y_train"]
        return train, (file["x_test"], file["y_test"])"""


def notebook() -> str:
    """The lesson as a Jupyter notebook: JSON."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    cells = [
        new_markdown_cell(f"# {_TITLE}\n\n{' '.join(_BEGINS.split())}", id="begin"),
        new_code_cell(_SETUP, id="setup"),
    ]
    for number, step in enumerate(STEPS.values(), 1):
        words = "\n\n".join([f"## {number} · {step.title}", step.words, *_tries(step)])
        cells.append(new_markdown_cell(words, id=f"{step.key}-words"))
        cells.append(new_code_cell(_code(step), id=step.key))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    written: str = nbformat.writes(book)
    return written + "\n"


def script() -> str:
    """The lesson as a Python program, with the words as comments."""
    parts = [f'"""{_TITLE}.\n\n{textwrap.fill(" ".join(_BEGINS.split()), _WIDTH)}\n"""', _SETUP]
    for number, step in enumerate(STEPS.values(), 1):
        words = [f"{number} · {step.title}", step.words, *_tries(step)]
        parts.append("\n#\n".join(map(_comment, words)) + "\n" + _code(step))
    return "\n\n".join(parts) + "\n"


def code() -> str:
    """The code of all steps, as the page shows it, to be copied at once."""
    return "\n\n".join(step.code.strip() for step in STEPS.values())


def _code(step: Step) -> str:
    return step.code.strip().replace(_LOADING, "load_mnist()")


def _tries(step: Step) -> list[str]:
    """Each experiment of a step: what to change, and what to expect."""
    tried = [EXPERIMENTS[key] for key in step.experiments]
    return [f"**Try it: {one.title.rstrip('?')}** ({_how(one)}). {one.expect}" for one in tried]


def _how(experiment: Experiment) -> str:
    changes = [f"{name.replace('_', ' ')}: {value}" for name, value in experiment.settings.items()]
    if experiment.seeds:
        changes.append(f"seeds {experiment.seeds[0]} to {experiment.seeds[-1]}")
    return ", ".join(changes)


def _comment(markdown: str) -> str:
    """Words without their marks."""
    plain = markdown.replace("*", "")
    return textwrap.fill(plain, _WIDTH, initial_indent="# ", subsequent_indent="# ")
