"""Which MNIST is taken, what a download does when it fails, and which files are none."""

import gc
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from classifier import config
from classifier.data import mnist
from classifier.data.dataset import DataUnavailableError
from tests.data import sending, sha256, trickling


def ignore(note: str, share: float | None) -> None:
    """Hears what is told and keeps nothing."""


def refused_download(url: str, path: Path, deadline: float | None = None, sha: str = "0") -> str:
    """The message with which a download fails; nothing may be left behind."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(DataUnavailableError) as refusal:
        mnist.download(url, path, sha, ignore, deadline)
    after = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    assert after == before, "a failed download leaves nothing behind"
    message = str(refusal.value)
    assert message.startswith("MNIST could not be downloaded (")
    assert "Name a copy with --mnist FILE.npz or MNIST_NPZ, or choose generated digits." in message
    return message


def test_download_arrives_whole_in_a_new_folder(serve, tmp_path):
    content = bytes(range(256)) * 2000
    path = tmp_path / "new" / "folder" / "mnist.npz"
    mnist.download(serve(sending(content)), path, sha256(content), ignore)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_download_without_an_announced_size_arrives_too(serve, tmp_path):
    content = b"digits" * 1000

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    mnist.download(serve(answer), tmp_path / "mnist.npz", sha256(content), ignore)
    assert (tmp_path / "mnist.npz").read_bytes() == content


def test_download_tells_its_progress(serve, tmp_path):
    content = bytes(300_000)

    def slowly(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        for third in range(3):
            request.wfile.write(content[third * 100_000 : (third + 1) * 100_000])
            time.sleep(0.21)

    told = []
    mnist.download(
        serve(slowly),
        tmp_path / "mnist.npz",
        sha256(content),
        lambda note, share: told.append((note, share)),
    )
    assert all(note.startswith("Downloading MNIST") for note, _ in told)
    shares = [share for _, share in told]
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)


def test_wrong_checksum_is_refused(serve, tmp_path):
    message = refused_download(serve(sending(b"a portal's page")), tmp_path / "mnist.npz")
    assert "checksum is wrong" in message


def test_download_cut_off_in_the_middle_is_refused(serve, tmp_path):
    url = serve(sending(b"x" * 1000, announced=5000))
    assert "cut off after 1,000 of 5,000 bytes" in refused_download(url, tmp_path / "mnist.npz")


def test_server_that_never_answers_is_given_up_in_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mnist.npz"
        message = refused_download(url, tmp_path / "mnist.npz")
    assert "timed out" in message
    assert time.monotonic() - begun < 1.5


def test_server_that_falls_silent_is_given_up_in_seconds(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "CONNECT_SECONDS", 0.2)
    done = threading.Event()

    def fall_silent(request: BaseHTTPRequestHandler) -> None:
        sending(b"x" * 1000, announced=5000)(request)
        done.wait(3)

    begun = time.monotonic()
    message = refused_download(serve(fall_silent), tmp_path / "mnist.npz")
    done.set()
    assert "timed out" in message
    assert time.monotonic() - begun < 1.5


def test_the_time_out_is_a_matter_of_seconds():
    assert 1 <= mnist.CONNECT_SECONDS <= 10


def test_refused_connection_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    message = refused_download(f"http://127.0.0.1:{port}/mnist.npz", tmp_path / "mnist.npz")
    assert "Connection refused" in message


def test_unknown_address_is_said(tmp_path):
    assert "unknown url type" in refused_download("nothing:at-all", tmp_path / "mnist.npz")


def test_error_of_the_server_is_said(serve, tmp_path):
    url = serve(lambda request: request.send_error(404, "Not Here"))
    assert "Not Here" in refused_download(url, tmp_path / "mnist.npz")


def test_answer_that_is_no_http_is_refused(serve, tmp_path):
    url = serve(lambda request: request.wfile.write(b"Welcome to the hotel!\r\n\r\n"))
    assert "Welcome to the hotel" in refused_download(url, tmp_path / "mnist.npz")


def test_trickle_is_given_up_at_the_deadline(serve, tmp_path):
    begun = time.monotonic()
    message = refused_download(serve(trickling(5)), tmp_path / "mnist.npz", deadline=0.3)
    assert "longer than" in message
    assert time.monotonic() - begun < 1.5


def test_folder_that_cannot_be_made_is_said(serve, tmp_path):
    (tmp_path / "file").touch()
    message = refused_download(serve(sending(b"x")), tmp_path / "file" / "mnist.npz")
    assert str(tmp_path / "file") in message


def test_whoever_listens_can_end_a_download_and_nothing_is_left(serve, tmp_path):
    class EndedError(RuntimeError):
        pass

    def end(note: str, share: float | None) -> None:
        if share:
            raise EndedError

    with pytest.raises(EndedError):
        mnist.download(serve(sending(b"x" * 9)), tmp_path / "mnist.npz", "0", end)
    assert list(tmp_path.iterdir()) == []


def test_failed_download_leaves_the_old_file(serve, tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"old")
    refused_download(serve(sending(b"new")), path)
    assert path.read_bytes() == b"old"


def test_named_file_goes_before_all(home, tiny_mnist, tiny_arrays, monkeypatch, unreachable):
    monkeypatch.setenv("MNIST_NPZ", str(home / "not-there.npz"))
    dataset = mnist.load(str(tiny_mnist))
    np.testing.assert_array_equal(dataset.train_images, tiny_arrays["x_train"])
    np.testing.assert_array_equal(dataset.train_labels, tiny_arrays["y_train"])
    np.testing.assert_array_equal(dataset.test_images, tiny_arrays["x_test"])
    np.testing.assert_array_equal(dataset.test_labels, tiny_arrays["y_test"])
    assert (dataset.source, dataset.description) == ("mnist", "MNIST")


def test_a_named_file_is_taken_as_it_is_even_from_keras_cache(cached, tiny_mnist, unreachable):
    tiny_mnist.rename(cached)  # its checksum is another
    assert len(mnist.load(str(cached)).train_labels) == 120


def test_what_was_read_ahead_is_given_once_and_not_after_the_file_has_changed(
    tiny_mnist, tiny_arrays, monkeypatch
):
    mnist.read_ahead(tiny_mnist)
    with monkeypatch.context() as patch:
        patch.setattr(mnist, "read", None)
        dataset = mnist.load(str(tiny_mnist))
    np.testing.assert_array_equal(dataset.train_images, tiny_arrays["x_train"])
    assert mnist.load(str(tiny_mnist)) is not dataset
    mnist.read_ahead(tiny_mnist)
    before = tiny_mnist.stat()
    other = tiny_mnist.with_name("other.npz")
    np.savez(other, **tiny_arrays | {"y_test": tiny_arrays["y_test"][::-1]})
    other.replace(tiny_mnist)
    os.utime(tiny_mnist, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = mnist.load(str(tiny_mnist))
    np.testing.assert_array_equal(changed.test_labels, tiny_arrays["y_test"][::-1])


def test_environments_file_goes_before_keras_cache(cached, tiny_mnist, monkeypatch, unreachable):
    cached.write_bytes(b"damaged, if anybody looked")
    monkeypatch.setenv("MNIST_NPZ", str(tiny_mnist))
    assert len(mnist.load().train_labels) == 120


def test_keras_cache_goes_before_a_download(cached, tiny_mnist, unreachable):
    cached.write_bytes(tiny_mnist.read_bytes())
    assert len(mnist.load(sha256=sha256(cached.read_bytes())).train_labels) == 120


def test_download_goes_into_keras_cache_and_is_used_again(home, tiny_mnist, serve):
    content = tiny_mnist.read_bytes()
    served = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        served.append(request.path)
        sending(content)(request)

    url = serve(answer)
    for _ in range(2):
        dataset = mnist.load(url=url, sha256=sha256(content))
        assert len(dataset.train_labels) == 120
    assert served == ["/mnist.npz"]
    assert (home / "keras" / "datasets" / "mnist.npz").read_bytes() == content


def test_keras_home_is_in_the_users_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KERAS_HOME", "MNIST_NPZ"):
        monkeypatch.delenv(name, raising=False)
    assert config.mnist_places() == [tmp_path / ".keras" / "datasets" / "mnist.npz"]
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert config.mnist_places() == [tmp_path / "k" / "datasets" / "mnist.npz"]


def test_damaged_cache_is_named_with_the_way_out_and_left_alone(cached, unreachable):
    cached.write_bytes(b"half of it")
    with pytest.raises(DataUnavailableError) as refusal:
        mnist.load()
    assert str(cached) in str(refusal.value)
    assert "damaged" in str(refusal.value)
    assert "delete it" in str(refusal.value)
    assert cached.read_bytes() == b"half of it"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_test": None}, "it has no y_test"),
        ({"x_train": np.zeros((120, 32, 32), np.uint8)}, "images must be 28×28, not (32, 32)"),
        ({"x_train": np.zeros((120, 783), np.uint8)}, "not uint8 (120, 783)"),
        ({"x_train": np.zeros((120, 28, 28), complex)}, "not complex128 (120, 28, 28)"),
        ({"x_test": np.full((40, 28, 28), np.nan)}, "images must be uint8"),
        ({"y_train": np.full(120, 10)}, "labels must be 0 to 9, but one is 10"),
        ({"y_train": np.full(120, np.nan)}, "labels must be 120 whole numbers"),
        ({"y_train": np.zeros(119, np.uint8)}, "labels must be 120 whole numbers"),
        (
            {"x_test": np.zeros((9, 28, 28), np.uint8), "y_test": np.zeros(9, np.uint8)},
            "x_test has 9 images: at least 10 are needed",
        ),
    ],
)
def test_file_that_is_not_mnist_is_named_with_what_is_wrong(home, tiny_arrays, change, words):
    path = home / "wrong.npz"
    arrays = tiny_arrays | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError) as refusal:
        mnist.load(str(path))
    assert str(refusal.value).startswith(f"{path} is not MNIST in Keras' layout: ")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        {"x_train": lambda x: x[..., None], "x_test": lambda x: x[..., None]},
        {"x_train": lambda x: x.reshape(-1, 784), "x_test": lambda x: x.reshape(-1, 784)},
        {"x_train": lambda x: x / 255, "x_test": lambda x: x.astype(np.float32) / 255},
        {"x_train": lambda x: x.astype(np.float32), "x_test": lambda x: x.astype(np.int64)},
        {"y_train": lambda y: y.astype(np.int64), "y_test": lambda y: np.eye(10)[y]},
    ],
)
def test_mnist_as_people_save_it_is_the_same_mnist(home, tiny_arrays, tiny_mnist, change):
    as_saved = {
        name: change.get(name, lambda array: array)(tiny_arrays[name]) for name in tiny_arrays
    }
    np.savez(home / "theirs.npz", **as_saved)
    assert (
        mnist.load(str(home / "theirs.npz")).fingerprint()
        == mnist.load(str(tiny_mnist)).fingerprint()
    )


def test_reading_leaves_no_file_open(tiny_mnist):
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("nothing here lists the open files")
    broken = tiny_mnist.with_name("broken.npz")
    broken.write_bytes(tiny_mnist.read_bytes()[:5000])
    gc.collect()  # what other tests have left open closes now, and not below
    before = len(list(folder.iterdir()))
    for _ in range(5):
        mnist.load(str(tiny_mnist))
        with pytest.raises(ValueError):
            mnist.load(str(broken))
    assert len(list(folder.iterdir())) == before


def test_truncated_mnist_is_named(home, tiny_mnist):
    content = tiny_mnist.read_bytes()
    tiny_mnist.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"tiny-mnist\.npz is not a readable \.npz file"):
        mnist.load(str(tiny_mnist))


def test_real_mnist_has_its_shape(real_mnist):
    dataset = mnist.load(str(real_mnist))
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert dataset.test_images.shape == (10_000, 28, 28)
    assert dataset.train_images.dtype == dataset.train_labels.dtype == np.uint8
    assert np.bincount(dataset.test_labels).tolist() == (
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
