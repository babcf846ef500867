"""Networks as they were: kept in an even row, asked without TensorFlow, never a run's undoing."""

import errno
import os

import numpy as np
import pytest

from classifier.config import TrainConfig
from classifier.learning import networks
from classifier.serving import snapshots
from classifier.serving.snapshots import KEPT, Recorder, Replay
from tests.watching import in_time

IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


@pytest.fixture(scope="module")
def network():
    return networks.build(TrainConfig(network="dense", hidden_units=3))


@pytest.fixture(scope="module")
def forward(network) -> bytes:
    return networks.forward(network)


@pytest.fixture
def recorder(tmp_path, forward) -> Recorder:
    return Recorder(tmp_path / "epochs", forward)


@pytest.fixture
def weights(network) -> list[np.ndarray]:
    return network.get_weights()


def test_each_snapshot_answers_as_the_network_did_then(tmp_path, network, recorder, weights):
    expected = []
    for epoch in (1, 2, 3):
        now = [weight * epoch for weight in weights]
        network.set_weights(now)
        inputs = IMAGE.reshape(1, -1).astype(np.float32) / 255
        expected.append(np.asarray(network(inputs))[0])
        recorder.add(epoch, now)
    network.set_weights(weights)
    epochs, rows = Replay(tmp_path / "epochs").probabilities(IMAGE)
    assert epochs == [1, 2, 3]
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_new_snapshots_are_seen_as_they_come(tmp_path, recorder, weights):
    replay = Replay(tmp_path / "epochs")
    epochs, rows = replay.probabilities(IMAGE)
    assert (epochs, rows.shape) == ([], (0, 10))
    for epoch in (1, 2):
        recorder.add(epoch, weights)
        assert replay.probabilities(IMAGE)[0] == list(range(1, epoch + 1))


@pytest.mark.parametrize("last", [KEPT, KEPT + 1, 40, 100])
def test_a_long_run_keeps_few_evenly_spaced_and_the_newest(tmp_path, recorder, weights, last):
    for epoch in range(1, last + 1):
        recorder.add(epoch, weights)
    epochs, _ = Replay(tmp_path / "epochs").probabilities(IMAGE)
    assert len(epochs) <= KEPT
    assert epochs[-1] == last
    steps = np.diff([0, *epochs])
    assert len(set(steps[:-1])) == 1
    assert steps[-1] <= steps[0]
    assert len(epochs) >= KEPT / 2


def test_a_large_network_keeps_fewer(tmp_path, recorder, weights, monkeypatch):
    size = sum(array.nbytes for array in weights)
    monkeypatch.setattr(snapshots, "KEPT_BYTES", 4 * size)
    for epoch in range(1, 8):
        recorder.add(epoch, weights)
    assert Replay(tmp_path / "epochs").probabilities(IMAGE)[0] == [2, 4, 6, 7]
    monkeypatch.setattr(snapshots, "KEPT_BYTES", 1)
    recorder.add(8, weights)
    assert Replay(tmp_path / "epochs").probabilities(IMAGE)[0] == [4, 8]


def test_what_vanished_or_is_cut_is_left_out(tmp_path, recorder, weights):
    for epoch in (1, 2, 3):
        recorder.add(epoch, weights)
    one, two, _ = sorted((tmp_path / "epochs").glob("*.npz"))
    one.unlink()
    two.write_bytes(two.read_bytes()[:1000])
    assert Replay(tmp_path / "epochs").probabilities(IMAGE)[0] == [3]
    (tmp_path / "epochs" / "forward.tflite").unlink()
    assert Replay(tmp_path / "epochs").probabilities(IMAGE)[0] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_in_place_of_a_snapshot_is_left_out(tmp_path, recorder, weights):
    for epoch in (1, 2):
        recorder.add(epoch, weights)
    (tmp_path / "epochs" / "00001.npz").unlink()
    os.mkfifo(tmp_path / "epochs" / "00001.npz")
    epochs, _ = in_time(lambda: Replay(tmp_path / "epochs").probabilities(IMAGE))
    assert epochs == [2]


def test_a_disk_that_fills_up_gets_its_room_back(tmp_path, recorder, weights, monkeypatch):
    recorder.add(1, weights)

    def fill(file, *arrays: np.ndarray) -> None:
        file.write(b"a part of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", fill)
        recorder.add(2, weights)
    recorder.add(3, weights)
    assert list((tmp_path / "epochs").iterdir()) == [], "the model is still to be saved"


def test_a_disk_that_takes_nothing_ends_the_recording_alone(tmp_path, forward, weights):
    (tmp_path / "epochs").write_text("a file in the way")
    recorder = Recorder(tmp_path / "epochs", forward)
    recorder.add(1, weights)
    recorder.add(2, weights)
    assert Replay(tmp_path / "epochs").probabilities(IMAGE)[0] == []


def test_the_weights_of_an_epoch_are_those_that_were_kept(tmp_path):
    recorder = Recorder(tmp_path, b"")
    for epoch in (0, 1):
        recorder.add(epoch, [np.full((2, 3), epoch, np.float32), np.zeros(3, np.float32)])
    replay = Replay(tmp_path)
    assert replay.epochs() == [0, 1]
    kernel, bias = replay.weights(1)
    assert (kernel == 1).all()
    assert bias.shape == (3,)
    assert replay.weights(2) is None
    (tmp_path / "00000.npz").write_bytes(b"cut")
    assert replay.weights(0) is None


def test_many_images_are_read_by_the_network_of_one_epoch(tmp_path, recorder, weights):
    images = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
    for epoch in (0, 1):
        recorder.add(epoch, [weight * (1 - 2 * epoch) for weight in weights])
    replay = Replay(tmp_path / "epochs")
    for place in (0, 1):
        expected = [replay.probabilities(image)[1][place].argmax() for image in images]
        assert replay.answers(place, images).tolist() == expected
    assert replay.answers(7, images) is None
    assert replay.answers(0, images[:0]).tolist() == []
