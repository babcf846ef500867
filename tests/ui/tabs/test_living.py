"""The network as one picture, on the page: where it is seen, it follows the drawing; elsewhere
nothing of it is computed."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.serving.snapshots import Recorder
from classifier.ui import view
from classifier.ui.living import frames
from classifier.ui.living.frames import Pointed
from tests.app import answering, board, draw, press, run
from tests.ui.tabs.pages import (
    PATIENCE,
    RUN,
    alive,
    asked,
    finished,
    learned,
    opened,
    run_folder,
    saved,
    show,
)


def told(page: AppTest) -> dict:
    """What the picture was told last."""
    (link,) = [e.proto for e in page.get("bidi_component") if e.proto.id.endswith("living-link")]
    return json.loads(link.json)


def test_it_stands_there_before_the_first_stroke_and_follows_the_board():
    page = opened(view.INSIDE)
    answering(page).set_value("shipped-dense")
    run(page)
    before = told(page)["frame"]
    assert not before["isDrawn"]
    press(page, "sample-3")
    under_pen, at_rest = board(page)["living"], told(page)["frame"]
    assert under_pen["isDrawn"]
    assert before["number"] < under_pen["number"] < at_rest["number"]
    assert under_pen["answer"].index(max(under_pen["answer"])) == 3
    assert under_pen["stages"] == at_rest["stages"]
    draw(page, [])
    assert not board(page)["living"]["isDrawn"]


def test_nothing_is_computed_where_nobody_sees_it(monkeypatch):
    page = asked("shipped-dense", view.INSIDE)
    press(page, "sample-5")
    assert board(page)["living"]["isDrawn"]
    show(page, view.TRAINING)
    monkeypatch.setattr(frames, "frame", lambda *_: pytest.fail("a frame that nobody sees"))
    press(page, "sample-4")
    assert board(page)["living"] is None
    assert not [e for e in page.get("bidi_component") if e.proto.id.endswith("living-link")]


def test_an_epoch_that_was_kept_is_looked_into_and_answers_as_it_did(home, tiny_mnist, monkeypatch):
    network = networks.build(TrainConfig(network="dense"))
    learned(home, "mine", tiny_mnist, monkeypatch)
    folder = run_folder(home, finished("mine"))
    recorder = Recorder(folder / "epochs", networks.forward(network))
    for epoch in (0, 1):
        recorder.add(epoch, network.get_weights())
    page = opened(view.INSIDE, run=RUN)
    answering(page).set_value("mine")
    press(page, "sample-7")
    assert told(page)["epochs"] == [0, 1]
    now = told(page)["frame"]["answer"]
    page.session_state["session"].living.epoch = 0
    run(page)
    frame = told(page)["frame"]
    image = page.session_state["session"].prepared.network_input
    answer = network((image / 255).reshape(1, 784).astype("float32")).numpy()[0]
    assert frame["answer"] == pytest.approx(answer.tolist(), abs=1e-3)
    assert frame["answer"] != now
    assert frame["epoch"] == 0
    for file in (folder / "epochs").iterdir():  # the picture goes on with what answers
        file.unlink()
    page.session_state["session"].living.epoch = 1
    run(page)
    assert told(page)["frame"]["answer"] == now
    assert told(page)["epochs"] == []


def test_a_unit_that_is_pointed_at_shows_the_training_images_that_excite_it(
    home, tiny_mnist, monkeypatch
):
    learned(home, "mine", tiny_mnist, monkeypatch)
    page = asked("mine", view.INSIDE)
    page.session_state["session"].living.pointed = Pointed(1, 5)
    run(page)
    for _ in range(int(PATIENCE * 10)):
        near = told(page)["near"]
        if not near.get("isComing"):
            break
        page.session_state["session"].living.pointed = Pointed(1, 5)
        run(page)
    assert (near["stage"], near["member"]) == (1, 5)
    assert near["weights"]["rows"] == 28
    assert len(near["images"]) == 6


def test_without_training_images_it_says_so(home):
    saved(home, "mine")
    page = asked("mine", view.INSIDE)
    for _ in range(int(PATIENCE * 10)):
        page.session_state["session"].living.pointed = Pointed(1, 5)
        run(page)
        near = told(page)["near"]
        if not near.get("isComing"):
            break
    assert near["images"] == []
    assert "not at hand" in near["words"]


@pytest.mark.parametrize("shape", ["three-hidden", "no-hidden", "no-dense", "small-maps"])
def test_networks_of_every_shape_are_pictured(home, shapes, shape):
    saved(home, "odd", shapes[shape])
    page = asked("odd", view.INSIDE)
    picture = told(page)
    assert len(picture["stages"]) == len(picture["frame"]["stages"])
    for number, stage in enumerate(picture["stages"][1:], 1):
        page.session_state["session"].living.pointed = Pointed(number, stage["count"] - 1)
        run(page)
    alive(page)
