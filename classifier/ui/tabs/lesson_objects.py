"""What stands beside each step of the lesson: the drawing, images, the model that answers."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import streamlit as st

from classifier.config import CLASSES, TrainConfig, mnist_at_hand
from classifier.events import gap
from classifier.ink import rendering
from classifier.ink.drawings import fit_canvas
from classifier.serving import inspection
from classifier.serving.predict import as_input
from classifier.serving.saved import DamagedModelError, SavedModel
from classifier.serving.store import ModelNotFoundError
from classifier.synthetic import handwriting
from classifier.ui import charts, gallery, plots, results, session, shared, view
from classifier.ui.board import board, canvas
from classifier.ui.sidebar import form, run
from classifier.ui.tabs import article, background, inside, training

_LEAST = 1e-7  # of a probability, as Keras counts the loss: none is smaller
_SHOWN = 12  # random images at a time
_NEAREST = 6
# A way to write a 7 that MNIST's writers did not have, how many are added to its images, and one
# that is none of these, which networks that have not seen such call a 2.
_STRANGE_7 = "round, crossed, hook at the foot"
_ADDED, _THEIR_SEED, _EXAMPLE_SEED = 300, 1, 111


def _drawing() -> np.ndarray | None:
    """The current network input; without one, a word about how to get one."""
    image = session.current().drawing().network_input
    if image is None:
        st.caption("Draw a digit above, or press one of the samples: it is shown here.")
    return image


def _problem() -> None:
    """The drawing as the network sees it, and what it is to say."""
    image = _drawing()
    if image is not None:
        inside.picture(image, 8, "Your drawing in 28 by 28 pixels")
        st.caption("In: 28 × 28 numbers. Out: one of ten digits.")
    found = _specimens()
    if found is not None:
        _random_images(found)


def _specimens() -> background.Specimens | None:
    return background.result(
        background.specimens,
        "mnist" if mnist_at_hand() else "generated",
        doing="Loading the images",
        failed="No images can be shown.",
    )


def _random_images(found: background.Specimens) -> None:
    """Some training images with their labels, others on request."""
    which = np.random.default_rng(session.current().shuffle).choice(
        len(found.labels), min(_SHOWN, len(found.labels)), replace=False
    )
    items = gallery.of_training(found.images, found.labels, which, [""] * len(which))
    gallery.pictures("specimen", items, board.put)
    view.button("Show others", "show-others", _shuffle, icon="casino")


def _shuffle() -> None:
    session.current().shuffle += 1


def _data() -> None:
    found = _specimens()
    if found is None:
        return
    columns = {
        "array": list(found.shapes),
        "shape": [" × ".join(f"{n:,}" for n in s) for s in found.shapes.values()],
        "values": ["0 to 255", "0 to 9"] * 2,
    }
    charts.table(columns, "The arrays of the data and their shapes")
    st.caption(f"Here: {found.description}.")
    _random_images(found)


def _softmax(model: SavedModel) -> None:
    """The drawing's ten sums, and the probabilities that softmax makes of them."""
    image = _drawing()
    if image is None:
        return
    inspector = shared.inspector(model.name, model.checksum)
    last = inspector.layers[-1]
    if last.kernel is not None:
        sums = inspector.features(image[None])[0] @ last.kernel
        sums = sums + (0 if last.bias is None else last.bias)
        plots.bars("Before softmax: ten sums", sums, ".1f", "The ten sums before softmax.")
    said = shared.ask(model, image)
    plots.bars(
        "After softmax: ten probabilities, together 100 %", said, ".0%", charts.in_words(said)
    )


def _compile(model: SavedModel) -> None:
    """The drawing's loss for each label that it might have."""
    image = _drawing()
    if image is None:
        return
    said = shared.ask(model, image)
    loss = np.abs(np.log(np.clip(said, _LEAST, 1)))
    cut = said < _LEAST
    words = "Loss by label: " + ", ".join(
        f"{k}: {loss[k]:.2f}{' or more' * bool(cut[k])}" for k in range(CLASSES)
    )
    title, names = "Loss of your drawing, if its label were …", ("label", "loss")
    plots.bars(title, loss, ".3f", words, names=names, lowest=True)
    digit = int(said.argmax())
    st.caption(
        f"If it is a {digit}, the loss is {loss[digit]:.3f}; if it is anything else, the loss "
        f"is {np.delete(loss, digit).min():.1f} or more. Training makes it small."
    )
    if cut.any():
        st.caption(
            f"A bar that ends at {loss.max():.1f} is cut off there: no probability counts as less "
            f"than {_LEAST:.7f}, here and in Keras."
        )


def _prepare() -> None:
    """The drawing before and after reshaping and scaling."""
    image = _drawing()
    if image is None:
        return
    inside.picture(image, 6, "The drawing, 28 by 28 pixels")
    row = as_input(image).reshape(1, -1)
    strip = canvas.png_address(image.reshape(1, -1).repeat(36, axis=0))
    words = "784 values in one row"
    st.image(strip, caption=f"The same {words}", alt=words, width="stretch")
    columns = {
        "": ["before", "after"],
        "shape": [f"{image.shape}", f"{row.shape}"],
        "type": [str(image.dtype), str(row.dtype)],
        "smallest": [f"{image.min()}", f"{row.min():.1f}"],
        "largest": [f"{image.max()}", f"{row.max():.3f}"],
    }
    charts.table(columns, "Shape, type and range before and after")


def _labels(model: SavedModel | None) -> None:
    """A label as one-hot, beside what the network says."""
    digit = st.segmented_control(
        "Label", list(range(CLASSES)), default=7, required=True, key="one-hot"
    )
    rows = [{"": f"a {digit}, one-hot"} | {str(k): f"{int(k == digit)}" for k in range(CLASSES)}]
    image = _drawing()
    if image is not None and model is not None:
        try:
            said = shared.ask(model, image)
            rows.append({"": "your drawing"} | {str(k): f"{said[k]:.2f}" for k in range(CLASSES)})
        except (DamagedModelError, ModelNotFoundError) as error:
            view.warning(str(error))
    st.dataframe(
        pa.Table.from_pylist(rows),
        hide_index=True,
        column_config={str(k): st.column_config.TextColumn(width=38) for k in range(CLASSES)},
        alt="The label as ten numbers",
    )
    st.caption("The network is to give the first row; training moves the second one towards it.")


def _fit(model: SavedModel | None) -> None:
    """The curves of such a network in training, or of the one that stands here."""
    here = session.current()
    started = here.run.started if here.run and here.training and not here.experiment else None
    if started and article.is_built_so(started.config):
        view.fragment(training.live, run_every=run.POLL)()
        return
    standard = TrainConfig(), "the article"
    view.button("Set the form as in the article", "as-in-the-article", form.fill_in, *standard)
    epochs = model.meta.history if model else ()
    if epochs:
        results.curves(epochs, stacked=True)
    else:
        st.caption("Train it in the sidebar: its curves appear here as it learns.")


def _test(model: SavedModel) -> None:
    """The network on images it trained on, and on images it never saw."""
    trained = model.meta.metrics.train_accuracy
    figures = {"Test images": f"{model.test_accuracy * 100:.2f} %"}
    if trained is not None:
        points = gap(trained, model.test_accuracy)
        figures |= {"Trained on": f"{trained * 100:.2f} %", "Gap, points": f"{points:.2f}"}
    for place, (name, figure) in zip(st.columns(len(figures)), figures.items(), strict=True):
        place.metric(name, figure)
    epochs = model.meta.history
    if epochs:
        results.curves(epochs, stacked=True)
    st.caption(
        f"{model.title}. Which digits a model misreads, the tab “{view.TRAINING}” shows while it "
        "answers."
    )


def _hands() -> None:
    """The training images nearest to the drawing, before and after strange sevens are added."""
    view.button("Put such a 7 on the canvas", "strange-seven", _put_strange_7, icon="draw")
    image = _drawing()
    found = _specimens()
    if image is None or found is None:
        return
    added = _strange_7s()
    images = np.concatenate([found.images, added])
    labels = np.concatenate([found.labels, np.full(len(added), 7, found.labels.dtype)])
    rows, query = as_input(images).reshape(len(images), -1), as_input(image).reshape(-1)
    seen = len(found.images)
    for key, count, words in (
        ("before", seen, f"Nearest of {seen:,} training images"),
        ("after", len(images), f"Nearest once {len(added)} such sevens are among them"),
    ):
        which, _ = inspection.nearest(rows[:count], query, _NEAREST)
        st.markdown(f"**{words}**")
        items = gallery.of_training(images, labels, which, [""] * len(which))
        gallery.pictures(f"nearest-{key}", items, board.put)


def _put_strange_7() -> None:
    (strokes,) = handwriting.generate_variant(7, _STRANGE_7, 1, _EXAMPLE_SEED)
    lines, _, pen = fit_canvas(strokes)
    session.current().sketch.put_strokes(lines, pen)


@st.cache_resource(show_spinner=False)
def _strange_7s() -> np.ndarray:
    """Images (N, 28, 28) uint8 of them, each in another hand."""
    return rendering.render_drawings(
        handwriting.generate_variant(7, _STRANGE_7, _ADDED, _THEIR_SEED)
    )


# Of the data and the drawing alone; of the network, too, if there is one; and of the network.
_OF_DATA: dict[str, Callable[[], None]] = {
    "problem": _problem,
    "data": _data,
    "prepare": _prepare,
    "hands": _hands,
}
_OF_BOTH: dict[str, Callable[[SavedModel | None], None]] = {"labels": _labels, "fit": _fit}
_OF_MODEL: dict[str, Callable[[SavedModel], None]] = {
    "layers": lambda model: inside.layers(shared.inspector(model.name, model.checksum)),
    "softmax": _softmax,
    "compile": _compile,
    "test": _test,
}


def show(step: str, model: SavedModel | None) -> None:
    """What stands beside this step, of the article's network; `model` is the one that answers, if
    any."""
    if step in _OF_DATA:
        _OF_DATA[step]()
        return
    shown = article.network(model)
    article.tell(shown, model)
    if step in _OF_BOTH:
        _OF_BOTH[step](shown)
    elif shown is not None:
        try:
            _OF_MODEL[step](shown)
        except (DamagedModelError, ModelNotFoundError, ValueError) as error:
            view.warning(str(error))
